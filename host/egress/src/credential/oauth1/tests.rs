//! The base string of the RFC, and headers that another implementation made of the same request.

use proptest::prelude::*;

use super::*;

const KEYS: Keys<'_> = Keys {
    consumer_key: "ck-9djdj82h48djs9d2",
    consumer_secret: "cs j49sk3/oi&",
    token: Some(("tok_kkk9d7dh3k39sjv7", "ts+éa")),
};

fn message<'a>(method: &'a Method, url: &'a Url, form: Option<&'a [u8]>) -> Message<'a> {
    Message { method, url, form }
}

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn base(text: &str) -> String {
    base_string(&message(&Method::GET, &url(text), None), &[]).to_string()
}

/// The signature in a header, decoded from its percent-encoding.
fn signature_of(header: &str) -> String {
    let (_, rest) = header.split_once("oauth_signature=\"").unwrap();
    percent_decode(rest.trim_end_matches('"').as_bytes()).decode_utf8().unwrap().into_owned()
}

#[test]
fn the_base_string_is_that_of_the_rfc() {
    // RFC 5849, section 3.4.1.1. Its method of signature is HMAC-SHA1, which is a parameter like any other.
    let protocol = [
        ("oauth_consumer_key", "9djdj82h48djs9d2"),
        ("oauth_token", "kkk9d7dh3k39sjv7"),
        ("oauth_signature_method", "HMAC-SHA1"),
        ("oauth_timestamp", "137131201"),
        ("oauth_nonce", "7d8f3e4a"),
        ("oauth_signature", "bYT5CMsGcbgUdFHObYMEfcx6bsw="),
    ];
    let url = url("http://EXAMPLE.COM:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b");
    let message = message(&Method::POST, &url, Some(b"c2&a3=2+q"));
    assert_eq!(
        base_string(&message, &protocol).as_str(),
        "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D\
         %26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1\
         %26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
    );
}

#[test]
fn the_address_is_that_of_the_rfc() {
    // RFC 5849, section 3.4.1.2.
    assert_eq!(base("http://EXAMPLE.COM:80/r%20v/X?id=123"), "GET&http%3A%2F%2Fexample.com%2Fr%2520v%2FX&id%3D123");
    assert_eq!(base("https://www.example.net:8080/?q=1"), "GET&https%3A%2F%2Fwww.example.net%3A8080%2F&q%3D1");
    assert_eq!(base("https://example.com:443#part"), "GET&https%3A%2F%2Fexample.com%2F&");
}

#[test]
fn a_read_is_signed_as_oauthlib_signs_it() {
    // `oauthlib` 4.0.1, the engine of requests-oauthlib, with `SIGNATURE_HMAC_SHA256`.
    let url = url("https://1234567-sb1.suitetalk.api.netsuite.com/services/rest/record/v1/customer\
         ?q=email%20IS%20%22a%2Bb%40example.com%22&limit=5&a=&b");
    let header = authorization(&message(&Method::GET, &url, None), Some("1234567_SB1"), &KEYS, "7d8f3e4a", 137_131_201);
    assert_eq!(
        header.as_str(),
        "OAuth realm=\"1234567_SB1\", oauth_consumer_key=\"ck-9djdj82h48djs9d2\", oauth_nonce=\"7d8f3e4a\", \
         oauth_signature_method=\"HMAC-SHA256\", oauth_timestamp=\"137131201\", oauth_version=\"1.0\", \
         oauth_token=\"tok_kkk9d7dh3k39sjv7\", \
         oauth_signature=\"ccYSezdVrVrj4yR8PMn4vgK0mdrT4OiliWpeMvNZOaU%3D\""
    );
}

#[test]
fn a_form_is_signed_as_oauthlib_signs_it() {
    let url = url("https://shop.example:8443/rest/V1/orders?a3=a&a3=%C3%A9+z");
    let message = message(&Method::POST, &url, Some(b"c2&a3=2+q&x=%7E%2A"));
    let header = authorization(&message, None, &KEYS, "7d8f3e4a", 137_131_201);
    assert_eq!(signature_of(&header), "bJfM+leyZLYc3IJIo0q0KivFkxKPadntCpLffuIE7/I=");
}

#[test]
fn a_consumer_alone_signs_with_an_empty_second_half() {
    let keys = Keys { consumer_key: "ck", consumer_secret: "cs", token: None };
    let url = url("https://shop.example/rest/V1/orders/1");
    let header = authorization(&message(&Method::GET, &url, None), None, &keys, "n", 1);
    assert!(!header.contains("oauth_token"));
    assert!(header.starts_with("OAuth oauth_consumer_key=\"ck\", "));
    assert_eq!(signature_of(&header), "E4v5V6jUuu70l72clzEJr9edJ63J0UxUtlSJ7joR81I=");
}

#[test]
fn the_order_is_that_of_the_encoded_bytes() {
    // `%C3` sorts before `a`, though the character does not; equal names go by their values.
    assert_eq!(
        base("https://h/?a=1&%C3%A9=2&a=0&B=3&a1=4"),
        "GET&https%3A%2F%2Fh%2F&%25C3%25A9%3D2%26B%3D3%26a%3D0%26a%3D1%26a1%3D4"
    );
}

#[test]
fn bytes_that_are_no_text_are_signed_as_they_are() {
    assert_eq!(base("https://h/?a=%FF%00"), "GET&https%3A%2F%2Fh%2F&a%3D%25FF%2500");
    assert_eq!(base("https://h/?a=%zz%4"), "GET&https%3A%2F%2Fh%2F&a%3D%2525zz%25254");
}

#[test]
fn a_realm_cannot_leave_its_quotes() {
    let url = url("https://h/");
    let header = authorization(&message(&Method::GET, &url, None), Some("a\", oauth_token=\"x\\"), &KEYS, "n", 1);
    assert!(header.starts_with(r#"OAuth realm="a\", oauth_token=\"x\\", oauth_consumer_key="#));
}

#[test]
fn a_hostile_key_cannot_leave_its_quotes() {
    let keys = Keys { consumer_key: "a\"\r\nx: y", consumer_secret: "s", token: None };
    let url = url("https://h/");
    let header = authorization(&message(&Method::GET, &url, None), None, &keys, "n", 1);
    assert!(header.starts_with("OAuth oauth_consumer_key=\"a%22%0D%0Ax%3A%20y\", "));
}

proptest! {
    #[test]
    fn a_parameter_is_signed_alike_however_it_is_written(
        name in "[a-z ~*+é&=%]{0,8}",
        value in "[a-z ~*+é&=%]{0,8}",
    ) {
        let wholly: String = encode(name.as_bytes()).to_string() + "=" + &encode(value.as_bytes());
        let plus = wholly.replace("%20", "+");
        let every = |text: &str| text.bytes().map(|b| format!("%{b:02x}")).collect::<String>();
        let every = every(&name) + "=" + &every(&value);
        let signed = base(&format!("https://h/?{wholly}"));
        prop_assert_eq!(&base(&format!("https://h/?{plus}")), &signed);
        prop_assert_eq!(&base(&format!("https://h/?{every}")), &signed);
    }

    #[test]
    fn the_base_string_has_three_parts_whatever_the_request(query in any::<Vec<u8>>(), form in any::<Vec<u8>>()) {
        let mut url = url("https://h/p");
        url.set_query(Some(&String::from_utf8_lossy(&query)));
        let message = message(&Method::PATCH, &url, Some(&form));
        let base = base_string(&message, &[("oauth_nonce", "n")]);
        prop_assert_eq!(base.split('&').count(), 3);
        prop_assert!(base.is_ascii());
    }
}
