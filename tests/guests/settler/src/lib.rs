//! Writes what its input says, and tells afterwards what its input says of it: the look into the system, in every way
//! that one can go.

wit_bindgen::generate!({ path: "../../../wit", world: "connector" });

use jackfield::connector::http::{self, Error, Method, Request};
use jackfield::connector::types::FailureKind;
use serde_json::{Value, json};

fn request(method: Method, path: String, body: Option<&str>) -> Request {
    Request {
        endpoint: "api".to_owned(),
        method,
        path,
        query: Vec::new(),
        headers: Vec::new(),
        body: body.map(|text| text.as_bytes().to_vec()),
        timeout_ms: None,
        idempotent: false,
    }
}

fn failure(error: Error) -> Failure {
    let kind = match error {
        Error::Timeout => FailureKind::Timeout,
        Error::Denied(_) => FailureKind::Denied,
        _ => FailureKind::Unavailable,
    };
    Failure { kind, detail: error.to_string() }
}

fn input(call: &Call) -> Value {
    serde_json::from_str(&call.input).unwrap_or_default()
}

fn made(by: &str) -> String {
    json!({ "outcome": by }).to_string()
}

struct Connector;

impl Guest for Connector {
    fn describe() -> String {
        "[]".to_owned()
    }

    /// `{"path": "/slow"}` is posted to, with the key of the call as body.
    fn handle(call: Call) -> Result<String, Failure> {
        let path = input(&call)["path"].as_str().unwrap_or("/slow").to_owned();
        let key = call.idempotency_key.unwrap_or_default();
        match http::send(&request(Method::Post, path, Some(&key))) {
            Ok(response) if response.status < 300 => Ok(made("written")),
            Ok(response) => Err(Failure { kind: FailureKind::Unavailable, detail: response.status.to_string() }),
            Err(error) => Err(failure(error)),
        }
    }

    /// `{"look": ..}` says what it finds; `ask` is the one that looks for itself, at `/orders/1`.
    fn settle(call: Call) -> Result<Settlement, Failure> {
        let input = input(&call);
        match input["look"].as_str().unwrap_or_default() {
            "applied" => Ok(Settlement::Applied(made("found"))),
            "not-applied" => Ok(Settlement::NotApplied),
            "fails" => Err(Failure { kind: FailureKind::Unavailable, detail: "could not look".to_owned() }),
            "told" => {
                let told =
                    json!({ "outcome": [call.id, call.now_ms.to_string(), call.idempotency_key.unwrap_or_default()] });
                Ok(Settlement::Applied(told.to_string()))
            }
            "ask" => match http::send(&request(Method::Get, "/orders/1".to_owned(), None)) {
                Ok(response) if response.status == 200 => Ok(Settlement::Applied(made("asked"))),
                Ok(response) if response.status == 404 => Ok(Settlement::NotApplied),
                Ok(_) => Ok(Settlement::Unknown),
                Err(error) => Err(failure(error)),
            },
            // What must not be possible while looking.
            "write" => match http::send(&request(Method::Post, "/slow".to_owned(), Some("again"))) {
                Ok(_) => Ok(Settlement::Applied(made("written again"))),
                Err(error) => Err(failure(error)),
            },
            "no-json" => Ok(Settlement::Applied("{so, this: is} not json".to_owned())),
            "panic" => panic!("while looking"),
            _ => Ok(Settlement::Unknown),
        }
    }

    fn receive(_: Delivery) -> Result<Vec<Event>, Failure> {
        Ok(Vec::new())
    }

    fn poll_changes(_: PollRequest) -> Result<Page, Failure> {
        Ok(Page { events: Vec::new(), cursor: String::new(), more: false })
    }
}

export!(Connector);
