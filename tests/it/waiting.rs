//! The three ways to wait, as a bot service meets them: held, asked for later, and streamed. What is accepted is answered,
//! whoever goes away and whatever dies meanwhile; what is called off leaves nothing behind.

use http::Method;
use jackfield_mocks::{Fault, Kind};
use jackfield_tests::{Answer, Client, Demo, Event, Events, until};
use serde_json::{Value, json};

mod cancel;
mod restart;

/// Asks for a ticket, which zendesk's fault may hold.
const READ: &str = "/v1/intents/ticket.status";
const WRITE: &str = "/v1/intents/ticket.create";

fn ticket() -> Value {
    json!({ "input": { "ticket_id": "35440", "email": "customer@example.com" } })
}

fn new_ticket() -> Value {
    json!({ "input": { "subject": "Once", "description": "Only once", "requester_email": "customer@example.com" } })
}

async fn ask(client: &Client, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
    let all: Vec<_> = [("content-type", "application/json")].iter().chain(headers).copied().collect();
    client.send(Method::POST, path, &all, body.to_string()).await
}

async fn asked_for_later(client: &Client, path: &str, body: &Value) -> String {
    let accepted = ask(client, path, &[("prefer", "respond-async")], body).await;
    assert_eq!((accepted.status, accepted.text("/status")), (202, "working"), "{}", accepted.raw);
    accepted.text("/call_id").to_owned()
}

async fn streamed(client: &Client, path: &str, body: &Value) -> Events {
    let events = client.stream(Method::POST, path, &[], body.to_string()).await;
    assert_eq!((events.status, events.headers["content-type"].to_str().unwrap()), (200, "text/event-stream"));
    events
}

async fn followed(client: &Client, id: &str, last: &str) -> Events {
    client.stream(Method::GET, &format!("/v1/calls/{id}/events"), &[("last-event-id", last)], String::new()).await
}

async fn look(client: &Client, id: &str) -> Answer {
    client.get(&format!("/v1/calls/{id}")).await
}

fn names(events: &[Event]) -> Vec<(&str, &str)> {
    events.iter().map(|event| (event.id.as_str(), event.name.as_str())).collect()
}

/// The demo with zendesk's answers to one method held.
async fn held(method: &str, kind: Kind, more: &str) -> (Demo, u64) {
    let demo = Demo::start_with(|config| config + more).await.unwrap();
    let fault = demo.mocks.fault(Fault { method: Some(method.to_owned()), ..Fault::new("zendesk", kind) });
    (demo, fault)
}

#[tokio::test]
async fn what_is_asked_for_later_is_accepted_at_once_and_its_answer_is_kept() {
    let (demo, fault) = held("GET", Kind::HoldBefore, "").await;
    let client = &demo.host.client;
    let accepted = ask(client, READ, &[("prefer", "respond-async, wait=0")], &ticket()).await;
    assert_eq!((accepted.status, accepted.text("/status")), (202, "working"), "{}", accepted.raw);
    let id = accepted.text("/call_id").to_owned();
    assert_eq!(accepted.headers["location"], format!("/v1/calls/{id}"));
    assert_eq!(accepted.headers["preference-applied"], "respond-async, wait=0");
    assert!(accepted.text("/text").contains("still checking"), "{}", accepted.raw);

    let working = look(client, &id).await;
    assert_eq!((working.status, working.text("/status"), working.text("/call_id")), (200, "working", &*id));
    let waited = client.get(&format!("/v1/calls/{id}?wait=1")).await;
    assert_eq!(waited.text("/status"), "working", "a second is over");
    let waiting = tokio::spawn({
        let (client, id) = (client.clone(), id.clone());
        async move { client.get(&format!("/v1/calls/{id}?wait=60")).await }
    });
    demo.mocks.until_held(fault).await;
    demo.mocks.release(fault);
    let done = waiting.await.unwrap();
    assert_eq!((done.status, done.text("/status"), done.text("/call_id")), (200, "completed", &*id), "{}", done.raw);
    assert_eq!(done.text("/output/status"), "on_hold");
    assert_eq!(look(client, &id).await.raw, done.raw, "the same to whoever asks again");
    until(async || {
        let metrics = client.get("/metrics").await.raw;
        ["jackfield_calls_working 0", "jackfield_calls_watched 0"]
            .iter()
            .all(|line| metrics.contains(line))
            .then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_is_done_while_somebody_waits_is_answered_as_ever() {
    let demo = Demo::start().await.unwrap();
    let client = &demo.host.client;
    let plain = ask(client, READ, &[], &ticket()).await;
    for prefer in ["wait=30", "respond-async, wait=30", "wait=30; unit=s, return=minimal"] {
        let answer = ask(client, READ, &[("prefer", prefer)], &ticket()).await;
        assert_eq!((answer.status, answer.text("/status")), (200, "completed"), "{}", answer.raw);
        assert_eq!(answer.body["output"], plain.body["output"]);
    }
    let missing = json!({ "input": { "ticket_id": "1", "email": "customer@example.com" } });
    let problem = ask(client, READ, &[("prefer", "wait=30")], &missing).await;
    assert_eq!((problem.status, problem.text("/code")), (404, "not-found"), "{}", problem.raw);
    assert_eq!(problem.headers["content-type"], "application/problem+json");
    let kept = look(client, problem.text("/call_id")).await;
    assert_eq!((kept.status, kept.text("/status"), kept.text("/problem/code")), (200, "failed", "not-found"));
    assert_eq!(kept.text("/text"), problem.text("/text"));
    // A preference that is written wrong is none.
    assert_eq!(ask(client, READ, &[("prefer", "wait=soon")], &ticket()).await.status, 200);
}

#[tokio::test]
async fn what_is_refused_is_refused_plainly_and_nothing_is_kept_of_it() {
    let demo = Demo::start().await.unwrap();
    let client = &demo.host.client;
    for header in [("prefer", "respond-async"), ("accept", "text/event-stream")] {
        let invalid = ask(client, READ, &[header], &json!({ "input": {} })).await;
        assert_eq!((invalid.status, invalid.text("/code")), (422, "invalid-input"), "{}", invalid.raw);
        assert_eq!(invalid.headers["content-type"], "application/problem+json");
        let unknown = ask(client, "/v1/intents/no.such", &[header], &json!({ "input": {} })).await;
        assert_eq!((unknown.status, unknown.text("/code")), (404, "unknown-intent"), "{}", unknown.raw);
        let stranger = ask(&client.with_key("nobody"), READ, &[header], &ticket()).await;
        assert_eq!(stranger.status, 401);
        let forgotten = look(client, invalid.text("/call_id")).await;
        assert_eq!((forgotten.status, forgotten.text("/code")), (404, "not-found"));
    }
}

#[tokio::test]
async fn a_stream_says_that_it_takes_longer_and_then_what_came_of_it() {
    let more = "\n[intent.\"ticket.*\"]\nprogress_ms = 100\n[texts.de]\nprogress = \"Einen Moment noch.\"\n";
    let (demo, fault) = held("GET", Kind::HoldBefore, more).await;
    let client = &demo.host.client;
    let mut body = ticket();
    body["context"] = json!({ "locale": "de-AT" });
    let mut events = streamed(client, READ, &body).await;
    assert_eq!(events.headers["cache-control"], "no-store");
    let accepted = events.next().await.unwrap();
    assert_eq!((&*accepted.id, &*accepted.name), ("1", "accepted"));
    let id = accepted.data["call_id"].as_str().unwrap().to_owned();
    let progress = events.next().await.unwrap();
    assert_eq!((&*progress.id, &*progress.name), ("2", "progress"));
    assert_eq!(progress.data, json!({ "call_id": id, "status": "working", "text": "Einen Moment noch." }));
    demo.mocks.release(fault);
    let rest = events.rest().await;
    assert_eq!(names(&rest), [("3", "result")]);
    assert_eq!((&rest[0].data["status"], &rest[0].data["output"]["status"]), (&json!("completed"), &json!("on_hold")));
    assert!(
        events.raw.starts_with(": open\nretry: 2000\n\n") && events.raw.ends_with(": closing\n\n"),
        "{}",
        events.raw
    );

    // Again from anywhere, and no more once everything was heard.
    assert_eq!(names(&followed(client, &id, "0").await.rest().await), [("1", "accepted"), ("3", "result")]);
    assert_eq!(names(&followed(client, &id, "2").await.rest().await), [("3", "result")]);
    assert_eq!(names(&followed(client, &id, "nonsense").await.rest().await), [("1", "accepted"), ("3", "result")]);
    assert_eq!(followed(client, &id, "3").await.status, 204);
    assert_eq!(followed(client, "01ARZ3NDEKTSV4RRFFQ69G5FAV", "0").await.status, 410);
}

#[tokio::test]
async fn a_stream_tells_of_a_failure_and_whoever_goes_away_stops_nothing() {
    let (demo, fault) = held("GET", Kind::HoldBefore, "").await;
    let client = &demo.host.client;
    let mut events = streamed(client, READ, &ticket()).await;
    let id = events.next().await.unwrap().data["call_id"].as_str().unwrap().to_owned();
    demo.mocks.until_held(fault).await;
    drop(events);
    // What a stream holds is free again as soon as its reader is gone, and the call goes on.
    until(async || client.get("/metrics").await.raw.contains("jackfield_calls_watched 0").then_some(())).await;
    demo.mocks.release(fault);
    let done = client.get(&format!("/v1/calls/{id}?wait=30")).await;
    assert_eq!(done.text("/status"), "completed", "{}", done.raw);

    demo.mocks.clear_faults();
    demo.mocks.fault(Fault { status: Some(500), ..Fault::new("zendesk", Kind::Status) });
    let failed = streamed(client, READ, &ticket()).await.rest().await;
    assert_eq!(names(&failed), [("1", "accepted"), ("3", "error")]);
    assert_eq!(failed[1].data["code"], "unavailable", "{failed:?}");
}

#[tokio::test]
async fn a_question_is_asked_at_once_however_its_asker_wanted_to_wait() {
    let demo =
        Demo::start_with(|config| config + "\n[intent.\"ticket.create\"]\nconfirm = \"always\"\n").await.unwrap();
    let client = &demo.host.client;
    let asked = ask(client, WRITE, &[("prefer", "respond-async")], &new_ticket()).await;
    assert_eq!((asked.status, asked.text("/status")), (200, "input_required"), "{}", asked.raw);
    let kept = look(client, asked.text("/call_id")).await;
    assert_eq!((kept.text("/status"), kept.text("/text")), ("input_required", asked.text("/text")));

    let events = streamed(client, WRITE, &new_ticket()).await.rest().await;
    assert_eq!(names(&events), [("3", "input_required")]);
    let token = events[0].data["confirmation"]["token"].as_str().unwrap();
    let mut yes = new_ticket();
    yes["confirmation"] = json!({ "token": token });
    let done = streamed(client, WRITE, &yes).await.rest().await;
    assert_eq!(names(&done), [("1", "accepted"), ("3", "result")], "{done:?}");
    // A yes counts once, and the second one is refused before anything is accepted.
    let again = ask(client, WRITE, &[("prefer", "respond-async")], &yes).await;
    assert_eq!((again.status, again.text("/code")), (422, "invalid-input"), "{}", again.raw);
}

#[tokio::test]
async fn a_write_that_arrives_again_is_sent_to_the_call_that_carries_it_out_and_then_gets_its_answer() {
    let (demo, fault) = held("POST", Kind::HoldAfter, "").await;
    let client = &demo.host.client;
    let later = [("prefer", "respond-async"), ("idempotency-key", "k-1")];
    let first = ask(client, WRITE, &later, &new_ticket()).await;
    assert_eq!(first.status, 202, "{}", first.raw);
    let id = first.text("/call_id");
    demo.mocks.until_held(fault).await;
    for headers in [&later[..], &later[1..]] {
        let second = ask(client, WRITE, headers, &new_ticket()).await;
        assert_eq!((second.status, second.text("/code")), (409, "idempotency-in-flight"), "{}", second.raw);
        assert_eq!(
            (second.headers["location"].to_str().unwrap(), second.text("/existing_id")),
            (&*format!("/v1/calls/{id}"), id)
        );
    }
    demo.mocks.release(fault);
    let done = client.get(&format!("/v1/calls/{id}?wait=30")).await;
    assert_eq!(done.text("/status"), "completed", "{}", done.raw);
    for headers in [&later[..], &later[1..]] {
        let again = ask(client, WRITE, headers, &new_ticket()).await;
        assert_eq!((again.status, &again.raw), (200, &done.raw));
        assert_eq!(again.headers["idempotency-replayed"], "true");
    }
    let headers = [("idempotency-key", "k-1")];
    let mut events = client.stream(Method::POST, WRITE, &headers, new_ticket().to_string()).await;
    assert_eq!(events.headers["idempotency-replayed"], "true");
    assert_eq!(names(&events.rest().await), [("3", "result")]);
    assert_eq!(demo.mocks.journal("zendesk").iter().filter(|entry| entry.method == "POST").count(), 1);
}

#[tokio::test]
async fn a_call_is_its_callers_and_looks_like_none_to_everybody_else() {
    let digest = jackfield::audit::hex(&jackfield::admission::digest("other"));
    let more = format!("\n[caller.other]\nkey_sha256 = \"{digest}\"\ntenant = \"demo\"\nscopes = [\"intent:*\"]\n");
    let (demo, fault) = held("GET", Kind::HoldBefore, &more).await;
    let (client, other) = (&demo.host.client, demo.host.client.with_key("other"));
    let id = asked_for_later(client, READ, &ticket()).await;
    let not_found = async |client: &Client, id: &str| {
        let get = look(client, id).await;
        let cancel = ask(client, &format!("/v1/calls/{id}/cancel"), &[], &json!({})).await;
        let events = followed(client, id, "0").await;
        assert_eq!((get.status, cancel.status, events.status), (404, 404, 404), "{id}: {}", get.raw);
        let mut body = get.body;
        body["call_id"].take();
        body
    };
    // As long as it works, and when it is done.
    let missing = not_found(&other, &jackfield::trace::Trace::new(None).call_id).await;
    assert_eq!(not_found(&other, &id).await, missing);
    demo.mocks.release(fault);
    assert_eq!(client.get(&format!("/v1/calls/{id}?wait=30")).await.text("/status"), "completed");
    assert_eq!(not_found(&other, &id).await, missing);
    for nonsense in ["x", "host", "01ARZ3NDEKTSV4RRFFQ69G5FAVX", "..%2Fhost"] {
        not_found(client, nonsense).await;
    }
    assert_eq!(look(client, &id.to_lowercase()).await.text("/call_id"), id, "an id is the same in small letters");
    for mistake in ["wait=soon", "wait=-1", "wait=", "wait=1&wait=2", "weight=1"] {
        let answer = client.get(&format!("/v1/calls/{id}?{mistake}")).await;
        assert_eq!((answer.status, answer.text("/code")), (400, "malformed"), "{mistake}: {}", answer.raw);
    }
}

#[tokio::test]
async fn an_id_of_long_ago_is_gone_whoever_asks_and_what_is_swept_is_counted_no_more() {
    let demo = Demo::start_with(|config| config + "\n[calls]\nkept_max = 1\n").await.unwrap();
    let client = &demo.host.client;
    let id = asked_for_later(client, READ, &ticket()).await;
    assert_eq!(client.get(&format!("/v1/calls/{id}?wait=30")).await.text("/status"), "completed");
    let full = ask(client, READ, &[("prefer", "respond-async")], &ticket()).await;
    assert_eq!((full.status, full.text("/code")), (503, "overloaded"), "{}", full.raw);
    assert!(full.headers.contains_key("retry-after"));
    assert_eq!(ask(client, READ, &[], &ticket()).await.status, 200, "what is held is not kept");

    const DAY_MS: u64 = 24 * 60 * 60 * 1_000;
    let then = ulid_ms(&id);
    demo.host.app.calls.sweep(then + DAY_MS - 1).await.unwrap();
    assert_eq!(look(client, &id).await.status, 200);
    demo.host.app.calls.sweep(then + DAY_MS).await.unwrap();
    assert_eq!(look(client, &id).await.status, 404, "swept before its time by a test");
    asked_for_later(client, READ, &ticket()).await;

    let gone = look(client, "01ARZ3NDEKTSV4RRFFQ69G5FAV").await;
    assert_eq!((gone.status, gone.text("/code")), (410, "gone"), "{}", gone.raw);
    assert_eq!(look(&client.with_key("nobody"), "01ARZ3NDEKTSV4RRFFQ69G5FAV").await.status, 401);
}

/// The moment that an id was made at: its first ten letters, in Crockford's base 32.
fn ulid_ms(id: &str) -> u64 {
    const DIGITS: &str = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    id[..10].chars().fold(0, |ms, letter| ms * 32 + DIGITS.find(letter).unwrap() as u64)
}

#[tokio::test]
async fn who_watches_more_than_may_be_watched_hears_so_at_once() {
    let (demo, _fault) = held("GET", Kind::HoldBefore, "\n[calls]\nwatchers_max = 2\ncaller_watchers_max = 1\n").await;
    let client = &demo.host.client;
    let id = asked_for_later(client, READ, &ticket()).await;
    let mut first = followed(client, &id, "0").await;
    assert_eq!(first.next().await.unwrap().name, "accepted");
    let in_flight = demo.host.app.admission.in_flight();
    for refused in [
        ask(client, READ, &[("prefer", "wait=5")], &ticket()).await,
        ask(client, READ, &[("accept", "text/event-stream")], &ticket()).await,
        client.get(&format!("/v1/calls/{id}?wait=5")).await,
    ] {
        assert_eq!((refused.status, refused.text("/code")), (429, "rate-limited"), "{}", refused.raw);
        assert!(refused.headers.contains_key("retry-after"));
    }
    assert_eq!(demo.host.app.admission.in_flight(), in_flight, "nothing was accepted");
    assert_eq!(look(client, &id).await.status, 200, "who does not wait takes no place");
    drop(first);
    until(async || Some(followed(client, &id, "0").await).filter(|events| events.status == 200)).await;
}

#[tokio::test]
async fn what_becomes_of_a_write_that_nobody_knew_of_is_heard_by_whoever_watches() {
    use jackfield_core::call::WriteOutcome;
    let more = "\n[intent.\"ticket.*\"]\ndeadline_ms = 1500\n";
    let (demo, _fault) = held("POST", Kind::HoldAfter, more).await;
    let client = &demo.host.client;
    let mut events = streamed(client, WRITE, &new_ticket()).await;
    let id = events.next().await.unwrap().data["call_id"].as_str().unwrap().to_owned();
    let error = events.next().await.unwrap();
    assert_eq!((&*error.name, &error.data["outcome"]), ("error", &json!("unknown")), "{error:?}");
    let answer = jackfield_core::idempotency::Answer {
        status: 200,
        body: json!({ "text": "Your ticket is open." }).to_string(),
    };
    let calls = &demo.host.app.calls;
    assert!(calls.settled(&id, WriteOutcome::Applied, &answer).await.unwrap(), "what is heard is on record");
    let rest = events.rest().await;
    assert_eq!(names(&rest), [("4", "settled")]);
    assert_eq!((&rest[0].data["outcome"], &rest[0].data["text"]), (&json!("applied"), &json!("Your ticket is open.")));
    let kept = look(client, &id).await;
    assert_eq!((kept.text("/status"), kept.text("/settled/outcome")), ("failed", "applied"), "{}", kept.raw);
    assert_eq!(followed(client, &id, "4").await.status, 204);
    assert!(!calls.settled("01ARZ3NDEKTSV4RRFFQ69G5FAV", WriteOutcome::Applied, &answer).await.unwrap());
}
