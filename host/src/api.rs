//! HTTP in and out: reads requests off the wire, hands them to the pipeline, and writes replies and problems. No
//! decision about an intent is made here.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use crate::admission::Caller;
use crate::app::App;
use crate::error::{Code, Problem};
use crate::server::Peer;
use crate::trace::Trace;

mod audit;
mod calls;
mod connections;
mod fallbacks;
mod formats;
mod health;
mod manner;
mod mcp;
mod openapi;
mod v1;

/// What handlers share.
#[derive(Clone)]
pub struct Api {
    app: Arc<App>,
    draining: Arc<AtomicBool>,
}

impl Api {
    /// For one host.
    pub fn new(app: Arc<App>) -> Api {
        Api { app, draining: Arc::new(AtomicBool::new(false)) }
    }

    /// `/readyz` says no from here on.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }
}

/// What a handler leaves for the access log.
#[derive(Clone, Debug, Default)]
pub struct Noted {
    /// Name of the caller.
    pub caller: String,
    /// The intent asked for, once it is known to be one.
    pub intent: String,
    /// Code and private sentence of a problem.
    pub problem: Option<String>,
}

/// Every path of the API.
pub fn routes() -> Router<Api> {
    Router::new()
        .route("/v1/intents", get(v1::list))
        .route("/v1/intents/{name}", post(v1::ask).get(v1::describe))
        .route("/v1/calls/{id}", get(calls::look))
        .route("/v1/calls/{id}/events", get(calls::follow))
        .route("/v1/calls/{id}/cancel", post(calls::cancel))
        .route("/v1/fallbacks", post(fallbacks::accept))
        .route("/v1/connections", get(connections::list))
        .route("/v1/connections/{name}/test", post(connections::test))
        .route("/v1/audit", get(audit::list))
        .route("/mcp", post(mcp::message))
        .route("/livez", get(health::live))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .route("/openapi.json", get(openapi::document))
        .fallback(unknown_path)
        .method_not_allowed_fallback(unknown_method)
}

async fn unknown_path(Extension(trace): Extension<Trace>) -> Response {
    refuse(Problem::told(Code::NotFound, "no such path; see /v1/intents"), &trace, Noted::default())
}

async fn unknown_method(Extension(trace): Extension<Trace>) -> Response {
    refuse(Problem::told(Code::Malformed, "this path does not take this method"), &trace, Noted::default())
}

/// A caller that showed its key. An extractor, so that a handler cannot forget to ask, and before the body is read: a
/// stranger's megabyte is not worth a buffer.
struct Known(Arc<Caller>);

impl FromRequestParts<Api> for Known {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Known, Response> {
        let authorization = parts.headers.get(header::AUTHORIZATION).and_then(|h| h.to_str().ok());
        // Without a peer there is no listener, and then everybody is the same stranger.
        let address = parts.extensions.get::<Peer>().map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |peer| peer.0);
        api.app.admission.identify(authorization, address).map(Known).map_err(|problem| {
            let trace = parts.extensions.get::<Trace>().cloned().unwrap_or_else(|| Trace::new(None));
            refuse(problem, &trace, Noted::default())
        })
    }
}

impl Known {
    /// What the access log is told of the caller.
    fn noted(&self) -> Noted {
        Noted { caller: self.0.name.clone(), ..Noted::default() }
    }
}

/// A problem as a response.
pub(crate) fn refuse(problem: Problem, trace: &Trace, noted: Noted) -> Response {
    let problem = problem.of_call(&trace.call_id);
    let status = StatusCode::from_u16(problem.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, problem.to_json()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(ms) = problem.retry_after_ms {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(u64::from(ms).div_ceil(1_000).max(1)));
    }
    if problem.code == Code::IdempotencyInFlight
        && let Some(running) = &problem.existing_id
        && let Ok(location) = HeaderValue::try_from(format!("/v1/calls/{running}"))
    {
        headers.insert(header::LOCATION, location);
    }
    if problem.code == Code::Unauthenticated {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response.extensions_mut().insert(Noted { problem: Some(problem.to_string()), ..noted });
    response
}

/// JSON as a response.
fn json(body: Vec<u8>, noted: Noted) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.extensions_mut().insert(noted);
    response
}

/// Reads a JSON body within its bound and in time.
async fn body(api: &Api, request: Request<Body>) -> Result<Bytes, Problem> {
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|h| h.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(Problem::told(Code::Malformed, "send `Content-Type: application/json`"));
    }
    let server = &api.app.config.server;
    let limited = Limited::new(request.into_body(), server.body_bytes_max);
    let read = tokio::time::timeout(Duration::from_millis(server.header_read_ms), limited.collect());
    match read.await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            let detail = format!("the body is over {} bytes", server.body_bytes_max);
            Err(Problem::told(Code::TooLarge, detail))
        }
        Ok(Err(_)) => Err(Problem::told(Code::Malformed, "the body did not arrive whole")),
        Err(_) => Err(Problem::told(Code::Malformed, "the body did not arrive in time")),
    }
}
