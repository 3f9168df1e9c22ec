//! Guests that never end by themselves, each busy with something else, and those that give up on the spot.

use jackfield_sandbox::{Fault, TrapKind};
use serde_json::json;

use crate::stand::Stand;

fn doing(what: &str) -> String {
    json!({ "do": what }).to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn taking_and_giving_back_memory_is_computing() {
    let stand = Stand::new().with(|l| l.cpu_ms = 150);
    assert_eq!(stand.fault("vandal", &doing("loop-allocating")).await, Fault::CpuExceeded { limit_ms: 150 });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asking_the_host_without_end_ends_at_the_number_of_calls() {
    let stand = Stand::new();
    for what in ["loop-asking", "loop-sending"] {
        assert_eq!(stand.fault("vandal", &doing(what)).await, Fault::HostCallsExceeded { limit: 2_000 }, "{what}");
    }
    // No request beyond the budget left, however often it was asked.
    assert_eq!(stand.seen.sent.lock().unwrap().len(), 32);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asking_the_host_is_computing_where_calls_are_not_bounded() {
    let stand = Stand::new().with(|l| (l.host_calls_max, l.cpu_ms) = (u32::MAX, 150));
    for what in ["loop-asking", "loop-sending", "loop-reading-the-clock"] {
        assert_eq!(stand.fault("vandal", &doing(what)).await, Fault::CpuExceeded { limit_ms: 150 }, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reading_the_clock_without_end_ends_at_the_number_of_calls() {
    let stand = Stand::new();
    let limit = Fault::HostCallsExceeded { limit: 2_000 };
    assert_eq!(stand.fault("vandal", &doing("loop-reading-the-clock")).await, limit);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_host_hashes_for_a_guest_is_the_guests_time() {
    let stand = Stand::new().with(|l| l.cpu_ms = 300);
    let hashing = |n: u32| json!({ "do": "hmac", "n": n, "bytes": 50_000 }).to_string();
    assert_eq!(stand.answer("vandal", &hashing(1)).await, 1);
    assert_eq!(stand.fault("vandal", &hashing(100)).await, Fault::CpuExceeded { limit_ms: 300 });
}

#[tokio::test(flavor = "multi_thread")]
async fn giving_up_is_told_apart_by_how_it_was_done() {
    let stand = Stand::new();
    for what in ["abort", "unreachable"] {
        let fault = stand.fault("vandal", &doing(what)).await;
        assert!(matches!(fault, Fault::Trap { kind: TrapKind::Unreachable, .. }), "{what}: {fault:?}");
    }
    let fault = stand.fault("vandal", &doing("out-of-bounds")).await;
    assert!(matches!(fault, Fault::Trap { kind: TrapKind::MemoryOutOfBounds, .. }), "{fault:?}");
    let fault = stand.fault("vandal", &doing("double-panic")).await;
    let Fault::Panic { message } = fault else { panic!("{fault:?}") };
    assert!(message.contains("once"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_on_standard_output_goes_nowhere_and_one_on_standard_error_is_cut() {
    let stand = Stand::new().with(|l| l.log_lines_max = 20);
    let writing = |what: &str, n: u32| json!({ "do": what, "n": n }).to_string();
    assert_eq!(stand.answer("vandal", &writing("stdout", 5)).await, serde_json::Value::Null);
    assert!(stand.seen.lines.lock().unwrap().is_empty());
    for what in ["stdout", "stderr"] {
        let fault = stand.fault("vandal", &writing(what, 25_000)).await;
        // Which of the two bounds comes first depends on the machine.
        assert!(matches!(fault, Fault::HostCallsExceeded { .. } | Fault::CpuExceeded { .. }), "{what}: {fault:?}");
    }
    let lines = stand.seen.lines.lock().unwrap();
    assert!(lines.len() <= 20, "{}", lines.len());
    assert!(lines.iter().all(|(_, text, _)| text.len() <= stand.limits.log_line_bytes_max));
}
