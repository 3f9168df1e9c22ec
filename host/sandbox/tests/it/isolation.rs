//! Nothing of a call reaches the next one, and nothing of one guest another.

use std::time::Duration;

use jackfield_core::budget::Limits;
use jackfield_sandbox::{Delivery, Ended, Event, Fault, Sandbox, SandboxConfig};

use crate::stand::{Stand, connector, packaged, small};

#[tokio::test(flavor = "multi_thread")]
async fn a_healthy_guest_answers_from_its_input() {
    let answer = Stand::new().answer("healthy", r#"{"requests": 2}"#).await;
    assert_eq!(answer["intent"], "probe.run");
    assert_eq!(answer["input"]["requests"], 2);
    assert_eq!(answer["answers"][1]["body"], r#"{"id":2}"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_starts_from_nothing() {
    let stand = Stand::new();
    for _ in 0..50 {
        assert_eq!(stand.answer("state", "null").await, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_run_beside_each_other() {
    let stand = std::sync::Arc::new(Stand::new());
    let calls: Vec<_> = (0..16)
        .map(|_| {
            let stand = stand.clone();
            tokio::spawn(async move { stand.answer("healthy", r#"{"requests": 3, "at_once": true}"#).await })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap()["answers"].as_array().unwrap().len(), 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_pool_is_overload_and_not_an_error_of_the_engine() {
    let sandbox = Sandbox::new(&SandboxConfig { calls_in_flight_max: 1, ..small() }).unwrap();
    let sleepy = sandbox.load(&packaged("sleepy")).unwrap();
    let stand = Stand::new();
    *stand.seen.slow.lock().unwrap() = Some(Duration::from_millis(300));
    let (first, second) = tokio::join!(
        sleepy.handle(&stand.ports, stand.invocation("{}")),
        sleepy.handle(&stand.ports, stand.invocation("{}")),
    );
    assert!(first.result.is_ok(), "{first:?}");
    assert_eq!(second.result, Err(Ended::Fault(Fault::Overloaded { max: 1 })));
    assert_eq!(sandbox.permits().free(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_may_bring_the_permit_it_waited_for() {
    let sandbox = Sandbox::new(&SandboxConfig { calls_in_flight_max: 1, ..small() }).unwrap();
    let healthy = sandbox.load(&packaged("healthy")).unwrap();
    let stand = Stand::new();
    let held = sandbox.permits().take(Duration::from_secs(1)).await.unwrap();
    assert!(sandbox.permits().take(Duration::from_millis(5)).await.is_none());
    let mut invocation = stand.invocation("{}");
    invocation.permit = Some(held);
    let completed = healthy.handle(&stand.ports, invocation).await;
    assert!(completed.result.is_ok(), "{completed:?}");
    assert_eq!(sandbox.permits().free(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_nobody_waits_for_any_more_frees_its_place() {
    let sandbox = Sandbox::new(&SandboxConfig { calls_in_flight_max: 1, ..small() }).unwrap();
    let sleepy = sandbox.load(&packaged("sleepy")).unwrap();
    let stand = Stand::new();
    let call = sleepy.handle(&stand.ports, stand.invocation("{}"));
    assert!(tokio::time::timeout(Duration::from_millis(100), call).await.is_err());
    assert_eq!(sandbox.permits().free(), 1);
    assert_eq!(stand.seen.open.load(std::sync::atomic::Ordering::SeqCst), 0, "the request was dropped with the call");
    *stand.seen.slow.lock().unwrap() = Some(Duration::ZERO);
    assert!(sleepy.handle(&stand.ports, stand.invocation("{}")).await.result.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_and_polls_run_in_the_same_bounds() {
    let stand = Stand::new();
    let delivery = || Delivery {
        id: "d-1".to_owned(),
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: b"{}".to_vec(),
        received_ms: 1_700_000_000_000,
    };
    let healthy = connector("healthy");
    let received = healthy.receive(&stand.ports, stand.invocation("null"), delivery()).await;
    assert_told(&received.result.unwrap(), "d-1");
    let page = healthy.poll(&stand.ports, stand.invocation("null"), Some("c-1".to_owned())).await;
    let page = page.result.unwrap();
    assert_told(&page.events, "call-1");
    assert_eq!((page.cursor.as_str(), page.more), ("c-1", false));
    let mut late = stand.invocation("null");
    late.context.deadline = std::time::Instant::now();
    let received = healthy.receive(&stand.ports, late, delivery()).await;
    assert!(matches!(received.result, Err(Ended::Fault(Fault::WallExceeded { .. }))));
}

/// The guest was told who asks, when, and how much time it has.
fn assert_told(events: &[Event], id: &str) {
    let [event] = events else { panic!("one event, not {events:?}") };
    assert_eq!((event.id.as_str(), event.time_ms), (id, 1_700_000_000_000));
    let data: serde_json::Value = serde_json::from_str(&event.data).unwrap();
    let wall_ms = u64::try_from(Limits::default().wall().as_millis()).unwrap();
    let remaining_ms = data["remaining_ms"].as_u64().unwrap();
    assert!(remaining_ms <= wall_ms && remaining_ms > wall_ms - 5_000, "{remaining_ms} of {wall_ms}");
}

#[test]
fn a_connector_tells_what_it_is_without_running() {
    let healthy = connector("healthy");
    assert_eq!(healthy.manifest().id, "probe");
    assert_eq!(healthy.package().intents[0].name, "probe.run");
    assert_eq!(healthy.digest().len(), 64);
    assert!(healthy.imports().iter().any(|i| i == "jackfield:connector/http@1.1.0"));
    assert!(healthy.initial_memory_bytes() > 0);
}
