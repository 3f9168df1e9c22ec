//! `/v1`: intents and connections.

use axum::Extension;
use axum::body::Body;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jackfield_core::idempotency::Answer;
use serde_json::Value;

use super::formats::{self, Format};
use super::manner::Manner;
use super::{Api, Known, Noted, body, calls, json as json_response, refuse};
use crate::admission::{Caller, Received};
use crate::error::{Code, Problem};
use crate::pipeline::{self, Answered};
use crate::trace::Trace;

/// `POST /v1/intents/{name}`.
pub(super) async fn ask(
    State(api): State<Api>,
    Extension(trace): Extension<Trace>,
    known: Known,
    name: Result<Path<String>, PathRejection>,
    request: Request<Body>,
) -> Response {
    let mut noted = known.noted();
    // A name that does not decode is no name; the scope check answers it like any other.
    let name = name.map(|Path(name)| name).unwrap_or_default();
    let idempotency_key = match header_text(request.headers(), "idempotency-key") {
        Ok(key) => key,
        Err(problem) => return refuse(problem, &trace, noted),
    };
    let manner = Manner::of(request.headers());
    let body = match body(&api, request).await {
        Ok(body) => body,
        Err(problem) => return refuse(problem, &trace, noted),
    };
    if jackfield_core::intent::is_intent_name(&name) {
        noted.intent.clone_from(&name);
    }
    let received = Received { intent: &name, body: &body, idempotency_key: idempotency_key.as_deref() };
    match manner {
        Manner::Held => {}
        Manner::Later(later) => return calls::later(&api, (known.0, trace, noted), received, later).await,
        Manner::Streamed => return calls::streamed(&api, (known.0, trace, noted), received).await,
    }
    match pipeline::answer(&api.app, known.0, received, &trace).await {
        Ok(Answered::Now(reply)) => json_response(reply.to_json(), noted),
        Ok(Answered::Before(answer)) => replay(answer, noted),
        Err(problem) => refuse(problem, &trace, noted),
    }
}

/// An answer that was given before, byte for byte.
pub(super) fn replay(answer: Answer, noted: Noted) -> Response {
    let mut response = stored(answer, noted);
    response.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
    response
}

/// An answer as it is kept.
pub(super) fn stored(answer: Answer, noted: Noted) -> Response {
    let mut response = json_response(answer.body.into_bytes(), noted);
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if !response.status().is_success() {
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    }
    response
}

/// `GET /v1/intents?format=native|openai|anthropic|mcp`: those that this key may call, and no others.
pub(super) async fn list(
    State(api): State<Api>,
    Extension(trace): Extension<Trace>,
    known: Known,
    query: Result<Query<Vec<(String, String)>>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let noted = known.noted();
    let Ok(Query(query)) = query else {
        return refuse(Problem::told(Code::Malformed, "the query does not decode"), &trace, noted);
    };
    let mut format = Format::Native;
    for (name, value) in &query {
        match (name.as_str(), Format::parse(value)) {
            ("format", Some(wanted)) => format = wanted,
            ("format", None) => {
                let detail = "format is one of native, openai, anthropic, mcp";
                return refuse(Problem::told(Code::Malformed, detail), &trace, noted);
            }
            _ => {
                let detail = "the only query parameter here is `format`";
                return refuse(Problem::told(Code::Malformed, detail), &trace, noted);
            }
        }
    }
    let offered = offered(&api, &known.0);
    tagged(&headers, formats::list(format, &offered), noted)
}

/// `GET /v1/intents/{name}`.
pub(super) async fn describe(
    State(api): State<Api>,
    Extension(trace): Extension<Trace>,
    known: Known,
    name: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Response {
    let name = name.map(|Path(name)| name).unwrap_or_default();
    let noted = known.noted();
    match offered(&api, &known.0).into_iter().find(|o| o.intent.spec.name == name) {
        Some(offer) => tagged(&headers, formats::native(&offer), noted),
        // One that the key does not cover looks like one that is not there.
        None => refuse(Problem::told(Code::UnknownIntent, "no such intent for this key"), &trace, noted),
    }
}

/// Intents that a caller can really ask for, in the order of their names.
pub(super) fn offered(api: &Api, caller: &Caller) -> Vec<formats::Offer> {
    let registry = &api.app.registry;
    let mut offers: Vec<_> = registry
        .routes()
        .intents(&caller.tenant)
        .filter(|(name, _)| caller.may_ask(name))
        .filter_map(|(name, connections)| {
            let intent = registry.connection(connections.first()?)?.intents.get(name)?.clone();
            Some(formats::Offer { intent, connections: connections.to_vec() })
        })
        .collect();
    offers.sort_by(|a, b| a.intent.spec.name.cmp(&b.intent.spec.name));
    offers
}

/// A document that changes only with the configuration: with a strong ETag.
fn tagged(headers: &HeaderMap, document: Value, noted: Noted) -> Response {
    use sha2::Digest;
    let bytes = document.to_string().into_bytes();
    let digest = sha2::Sha256::digest(&bytes);
    let tag = format!("\"{}\"", digest[..12].iter().map(|b| format!("{b:02x}")).collect::<String>());
    let known = headers.get(header::IF_NONE_MATCH).and_then(|h| h.to_str().ok()).unwrap_or_default();
    let mut response = if known.split(',').any(|t| t.trim() == tag || t.trim() == "*") {
        let mut unchanged = StatusCode::NOT_MODIFIED.into_response();
        unchanged.extensions_mut().insert(noted);
        unchanged
    } else {
        json_response(bytes, noted)
    };
    let headers = response.headers_mut();
    if let Ok(tag) = tag.parse() {
        headers.insert(header::ETAG, tag);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    response
}

/// A header that may stand once.
fn header_text(headers: &HeaderMap, name: &str) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(one), None) => match one.to_str() {
            Ok(text) => Ok(Some(text.to_owned())),
            Err(_) => Err(Problem::told(Code::Malformed, format!("the header `{name}` is not ASCII"))),
        },
        (Some(_), Some(_)) => Err(Problem::told(Code::Malformed, format!("the header `{name}` stands twice"))),
    }
}
