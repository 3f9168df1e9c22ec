//! Sends the one request that its input describes, reports what came of it in the host's own words, and carries the
//! response's headers and body to every way out that a guest has.

wit_bindgen::generate!({ path: "../../../wit", world: "connector" });

use jackfield::connector::http::{self, Error, Method, Request, Response};
use jackfield::connector::log::{self, Level};
use jackfield::connector::types::FailureKind;
use jackfield::connector::{cache, secrets};
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

/// Name and value of every member that is a text.
fn pairs(value: &Value) -> Vec<(String, String)> {
    let members = value.as_object().into_iter().flatten();
    members.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned())).collect()
}

/// Everything that a response says, in one text.
fn told(response: &Response) -> String {
    let headers: Vec<String> = response.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    format!("{}\n{}", headers.join("\n"), String::from_utf8_lossy(&response.body))
}

struct Connector;

impl Guest for Connector {
    fn describe() -> String {
        "[]".to_owned()
    }

    fn handle(call: Call) -> Result<String, Failure> {
        let input: Value = serde_json::from_str(&call.input).unwrap_or_default();
        let text = |key: &str| input[key].as_str().unwrap_or_default().to_owned();
        let zeroes = input["body_bytes"].as_u64().map(|n| vec![b'x'; n as usize]);
        let request = Request {
            endpoint: text("endpoint"),
            method: method(&text("method")),
            path: text("path"),
            query: pairs(&input["query"]),
            headers: pairs(&input["headers"]),
            body: input["body"].as_str().map(|text| text.as_bytes().to_vec()).or(zeroes),
            timeout_ms: None,
            idempotent: false,
        };
        let response = match http::send(&request) {
            Ok(response) => response,
            Err(error) => return Ok(json!({ "outcome": words(error) }).to_string()),
        };
        let told = told(&response);
        match text("tell").as_str() {
            "" => Ok(json!({ "outcome": format!("status {}", response.status) }).to_string()),
            "output" => Ok(json!({ "outcome": told }).to_string()),
            "escaped" => Ok(json!({ "outcome": json!(told).to_string() }).to_string()),
            "log" => {
                log::write(Level::Error, &told, &[("told".to_owned(), told.clone()), (told.clone(), String::new())]);
                eprintln!("{told}");
                Ok(json!({ "outcome": "logged" }).to_string())
            }
            "cache" => {
                let _ = cache::put("told", told.as_bytes(), 60_000);
                let kept = cache::get("told").unwrap_or_default();
                Ok(json!({ "outcome": String::from_utf8_lossy(&kept) }).to_string())
            }
            "hmac" => {
                let digest = secrets::hmac(&text("secret"), secrets::Algorithm::Sha256, told.as_bytes());
                Ok(json!({ "outcome": format!("{digest:?}") }).to_string())
            }
            "rejected" => Err(Failure { kind: FailureKind::Rejected(told.clone()), detail: told }),
            "panic" => panic!("{told}"),
            other => Ok(json!({ "outcome": format!("cannot tell by {other}") }).to_string()),
        }
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
