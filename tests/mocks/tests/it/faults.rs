//! Every kind of fault, seen from a bare connection.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use jackfield_mocks::{Fault, Kind, Mocks, credentials};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::client::{Reply, bytes, desk, graphql_as, open, parse, send, shop_get, start};

const SHOP: &str = "/admin/api/2026-10/shop.json";

async fn with(kind: Kind) -> Mocks {
    let mocks = start().await;
    mocks.fault(Fault::new("shopify", kind));
    mocks
}

async fn raw(mocks: &Mocks) -> std::io::Result<Vec<u8>> {
    let headers = [("x-shopify-access-token", credentials::SHOPIFY_TOKEN)];
    bytes(mocks.base_url("shopify"), "GET", SHOP, &headers, "").await
}

async fn create_ticket(mocks: &Mocks) -> std::io::Result<Reply> {
    let body = json!({ "ticket": { "external_id": "once", "comment": { "body": "x" } } });
    let authorization = crate::client::basic(credentials::ZENDESK_EMAIL);
    let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
    let base = mocks.base_url("zendesk");
    send(base, "POST", "/api/v2/tickets", &headers, &body.to_string()).await
}

async fn tickets_made(mocks: &Mocks) -> usize {
    let reply = desk(mocks, "GET", "/api/v2/tickets?external_id=once", Value::Null).await;
    reply.json()["tickets"].as_array().unwrap().len()
}

#[tokio::test]
async fn latency_waits_and_then_answers() {
    let mocks = start().await;
    mocks.fault(Fault { delay_ms: Some(120), ..Fault::new("shopify", Kind::Latency) });
    let before = Instant::now();
    assert_eq!(shop_get(&mocks, SHOP).await.status, 200);
    assert!(before.elapsed() >= Duration::from_millis(120));
}

#[tokio::test]
async fn a_reset_is_a_reset_and_applies_nothing() {
    let mocks = start().await;
    mocks.fault(Fault { times: Some(1), ..Fault::new("zendesk", Kind::Reset) });
    let error = create_ticket(&mocks).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert_eq!(tickets_made(&mocks).await, 0);
    let entry = &mocks.journal("zendesk")[0];
    assert_eq!((entry.status, entry.fault), (None, Some(Kind::Reset)));
}

#[tokio::test]
async fn a_reset_after_applies_the_request_and_answers_nothing() {
    let mocks = start().await;
    mocks.fault(Fault { nth: Some(1), ..Fault::new("zendesk", Kind::ResetAfter) });
    let error = create_ticket(&mocks).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert_eq!(tickets_made(&mocks).await, 1);
}

#[tokio::test]
async fn close_ends_the_connection_without_a_byte() {
    let mocks = with(Kind::Close).await;
    assert!(raw(&mocks).await.unwrap().is_empty());
}

#[tokio::test]
async fn refuse_takes_no_connection_until_it_is_over() {
    let mocks = with(Kind::Refuse).await;
    let address = mocks.base_url("shopify").strip_prefix("http://").unwrap().to_owned();
    let answer = async || tokio::net::TcpStream::connect(&address).await.map(|_| ()).map_err(|error| error.kind());
    // The door is closed by a task of its own, and who stands in it just then is reset.
    while answer().await != Err(ErrorKind::ConnectionRefused) {
        tokio::task::yield_now().await;
    }
    assert_eq!(desk(&mocks, "GET", "/api/v2/tickets", Value::Null).await.status, 200, "the others are well");
    mocks.clear_faults();
    while answer().await.is_err() {
        tokio::task::yield_now().await;
    }
    assert_eq!(shop_get(&mocks, SHOP).await.status, 200);
}

#[tokio::test]
async fn cut_head_ends_within_the_head() {
    let mocks = with(Kind::CutHead).await;
    let got = String::from_utf8(raw(&mocks).await.unwrap()).unwrap();
    assert!(got.starts_with("HTTP/1.1 200") && !got.contains("\r\n\r\n"), "{got}");
    assert_eq!(mocks.journal("shopify")[0].processed, Some(200));
}

#[tokio::test]
async fn close_after_and_unasked_answer_whole_and_promise_to_go_on() {
    let whole = String::from_utf8(raw(&with(Kind::CloseAfter).await).await.unwrap()).unwrap();
    assert!(whole.contains("connection: keep-alive") && whole.ends_with('}'), "{whole}");
    let two = String::from_utf8(raw(&with(Kind::Unasked).await).await.unwrap()).unwrap();
    assert_eq!((two.matches("HTTP/1.1 200").count(), two.ends_with("{\"unasked\": \"for\"}")), (2, true), "{two}");
}

#[tokio::test]
async fn what_a_write_adds_is_counted_and_what_was_processed_is_told() {
    let mocks = start().await;
    let before = mocks.census()["zendesk/tickets"];
    mocks.fault(Fault { nth: Some(1), ..Fault::new("zendesk", Kind::ResetAfter) });
    mocks.fault(Fault { nth: Some(2), ..Fault::new("zendesk", Kind::NotJson) });
    let _ = create_ticket(&mocks).await;
    let _ = create_ticket(&mocks).await;
    assert_eq!(mocks.census()["zendesk/tickets"], before + 1);
    let told: Vec<_> = mocks.journal("zendesk").iter().map(|entry| (entry.status, entry.processed)).collect();
    assert_eq!(told, [(None, Some(201)), (Some(200), None)]);
}

#[tokio::test]
async fn hang_says_nothing() {
    let mocks = with(Kind::Hang).await;
    let waited = tokio::time::timeout(Duration::from_millis(150), raw(&mocks)).await;
    assert!(waited.is_err());
}

#[tokio::test]
async fn a_cut_body_promises_more_than_it_sends() {
    let mocks = with(Kind::CutBody).await;
    let reply = parse(&raw(&mocks).await.unwrap()).unwrap();
    let promised: usize = reply.header("content-length").unwrap().parse().unwrap();
    assert_eq!(reply.status, 200);
    assert_eq!(reply.body.len(), promised / 2);
}

#[tokio::test]
async fn wrong_types_keep_the_shape() {
    let mocks = with(Kind::WrongType).await;
    let reply = shop_get(&mocks, SHOP).await.json();
    assert!(reply["shop"]["name"].is_number());
    assert!(reply["shop"]["id"].is_string());
}

#[tokio::test]
async fn answers_that_are_not_json_or_not_whole_are_sent_as_asked() {
    let mocks = with(Kind::NotJson).await;
    let reply = shop_get(&mocks, SHOP).await;
    assert_eq!(reply.status, 200);
    assert!(reply.header("content-type").unwrap().starts_with("text/html"));

    let mocks = with(Kind::TruncatedJson).await;
    let reply = shop_get(&mocks, SHOP).await;
    assert_eq!(reply.header("content-length").unwrap(), reply.body.len().to_string());
    assert!(serde_json::from_slice::<Value>(&reply.body).is_err());

    let mocks = with(Kind::EmptyBody).await;
    let reply = shop_get(&mocks, SHOP).await;
    assert_eq!((reply.status, reply.body.len()), (200, 0));
}

#[tokio::test]
async fn a_huge_body_is_64_mib_of_json() {
    let mocks = with(Kind::HugeBody).await;
    let reply = shop_get(&mocks, SHOP).await;
    assert_eq!(reply.body.len(), (64 << 20) + 11);
    assert!(reply.body.starts_with(b"{\"data\":\"aaaa") && reply.body.ends_with(b"a\"}"));
}

#[tokio::test]
async fn a_gzip_bomb_is_small_on_the_wire_and_says_it_is_huge() {
    let mocks = with(Kind::GzipBomb).await;
    let reply = shop_get(&mocks, SHOP).await;
    assert_eq!(reply.header("content-encoding"), Some("gzip"));
    assert!(reply.body.starts_with(&[0x1f, 0x8b, 8]));
    assert!(reply.body.len() < 2 << 20);
    let size = u32::from_le_bytes(reply.body[reply.body.len() - 4..].try_into().unwrap());
    assert!(size > 1 << 30);
}

#[tokio::test]
async fn slow_heads_and_bodies_arrive_in_many_pieces_and_whole() {
    for kind in [Kind::SlowHeaders, Kind::SlowBody] {
        let mocks = start().await;
        mocks.fault(Fault { delay_ms: Some(1), ..Fault::new("shopify", kind) });
        let mut stream = open(mocks.base_url("shopify")).await;
        let request = format!(
            "GET {SHOP}?fields=id HTTP/1.1\r\nhost: test\r\nx-shopify-access-token: {}\r\n\r\n",
            credentials::SHOPIFY_TOKEN
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let (mut pieces, mut all) = (0, Vec::new());
        loop {
            let mut piece = [0; 4096];
            match stream.read(&mut piece).await.unwrap() {
                0 => break,
                size => all.extend_from_slice(&piece[..size]),
            }
            pieces += 1;
        }
        assert!(pieces > 10, "{kind:?} came in {pieces} pieces");
        let reply = parse(&all).unwrap();
        assert_eq!(reply.json()["shop"]["id"], 690933842);
    }
}

#[tokio::test]
async fn a_redirect_goes_where_the_fault_says() {
    let mocks = start().await;
    let location = "http://169.254.169.254/latest";
    mocks.fault(Fault { location: Some(location.to_owned()), ..Fault::new("shopify", Kind::Redirect) });
    let reply = shop_get(&mocks, SHOP).await;
    assert_eq!((reply.status, reply.header("location")), (302, Some(location)));
}

#[tokio::test]
async fn a_hostile_upstream_echoes_the_credentials() {
    let mocks = with(Kind::EchoHeaders).await;
    let reply = shop_get(&mocks, SHOP).await.json();
    assert_eq!(reply["headers"]["x-shopify-access-token"], credentials::SHOPIFY_TOKEN);
}

#[tokio::test]
async fn rate_limits_are_each_vendors_own() {
    let mocks = with(Kind::RateLimit).await;
    let reply = shop_get(&mocks, SHOP).await;
    assert_eq!((reply.status, reply.header("retry-after")), (429, Some("2.0")));
    assert!(reply.json()["errors"].as_str().unwrap().starts_with("Exceeded 2 calls"));

    mocks.fault(Fault { retry_after: Some("1".to_owned()), ..Fault::new("zendesk", Kind::RateLimit) });
    let reply = desk(&mocks, "GET", "/api/v2/groups", Value::Null).await;
    assert_eq!((reply.status, reply.header("retry-after")), (429, Some("1")));
    assert!(reply.header("content-type").unwrap().starts_with("text/plain"));

    mocks.clear_faults();
    mocks.fault(Fault::new("shopify", Kind::Throttled));
    let query = "{ shop { name } }";
    let reply = graphql_as(&mocks, credentials::SHOPIFY_TOKEN, query, json!({})).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.json()["errors"][0]["extensions"]["code"], "THROTTLED");
    assert!(reply.json()["extensions"]["cost"]["actualQueryCost"].is_null());
}

#[tokio::test]
async fn a_status_fault_is_bound_to_method_path_and_count() {
    let mocks = start().await;
    mocks.fault(Fault {
        method: Some("get".to_owned()),
        path: Some("/api/v2/tickets/*".to_owned()),
        status: Some(503),
        times: Some(2),
        ..Fault::new("zendesk", Kind::Status)
    });
    let mut seen = Vec::new();
    for path in ["/api/v2/groups", "/api/v2/tickets/35436", "/api/v2/tickets/35437", "/api/v2/tickets/35438"] {
        seen.push(desk(&mocks, "GET", path, Value::Null).await.status);
    }
    assert_eq!(seen, [200, 503, 503, 200]);
}

#[tokio::test]
async fn an_honest_connection_is_kept_alive() {
    let mocks = start().await;
    let mut stream = open(mocks.base_url("shopify")).await;
    let request = format!(
        "GET {SHOP}?fields=id HTTP/1.1\r\nhost: test\r\nx-shopify-access-token: {}\r\n\r\n",
        credentials::SHOPIFY_TOKEN
    );
    for _ in 0..3 {
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut read = Vec::new();
        while !read.ends_with(b"}}") {
            let mut piece = [0; 4096];
            let size = stream.read(&mut piece).await.unwrap();
            assert_ne!(size, 0, "the connection ended");
            read.extend_from_slice(&piece[..size]);
        }
    }
    assert_eq!(mocks.journal("shopify").len(), 3);
}
