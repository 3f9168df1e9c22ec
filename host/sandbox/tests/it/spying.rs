//! What a guest can learn of its neighbours, its host and its operator: coarse time, and refusals that say what would
//! allow it but not where the operator keeps it.

use jackfield_core::manifest::Access;
use serde_json::json;

use crate::stand::Stand;

const STEP_NS: u64 = 1_000_000;

#[tokio::test(flavor = "multi_thread")]
async fn both_clocks_go_in_whole_milliseconds() {
    let stand = Stand::new();
    let told = stand.answer("vandal", r#"{"do": "clock", "n": 1000}"#).await;
    assert_eq!(told["resolution"], STEP_NS);
    assert_eq!(told["wall_ns"].as_u64().unwrap() % STEP_NS, 0);
    let readings: Vec<u64> = told["told"].as_array().unwrap().iter().map(|told| told.as_u64().unwrap()).collect();
    assert_eq!(readings.len(), 1_000);
    assert!(readings.iter().all(|reading| reading % STEP_NS == 0), "{readings:?}");
    assert!(readings.is_sorted());
    // Its own time, not the host's: it begins when the guest begins to ask.
    assert!(readings[0] < 1_000 * STEP_NS, "{}", readings[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_names_the_line_to_the_operator_and_to_nobody_else() {
    let stand = Stand { access: Access::Read, ..Stand::new() };
    for (guest, input) in [
        ("trespass", json!({ "endpoint": "api", "method": "POST", "path": "/orders" })),
        ("asker", json!({ "ask": "reveal", "name": "hidden" })),
        ("asker", json!({ "ask": "reveal", "name": "other" })),
        ("asker", json!({ "ask": "hmac", "name": "other" })),
    ] {
        let completed = stand.call(guest, &input.to_string()).await;
        let told = completed.result.unwrap();
        assert!(told.contains("denied") || told.contains("Denied"), "{told}");
        assert!(!told.contains("jackfield.toml"), "{told}");
        let [denial] = &completed.usage.denials[..] else { panic!("{:?}", completed.usage.denials) };
        assert!(denial.contains("; jackfield.toml:7: "), "{denial}");
    }
    // What is denied behind the grant is in the host's words, which name the place as well.
    let stand = Stand::new();
    let input = json!({ "endpoint": "api", "method": "POST", "path": "/broken/private" });
    let completed = stand.call("trespass", &input.to_string()).await;
    let told = completed.result.unwrap();
    assert!(told.contains("which is private; set `allow_addresses") && !told.contains("jackfield.toml"), "{told}");
    assert!(completed.usage.denials[0].contains("; jackfield.toml:7: set"), "{:?}", completed.usage.denials);
}

#[tokio::test(flavor = "multi_thread")]
async fn others_are_asked_as_often_as_the_system_and_no_more() {
    let stand = Stand::new().with(|l| l.upstream_requests_max = 5);
    let asking = |n: u32| json!({ "do": "intents", "n": n }).to_string();
    assert_eq!(stand.answer("vandal", &asking(5)).await, json!({ "answered": 5, "refused": null }));
    let told = stand.answer("vandal", &asking(1_000)).await;
    assert_eq!(told, json!({ "answered": 5, "refused": "the call has asked for its 5 intents of others" }));
    assert_eq!(stand.seen.asked.lock().unwrap().len(), 10);
}
