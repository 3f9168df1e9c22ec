//! `POST /v1/fallbacks`: takes up what was offered where there was no answer.

use axum::Extension;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;

use super::{Api, Known, body, json, refuse};
use crate::fallback;
use crate::trace::Trace;

pub(super) async fn accept(
    State(api): State<Api>,
    Extension(trace): Extension<Trace>,
    known: Known,
    request: Request<Body>,
) -> Response {
    let noted = known.noted();
    let body = match body(&api, request).await {
        Ok(body) => body,
        Err(problem) => return refuse(problem, &trace, noted),
    };
    match fallback::accept(&api.app, &known.0, &body, &trace).await {
        Ok(reply) => json(reply.to_json(), noted),
        Err(problem) => refuse(problem, &trace, noted),
    }
}
