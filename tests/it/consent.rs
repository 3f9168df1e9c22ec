//! Asking first, as a bot service meets it: the question, the yes, and everything that is no yes. What counts is that
//! the business system hears nothing before.

use std::path::Path;

use http::Method;
use jackfield_tests::process::init_vault;
use jackfield_tests::{Answer, Client, Host, Stub, guests};
use serde_json::{Value, json};

struct Stage {
    host: Host,
    upstream: Stub,
    _dir: tempfile::TempDir,
}

/// A connector that writes, under a policy.
async fn stage(policy: &str) -> Stage {
    let dir = tempfile::tempdir().unwrap();
    let upstream = Stub::empty().await.unwrap();
    let other = jackfield::audit::hex(&jackfield::admission::digest("other"));
    let mut config = guests::config(dir.path(), &["trespass", "healthy"], &upstream.url, "access = \"write\"");
    guests::write(dir.path(), "trespass", &guests::writing("trespass"));
    config +=
        &format!("[caller.other]\nkey_sha256 = \"{other}\"\ntenant = \"demo\"\nscopes = [\"intent:*\"]\n{policy}\n");
    Stage { host: Host::start(&config).await.unwrap(), upstream, _dir: dir }
}

const ALWAYS: &str = "[intent.\"*\"]\nconfirm = \"always\"\n";

impl Stage {
    fn written(&self) -> usize {
        self.upstream.arrived().len()
    }
}

fn asking() -> Value {
    json!({
        "input": { "endpoint": "api", "method": "POST", "path": "/slow", "body": "7", "ticket_id": "35436" },
        "context": { "user": { "id": "u1", "verified": true } },
    })
}

fn with_yes(mut body: Value, token: &str) -> Value {
    body["confirmation"] = json!({ "token": token });
    body
}

async fn ask(client: &Client, body: &Value) -> Answer {
    client.post("/v1/intents/trespass.run", body).await
}

async fn token(stage: &Stage) -> String {
    let question = ask(&stage.host.client, &asking()).await;
    assert_eq!((question.status, question.text("/status")), (200, "input_required"), "{}", question.raw);
    question.text("/confirmation/token").to_owned()
}

#[tokio::test]
async fn a_person_is_asked_about_every_field_and_their_yes_counts_once() {
    let stage = stage(ALWAYS).await;
    let question = ask(&stage.host.client, &asking()).await;
    assert_eq!((question.status, question.text("/status")), (200, "input_required"), "{}", question.raw);
    assert!(question.body.get("output").is_none() && question.body["source"].get("fetched_at").is_none());
    for part in ["trespass", "- Ticket id: 35436", "- Path: /slow", "Shall I go ahead?"] {
        assert!(question.text("/text").contains(part), "{part}: {}", question.raw);
    }
    assert_eq!(stage.written(), 0);

    let yes = with_yes(asking(), question.text("/confirmation/token"));
    let done = ask(&stage.host.client, &yes).await;
    assert_eq!((done.status, done.text("/status")), (200, "completed"), "{}", done.raw);
    assert!(done.body.get("confirmation").is_none());
    let again = ask(&stage.host.client, &yes).await;
    assert_eq!((again.status, again.text("/code")), (422, "invalid-input"), "{}", again.raw);
    assert_eq!(again.text("/errors/0/pointer"), "/confirmation/token");
    assert_eq!(again.text("/errors/0/detail"), "was used before");
    assert_eq!(stage.written(), 1);
}

#[tokio::test]
async fn a_yes_to_one_thing_is_no_yes_to_another_and_is_not_used_up_by_it() {
    let stage = stage(ALWAYS).await;
    let token = token(&stage).await;
    let changed = |change: fn(&mut Value)| {
        let mut body = with_yes(asking(), &token);
        change(&mut body);
        body
    };
    let client = &stage.host.client;
    let refused = [
        (ask(client, &changed(|b| b["input"]["body"] = json!("8"))).await, "was given for another input"),
        (ask(client, &changed(|b| b["context"]["user"]["id"] = json!("u2"))).await, "was given for another user"),
        (
            ask(client, &changed(|b| b["context"]["user"]["verified"] = json!(false))).await,
            "was given for another user",
        ),
        (ask(&client.with_key("other"), &changed(|_| ())).await, "is not one of this host"),
        (ask(client, &changed(|b| b["confirmation"]["token"] = json!("AAAA"))).await, "is not one of this host"),
        (client.post("/v1/intents/healthy.run", &with_yes(asking(), &token)).await, "was given for another intent"),
    ];
    for (answer, detail) in refused {
        assert_eq!((answer.status, answer.text("/errors/0/detail")), (422, detail), "{}", answer.raw);
    }
    // A request that is wrong in itself does not cost the yes either.
    assert_eq!(ask(client, &changed(|b| b["contxt"] = json!({}))).await.status, 422);
    assert_eq!(stage.written(), 0);
    let done = ask(client, &changed(|_| ())).await;
    assert_eq!((done.text("/status"), stage.written()), ("completed", 1), "{}", done.raw);
}

#[tokio::test]
async fn of_two_that_show_one_yes_at_once_one_is_carried_out() {
    let stage = stage(ALWAYS).await;
    let body = with_yes(asking(), &token(&stage).await);
    let (one, other) = tokio::join!(ask(&stage.host.client, &body), ask(&stage.host.client, &body));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!((statuses, stage.written()), ([200, 422], 1), "{}\n{}", one.raw, other.raw);
}

#[tokio::test]
async fn a_confirmed_write_that_arrives_again_with_its_key_is_replayed() {
    let stage = stage(ALWAYS).await;
    let send = async |key: &str, body: &Value| {
        let headers = [("content-type", "application/json"), ("idempotency-key", key)];
        stage.host.client.send(Method::POST, "/v1/intents/trespass.run", &headers, body.to_string()).await
    };
    // A question is no answer to the write: the key is free for the yes.
    let question = send("k-1", &asking()).await;
    assert_eq!(question.text("/status"), "input_required", "{}", question.raw);
    let yes = with_yes(asking(), question.text("/confirmation/token"));
    let done = send("k-1", &yes).await;
    assert_eq!(done.text("/status"), "completed", "{}", done.raw);
    let again = send("k-1", &yes).await;
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!((&again.raw, stage.written()), (&done.raw, 1));
    // A yes that was used before takes no key with it.
    let used = send("k-2", &yes).await;
    assert_eq!(used.text("/errors/0/detail"), "was used before", "{}", used.raw);
    let fresh = with_yes(asking(), &token(&stage).await);
    assert_eq!(send("k-2", &fresh).await.text("/status"), "completed");
}

#[tokio::test]
async fn a_yes_is_known_after_a_restart_where_there_is_a_vault_and_asked_for_again_where_there_is_none() {
    for has_vault in [true, false] {
        let dir = tempfile::tempdir().unwrap();
        let upstream = Stub::empty().await.unwrap();
        let mut config = format!("[store]\nfile = {:?}\n{ALWAYS}", dir.path().join("jackfield.db"));
        if has_vault {
            let (vault, master) = (dir.path().join("vault"), dir.path().join("master"));
            config += &format!("[vault]\nfile = {vault:?}\nmaster_key = \"file:{}\"\n", master.display());
        }
        config += &guests::config(dir.path(), &["trespass"], &upstream.url, "access = \"write\"");
        guests::write(dir.path(), "trespass", &guests::writing("trespass"));
        if has_vault {
            init_vault(Path::new(env!("CARGO_BIN_EXE_jackfield-under-test")), dir.path(), &config).unwrap();
        }
        let before = Host::start(&config).await.unwrap();
        let question = ask(&before.client, &asking()).await;
        before.drain().await.unwrap();
        let after = Host::start(&config).await.unwrap();
        let answer = ask(&after.client, &with_yes(asking(), question.text("/confirmation/token"))).await;
        let expected = if has_vault { (200, 1) } else { (422, 0) };
        assert_eq!((answer.status, upstream.arrived().len()), expected, "{}", answer.raw);
    }
}

#[tokio::test]
async fn a_policy_asks_in_the_operators_words_only_where_its_condition_holds() {
    let stage = stage(
        "[intent.\"trespass.*\"]\nconfirm = { when = [{ pointer = \"/body\", is = \"above\", value = 5 }] }\n\
         [intent.\"trespass.run\".texts.de]\nconfirm = \"Wirklich {{ input.body }} bestellen?\"\n",
    )
    .await;
    let mut small = asking();
    small["input"]["body"] = json!("5");
    assert_eq!(ask(&stage.host.client, &small).await.text("/status"), "completed");
    assert_eq!(stage.written(), 1);
    let mut german = asking();
    german["context"]["locale"] = json!("de-DE");
    let question = ask(&stage.host.client, &german).await;
    assert_eq!((question.text("/status"), question.text("/text")), ("input_required", "Wirklich 7 bestellen?"));
    assert_eq!(stage.written(), 1);
    let read = stage.host.client.ask("healthy.run", json!({ "requests": 1, "body": "9" })).await;
    assert_eq!(read.text("/status"), "completed", "{}", read.raw);
}

#[tokio::test]
async fn a_tool_call_is_asked_about_and_confirmed_too() {
    let stage = stage(ALWAYS).await;
    let call = async |meta: Value| {
        let params = json!({ "name": "trespass-run", "arguments": asking()["input"], "_meta": meta });
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
        stage.host.client.post("/mcp", &message).await
    };
    let context = asking()["context"].clone();
    let question = call(json!({ "jackfield/context": context })).await;
    let meta = &question.body["result"]["_meta"];
    assert_eq!(meta["jackfield/status"], "input_required", "{}", question.raw);
    assert!(question.text("/result/content/0/text").ends_with("Shall I go ahead?"), "{}", question.raw);
    assert!(question.body["result"].get("structuredContent").is_none() && question.body["result"]["isError"] == false);
    assert_eq!(stage.written(), 0);
    let yes = json!({ "jackfield/context": context, "jackfield/confirmation": meta["jackfield/confirmation"] });
    let done = call(yes.clone()).await;
    assert_eq!(done.text("/result/structuredContent/outcome"), "status 200", "{}", done.raw);
    let again = call(yes).await;
    assert_eq!((&again.body["result"]["isError"], stage.written()), (&json!(true), 1), "{}", again.raw);
}

#[tokio::test]
async fn a_policy_that_cannot_hold_is_refused_with_its_line() {
    let dir = tempfile::tempdir().unwrap();
    let config = guests::config(dir.path(), &["trespass"], "http://127.0.0.1:9", "access = \"write\"");
    let policy = "[intent.\"tresspass.*\"]\nconfirm = \"always\"\n[intent.\"trespass.run\".texts.en]\nconfirm = \"{{ order }}?\"\n";
    guests::write(dir.path(), "trespass", &guests::writing("trespass"));
    let report = Host::start(&(config + policy)).await.err().expect("such a host does not start").to_string();
    assert!(report.contains("`tresspass.*` covers no intent of any connector"), "{report}");
    let config = guests::config(dir.path(), &["trespass"], "http://127.0.0.1:9", "access = \"write\"");
    guests::write(dir.path(), "trespass", &guests::writing("trespass"));
    let policy = policy.replace("tresspass", "trespass");
    let report = Host::start(&(config + &policy)).await.err().expect("such a host does not start").to_string();
    assert!(report.contains("there is no `order` in a question"), "{report}");
}
