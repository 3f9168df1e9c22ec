//! Misbehaving connectors behind a real host: each ends in its own problem, and the connector beside it answers on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jackfield_tests::{Answer, Host, Stub, guests};
use serde_json::{Value, json};

/// Small enough that a test is quick, large enough for a healthy guest on a busy machine.
const LIMITS: &str = "limits = { wall_ms = 1500, cpu_ms = 300 }";

struct Stage {
    host: Host,
    upstream: Stub,
    _dir: tempfile::TempDir,
}

/// A host with one guest and the healthy one beside it.
async fn stage(name: &str) -> Stage {
    stage_with(name, LIMITS).await
}

async fn stage_with(name: &str, limits: &str) -> Stage {
    let dir = tempfile::tempdir().unwrap();
    let upstream = Stub::empty().await.unwrap();
    let config = guests::config(dir.path(), &[name, "healthy"], &upstream.url, limits);
    Stage { host: Host::start(&config).await.unwrap(), upstream, _dir: dir }
}

/// Runs the guest while the healthy one is asked over and over: all of its answers must be right.
async fn misbehave(stage: &Stage, name: &str, input: Value) -> Answer {
    let over = Arc::new(AtomicBool::new(false));
    let neighbour = tokio::spawn({
        let (client, over) = (stage.host.client.clone(), over.clone());
        async move {
            let mut answered = 0;
            while !over.load(Ordering::Relaxed) || answered == 0 {
                let answer = client.ask("healthy.run", json!({ "requests": 1 })).await;
                assert_eq!(answer.status, 200, "the neighbour: {}", answer.raw);
                answered += 1;
            }
            answered
        }
    });
    let answer = stage.host.client.ask(&format!("{name}.run"), input).await;
    over.store(true, Ordering::Relaxed);
    assert!(neighbour.await.unwrap() > 0);
    answer
}

fn assert_problem(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status, answer.text("/code")), (status, code), "{}", answer.raw);
    // Nothing private: no path, no backtrace, no word of the guest.
    for private in ["wasm", "panic", "src/", "trap"] {
        assert!(!answer.raw.contains(private), "{private}: {}", answer.raw);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endless_loop_ends_at_its_computing_time() {
    assert_problem(&misbehave(&stage("loop").await, "loop", json!({})).await, 502, "connector-fault");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_ends_at_its_bound() {
    assert_problem(&misbehave(&stage("grow").await, "grow", json!({})).await, 502, "connector-fault");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recursion_ends_at_the_stack() {
    assert_problem(&misbehave(&stage("recurse").await, "recurse", json!({})).await, 502, "connector-fault");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_host_calls_end_at_the_bound() {
    assert_problem(&misbehave(&stage("hostcalls").await, "hostcalls", json!({})).await, 502, "connector-fault");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_megabytes_of_answer_are_refused() {
    assert_problem(&misbehave(&stage("flood").await, "flood", json!({})).await, 502, "connector-fault");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_is_a_fault_and_says_nothing_outside() {
    assert_problem(&misbehave(&stage("panic").await, "panic", json!({})).await, 502, "connector-fault");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_exit_is_no_answer() {
    assert_problem(&misbehave(&stage("exit").await, "exit", json!({})).await, 502, "connector-fault");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_json_is_a_fault() {
    assert_problem(&misbehave(&stage("notjson").await, "notjson", json!({})).await, 502, "connector-fault");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_log_lines_ends_at_a_bound() {
    assert_problem(&misbehave(&stage("logger").await, "logger", json!({})).await, 502, "connector-fault");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_that_only_waits_ends_at_the_wall() {
    let answer = misbehave(&stage("sleepy").await, "sleepy", json!({ "sleep_ms": 60_000 })).await;
    assert_problem(&answer, 504, "timeout");
    // There is no helpdesk here, so nobody is offered a team member.
    assert_eq!(answer.body["options"], json!([{ "kind": "retry", "label": "Try again" }]));
    assert_eq!(
        answer.text("/text"),
        "I'm having trouble accessing that information right now. Would you like to try again?"
    );
}

#[tokio::test]
async fn waiting_is_not_computing() {
    let stage = stage_with("sleepy", "limits = { wall_ms = 10000, cpu_ms = 100 }").await;
    let answer = stage.host.client.ask("sleepy.run", json!({ "sleep_ms": 300 })).await;
    assert_eq!((answer.status, answer.text("/output")), (200, "slept"), "{}", answer.raw);
}

#[tokio::test]
async fn a_callers_deadline_shortens_the_wall() {
    let stage = stage_with("sleepy", "limits = { wall_ms = 60000 }").await;
    let body = json!({ "input": { "sleep_ms": 50_000 }, "options": { "deadline_ms": 200 } });
    let answer = stage.host.client.post("/v1/intents/sleepy.run", &body).await;
    assert_problem(&answer, 504, "timeout");
}

#[tokio::test]
async fn nothing_is_left_for_the_next_call() {
    let stage = stage("state").await;
    for _ in 0..5 {
        let answer = stage.host.client.ask("state.run", json!({})).await;
        assert_eq!((answer.status, &answer.body["output"]), (200, &json!(1)), "{}", answer.raw);
    }
}

#[tokio::test]
async fn what_the_grant_lacks_is_denied_and_what_it_has_goes_through() {
    let stage = stage("trespass").await;
    let attempt = async |input: Value| {
        let answer = stage.host.client.ask("trespass.run", input).await;
        assert_eq!(answer.status, 200, "{}", answer.raw);
        answer.text("/output/outcome").to_owned()
    };
    assert_eq!(attempt(json!({ "endpoint": "api", "method": "GET", "path": "/orders/1" })).await, "status 200");
    let before = stage.upstream.arrived().len();
    let refused = [
        (
            json!({ "endpoint": "other", "method": "GET", "path": "/orders/1" }),
            "denied: `trespass` has no endpoint `other`",
        ),
        (
            json!({ "endpoint": "api", "method": "DELETE", "path": "/orders/1" }),
            "denied: no rule of endpoint `api` allows DELETE /orders/1",
        ),
        (
            json!({ "endpoint": "api", "method": "GET", "path": "/customers/1" }),
            "denied: no rule of endpoint `api` allows GET /customers/1",
        ),
        (
            json!({ "endpoint": "api", "method": "POST", "path": "/slow" }),
            "denied: connection `trespass` may only read",
        ),
        (
            json!({ "endpoint": "api", "method": "GET", "path": "/orders/../slow" }),
            "invalid-request: the path has a dot segment",
        ),
        (
            json!({ "endpoint": "api", "method": "GET", "path": "//evil.example/orders/1" }),
            "invalid-request: the path does not begin with one `/`",
        ),
        (
            json!({ "endpoint": "api", "method": "GET", "path": "/orders/1", "headers": { "Host": "evil.example" } }),
            "denied: header `host` is reserved",
        ),
        (
            json!({ "endpoint": "api", "method": "GET", "path": "/orders/1", "headers": { "Authorization": "x" } }),
            "denied: header `authorization` is reserved",
        ),
        (
            json!({ "endpoint": "api", "method": "GET", "path": "/orders/1", "headers": { "x": "1\r\nhost: y" } }),
            "invalid-request: the value of header `x`",
        ),
    ];
    for (input, outcome) in refused {
        let got = attempt(input.clone()).await;
        assert!(got.starts_with(outcome), "{input}: {got}");
    }
    assert_eq!(stage.upstream.arrived().len(), before, "nothing of it reached the system");
}

#[tokio::test]
async fn secrets_cache_and_other_intents_are_what_the_grant_says() {
    let stage = stage("asker").await;
    let ask = async |input: Value| stage.host.client.ask("asker.run", input).await.body["output"].clone();
    assert_eq!(ask(json!({ "ask": "granted" })).await, json!([]));
    assert!(
        ask(json!({ "ask": "reveal", "name": "token" })).await["error"].as_str().unwrap().contains("has no secret")
    );
    assert!(ask(json!({ "ask": "hmac", "name": "token" })).await["error"].as_str().unwrap().contains("has no secret"));
    let denied = ask(json!({ "ask": "intent", "name": "healthy.run", "value": "{}" })).await;
    assert!(denied["error"].as_str().unwrap().contains("may not call"), "{denied}");
    assert_eq!(ask(json!({ "ask": "put", "name": "k", "value": "v" })).await, json!({ "ok": null }));
    assert_eq!(ask(json!({ "ask": "get", "name": "k" })).await, json!("v"));
}

#[tokio::test]
async fn a_component_that_must_not_load_is_named_with_its_reason_and_the_rest_is_reported_too() {
    let dir = tempfile::tempdir().unwrap();
    let upstream = Stub::empty().await.unwrap();
    let mut config = guests::config(dir.path(), &["sockets", "future", "healthy"], &upstream.url, "");
    config.push_str("[connector.broken]\nfile = \"broken.wasm\"\n");
    let mut broken = guests::package("healthy");
    broken.truncate(broken.len() / 2);
    guests::write(dir.path(), "broken", &broken);
    let broken = dir.path().join("broken.wasm");
    let config = config.replace("\"broken.wasm\"", &format!("{broken:?}"));
    let report = Host::start(&config).await.err().expect("such a host does not start").to_string();
    for part in ["wasi:sockets/", "2.0.0", "connector `broken` does not load"] {
        assert!(report.contains(part), "{part} is not in\n{report}");
    }
}
