//! A Salesforce org: OAuth, query, search, records, duplicate rules, composite (REST API v52.0 to v67.0). Bulk, SOAP,
//! events, files, sObject collections, approval and Apex are not simulated. This file routes and owns the shape of
//! errors.

mod composite;
mod describe;
mod duplicates;
mod oauth;
mod query;
mod schema;
mod search;
mod seed;
mod soql;
mod state;
mod tokens;
mod write;

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use super::{Census, System};
use crate::exchange::{Answer, Request};
use state::State;

/// The org's daily allocation of API calls. Large on purpose: a knob ends it on demand.
const DAILY_CALLS: u64 = 5_000_000;
/// Versions the simulation serves.
const OLDEST: u32 = 52;
const NEWEST: u32 = 67;
/// The newest version that is retired (API End-of-Life Policy).
const RETIRED: u32 = 30;

pub(super) fn system(base_url: &str) -> Box<dyn System> {
    Box::new(Org { base_url: base_url.to_owned(), state: Mutex::new(seed::seed()) })
}

struct Org {
    base_url: String,
    state: Mutex<State>,
}

/// One data request on its way through the org, alone or as a part of a composite request.
struct Call<'a> {
    state: &'a mut State,
    request: &'a Request,
    version: u32,
    /// `/services/data/v55.0`
    data_path: String,
    violations: Vec<String>,
}

impl System for Org {
    fn answer(&self, request: &Request) -> Answer {
        let mut state = self.state();
        let date = state.clock.date_header();
        self.route(request, &mut state).with_header("date", date)
    }

    fn error(&self, status: u16, request: &Request) -> Answer {
        if request.path().starts_with("/services/oauth2/") {
            return match status {
                400 => oauth::failure(400, "invalid_grant", "expired access/refresh token"),
                401 => oauth::failure(401, "invalid_client", "invalid client credentials"),
                429 => oauth::failure(429, "rate_limit_exceeded", "too many requests"),
                500.. => oauth::failure(status, "server_error", "unknown error"),
                _ => oauth::failure(status, "invalid_request", "invalid request"),
            };
        }
        match status {
            401 => expired(),
            403 => error(403, "INSUFFICIENT_ACCESS", "insufficient access rights on object id"),
            404 => not_found(),
            // The platform has no 429: it says so with 403.
            429 => limit_reached(),
            503 => error(503, "SERVER_UNAVAILABLE", "Server temporarily unavailable"),
            500.. => error(status, "UNKNOWN_EXCEPTION", "An unexpected error occurred."),
            _ => error(status, "UNKNOWN_EXCEPTION", "The request could not be understood."),
        }
    }

    fn turn(&self, knob: &str, value: &Value) -> Result<(), String> {
        self.state().turn(knob, value)
    }

    fn census(&self) -> Census {
        self.state().records.iter().map(|(kind, records)| ((*kind).to_owned(), records.len())).collect()
    }

    fn reset(&self) {
        *self.state() = seed::seed();
    }
}

impl Org {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn route(&self, request: &Request, state: &mut State) -> Answer {
        let path = request.path();
        if let Some(endpoint) = path.strip_prefix("/services/oauth2/") {
            let now = state.clock.now();
            let exchange = oauth::Exchange { request, state, base_url: &self.base_url, now };
            return exchange.answer(endpoint).unwrap_or_else(|| no_resource(request));
        }
        if matches!(path, "/services/data" | "/services/data/") && request.method == "GET" {
            return Answer::json(200, &describe::versions());
        }
        let Some((version, rest)) = path.strip_prefix("/services/data/v").and_then(|rest| rest.split_once('/')) else {
            return no_resource(request);
        };
        let number = version.strip_suffix(".0").and_then(|number| number.parse::<u32>().ok());
        let version = match number {
            Some(number) if (OLDEST..=NEWEST).contains(&number) => number,
            Some(number) if number <= RETIRED => {
                return error(410, "UNSUPPORTED_API_VERSION", "The requested API version has been retired.")
                    .with_violation(format!("version {number}.0 is retired"));
            }
            _ => return no_resource(request),
        };
        if let Err(answer) = authenticate(request, state) {
            return answer;
        }
        state.used += 1;
        let usage = format!("api-usage={}/{DAILY_CALLS}", state.used);
        let answer = if state.limit_reached {
            limit_reached()
        } else {
            let data_path = format!("/services/data/v{version}.0");
            let mut call = Call { state, request, version, data_path, violations: Vec::new() };
            call.headers();
            let answer = call.route(rest);
            answer.with_violations(call.violations)
        };
        answer.with_header("sforce-limit-info", usage)
    }
}

impl Call<'_> {
    /// Answers a resource, named by what follows the version in the path.
    fn route(&mut self, rest: &str) -> Answer {
        let segments: Vec<String> = rest
            .trim_end_matches('/')
            .split('/')
            .map(|segment| percent_encoding::percent_decode_str(segment).decode_utf8_lossy().into_owned())
            .collect();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let method = self.request.method.as_str();
        if let ["sobjects", name, ..] = segments.as_slice()
            && schema::object(name).is_none()
        {
            self.violations.push(format!("no object {name}"));
            return not_found();
        }
        let object = segments.get(1).and_then(|name| schema::object(name));
        match (method, segments.as_slice(), object) {
            ("GET", ["query"], _) => self.query(),
            ("GET", ["query", locator], _) => self.query_more(locator),
            ("GET", ["parameterizedSearch"], _) => self.search(),
            ("GET", ["limits"], _) => self.limits(),
            ("POST", ["composite"], _) => self.composite(),
            ("POST", ["sobjects", _], Some(object)) => self.create(object),
            ("GET", ["sobjects", _, "describe"], Some(object)) => self.describe(object),
            ("GET", ["sobjects", _, id], Some(object)) => self.read(object, id),
            ("PATCH", ["sobjects", _, id], Some(object)) => self.update(object, id),
            ("DELETE", ["sobjects", _, id], Some(object)) => self.delete(object, id),
            // The platform takes the end of the path for a format.
            (_, ["sobjects", _, _, value], Some(_))
                if [".inc", ".json", ".xml"].iter().any(|end| value.ends_with(end)) =>
            {
                not_found()
            }
            ("GET", ["sobjects", _, field, value], Some(object)) => self.read_external(object, field, value),
            ("PATCH", ["sobjects", _, field, value], Some(object)) => self.upsert(object, field, value),
            (_, ["query" | "parameterizedSearch" | "limits" | "composite"], _) | (_, ["sobjects", _, ..], Some(_)) => {
                let message = format!("HTTP Method '{method}' not allowed.");
                self.violations.push(message.clone());
                error(405, "METHOD_NOT_ALLOWED", &message)
            }
            _ => no_resource(self.request),
        }
    }

    fn read(&mut self, object: &'static schema::Object, id: &str) -> Answer {
        self.known(&["fields"]);
        let full = match self.existing(object, id) {
            Ok(record) => record.get("Id").and_then(Value::as_str).unwrap_or_default().to_owned(),
            Err(answer) => return answer,
        };
        self.show(object, &full)
    }

    fn read_external(&mut self, object: &'static schema::Object, field: &str, value: &str) -> Answer {
        self.known(&["fields"]);
        let Some(key) = object.field(field).filter(|field| field.external) else {
            return self.no_external(field);
        };
        let ids = self.by_external(object, key, value);
        match ids.as_slice() {
            [] => not_found(),
            [id] => self.show(object, id),
            several => self.choices(object, several),
        }
    }

    fn show(&mut self, object: &'static schema::Object, id: &str) -> Answer {
        let wanted: Vec<soql::Path> = match self.parameter("fields") {
            Some(list) => list.split(',').map(|name| vec![name.trim().to_owned()]).collect(),
            None => object.fields.iter().map(|field| vec![field.name.clone()]).collect(),
        };
        for name in wanted.iter().flatten() {
            if object.field(name).is_none() {
                let message = format!("No such column '{name}' on sobject of type {}", object.name);
                self.violations.push(message.clone());
                return error(400, "INVALID_FIELD", &message);
            }
        }
        match self.state.find(object, id) {
            Some(record) => Answer::json(200, &self.render(object, record, &wanted)),
            None => not_found(),
        }
    }

    fn limits(&mut self) -> Answer {
        self.known(&[]);
        let remaining = DAILY_CALLS.saturating_sub(self.state.used);
        Answer::json(200, &json!({ "DailyApiRequests": { "Max": DAILY_CALLS, "Remaining": remaining } }))
    }

    fn parameter(&self, name: &str) -> Option<String> {
        self.request.pairs().into_iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// Notes parameters the resource does not document.
    fn known(&mut self, names: &[&str]) {
        for (name, _) in self.request.pairs() {
            if !names.contains(&name.as_str()) {
                self.violations.push(format!("unknown query parameter {name}"));
            }
        }
    }

    /// Notes the platform's own headers that it does not document.
    fn headers(&mut self) {
        const KNOWN: &[&str] =
            &["sforce-duplicate-rule-header", "sforce-query-options", "sforce-call-options", "sforce-auto-assign"];
        for name in self.request.headers.keys().map(hyper::header::HeaderName::as_str) {
            if name.starts_with("sforce-") && !KNOWN.contains(&name) {
                self.violations.push(format!("unknown header {name}"));
            }
        }
    }

    fn json_body(&mut self) -> Result<Value, Answer> {
        if self.request.media_type().as_deref() != Some("application/json") {
            let message = "The content type of the request is not application/json";
            self.violations.push(message.to_owned());
            return Err(error(415, "UNSUPPORTED_MEDIA_TYPE", message));
        }
        self.request.json().map_err(|problem| {
            self.violations.push(format!("the body is no JSON: {problem}"));
            error(400, "JSON_PARSER_ERROR", "Unexpected character in the JSON body")
        })
    }
}

fn authenticate(request: &Request, state: &State) -> Result<(), Answer> {
    let token = request.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
    let now = state.clock.now();
    let Some(access) = token.and_then(|token| state.tokens.access(token, now)) else {
        return Err(expired());
    };
    if access.scope.split(' ').any(|scope| matches!(scope, "api" | "full")) {
        return Ok(());
    }
    Err(error(403, "INVALID_SESSION_ID", "This session is not valid for use with the REST API"))
}

fn expired() -> Answer {
    error(401, "INVALID_SESSION_ID", "Session expired or invalid").with_header("www-authenticate", "Token")
}

fn limit_reached() -> Answer {
    error(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
}

fn not_found() -> Answer {
    error(404, "NOT_FOUND", "The requested resource does not exist")
}

fn no_resource(request: &Request) -> Answer {
    not_found().with_violation(format!("no resource {} {}", request.method, request.path()))
}

/// Errors are lists, also when there is one.
fn errors(status: u16, errors: Vec<Value>) -> Answer {
    Answer::json(status, &Value::Array(errors))
}

fn error(status: u16, code: &str, message: &str) -> Answer {
    errors(status, vec![json!({ "message": message, "errorCode": code })])
}

fn error_with_fields(status: u16, code: &str, message: &str, fields: &[&str]) -> Answer {
    errors(status, vec![json!({ "message": message, "errorCode": code, "fields": fields })])
}
