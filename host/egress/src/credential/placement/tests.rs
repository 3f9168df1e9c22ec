//! What is filled in, and what is left exactly as it was.

use http::header::AUTHORIZATION;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn header(name: &str, secret: &str) -> Placement {
    Placement { secret: secret.to_owned(), place: Place::Header(name.to_owned()) }
}

fn body(pointer: &str, secret: &str) -> Placement {
    Placement { secret: secret.to_owned(), place: Place::Body(pointer.to_owned()) }
}

fn secret(text: &str) -> Arc<SecretValue> {
    Arc::new(SecretValue::new(Zeroizing::new(text.as_bytes().to_vec())).unwrap())
}

/// `pin` is `s3"cr\et`, `token` is `tok-1`, `sly` is a mark itself, `odd` cannot stand in a header.
fn vault(name: &str) -> Result<Arc<SecretValue>, SendError> {
    match name {
        "pin" => Ok(secret("s3\"cr\\et")),
        "token" => Ok(secret("tok-1")),
        "sly" => Ok(secret("{{secret.token}}")),
        "odd" => Ok(secret("a\u{1}b")),
        _ => Err(SendError::ReauthRequired(format!("secret `{name}` has no value"))),
    }
}

/// The body after filling, and the names that it took.
fn filled(placements: &[Placement], text: &str) -> (String, Vec<String>) {
    let mut bytes = Bytes::copy_from_slice(text.as_bytes());
    let names = fill("shop", &mut HeaderMap::new(), &mut bytes, placements, vault).unwrap();
    (String::from_utf8(bytes.to_vec()).unwrap(), names.into_iter().map(str::to_owned).collect())
}

#[track_caller]
fn untouched(placements: &[Placement], text: &str) {
    assert_eq!(filled(placements, text), (text.to_owned(), Vec::new()));
}

#[test]
fn a_marked_string_at_the_pointer_is_filled_in_and_nothing_else_moves() {
    let placements = [body("/auth/pin", "pin")];
    let (text, names) = filled(
        &placements,
        "{ \"n\": 1.10,\t\"big\": 12345678901234567890123, \"auth\":{\"pin\" : \"{{secret.pin}}\"}, \"a\":1e400 }\n",
    );
    assert_eq!(
        text,
        "{ \"n\": 1.10,\t\"big\": 12345678901234567890123, \"auth\":{\"pin\" : \"s3\\\"cr\\\\et\"}, \"a\":1e400 }\n"
    );
    assert_eq!(names, ["pin"]);
}

#[test]
fn pointers_reach_into_arrays_and_odd_names() {
    let placements = [body("/list/1/a~1b~0c/~01", "token")];
    let (text, _) = filled(&placements, r#"{"list":[0,{"a/b~c":{"~1":"{{secret.token}}"}}]}"#);
    assert_eq!(text, r#"{"list":[0,{"a/b~c":{"~1":"tok-1"}}]}"#);
    untouched(&[body("/list/01", "token")], r#"{"list":[0,"{{secret.token}}"]}"#);
    untouched(&[body("/list/+1", "token")], r#"{"list":[0,"{{secret.token}}"]}"#);
    untouched(&[body("/list/-", "token")], r#"{"list":[0,"{{secret.token}}"]}"#);
    untouched(&[body("/list/2", "token")], r#"{"list":[0,"{{secret.token}}"]}"#);
}

#[test]
fn several_places_are_filled_in_whatever_their_order() {
    let placements = [body("/b", "token"), body("/a", "pin"), body("/b", "token"), body("/a", "token")];
    let (text, names) = filled(&placements, r#"{"a":"{{secret.pin}}","x":"é","b":"{{secret.token}}"}"#);
    assert_eq!(text, r#"{"a":"s3\"cr\\et","x":"é","b":"tok-1"}"#);
    assert_eq!(names, ["pin", "token"]);
}

#[test]
fn a_mark_elsewhere_is_plain_text() {
    let placements = [body("/pin", "pin"), header("x-token", "token")];
    untouched(&placements, r#"{"other":"{{secret.pin}}"}"#);
    untouched(&placements, r#"{"deep":{"pin":"{{secret.pin}}"}}"#);
    untouched(&placements, r#"[{"pin":"{{secret.pin}}"}]"#);
    // In the place of another secret, or of one that the manifest does not list.
    untouched(&placements, r#"{"pin":"{{secret.token}}"}"#);
    untouched(&placements, r#"{"pin":"{{secret.nobody}}"}"#);
    // As the name of a member.
    untouched(&placements, r#"{"{{secret.pin}}":"pin"}"#);
}

#[test]
fn a_mark_that_is_only_a_part_is_plain_text() {
    let placements = [body("/pin", "pin")];
    for text in [
        "{{secret.pin}} ",
        " {{secret.pin}}",
        "x{{secret.pin}}",
        "{{secret.pin}}{{secret.pin}}",
        "{{secret.pin",
        "{{secret.PIN}}",
        "{{secret. pin}}",
    ] {
        untouched(&placements, &json!({ "pin": text }).to_string());
    }
    untouched(&placements, r#"{"pin":["{{secret.pin}}"]}"#);
    untouched(&placements, r#"{"pin":{"{{secret.pin}}":1}}"#);
}

#[test]
fn a_value_that_looks_like_a_mark_is_not_filled_in_again() {
    let placements = [body("/a", "sly"), body("/a", "token"), body("/b", "token")];
    let (text, names) = filled(&placements, r#"{"a":"{{secret.sly}}","b":"{{secret.token}}"}"#);
    assert_eq!(text, r#"{"a":"{{secret.token}}","b":"tok-1"}"#);
    assert_eq!(names, ["sly", "token"]);
    for placements in [[header("x-a", "token"), header("x-a", "sly")], [header("x-a", "sly"), header("x-a", "token")]] {
        let mut headers = HeaderMap::new();
        headers.insert("x-a", HeaderValue::from_static("{{secret.sly}}"));
        assert_eq!(fill("shop", &mut headers, &mut Bytes::new(), &placements, vault), Ok(vec!["sly"]));
        assert_eq!(headers["x-a"], "{{secret.token}}");
    }
}

#[test]
fn a_body_that_is_no_json_is_left_alone() {
    let placements = [body("/pin", "pin")];
    untouched(&placements, "");
    untouched(&placements, "pin={{secret.pin}}");
    untouched(&placements, r#"{"pin":"{{secret.pin}}""#);
    untouched(&placements, r#"{"pin":"{{secret.pin}}"} {}"#);
    untouched(&placements, r#"<pin>{{secret.pin}}</pin>"#);
    let mut latin = Bytes::from_static(b"{\"pin\":\"{{secret.pin}}\",\"x\":\"\xe9\"}");
    let before = latin.clone();
    assert_eq!(fill("shop", &mut HeaderMap::new(), &mut latin, &placements, vault), Ok(Vec::new()));
    assert_eq!(latin, before);
}

#[test]
fn an_escaped_mark_is_plain_text() {
    // The look at the bytes does not see it, which costs nothing and leaks nothing.
    untouched(&[body("/pin", "pin")], r#"{"pin":"\u007b{secret.pin}}"}"#);
}

#[test]
fn a_request_without_a_mark_keeps_the_very_same_bytes() {
    let mut bytes = Bytes::from_static(br#"{"pin":"1234"}"#);
    let at = bytes.as_ptr();
    let nobody = |_: &str| -> Result<Arc<SecretValue>, SendError> { panic!("no secret is read") };
    let placements = [body("/pin", "pin"), header("x-token", "token")];
    let mut headers = HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static("x"))]);
    assert_eq!(fill("shop", &mut headers, &mut bytes, &placements, nobody), Ok(Vec::new()));
    assert_eq!(bytes.as_ptr(), at);
}

#[test]
fn a_marked_header_is_filled_in_and_hidden_from_logs() {
    let mut headers = HeaderMap::new();
    headers.append("x-token", HeaderValue::from_static("{{secret.token}}"));
    headers.append("x-token", HeaderValue::from_static("Bearer {{secret.token}}"));
    headers.append("x-token", HeaderValue::from_static("{{secret.token}}"));
    headers.append("x-other", HeaderValue::from_static("{{secret.token}}"));
    let placements = [header("x-token", "token")];
    let names = fill("shop", &mut headers, &mut Bytes::new(), &placements, vault);
    assert_eq!(names, Ok(vec!["token"]));
    let values: Vec<_> = headers.get_all("x-token").iter().collect();
    assert_eq!(values, ["tok-1", "Bearer {{secret.token}}", "tok-1"]);
    assert!(values[0].is_sensitive() && !values[1].is_sensitive());
    assert_eq!(headers["x-other"], "{{secret.token}}");
}

#[test]
fn a_value_that_cannot_stand_in_a_header_is_refused_by_name() {
    let mut headers = HeaderMap::new();
    headers.insert("x-odd", HeaderValue::from_static("{{secret.odd}}"));
    let problem = fill("shop", &mut headers, &mut Bytes::new(), &[header("x-odd", "odd")], vault).unwrap_err();
    assert_eq!(
        problem.to_string(),
        "credential: secret `odd` of connection `shop`: it has a character that cannot stand in a header"
    );
}

#[test]
fn a_secret_without_a_value_stops_the_request() {
    let mut bytes = Bytes::from_static(br#"{"pin":"{{secret.gone}}"}"#);
    let problem = fill("shop", &mut HeaderMap::new(), &mut bytes, &[body("/pin", "gone")], vault).unwrap_err();
    assert_eq!(problem, SendError::ReauthRequired("secret `gone` has no value".to_owned()));
}

#[test]
fn a_body_nested_beyond_reason_is_left_alone() {
    let deep = "[".repeat(100_000) + "\"{{secret.pin}}\"" + &"]".repeat(100_000);
    untouched(&[body("/0/0", "pin")], &deep);
    untouched(&[body(&"/0".repeat(100_000), "pin")], &deep[..200]);
}

/// JSON with marks strewn over it.
fn document() -> impl Strategy<Value = Value> {
    let name = prop_oneof![Just("a".to_owned()), Just("b/~".to_owned()), Just("{{secret.token}}".to_owned())];
    let leaf = prop_oneof![
        Just(json!("{{secret.token}}")),
        Just(json!("{{secret.pin}}")),
        any::<i64>().prop_map(Value::from),
        "[ -~é\u{1f600}]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((name.clone(), inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn filling_in_is_setting_the_pointer_and_nothing_else(
        document in document(),
        pointer in "(/(a|b~1~0|0|1)){1,4}",
        pretty in any::<bool>(),
    ) {
        let text = if pretty { format!("{document:#}") } else { document.to_string() };
        let mut expected = document.clone();
        if let Some(place) = expected.pointer_mut(&pointer).filter(|place| **place == json!("{{secret.token}}")) {
            *place = json!("tok-1");
        }
        let (text, _) = filled(&[body(&pointer, "token")], &text);
        prop_assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), expected);
    }

    #[test]
    fn no_body_makes_it_panic(bytes in any::<Vec<u8>>(), pointer in "/[a-z0-9/~]{0,6}") {
        let mut marked = Bytes::from([&bytes[..], br#"{"a":"{{secret.token}}"}"#].concat());
        let _ = fill("shop", &mut HeaderMap::new(), &mut marked, &[body(&pointer, "token")], vault);
    }
}
