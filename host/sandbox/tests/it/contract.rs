//! Two versions of the contract side by side, and what the newer one adds: looking whether a write happened.

use jackfield_core::budget::Limits;
use jackfield_core::call::WriteOutcome;
use jackfield_core::failure::FailureKind;
use jackfield_core::settle::Settlement;
use jackfield_sandbox::{Ended, Fault, Sandbox, inspect};
use serde_json::{Value, json};

use crate::stand::{Stand, connector, guest, small};

async fn look(stand: &Stand, how: &str) -> Result<Settlement, Ended> {
    stand.settle("settler", &json!({ "look": how }).to_string()).await.result
}

fn applied(output: Value) -> Settlement {
    Settlement::Applied(output.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_of_the_contract_before_is_served_beside_one_of_this() {
    let stand = Stand::new();
    assert_eq!(inspect(&guest("contract-1-0")).unwrap().contract, ["1.0.0"]);
    assert_eq!(inspect(&guest("healthy")).unwrap().contract, ["1.1.0"]);
    let (old, new) = tokio::join!(stand.answer("contract-1-0", "{}"), stand.answer("healthy", r#"{"requests": 1}"#));
    let granted = json!(["hidden", "signing_key", "token"]);
    assert_eq!(old, json!({ "intent": "probe.run", "status": 200, "kept": true, "granted": granted, "asked": true }));
    assert_eq!(new["answers"][0]["status"], 200);
    let sandbox = Sandbox::new(&small()).unwrap();
    assert_eq!(sandbox.describe(&guest("contract-1-0"), &Limits::default()).await.unwrap(), "[]");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_of_the_contract_before_settles_nothing_whatever_its_package_says() {
    let stand = Stand::new();
    assert!(!connector("contract-1-0").settles("probe.run"), "its package lists it");
    assert!(connector("settler").settles("probe.run") && !connector("settler").settles("probe.walk"));
    assert!(!connector("healthy").settles("probe.run"), "its package does not list it");
    let told = stand.settle("contract-1-0", "{}").await;
    assert_eq!((told.result, told.usage.host_calls), (Ok(Settlement::Unknown), 0), "it is not even started");
    assert_eq!(stand.settle("healthy", "{}").await.result, Ok(Settlement::Unknown));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_tells_what_it_found() {
    let stand = Stand::new();
    assert_eq!(look(&stand, "applied").await, Ok(applied(json!({ "outcome": "found" }))));
    assert_eq!(look(&stand, "not-applied").await, Ok(Settlement::NotApplied));
    assert_eq!(look(&stand, "").await, Ok(Settlement::Unknown));
    assert_eq!(look(&stand, "ask").await, Ok(applied(json!({ "outcome": "asked" }))));
    let Err(Ended::Failed(failure)) = look(&stand, "fails").await else { panic!("it could not look") };
    assert_eq!(failure.kind, FailureKind::Unavailable);
    assert!(matches!(look(&stand, "panic").await, Err(Ended::Fault(Fault::Panic { .. }))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_is_told_the_call_as_it_was() {
    let told = look(&Stand::new(), "told").await;
    assert_eq!(told, Ok(applied(json!({ "outcome": ["call-1", "1700000000000", "k-1"] }))));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_while_looking() {
    let stand = Stand::new();
    let told = stand.settle("settler", r#"{"look": "write"}"#).await;
    let Err(Ended::Failed(failure)) = told.result else { panic!("{:?}", told.result) };
    assert_eq!(failure.kind, FailureKind::Denied);
    assert!(failure.detail.contains("`settle` may only read; POST /slow needs `write POST /slow`"), "{failure}");
    assert_eq!(told.usage.write_outcome, WriteOutcome::None);
    assert!(stand.seen.sent.lock().unwrap().is_empty());
    // The same guest may write what it is asked to write.
    let written = stand.answer("settler", r#"{"path": "/orders"}"#).await;
    assert_eq!(written, json!({ "outcome": "written" }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_is_bounded_like_any_call() {
    let stand = Stand::new().with(|limits| limits.output_bytes_max = 8);
    assert_eq!(look(&stand, "applied").await, Err(Ended::Fault(Fault::OutputTooLarge { limit: 8 })));
    let stand = Stand::new().with(|limits| limits.wall_ms = 0);
    assert!(matches!(look(&stand, "ask").await, Err(Ended::Fault(Fault::WallExceeded { .. }))));
}
