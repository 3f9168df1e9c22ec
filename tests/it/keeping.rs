//! Kept answers as a bot service meets them: given again while they are fresh, with their age after a failure, to nobody
//! but whose they are, and never against a write. What counts is what the business system received.

use std::path::Path;

use http::Method;
use jackfield_core::port::Bucket;
use jackfield_mocks::{Fault, Kind};
use jackfield_tests::process::{files, init_vault};
use jackfield_tests::{Answer, Client, Demo, Host, Process, Stub, guests, until};
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_jackfield-under-test");

/// Far longer than a test lasts.
const LONG: &str = "cache = { ttl_ms = 3600000, max_stale_ms = 3600000 }";

/// Never as good as new, and good for an hour after a failure.
const STALE: &str = "cache = { max_stale_ms = 3600000 }";

fn digest(key: &str) -> String {
    jackfield::audit::hex(&jackfield::admission::digest(key))
}

/// A connector that reads, and the system that it reads from.
struct Stage {
    host: Host,
    upstream: Stub,
    dir: tempfile::TempDir,
}

async fn stage(policy: &str) -> Stage {
    stage_with(policy, "").await
}

async fn stage_with(policy: &str, more: &str) -> Stage {
    let dir = tempfile::tempdir().unwrap();
    let upstream = Stub::empty().await.unwrap();
    let mut config = format!(
        "[store]\nfile = {:?}\n[caller.other]\nkey_sha256 = \"{}\"\ntenant = \"demo\"\nscopes = [\"intent:*\"]\n\
         [intent.\"healthy.run\"]\n{policy}\n{more}\n",
        dir.path().join("jackfield.db"),
        digest("other"),
    );
    config += &guests::config(dir.path(), &["healthy"], &upstream.url, "");
    if more.contains("[vault]") {
        init_vault(BINARY.as_ref(), dir.path(), &config).unwrap();
    }
    Stage { host: Host::start(&config).await.unwrap(), upstream, dir }
}

impl Stage {
    /// What the business system received.
    fn asked(&self) -> usize {
        self.upstream.arrived().len()
    }

    async fn ask(&self, body: &Value) -> Answer {
        read(&self.host.client, body).await
    }

    /// Waits until so many answers are in the store.
    async fn stored(&self, answers: usize) {
        until(async || {
            let keys = self.host.app.store.keys(Bucket::Answers, "").await.unwrap();
            (keys.len() == answers).then_some(())
        })
        .await;
    }

    /// Whether a text stands in any file of the store.
    fn lies_open(&self, text: &str) -> bool {
        stands_in(self.dir.path(), text)
    }
}

/// Whether a text stands in any file of the store in a directory.
fn stands_in(dir: &Path, text: &str) -> bool {
    let mut stored = files(dir).unwrap().into_iter().filter(|path| path.to_string_lossy().contains(".db"));
    stored.any(|path| std::fs::read(path).unwrap().windows(text.len()).any(|window| window == text.as_bytes()))
}

async fn read(client: &Client, body: &Value) -> Answer {
    client.post("/v1/intents/healthy.run", body).await
}

fn question(more: Value) -> Value {
    let mut question = json!({ "input": { "requests": 1, "note": "jane@example.com" } });
    question.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    question
}

#[tokio::test]
async fn a_fresh_answer_is_given_again_in_the_words_of_who_asks() {
    let stage = stage_with(LONG, "[[template]]\nintent = \"healthy.run\"\nlocale = \"de\"\ntext = \"Erledigt.\"").await;
    let first = stage.ask(&question(json!({}))).await;
    assert_eq!((first.status, first.text("/status"), first.text("/text")), (200, "completed", "done"), "{}", first.raw);
    let german = stage.ask(&question(json!({ "context": { "locale": "de-AT" } }))).await;
    assert_eq!((german.text("/status"), german.text("/text")), ("completed", "Erledigt."), "{}", german.raw);
    assert_eq!((&german.body["output"], &german.body["source"]), (&first.body["output"], &first.body["source"]));
    assert_ne!(german.text("/call_id"), first.text("/call_id"));
    assert!(german.body.get("stale").is_none());
    assert_eq!(stage.asked(), 1);
    stage.ask(&json!({ "input": { "requests": 1 } })).await;
    assert_eq!(stage.asked(), 2, "another input is another question");
    let metrics = stage.host.client.get("/metrics").await.raw;
    for line in [
        "jackfield_answers_total{connection=\"healthy\",event=\"hit\"} 1",
        "jackfield_answers_total{connection=\"healthy\",event=\"miss\"} 2",
        "jackfield_answers_kept 2",
        "jackfield_answers_kept_bytes ",
    ] {
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }
}

#[tokio::test]
async fn an_answer_that_is_not_fresh_any_more_is_asked_for_again() {
    let stage = stage("cache = { ttl_ms = 50 }").await;
    stage.ask(&question(json!({}))).await;
    until(async || {
        stage.ask(&question(json!({}))).await;
        (stage.asked() > 1).then_some(())
    })
    .await;
}

#[tokio::test]
async fn nothing_is_kept_unless_the_operator_says_so() {
    let stage = stage("").await;
    stage.ask(&question(json!({}))).await;
    stage.ask(&question(json!({}))).await;
    assert_eq!(stage.asked(), 2);
}

#[tokio::test]
async fn an_answer_is_given_to_nobody_but_whose_it_is() {
    let stage = stage(LONG).await;
    let user = |id: &str, email: Option<&str>, verified: bool| {
        question(json!({ "context": { "user": { "id": id, "email": email, "verified": verified } } }))
    };
    let (client, other) = (&stage.host.client, stage.host.client.with_key("other"));
    let jane = user("u-1", Some("jane@example.com"), true);
    let strangers = [
        (client, question(json!({}))),
        (client, user("u-2", Some("jane@example.com"), true)),
        (client, user("u-1", None, true)),
        (client, user("u-1", Some("joe@example.com"), true)),
        // Another bot service may call somebody else `u-1`.
        (&other, jane.clone()),
    ];
    read(client, &jane).await;
    for (number, (client, body)) in strangers.iter().enumerate() {
        assert_eq!(read(client, body).await.status, 200);
        assert_eq!(stage.asked(), number + 2, "{body}");
    }
    let asked = stage.asked();
    read(client, &jane).await;
    assert_eq!(stage.asked(), asked, "hers is still there");
    // Who is not verified is nobody, whatever they call themselves; nobody has had an answer.
    read(client, &user("u-1", Some("jane@example.com"), false)).await;
    read(&other, &question(json!({}))).await;
    assert_eq!(stage.asked(), asked);
}

#[tokio::test]
async fn five_hundred_equal_reads_ask_the_system_once() {
    let stage = stage(LONG).await;
    let asks: Vec<_> = (0..500)
        .map(|_| {
            let client = stage.host.client.clone();
            tokio::spawn(async move { read(&client, &question(json!({}))).await })
        })
        .collect();
    for ask in asks {
        let answer = ask.await.unwrap();
        assert_eq!((answer.status, answer.text("/status")), (200, "completed"), "{}", answer.raw);
    }
    assert_eq!(stage.asked(), 1);
}

/// The demo, with a policy for every read.
async fn demo(policy: &str) -> Demo {
    let more = format!("\n[intent.\"*\"]\n{policy}\n[texts.de]\nstale = \"Stand {{{{ age }}}}: {{{{ text }}}}\"\n");
    Demo::start_with(|config| config + &more).await.unwrap()
}

fn order() -> Value {
    json!({ "order_number": "1002", "email": "customer@example.com" })
}

#[tokio::test]
async fn a_read_that_is_answered_later_gives_and_takes_kept_answers_like_any_other() {
    let demo = demo("cache = { ttl_ms = 3600000 }").await;
    let client = &demo.host.client;
    let headers = [("content-type", "application/json"), ("prefer", "wait=30")];
    let later = async || {
        let body = json!({ "input": order() }).to_string();
        client.send(Method::POST, "/v1/intents/order.status", &headers, body).await
    };
    let first = later().await;
    assert_eq!((first.status, first.text("/status")), (200, "completed"), "{}", first.raw);
    let asked = demo.mocks.journal("shopify").len();
    let held = client.ask("order.status", order()).await;
    assert_eq!(held.body["output"], first.body["output"], "{}", held.raw);
    let again = later().await;
    assert_eq!(again.body["output"], first.body["output"], "{}", again.raw);
    assert_ne!(again.text("/call_id"), first.text("/call_id"));
    assert_eq!(demo.mocks.journal("shopify").len(), asked, "nobody asked the shop again");
}

#[tokio::test]
async fn who_asked_first_goes_away_and_who_waits_is_answered() {
    let demo = demo("coalesce = true").await;
    let held = demo.mocks.fault(Fault::new("shopify", Kind::HoldBefore));
    let ask = || {
        let client = demo.host.client.clone();
        tokio::spawn(async move { client.ask("order.status", order()).await })
    };
    let first = ask();
    demo.mocks.until_held(held).await;
    let others: Vec<_> = (0..20).map(|_| ask()).collect();
    until(async || {
        let metrics = demo.host.client.get("/metrics").await.raw;
        metrics.contains("connection=\"demo-shop\",event=\"coalesced\"} 20").then_some(())
    })
    .await;
    first.abort();
    // The host lets go of what the first one held as soon as it knows; the read goes on all the same.
    assert!(first.await.unwrap_err().is_cancelled());
    demo.mocks.release(held);
    for other in others {
        let answer = other.await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.raw);
    }
    let journal = demo.mocks.journal("shopify");
    demo.mocks.clear_faults();
    let alone = demo.host.client.ask("order.status", order()).await;
    let of_one = demo.mocks.journal("shopify").len() - journal.len();
    assert_eq!((alone.status, journal.len()), (200, of_one), "more than one read: {}", alone.raw);
}

#[tokio::test]
async fn after_a_failure_the_last_answer_is_given_with_its_age() {
    let demo = demo(STALE).await;
    let ask = async |more: Value| {
        let mut body = json!({ "input": order() });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        demo.host.client.post("/v1/intents/order.status", &body).await
    };
    let good = ask(json!({})).await;
    assert_eq!((good.status, good.text("/status")), (200, "completed"), "{}", good.raw);
    demo.mocks.fault(Fault::new("shopify", Kind::Reset));

    let stale = ask(json!({})).await;
    assert_eq!((stale.status, stale.text("/status")), (200, "degraded"), "{}", stale.raw);
    assert!(stale.body["stale"]["age_ms"].as_u64().is_some_and(|age_ms| age_ms > 0), "{}", stale.raw);
    assert_eq!((&stale.body["output"], &stale.body["source"]), (&good.body["output"], &good.body["source"]));
    let text = stale.text("/text");
    assert!(text.starts_with("I can't get the latest information right now. This is from "), "{text}");
    assert!(text.contains(" ago:\n\n") && text.ends_with(good.text("/text")), "{text}");
    let german = ask(json!({ "context": { "locale": "de" } })).await;
    assert!(german.text("/text").starts_with("Stand vor "), "{}", german.raw);

    for refused in [
        json!({ "options": { "max_stale_ms": 0 } }),
        json!({ "context": { "user": { "id": "u-1", "verified": true } } }),
        json!({ "input": { "order_number": "1001", "email": "customer@example.com" } }),
    ] {
        let answer = ask(refused.clone()).await;
        assert_eq!((answer.status, answer.text("/code")), (503, "unavailable"), "{refused}: {}", answer.raw);
    }
    let narrow = ask(json!({ "options": { "max_stale_ms": 999_999_999 } })).await;
    assert_eq!(narrow.text("/status"), "degraded", "{}", narrow.raw);
    let wrong = ask(json!({ "options": { "max_stale_ms": "long" } })).await;
    assert_eq!(wrong.text("/errors/0/pointer"), "/options/max_stale_ms", "{}", wrong.raw);
    let metrics = demo.host.client.get("/metrics").await.raw;
    assert!(metrics.contains("connection=\"demo-shop\",event=\"stale\"} 3"), "{metrics}");
    assert!(metrics.contains("outcome=\"degraded\"} 3"), "{metrics}");
}

#[tokio::test]
async fn where_access_is_in_doubt_nothing_is_given_and_nothing_stays() {
    let demo = demo(STALE).await;
    let ask = async || demo.host.client.ask("order.status", order()).await;
    assert_eq!(ask().await.text("/status"), "completed");
    demo.mocks.fault(Fault { status: Some(403), ..Fault::new("shopify", Kind::Status) });
    let denied = ask().await;
    assert_eq!((denied.status, denied.text("/code")), (424, "denied"), "{}", denied.raw);
    demo.mocks.clear_faults();
    demo.mocks.fault(Fault::new("shopify", Kind::Reset));
    let down = ask().await;
    assert_eq!((down.status, down.text("/code")), (503, "unavailable"), "{}", down.raw);
}

#[tokio::test]
async fn a_write_takes_away_what_it_may_have_changed() {
    let demo = demo(LONG).await;
    let client = &demo.host.client;
    let status =
        async |id: &str| client.ask("ticket.status", json!({ "ticket_id": id, "email": "customer@example.com" })).await;
    let search = async || client.ask("ticket.search", json!({ "email": "customer@example.com" })).await;
    let asked = || demo.mocks.journal("zendesk").iter().filter(|entry| entry.method == "GET").count();

    let create = json!({ "subject": "One", "description": "Two", "requester_email": "customer@example.com" });
    let [one, other] = [client.ask("ticket.create", create.clone()).await, client.ask("ticket.create", create).await];
    let (one, other) = (one.text("/output/id"), other.text("/output/id"));
    for answer in [status(one).await, status(other).await, search().await] {
        assert_eq!(answer.status, 200, "{}", answer.raw);
    }
    let before = asked();
    status(one).await;
    status(other).await;
    search().await;
    assert_eq!(asked(), before, "all of them are kept");

    let update = json!({ "ticket_id": one, "email": "customer@example.com", "comment": "hi", "priority": "urgent" });
    let updated = client.ask("ticket.update", update).await;
    assert_eq!(updated.status, 200, "{}", updated.raw);
    let before = asked();
    status(other).await;
    assert_eq!(asked(), before, "another ticket is what it was");
    let changed = status(one).await;
    assert!(asked() > before);
    assert_eq!(changed.text("/output/priority"), "urgent", "{}", changed.raw);
    let before = asked();
    search().await;
    assert!(asked() > before, "what is in a list may have changed");
}

#[tokio::test]
async fn a_write_of_unknown_outcome_takes_answers_away_and_one_that_did_not_happen_leaves_them() {
    let demo = Demo::start_with(|config| {
        config + "\n[intent.\"*\"]\ncache = { ttl_ms = 3600000 }\n[intent.\"ticket.update\"]\ndeadline_ms = 1500\n"
    })
    .await
    .unwrap();
    let client = &demo.host.client;
    let of = json!({ "ticket_id": "35436", "email": "customer@example.com" });
    let status = async || client.ask("ticket.status", of.clone()).await;
    let update = async || {
        let mut input = of.clone();
        input["priority"] = "urgent".into();
        client.ask("ticket.update", input).await
    };
    let reads = || demo.mocks.journal("zendesk").iter().filter(|entry| entry.method == "GET").count();
    assert_eq!(status().await.status, 200);

    let fault = |kind| Fault { method: Some("PUT".to_owned()), ..Fault::new("zendesk", kind) };
    demo.mocks.fault(Fault { status: Some(422), ..fault(Kind::Status) });
    let refused = update().await;
    assert_eq!(refused.text("/outcome"), "none", "{}", refused.raw);
    let before = reads();
    status().await;
    assert_eq!(reads(), before, "nothing was changed");

    demo.mocks.clear_faults();
    let held = demo.mocks.fault(fault(Kind::HoldAfter));
    let unknown = update().await;
    assert_eq!(unknown.text("/outcome"), "unknown", "{}", unknown.raw);
    demo.mocks.release(held);
    let before = reads();
    let now = status().await;
    assert!(reads() > before);
    assert_eq!(now.text("/output/priority"), "urgent", "{}", now.raw);
}

#[tokio::test]
async fn what_the_schema_calls_sensitive_is_not_stored_without_a_vault() {
    let demo = demo(STALE).await;
    let client = &demo.host.client;
    let keys = async || demo.host.app.store.keys(Bucket::Answers, "").await.unwrap();
    assert_eq!(client.ask("order.status", order()).await.status, 200);
    let products = client.ask("product.search", json!({ "query": "shirt" })).await;
    assert_eq!(products.status, 200, "{}", products.raw);
    // The second one is stored; the first one, which was there before, is not.
    until(async || (!keys().await.is_empty()).then_some(())).await;
    assert_eq!(keys().await.len(), 1);
    demo.mocks.fault(Fault::new("shopify", Kind::Reset));
    assert_eq!(client.ask("order.status", order()).await.text("/status"), "degraded", "it is kept in memory");
}

/// A vault's section, in a directory of its own.
fn vault(dir: &Path) -> String {
    let [vault, master] = ["vault", "master"].map(|name| dir.join(name).display().to_string());
    format!("[vault]\nfile = {vault:?}\nmaster_key = \"file:{master}\"\n")
}

#[tokio::test]
async fn kept_answers_survive_a_restart_and_are_then_for_failures_only() {
    let (store, mut text) = (tempfile::tempdir().unwrap(), String::new());
    let demo = Demo::start_with(|config| {
        let file = store.path().join("jackfield.db");
        text = config.replace("file = \"jackfield.db\"", &format!("file = {:?}", file.display().to_string()));
        text += &format!("\n[intent.\"*\"]\n{LONG}\n{}", vault(store.path()));
        init_vault(BINARY.as_ref(), store.path(), &text).unwrap();
        text.clone()
    });
    let Demo { mocks, host } = demo.await.unwrap();
    let ask = async |host: &Host| host.client.ask("order.status", order()).await;
    let first = ask(&host).await;
    assert_eq!(first.status, 200, "{}", first.raw);
    // What is not in the store yet is written before the host ends.
    host.drain().await.unwrap();

    let host = Host::start(&text).await.unwrap();
    mocks.fault(Fault::new("shopify", Kind::Reset));
    let stale = ask(&host).await;
    assert_eq!((stale.text("/status"), &stale.body["output"]), ("degraded", &first.body["output"]), "{}", stale.raw);
    host.drain().await.unwrap();

    // The same name for another shop: what was kept is not of this one.
    let text = text.replace("shop = \"demo-shop\"", "shop = \"another-shop\"");
    let host = Host::start(&text).await.unwrap();
    let other = ask(&host).await;
    assert_eq!((other.status, other.text("/code")), (503, "unavailable"), "{}", other.raw);
}

#[tokio::test]
async fn a_stored_answer_survives_sigkill() {
    let (store, mut text) = (tempfile::tempdir().unwrap(), String::new());
    let demo = Demo::start_with(|config| {
        let file = store.path().join("jackfield.db");
        text = config.replace("file = \"jackfield.db\"", &format!("file = {:?}", file.display().to_string()));
        text += &format!("\n[intent.\"*\"]\n{STALE}\n");
        text.clone()
    });
    // Only its systems are needed, and its configuration.
    let Demo { mocks, host } = demo.await.unwrap();
    host.drain().await.unwrap();
    let config = store.path().join("jackfield.toml");
    std::fs::write(&config, &text).unwrap();
    let ask = async |host: &Process| host.client.ask("product.search", json!({ "query": "shirt" })).await;

    let host = Process::serve(BINARY.as_ref(), &config).await.unwrap();
    let first = ask(&host).await;
    assert_eq!(first.status, 200, "{}", first.raw);
    // As it stands in the column that names the bucket.
    until(async || stands_in(store.path(), Bucket::Answers.as_str()).then_some(())).await;
    host.kill().await.unwrap();

    let host = Process::serve(BINARY.as_ref(), &config).await.unwrap();
    mocks.fault(Fault::new("shopify", Kind::Reset));
    let stale = ask(&host).await;
    assert_eq!((stale.text("/status"), &stale.body["output"]), ("degraded", &first.body["output"]), "{}", stale.raw);
}

#[tokio::test]
async fn with_a_vault_no_stored_answer_lies_open() {
    let place = tempfile::tempdir().unwrap();
    for (more, lies_open) in [(vault(place.path()), false), (String::new(), true)] {
        let stage = stage_with(STALE, &more).await;
        let answer = stage.ask(&question(json!({}))).await;
        assert_eq!(answer.text("/output/input/note"), "jane@example.com", "{}", answer.raw);
        stage.stored(1).await;
        assert_eq!(stage.lies_open("jane@example.com"), lies_open, "{more}");
    }
}

#[tokio::test]
async fn what_a_write_takes_away_is_taken_out_of_the_store_as_well() {
    let stage = stage(STALE).await;
    stage.ask(&question(json!({}))).await;
    stage.stored(1).await;
    jackfield::dispatch::fresh::changed(&stage.host.app, "healthy", "healthy", "any");
    stage.stored(0).await;
}

#[tokio::test]
async fn a_bad_word_around_a_kept_answer_is_found_at_the_start() {
    let start = Demo::start_with(|config| {
        config + "\n[texts.de]\nstale = \"{{ output }}\"\n[intent.\"*\"]\ncache = { max_stale_ms = 99999999999 }\n"
    });
    let report = start.await.err().map(|error| error.to_string()).unwrap_or_default();
    for part in ["there is no `output` in this text", "keeps answers for 99999999999 milliseconds"] {
        assert!(report.contains(part), "{part} is not in\n{report}");
    }
}
