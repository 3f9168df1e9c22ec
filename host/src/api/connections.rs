//! `/v1/connections`: which there are, how they are doing, and whether they would work.

use std::time::Duration;

use axum::Extension;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::{Value, json};

use super::{Api, Known, json as json_response, refuse};
use crate::app::App;
use crate::error::{Code, Problem};
use crate::health;
use crate::registry::Connection;
use crate::trace::Trace;

/// How long a test of one endpoint may take: a token and a probe.
const TEST_MAX: Duration = Duration::from_secs(20);

/// `GET /v1/connections`: those of the key's tenant.
pub(super) async fn list(State(api): State<Api>, Extension(trace): Extension<Trace>, known: Known) -> Response {
    let noted = known.noted();
    if !known.0.has("connections:read") {
        return refuse(Problem::told(Code::Forbidden, "needs the scope `connections:read`"), &trace, noted);
    }
    let connections = api.app.registry.connections().filter(|c| c.tenant == known.0.tenant);
    let list: Vec<Value> = connections.map(|connection| described(&api.app, connection)).collect();
    json_response(json!({ "connections": list }).to_string().into_bytes(), noted)
}

fn described(app: &App, connection: &Connection) -> Value {
    let manifest = connection.connector.manifest();
    let intents: Vec<_> = manifest.intents.iter().filter(|i| connection.intents.contains_key(*i)).collect();
    let mut described = json!({
        "name": &*connection.name,
        "connector": manifest.id,
        "version": manifest.version,
        "access": connection.grant.access(),
        "subject": connection.subject,
        "intents": intents,
    });
    if let (Some(map), Value::Object(status)) = (described.as_object_mut(), health::status(app.egress(), connection)) {
        map.extend(status);
    }
    described
}

/// `POST /v1/connections/{name}/test`: gets the credential of every endpoint and sends its probe.
pub(super) async fn test(
    State(api): State<Api>,
    Extension(trace): Extension<Trace>,
    known: Known,
    name: Result<Path<String>, PathRejection>,
) -> Response {
    let noted = known.noted();
    if !known.0.has("connections:test") {
        return refuse(Problem::told(Code::Forbidden, "needs the scope `connections:test`"), &trace, noted);
    }
    let name = name.map(|Path(name)| name).unwrap_or_default();
    let connection = api.app.registry.connection(&name).filter(|c| c.tenant == known.0.tenant);
    let Some(connection) = connection else {
        return refuse(Problem::told(Code::NotFound, "no such connection for this key"), &trace, noted);
    };
    let report = health::test(api.app.egress(), connection, None, TEST_MAX).await;
    json_response(serde_json::to_vec(&report).unwrap_or_default(), noted)
}
