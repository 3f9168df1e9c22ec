//! JSON that is made to do harm, and answers that are none, read by a real connector in its sandbox: the call ends in
//! time, the caller hears nothing of what was sent, and the next call is answered.

use std::time::{Duration, Instant};

use http::Response;
use http_body_util::Full;
use jackfield_mocks::Mocks;
use jackfield_tests::{Host, Stub, demo_config};
use serde_json::json;

use super::WALL_MS;

/// A marker that must not be found in an answer.
const MARK: &str = "planted-by-the-upstream";

/// Within the bound of a response, so that a guest gets it.
const BYTES: usize = 4 << 20;

fn bombs() -> Vec<(&'static str, &'static str, String)> {
    let json = "application/json";
    let orders = |inner: &str| format!("{{\"data\":{{\"orders\":{{\"edges\":{inner},\"nodes\":{inner}}}}}}}");
    let filled = |piece: &str| piece.repeat(BYTES / piece.len());
    let wide: String = (0..BYTES / 16).map(|n| format!("\"{n:08}\":1,")).collect();
    vec![
        ("open arrays", json, filled("[")),
        ("open objects", json, filled("{\"a\":")),
        ("deep and closed", json, orders(&format!("{}{}", "[".repeat(BYTES / 4), "]".repeat(BYTES / 4)))),
        ("a wide object", json, format!("{{{}\"a\":1}}", wide)),
        ("a wide array", json, orders(&format!("[{}{{}}]", filled("{},")))),
        ("one name over and over", json, format!("{{{}\"data\":null}}", filled("\"data\":{},"))),
        ("a number of millions of digits", json, orders(&"9".repeat(BYTES))),
        ("a number beyond all", json, orders("1e999999999")),
        ("a long string", json, orders(&format!("\"{}\"", "x".repeat(BYTES)))),
        ("escapes", json, orders(&format!("\"{}\"", filled("\\u0000")))),
        ("half a surrogate", json, orders("\"\\ud800\"")),
        ("a page for people", "text/html", format!("<html><body>{MARK}: 502 Bad Gateway</body></html>")),
        ("a page for people that says it is JSON", json, format!("<html>{MARK}</html>")),
        ("an error inside of a 200", json, format!("{{\"errors\":[{{\"message\":\"{MARK}\"}}]}}")),
        ("an error as text", json, format!("{{\"errors\":\"{MARK}\"}}")),
        ("null", json, "null".to_owned()),
        ("nothing", json, String::new()),
    ]
}

#[tokio::test]
async fn a_bomb_of_json_ends_a_call_in_time_and_tells_nothing() {
    let mocks = Mocks::start(([127, 0, 0, 1], 0).into()).await.unwrap();
    for (name, kind, body) in bombs() {
        let answer = body.clone();
        let shop = Stub::start(move |_| {
            let mut response = Response::new(Full::from(answer.clone()));
            response.headers_mut().insert("content-type", kind.parse().expect("a header"));
            response
        })
        .await
        .unwrap();
        let config = demo_config(&mocks).unwrap().replace(mocks.base_url("shopify"), &shop.url);
        let limits = format!("[limits]\nwall_ms = {WALL_MS}\n\n[resilience]\nbreaker.enabled = false\n\n[sandbox]");
        let host = Host::start(&config.replace("[sandbox]", &limits)).await.unwrap();
        let begun = Instant::now();
        let answer =
            host.client.ask("order.status", json!({ "order_number": "1001", "email": "customer@example.com" })).await;
        let codes = ["unavailable", "connector-fault", "not-found", "timeout", "rejected"];
        assert!(codes.contains(&answer.text("/code")), "{name}: {}", answer.raw);
        assert!(begun.elapsed() < Duration::from_millis(WALL_MS + 3_000), "{name}: {:?}", begun.elapsed());
        assert!(!shop.arrived().is_empty(), "{name}: it was asked");
        assert!(!answer.raw.contains(MARK) && answer.raw.len() < 4_096, "{name}: {}", answer.raw);
        // The sandbox next door is as well as ever.
        let ticket = json!({ "ticket_id": "35436", "email": "customer@example.com" });
        let next = host.client.ask("ticket.status", ticket).await;
        assert_eq!(next.status, 200, "{name}: {}", next.raw);
    }
}
