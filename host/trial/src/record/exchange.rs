//! What was sent and answered, in the words of `upstream.json`.

use std::collections::BTreeMap;

use jackfield_core::grant::OutboundRequest;
use jackfield_core::port::{SendError, UpstreamResponse};
use jackfield_fixtures::{Exchange, Expected, Fault, Graphql, Reply, operations};
use serde_json::{Map, Value, json};

use crate::journal::Noted;

/// Headers of answers that never matter to a connector, or that are nobody's business.
const DROPPED: [&str; 22] = [
    "alt-svc",
    "age",
    "authorization",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-security-policy",
    "date",
    "expires",
    "keep-alive",
    "nel",
    "pragma",
    "report-to",
    "server",
    "server-timing",
    "set-cookie",
    "strict-transport-security",
    "transfer-encoding",
    "vary",
    "via",
    "www-authenticate",
];

/// Headers of answers that often matter: what stays where nothing can be tried out.
const USUAL: [&str; 6] = ["content-type", "etag", "last-modified", "link", "location", "retry-after"];

/// Headers of requests that say nothing but "JSON, please": the SDK sends them with each request.
const PLAIN: [(&str, &str); 4] = [
    ("accept", "application/json"),
    ("accept", "*/*"),
    ("content-type", "application/json"),
    ("content-type", "application/x-www-form-urlencoded"),
];

/// The exchanges of a call.
///
/// # Errors
/// When a body is no text: a fixture cannot hold it.
pub(super) fn recorded(noted: &[Noted]) -> Result<Vec<Exchange>, String> {
    noted
        .iter()
        .map(|noted| {
            Ok(Exchange { request: expected(&noted.request)?, response: reply(noted)?, any_order: noted.abreast })
        })
        .collect()
}

/// Leaves only the headers that often matter.
pub(super) fn keep_usual_headers(exchange: &mut Exchange) {
    exchange.response.headers.retain(|name, _| USUAL.contains(&name.as_str()));
}

fn expected(request: &OutboundRequest) -> Result<Expected, String> {
    let shown = || format!("{} {}", request.method, request.path);
    let mut expected = Expected {
        method: request.method.to_string(),
        path: request.path.clone(),
        endpoint: Some(request.endpoint.clone()),
        query: pairs(&request.query),
        idempotent: (request.idempotent && !request.method.is_safe()).then_some(true),
        ..Expected::default()
    };
    let headers = request.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone()));
    expected.headers = headers.filter(|(name, value)| !is_plain(name, value)).collect();
    let Some(body) = &request.body else { return Ok(expected) };
    let text = std::str::from_utf8(body).map_err(|_| format!("the body of {} is no text", shown()))?;
    let is_form = request.headers.iter().any(|(name, value)| {
        name.eq_ignore_ascii_case("content-type") && value.starts_with("application/x-www-form-urlencoded")
    });
    if is_form {
        let decoded: Vec<(String, String)> = text.split('&').filter(|pair| !pair.is_empty()).map(decoded).collect();
        expected.form = Some(pairs(&decoded));
        return Ok(expected);
    }
    match serde_json::from_str::<Value>(text) {
        Ok(body) => match body["query"].as_str().and_then(|document| operations(document).next()) {
            Some(operation) => {
                let operation = Some(operation.to_owned());
                expected.graphql = Some(Graphql { operation, variables: body["variables"].clone() });
            }
            None => expected.json = Some(body),
        },
        Err(_) => expected.text = Some(text.to_owned()),
    }
    Ok(expected)
}

fn is_plain(name: &str, value: &str) -> bool {
    let value = value.split(';').next().unwrap_or_default().trim();
    PLAIN.iter().any(|(known, plain)| *known == name && *plain == value)
}

/// A name that repeats has a list of values.
fn pairs(pairs: &[(String, String)]) -> Map<String, Value> {
    let mut map = Map::new();
    for (name, value) in pairs {
        match map.get_mut(name) {
            None => drop(map.insert(name.clone(), json!(value))),
            Some(Value::Array(values)) => values.push(json!(value)),
            Some(first) => *first = json!([first.take(), value]),
        }
    }
    map
}

fn decoded(pair: &str) -> (String, String) {
    let decode = |text: &str| {
        let spaced = text.replace('+', " ");
        percent_encoding::percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
    };
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    (decode(name), decode(value))
}

fn reply(noted: &Noted) -> Result<Reply, String> {
    let shown = || format!("{} {}", noted.request.method, noted.request.path);
    let fault = |fault| Ok(Reply { error: Some(fault), ..Reply::default() });
    match &noted.answer {
        Some(Ok(response)) => answer(response).ok_or_else(|| format!("the answer to {} is no text", shown())),
        None | Some(Err(SendError::Timeout { .. })) => fault(Fault::Timeout),
        Some(Err(SendError::Unavailable { .. })) => fault(Fault::Unavailable),
        Some(Err(SendError::RateLimited { .. })) => fault(Fault::RateLimited),
        Some(Err(SendError::TooLarge { .. })) => fault(Fault::TooLarge),
        // Neither is the system's word: a credential or a policy of the one who records.
        Some(Err(error @ (SendError::ReauthRequired(_) | SendError::Denied(_)))) => {
            Err(format!("{} was not sent: {error}", shown()))
        }
    }
}

fn answer(response: &UpstreamResponse) -> Option<Reply> {
    let text = std::str::from_utf8(&response.body).ok()?;
    let headers: BTreeMap<String, String> =
        response.headers.iter().filter(|(name, _)| !DROPPED.contains(&name.as_str())).cloned().collect();
    let mut reply = Reply { status: (response.status != 200).then_some(response.status), headers, ..Reply::default() };
    match serde_json::from_str(text) {
        Ok(body) => reply.json = Some(body),
        Err(_) if text.is_empty() => {}
        Err(_) => reply.text = Some(text.to_owned()),
    }
    Some(reply)
}
