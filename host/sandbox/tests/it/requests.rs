//! Requests of a guest: the refused case beside the allowed one, the budgets, the order, and what is known of writes.

use std::sync::atomic::Ordering::SeqCst;

use jackfield_core::call::{WriteGate, WriteOutcome};
use jackfield_core::manifest::Access;

use crate::stand::{Stand, connector};

async fn outcome(stand: &Stand, request: serde_json::Value) -> String {
    let answer = stand.answer("trespass", &request.to_string()).await;
    answer["outcome"].as_str().unwrap().to_owned()
}

fn get(path: &str) -> serde_json::Value {
    serde_json::json!({ "endpoint": "api", "method": "GET", "path": path })
}

fn post(path: &str) -> serde_json::Value {
    serde_json::json!({ "endpoint": "api", "method": "POST", "path": path })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_granted_is_sent_and_what_is_not_is_explained() {
    let stand = Stand::new();
    assert_eq!(outcome(&stand, get("/orders/7")).await, "status 200");
    assert_eq!(
        outcome(&stand, get("/customers/7")).await,
        "denied: no rule of endpoint `api` allows GET /customers/7; connector.toml:12 of `probe`: \
         add `\"read GET /customers/7\"` to `allow` of `[endpoint.api]`"
    );
    assert_eq!(
        outcome(&stand, serde_json::json!({ "endpoint": "metadata", "method": "GET", "path": "/" })).await,
        "denied: `probe` has no endpoint `metadata`; connector.toml of `probe`: add `[endpoint.NAME]`"
    );
    assert_eq!(*stand.seen.sent.lock().unwrap(), ["GET https://api.example.com/orders/7"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_method_that_is_not_granted_is_denied() {
    let stand = Stand::new();
    let delete = serde_json::json!({ "endpoint": "api", "method": "DELETE", "path": "/orders/7" });
    let told = outcome(&stand, delete).await;
    assert!(told.starts_with("denied: no rule of endpoint `api` allows DELETE /orders/7; "), "{told}");
    assert!(stand.seen.sent.lock().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_may_only_read_does_not_write() {
    let stand = Stand { access: Access::Read, ..Stand::new() };
    assert_eq!(
        outcome(&stand, post("/orders")).await,
        "denied: connection `probe-eu` may only read; POST /orders needs `write POST /orders`; \
         set `access = \"write\"` in `[connection.probe-eu]`"
    );
    assert!(stand.seen.sent.lock().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_climbs_and_a_header_that_is_not_the_guests_are_refused() {
    let stand = Stand::new();
    for path in ["/orders/../admin", "/orders/%2e%2e", "//other.example/orders/1", "https://other.example/"] {
        let told = outcome(&stand, get(path)).await;
        assert!(told.starts_with("invalid-request: ") || told.starts_with("denied: "), "{path}: {told}");
    }
    let mut request = get("/orders/1");
    request["headers"] = serde_json::json!({ "Authorization": "Bearer mine" });
    let told = outcome(&stand, request).await;
    assert!(told.starts_with("denied: header `authorization` is reserved for the host"), "{told}");
    assert!(stand.seen.sent.lock().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn denials_are_kept_for_the_operator() {
    let stand = Stand::new();
    let completed = stand.call("trespass", &get("/customers/7").to_string()).await;
    assert_eq!(completed.usage.denials.len(), 1);
    assert!(completed.usage.denials[0].contains("add `\"read GET /customers/7\"`"), "{:?}", completed.usage.denials);
    assert_eq!(completed.usage.upstream_requests, 0);
    // What the egress denies is a denial as well.
    let completed = stand.call("trespass", &post("/broken/refused").to_string()).await;
    assert_eq!(completed.usage.denials, ["the address is private"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_over_its_bound_is_not_sent() {
    let stand = Stand::new().with(|l| l.request_body_bytes_max = 1_000);
    let mut request = post("/orders");
    request["body_bytes"] = 1_000.into();
    assert_eq!(outcome(&stand, request.clone()).await, "status 200");
    request["body_bytes"] = 1_001.into();
    assert_eq!(outcome(&stand, request).await, "budget-exceeded: the body of 1001 bytes is over the bound of 1000");
    assert_eq!(stand.seen.sent.lock().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_over_its_bound_does_not_reach_the_guest() {
    assert_eq!(outcome(&Stand::new(), get("/huge")).await, "too-large");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_beyond_the_budget_are_not_sent() {
    let stand = Stand::new().with(|l| l.upstream_requests_max = 3);
    for input in [r#"{"requests": 5}"#, r#"{"requests": 5, "at_once": true}"#] {
        stand.seen.sent.lock().unwrap().clear();
        let answer = stand.answer("healthy", input).await;
        let answers = answer["answers"].as_array().unwrap();
        assert_eq!(answers.iter().filter(|a| a["status"] == 200).count(), 3, "{answer}");
        let told = answers[4]["error"].as_str().unwrap();
        assert!(told.contains("the call has made its 3 requests"), "{told}");
        assert_eq!(stand.seen.sent.lock().unwrap().len(), 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_at_once_is_bounded_and_answers_in_order() {
    let stand = Stand::new().with(|l| l.upstream_concurrent_max = 8);
    let answer = stand.answer("healthy", r#"{"requests": 20, "at_once": true}"#).await;
    let bodies: Vec<_> = answer["answers"].as_array().unwrap().iter().map(|a| a["body"].clone()).collect();
    let expected: Vec<_> = (1..=20).map(|n| format!("{{\"id\":{n}}}")).collect();
    assert_eq!(bodies, expected);
    assert_eq!(stand.seen.open_max.load(SeqCst), 8);

    let one_by_one = Stand::new();
    one_by_one.answer("healthy", r#"{"requests": 3}"#).await;
    assert_eq!(one_by_one.seen.open_max.load(SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_known_of_a_write_is_what_the_system_said() {
    for (request, expected) in [
        (get("/orders/1"), WriteOutcome::None),
        (post("/orders"), WriteOutcome::Applied),
        (post("/broken/status"), WriteOutcome::None),
        (post("/broken/sent"), WriteOutcome::Unknown),
        (post("/broken/unsent"), WriteOutcome::None),
        (post("/broken/refused"), WriteOutcome::None),
    ] {
        let completed = Stand::new().call("trespass", &request.to_string()).await;
        assert!(completed.result.is_ok());
        assert_eq!(completed.usage.write_outcome, expected, "{request}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn usage_counts_bytes_both_ways() {
    let stand = Stand::new();
    let mut request = post("/orders");
    request["body_bytes"] = 100.into();
    let usage = stand.call("trespass", &request.to_string()).await.usage;
    assert_eq!((usage.bytes_sent, usage.bytes_received), (100, "{\"id\":0}".len() as u64));
    assert_eq!(usage.upstream_requests, 1);
    assert!(usage.host_calls >= 1);
    assert!(usage.memory_bytes_peak > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_was_taken_back_writes_no_more_and_may_still_read() {
    let stand = Stand::new();
    let run = async |gate: &WriteGate, request: serde_json::Value| {
        let mut invocation = stand.invocation(&request.to_string());
        invocation.context.gate = gate.clone();
        let completed = connector("trespass").handle(&stand.ports, invocation).await;
        (completed.result.unwrap(), completed.usage.write_outcome)
    };
    let gate = WriteGate::closable();
    let (read, _) = run(&gate, get("/orders/7")).await;
    assert!(read.contains("status 200"), "{read}");
    assert!(gate.close(), "a read leaves the gate as it is");
    let (refused, outcome) = run(&gate, post("/orders")).await;
    assert!(refused.contains("denied: the call was taken back"), "{refused}");
    assert_eq!(outcome, WriteOutcome::None);
    assert!(run(&gate, get("/orders/7")).await.0.contains("status 200"));
    assert_eq!(stand.seen.sent.lock().unwrap().iter().filter(|line| line.starts_with("POST")).count(), 0);

    let gate = WriteGate::closable();
    assert_eq!(run(&gate, post("/orders")).await.1, WriteOutcome::Applied);
    assert!(!gate.close(), "a write has left");
}
