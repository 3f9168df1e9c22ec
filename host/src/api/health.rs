//! Whether the process lives and whether it takes work.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::Api;

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
