//! The guest that benches measure does what a connector does. A guest that answered anything else, or nothing, would be
//! measured just as well.

use jackfield_core::failure::FailureKind;
use jackfield_sandbox::{Completed, Ended};
use serde_json::{Value, json};

use crate::stand::{Stand, connector};

async fn ask(email: &str) -> Completed<String> {
    let stand = Stand::new();
    let input = json!({ "order_number": "1001", "email": email, "upstream": false });
    let mut invocation = stand.invocation(&input.to_string());
    invocation.call.intent = "clerk.order".to_owned();
    connector("clerk").handle(&stand.ports, invocation).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_measured_reads_an_order_and_answers_with_it() {
    let order: Value = serde_json::from_str(&ask("ada@example.com").await.result.unwrap()).unwrap();
    assert_eq!(order["number"], "1001");
    assert_eq!(order["total"], json!({ "amount": "137.99", "currency": "USD" }));
    assert_eq!(order["items"].as_array().map(Vec::len), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_measured_keeps_an_order_from_strangers() {
    let Err(Ended::Failed(failure)) = ask("eve@example.com").await.result else { panic!("there was an answer") };
    assert_eq!(failure.kind, FailureKind::NotFound);
}
