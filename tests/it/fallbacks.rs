//! What a person gets where there is no answer: what is offered is what would work, and what was taken down reaches the
//! helpdesk once, whatever happens to the host. What counts is what the helpdesk received.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use http::Method;
use jackfield_mocks::{Entry, Fault, Kind, Mocks};
use jackfield_tests::process::{Process, command, init_vault};
use jackfield_tests::{Answer, Client, Demo, demo_config, guests, until};
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_jackfield-under-test");

/// What makes a repetition of `ticket.create` harmless at Zendesk.
const REPEATS: &str = "[intent.\"ticket.create\"]\nrepeat = \"idempotency-key\"\nrepeat_within_ms = 7200000";

/// Another bot service of the same tenant.
const OTHER_CALLER: &str = "[caller.other]\ntenant = \"demo\"\nscopes = [\"intent:*\"]\n";

fn with_other_caller(config: String) -> String {
    let digest = jackfield::audit::hex(&jackfield::admission::digest("other"));
    format!("{config}\n{OTHER_CALLER}key_sha256 = \"{digest}\"\n")
}

/// Everything of a system fails in the same way.
fn down(system: &str) -> Fault {
    Fault { status: Some(503), ..Fault::new(system, Kind::Status) }
}

/// Asks for the order that the shop cannot tell of.
async fn ask(client: &Client, context: Value) -> Answer {
    let input = json!({ "order_number": "1001", "email": "customer@example.com" });
    client.post("/v1/intents/order.status", &json!({ "input": input, "context": context })).await
}

fn option<'a>(answer: &'a Answer, kind: &str) -> Option<&'a Value> {
    answer.body["options"].as_array()?.iter().find(|option| option["kind"] == kind)
}

fn kinds(answer: &Answer) -> Vec<&str> {
    answer.body["options"].as_array().into_iter().flatten().filter_map(|option| option["kind"].as_str()).collect()
}

fn token(answer: &Answer, kind: &str) -> String {
    let token = option(answer, kind).and_then(|option| option["token"].as_str());
    token.unwrap_or_else(|| panic!("no token for {kind} in {}", answer.raw)).to_owned()
}

async fn take_up(client: &Client, body: &Value) -> Answer {
    client.post("/v1/fallbacks", body).await
}

/// What the helpdesk made tickets of.
fn tickets(mocks: &Mocks) -> Vec<Entry> {
    let made = |entry: &Entry| entry.method == "POST" && entry.path == "/api/v2/tickets" && entry.status == Some(201);
    mocks.journal("zendesk").into_iter().filter(made).collect()
}

async fn until_delivered(mocks: &Mocks) -> Entry {
    until(async || tickets(mocks).into_iter().next()).await
}

#[tokio::test]
async fn what_is_offered_is_what_would_work_in_the_users_words() {
    let demo = Demo::start_with(|config| {
        config
            + "\n[texts.de.fallback]\ntrouble = \"Ich komme gerade nicht an diese Auskunft.\"\n\
               ask_retry_or_handoff = \"Noch einmal versuchen, oder soll ich Sie verbinden?\"\n\
               label_handoff = \"Mit einem Menschen sprechen\"\n"
    })
    .await
    .unwrap();
    demo.mocks.fault(down("shopify"));
    let answer = ask(&demo.host.client, json!({})).await;
    assert_eq!((answer.status, answer.text("/code")), (503, "unavailable"), "{}", answer.raw);
    assert_eq!(kinds(&answer), ["retry", "message", "handoff", "contact"]);
    assert_eq!(token(&answer, "message"), token(&answer, "handoff"), "one of the two, not both");
    assert_eq!(
        answer.text("/text"),
        "I'm having trouble accessing that information right now. Would you like to try again, or should I connect you with a team member?"
    );
    let german = ask(&demo.host.client, json!({ "locale": "de-AT" })).await;
    assert_eq!(
        german.text("/text"),
        "Ich komme gerade nicht an diese Auskunft. Noch einmal versuchen, oder soll ich Sie verbinden?"
    );
    assert_eq!(option(&german, "handoff").unwrap()["label"], "Mit einem Menschen sprechen");
    assert_eq!(option(&german, "contact").unwrap()["text"], "Sie erreichen uns auch unter +1 202 555 0143.");
    // What is wrong with the request is said plainly.
    demo.mocks.clear_faults();
    let wrong = demo.host.client.ask("order.status", json!({ "order_number": 7 })).await;
    assert_eq!((wrong.text("/code"), wrong.body.get("options")), ("invalid-input", None), "{}", wrong.raw);
    let missing = demo.host.client.ask("order.status", json!({ "order_number": "9", "email": "a@b.example" })).await;
    assert_eq!((missing.text("/code"), missing.body.get("options")), ("not-found", None), "{}", missing.raw);
    // To a language model as well.
    demo.mocks.fault(down("shopify"));
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
        "name": "order-status", "arguments": { "order_number": "1001", "email": "customer@example.com" } } });
    let told = demo.host.client.post("/mcp", &call).await;
    assert_eq!(told.body["result"]["_meta"]["jackfield/options"][1]["kind"], "message", "{}", told.raw);
}

#[tokio::test]
async fn a_helpdesk_that_is_down_takes_messages_and_no_conversations() {
    let demo =
        Demo::start_with(|config| config + "\n[intent.\"ticket.status\"]\nfallback = [\"handoff\", \"contact\"]\n")
            .await
            .unwrap();
    demo.mocks.fault(down("zendesk"));
    let input = json!({ "ticket_id": "35436", "email": "customer@example.com" });
    let answer = demo.host.client.ask("ticket.status", input).await;
    assert_eq!(kinds(&answer), ["retry", "contact"], "{}", answer.raw);
    assert_eq!(
        answer.text("/text"),
        "I'm having trouble accessing that information right now. Would you like to try again? \
         You can also call us on +1 202 555 0143."
    );
    let answer = demo.host.client.ask("ticket.search", json!({ "email": "customer@example.com" })).await;
    assert_eq!(kinds(&answer), ["retry", "message", "contact"], "{}", answer.raw);
    assert!(answer.text("/text").ends_with("or should I pass a message on to the team?"), "{}", answer.raw);
}

#[tokio::test]
async fn a_message_that_is_left_becomes_one_ticket_and_its_token_counts_once() {
    let demo = Demo::start_with(with_other_caller).await.unwrap();
    demo.mocks.fault(down("shopify"));
    let context = json!({ "conversation_id": "c-7", "channel": "web", "user": { "id": "u1", "verified": true } });
    let failed = ask(&demo.host.client, context.clone()).await;
    let token = token(&failed, "message");
    let body = json!({ "token": token, "kind": "message", "note": "Please call me back", "context": context });
    let client = &demo.host.client;

    // Nobody else's, and nothing else.
    let user = json!({ "user": { "id": "u2", "verified": true } });
    for (client, body, detail) in [
        (&client.with_key("other"), body.clone(), "is not one of this host"),
        (client, json!({ "token": token, "kind": "message", "context": user }), "was given for another user"),
        (client, json!({ "token": token, "kind": "message" }), "was given for another user"),
        (client, json!({ "token": format!("{token}A"), "kind": "message" }), "is not one of this host"),
    ] {
        let refused = take_up(client, &body).await;
        assert_eq!((refused.status, refused.text("/errors/0/pointer")), (422, "/token"), "{}", refused.raw);
        assert_eq!(refused.text("/errors/0/detail"), detail);
    }
    assert_eq!(take_up(client, &json!({ "token": token, "kind": "retry" })).await.text("/code"), "invalid-input");
    assert_eq!(
        take_up(client, &json!({ "token": token, "kind": "message", "x": 1 })).await.text("/code"),
        "invalid-input"
    );

    let taken = take_up(client, &body).await;
    assert_eq!((taken.status, taken.text("/status")), (200, "degraded"), "{}", taken.raw);
    assert_eq!((taken.text("/fallback/step"), taken.text("/fallback/reason")), ("message", "unavailable"));
    let reference = taken.text("/fallback/reference");
    assert!(taken.text("/text").contains(reference) && reference.len() == 9, "{}", taken.raw);

    let ticket = until_delivered(&demo.mocks).await.json.unwrap();
    let text = ticket["ticket"]["comment"]["body"].as_str().unwrap();
    for part in
        ["Please call me back", "Order status", "1001", "`order.status` on `demo-shop` ended with `unavailable`"]
    {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    assert!(text.ends_with(&format!("Reference: {reference}")), "{text}");
    assert_eq!(ticket["ticket"]["requester"]["email"], "customer@example.com");
    assert_eq!(ticket["ticket"]["external_id"], "c-7");

    // The same once more hears the same; anything else is another use.
    assert_eq!(take_up(client, &body).await.text("/fallback/reference"), reference);
    let other = json!({ "token": token, "kind": "handoff", "context": context });
    let used = take_up(client, &other).await;
    assert_eq!((used.status, used.text("/code")), (422, "idempotency-mismatch"), "{}", used.raw);
    assert_eq!(tickets(&demo.mocks).len(), 1);
    assert!(demo.mocks.violations().is_empty(), "{:#?}", demo.mocks.violations());

    let audit = until(async || {
        let audit = client.get("/v1/audit?connection=demo-help").await;
        let records = audit.body["records"].as_array().cloned().unwrap_or_default();
        let hows: Vec<_> = records.iter().filter_map(|r| r["how"].as_str().map(str::to_owned)).collect();
        (hows.len() == 2).then_some(hows)
    })
    .await;
    assert_eq!(audit, ["taken", "delivered"]);
    let metrics = client.get("/metrics").await.raw;
    assert!(metrics.contains("jackfield_messages_total{connection=\"demo-help\",how=\"delivered\"} 1"), "{metrics}");
}

#[tokio::test]
async fn nobody_is_promised_an_answer_that_cannot_reach_them() {
    let demo = Demo::start().await.unwrap();
    demo.mocks.fault(down("shopify"));
    let failed = demo.host.client.ask("product.search", json!({ "query": "shirt" })).await;
    let token = token(&failed, "message");
    let asked = take_up(&demo.host.client, &json!({ "token": token, "kind": "message" })).await;
    assert_eq!((asked.status, asked.text("/errors/0/pointer")), (422, "/email"), "{}", asked.raw);
    assert_eq!(asked.text("/text"), "Please give an e-mail address, so that we can answer you.");
    let wrong = take_up(&demo.host.client, &json!({ "token": token, "kind": "message", "email": "nowhere" })).await;
    assert_eq!((wrong.status, wrong.text("/errors/0/pointer")), (422, "/email"), "{}", wrong.raw);
    let body = json!({ "token": token, "kind": "message", "email": "jane@example.com", "name": "Jane" });
    assert_eq!(take_up(&demo.host.client, &body).await.status, 200, "what was refused used nothing up");
    let ticket = until_delivered(&demo.mocks).await.json.unwrap();
    assert_eq!(ticket["ticket"]["requester"], json!({ "name": "Jane", "email": "jane@example.com" }));
}

#[tokio::test]
async fn a_conversation_is_handed_to_the_team_with_its_transcript() {
    let demo = Demo::start_with(|config| config.replace("team = \"Support\"", "team = \"Billing\"")).await.unwrap();
    demo.mocks.fault(down("shopify"));
    let failed = ask(&demo.host.client, json!({ "conversation_id": "c-8" })).await;
    let transcript = json!([
        { "role": "user", "text": "Where is my order?", "at": "2026-01-20T10:00:00Z" },
        { "role": "bot", "text": "I cannot reach the shop." },
    ]);
    let body = json!({ "token": token(&failed, "handoff"), "kind": "handoff", "transcript": transcript });
    let handed = take_up(&demo.host.client, &body).await;
    assert_eq!((handed.status, handed.text("/status")), (200, "completed"), "{}", handed.raw);
    assert_eq!(handed.text("/fallback/step"), "handoff");
    let ticket = handed.text("/fallback/ticket");
    assert!(handed.text("/text").contains(&format!("#{ticket}")), "{}", handed.raw);
    assert_eq!(tickets(&demo.mocks).len(), 1);
    let put = format!("/api/v2/tickets/{ticket}");
    let routed = demo.mocks.journal("zendesk").into_iter().rfind(|entry| entry.method == "PUT" && entry.path == put);
    let routed = routed.expect("the ticket was routed").json.unwrap();
    let note = routed["ticket"]["comment"]["body"].as_str().unwrap();
    for part in ["Where is my order?", "I cannot reach the shop.", "c-8"] {
        assert!(note.contains(part), "{part} is not in {note}");
    }
    assert_eq!(routed["ticket"]["comment"]["public"], false);
    // The same request once more: the same ticket, nothing sent.
    let sent = demo.mocks.journal("zendesk").len();
    let again = take_up(&demo.host.client, &body).await;
    assert_eq!((again.text("/fallback/ticket"), demo.mocks.journal("zendesk").len()), (ticket, sent), "{}", again.raw);
    assert!(demo.mocks.violations().is_empty(), "{:#?}", demo.mocks.violations());
}

#[tokio::test]
async fn a_handoff_that_the_helpdesk_cannot_take_now_is_kept_for_it() {
    let demo = Demo::start().await.unwrap();
    demo.mocks.fault(down("shopify"));
    let failed = ask(&demo.host.client, json!({})).await;
    demo.mocks.fault(down("zendesk"));
    let body = json!({ "token": token(&failed, "handoff"), "kind": "handoff", "transcript": [] });
    let kept = take_up(&demo.host.client, &body).await;
    assert_eq!((kept.status, kept.text("/status"), kept.text("/fallback/step")), (200, "degraded", "message"));
    assert!(kept.text("/text").starts_with("I couldn't reach the team just now."), "{}", kept.raw);
    demo.mocks.clear_faults();
    let handed = until(async || {
        let again = take_up(&demo.host.client, &body).await;
        (again.text("/status") == "completed").then_some(again)
    })
    .await;
    assert_eq!(handed.text("/fallback/reference"), kept.text("/fallback/reference"));
    assert_eq!(tickets(&demo.mocks).len(), 1);
}

#[tokio::test]
async fn what_the_operator_wants_taken_is_taken_once_for_each_message_in_the_chat() {
    let demo = Demo::start_with(|config| config + "\n[intent.\"*\"]\nmessage = \"take\"\n").await.unwrap();
    demo.mocks.fault(down("shopify"));
    let context = json!({ "conversation_id": "c-9", "message_id": "m-1" });
    let taken = ask(&demo.host.client, context.clone()).await;
    assert_eq!((taken.status, taken.text("/status")), (200, "degraded"), "{}", taken.raw);
    assert_eq!(taken.text("/source/connection"), "demo-shop");
    assert!(taken.text("/text").starts_with("I'm having trouble accessing that information right now. I've taken"));
    let again = ask(&demo.host.client, context).await;
    assert_eq!(again.text("/fallback/reference"), taken.text("/fallback/reference"), "{}", again.raw);
    until_delivered(&demo.mocks).await;
    // Where nobody could be answered, it is offered and not taken.
    let nobody = demo.host.client.ask("product.search", json!({ "query": "shirt" })).await;
    assert_eq!((nobody.status, kinds(&nobody)[1]), (503, "message"), "{}", nobody.raw);

    // A write is answered the same for the same key, and is not carried out once the shop is back: a person does it.
    let items = json!([{ "sku": "BTS-M", "quantity": 1, "reason": "too_small" }]);
    let input = json!({ "order_number": "1001", "email": "customer@example.com", "items": items });
    let write = async || {
        let headers = [("content-type", "application/json"), ("idempotency-key", "k-1")];
        let body = json!({ "input": input }).to_string();
        demo.host.client.send(Method::POST, "/v1/intents/return.start", &headers, body).await
    };
    let first = write().await;
    assert_eq!((first.status, first.text("/fallback/step")), (200, "message"), "{}", first.raw);
    demo.mocks.clear_faults();
    assert_eq!(write().await.raw, first.raw);
    until(async || (tickets(&demo.mocks).len() == 2).then_some(())).await;
}

#[tokio::test]
async fn a_write_that_may_have_happened_is_never_taken_down_and_a_person_is_warned() {
    let demo = Demo::start_with(|config| {
        config + "\n[intent.\"*\"]\nmessage = \"take\"\n[intent.\"return.*\"]\ndeadline_ms = 1500\n"
    })
    .await
    .unwrap();
    // The look-ups pass, and the request after them is carried out without an answer.
    let items = json!([{ "sku": "BTS-M", "quantity": 1, "reason": "too_small" }]);
    let input = json!({ "order_number": "1001", "email": "customer@example.com", "items": items });
    let before = demo.mocks.journal("shopify").len();
    let probe = Demo::start().await.unwrap();
    assert_eq!(probe.host.client.ask("return.start", input.clone()).await.status, 200);
    let requests = u64::try_from(probe.mocks.journal("shopify").len()).unwrap();
    assert_eq!(before, 0);
    let held = demo.mocks.fault(Fault { nth: Some(requests), ..Fault::new("shopify", Kind::HoldAfter) });
    let late = demo.host.client.ask("return.start", input).await;
    assert_eq!((late.status, late.text("/outcome")), (504, "unknown"), "{}", late.raw);
    assert_eq!(kinds(&late), ["handoff", "contact"]);
    assert!(late.text("/text").ends_with("Should I connect you with a team member?"), "{}", late.raw);
    let refused = json!({ "token": token(&late, "handoff"), "kind": "message" });
    let refused = take_up(&demo.host.client, &refused).await;
    assert_eq!(refused.text("/errors/0/detail"), "was not given for this kind", "{}", refused.raw);
    let body = json!({ "token": token(&late, "handoff"), "kind": "handoff" });
    assert_eq!(take_up(&demo.host.client, &body).await.text("/status"), "completed");
    let ticket = tickets(&demo.mocks).remove(0).json.unwrap();
    assert!(ticket["ticket"]["comment"]["body"].as_str().unwrap().contains("please look before doing it again"));
    demo.mocks.release(held);
}

#[tokio::test]
async fn a_call_that_is_answered_later_goes_down_the_same_ladder() {
    let demo = Demo::start_with(|config| config + "\n[intent.\"return.*\"]\nmessage = \"take\"\n").await.unwrap();
    demo.mocks.fault(down("shopify"));
    let client = &demo.host.client;
    let later = async |intent: &str, input: &Value| {
        let json = ("content-type", "application/json");
        let headers = [json, ("prefer", "respond-async"), ("idempotency-key", "k-1")];
        let body = json!({ "input": input }).to_string();
        let accepted = client.send(Method::POST, &format!("/v1/intents/{intent}"), &headers, body).await;
        assert_eq!(accepted.status, 202, "{}", accepted.raw);
        let path = format!("/v1/calls/{}?wait=10", accepted.text("/call_id"));
        until(async || Some(client.get(&path).await).filter(|answer| answer.text("/status") != "working")).await
    };

    // What is offered is part of the answer that was owed, and read again it is the same.
    let input = json!({ "order_number": "1001", "email": "customer@example.com" });
    let failed = later("order.status", &input).await;
    let held = ask(client, json!({})).await;
    assert_eq!((failed.text("/status"), failed.text("/problem/code")), ("failed", "unavailable"), "{}", failed.raw);
    assert_eq!(failed.text("/text"), held.text("/text"));
    let offered = failed.body["problem"]["options"].as_array().unwrap();
    assert_eq!(offered.iter().map(|option| option["kind"].as_str().unwrap()).collect::<Vec<_>>(), kinds(&held));
    let again = client.get(&format!("/v1/calls/{}", failed.text("/call_id"))).await;
    assert_eq!(again.raw, failed.raw);
    let body = json!({ "token": failed.text("/problem/options/1/token"), "kind": "message" });
    let taken = take_up(client, &body).await;
    assert_eq!((taken.status, taken.text("/fallback/step")), (200, "message"), "{}", taken.raw);
    until_delivered(&demo.mocks).await;

    // What is taken down at once is the answer, of the call and of its key.
    let items = json!([{ "sku": "BTS-M", "quantity": 1, "reason": "too_small" }]);
    let input = json!({ "order_number": "1001", "email": "customer@example.com", "items": items });
    let taken = later("return.start", &input).await;
    assert_eq!((taken.text("/status"), taken.text("/fallback/step")), ("degraded", "message"), "{}", taken.raw);
    demo.mocks.clear_faults();
    let headers = [("content-type", "application/json"), ("idempotency-key", "k-1")];
    let body = json!({ "input": input }).to_string();
    let replayed = client.send(Method::POST, "/v1/intents/return.start", &headers, body).await;
    assert_eq!(replayed.text("/fallback/reference"), taken.text("/fallback/reference"), "{}", replayed.raw);
    until(async || (tickets(&demo.mocks).len() == 2).then_some(())).await;
}

#[tokio::test]
async fn a_kept_answer_stands_where_the_operator_put_it_and_has_options_beside_it() {
    let demo = Demo::start_with(|config| {
        config
            + "\n[intent.\"*\"]\ncache = { max_stale_ms = 3600000 }\n\
               [intent.\"product.search\"]\nfallback = [\"contact\"]\n"
    })
    .await
    .unwrap();
    let client = &demo.host.client;
    let search = json!({ "query": "shirt" });
    assert_eq!(ask(client, json!({})).await.text("/status"), "completed");
    assert_eq!(client.ask("product.search", search.clone()).await.text("/status"), "completed");
    demo.mocks.fault(down("shopify"));
    let kept = ask(client, json!({})).await;
    assert_eq!(
        (kept.status, kept.text("/status"), kept.text("/output/number")),
        (200, "degraded", "1001"),
        "{}",
        kept.raw
    );
    assert!(kept.body["stale"]["age_ms"].is_u64(), "{}", kept.raw);
    assert_eq!(kinds(&kept), ["retry", "message", "handoff", "contact"]);
    let taken = take_up(client, &json!({ "token": token(&kept, "message"), "kind": "message" })).await;
    assert_eq!((taken.status, taken.text("/fallback/reason")), (200, "unavailable"), "{}", taken.raw);
    // To whoever asked for it later as well.
    let json = ("content-type", "application/json");
    let body = json!({ "input": { "order_number": "1001", "email": "customer@example.com" } }).to_string();
    let headers = [json, ("prefer", "wait=30")];
    let later = client.send(Method::POST, "/v1/intents/order.status", &headers, body).await;
    assert_eq!((later.status, later.text("/status"), kinds(&later)), (200, "degraded", kinds(&kept)), "{}", later.raw);
    // An intent whose steps do not have it gets none.
    let plain = client.ask("product.search", search).await;
    assert_eq!((plain.status, kinds(&plain)), (503, vec!["retry", "contact"]), "{}", plain.raw);
}

#[tokio::test]
async fn a_full_outbox_is_not_offered() {
    let demo = Demo::start_with(|config| config.replace("team = \"Support\"", "messages_max = 1")).await.unwrap();
    demo.mocks.fault(down("shopify"));
    demo.mocks.fault(down("zendesk"));
    let first = ask(&demo.host.client, json!({})).await;
    let second = ask(&demo.host.client, json!({})).await;
    let leave = async |answer: &Answer| {
        take_up(&demo.host.client, &json!({ "token": token(answer, "message"), "kind": "message" })).await
    };
    assert_eq!(leave(&first).await.status, 200);
    let full = leave(&second).await;
    assert_eq!((full.status, full.text("/code")), (503, "overloaded"), "{}", full.raw);
    assert_eq!(leave(&first).await.status, 200, "what is there is there");
    let third = ask(&demo.host.client, json!({})).await;
    assert!(option(&third, "message").is_none(), "{}", third.raw);
    demo.mocks.clear_faults();
    until_delivered(&demo.mocks).await;
    // The helpdesk has it a moment before the host knows. Then there is room, and the token is as good as before.
    until(async || (leave(&second).await.status == 200).then_some(())).await;
}

/// A host in a process of its own.
struct Stage {
    mocks: Mocks,
    config: PathBuf,
    dir: tempfile::TempDir,
}

async fn stage(repeats: bool, with_vault: bool) -> Stage {
    let dir = tempfile::tempdir().unwrap();
    let mocks = Mocks::start(([127, 0, 0, 1], 0).into()).await.unwrap();
    let mut text = demo_config(&mocks)
        .unwrap()
        .replace("[connection.demo-help]", "[connection.demo-help]\nlimits = { wall_ms = 2000 }");
    let zendesk = guests::plugin_with_manifest("zendesk", |manifest| {
        manifest.remove("intent");
        if repeats {
            manifest.extend(REPEATS.parse::<toml::Table>().unwrap());
        }
    });
    let packaged = guests::write(dir.path(), "zendesk", &zendesk);
    let original = jackfield_tests::plugin("zendesk").display().to_string();
    text = text.replace(&original, &packaged.display().to_string());
    let config = dir.path().join("jackfield.toml");
    if with_vault {
        text += &format!("\n[vault]\nmaster_key = \"file:{}\"\n", dir.path().join("master.key").display());
    }
    std::fs::write(&config, &text).unwrap();
    if with_vault {
        init_vault(Path::new(BINARY), dir.path(), &text).unwrap();
    }
    Stage { mocks, config, dir }
}

impl Stage {
    async fn host(&self) -> Process {
        Process::serve(Path::new(BINARY), &self.config).await.unwrap()
    }

    /// Leaves a message for the helpdesk; its reference.
    async fn leave(&self, client: &Client) -> String {
        let shop = self.mocks.fault(down("shopify"));
        let failed = ask(client, json!({})).await;
        let body = json!({ "token": token(&failed, "message"), "kind": "message", "note": "whisper" });
        let taken = take_up(client, &body).await;
        assert_eq!(taken.status, 200, "{}", taken.raw);
        let _ = shop;
        taken.text("/fallback/reference").to_owned()
    }

    fn run(&self, verb: &str) -> String {
        let mut command = command(Path::new(BINARY), &self.config, verb);
        let output = command.stdin(Stdio::null()).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{verb}: {told}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

#[tokio::test]
async fn a_message_survives_a_kill_and_reaches_the_helpdesk_once_it_is_back() {
    let stage = stage(true, true).await;
    let host = stage.host().await;
    stage.mocks.fault(Fault::new("zendesk", Kind::Close));
    let reference = stage.leave(&host.client).await;
    host.kill().await.unwrap();
    // What a person said lies sealed.
    for file in jackfield_tests::process::files(stage.dir.path()).unwrap() {
        let bytes = std::fs::read(&file).unwrap();
        for said in [&b"whisper"[..], b"customer@example.com"] {
            assert!(!bytes.windows(said.len()).any(|part| part == said), "{} shows it", file.display());
        }
    }
    stage.mocks.clear_faults();
    let host = stage.host().await;
    let ticket = until_delivered(&stage.mocks).await.json.unwrap();
    assert!(ticket["ticket"]["comment"]["body"].as_str().unwrap().contains("whisper"));
    let listed = until(async || {
        let listed = stage.run("messages list --state delivered --json");
        listed.contains(&reference).then_some(listed)
    })
    .await;
    assert!(!listed.contains("whisper"), "{listed}");
    assert_eq!(tickets(&stage.mocks).len(), 1);
    assert!(!host.log().contains("whisper") && !host.log().contains("customer@example.com"), "{}", host.log());
}

#[tokio::test]
async fn a_kill_in_the_middle_of_a_delivery_doubles_nothing() {
    let stage = stage(true, false).await;
    let host = stage.host().await;
    let fault = Fault { method: Some("POST".to_owned()), ..Fault::new("zendesk", Kind::HoldAfter) };
    let held = stage.mocks.fault(fault);
    stage.leave(&host.client).await;
    stage.mocks.until_held(held).await;
    host.kill().await.unwrap();
    stage.mocks.clear_faults();
    let host = stage.host().await;
    // Zendesk answers the repetition with the ticket of the first time.
    let sent = until(async || {
        let posts = stage.mocks.journal("zendesk").into_iter().filter(|entry| entry.method == "POST");
        let posts: Vec<_> = posts.collect();
        (posts.len() == 2 && posts[1].status == Some(201)).then_some(posts)
    })
    .await;
    let key = |entry: &Entry| entry.headers.iter().find(|(name, _)| name == "idempotency-key").cloned();
    assert!(key(&sent[0]).is_some() && key(&sent[0]) == key(&sent[1]));
    assert_eq!(sent[0].body, sent[1].body);
    let listed = until(async || {
        let listed = stage.run("messages list");
        listed.contains("delivered").then_some(listed)
    })
    .await;
    assert!(listed.contains("ticket="), "{listed}");
    drop(host);
}

#[tokio::test]
async fn where_repeating_is_not_harmless_a_delivery_in_doubt_waits_for_the_operator() {
    // A connector whose author says nothing about repetitions.
    let stage = stage(false, false).await;
    let host = stage.host().await;
    let fault = Fault { method: Some("POST".to_owned()), ..Fault::new("zendesk", Kind::HoldAfter) };
    let held = stage.mocks.fault(fault);
    let reference = stage.leave(&host.client).await;
    stage.mocks.until_held(held).await;
    let shown = until(async || {
        let listed = stage.run("messages list --state unknown");
        listed.contains(&reference).then_some(listed)
    })
    .await;
    assert!(shown.contains("why="), "{shown}");
    let posts = || stage.mocks.journal("zendesk").into_iter().filter(|entry| entry.method == "POST").count();
    assert_eq!(posts(), 1);
    assert!(stage.run(&format!("messages show {reference}")).contains("whisper"));
    stage.mocks.clear_faults();
    // The operator looked: it is there.
    stage.run(&format!("messages drop {reference}"));
    assert!(stage.run("messages list").contains("dropped"));
    assert!(!stage.run(&format!("messages show {reference}")).contains("whisper"));
    assert_eq!(posts(), 1);
    assert!(stage.run("audit show").contains("how=dropped"));
}

#[tokio::test]
async fn what_the_helpdesk_refuses_is_said_and_waits_for_the_operator() {
    let stage = stage(true, false).await;
    let text = std::fs::read_to_string(&stage.config).unwrap();
    std::fs::write(&stage.config, text.replace("team = \"Support\"", "team = \"Nobody\"")).unwrap();
    let host = stage.host().await;
    stage.mocks.fault(down("shopify"));
    let failed = ask(&host.client, json!({})).await;
    let body = json!({ "token": token(&failed, "handoff"), "kind": "handoff" });
    let refused = take_up(&host.client, &body).await;
    assert_eq!((refused.status, refused.text("/code"), kinds(&refused)), (424, "rejected", vec!["contact"]));
    assert_eq!(refused.text("/text"), "I couldn't pass that on to the team. You can also call us on +1 202 555 0143.");
    assert!(tickets(&stage.mocks).is_empty());
    let listed = stage.run("messages list --state dead");
    let reference = listed.split(' ').next().unwrap().to_owned();
    assert!(listed.contains("There is no team with this name"), "{listed}");
    let metrics = host.client.get("/metrics").await.raw;
    assert!(metrics.contains("jackfield_messages_open{connection=\"demo-help\",state=\"dead\"} 1"), "{metrics}");
    // A team of that name would be made at the helpdesk; here the same is refused again.
    stage.run(&format!("messages retry {reference}"));
    until(async || host.log().matches("a message needs the operator").count().eq(&2).then_some(())).await;
}

#[tokio::test]
async fn a_fallback_that_leads_nowhere_is_refused_at_the_start() {
    let report = async |change: &str, to: &str| {
        let (change, to) = (change.to_owned(), to.to_owned());
        match Demo::start_with(move |config| config.replace(&change, &to)).await {
            Ok(_) => String::new(),
            Err(error) => error.to_string(),
        }
    };
    for (from, to, message) in [
        ("helpdesk = \"demo-help\"", "helpdesk = \"nowhere\"", "the tenant has no such connection"),
        ("helpdesk = \"demo-help\"", "helpdesk = \"demo-shop\"", "does not serve `ticket.create`"),
        ("[fallback.demo]", "[fallback.other]", "the tenant has no such connection"),
        ("phone = \"+1 202 555 0143\"", "phone = \"call us\"", "`phone` of `[fallback.demo.contact]`"),
        ("team = \"Support\"", "team = \"Support\"\nmessages_max = 0", "`messages_max`"),
        ("team = \"Support\"", "team = \"Support\"\ncolour = 1", "colour"),
        ("[fallback.demo]", "[intent.\"*\"]\nfallback = [\"contact\", \"contact\"]\n[fallback.demo]", "a step twice"),
        ("[fallback.demo]", "[texts.de.fallback]\ntroubel = \"x\"\n[fallback.demo]", "troubel"),
    ] {
        let report = report(from, to).await;
        assert!(report.contains(message), "{message} is not in\n{report}");
    }
}
