//! A write that arrives more than once is carried out once: across repetitions, restarts and hosts that died. What
//! counts is what the business system received.

use std::path::Path;

use http::Method;
use jackfield::app::Options;
use jackfield_core::digest::Digest;
use jackfield_core::idempotency::{Asked, IdempotencyPolicy, Record, fingerprint, sent_key};
use jackfield_core::port::{Bucket, Expect};
use jackfield_mocks::{Fault, Kind};
use jackfield_tests::process::init_vault;
use jackfield_tests::{Answer, Client, Demo, Host, Stub, guests, until};
use serde_json::{Value, json};

const WRITE: &str = "/v1/intents/trespass.run";

/// A connector that writes where it is told to, and what it writes to.
struct Stage {
    host: Host,
    upstream: Stub,
    config: String,
    dir: tempfile::TempDir,
}

fn digest(key: &str) -> String {
    jackfield::audit::hex(&jackfield::admission::digest(key))
}

async fn stage() -> Stage {
    stage_with("").await
}

async fn stage_with(more: &str) -> Stage {
    let dir = tempfile::tempdir().unwrap();
    let upstream = Stub::empty().await.unwrap();
    let mut config = format!(
        "[store]\nfile = {:?}\n[caller.other]\nkey_sha256 = \"{}\"\ntenant = \"demo\"\nscopes = [\"intent:*\"]\n{more}\n",
        dir.path().join("jackfield.db"),
        digest("other"),
    );
    config += &guests::config(dir.path(), &["trespass", "healthy"], &upstream.url, "access = \"write\"");
    guests::write(dir.path(), "trespass", &guests::writing("trespass"));
    if more.contains("[vault]") {
        init_vault(Path::new(env!("CARGO_BIN_EXE_jackfield-under-test")), dir.path(), &config).unwrap();
    }
    Stage { host: Host::start(&config).await.unwrap(), upstream, config, dir }
}

impl Stage {
    /// What the business system received.
    fn written(&self) -> usize {
        self.upstream.arrived().iter().filter(|one| one.line.starts_with("POST ")).count()
    }

    /// The same configuration and store in a new process, as far as one process can be two.
    async fn restarted(self) -> Stage {
        let Stage { host, upstream, config, dir } = self;
        host.drain().await.unwrap();
        Stage { host: Host::start(&config).await.unwrap(), upstream, config, dir }
    }
}

fn order(number: u32) -> Value {
    json!({ "endpoint": "api", "method": "POST", "path": "/slow", "body": number.to_string() })
}

async fn write(client: &Client, key: Option<&str>, body: &Value) -> Answer {
    let mut headers = vec![("content-type", "application/json")];
    headers.extend(key.map(|key| ("idempotency-key", key)));
    client.send(Method::POST, WRITE, &headers, body.to_string()).await
}

fn is_replay(answer: &Answer) -> bool {
    answer.headers.get("idempotency-replayed").is_some_and(|value| value == "true")
}

#[tokio::test]
async fn a_key_gives_the_same_answer_again_to_the_same_caller_and_refuses_another_request() {
    let stage = stage().await;
    let client = &stage.host.client;
    let first = write(client, Some("k-1"), &json!({ "input": order(1) })).await;
    assert_eq!((first.status, first.text("/output/outcome")), (200, "status 200"), "{}", first.raw);
    assert!(!is_replay(&first));
    // Another order of members and another spelling of the same number are the same request.
    let again = write(client, Some("k-1"), &json!({ "options": {}, "input": order(1) })).await;
    assert!(is_replay(&again));
    assert_eq!((again.status, &again.raw), (200, &first.raw), "byte for byte");
    assert_eq!(stage.written(), 1);

    let other = write(client, Some("k-1"), &json!({ "input": order(2) })).await;
    assert_eq!((other.status, other.text("/code")), (422, "idempotency-mismatch"), "{}", other.raw);
    assert_eq!(stage.written(), 1);

    // Two callers that happen to choose one key never meet.
    let theirs = write(&client.with_key("other"), Some("k-1"), &json!({ "input": order(2) })).await;
    assert_eq!((theirs.status, is_replay(&theirs), stage.written()), (200, false, 2), "{}", theirs.raw);
    assert_eq!(write(client, Some("a b"), &json!({ "input": order(1) })).await.text("/code"), "malformed");
}

#[tokio::test]
async fn without_a_key_a_message_in_the_chat_is_written_for_once() {
    let stage = stage().await;
    let ask = async |message: Option<&str>, number: u32| {
        let context = json!({ "conversation_id": message.map(|_| "c-1"), "message_id": message });
        write(&stage.host.client, None, &json!({ "input": order(number), "context": context })).await
    };
    let first = ask(Some("m-1"), 1).await;
    assert_eq!((first.status, is_replay(&first)), (200, false), "{}", first.raw);
    assert!(is_replay(&ask(Some("m-1"), 1).await));
    assert_eq!(stage.written(), 1);
    assert!(!is_replay(&ask(Some("m-2"), 1).await), "the same once more, in another message");
    assert!(!is_replay(&ask(Some("m-1"), 2).await), "one message may lead to two writes");
    assert_eq!(stage.written(), 3);
    // Nothing tells these apart, so both may be meant.
    assert!(!is_replay(&ask(None, 1).await) && !is_replay(&ask(None, 1).await));
    assert_eq!(stage.written(), 5);
}

#[tokio::test]
async fn an_answer_survives_a_restart() {
    let stage = stage().await;
    let body = json!({ "input": order(1) });
    let first = write(&stage.host.client, Some("k-1"), &body).await;
    let stage = stage.restarted().await;
    let again = write(&stage.host.client, Some("k-1"), &body).await;
    assert_eq!((is_replay(&again), &again.raw, stage.written()), (true, &first.raw, 1));
}

#[tokio::test]
async fn what_is_kept_is_sealed_where_there_is_a_vault() {
    let key = tempfile::tempdir().unwrap();
    let vault = key.path().join("vault").display().to_string();
    let master = key.path().join("master").display().to_string();
    let stage = stage_with(&format!("[vault]\nfile = {vault:?}\nmaster_key = \"file:{master}\"\n")).await;
    let body = json!({ "input": order(1) });
    let first = write(&stage.host.client, Some("k-1"), &body).await;
    assert_eq!(first.status, 200, "{}", first.raw);
    let store = stage.host.app.store.clone();
    let keys = store.keys(Bucket::Idempotency, "").await.unwrap();
    let kept = store.get(Bucket::Idempotency, &keys[0]).await.unwrap().unwrap().value;
    assert_eq!((keys.len(), kept[0]), (1, 1));
    assert!(!String::from_utf8_lossy(&kept).contains("outcome"), "an answer stands in the store as it is");
    drop(store);
    let stage = stage.restarted().await;
    let again = write(&stage.host.client, Some("k-1"), &body).await;
    assert_eq!((is_replay(&again), &again.raw, stage.written()), (true, &first.raw, 1));
}

#[tokio::test]
async fn a_write_under_way_is_not_begun_again_and_goes_on_without_its_caller() {
    let demo = Demo::start().await.unwrap();
    let fault = Fault { method: Some("POST".to_owned()), ..Fault::new("zendesk", Kind::HoldBefore) };
    let held = demo.mocks.fault(fault);
    let input = json!({ "subject": "Once", "description": "Only once", "requester_email": "customer@example.com" });
    let body = json!({ "input": input }).to_string();
    let client = demo.host.client.clone();
    let ask = async move || {
        let headers = [("content-type", "application/json"), ("idempotency-key", "k-1")];
        client.send(Method::POST, "/v1/intents/ticket.create", &headers, body.clone()).await
    };
    let first = tokio::spawn({
        let ask = ask.clone();
        async move { ask().await }
    });
    until(async || demo.mocks.journal("zendesk").iter().any(|entry| entry.method == "POST").then_some(())).await;
    let second = ask().await;
    assert_eq!((second.status, second.text("/code")), (409, "idempotency-in-flight"), "{}", second.raw);
    assert!(second.headers.contains_key("retry-after") && second.body["retryable"] == json!(true));
    assert!(second.text("/text").contains("still checking"), "{}", second.raw);
    // The caller goes away; the write does not, and its answer waits for whoever asks next.
    first.abort();
    demo.mocks.release(held);
    let answer = until(async || Some(ask().await).filter(|answer| answer.status != 409)).await;
    assert_eq!((answer.status, is_replay(&answer)), (200, true), "{}", answer.raw);
    assert!(!answer.text("/output/id").is_empty());
    assert_eq!(demo.mocks.journal("zendesk").iter().filter(|entry| entry.method == "POST").count(), 1);
}

#[tokio::test]
async fn what_certainly_did_not_happen_may_be_tried_again_with_the_same_key() {
    let demo = Demo::start().await.unwrap();
    let input = json!({ "subject": "Once", "description": "Only once", "requester_email": "customer@example.com" });
    let ask = async || {
        let headers = [("content-type", "application/json"), ("idempotency-key", "k-1")];
        let body = json!({ "input": input }).to_string();
        demo.host.client.send(Method::POST, "/v1/intents/ticket.create", &headers, body).await
    };
    demo.mocks.fault(Fault { status: Some(422), ..Fault::new("zendesk", Kind::Status) });
    let refused = ask().await;
    assert_eq!(refused.text("/outcome"), "none", "{}", refused.raw);
    demo.mocks.clear_faults();
    let done = ask().await;
    assert_eq!((done.status, is_replay(&done)), (200, false), "{}", done.raw);
}

#[tokio::test]
async fn a_write_whose_host_died_is_said_to_be_unknown_and_not_run_again() {
    let stage = stage().await;
    let input = order(1);
    let asked = Asked { intent: "trespass.run", connection: "trespass", user: None, input: &input };
    let key: Digest = sent_key("demo", "demo", "k-1").unwrap();
    let long_ago = Record::begin(fingerprint(&asked), 1_600_000_000_000, &IdempotencyPolicy::default());
    let bytes = [&[0_u8], long_ago.to_bytes().as_slice()].concat();
    stage.host.app.store.put(Bucket::Idempotency, &key.to_string(), bytes.into(), Expect::Absent).await.unwrap();

    let first = write(&stage.host.client, Some("k-1"), &json!({ "input": input })).await;
    assert_eq!((first.status, first.text("/outcome")), (504, "unknown"), "{}", first.raw);
    assert_eq!((&first.body["retryable"], first.body.get("options")), (&json!(false), None));
    assert!(first.text("/text").contains("can't tell yet"), "{}", first.raw);
    let again = write(&stage.host.client, Some("k-1"), &json!({ "input": input })).await;
    assert_eq!((again.status, is_replay(&again), &again.raw), (504, true, &first.raw));
    assert_eq!(again.headers["content-type"], "application/problem+json");
    assert_eq!(stage.written(), 0);
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_not_taken_for_none() {
    let stage = stage().await;
    let key = sent_key("demo", "demo", "k-1").unwrap().to_string();
    for bytes in [&b""[..], b"\x00{}", b"\x01sealed", b"\x07later"] {
        stage.host.app.store.put(Bucket::Idempotency, &key, bytes.into(), Expect::Any).await.unwrap();
        let answer = write(&stage.host.client, Some("k-1"), &json!({ "input": order(1) })).await;
        assert_eq!((answer.status, answer.text("/code")), (503, "unavailable"), "{}", answer.raw);
    }
    assert_eq!(stage.written(), 0);
}

#[tokio::test]
async fn a_store_that_does_not_work_refuses_writes_that_need_it_and_lets_reads_go_on() {
    let Stage { host, upstream, config, dir } = stage().await;
    host.drain().await.unwrap();
    // Composed to be looked at: its store is closed.
    let host = Host::start_as(&config, Options { dry: true, ..Options::default() }).await.unwrap();
    let stage = Stage { host, upstream, config, dir };
    let refused = write(&stage.host.client, Some("k-1"), &json!({ "input": order(1) })).await;
    assert_eq!((refused.status, refused.text("/code"), refused.text("/outcome")), (503, "unavailable", "none"));
    assert_eq!(stage.written(), 0);
    let read = stage.host.client.ask("healthy.run", json!({ "requests": 1 })).await;
    assert_eq!(read.status, 200, "{}", read.raw);
    let keyless = write(&stage.host.client, None, &json!({ "input": order(1) })).await;
    assert_eq!((keyless.status, stage.written()), (200, 1), "{}", keyless.raw);
}

#[tokio::test]
async fn of_many_at_once_one_is_carried_out() {
    let stage = stage().await;
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let client = stage.host.client.clone();
            tokio::spawn(async move { write(&client, Some("k-1"), &json!({ "input": order(1) })).await })
        })
        .collect();
    for call in calls {
        let answer = call.await.unwrap();
        assert!(matches!(answer.status, 200 | 409), "{}", answer.raw);
    }
    assert_eq!(stage.written(), 1);
    assert!(is_replay(&write(&stage.host.client, Some("k-1"), &json!({ "input": order(1) })).await));
}
