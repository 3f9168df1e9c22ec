//! Callers that mean harm, seen from outside: raw sockets against the real listener. Whatever arrives, the host answers
//! it with a refusal or closes the connection, and is there for the next one.

use std::time::Duration;

use http::Method;
use jackfield_tests::{Client, Demo, Host, Silent, guests, until};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

mod http2;
mod log;

const JSON: (&str, &str) = ("content-type", "application/json");

/// How long the host may take to close what it does not want any more.
const GONE_MAX: Duration = Duration::from_secs(20);

/// A host that is soon out of patience.
const HASTY: &str = "[server]\nheader_read_ms = 400\nidle_ms = 400\n";

fn address(client: &Client) -> &str {
    client.base().trim_start_matches("http://")
}

async fn connect(host: &Host) -> TcpStream {
    TcpStream::connect(address(&host.client)).await.unwrap()
}

/// Everything that comes back until the host closes the connection.
async fn to_the_end(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let reading = tokio::time::timeout(GONE_MAX, stream.read_to_end(&mut bytes));
    // A reset is an end as well.
    let _ = reading.await.expect("the host keeps the connection open");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Sends bytes and reads what comes of them.
async fn said(host: &Host, bytes: &[u8]) -> String {
    let mut stream = connect(host).await;
    // The host may have closed before it has read everything.
    let _ = stream.write_all(bytes).await;
    to_the_end(&mut stream).await
}

fn statuses(text: &str) -> Vec<&str> {
    text.split("HTTP/1.1 ").skip(1).map(|rest| &rest[..3]).collect()
}

async fn is_well(host: &Host) {
    assert_eq!(host.client.get("/livez").await.status, 200);
}

#[tokio::test]
async fn what_is_not_http_is_refused_and_the_host_is_there_for_the_next_one() {
    let host = Host::start(HASTY).await.unwrap();
    let authority = address(&host.client).to_owned();
    let good = format!("GET /livez HTTP/1.1\r\nhost: {authority}\r\nconnection: close\r\n\r\n");
    assert_eq!(statuses(&said(&host, good.as_bytes()).await), ["200"]);
    let lines = [
        "hello\r\n\r\n",
        "\0\0\0\0\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\x7c\x03\x03 a handshake",
        "SSH-2.0-OpenSSH_9.6\r\n",
        "GET /livez HTTP/1.1 \r\n\r\n",
        "GET /livez HTTP/2.0\r\nhost: localhost\r\n\r\n",
        "GET /livez HTTP/1.10\r\nhost: localhost\r\n\r\n",
        "GET /livez\r\n\r\n",
        "GET  /livez HTTP/1.1\r\nhost: localhost\r\n\r\n",
        "GET /liv\0ez HTTP/1.1\r\nhost: localhost\r\n\r\n",
        "GET /livez HTTP/1.1\r\nhost : localhost\r\n\r\n",
        "GET /livez HTTP/1.1\r\nhost: localhost\r\n folded\r\n\r\n",
        "GET /livez HTTP/1.1\r\nhost: localhost\r\nx-a: b\0c\r\n\r\n",
        "GET /livez HTTP/1.1\r\nhost: localhost\r\nx-a: b\rc\r\n\r\n",
        "GET /livez HTTP/1.1\r\nhost: localhost\r\n: nameless\r\n\r\n",
        "GET /livez HTTP/1.1\r\n\r\n",
        "GET /livez HTTP/1.1\r\nhost: localhost\r\nhost: localhost\r\n\r\n",
        "GET http://evil.example/livez HTTP/1.1\r\nhost: localhost\r\n\r\n",
        "CONNECT evil.example:443 HTTP/1.1\r\nhost: evil.example:443\r\n\r\n",
    ];
    for line in lines {
        let answer = said(&host, line.as_bytes()).await;
        assert!(statuses(&answer).iter().all(|status| status.starts_with('4')), "{line:?}: {answer}");
        is_well(&host).await;
    }
    for method in ["TRACE", "TRACK", "FOO", "get"] {
        let line = format!("{method} /livez HTTP/1.1\r\nhost: {authority}\r\nconnection: close\r\n\r\n");
        assert_eq!(statuses(&said(&host, line.as_bytes()).await), ["400"], "{method}");
    }
}

#[tokio::test]
async fn no_request_hides_in_another() {
    let host = Host::start(HASTY).await.unwrap();
    // Whoever takes the end of the first request for somewhere else sees a second one.
    let hidden = "GET /openapi.json HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let chunked = format!("0\r\n\r\n{hidden}");
    let (all, none) = (chunked.len(), 0);
    let framings = [
        format!("content-length: {all}\r\ntransfer-encoding: chunked\r\n\r\n{chunked}"),
        format!("transfer-encoding: chunked\r\ncontent-length: {all}\r\n\r\n{chunked}"),
        format!("content-length: {none}\r\ncontent-length: {all}\r\n\r\n{chunked}"),
        format!("content-length: {none}, {all}\r\n\r\n{chunked}"),
        format!("content-length: +{none}\r\n\r\n{hidden}"),
        format!("content-length: -1\r\n\r\n{hidden}"),
        format!("content-length: 0x0\r\n\r\n{hidden}"),
        format!("content-length: \r\n\r\n{hidden}"),
        format!("transfer-encoding: chunked, identity\r\n\r\n{chunked}"),
        format!("transfer-encoding: xchunked\r\n\r\n{chunked}"),
        format!("transfer-encoding: \x0bchunked\r\n\r\n{chunked}"),
        format!("transfer-encoding : chunked\r\n\r\n{chunked}"),
        format!("transfer-encoding:\r\n chunked\r\n\r\n{chunked}"),
        format!("x: y\r\n\ttransfer-encoding: chunked\r\n\r\n{chunked}"),
        format!("transfer-encoding: chunked\r\n\r\nfffffffffffffffff0\r\n\r\n{hidden}"),
        format!("transfer-encoding: chunked\r\n\r\n-0\r\n\r\n{hidden}"),
        format!("transfer-encoding: chunked\r\n\r\n0;\n\r\n\r\n{hidden}"),
        format!("transfer-encoding: chunked\r\n\r\n1\r\nxx0\r\n\r\n{hidden}"),
    ];
    for framing in framings {
        let head = "POST /v1/intents/order.status HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";
        let answer = said(&host, format!("{head}{framing}").as_bytes()).await;
        // The outer one has no key: 401 at most.
        assert!(statuses(&answer).len() <= 1 && !answer.contains("200 OK"), "{framing:?}: {answer}");
    }
    // Where there is no doubt, the second one is a request as good as any.
    let plain = format!("GET /livez HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n{hidden}");
    assert_eq!(statuses(&said(&host, plain.as_bytes()).await), ["200", "200"]);
}

#[tokio::test]
async fn heads_and_bodies_are_bounded() {
    let host = Host::start(HASTY).await.unwrap();
    let large = "x".repeat(200 << 10);
    let many: String = (0..5_000).map(|n| format!("x-{n}: 1\r\n")).collect();
    for head in [
        format!("GET /{large} HTTP/1.1\r\nhost: localhost\r\n\r\n"),
        format!("GET /livez HTTP/1.1\r\nhost: localhost\r\nx-large: {large}\r\n\r\n"),
        format!("GET /livez HTTP/1.1\r\nhost: localhost\r\n{large}: 1\r\n\r\n"),
        format!("GET /livez HTTP/1.1\r\nhost: localhost\r\n{many}\r\n"),
    ] {
        let answer = said(&host, head.as_bytes()).await;
        assert!(!answer.contains("200 OK"), "{}: {answer}", &head[..40]);
        is_well(&host).await;
    }
    // A body that is too large is refused by what it announces, or as soon as it is.
    let head = "POST /v1/intents/order.status HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer demo\r\n\
                content-type: application/json\r\n";
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    for rest in [
        format!("content-length: 99999999999\r\n\r\n{chunk}"),
        format!("transfer-encoding: chunked\r\n\r\n{}", chunk.repeat(40)),
    ] {
        let answer = said(&host, format!("{head}{rest}").as_bytes()).await;
        assert!(statuses(&answer).iter().all(|status| *status == "413" || *status == "400"), "{answer}");
    }
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_closed_and_one_that_works_is_not() {
    let (silent, dir) = (Silent::start().await.unwrap(), tempfile::tempdir().unwrap());
    let config = guests::config(dir.path(), &["healthy"], &silent.url, "");
    let host = Host::start(&format!("{HASTY}[limits]\nwall_ms = 3000\n{config}")).await.unwrap();
    for (phase, begin) in [
        ("before the first byte", ""),
        ("within the greeting of HTTP/2", "PRI * HT"),
        ("after it", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        ("within the request line", "GET /liv"),
        ("within the headers", "GET /livez HTTP/1.1\r\nhost: local"),
        (
            "within the body",
            "POST /mcp HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer demo\r\n\
          content-type: application/json\r\ncontent-length: 9\r\n\r\n{",
        ),
        ("after an answer", "GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n"),
    ] {
        let mut stream = connect(&host).await;
        stream.write_all(begin.as_bytes()).await.unwrap();
        let begun = std::time::Instant::now();
        to_the_end(&mut stream).await;
        assert!(begun.elapsed() >= Duration::from_millis(350), "{phase}: at once");
    }
    // Nothing moves on this one for far longer, but somebody is at work.
    let answer = host.client.ask("healthy.run", json!({ "requests": 1 })).await;
    assert_eq!((answer.status, answer.text("/code")), (504, "timeout"), "{}", answer.raw);
}

#[tokio::test]
async fn a_head_or_a_body_that_drips_is_cut_off() {
    let host = Host::start(HASTY).await.unwrap();
    let head =
        "POST /mcp HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer demo\r\ncontent-type: application/json\r\n";
    for (begin, piece) in [
        (String::new(), "PRI * HTTP/2.0\r\n\r\nSM\r\n\r"),
        ("GET /livez HTTP/1.1\r\n".to_owned(), "x: y\r\n"),
        (format!("{head}content-length: 100000\r\n\r\n"), " "),
        (format!("{head}transfer-encoding: chunked\r\n\r\n"), "1\r\n \r\n"),
    ] {
        let (mut read, mut write) = connect(&host).await.into_split();
        let _ = write.write_all(begin.as_bytes()).await;
        let dripping = tokio::spawn(async move {
            for byte in piece.bytes().cycle() {
                if write.write_all(&[byte]).await.is_err() {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        let mut answer = Vec::new();
        let ended = tokio::time::timeout(GONE_MAX, read.read_to_end(&mut answer)).await;
        assert!(ended.is_ok(), "{begin}: it is read for ever");
        let answer = String::from_utf8_lossy(&answer);
        assert!(!answer.contains("200 OK"), "{answer}");
        dripping.abort();
    }
}

#[tokio::test]
async fn answers_that_nobody_takes_are_not_kept_for_ever() {
    const REQUESTS: usize = 4_000;
    let host = Host::start(HASTY).await.unwrap();
    let mut stream = connect(&host).await;
    let one = "GET /openapi.json HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let length = host.client.get("/openapi.json").await.raw.len();
    // The host stops reading when it cannot write, and then closes.
    let all = one.repeat(REQUESTS);
    let _ = tokio::time::timeout(GONE_MAX, stream.write_all(all.as_bytes()))
        .await
        .expect("the host keeps the connection open");
    // Nothing is read before it has given up.
    until(async || {
        let ready = stream.ready(tokio::io::Interest::WRITABLE | tokio::io::Interest::ERROR).await.ok()?;
        (ready.is_error() || ready.is_write_closed() || stream.try_write(one.as_bytes()).is_err()).then_some(())
    })
    .await;
    let taken = to_the_end(&mut stream).await.len();
    assert!(taken < REQUESTS * length, "{taken} bytes");
    is_well(&host).await;
}

#[tokio::test]
async fn wrong_keys_are_counted_and_a_caller_that_is_known_goes_on() {
    let host = Host::start("[server]\nkey_failures_max = 3\n").await.unwrap();
    let wrong = host.client.with_key("wrong");
    // Without a key nobody guesses.
    for _ in 0..5 {
        assert_eq!(host.client.with_key("").get("/v1/intents").await.status, 401);
    }
    for _ in 0..3 {
        let answer = wrong.get("/v1/intents").await;
        assert_eq!((answer.status, answer.text("/code")), (401, "unauthenticated"), "{}", answer.raw);
    }
    for path in ["/v1/intents", "/v1/connections", "/v1/audit", "/v1/calls/x"] {
        let answer = wrong.get(path).await;
        assert_eq!((answer.status, answer.text("/code")), (429, "rate-limited"), "{}", answer.raw);
        let seconds: u64 = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=60).contains(&seconds), "{seconds}");
    }
    // A key that is right is not looked at either: who guesses learns nothing more.
    assert_eq!(host.client.get("/v1/intents").await.status, 429);
    assert_eq!(host.client.get("/livez").await.status, 200);

    let host = Host::start("[server]\nkey_failures_max = 3\n").await.unwrap();
    assert_eq!(host.client.get("/v1/intents").await.status, 200);
    for _ in 0..6 {
        host.client.with_key("wrong").get("/v1/intents").await;
    }
    assert_eq!(host.client.with_key("wrong").get("/v1/intents").await.status, 429);
    assert_eq!(host.client.get("/v1/intents").await.status, 200, "it was known before");
}

#[tokio::test]
async fn a_page_in_a_browser_gets_nothing() {
    let config = "[server]\nhosts = [\"bots.example.com\"]\norigins = [\"https://desk.example.com\"]\n";
    let host = Host::start(config).await.unwrap();
    let client = &host.client;
    let get = async |path: &str, headers: &[(&str, &str)]| {
        let answer = client.send(Method::GET, path, headers, String::new()).await;
        assert!(!answer.headers.keys().any(|name| name.as_str().starts_with("access-control")), "{path}");
        answer
    };
    // A name that its owner made to lead to 127.0.0.1.
    for path in ["/v1/intents", "/livez", "/metrics", "/openapi.json", "/nothing"] {
        let answer = get(path, &[("host", "rebound.example")]).await;
        assert_eq!((answer.status, answer.text("/code")), (403, "forbidden"), "{path}: {}", answer.raw);
        assert!(answer.text("/detail").contains("`hosts"), "{}", answer.raw);
    }
    assert_eq!(get("/v1/intents", &[("host", "bots.example.com")]).await.status, 200);
    assert_eq!(get("/v1/intents", &[("origin", "https://desk.example.com")]).await.status, 200);
    for origin in ["https://evil.example", "null", client.base()] {
        for path in ["/v1/intents", "/v1/connections", "/metrics"] {
            let answer = get(path, &[("origin", origin)]).await;
            assert_eq!((answer.status, answer.text("/code")), (403, "forbidden"), "{path}: {}", answer.raw);
        }
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" }).to_string();
        let answer = client.send(Method::POST, "/mcp", &[JSON, ("origin", origin)], body).await;
        assert_eq!(answer.status, 403, "{}", answer.raw);
    }
    // The question that a browser asks first.
    let asked = [("origin", "https://desk.example.com"), ("access-control-request-method", "POST")];
    let answer = client.send(Method::OPTIONS, "/v1/intents/order.status", &asked, String::new()).await;
    assert_eq!(answer.status, 400);
    assert!(!answer.headers.keys().any(|name| name.as_str().starts_with("access-control")), "{:?}", answer.headers);
    // What a page may send without asking first is no JSON to us.
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""] {
        let answer = client.send(Method::POST, "/mcp", &[("content-type", kind)], "{}".to_owned()).await;
        assert_eq!((answer.status, answer.text("/code")), (400, "malformed"), "{kind}: {}", answer.raw);
    }
}

#[tokio::test]
async fn json_that_is_made_to_do_harm_is_refused() {
    let host = Host::start("").await.unwrap();
    let nested = |open: &str, shut: &str, depth| format!("{{\"input\":{}{}}}", open.repeat(depth), shut.repeat(depth));
    let cases = [
        nested("[", "]", 100_000),
        nested("{\"a\":", "}", 100_000).replace(":}", ":1}"),
        "[".repeat(1_000_000),
        r#"{"input":{},"input":{"order_number":"1001"}}"#.to_owned(),
        r#"{"input":{"order_number":"1","order_number":"2"}}"#.to_owned(),
        r#"{"input":{"a":1e999999}}"#.to_owned(),
        r#"{"input":{"a":NaN}}"#.to_owned(),
        "\u{feff}{\"input\":{}}".to_owned(),
        r#"{"input":{}} {"input":{}}"#.to_owned(),
        r#"{"input":{},}"#.to_owned(),
        r#"{"input":{"a":"\ud800"}}"#.to_owned(),
        "{\"input\":{\"a\":\"\0\"}}".to_owned(),
    ];
    for body in cases {
        for path in ["/v1/intents/order.status", "/mcp"] {
            let answer = host.client.send(Method::POST, path, &[JSON], body.clone()).await;
            let shown = &body[..body.len().min(60)];
            let refused = match path {
                "/mcp" => answer.body["error"]["code"] == -32_700,
                _ => (answer.status, answer.text("/code")) == (400, "malformed"),
            };
            assert!(refused, "{path} {shown}: {}", answer.raw);
        }
    }
    // Wide is no harm: it is bounded by its bytes, and told to be unknown.
    let wide: serde_json::Map<_, _> = (0..20_000).map(|n| (format!("a{n}"), Value::Null)).collect();
    let answer = host.client.ask("order.status", Value::Object(wide)).await;
    assert!((400..500).contains(&answer.status), "{}", answer.status);
}

#[tokio::test]
async fn what_a_caller_names_stands_in_no_header_and_breaks_no_line() {
    let host = Host::start("").await.unwrap();
    let client = &host.client;
    for path in [
        "/v1/calls/x%0d%0aset-cookie:%20a=b",
        "/v1/calls/x%0d%0aset-cookie:%20a=b/events",
        "/v1/intents/x%0d%0aset-cookie:%20a=b",
        "/v1/calls/..%2f..%2fv1%2fintents",
        "/v1/calls/%00",
        "/v1/calls/%ff",
        "/v1/intents/%ff",
        "//v1/intents",
        "/v1//intents",
        "/v1/./intents",
        "/v1/intents/../intents",
    ] {
        let answer = client.get(path).await;
        assert!((400..500).contains(&answer.status), "{path}: {}", answer.raw);
        assert!(!answer.headers.contains_key("set-cookie") && !answer.headers.contains_key("location"), "{path}");
        assert_eq!(answer.headers["content-type"], "application/problem+json", "{path}");
    }
    let path = "/v1/intents/order.status";
    for id in ["a\r\nset-cookie: b", "a\nb", "a\u{0}b", "a\u{1b}[31mb", "\u{202e}a", "", &"x".repeat(256)] {
        for member in ["conversation_id", "message_id", "channel"] {
            let body = json!({ "input": {}, "context": { member: id } });
            let answer = client.post(path, &body).await;
            assert_eq!((answer.status, answer.text("/code")), (422, "invalid-input"), "{id:?}: {}", answer.raw);
        }
    }
    for key in ["\u{e4}", &"x".repeat(256), "a\tb"] {
        let answer = client.send(Method::POST, path, &[JSON, ("idempotency-key", key)], "{}".to_owned()).await;
        assert_eq!((answer.status, answer.text("/code")), (400, "malformed"), "{key:?}: {}", answer.raw);
    }
    let twice = [JSON, ("idempotency-key", "a"), ("idempotency-key", "b")];
    assert_eq!(client.send(Method::POST, path, &twice, "{}".to_owned()).await.text("/code"), "malformed");
}

#[tokio::test]
async fn what_is_forbidden_looks_like_what_is_not_there() {
    let digest = jackfield::audit::hex(&jackfield::admission::digest("orders-key"));
    let callers = format!(
        "[caller.orders]\nkey_sha256 = \"{digest}\"\ntenant = \"demo\"\nscopes = [\"intent:order.*\"]\n\
         [caller.stranger]\nkey_sha256 = \"{}\"\ntenant = \"elsewhere\"\nscopes = [\"intent:*\"]\n",
        jackfield::audit::hex(&jackfield::admission::digest("stranger-key"))
    );
    let demo = Demo::start_with(|config| config + &callers).await.unwrap();
    let (orders, stranger) = (demo.host.client.with_key("orders-key"), demo.host.client.with_key("stranger-key"));
    // All that is told, but for the id of the call and the name that the caller said itself.
    let told = |answer: jackfield_tests::Answer, name: &str| {
        let mut body = answer.body;
        body["call_id"] = Value::Null;
        (answer.status, body.to_string().replace(name, "NAME"), answer.headers["content-type"].clone())
    };
    let input = json!({ "input": { "order_number": "1001", "email": "customer@example.com" } });
    let mut asked = Vec::new();
    for name in ["ticket.status", "ticket.statue"] {
        asked.push((
            told(orders.post(&format!("/v1/intents/{name}"), &input).await, name),
            told(orders.get(&format!("/v1/intents/{name}")).await, name),
            told(stranger.post(&format!("/v1/intents/{name}"), &input).await, name),
        ));
    }
    assert_eq!(asked[0], asked[1], "an intent of others, and none");
    let mut named = Vec::new();
    for name in ["demo-shop", "demo-shed"] {
        let mut body = input.clone();
        body["connection"] = name.into();
        named.push(told(stranger.post("/v1/intents/order.status", &body).await, name));
    }
    assert_eq!(named[0], named[1], "a connection of others, and none");
    assert!(demo.mocks.journal("shopify").is_empty());
}
