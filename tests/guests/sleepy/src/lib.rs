//! Waits: `{"sleep_ms": n}` on a clock, anything else on an answer of the business system.

wit_bindgen::generate!({ path: "../../../wit", world: "connector" });

use jackfield::connector::http::{self, Method, Request};
use serde_json::Value;

struct Connector;

impl Guest for Connector {
    fn describe() -> String {
        "[]".to_owned()
    }

    fn handle(call: Call) -> Result<String, Failure> {
        let input: Value = serde_json::from_str(&call.input).unwrap_or_default();
        if let Some(ms) = input["sleep_ms"].as_u64() {
            std::thread::sleep(std::time::Duration::from_millis(ms));
            return Ok("\"slept\"".to_owned());
        }
        let write = input["write"].as_bool().unwrap_or_default();
        let answer = http::send(&Request {
            endpoint: "api".to_owned(),
            method: if write { Method::Post } else { Method::Get },
            path: "/slow".to_owned(),
            query: Vec::new(),
            headers: Vec::new(),
            body: None,
            timeout_ms: input["timeout_ms"].as_u64().map(|ms| ms as u32),
            idempotent: false,
        });
        Ok(format!("{:?}", answer.map(|response| response.status).map_err(|error| error.to_string())))
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
