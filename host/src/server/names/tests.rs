//! The table of hosts and origins.

use axum::body::Body;
use toml::Spanned;

use super::*;

fn names(listen: &str, hosts: &[&str], origins: &[&str]) -> Names {
    let list = |texts: &[&str]| texts.iter().map(|text| Spanned::new(0..0, (*text).to_owned())).collect();
    let server = Server { hosts: list(hosts), origins: list(origins), ..Server::default() };
    Names::new(&server, listen.parse().unwrap())
}

fn judged(names: &Names, uri: &str, headers: &[(&str, &str)]) -> Option<Code> {
    let mut request = Request::builder().uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    names.check(&request.body(Body::empty()).unwrap()).err().map(|problem| problem.code)
}

#[test]
fn on_loopback_a_host_is_asked_by_names_of_loopback_and_by_those_of_the_operator() {
    let names = names("127.0.0.1:8080", &["bots.example.com"], &[]);
    let allowed = [
        "localhost",
        "LocalHost:8080",
        "localhost.",
        "a.localhost:1",
        "127.0.0.1:8080",
        "127.9.9.9",
        "[::1]:8080",
        "[::ffff:127.0.0.1]",
        "bots.example.com",
        "Bots.Example.com:443",
    ];
    for host in allowed {
        assert_eq!(judged(&names, "/v1/intents", &[("host", host)]), None, "{host}");
    }
    let refused = [
        "evil.example",
        "evil.example:8080",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "notlocalhost",
        "10.0.0.1",
        "0.0.0.0:8080",
        "[::]",
        "sub.bots.example.com",
    ];
    for host in refused {
        assert_eq!(judged(&names, "/v1/intents", &[("host", host)]), Some(Code::Forbidden), "{host}");
    }
    for host in ["", "local host", "me@localhost", "localhost/x", "\u{7f}"] {
        let code = judged(&names, "/livez", &[("host", &host.replace('\u{7f}', "%"))]);
        assert_eq!(code, Some(Code::Malformed), "{host}");
    }
}

#[test]
fn in_the_network_every_name_will_do_until_the_operator_says_which() {
    let open = names("0.0.0.0:8080", &[], &[]);
    assert_eq!(judged(&open, "/livez", &[("host", "10.0.0.7:8080")]), None);
    assert_eq!(judged(&open, "/livez", &[("host", "whatever.example")]), None);
    let named = names("0.0.0.0:8080", &["bots.example.com"], &[]);
    assert_eq!(judged(&named, "/livez", &[("host", "bots.example.com")]), None);
    assert_eq!(judged(&named, "/livez", &[("host", "localhost")]), None);
    assert_eq!(judged(&named, "/livez", &[("host", "whatever.example")]), Some(Code::Forbidden));
}

#[test]
fn the_host_is_said_once() {
    let names = names("127.0.0.1:8080", &[], &[]);
    assert_eq!(judged(&names, "/livez", &[]), Some(Code::Malformed));
    assert_eq!(judged(&names, "/livez", &[("host", "localhost"), ("host", "localhost")]), Some(Code::Malformed));
    // HTTP/2, and a target in absolute form, say it in the target.
    assert_eq!(judged(&names, "http://localhost/livez", &[]), None);
    assert_eq!(judged(&names, "http://localhost/livez", &[("host", "localhost")]), None);
    assert_eq!(judged(&names, "http://evil.example/livez", &[]), Some(Code::Forbidden));
    assert_eq!(judged(&names, "http://evil.example/livez", &[("host", "localhost")]), Some(Code::Malformed));
    assert_eq!(judged(&names, "http://localhost/livez", &[("host", "evil.example")]), Some(Code::Malformed));
}

#[test]
fn a_page_may_ask_where_its_origin_is_allowed() {
    let names = names("127.0.0.1:8080", &[], &["https://desk.example.com"]);
    let judge = |origin: &str| judged(&names, "/mcp", &[("host", "localhost"), ("origin", origin)]);
    assert_eq!(judge("https://desk.example.com"), None);
    assert_eq!(judge("https://Desk.example.com"), None);
    let refused = [
        "null",
        "http://desk.example.com",
        "https://desk.example.com:8443",
        "https://desk.example.com.evil.example",
        "https://evil.example",
        // That of the host itself: after a rebinding, the page's and the host's are the same.
        "http://localhost",
        "",
    ];
    for origin in refused {
        assert_eq!(judge(origin), Some(Code::Forbidden), "{origin}");
    }
    let twice = [("host", "localhost"), ("origin", "https://desk.example.com"), ("origin", "https://desk.example.com")];
    assert_eq!(judged(&names, "/mcp", &twice), Some(Code::Malformed));
}

#[test]
fn what_is_written_is_a_host_or_an_origin() {
    for good in ["bots.example.com", "10.0.0.7", "[::1]", "bots"] {
        assert!(is_host(good), "{good}");
    }
    for bad in
        ["", "bots.example.com:80", "https://bots.example.com", "a b", "me@bots", "bots/", "bots.", "*", "*.bots"]
    {
        assert!(!is_host(bad), "{bad}");
    }
    for good in ["https://desk.example.com", "http://localhost:3000", "https://[::1]:8443"] {
        assert!(is_origin(good), "{good}");
    }
    for bad in
        ["", "*", "null", "desk.example.com", "https://desk.example.com/", "https://a:443", "file:///x", "ftp://a"]
    {
        assert!(!is_origin(bad), "{bad}");
    }
}
