//! The connection that a case runs under: the fixture's settings, completed as an operator's would be, and all that the
//! manifest asks for.

use std::collections::BTreeMap;
use std::sync::Arc;

use jackfield_core::grant::{ConnectionGrant, Grant, GrantError, NetworkPolicy, Subject};
use jackfield_core::manifest::{Access, Manifest};
use jackfield_fixtures::Case;
use serde_json::{Map, Value};

use crate::sample::{first_error, sample};

/// Settings that mean another system than the manifest's: never made up.
const NEVER_SAMPLED: [&str; 5] = ["base_url", "login_url", "field_map", "defaults", "status_names"];

/// The name of every connection here.
const CONNECTION: &str = "test";

/// What the guest is told, and what it may reach.
pub(crate) struct Connection {
    pub(crate) settings: Arc<str>,
    pub(crate) grant: Arc<Grant>,
}

/// Something about a case that no operator could configure.
pub(crate) struct Unfit {
    /// Where in `request.json`.
    pub(crate) pointer: String,
    pub(crate) message: String,
    pub(crate) hint: String,
}

/// Makes the connection of a case.
pub(crate) fn connection(manifest: &Manifest, case: &Case) -> Result<Connection, Unfit> {
    let mut told = match &case.settings {
        Some(Value::Object(settings)) => settings.clone(),
        None => Map::new(),
        Some(_) => return Err(unfit("/settings", "the settings are no object", "write `{\"name\": value}`")),
    };
    let endpoints = told.shift_remove("_endpoints");
    let required = manifest.settings["required"].as_array();
    let is_required = |name: &str| required.is_some_and(|all| all.iter().any(|known| known == name));
    let mut granted = Map::new();
    for (name, schema) in manifest.settings["properties"].as_object().into_iter().flatten() {
        if told.contains_key(name) {
            continue;
        }
        if let Some(default) = schema.get("default") {
            told.insert(name.clone(), default.clone());
        } else if !NEVER_SAMPLED.contains(&name.as_str())
            && let Some(made) = sample(schema)
        {
            // What the manifest's templates need, without the guest being told of settings that nobody wrote.
            let target = if is_required(name) { &mut told } else { &mut granted };
            target.insert(name.clone(), made);
        }
    }
    if let Some(error) = first_error(&manifest.settings, &Value::Object(told.clone())) {
        let hint =
            "the settings of a fixture are those that an operator could write: see `[setting.NAME]` in connector.toml";
        return Err(unfit(&format!("/settings{}", error.0), &error.1, hint));
    }
    granted.extend(told.clone());

    let mut secrets: BTreeMap<String, bool> = case.hmacs.keys().map(|name| (name.clone(), false)).collect();
    secrets.extend(case.secrets.keys().map(|name| (name.clone(), true)));
    if let Some(name) = secrets.keys().find(|name| !manifest.secrets.iter().any(|secret| secret.name == **name)) {
        let place = if case.secrets.contains_key(name) { "secrets" } else { "hmacs" };
        let hint = "add a `[[secret]]` with this name and its purpose";
        let message = format!("connector.toml declares no secret `{name}`");
        return Err(unfit(&format!("/{place}/{name}"), &message, hint));
    }
    let grant = grant(manifest, &Value::Object(granted), &secrets)
        .map_err(|error| unfit("/settings", &error.message, &error.hint))?;
    let origin = |base: &str| Value::String(base.trim_end_matches('/').to_owned());
    let origins = || grant.endpoints().map(|e| (e.name.clone(), origin(e.base.as_str()))).collect();
    told.insert("_endpoints".to_owned(), endpoints.unwrap_or_else(|| Value::Object(origins())));
    Ok(Connection { settings: Value::Object(told).to_string().into(), grant: Arc::new(grant) })
}

/// The whole of what the manifest asks for, writes included.
fn grant(manifest: &Manifest, settings: &Value, secrets: &BTreeMap<String, bool>) -> Result<Grant, GrantError> {
    let resolve = |subject| {
        let connection = ConnectionGrant {
            name: CONNECTION,
            tenant: "test",
            subject,
            place: "the operator's configuration",
            settings,
            access: Access::Write,
            auth: &BTreeMap::new(),
            secrets,
            network: NetworkPolicy { allow_insecure: true, ..NetworkPolicy::default() },
        };
        Grant::resolve(manifest, &connection)
    };
    // Some systems have a credential for each user only.
    resolve(Subject::Connection).or_else(|error| resolve(Subject::User).map_err(|_| error))
}

fn unfit(pointer: &str, message: &str, hint: &str) -> Unfit {
    Unfit { pointer: pointer.to_owned(), message: message.to_owned(), hint: hint.to_owned() }
}
