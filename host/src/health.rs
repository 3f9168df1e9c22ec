//! How connections are doing, and whether one would work if it were asked: what `/v1/connections`, `check --live` and
//! the metrics say. What is known comes from the egress; nothing here decides about a call.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jackfield_core::call::User;
use jackfield_core::grant::Subject;
use jackfield_core::manifest::Access;
use jackfield_egress::{Egress, Report, State};
use serde::Serialize;
use serde_json::{Value, json};

use crate::app::App;
use crate::error::{Code, Problem};
use crate::registry::Connection;

/// What a test of a connection showed.
#[derive(Clone, Debug, Serialize)]
pub struct Tested {
    /// Name of the connection.
    pub connection: String,
    /// Whether every endpoint would work.
    pub ok: bool,
    /// Why nothing was tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// By name of the endpoint.
    pub endpoints: BTreeMap<String, Report>,
}

/// Why a connection with good credentials is not well, for the operator.
const LEFT_ALONE: &str = "too many requests failed: the system is left alone for a while";

/// How a connection is doing, as the API says it.
pub fn status(egress: &Egress, connection: &Connection) -> Value {
    if let Some(reason) = &connection.disabled {
        return json!({ "state": "disabled", "reason": reason });
    }
    let mut status = egress.status(&connection.name);
    let health = egress.health(&connection.name);
    // What a person has to do something about is worse than what passes by itself.
    if status.state == State::Active && health.as_ref().is_some_and(|health| !health.breaker.are_closed()) {
        status.state = State::Degraded;
        status.reason = Some(LEFT_ALONE.to_owned());
    }
    let mut shown = serde_json::to_value(status).unwrap_or_default();
    shown["calls_in_flight"] = json!(connection.calls.taken());
    shown["calls_in_flight_max"] = json!(connection.calls.max());
    if let Some(health) = health {
        shown["health"] = serde_json::to_value(health).unwrap_or_default();
    }
    shown
}

/// Brings the metrics that are not counted in step with what they show.
pub fn show(app: &App) {
    for connection in app.registry.connections() {
        if let Some(health) = app.egress().health(&connection.name) {
            app.metrics.show(&connection.name, &health, connection.calls.taken());
        }
    }
}

/// Says when to come back, where a system is left alone and it is known until when. Before that, asking is no use.
#[must_use]
pub fn tell_when(egress: &Egress, connection: &Connection, intent: &str, problem: Problem) -> Problem {
    if problem.code != Code::Unavailable || problem.retry_after_ms.is_some() {
        return problem;
    }
    let is_read = connection.intents.get(intent).is_some_and(|intent| intent.spec.effect.is_read());
    let access = if is_read { Access::Read } else { Access::Write };
    match egress.tried_again_in(&connection.name, access) {
        Some(wait) => problem.retry_after(u32::try_from(wait.as_millis()).unwrap_or(u32::MAX)),
        None => problem,
    }
}

/// Gets the credential of every endpoint, and sends the probe of each that has one. Changes nothing.
pub async fn test(egress: &Egress, connection: &Connection, user: Option<&Arc<User>>, timeout: Duration) -> Tested {
    let mut tested = Tested {
        connection: connection.name.to_string(),
        ok: false,
        reason: connection.disabled.clone(),
        endpoints: BTreeMap::new(),
    };
    if tested.reason.is_none() && connection.subject == Subject::User && user.is_none() {
        tested.reason = Some("each user has a credential of their own: name one".to_owned());
    }
    if tested.reason.is_some() {
        return tested;
    }
    for endpoint in connection.grant.endpoints() {
        let report = egress.test(endpoint, user, timeout).await;
        tested.endpoints.insert(endpoint.name.clone(), report);
    }
    tested.ok = tested.endpoints.values().all(|report| report.problem.is_none() && report.missing_scopes.is_empty());
    tested
}
