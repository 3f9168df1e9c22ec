//! The time contract as a bot service meets it: who may shorten a call, and what is said when it runs out.

use std::time::{Duration, Instant};

use http::Method;
use jackfield_mocks::{Fault, Kind};
use jackfield_tests::{Answer, Demo, Host, Stub, guests, until};
use serde_json::json;

/// Far longer than any deadline here, far shorter than what the guests would wait without one.
const PATIENCE: Duration = Duration::from_secs(20);

async fn sleepy(more: &str) -> (Host, Stub, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let upstream = Stub::empty().await.unwrap();
    let config = guests::config(dir.path(), &["sleepy"], &upstream.url, "limits = { wall_ms = 60000 }");
    (Host::start(&(config + more)).await.unwrap(), upstream, dir)
}

#[tokio::test]
async fn an_intents_deadline_ends_the_call_in_the_users_language() {
    let (host, _upstream, _dir) = sleepy(
        "[intent.\"sleepy.*\"]\ndeadline_ms = 300\n[intent.\"*\"]\ndeadline_ms = 50000\n\
         [texts.de]\ntimeout = \"Das dauert gerade zu lange. Nochmal versuchen?\"\n",
    )
    .await;
    let began = Instant::now();
    let ask = async |locale: &str, deadline_ms: u64| {
        let body = json!({
            "input": { "sleep_ms": 60_000 }, "context": { "locale": locale }, "options": { "deadline_ms": deadline_ms },
        });
        host.client.post("/v1/intents/sleepy.run", &body).await
    };
    let german = ask("de-AT", 40_000).await;
    assert_eq!((german.status, german.text("/code")), (504, "timeout"), "{}", german.raw);
    assert_eq!(german.text("/text"), "Das dauert gerade zu lange. Nochmal versuchen?");
    let english = ask("en", 100).await;
    assert!(english.text("/text").starts_with("I'm having trouble accessing that information"), "{}", english.raw);
    assert_eq!((english.text("/outcome"), english.text("/options/0/kind")), ("none", "retry"), "{}", english.raw);
    assert!(began.elapsed() < PATIENCE);
}

#[tokio::test]
async fn a_write_that_runs_out_of_time_is_never_said_to_have_failed() {
    let demo = Demo::start_with(|config| {
        // Nobody looks meanwhile: here it is about what is said at once.
        config + "\n[intent.\"ticket.*\"]\ndeadline_ms = 1500\n[settle]\nwaits_ms = [3600000]\n"
    })
    .await
    .unwrap();
    let fault = Fault { method: Some("POST".to_owned()), ..Fault::new("zendesk", Kind::HoldAfter) };
    let held = demo.mocks.fault(fault);
    let input = json!({ "subject": "Late", "description": "Slow", "requester_email": "customer@example.com" });
    let body = json!({ "input": input }).to_string();
    let ask = async || -> Answer {
        let headers = [("content-type", "application/json"), ("idempotency-key", "late-1")];
        demo.host.client.send(Method::POST, "/v1/intents/ticket.create", &headers, body.clone()).await
    };
    let late = ask().await;
    assert_eq!((late.status, late.text("/code"), late.text("/outcome")), (504, "timeout", "unknown"), "{}", late.raw);
    // The helpdesk itself is what does not answer, and nobody is invited to do it twice.
    assert_eq!((&late.body["retryable"], late.body["options"].as_array().unwrap().len()), (&json!(false), 1));
    assert_eq!(late.text("/options/0/kind"), "contact", "{}", late.raw);
    assert!(late.text("/text").contains("don't send it again"), "{}", late.raw);
    demo.mocks.release(held);
    // The same key is told the same, as soon as the host has let go of it, and nothing is written a second time.
    let again = until(async || Some(ask().await).filter(|answer| answer.status != 409)).await;
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(again.raw, late.raw);
    let posts = demo.mocks.journal("zendesk").into_iter().filter(|entry| entry.method == "POST").count();
    assert_eq!(posts, 1);
}
