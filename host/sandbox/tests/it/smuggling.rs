//! Requests that mean one thing to the grant and another to somebody behind it: headers, paths and names as an attacker
//! writes them. Nothing of it leaves, or it leaves as exactly what was checked.

use serde_json::{Map, Value, json};

use crate::stand::Stand;

async fn outcome(stand: &Stand, request: &Value) -> String {
    stand.answer("trespass", &request.to_string()).await["outcome"].as_str().unwrap().to_owned()
}

fn with_headers(headers: Value) -> Value {
    json!({ "endpoint": "api", "method": "GET", "path": "/orders/1", "headers": headers })
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_that_end_early_or_begin_another_are_refused() {
    let stand = Stand::new();
    for value in ["1\r\nhost: evil.example", "1\nx: y", "1\r", "1\0", "\u{7f}", "\u{1}"] {
        let told = outcome(&stand, &with_headers(json!({ "x-note": value }))).await;
        assert_eq!(told, "invalid-request: the value of header `x-note` is not allowed in a header", "{value:?}");
    }
    for name in ["x\r\nhost", "x\nhost", "x:", "x ", " x", "x\0", "", "ü", "x(y)", "x\ty"] {
        let told = outcome(&stand, &with_headers(json!({ name: "1" }))).await;
        assert!(told.starts_with("invalid-request: `") && told.ends_with("is not a header name"), "{name:?}: {told}");
        assert!(!told.contains(['\r', '\n', '\0']), "{told:?}");
    }
    assert!(stand.seen.sent.lock().unwrap().is_empty());
    assert_eq!(outcome(&stand, &with_headers(json!({ "X-Note": "a plain one" }))).await, "status 200");
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_of_the_connection_are_the_hosts_in_any_case_of_letters() {
    let stand = Stand::new();
    for name in [
        "Host",
        "hOsT",
        "Content-Length",
        "CONTENT-LENGTH",
        "Transfer-Encoding",
        "Connection",
        "Keep-Alive",
        "TE",
        "Trailer",
        "Upgrade",
        "Expect",
        "Authorization",
        "AUTHORIZATION",
        "Proxy-Authorization",
        "Cookie",
        "Forwarded",
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-HTTP-Method-Override",
        "Accept-Encoding",
        "HTTP2-Settings",
        "Via",
    ] {
        let told = outcome(&stand, &with_headers(json!({ name: "1" }))).await;
        let expected =
            format!("denied: header `{}` is reserved for the host; no line allows this", name.to_lowercase());
        assert!(told.starts_with(&expected), "{name}: {told}");
    }
    assert!(stand.seen.sent.lock().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_are_bounded_in_number_and_in_bytes() {
    let stand = Stand::new();
    let many =
        |count: usize| -> Value { (0..count).map(|i| (format!("x-{i}"), json!("v"))).collect::<Map<_, _>>().into() };
    assert_eq!(outcome(&stand, &with_headers(many(64))).await, "status 200");
    for headers in [
        many(65),
        many(10_000),
        json!({ "x".repeat(100_000): "v" }),
        json!({ "x": "v".repeat(100_000) }),
        json!({ "x": "v".repeat(16 << 10) }),
    ] {
        let told = outcome(&stand, &with_headers(headers)).await;
        assert!(told.contains("over the bound of 64 headers or 16384 bytes"), "{told}");
        assert!(told.len() < 200, "{told}");
    }
    assert_eq!(stand.seen.sent.lock().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_is_refused_or_leaves_as_it_was_checked() {
    let stand = Stand::new();
    let long = format!("/orders/{}", "x".repeat(100_000));
    let refused = [
        "/orders/../admin",
        "/orders/..",
        "/orders/.",
        "/orders/./1",
        "/orders/%2e%2e/admin",
        "/orders/%2E%2e",
        "/orders/.%2e",
        "//evil.example/orders/1",
        "//orders/1",
        "/orders//1",
        "/orders/1/",
        "/orders/%2f",
        "/orders/a%2Fb",
        "/orders/a%5cb",
        "/orders/a\\b",
        "\\\\evil.example\\orders\\1",
        "/orders/1?admin=1",
        "/orders/1#top",
        "/orders/1\r\nHost: evil.example",
        "/orders/1%0d%0aHost:evil.example",
        "/orders/1%00",
        "/orders/1\0",
        "/orders/1 HTTP/1.1",
        "/orders/\t1",
        "/orders/1%",
        "/orders/1%zz",
        "/orders/%c0%ae%c0%ae",
        "/orders/%ff",
        "orders/1",
        "",
        "https://evil.example/orders/1",
        "HTTPS://api.example.com/orders/1",
        "@evil.example/orders/1",
        ":80@evil.example/orders/1",
        "javascript:alert(1)",
        "/ORDERS/1",
        "/orders",
        long.as_str(),
    ];
    for path in refused {
        let told = outcome(&stand, &json!({ "endpoint": "api", "method": "GET", "path": path })).await;
        assert!(told.starts_with("invalid-request: ") || told.starts_with("denied: no rule"), "{path:?}: {told}");
        assert!(!told.contains(['\r', '\n', '\0']) && told.len() < 500, "{told:?}");
    }
    assert!(stand.seen.sent.lock().unwrap().is_empty(), "{:?}", stand.seen.sent.lock().unwrap());

    // Odd, and the same to everybody: one segment below `/orders`, byte for byte.
    for path in [
        "/orders/@",
        "/orders/a:b@c",
        "/orders/%252e%252e",
        "/orders/1;v=2",
        "/orders/...",
        "/orders/%E2%80%A4%E2%80%A4",
    ] {
        let told = outcome(&stand, &json!({ "endpoint": "api", "method": "GET", "path": path })).await;
        if told == "status 200" {
            let sent = stand.seen.sent.lock().unwrap().pop();
            assert_eq!(sent, Some(format!("GET https://api.example.com{path}")));
        } else {
            assert!(told.starts_with("invalid-request: "), "{path}: {told}");
        }
    }
    // Dots of other scripts are not dots, and unless encoded they are no path.
    for path in ["/orders/\u{2024}\u{2024}/admin", "/orders/\u{ff0e}\u{ff0e}", "/orders/\u{3002}"] {
        let told = outcome(&stand, &json!({ "endpoint": "api", "method": "GET", "path": path })).await;
        assert!(told.starts_with("invalid-request: ") || told.starts_with("denied: no rule"), "{path}: {told}");
    }
    assert!(stand.seen.sent.lock().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_stays_a_query() {
    let stand = Stand::new();
    let request = json!({
        "endpoint": "api", "method": "GET", "path": "/orders/1",
        "query": { "a&b=c#d": "e?f/../g\r\nHost: evil.example", "ü": "\0" },
    });
    assert_eq!(outcome(&stand, &request).await, "status 200");
    assert_eq!(
        *stand.seen.sent.lock().unwrap(),
        ["GET https://api.example.com/orders/1?a%26b%3Dc%23d=e%3Ff%2F..%2Fg%0D%0AHost%3A%20evil.example&%C3%BC=%00"]
    );
    let many: Map<String, Value> = (0..10_000).map(|i| (format!("q{i}"), json!("v"))).collect();
    let request = json!({ "endpoint": "api", "method": "GET", "path": "/orders/1", "query": many });
    assert_eq!(outcome(&stand, &request).await, "invalid-request: more than 128 query pairs");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_is_a_name_and_nothing_else() {
    let stand = Stand::new();
    for endpoint in ["", "API", "api ", "api\0", "https://evil.example", "api.example.com", "../api", "api\r\nx: y"] {
        let told = outcome(&stand, &json!({ "endpoint": endpoint, "method": "GET", "path": "/orders/1" })).await;
        assert!(told.starts_with("denied: `probe` has no endpoint `"), "{endpoint:?}: {told}");
        assert!(!told.contains(['\r', '\n', '\0']), "{told:?}");
    }
    let told = outcome(&stand, &json!({ "endpoint": "e".repeat(100_000), "method": "GET", "path": "/" })).await;
    assert!(told.len() < 500, "{}", told.len());
    assert!(stand.seen.sent.lock().unwrap().is_empty());
}
