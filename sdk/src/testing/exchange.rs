//! One exchange with a business system: what must be asked, and what is answered.

use std::{collections::BTreeMap, fmt, time::Duration};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::compare::differences;
use crate::http::{self, Method, Request, Response};

/// An exchange that a test expects: `Exchange::get("/orders.json").query("name", "#1").reply_json(200, json!({}))`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use = "an exchange is expected only where a host is told so"]
pub struct Exchange {
    request: Expected,
    response: Reply,
    #[serde(default)]
    pub(super) any_order: bool,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    #[serde(default = "get")]
    method: String,
    path: String,
    endpoint: Option<String>,
    #[serde(default)]
    query: Map<String, Value>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    json: Option<Value>,
    text: Option<String>,
    form: Option<Map<String, Value>>,
    graphql: Option<Graphql>,
    idempotent: Option<bool>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Graphql {
    operation: Option<String>,
    #[serde(default)]
    variables: Value,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reply {
    status: Option<u16>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    json: Option<Value>,
    text: Option<String>,
    error: Option<Fault>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Fault {
    Timeout,
    Unavailable,
    RateLimited,
    ReauthRequired,
    TooLarge,
    Denied,
}

fn get() -> String {
    "GET".to_owned()
}

impl Exchange {
    /// Expects this method and path (as sent, percent-encoded). Answers 200 without a body until told otherwise.
    pub fn new(method: Method, path: &str) -> Self {
        let request = Expected { method: method.to_string(), path: path.to_owned(), ..Expected::default() };
        Exchange { request, response: Reply::default(), any_order: false }
    }

    /// Expects a GET.
    pub fn get(path: &str) -> Self {
        Exchange::new(Method::Get, path)
    }

    /// Expects a POST.
    pub fn post(path: &str) -> Self {
        Exchange::new(Method::Post, path)
    }

    /// Expects a PUT.
    pub fn put(path: &str) -> Self {
        Exchange::new(Method::Put, path)
    }

    /// Expects a PATCH.
    pub fn patch(path: &str) -> Self {
        Exchange::new(Method::Patch, path)
    }

    /// Expects a DELETE.
    pub fn delete(path: &str) -> Self {
        Exchange::new(Method::Delete, path)
    }

    /// Expects the request on this endpoint.
    pub fn endpoint(mut self, endpoint: &str) -> Self {
        self.request.endpoint = Some(endpoint.to_owned());
        self
    }

    /// Expects a query parameter; a name may repeat. What is not expected must not be there.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        let values = self.request.query.entry(name).or_insert_with(|| json!([]));
        if let Value::Array(values) = values {
            values.push(json!(value));
        }
        self
    }

    /// Expects a header; others may be there.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.request.headers.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Expects a JSON body.
    pub fn json(mut self, body: Value) -> Self {
        self.request.json = Some(body);
        self
    }

    /// Expects a body of text.
    pub fn text(mut self, body: &str) -> Self {
        self.request.text = Some(body.to_owned());
        self
    }

    /// Expects a GraphQL operation of this name with these variables; the document itself is not compared.
    pub fn graphql(mut self, operation: &str, variables: Value) -> Self {
        self.request.graphql = Some(Graphql { operation: Some(operation.to_owned()), variables });
        self
    }

    /// Expects the author's word on whether the host may repeat the request.
    pub fn idempotent(mut self, idempotent: bool) -> Self {
        self.request.idempotent = Some(idempotent);
        self
    }

    /// May come in any order among its neighbours that may too.
    pub fn any_order(mut self) -> Self {
        self.any_order = true;
        self
    }

    /// Answers with this status and no body.
    pub fn reply(mut self, status: u16) -> Self {
        self.response.status = Some(status);
        self
    }

    /// Answers with this status and JSON.
    pub fn reply_json(mut self, status: u16, body: Value) -> Self {
        self.response.json = Some(body);
        self.reply(status)
    }

    /// Answers with this status and text.
    pub fn reply_text(mut self, status: u16, body: &str) -> Self {
        self.response.text = Some(body.to_owned());
        self.reply(status)
    }

    /// Answers with this header too.
    pub fn reply_header(mut self, name: &str, value: &str) -> Self {
        self.response.headers.insert(name.to_ascii_lowercase(), value.to_owned());
        self
    }

    /// Gives no answer in time.
    pub fn times_out(mut self) -> Self {
        self.response.error = Some(Fault::Timeout);
        self
    }

    /// Cannot be reached.
    pub fn is_down(mut self) -> Self {
        self.response.error = Some(Fault::Unavailable);
        self
    }

    /// The same request with nothing said about the answer.
    pub(super) fn without_reply(mut self) -> Self {
        self.response = Reply::default();
        self
    }

    pub(super) fn answer(&self) -> Result<Response, http::Error> {
        let reason = || "said by the test".to_owned();
        match self.response.error {
            None => {}
            Some(Fault::Timeout) => return Err(http::Error::Timeout),
            Some(Fault::Unavailable) => return Err(http::Error::Unavailable(reason())),
            Some(Fault::RateLimited) => return Err(http::Error::RateLimited(Some(Duration::from_secs(1)))),
            Some(Fault::ReauthRequired) => return Err(http::Error::ReauthRequired),
            Some(Fault::TooLarge) => return Err(http::Error::TooLarge),
            Some(Fault::Denied) => return Err(http::Error::Denied(reason())),
        }
        let headers = self.response.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone()));
        let body = match (&self.response.json, &self.response.text) {
            (Some(json), _) => json.to_string().into_bytes(),
            (None, text) => text.clone().unwrap_or_default().into_bytes(),
        };
        Ok(Response::new(self.response.status.unwrap_or(200), headers.collect(), body))
    }

    /// In what a request differs from the expected one, one line each.
    pub(super) fn misfit(&self, request: &Request) -> Vec<String> {
        let Expected { method, path, endpoint, query, headers, .. } = &self.request;
        let mut lines = Vec::new();
        let mut compare = |what: &str, expected: &str, found: &str| {
            if expected != found {
                lines.push(format!("{what}: expected `{expected}`, found `{found}`"));
            }
        };
        compare("method", method, request.method.as_str());
        compare("path", path, request.path.as_str());
        let repeatable = |may: bool| if may { "may be repeated" } else { "must not be repeated" };
        if let Some(idempotent) = self.request.idempotent {
            compare("idempotent", repeatable(idempotent), repeatable(request.idempotent));
        }
        compare("endpoint", endpoint.as_ref().unwrap_or(&request.endpoint), &request.endpoint);
        for (name, value) in headers {
            let found = request.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
            compare(&format!("header `{name}`"), value, found.map_or("(none)", |(_, value)| value));
        }
        let pairs = |pairs: &mut Vec<(String, String)>| {
            pairs.sort();
            pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" & ")
        };
        compare("query", &pairs(&mut flat(query)), &pairs(&mut request.query.clone()));
        lines.extend(self.request.body_misfit(request));
        lines
    }
}

impl Expected {
    fn body_misfit(&self, request: &Request) -> Vec<String> {
        let body = request.body.as_deref();
        let text = || String::from_utf8_lossy(body.unwrap_or_default()).into_owned();
        let json = || serde_json::from_slice::<Value>(body.unwrap_or_default()).unwrap_or(Value::String(text()));
        let below = |expected: &Value, found: &Value| {
            differences(expected, found).into_iter().map(|line| format!("body {line}")).collect()
        };
        if let Some(expected) = &self.json {
            below(expected, &json())
        } else if let Some(graphql) = &self.graphql {
            let found = json();
            let document = found["query"].as_str().unwrap_or_default();
            let mut lines: Vec<String> = match &graphql.operation {
                Some(name) if !names_operation(document, name) => {
                    vec![format!("body: no operation `{name}` in its document")]
                }
                _ => Vec::new(),
            };
            lines
                .extend(below(&json!({ "variables": graphql.variables }), &json!({ "variables": found["variables"] })));
            lines
        } else if let Some(expected) = &self.form {
            let mut expected = flat(expected);
            let decode = |part: &str| percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned();
            let text = text();
            let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
            let mut found: Vec<_> = pairs.map(|(name, value)| (decode(name), decode(value))).collect();
            expected.sort();
            found.sort();
            if expected == found {
                Vec::new()
            } else {
                vec![format!("body: expected form {expected:?}, found {found:?}")]
            }
        } else {
            match (&self.text, body) {
                (Some(expected), Some(_)) if *expected == text() => Vec::new(),
                (None, None) => Vec::new(),
                (Some(expected), _) => vec![format!("body: expected `{expected}`, found `{}`", text())],
                (None, Some(_)) => vec![format!("body: expected none, found `{}`", text())],
            }
        }
    }
}

/// Name and value of each member; a list repeats the name.
fn flat(pairs: &Map<String, Value>) -> Vec<(String, String)> {
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut flat = Vec::new();
    for (name, value) in pairs {
        match value {
            Value::Array(values) => flat.extend(values.iter().map(|value| (name.clone(), plain(value)))),
            value => flat.push((name.clone(), plain(value))),
        }
    }
    flat
}

/// Whether a document has an operation of this name: the word after `query` or `mutation`.
fn names_operation(document: &str, name: &str) -> bool {
    let words: Vec<&str> =
        document.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty()).collect();
    words.windows(2).any(|pair| matches!(pair[0], "query" | "mutation") && pair[1] == name)
}

/// A request on one line.
pub(super) fn shown(request: &Request) -> String {
    let query: Vec<String> = request.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let query = if query.is_empty() { String::new() } else { format!(" ? {}", query.join(" & ")) };
    let body = request.body.as_deref().map(|body| format!(" with body {}", String::from_utf8_lossy(body)));
    format!("{} {}{query} on `{}`{}", request.method, request.path, request.endpoint, body.unwrap_or_default())
}

impl fmt::Display for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.request.method, self.request.path)
    }
}
