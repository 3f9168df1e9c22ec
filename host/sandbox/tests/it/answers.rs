//! Answers that are too much, or no answers at all: text that is none, depths, failures like mountains. What can be
//! handed on is handed on for the reply stage to judge; the rest ends the call in a fault of its own.

use jackfield_core::failure::FailureKind;
use jackfield_sandbox::{Delivery, Ended, Fault, TrapKind};
use serde_json::json;

use crate::stand::{Stand, connector};

fn doing(what: &str, n: u32) -> String {
    json!({ "do": what, "n": n }).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_is_no_utf_8_is_refused_wherever_it_is_handed_over() {
    let stand = Stand::new();
    for what in ["no-utf8", "no-utf8-failing", "no-utf8-to-log"] {
        let fault = stand.fault("vandal", &doing(what, 0)).await;
        let Fault::Trap { kind: TrapKind::BadValue, message } = fault else { panic!("{what}: {fault:?}") };
        assert!(message.contains("utf-8"), "{what}: {message}");
    }
    assert!(stand.seen.lines.lock().unwrap().is_empty());
    assert_eq!(stand.answer("vandal", r#"{"do": "as-told", "answer": "\"\u00fc\""}"#).await, "ü");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_method_that_the_contract_does_not_have_is_no_request() {
    let stand = Stand::new();
    assert_eq!(stand.answer("vandal", &doing("method", 0)).await, "Ok(200)");
    for n in [6, 99, 255] {
        let fault = stand.fault("vandal", &doing("method", n)).await;
        assert!(matches!(fault, Fault::Trap { kind: TrapKind::BadValue, .. }), "{n}: {fault:?}");
    }
    assert_eq!(stand.seen.sent.lock().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn depth_width_and_numbers_are_only_bounded_in_bytes_here() {
    let stand = Stand::new();
    for what in ["deep", "wide", "number"] {
        let completed = stand.call("vandal", &doing(what, 400_000)).await;
        assert!(completed.result.is_ok(), "{what}: {:?}", completed.result);
        let fault = stand.fault("vandal", &doing(what, 2_000_000)).await;
        assert_eq!(fault, Fault::OutputTooLarge { limit: 1 << 20 }, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_carries_no_more_than_a_reply_can_use() {
    let stand = Stand::new();
    let completed = stand.call("vandal", &doing("monstrous-failure", 200)).await;
    let Err(Ended::Failed(failure)) = completed.result else { panic!("{completed:?}") };
    let FailureKind::InvalidInput { errors } = failure.kind else { panic!("{failure:?}") };
    assert_eq!(errors.len(), 64);
    assert!(errors.iter().all(|error| error.pointer.len() <= 1 << 10 && error.detail.len() <= 1 << 10));
    assert!(failure.detail.len() <= 4 << 10);
    let fault = stand.fault("vandal", &doing("monstrous-failure", 20_000)).await;
    assert_eq!(fault, Fault::OutputTooLarge { limit: 1 << 20 });
}

#[tokio::test(flavor = "multi_thread")]
async fn events_and_cursors_are_bounded_like_any_answer() {
    let stand = Stand::new();
    let vandal = connector("vandal");
    let receive = async |events: &str| {
        let delivery =
            Delivery { id: "d-1".to_owned(), headers: Vec::new(), body: events.as_bytes().to_vec(), received_ms: 0 };
        vandal.receive(&stand.ports, stand.invocation("null"), delivery).await.result.map(|events| events.len())
    };
    let poll = async |bytes: &str| {
        let polled = vandal.poll(&stand.ports, stand.invocation("null"), Some(bytes.to_owned())).await;
        polled.result.map(|page| page.cursor.len())
    };
    let too_large = Err(Ended::Fault(Fault::OutputTooLarge { limit: 1 << 20 }));
    assert_eq!(receive("1000").await, Ok(1_000));
    assert_eq!(receive("100000").await, too_large);
    assert_eq!(poll("1000").await, Ok(1_000));
    assert_eq!(poll("2000000").await, too_large);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_of_many_fields_is_cut_to_one_line() {
    let stand = Stand::new();
    assert!(stand.call("vandal", &doing("log", 1_000_000)).await.result.is_ok());
    assert!(stand.call("vandal", &doing("log-fields", 10_000)).await.result.is_ok());
    let lines = stand.seen.lines.lock().unwrap();
    let bytes = |line: &(_, String, Vec<(String, String)>)| {
        line.1.len() + line.2.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>()
    };
    assert_eq!(lines.len(), 2);
    assert!(lines.iter().all(|line| bytes(line) <= stand.limits.log_line_bytes_max && line.2.len() <= 32));
}
