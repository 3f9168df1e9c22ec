//! A write whose end nobody heard is looked for until it is known: what the caller is told at once, what they are told
//! afterwards, and above all what the business system received.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering::SeqCst};

use http::{Method, Response};
use jackfield_core::port::{Bucket, Expect, Log, Store as _};
use jackfield_mocks::{Fault, Kind, Mocks};
use jackfield_store::{Embedded, Options};
use jackfield_tests::stub::broken;
use jackfield_tests::{Answer, Client, Demo, Host, Process, Stub, demo_config, guests, until};
use serde_json::{Value, json};

/// Looks at once, and gives up soon.
const SOON: &str = "[settle]\nwaits_ms = [20]\nsure_after_ms = 100\ngive_up_ms = 2000\n";

/// What is told of a write that is settled.
struct Settled {
    end: String,
    connection: String,
    intent: String,
}

/// Waits until a write that was put on record is settled.
async fn settled(host: &Host, call_id: &str) -> Settled {
    let store = &host.app.store;
    until(async || {
        let left = store.keys(Bucket::Settlements, call_id).await.unwrap();
        left.is_empty().then_some(())
    })
    .await;
    store.flush().await.unwrap();
    let entries = store.entries(Log::Audit, 0, 1_000).await.unwrap();
    let mut records = entries.iter().map(|entry| serde_json::from_slice::<Value>(&entry.body).unwrap());
    let record = records.find(|record| record["event"] == "write_settled" && record["call_id"] == call_id).unwrap();
    let text = |name: &str| record[name].as_str().unwrap().to_owned();
    Settled { end: text("outcome"), connection: text("connection"), intent: text("intent") }
}

/// A system that takes a write and breaks the connection, until it is mended; and that can be looked into.
#[derive(Default)]
struct System {
    is_mended: AtomicBool,
    /// What a look gets; 0 is 500.
    found: AtomicU16,
}

struct Stage {
    host: Host,
    system: Arc<System>,
    upstream: Stub,
    config: String,
    _dir: tempfile::TempDir,
}

impl Stage {
    async fn of(package: Vec<u8>, found: u16, settle: &str) -> Stage {
        let dir = tempfile::tempdir().unwrap();
        let system = Arc::new(System { found: found.into(), ..System::default() });
        let answering = system.clone();
        let upstream = Stub::start(move |arrived| {
            if arrived.line.starts_with("GET ") {
                let status = answering.found.load(SeqCst);
                return Response::builder().status(if status == 0 { 500 } else { status }).body("{}".into()).unwrap();
            }
            if answering.is_mended.load(SeqCst) { Response::new("{}".into()) } else { broken() }
        })
        .await
        .unwrap();
        let store = format!("[store]\nfile = {:?}\n{settle}\n", dir.path().join("jackfield.db"));
        let config = store + &guests::config(dir.path(), &["settler"], &upstream.url, "access = \"write\"");
        guests::write(dir.path(), "settler", &package);
        let host = Host::start(&config).await.unwrap();
        Stage { host, system, upstream, config, _dir: dir }
    }

    async fn settling(found: u16) -> Stage {
        Stage::of(guests::settling("settler"), found, SOON).await
    }

    /// The same configuration and store in a new process, as far as one process can be two.
    async fn restarted(self) -> Stage {
        let Stage { host, system, upstream, config, _dir, .. } = self;
        host.drain().await.unwrap();
        let host = Host::start(&config).await.unwrap();
        Stage { host, system, upstream, config, _dir }
    }

    async fn ask(&self, key: Option<&str>, look: &str) -> Answer {
        write(&self.host.client, "settler.run", key, &json!({ "look": look })).await
    }

    /// What the system received by POST: the bodies, each the key of a call.
    fn written(&self) -> Vec<String> {
        let arrived = self.upstream.arrived().into_iter();
        arrived.filter(|one| one.line.starts_with("POST ")).map(|one| one.body).collect()
    }

    async fn on_record(&self) -> Vec<String> {
        self.host.app.store.keys(Bucket::Settlements, "").await.unwrap()
    }
}

async fn write(client: &Client, intent: &str, key: Option<&str>, input: &Value) -> Answer {
    let mut headers = vec![("content-type", "application/json")];
    headers.extend(key.map(|key| ("idempotency-key", key)));
    client.send(Method::POST, &format!("/v1/intents/{intent}"), &headers, json!({ "input": input }).to_string()).await
}

fn is_replay(answer: &Answer) -> bool {
    answer.headers.get("idempotency-replayed").is_some_and(|value| value == "true")
}

/// What a caller is told of a write whose end nobody heard.
fn assert_unknown(answer: &Answer) -> String {
    assert_eq!(answer.text("/outcome"), "unknown", "{}", answer.raw);
    assert_eq!(answer.body["retryable"], false);
    let offered = answer.body["options"].as_array().into_iter().flatten();
    assert!(offered.into_iter().all(|option| option["kind"] != "retry"), "{}", answer.raw);
    answer.text("/call_id").to_owned()
}

#[tokio::test]
async fn a_write_that_happened_is_found_and_its_reply_stands_in_for_the_unknown_one() {
    let stage = Stage::settling(200).await;
    let first = stage.ask(Some("k-1"), "ask").await;
    let call_id = assert_unknown(&first);
    assert!(first.text("/text").contains("can't tell yet"), "{}", first.raw);

    let Settled { end, connection, intent } = settled(&stage.host, &call_id).await;
    assert_eq!((&*end, &*connection, &*intent), ("applied", "settler", "settler.run"));
    let again = stage.ask(Some("k-1"), "ask").await;
    assert!(is_replay(&again), "{}", again.raw);
    assert_eq!((again.status, again.text("/output/outcome"), again.text("/call_id")), (200, "asked", &*call_id));
    assert_eq!(stage.written().len(), 1, "it is never sent again");

    let line = "jackfield_settled_total{connection=\"settler\",intent=\"settler.run\",outcome=\"applied\"} 1";
    until(async || stage.host.client.get("/metrics").await.raw.contains(line).then_some(())).await;
    stage.host.app.store.flush().await.unwrap();
    let entries = stage.host.app.store.entries(Log::Audit, 0, 100).await.unwrap();
    let audited = entries.iter().map(|entry| serde_json::from_slice::<Value>(&entry.body).unwrap());
    let audited: Vec<Value> = audited.filter(|record| record["event"] == "write_settled").collect();
    assert_eq!(audited.len(), 1);
    assert_eq!((&audited[0]["outcome"], &audited[0]["call_id"]), (&json!("applied"), &json!(call_id)));
}

#[tokio::test]
async fn a_write_that_did_not_happen_is_said_so_and_may_be_asked_again_with_the_same_key() {
    let stage = Stage::settling(404).await;
    // As one who may ask for the answer again.
    let headers = [("content-type", "application/json"), ("idempotency-key", "k-1"), ("prefer", "wait=30")];
    let input = json!({ "input": { "look": "ask" } }).to_string();
    let first = stage.host.client.send(Method::POST, "/v1/intents/settler.run", &headers, input).await;
    let call_id = assert_unknown(&first);
    assert_eq!(settled(&stage.host, &call_id).await.end, "not-applied");
    let call = stage.host.client.get(&format!("/v1/calls/{call_id}")).await;
    assert_eq!((call.text("/status"), call.text("/settled/outcome")), ("failed", "none"), "{}", call.raw);
    let told = &call.body["settled"]["answer"];
    assert_eq!((&told["outcome"], &told["retryable"]), (&json!("none"), &json!(true)), "{told}");
    assert!(told["text"].as_str().unwrap().contains("didn't go through"), "{told}");
    assert_eq!(stage.written().len(), 1, "looking writes nothing");

    stage.system.is_mended.store(true, SeqCst);
    let again = stage.ask(Some("k-1"), "ask").await;
    assert_eq!((again.status, is_replay(&again), again.text("/output/outcome")), (200, false, "written"));
    let written = stage.written();
    assert_eq!((written.len(), &written[0]), (2, &written[1]), "the connector got the same key both times");
}

#[tokio::test]
async fn not_applied_is_believed_only_when_the_system_cannot_be_at_it_any_more() {
    let slow = "[settle]\nwaits_ms = [20]\nsure_after_ms = 3600000\ngive_up_ms = 7200000\n";
    let stage = Stage::of(guests::settling("settler"), 404, slow).await;
    let call_id = assert_unknown(&stage.ask(Some("k-1"), "ask").await);
    let looks = || stage.upstream.arrived().iter().filter(|one| one.line.starts_with("GET ")).count();
    until(async || (looks() >= 3).then_some(())).await;
    assert_eq!(stage.on_record().await, std::slice::from_ref(&call_id), "it is looked for again");
    // It was only slow.
    stage.system.found.store(200, SeqCst);
    assert_eq!(settled(&stage.host, &call_id).await.end, "applied");
}

#[tokio::test]
async fn a_look_is_told_the_call_as_it_was() {
    let stage = Stage::settling(200).await;
    let before = jackfield_now();
    let call_id = assert_unknown(&stage.ask(Some("k-1"), "told").await);
    assert_eq!(settled(&stage.host, &call_id).await.end, "applied");
    let again = stage.ask(Some("k-1"), "told").await;
    let told = &again.body["output"]["outcome"];
    assert_eq!((&told[0], &told[2]), (&json!(call_id), &json!(stage.written()[0])), "the same id and the same key");
    let began: u64 = told[1].as_str().unwrap().parse().unwrap();
    assert!((before..=jackfield_now()).contains(&began), "{before} {began}");
}

fn jackfield_now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    u64::try_from(since.as_millis()).unwrap()
}

#[tokio::test]
async fn where_nothing_can_ever_tell_it_is_said_at_once_and_for_good() {
    let stage = Stage::of(guests::writing("settler"), 200, SOON).await;
    let first = stage.ask(Some("k-1"), "applied").await;
    let call_id = assert_unknown(&first);
    assert!(first.text("/text").contains("can't find out"), "{}", first.raw);
    assert_eq!(settled(&stage.host, &call_id).await.end, "unknown");
    let again = stage.ask(Some("k-1"), "applied").await;
    assert!(is_replay(&again) && again.text("/text").contains("can't find out"), "{}", again.raw);
    assert_unknown(&again);
    assert_eq!(stage.written().len(), 1);
}

#[tokio::test]
async fn a_look_that_fails_breaks_or_writes_leaves_the_write_unknown() {
    let stage = Stage::settling(200).await;
    let mut asked = Vec::new();
    for look in ["fails", "panic", "no-json", "write", "nothing"] {
        asked.push((look, assert_unknown(&stage.ask(Some(look), look).await)));
    }
    for (look, call_id) in &asked {
        assert_eq!(settled(&stage.host, call_id).await.end, "unknown", "{look}");
    }
    // One for each of the calls, none for a look.
    assert_eq!(stage.written().len(), asked.len());
}

#[tokio::test]
async fn a_write_without_a_key_is_settled_too() {
    let stage = Stage::settling(200).await;
    let call_id = assert_unknown(&stage.ask(None, "ask").await);
    assert_eq!(settled(&stage.host, &call_id).await.end, "applied");
    let written = stage.written();
    assert!(written.len() == 1 && written[0].len() == 64, "it has a key of its own to be found by: {written:?}");
}

#[tokio::test]
async fn where_a_repetition_is_harmless_the_same_call_is_sent_with_the_same_key() {
    let stage = Stage::of(guests::repeating("settler", 60_000), 500, SOON).await;
    let call_id = assert_unknown(&stage.ask(Some("k-1"), "applied").await);
    stage.system.is_mended.store(true, SeqCst);
    assert_eq!(settled(&stage.host, &call_id).await.end, "applied");
    let written = stage.written();
    assert!(written.len() >= 2 && written.iter().all(|key| *key == written[0]), "{written:?}");
    let again = stage.ask(Some("k-1"), "applied").await;
    assert_eq!((is_replay(&again), again.text("/output/outcome")), (true, "written"), "{}", again.raw);
}

#[tokio::test]
async fn a_repetition_stops_when_the_system_has_forgotten_the_key() {
    let stage = Stage::of(guests::repeating("settler", 1), 500, SOON).await;
    let call_id = assert_unknown(&stage.ask(Some("k-1"), "applied").await);
    assert_eq!(settled(&stage.host, &call_id).await.end, "unknown");
    assert_eq!(stage.written().len(), 1);
}

#[tokio::test]
async fn what_waits_to_be_settled_survives_a_restart() {
    let stage = Stage::of(guests::settling("settler"), 0, SOON).await;
    let call_id = assert_unknown(&stage.ask(Some("k-1"), "ask").await);
    assert_eq!(stage.on_record().await, std::slice::from_ref(&call_id));
    let stage = stage.restarted().await;
    stage.system.found.store(200, SeqCst);
    assert_eq!(settled(&stage.host, &call_id).await.end, "applied");
    assert_eq!(stage.ask(Some("k-1"), "ask").await.text("/output/outcome"), "asked");
    assert_eq!(stage.written().len(), 1);
}

#[tokio::test]
async fn who_watches_a_call_hears_what_became_of_its_write() {
    let stage = Stage::settling(200).await;
    let input = json!({ "input": { "look": "ask" } }).to_string();
    let headers = [("idempotency-key", "k-1")];
    let mut events = stage.host.client.stream(Method::POST, "/v1/intents/settler.run", &headers, input).await;
    let events = events.rest().await;
    let named: Vec<_> = events.iter().map(|event| (event.id.as_str(), event.name.as_str())).collect();
    assert_eq!(named, [("1", "accepted"), ("3", "error"), ("4", "settled")]);
    assert_eq!(events[1].data["outcome"], "unknown", "{:?}", events[1]);
    let told = &events[2].data;
    assert_eq!((&told["outcome"], &told["call_id"]), (&json!("applied"), &events[0].data["call_id"]));
    assert_eq!(told["answer"]["output"]["outcome"], "asked", "{told}");
    let again = stage.ask(Some("k-1"), "ask").await;
    assert_eq!((again.status, &again.body), (200, &told["answer"]), "whoever repeats it is told the same");
    assert_eq!(stage.written().len(), 1);
}

#[tokio::test]
async fn a_call_that_is_not_answered_yet_is_not_settled_before() {
    let stage = Stage::settling(0).await;
    let call_id = assert_unknown(&stage.ask(Some("k-1"), "ask").await);
    // As if the host had died between the record of the write and the answer to its call.
    let store = &stage.host.app.store;
    store.put(Bucket::Jobs, &call_id, b"owed"[..].into(), Expect::Absent).await.unwrap();
    stage.system.found.store(200, SeqCst);
    let looks = || stage.upstream.arrived().iter().filter(|one| one.line.starts_with("GET ")).count();
    let before = looks();
    until(async || (looks() >= before + 3).then_some(())).await;
    assert_eq!(stage.on_record().await, std::slice::from_ref(&call_id));
    assert_unknown(&stage.ask(Some("k-1"), "ask").await);
    store.delete(Bucket::Jobs, &call_id, Expect::Any).await.unwrap();
    assert_eq!(settled(&stage.host, &call_id).await.end, "applied");
}

#[tokio::test]
async fn what_is_kept_of_an_object_is_dropped_when_a_write_to_it_turns_out_applied() {
    let demo = demo_with("cache = { ttl_ms = 3600000 }").await;
    let client = &demo.host.client;
    let ticket = json!({ "ticket_id": "35436", "email": "customer@example.com" });
    let fault = |method: &str, kind| Fault { method: Some(method.to_owned()), ..Fault::new("zendesk", kind) };
    // The first to ask for them is whoever looks what became of the write.
    let comments = Fault { path: Some("/**/comments".to_owned()), nth: Some(1), ..fault("GET", Kind::HoldBefore) };
    let look = demo.mocks.fault(comments);
    demo.mocks.fault(fault("PUT", Kind::ResetAfter));
    let mut update = ticket.clone();
    update["comment"] = "It works again, thank you.".into();
    let call_id = assert_unknown(&write(client, "ticket.update", Some("u-1"), &update).await);
    demo.mocks.until_held(look).await;
    let kept = async || client.get("/metrics").await.raw.contains("jackfield_answers_kept 1\n");
    assert_eq!(client.ask("ticket.status", ticket).await.status, 200);
    assert!(kept().await, "read when nobody knew");
    demo.mocks.release(look);
    assert_eq!(settled(&demo.host, &call_id).await.end, "applied");
    assert!(!kept().await);
}

/// The demo with looks that do not keep a test waiting.
async fn demo() -> Demo {
    demo_with("").await
}

async fn demo_with(policy: &str) -> Demo {
    let settle = format!(
        "\n[settle]\nwaits_ms = [50]\nsure_after_ms = 200\ngive_up_ms = 20000\n\
         [intent.\"lead.create\"]\ndeadline_ms = 2500\n[intent.\"ticket.*\"]\n{policy}\n"
    );
    Demo::start_with(|config| config + &settle).await.unwrap()
}

fn writes(mocks: &Mocks, system: &str, path: &str) -> usize {
    let journal = mocks.journal(system);
    journal.iter().filter(|entry| entry.method != "GET" && entry.path.contains(path)).count()
}

#[tokio::test]
async fn a_lead_whose_answer_was_lost_is_found_by_the_key_in_it() {
    let demo = demo().await;
    let held =
        demo.mocks.fault(Fault { method: Some("PATCH".to_owned()), ..Fault::new("salesforce", Kind::HoldAfter) });
    let lead = json!({ "last_name": "Settled", "email": "settled@example.com" });
    let first = write(&demo.host.client, "lead.create", Some("lead-1"), &lead).await;
    assert_eq!((first.status, first.text("/code")), (504, "timeout"), "{}", first.raw);
    let call_id = assert_unknown(&first);
    assert_eq!(settled(&demo.host, &call_id).await.end, "applied");
    let again = write(&demo.host.client, "lead.create", Some("lead-1"), &lead).await;
    assert_eq!((again.status, is_replay(&again)), (200, true), "{}", again.raw);
    assert!(again.text("/output/id").starts_with("00Q"), "{}", again.raw);
    assert_eq!(writes(&demo.mocks, "salesforce", "/sobjects/Lead/"), 1, "the lead was sent once");
    demo.mocks.release(held);
}

#[tokio::test]
async fn a_lead_that_never_reached_the_crm_is_said_not_to_be_there() {
    let demo = demo().await;
    demo.mocks.fault(Fault { method: Some("PATCH".to_owned()), ..Fault::new("salesforce", Kind::Reset) });
    let lead = json!({ "last_name": "Lost", "email": "lost@example.com" });
    let call_id = assert_unknown(&write(&demo.host.client, "lead.create", Some("lead-1"), &lead).await);
    assert_eq!(settled(&demo.host, &call_id).await.end, "not-applied");
    demo.mocks.clear_faults();
    let done = write(&demo.host.client, "lead.create", Some("lead-1"), &lead).await;
    assert_eq!((done.status, is_replay(&done)), (200, false), "{}", done.raw);
}

#[tokio::test]
async fn a_ticket_whose_answer_was_lost_is_had_by_its_key_and_opened_once() {
    let demo = demo().await;
    let lost = Fault { method: Some("POST".to_owned()), ..Fault::new("zendesk", Kind::ResetAfter) };
    demo.mocks.fault(lost);
    let ticket = json!({ "subject": "Once", "description": "Only once", "requester_email": "customer@example.com" });
    let call_id = assert_unknown(&write(&demo.host.client, "ticket.create", Some("t-1"), &ticket).await);
    demo.mocks.clear_faults();
    assert_eq!(settled(&demo.host, &call_id).await.end, "applied");
    let told = write(&demo.host.client, "ticket.create", Some("t-1"), &ticket).await;
    assert!(is_replay(&told), "{}", told.raw);
    let id = told.text("/output/id");
    let posts: Vec<_> = demo.mocks.journal("zendesk").into_iter().filter(|entry| entry.method == "POST").collect();
    let key = |entry: &jackfield_mocks::Entry| {
        let mut headers = entry.headers.iter();
        headers.find(|(name, _)| name == "idempotency-key").map(|(_, value)| value.clone())
    };
    let keys: BTreeSet<_> = posts.iter().map(key).collect();
    assert!(posts.len() >= 2 && keys.len() == 1 && !keys.contains(&None), "each with the same key: {keys:?}");
    // The next ticket is the next number: there is none between.
    let next = write(&demo.host.client, "ticket.create", Some("t-2"), &ticket).await;
    let number = |id: &str| id.parse::<u64>().unwrap();
    assert_eq!(number(next.text("/output/id")), number(id) + 1, "{}", next.raw);
}

#[tokio::test]
async fn a_page_with_a_status_of_success_is_not_taken_for_a_ticket() {
    let demo = demo().await;
    demo.mocks.fault(Fault { method: Some("POST".to_owned()), ..Fault::new("zendesk", Kind::NotJson) });
    let before = demo.mocks.census();
    let ticket = json!({ "subject": "Once", "description": "Only once", "requester_email": "customer@example.com" });
    let call_id = assert_unknown(&write(&demo.host.client, "ticket.create", Some("t-1"), &ticket).await);
    assert_eq!(demo.mocks.census(), before, "there is no such ticket");
    demo.mocks.clear_faults();
    assert_eq!(settled(&demo.host, &call_id).await.end, "applied");
    let told = write(&demo.host.client, "ticket.create", Some("t-1"), &ticket).await;
    assert!((told.status, is_replay(&told)) == (200, true) && !told.text("/output/id").is_empty(), "{}", told.raw);
    assert_eq!(demo.mocks.census()["zendesk/tickets"], before["zendesk/tickets"] + 1);
}

#[tokio::test]
async fn a_page_with_a_status_of_success_does_not_swallow_a_message() {
    let take = "\n[intent.\"order.status\"]\nmessage = \"take\"\nfallback = [\"message\"]\n";
    let demo = Demo::start_with(|config| config + take).await.unwrap();
    demo.mocks.fault(Fault { status: Some(503), ..Fault::new("shopify", Kind::Status) });
    let page = Fault::new("zendesk", Kind::NotJson);
    demo.mocks.fault(Fault { method: Some("POST".to_owned()), times: Some(1), ..page });
    let order = json!({ "order_number": "1001", "email": "customer@example.com" });
    let taken = write(&demo.host.client, "order.status", Some("m-1"), &order).await;
    assert_eq!((taken.status, taken.text("/fallback/step")), (200, "message"), "{}", taken.raw);
    let posts = || demo.mocks.journal("zendesk").into_iter().filter(|entry| entry.method == "POST").collect::<Vec<_>>();
    let ticket = until(async || posts().into_iter().find(|entry| entry.processed == Some(201))).await;
    assert!(ticket.body.contains(taken.text("/fallback/reference")), "{}", ticket.body);
    let key =
        |entry: &jackfield_mocks::Entry| entry.headers.iter().find(|(name, _)| name == "idempotency-key").cloned();
    assert!(posts().len() == 2 && key(&ticket).is_some(), "{:?}", posts());
    assert_eq!(key(&posts()[0]), key(&ticket), "sent again under the same key");
}

#[tokio::test]
async fn a_write_whose_host_is_killed_is_settled_after_the_restart() {
    let mocks = Mocks::start(([127, 0, 0, 1], 0).into()).await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let settle = "\n[settle]\nwaits_ms = [50]\nsure_after_ms = 200\ngive_up_ms = 60000\n";
    let config = dir.path().join("jackfield.toml");
    std::fs::write(&config, demo_config(&mocks).unwrap() + settle).unwrap();
    let binary = Path::new(env!("CARGO_BIN_EXE_jackfield-under-test"));
    let process = Process::serve(binary, &config).await.unwrap();

    let held = mocks.fault(Fault { method: Some("PATCH".to_owned()), ..Fault::new("salesforce", Kind::HoldAfter) });
    let lead = json!({ "last_name": "Killed", "email": "killed@example.com" });
    let asking = tokio::spawn({
        let (client, lead) = (process.client.clone(), lead.clone());
        async move {
            let headers = [("content-type", "application/json"), ("idempotency-key", "lead-1")];
            let body = json!({ "input": lead }).to_string();
            client.try_send(Method::POST, "/v1/intents/lead.create", &headers, body).await
        }
    });
    let arrived = async || (writes(&mocks, "salesforce", "/sobjects/Lead/") > 0).then_some(());
    until(arrived).await;
    process.kill().await.unwrap();
    assert!(asking.await.unwrap().is_err(), "nobody answers any more");
    mocks.release(held);
    mocks.clear_faults();
    let sent = writes(&mocks, "salesforce", "/sobjects/Lead/");

    // Until a host that died is known to be dead half a minute goes by. Here it goes by in its record.
    {
        let store = Embedded::open(&dir.path().join("jackfield.db"), Options::default()).unwrap();
        let keys = store.keys(Bucket::Idempotency, "").await.unwrap();
        let kept = store.get(Bucket::Idempotency, &keys[0]).await.unwrap().unwrap();
        let mut record: Value = serde_json::from_slice(&kept.value[1..]).unwrap();
        assert_eq!((keys.len(), &record["state"]["state"]), (1, &json!("in-flight")), "{record}");
        record["state"]["lease_until_ms"] = json!(1);
        let aged = [&[0], record.to_string().as_bytes()].concat();
        store.put(Bucket::Idempotency, &keys[0], aged.into(), Expect::Revision(kept.revision)).await.unwrap();
    }
    let process = Process::serve(binary, &config).await.unwrap();
    let answer = until(async || {
        let answer = write(&process.client, "lead.create", Some("lead-1"), &lead).await;
        // At first nobody knows yet.
        (answer.status == 200).then_some(answer)
    })
    .await;
    assert!(is_replay(&answer), "{}", answer.raw);
    assert!(answer.text("/output/id").starts_with("00Q"), "{}", answer.raw);
    assert_eq!(writes(&mocks, "salesforce", "/sobjects/Lead/"), sent, "it is not sent again");
}
