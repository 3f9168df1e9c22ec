//! Sends the one request that its input describes and reports what came of it, in the host's own words.

wit_bindgen::generate!({ path: "../../../wit", world: "connector" });

use jackfield::connector::http::{self, Error, Method, Request};
use serde_json::{Value, json};

fn method(name: &str) -> Method {
    match name {
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "PATCH" => Method::Patch,
        "DELETE" => Method::Delete,
        _ => Method::Get,
    }
}

fn words(error: Error) -> String {
    match error {
        Error::Denied(text) => format!("denied: {text}"),
        Error::InvalidRequest(text) => format!("invalid-request: {text}"),
        Error::BudgetExceeded(text) => format!("budget-exceeded: {text}"),
        Error::TooLarge => "too-large".to_owned(),
        Error::Timeout => "timeout".to_owned(),
        Error::Unavailable(text) => format!("unavailable: {text}"),
        Error::RateLimited(after) => format!("rate-limited: {after:?}"),
        Error::ReauthRequired => "reauth-required".to_owned(),
    }
}

struct Connector;

impl Guest for Connector {
    fn describe() -> String {
        "[]".to_owned()
    }

    fn handle(call: Call) -> Result<String, Failure> {
        let input: Value = serde_json::from_str(&call.input).unwrap_or_default();
        let text = |key: &str| input[key].as_str().unwrap_or_default().to_owned();
        let headers = input["headers"].as_object().into_iter().flatten();
        let request = Request {
            endpoint: text("endpoint"),
            method: method(&text("method")),
            path: text("path"),
            query: Vec::new(),
            headers: headers.map(|(k, v)| (k.clone(), v.as_str().unwrap_or_default().to_owned())).collect(),
            body: input["body_bytes"].as_u64().map(|n| vec![b'x'; n as usize]),
            timeout_ms: None,
            idempotent: false,
        };
        let outcome = match http::send(&request) {
            Ok(response) => format!("status {}", response.status),
            Err(error) => words(error),
        };
        Ok(json!({ "outcome": outcome }).to_string())
    }
    fn receive(_: Delivery) -> Result<Vec<Event>, Failure> {
        Ok(Vec::new())
    }

    fn poll_changes(_: PollRequest) -> Result<Page, Failure> {
        Ok(Page { events: Vec::new(), cursor: String::new(), more: false })
    }
}

export!(Connector);
