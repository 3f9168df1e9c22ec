//! What was accepted outlives its host: killed, drained, or gone while nobody watched.

use std::path::Path;

use jackfield_core::port::{Bucket, Expect, Store as _};
use jackfield_mocks::Mocks;
use jackfield_store::{Embedded, Options};
use jackfield_tests::process::{Process, init_vault};
use jackfield_tests::{Host, demo_config};

use super::*;

const BINARY: &str = env!("CARGO_BIN_EXE_jackfield-under-test");

/// Short, so that a dead host is known to be dead soon.
const CALLS: &str = "\n[calls]\nlease_ms = 500\n[intent.\"ticket.*\"]\nprogress_ms = 100\n";

/// Nobody looks what became of a write while a test lasts.
const UNSETTLED: &str = "[settle]\nwaits_ms = [3600000]\n";

/// Somebody does at once.
const SETTLED: &str = "[settle]\nwaits_ms = [50]\nsure_after_ms = 200\ngive_up_ms = 60000\n";

/// The demo as a process of its own, which a test may kill and start again.
struct Stage {
    mocks: Mocks,
    dir: tempfile::TempDir,
}

impl Stage {
    async fn new(more: &str) -> Stage {
        let mocks = Mocks::start(([127, 0, 0, 1], 0).into()).await.unwrap();
        let dir = tempfile::tempdir().unwrap();
        let config = demo_config(&mocks).unwrap() + CALLS + more;
        std::fs::write(dir.path().join("jackfield.toml"), config).unwrap();
        Stage { mocks, dir }
    }

    async fn serve(&self) -> Process {
        Process::serve(Path::new(BINARY), &self.dir.path().join("jackfield.toml")).await.unwrap()
    }

    fn hold(&self, method: &str, kind: Kind) -> u64 {
        self.mocks.fault(Fault { method: Some(method.to_owned()), ..Fault::new("zendesk", kind) })
    }

    fn posts(&self) -> usize {
        self.mocks.journal("zendesk").iter().filter(|entry| entry.method == "POST").count()
    }
}

async fn ended(client: &Client, id: &str) -> Answer {
    until(async || Some(look(client, id).await).filter(|answer| answer.text("/status") != "working")).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_whose_host_was_killed_is_run_again_and_its_stream_goes_on() {
    let stage = Stage::new("").await;
    let host = stage.serve().await;
    let fault = stage.hold("GET", Kind::HoldBefore);
    let mut events = streamed(&host.client, READ, &ticket()).await;
    let id = events.next().await.unwrap().data["call_id"].as_str().unwrap().to_owned();
    assert_eq!(events.next().await.unwrap().name, "progress");
    stage.mocks.until_held(fault).await;
    host.kill().await.unwrap();
    assert_eq!(events.next().await, None);

    let host = stage.serve().await;
    let mut events = followed(&host.client, &id, "2").await;
    let waiting = look(&host.client, &id).await;
    assert_eq!((waiting.status, waiting.text("/status")), (200, "working"), "{}", waiting.raw);
    assert!(waiting.text("/text").contains("still checking"));
    stage.mocks.clear_faults();
    let rest = events.rest().await;
    assert_eq!(names(&rest), [("3", "result")], "no number is given twice");
    assert_eq!(rest[0].data["call_id"], json!(id));
    let done = ended(&host.client, &id).await;
    assert_eq!((done.text("/status"), done.text("/output/status")), ("completed", "on_hold"), "{}", done.raw);
    host.kill().await.unwrap();

    // What was answered is kept.
    let host = stage.serve().await;
    assert_eq!(look(&host.client, &id).await.raw, done.raw);
    assert_eq!(followed(&host.client, &id, "3").await.status, 204);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_that_fails_on_its_second_host_is_told_with_what_may_be_done() {
    let stage = Stage::new("").await;
    let host = stage.serve().await;
    let fault = stage.hold("GET", Kind::HoldBefore);
    let id = asked_for_later(&host.client, READ, &ticket()).await;
    stage.mocks.until_held(fault).await;
    host.kill().await.unwrap();
    stage.mocks.clear_faults();
    stage.mocks.fault(Fault { status: Some(503), ..Fault::new("zendesk", Kind::Status) });

    let host = stage.serve().await;
    let told = ended(&host.client, &id).await;
    assert_eq!((told.text("/status"), told.text("/problem/code")), ("failed", "unavailable"), "{}", told.raw);
    let offered = told.body["problem"]["options"].as_array().unwrap();
    let kinds: Vec<_> = offered.iter().filter_map(|option| option["kind"].as_str()).collect();
    assert_eq!(kinds, ["retry", "message", "contact"], "the helpdesk is what failed");
    let body = json!({ "token": told.text("/problem/options/1/token"), "kind": "message" });
    let taken = host.client.post("/v1/fallbacks", &body).await;
    assert_eq!((taken.status, taken.text("/fallback/step")), (200, "message"), "{}", taken.raw);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_had_begun_when_its_host_was_killed_is_unknown_and_waits_to_be_settled() {
    let stage = Stage::new(UNSETTLED).await;
    let host = stage.serve().await;
    let fault = stage.hold("POST", Kind::HoldAfter);
    let headers = [("prefer", "respond-async"), ("idempotency-key", "k-1")];
    let accepted = ask(&host.client, WRITE, &headers, &new_ticket()).await;
    let id = accepted.text("/call_id").to_owned();
    stage.mocks.until_held(fault).await;
    host.kill().await.unwrap();
    stage.mocks.clear_faults();

    let host = stage.serve().await;
    let told = ended(&host.client, &id).await;
    assert_eq!((told.text("/status"), told.text("/problem/outcome")), ("failed", "unknown"), "{}", told.raw);
    assert_eq!((told.text("/problem/call_id"), &told.body["problem"]["retryable"]), (&*id, &json!(false)));
    assert!(told.text("/text").contains("don't send it again"), "{}", told.raw);
    // Whoever asks by the key hears the same.
    let again = ask(&host.client, WRITE, &headers, &new_ticket()).await;
    assert_eq!((again.status, again.text("/outcome")), (504, "unknown"), "{}", again.raw);
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(stage.posts(), 1);
    host.kill().await.unwrap();
    let store = Embedded::open(&stage.dir.path().join("jackfield.db"), Options::default()).unwrap();
    assert_eq!(store.keys(Bucket::Settlements, "").await.unwrap(), [id]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_had_begun_when_its_host_was_killed_is_settled_and_whoever_watches_its_call_hears_it() {
    let stage = Stage::new(SETTLED).await;
    let host = stage.serve().await;
    let fault = stage.hold("PUT", Kind::HoldAfter);
    let update = json!({ "input": { "ticket_id": "35436", "email": "customer@example.com", "comment": "Thank you." } });
    let id = asked_for_later(&host.client, "/v1/intents/ticket.update", &update).await;
    stage.mocks.until_held(fault).await;
    host.kill().await.unwrap();
    stage.mocks.clear_faults();
    let writes = || stage.mocks.journal("zendesk").iter().filter(|entry| entry.method == "PUT").count();

    let host = stage.serve().await;
    let events = followed(&host.client, &id, "1").await.rest().await;
    assert_eq!(names(&events), [("3", "error"), ("4", "settled")], "{events:?}");
    assert_eq!((&events[0].data["outcome"], &events[1].data["outcome"]), (&json!("unknown"), &json!("applied")));
    let told = look(&host.client, &id).await;
    assert_eq!((told.text("/status"), told.text("/settled/outcome")), ("failed", "applied"), "{}", told.raw);
    assert_eq!(told.text("/settled/answer/output/id"), "35436");
    assert_eq!(writes(), 1, "it was looked for, not sent again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drained_host_leaves_its_calls_to_the_next_one_and_its_streams_end_in_order() {
    let stage = Stage::new("").await;
    let config = std::fs::read_to_string(stage.dir.path().join("jackfield.toml")).unwrap();
    let store = format!("file = {:?}", stage.dir.path().join("shared.db"));
    // A lease that no test waits for: an orderly end needs none.
    let config = config.replace("file = \"jackfield.db\"", &store).replace("lease_ms = 500", "lease_ms = 60000");
    let config = config.replacen("[server]", "[server]\ndrain_ms = 300", 1);
    let host = Host::start(&config).await.unwrap();
    let fault = stage.hold("GET", Kind::HoldBefore);
    let mut events = streamed(&host.client, READ, &ticket()).await;
    let id = events.next().await.unwrap().data["call_id"].as_str().unwrap().to_owned();
    stage.mocks.until_held(fault).await;
    assert_eq!(events.next().await.unwrap().name, "progress");
    let polled = tokio::spawn({
        let (client, id) = (host.client.clone(), id.clone());
        async move { client.get(&format!("/v1/calls/{id}?wait=60")).await }
    });
    until(async || host.client.get("/metrics").await.raw.contains("jackfield_calls_watched 2").then_some(())).await;
    host.drain().await.unwrap();
    assert_eq!(events.next().await, None);
    assert!(events.raw.ends_with(": closing\n\n"), "{}", events.raw);
    assert_eq!(polled.await.unwrap().text("/status"), "working");

    stage.mocks.clear_faults();
    let host = Host::start(&config).await.unwrap();
    let done = ended(&host.client, &id).await;
    assert_eq!((done.text("/status"), done.text("/call_id")), ("completed", &*id), "{}", done.raw);
}

/// A host that went away in the middle of a write, with a change to what it left on record; and the one after it.
struct Left {
    stage: Stage,
    host: Host,
    id: String,
}

/// As if it had been killed at a moment that is too short a while to hit.
async fn left_behind(change: impl FnOnce(&mut Value)) -> Left {
    let stage = Stage::new(UNSETTLED).await;
    let config = std::fs::read_to_string(stage.dir.path().join("jackfield.toml")).unwrap();
    let store = format!("file = {:?}", stage.dir.path().join("shared.db"));
    let config = config.replace("file = \"jackfield.db\"", &store).replacen("[server]", "[server]\ndrain_ms = 0", 1);
    let host = Host::start(&config).await.unwrap();
    let fault = stage.hold("POST", Kind::HoldBefore);
    let headers = [("prefer", "respond-async"), ("idempotency-key", "k-1")];
    let id = ask(&host.client, WRITE, &headers, &new_ticket()).await.text("/call_id").to_owned();
    stage.mocks.until_held(fault).await;
    let store = host.app.store.clone();
    host.drain().await.unwrap();
    stage.mocks.clear_faults();
    let kept = store.get(Bucket::Jobs, &id).await.unwrap().unwrap();
    let mut job: Value = serde_json::from_slice(&kept.value[1..]).unwrap();
    assert_eq!((kept.value[0], &job["begun"], stage.posts()), (0, &json!(true), 1));
    change(&mut job);
    let value = [&[0_u8], job.to_string().as_bytes()].concat();
    store.put(Bucket::Jobs, &id, value.into(), Expect::Revision(kept.revision)).await.unwrap();
    Left { host: Host::start(&config).await.unwrap(), stage, id }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_was_accepted_and_had_not_begun_is_carried_out_once() {
    let Left { stage, host, id } = left_behind(|job| job["begun"] = json!(false)).await;
    let done = ended(&host.client, &id).await;
    assert_eq!(done.text("/status"), "completed", "{}", done.raw);
    assert!(!done.text("/output/id").is_empty());
    assert_eq!(stage.posts(), 2, "the first was let go of before it was applied");
    let owed = async || host.app.store.keys(Bucket::Jobs, &id).await.unwrap();
    until(async || owed().await.is_empty().then_some(())).await;
    let headers = [("idempotency-key", "k-1")];
    let again = ask(&host.client, WRITE, &headers, &new_ticket()).await;
    assert_eq!((again.status, &again.raw, stage.posts()), (200, &done.raw, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_carried_on_ends_and_says_truly_what_is_known_of_it() {
    let gone = |job: &mut Value| job["connection"] = json!("gone");
    let Left { stage, host, id } = left_behind(gone).await;
    let begun = ended(&host.client, &id).await;
    let told = (begun.text("/problem/code"), begun.text("/problem/outcome"));
    assert_eq!(told, ("invalid-input", "unknown"), "{}", begun.raw);
    assert_eq!(stage.posts(), 1);
    // Somebody will look all the same, and until then the same is told to whoever repeats it.
    assert_eq!(host.app.store.keys(Bucket::Settlements, "").await.unwrap(), [id]);
    let headers = [("idempotency-key", "k-1")];
    let again = ask(&host.client, WRITE, &headers, &new_ticket()).await;
    assert_eq!((again.text("/outcome"), &again.body), ("unknown", &begun.body["problem"]));

    let Left { stage, host, id } = left_behind(|job| {
        gone(job);
        job["begun"] = json!(false);
    })
    .await;
    let untouched = ended(&host.client, &id).await;
    let told = (untouched.text("/status"), untouched.text("/problem/outcome"));
    assert_eq!(told, ("failed", "none"), "{}", untouched.raw);
    // Nothing was done, so its key is free.
    let headers = [("idempotency-key", "k-1")];
    assert_eq!(ask(&host.client, WRITE, &headers, &new_ticket()).await.status, 200);
    assert_eq!(stage.posts(), 2);

    let Left { stage, host, id } = left_behind(|job| {
        job["runs"] = json!(3);
        job["begun"] = json!(false);
    })
    .await;
    let poison = ended(&host.client, &id).await;
    assert_eq!((poison.text("/status"), poison.text("/problem/code")), ("failed", "internal"), "{}", poison.raw);
    assert_eq!(stage.posts(), 1);
}

#[tokio::test]
async fn what_is_owed_and_what_was_said_is_sealed_where_there_is_a_vault() {
    let key = tempfile::tempdir().unwrap();
    let (vault, master) = (key.path().join("vault"), key.path().join("master"));
    let more = format!("\n[vault]\nfile = {vault:?}\nmaster_key = \"file:{}\"\n", master.display());
    let stage = Stage::new(&more).await;
    let config = std::fs::read_to_string(stage.dir.path().join("jackfield.toml")).unwrap();
    init_vault(Path::new(BINARY), key.path(), &config).unwrap();
    let host = Host::start(&config).await.unwrap();
    let fault = stage.hold("GET", Kind::HoldBefore);
    let id = asked_for_later(&host.client, READ, &ticket()).await;
    let store = &host.app.store;
    let sealed = async |bucket: Bucket| {
        let keys = store.keys(bucket, &id).await.unwrap();
        let kept = store.get(bucket, &keys[0]).await.unwrap().unwrap().value;
        assert_eq!((keys.len(), kept[0]), (1, 1));
        assert!(!String::from_utf8_lossy(&kept).contains("customer@example.com"));
    };
    sealed(Bucket::Jobs).await;
    stage.mocks.release(fault);
    assert_eq!(ended(&host.client, &id).await.text("/status"), "completed");
    sealed(Bucket::Calls).await;
}

#[tokio::test]
async fn a_store_that_does_not_work_accepts_nothing_and_what_is_held_goes_on() {
    let stage = Stage::new("").await;
    let config = std::fs::read_to_string(stage.dir.path().join("jackfield.toml")).unwrap();
    let options = jackfield::app::Options { dry: true, ..Default::default() };
    let host = Host::start_as(&config, options).await.unwrap();
    for header in [("prefer", "respond-async"), ("accept", "text/event-stream")] {
        let refused = ask(&host.client, READ, &[header], &ticket()).await;
        assert_eq!((refused.status, refused.text("/code")), (503, "unavailable"), "{}", refused.raw);
    }
    assert_eq!(host.app.admission.in_flight(), 0);
    let look = look(&host.client, &jackfield::trace::Trace::new(None).call_id).await;
    assert_eq!((look.status, look.text("/code")), (503, "unavailable"), "{}", look.raw);
}
