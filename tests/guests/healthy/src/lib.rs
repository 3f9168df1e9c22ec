//! Does what a connector should: reads its input, asks the business system, answers in JSON.

wit_bindgen::generate!({ path: "../../../wit", world: "connector" });

use jackfield::connector::http::{self, Method, Request, Response};
use jackfield::connector::types::FailureKind;
use serde_json::{Value, json};

fn order(number: u64) -> Request {
    Request {
        endpoint: "api".to_owned(),
        method: Method::Get,
        path: format!("/orders/{number}"),
        query: vec![("fields".to_owned(), "id,status".to_owned())],
        headers: vec![("accept".to_owned(), "application/json".to_owned())],
        body: None,
        timeout_ms: None,
        idempotent: false,
    }
}

fn shown(answer: Result<Response, http::Error>) -> Value {
    match answer {
        Ok(response) => json!({ "status": response.status, "body": String::from_utf8_lossy(&response.body) }),
        Err(error) => json!({ "error": error.to_string() }),
    }
}

struct Connector;

impl Guest for Connector {
    fn describe() -> String {
        "[]".to_owned()
    }

    /// `{"requests": n, "at_once": bool}` asks for orders 1 to n, one after the other or all at once.
    fn handle(call: Call) -> Result<String, Failure> {
        let input: Value = serde_json::from_str(&call.input)
            .map_err(|e| Failure { kind: FailureKind::Internal, detail: e.to_string() })?;
        let wanted = (1..=input["requests"].as_u64().unwrap_or_default()).map(order);
        let answers: Vec<Value> = if input["at_once"].as_bool().unwrap_or_default() {
            let wanted: Vec<Request> = wanted.collect();
            http::send_all(&wanted).into_iter().map(shown).collect()
        } else {
            wanted.map(|request| shown(http::send(&request))).collect()
        };
        Ok(json!({ "intent": call.intent, "locale": call.locale, "input": input, "answers": answers }).to_string())
    }

    fn settle(_: Call) -> Result<Settlement, Failure> {
        Ok(Settlement::Unknown)
    }

    /// One event, of what it was told.
    fn receive(delivery: Delivery) -> Result<Vec<Event>, Failure> {
        Ok(vec![Event {
            id: delivery.id,
            kind: "probe.received".to_owned(),
            subject: "probe".to_owned(),
            time_ms: delivery.received_ms,
            data: json!({ "remaining_ms": delivery.remaining_ms }).to_string(),
        }])
    }

    /// No more than what it was told, as an event that happens now.
    fn poll_changes(request: PollRequest) -> Result<Page, Failure> {
        let told = Event {
            id: request.id,
            kind: "probe.polled".to_owned(),
            subject: "probe".to_owned(),
            time_ms: request.now_ms,
            data: json!({ "remaining_ms": request.remaining_ms }).to_string(),
        };
        Ok(Page { events: vec![told], cursor: request.cursor.unwrap_or_default(), more: false })
    }
}

export!(Connector);
