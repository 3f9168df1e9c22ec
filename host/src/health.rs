//! How connections are doing, and whether one would work if it were asked: what `/v1/connections`, `check --live` and
//! the metrics say. What is known comes from the egress; nothing here decides about a call.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jackfield_core::call::User;
use jackfield_core::grant::Subject;
use jackfield_egress::{Egress, Report};
use serde::Serialize;
use serde_json::{Value, json};

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

/// How a connection is doing, as the API says it.
pub fn status(egress: &Egress, connection: &Connection) -> Value {
    match &connection.disabled {
        Some(reason) => json!({ "state": "disabled", "reason": reason }),
        None => serde_json::to_value(egress.status(&connection.name)).unwrap_or_default(),
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
