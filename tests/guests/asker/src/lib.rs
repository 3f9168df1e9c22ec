//! Asks for the one thing that its input names, of secrets, cache, intents and log, and reports the answer.

wit_bindgen::generate!({ path: "../../../wit", world: "connector" });

use jackfield::connector::{cache, intents, log, secrets};
use serde_json::{Value, json};

/// What came of it: `{"ok": ...}` or `{"error": "..."}`.
fn told<T: Into<Value>, E: std::fmt::Debug>(result: Result<T, E>) -> Value {
    match result {
        Ok(value) => json!({ "ok": value.into() }),
        Err(error) => json!({ "error": format!("{error:?}") }),
    }
}

struct Connector;

impl Guest for Connector {
    fn describe() -> String {
        "[]".to_owned()
    }

    /// `{"ask": "...", "name": "...", "value": "..."}`.
    fn handle(call: Call) -> Result<String, Failure> {
        let input: Value = serde_json::from_str(&call.input).unwrap_or_default();
        let name = input["name"].as_str().unwrap_or_default();
        let value = input["value"].as_str().unwrap_or_default();
        let answer = match input["ask"].as_str().unwrap_or_default() {
            "granted" => json!(secrets::granted()),
            "reveal" => told(secrets::reveal(name)),
            "hmac" => told(secrets::hmac(name, secrets::Algorithm::Sha256, value.as_bytes())),
            "put" => told(cache::put(name, value.as_bytes(), 60_000)),
            "get" => json!(cache::get(name).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())),
            "intent" => told(intents::call(name, value)),
            "log" => json!(log::write(log::Level::Warn, value, &[("name".to_owned(), name.to_owned())])),
            "stderr" => json!(eprintln!("{value}")),
            other => json!(format!("cannot ask for {other}")),
        };
        Ok(answer.to_string())
    }

    fn settle(_: Call) -> Result<Settlement, Failure> {
        Ok(Settlement::Unknown)
    }

    fn receive(_: Delivery) -> Result<Vec<Event>, Failure> {
        Ok(Vec::new())
    }

    fn poll_changes(_: PollRequest) -> Result<Page, Failure> {
        Ok(Page { events: Vec::new(), cursor: String::new(), more: false })
    }
}

export!(Connector);
