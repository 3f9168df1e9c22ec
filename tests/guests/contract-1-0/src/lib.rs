//! Built for contract 1.0, which knows no `settle`: served beside those built for 1.1, with every import it has.

wit_bindgen::generate!({ path: "../../../wit/v1.0", world: "connector" });

use jackfield::connector::http::{self, Method, Request};
use jackfield::connector::log::{self, Level};
use jackfield::connector::{cache, intents, secrets};
use serde_json::json;

struct Connector;

impl Guest for Connector {
    fn describe() -> String {
        "[]".to_owned()
    }

    /// Uses each interface once, so that each import of 1.0 must fit what the host offers.
    fn handle(call: Call) -> Result<String, Failure> {
        let order = Request {
            endpoint: "api".to_owned(),
            method: Method::Get,
            path: "/orders/1".to_owned(),
            query: Vec::new(),
            headers: Vec::new(),
            body: None,
            timeout_ms: None,
            idempotent: false,
        };
        let status = http::send(&order).map(|response| response.status).unwrap_or_default();
        log::write(Level::Info, "asked", &[]);
        let kept = cache::put("k", b"v", 60_000).is_ok();
        let granted = secrets::granted();
        let asked = intents::call("order.status", "{}").is_ok();
        Ok(json!({ "intent": call.intent, "status": status, "kept": kept, "granted": granted, "asked": asked })
            .to_string())
    }

    fn receive(_: Delivery) -> Result<Vec<Event>, Failure> {
        Ok(Vec::new())
    }

    fn poll_changes(_: PollRequest) -> Result<Page, Failure> {
        Ok(Page { events: Vec::new(), cursor: String::new(), more: false })
    }
}

export!(Connector);
