//! How connections are doing, as their operator sees it: what the traffic shows, what a breaker does with it, what a
//! probe finds out, and what of all that may be written in the configuration.

use std::collections::BTreeSet;

use jackfield_mocks::{Fault, Kind};
use jackfield_tests::{Demo, Host, Stub, guests, until};
use serde_json::{Value, json};

/// A breaker that opens on the third failure after a good answer, and stays open for the length of a test.
const QUICK: &str = "\n[connection.demo-shop.resilience]\nretry.attempts_max = 1\n\
                     breaker = { calls_min = 4, open_ms = 60000 }\n";

fn named<'a>(listed: &'a Value, name: &str) -> &'a Value {
    let all = listed["connections"].as_array().expect("a list");
    all.iter().find(|connection| connection["name"] == name).expect("it is listed")
}

#[tokio::test]
async fn a_system_that_is_down_is_left_alone_and_the_caller_is_told_for_how_long() {
    let demo = Demo::start_with(|config| config + QUICK).await.unwrap();
    let client = &demo.host.client;
    let ask = async || client.ask("product.search", json!({ "query": "shirt" })).await;
    assert_eq!(ask().await.status, 200);
    let before = client.get("/v1/connections").await;
    let shop = named(&before.body, "demo-shop");
    assert_eq!((&shop["state"], &shop["health"]["breaker"]["read"]["state"]), (&json!("active"), &json!("closed")));
    assert!(shop["health"]["p95_ms"].is_u64() && shop["health"]["last_error"].is_null(), "{shop}");

    demo.mocks.fault(Fault::new("shopify", Kind::Reset));
    for _ in 0..3 {
        assert_eq!(ask().await.text("/code"), "unavailable");
    }
    let arrived = demo.mocks.journal("shopify").len();
    let refused = ask().await;
    assert_eq!((refused.status, refused.text("/code"), refused.text("/outcome")), (503, "unavailable", "none"));
    let wait_ms = refused.body["retry_after_ms"].as_u64().expect("it says when to come back");
    assert!((25_000..=60_000).contains(&wait_ms), "{wait_ms}");
    let header: u64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((25..=60).contains(&header), "{header}");
    assert_eq!(demo.mocks.journal("shopify").len(), arrived, "it is not asked");

    let after = client.get("/v1/connections").await;
    let shop = named(&after.body, "demo-shop");
    assert_eq!((&shop["state"], &shop["health"]["breaker"]["read"]["state"]), (&json!("degraded"), &json!("open")));
    assert_eq!(shop["health"]["breaker"]["write"]["state"], "closed", "writes are judged apart");
    let error = shop["health"]["last_error"].as_object().unwrap();
    let members: BTreeSet<_> = error.keys().map(String::as_str).collect();
    assert_eq!((error["kind"].as_str(), members), (Some("unavailable"), BTreeSet::from(["at_ms", "kind"])));
    assert_eq!(named(&after.body, "demo-help")["state"], "active", "another system's trouble is not its own");

    let metrics = client.get("/metrics").await.raw;
    for line in [
        "jackfield_upstream_breaker{connection=\"demo-shop\",access=\"read\"} 2",
        "jackfield_upstream_breaker{connection=\"demo-help\",access=\"read\"} 0",
        "jackfield_upstream_refused_total{connection=\"demo-shop\",access=\"read\",by=\"breaker\"} 1",
        "jackfield_upstream_requests_total{connection=\"demo-shop\",access=\"read\",outcome=\"failed\"} 3",
        "jackfield_connection_in_flight{connection=\"demo-shop\"} 0",
    ] {
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }
    assert!(metrics.contains("jackfield_upstream_budget_left{connection=\"demo-shop\""), "{metrics}");
}

#[tokio::test]
async fn retries_of_reads_are_seen_by_the_system_and_counted() {
    let retry = "\n[resilience.retry]\nattempts_max = 2\nbase_ms = 1\n";
    let demo = Demo::start_with(|config| config + retry).await.unwrap();
    let ask = async || demo.host.client.ask("product.search", json!({ "query": "shirt" })).await;
    assert_eq!(ask().await.status, 200);
    let one = demo.mocks.journal("shopify").len();
    demo.mocks.fault(Fault { times: Some(1), ..Fault::new("shopify", Kind::Reset) });
    let answer = ask().await;
    assert_eq!(answer.status, 200, "{}", answer.raw);
    assert_eq!(demo.mocks.journal("shopify").len(), one * 2 + 1, "the one that was reset, and once more");
    let metrics = demo.host.client.get("/metrics").await.raw;
    let line = "jackfield_upstream_retries_total{connection=\"demo-shop\",access=\"read\"} 1";
    assert!(metrics.contains(line), "{metrics}");
}

#[tokio::test]
async fn a_smaller_plan_than_the_manifests_is_kept_to() {
    let plan = "\n[connection.demo-help.rate.api]\nwait_ms_max = 0\nwindow.account.limit = 1\n";
    let demo = Demo::start_with(|config| config + plan).await.unwrap();
    let input = json!({ "ticket_id": "35436", "email": "customer@example.com" });
    let mut codes = Vec::new();
    for _ in 0..3 {
        codes.push(demo.host.client.ask("ticket.status", input.clone()).await.text("/code").to_owned());
    }
    assert!(codes.iter().any(|code| code == "rate-limited"), "{codes:?}");
    let listed = demo.host.client.get("/v1/connections").await;
    let windows = &named(&listed.body, "demo-help")["health"]["budget"][0]["windows"];
    assert!(windows.to_string().contains("account"), "{listed:?}");
}

#[tokio::test]
async fn what_cannot_be_is_complained_of_with_its_line() {
    let wrong = "\n[connection.demo-help.rate.nowhere]\npause_ms = 1\n\
                 [connection.demo-help.rate.api]\nwindow.acount.limit = 1\n\
                 [connection.demo-help.resilience]\nbreaker.failure_percent = 0\n";
    let report = Demo::start_with(|config| config + wrong).await.err().expect("it does not start").to_string();
    for part in [
        "`rate` of connection `demo-help` names the endpoint `nowhere`, which is not there",
        "`rate.api` of connection `demo-help` has no window `acount`",
        "`breaker.failure_percent` of connection `demo-help` is 0",
        "a number from 1 to 100",
    ] {
        assert!(report.contains(part), "{part} is not in\n{report}");
    }
    let dir = tempfile::tempdir().unwrap();
    let config = guests::config(dir.path(), &["healthy"], "http://127.0.0.1:1", "probe_interval_ms = 60000");
    let report = Host::start(&config).await.err().expect("it does not start").to_string();
    assert!(report.contains("`probe_interval_ms` of connection `healthy` has nothing to send"), "{report}");
}

#[tokio::test]
async fn a_probe_is_sent_by_itself_reads_and_is_no_traffic() {
    let upstream = Stub::empty().await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let config = guests::config(dir.path(), &["healthy"], &upstream.url, "probe_interval_ms = 1000");
    let manifest = guests::manifest("healthy") + "probe = \"/orders/1?fields=id\"\n";
    guests::write(dir.path(), "healthy", &guests::package_with("healthy", manifest));
    let host = Host::start(&config).await.unwrap();
    until(async || (upstream.arrived().len() >= 2).then_some(())).await;
    assert!(upstream.arrived().iter().all(|one| one.line == "GET /orders/1?fields=id"), "{:?}", upstream.arrived());
    let counted = async || {
        let metrics = host.client.get("/metrics").await.raw;
        metrics.contains("jackfield_upstream_probes_total{connection=\"healthy\",outcome=\"ok\"}").then_some(metrics)
    };
    let metrics = until(counted).await;
    assert!(!metrics.contains("jackfield_upstream_requests_total{"), "{metrics}");
    let listed = host.client.get("/v1/connections").await;
    assert_eq!(named(&listed.body, "healthy")["health"]["requests"], 0, "{}", listed.raw);
}
