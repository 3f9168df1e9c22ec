//! Hostile and broken business systems, as a bot service sees them through real connectors: always an answer, always in
//! time, never an upstream's word.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use http::Response;
use http_body_util::Full;
use jackfield_mocks::{Fault, Kind};
use jackfield_tests::{Demo, Host, Stub, guests, until};
use serde_json::json;

mod bombs;

/// Every call must end within this; the faults below would last far longer.
const WALL_MS: u64 = 700;

/// Each fault by itself: what the breaker makes of many in a row is looked at in `connections.rs`.
async fn demo() -> Demo {
    Demo::start_with(|config| {
        config.replace(
            "[sandbox]",
            &format!("[limits]\nwall_ms = {WALL_MS}\n\n[resilience]\nbreaker.enabled = false\n\n[sandbox]"),
        )
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn every_fault_of_an_upstream_becomes_a_problem_in_time() {
    let demo = demo().await;
    let faults = [
        (Kind::Reset, &["unavailable"][..]),
        (Kind::Close, &["unavailable"]),
        (Kind::CutBody, &["unavailable", "connector-fault"]),
        (Kind::Hang, &["timeout"]),
        (Kind::SlowHeaders, &["timeout"]),
        (Kind::SlowBody, &["timeout"]),
        (Kind::NotJson, &["unavailable", "connector-fault"]),
        (Kind::TruncatedJson, &["unavailable", "connector-fault"]),
        (Kind::EmptyBody, &["unavailable", "connector-fault"]),
        (Kind::WrongType, &["connector-fault"]),
        (Kind::HugeBody, &["unavailable", "connector-fault"]),
        (Kind::GzipBomb, &["unavailable", "connector-fault"]),
        (Kind::EchoHeaders, &["unavailable", "connector-fault"]),
        (Kind::RateLimit, &["rate-limited"]),
    ];
    for (kind, codes) in faults {
        for (system, intent, input) in [
            ("shopify", "order.status", json!({ "order_number": "1001", "email": "customer@example.com" })),
            ("zendesk", "ticket.status", json!({ "ticket_id": "35436", "email": "customer@example.com" })),
        ] {
            demo.mocks.fault(Fault::new(system, kind));
            let begun = Instant::now();
            let answer = demo.host.client.ask(intent, input).await;
            demo.mocks.clear_faults();
            assert!(codes.contains(&answer.text("/code")), "{kind:?} {intent}: {}", answer.raw);
            // The deadline, and room for a busy machine: the faults themselves last seconds to forever.
            assert!(begun.elapsed() < Duration::from_millis(WALL_MS + 3_000), "{kind:?} {intent}");
            for private in ["shpat_", "demo-token", "<html", "Bearer", "127.0.0.1"] {
                assert!(!answer.raw.contains(private), "{kind:?} {intent} tells {private}: {}", answer.raw);
            }
        }
    }
    // And after all of that the host still answers, once the pause is over that the last fault asked for.
    let input = json!({ "order_number": "1001", "email": "customer@example.com" });
    let client = &demo.host.client;
    until(async || (client.ask("order.status", input.clone()).await.status == 200).then_some(())).await;
}

#[tokio::test]
async fn a_killed_upstream_is_unavailable() {
    let demo = demo().await;
    let Demo { mocks, host } = demo;
    mocks.stop().await;
    let answer = host.client.ask("product.search", json!({ "query": "shirt" })).await;
    assert_eq!((answer.status, answer.text("/code")), (503, "unavailable"), "{}", answer.raw);
    assert_eq!(answer.body["retryable"], json!(true));
}

#[tokio::test]
async fn the_outcome_of_a_write_without_an_answer_is_unknown_and_never_called_failed() {
    let demo = demo().await;
    demo.mocks.fault(Fault { method: Some("POST".into()), ..Fault::new("zendesk", Kind::ResetAfter) });
    let input = json!({ "subject": "Cannot log in", "description": "Help", "requester_email": "customer@example.com" });
    let answer = demo.host.client.ask("ticket.create", input).await;
    assert_eq!((answer.text("/code"), answer.text("/outcome")), ("unavailable", "unknown"), "{}", answer.raw);
    assert_eq!(answer.body["retryable"], json!(false));
    // Every write has a key of its own, and Zendesk makes one ticket of all that come with it.
    let journal = demo.mocks.journal("zendesk");
    let posts = journal.iter().filter(|entry| entry.method == "POST");
    let key = |(name, value): &(String, String)| (name == "idempotency-key").then(|| value.clone());
    let keys: BTreeSet<_> = posts.map(|entry| entry.headers.iter().find_map(key)).collect();
    assert!(keys.len() == 1 && !keys.contains(&None), "no blind second POST: {keys:?}");
}

#[tokio::test]
async fn a_redirect_elsewhere_is_not_followed_and_gets_no_credential() {
    let elsewhere = Stub::empty().await.unwrap();
    let targets = [
        "http://169.254.169.254/latest/meta-data".to_owned(),
        format!("{}/orders/1", elsewhere.url),
        "/secret".to_owned(),
    ];
    for target in targets {
        let location = target.clone();
        let upstream = Stub::start(move |_| {
            let mut response = Response::new(Full::default());
            *response.status_mut() = http::StatusCode::FOUND;
            response.headers_mut().insert("location", location.parse().expect("a header"));
            response
        })
        .await
        .unwrap();
        let dir = tempfile::tempdir().unwrap();
        let host = Host::start(&guests::config(dir.path(), &["healthy"], &upstream.url, "")).await.unwrap();
        let answer = host.client.ask("healthy.run", json!({ "requests": 1 })).await;
        let error = answer.body["output"]["answers"][0]["error"].as_str().unwrap_or_default();
        assert!(error.contains("Denied"), "{target}: {}", answer.raw);
        assert_eq!(upstream.arrived().len(), 1, "{target}");
    }
    assert!(elsewhere.arrived().is_empty());
}

#[tokio::test]
async fn an_address_that_the_connection_does_not_list_is_not_dialled() {
    let upstream = Stub::empty().await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let config = guests::config(dir.path(), &["healthy"], &upstream.url, "");
    let host = Host::start(&config.replace("allow_addresses = [\"127.0.0.1/32\"]\n", "")).await.unwrap();
    let by_address = host.client.ask("healthy.run", json!({ "requests": 1 })).await;
    // `localhost` is a name that resolves to a private address.
    let named = upstream.url.replace("127.0.0.1", "localhost");
    let config = config.replace("allow_addresses = [\"127.0.0.1/32\"]\n", "").replace(&upstream.url, &named);
    let host = Host::start(&config).await.unwrap();
    let by_name = host.client.ask("healthy.run", json!({ "requests": 1 })).await;
    for answer in [by_address, by_name] {
        let error = answer.body["output"]["answers"][0]["error"].as_str().unwrap_or_default();
        assert!(error.contains("Denied") && error.contains("allow_addresses"), "{}", answer.raw);
    }
    assert!(upstream.arrived().is_empty());
}

#[tokio::test]
async fn the_credential_reaches_the_system_and_nobody_else() {
    let demo = demo().await;
    let answer = demo.host.client.ask("product.search", json!({ "query": "shirt" })).await;
    assert_eq!(answer.status, 200, "{}", answer.raw);
    let entry = &demo.mocks.journal("shopify")[0];
    let token = entry.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case("x-shopify-access-token"));
    assert_eq!(token.map(|(_, v)| v.as_str()), Some(jackfield_mocks::credentials::SHOPIFY_TOKEN));
    assert!(!answer.raw.contains(jackfield_mocks::credentials::SHOPIFY_TOKEN));
    assert!(demo.mocks.violations().is_empty(), "{:?}", demo.mocks.violations());
}
