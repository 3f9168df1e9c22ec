//! Every bound of a call: the guest that breaks it ends in the fault of its own, and a healthy one beside it answers.

use std::time::{Duration, Instant};

use jackfield_core::call::WriteOutcome;
use jackfield_core::port::LogLevel;
use jackfield_sandbox::{Ended, Fault, TrapKind};

use crate::stand::Stand;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endless_computing_ends_at_the_cpu_limit() {
    let stand = Stand::new().with(|l| l.cpu_ms = 200);
    assert_eq!(stand.fault("loop", "null").await, Fault::CpuExceeded { limit_ms: 200 });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endless_computing_ends_at_the_wall_limit_when_that_is_earlier() {
    let stand = Stand::new().with(|l| (l.cpu_ms, l.wall_ms) = (60_000, 150));
    let fault = stand.fault("loop", "null").await;
    assert!(matches!(fault, Fault::WallExceeded { limit_ms: 150, waiting_for: None }), "{fault:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_many_spinning_guests_as_workers_do_not_stop_the_others() {
    let spinning = Stand::new().with(|l| l.cpu_ms = 300);
    let healthy = Stand::new();
    let (a, b, c, answers) = tokio::join!(
        spinning.call("loop", "null"),
        spinning.call("loop", "null"),
        spinning.call("loop", "null"),
        async {
            for _ in 0..5 {
                healthy.is_served().await;
            }
            5
        },
    );
    for completed in [a, b, c] {
        assert_eq!(completed.result, Err(Ended::Fault(Fault::CpuExceeded { limit_ms: 300 })));
        assert!(completed.usage.cpu >= Duration::from_millis(300), "{:?}", completed.usage);
    }
    assert_eq!(answers, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_parked_in_a_host_call_ends_at_the_deadline() {
    let stand = Stand::new().with(|l| l.wall_ms = 120);
    let fault = stand.fault("sleepy", "{}").await;
    assert_eq!(fault, Fault::WallExceeded { limit_ms: 120, waiting_for: Some("the business system") });
    assert_eq!(fault.to_string(), "the call took more than 120 ms, waiting for the business system");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_asleep_on_a_clock_ends_at_the_deadline() {
    let stand = Stand::new().with(|l| l.wall_ms = 120);
    let fault = stand.fault("sleepy", r#"{"sleep_ms": 60000}"#).await;
    assert!(matches!(fault, Fault::WallExceeded { limit_ms: 120, .. }), "{fault:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deadline_of_the_context_holds_when_it_is_earlier() {
    let stand = Stand::new();
    let mut invocation = stand.invocation("{}");
    invocation.context.deadline = Instant::now() + Duration::from_millis(80);
    let completed = crate::stand::connector("sleepy").handle(&stand.ports, invocation).await;
    assert!(matches!(completed.result, Err(Ended::Fault(Fault::WallExceeded { limit_ms: ..=80, .. }))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_comes_too_late_does_not_run() {
    let stand = Stand::new();
    let mut invocation = stand.invocation("{}");
    invocation.context.deadline = Instant::now();
    let completed = crate::stand::connector("sleepy").handle(&stand.ports, invocation).await;
    assert!(matches!(completed.result, Err(Ended::Fault(Fault::WallExceeded { .. }))));
    assert!(stand.seen.sent.lock().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_for_an_upstream_is_not_computing() {
    let stand = Stand::new().with(|l| l.cpu_ms = 100);
    *stand.seen.slow.lock().unwrap() = Some(Duration::from_millis(300));
    let completed = stand.call("sleepy", "{}").await;
    assert_eq!(completed.result.unwrap(), "Ok(200)");
    assert!(completed.usage.wall >= Duration::from_millis(300), "{:?}", completed.usage);
    assert!(completed.usage.cpu < Duration::from_millis(100), "{:?}", completed.usage);
}

#[tokio::test(flavor = "multi_thread")]
async fn sleeping_on_a_clock_is_not_computing() {
    let stand = Stand::new().with(|l| l.cpu_ms = 100);
    let completed = stand.call("sleepy", r#"{"sleep_ms": 300}"#).await;
    assert_eq!(completed.result.unwrap(), "\"slept\"");
    assert!(completed.usage.wall >= Duration::from_millis(300), "{:?}", completed.usage);
    assert!(completed.usage.cpu < Duration::from_millis(100), "{:?}", completed.usage);
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_is_refused_at_its_limit() {
    let stand = Stand::new().with(|l| l.memory_bytes_max = 8 << 20);
    assert_eq!(stand.fault("grow", "null").await, Fault::MemoryExceeded { limit: 8 << 20 });
    let completed = stand.call("grow", "null").await;
    assert!(completed.usage.memory_bytes_peak <= 8 << 20, "{:?}", completed.usage);
    assert!(completed.usage.memory_bytes_peak > 4 << 20, "{:?}", completed.usage);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_starts_larger_than_its_limit_does_not_start() {
    let stand = Stand::new().with(|l| l.memory_bytes_max = 64 << 10);
    assert_eq!(stand.fault("healthy", "{}").await, Fault::MemoryExceeded { limit: 64 << 10 });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_with_a_larger_table_than_its_limit_does_not_start() {
    let stand = Stand::new().with(|l| l.table_elements_max = 1);
    assert_eq!(stand.fault("healthy", "{}").await, Fault::TableExceeded { limit: 1 });
}

#[tokio::test(flavor = "multi_thread")]
async fn recursion_without_end_is_a_trap_that_names_the_stack() {
    let fault = Stand::new().fault("recurse", "null").await;
    let Fault::Trap { kind, message } = fault else { panic!("{fault:?}") };
    assert_eq!(kind, TrapKind::StackOverflow);
    assert!(message.starts_with("call stack exhausted; in "), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_host_calls_end_the_guest() {
    let stand = Stand::new();
    assert_eq!(stand.fault("hostcalls", "null").await, Fault::HostCallsExceeded { limit: 2_000 });
    let stand = Stand::new().with(|l| l.host_calls_max = 10_000);
    assert_eq!(stand.answer("hostcalls", "null").await, "all of them");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_over_its_bound_is_refused() {
    let stand = Stand::new();
    let limit = stand.limits.output_bytes_max;
    // A little too much is counted, far too much is not even copied.
    for bytes in ["1048577", "20000000"] {
        assert_eq!(stand.fault("flood", bytes).await, Fault::OutputTooLarge { limit }, "{bytes}");
    }
    assert_eq!(stand.answer("flood", "1000000").await.as_str().map(str::len), Some(1_000_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_over_the_memory_is_a_matter_of_memory() {
    let stand = Stand::new().with(|l| l.cpu_ms = 5_000);
    assert_eq!(stand.fault("flood", "null").await, Fault::MemoryExceeded { limit: 64 << 20 });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_tells_what_the_guest_said_and_logs_it() {
    let stand = Stand::new();
    let fault = stand.fault("panic", "null").await;
    let Fault::Panic { message } = &fault else { panic!("{fault:?}") };
    assert!(message.contains("cannot go on with probe.run"), "{message}");
    let lines = stand.seen.lines.lock().unwrap();
    assert!(lines.iter().any(|(l, text, _)| *l == LogLevel::Warn && text.contains("cannot go on with")), "{lines:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exit_is_no_answer() {
    let fault = Stand::new().fault("exit", "null").await;
    assert_eq!(fault, Fault::Exited { code: 0 });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_is_bounded_in_lines_and_in_their_length() {
    let stand = Stand::new().with(|l| (l.host_calls_max, l.cpu_ms, l.log_lines_max) = (5_000, 30_000, 20));
    let completed = stand.call("logger", "60").await;
    assert!(completed.result.is_ok(), "{completed:?}");
    let lines = stand.seen.lines.lock().unwrap();
    assert_eq!(lines.len(), 20);
    assert!(lines.iter().all(|(_, text, _)| text.len() == stand.limits.log_line_bytes_max));
    assert_eq!((completed.usage.log_lines, completed.usage.log_lines_dropped), (20, 40));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_log_lines_ends_the_guest() {
    let stand = Stand::new().with(|l| (l.host_calls_max, l.cpu_ms) = (100, 30_000));
    assert_eq!(stand.fault("logger", "null").await, Fault::HostCallsExceeded { limit: 100 });
}

#[tokio::test(flavor = "multi_thread")]
async fn too_much_in_one_host_call_is_not_copied() {
    let stand = Stand::new().with(|l| (l.request_body_bytes_max, l.output_bytes_max) = (1_000, 1_000));
    let fault = stand.fault("logger", "1").await;
    assert!(matches!(fault, Fault::ArgumentTooLarge { .. }), "{fault:?}");
    assert!(stand.seen.lines.lock().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_json_is_handed_on_as_it_is() {
    // The reply stage knows the schema and says what is wrong with it.
    let stand = Stand::new();
    assert_eq!(stand.call("notjson", "null").await.result.unwrap(), "{so, this: is} not json");
    assert_eq!(stand.call("notjson", "true").await.result.unwrap(), r#"{"surprise":[1,2]}"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_uses_what_it_used() {
    let stand = Stand::new().with(|l| l.wall_ms = 100);
    let completed = stand.call("sleepy", r#"{"write": true}"#).await;
    assert!(completed.result.is_err());
    assert_eq!(completed.usage.upstream_requests, 1);
    assert_eq!(completed.usage.write_outcome, WriteOutcome::Unknown);
    assert!(completed.usage.wall >= Duration::from_millis(100));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_requests_counts_as_many_host_calls() {
    let stand = Stand::new().with(|l| l.host_calls_max = 50);
    let fault = stand.fault("healthy", r#"{"requests": 60, "at_once": true}"#).await;
    assert_eq!(fault, Fault::HostCallsExceeded { limit: 50 });
    assert!(stand.seen.sent.lock().unwrap().is_empty());
}

#[test]
fn limits_beyond_the_pool_are_told_before_any_call() {
    let sandbox = jackfield_sandbox::Sandbox::new(&crate::stand::small()).unwrap();
    let mut limits = jackfield_core::budget::Limits::default();
    assert_eq!(sandbox.accepts(&limits), Ok(()));
    limits.memory_bytes_max += 1;
    let told = sandbox.accepts(&limits).unwrap_err();
    assert!(told.starts_with("`memory_bytes_max` is 67108865, the sandbox has 67108864; raise"), "{told}");
}
