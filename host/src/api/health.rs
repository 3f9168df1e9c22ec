//! Whether the process lives and whether it takes work.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::Api;
use crate::health;
use crate::metrics::CONTENT_TYPE;

/// The process answers.
pub(super) async fn live() -> &'static str {
    "ok\n"
}

/// Connectors are loaded (nothing listens before they are) and the host is not draining.
pub(super) async fn ready(State(api): State<Api>) -> Response {
    if api.is_draining() {
        return (StatusCode::SERVICE_UNAVAILABLE, "draining\n").into_response();
    }
    "ready\n".into_response()
}

/// Counters in the OpenMetrics text format. Names of intents and connections only: nothing of a call's content.
pub(super) async fn metrics(State(api): State<Api>) -> Response {
    health::show(&api.app);
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], api.app.metrics.encode(api.app.admission.in_flight())).into_response()
}
