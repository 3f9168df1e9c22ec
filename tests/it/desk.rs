//! Orchestration: the return desk asks shop, helpdesk and CRM, each through its own connection, and says honestly what
//! became of every step.

use jackfield_mocks::{Fault, Kind};
use jackfield_tests::{Demo, plugin};
use serde_json::{Value, json};

async fn demo() -> Demo {
    Demo::start_with(|config| {
        format!(
            "{config}\n[connector.return-desk]\nfile = {:?}\n[connection.returns]\nconnector = \"return-desk\"\n\
             tenant = \"demo\"\naccess = \"write\"\nlimits = {{ wall_ms = 4000 }}\n",
            plugin("return-desk")
        )
    })
    .await
    .unwrap()
}

async fn arrange(demo: &Demo) -> jackfield_tests::Answer {
    let input = json!({ "order_number": "1001", "email": "customer@example.com", "reason": "too_small" });
    demo.host.client.ask("return_desk.return.arrange", input).await
}

fn step<'a>(answer: &'a Value, name: &str) -> &'a str {
    let steps = answer["output"]["steps"].as_array().into_iter().flatten();
    steps.filter(|s| s["step"] == name).filter_map(|s| s["status"].as_str()).next().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_return_is_arranged_across_systems() {
    let demo = demo().await;
    let answer = arrange(&demo).await;
    assert_eq!(answer.status, 200, "{}", answer.raw);
    for name in ["return.start", "ticket.create"] {
        assert_eq!(step(&answer.body, name), "done", "{}", answer.raw);
    }
    let ticket = demo.mocks.journal("zendesk").into_iter().filter(|e| e.method == "POST").count();
    assert_eq!(ticket, 1);
    assert!(demo.mocks.violations().is_empty(), "{:#?}", demo.mocks.violations());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_helpdesk_that_hangs_does_not_swallow_the_return() {
    let demo = demo().await;
    demo.mocks.fault(Fault { method: Some("POST".to_owned()), ..Fault::new("zendesk", Kind::Hang) });
    let answer = arrange(&demo).await;
    assert_eq!(answer.status, 200, "{}", answer.raw);
    assert_eq!(step(&answer.body, "return.start"), "done", "{}", answer.raw);
    assert_eq!(step(&answer.body, "ticket.create"), "unknown", "{}", answer.raw);
    assert_eq!(answer.body["output"]["needs_follow_up"], true, "{}", answer.raw);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_elses_order_starts_nothing() {
    let demo = demo().await;
    let input = json!({ "order_number": "1001", "email": "jane@example.com", "reason": "too_small" });
    let answer = demo.host.client.ask("return_desk.return.arrange", input).await;
    assert_eq!((answer.status, answer.text("/code")), (404, "not-found"), "{}", answer.raw);
    assert!(demo.mocks.journal("zendesk").is_empty());
}
