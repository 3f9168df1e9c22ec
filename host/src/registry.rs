//! Connectors that are loaded and connections that use them: everything about a call that can be decided before there
//! is one. Built whole or not at all.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use jackfield_core::budget::Limits;
use jackfield_core::digest::{Digest, DigestBuilder};
use jackfield_core::freshness::Tagger;
use jackfield_core::grant::{ConnectionGrant, Grant, NetworkPolicy, Subject};
use jackfield_core::intent::{IntentSpec, covers};
use jackfield_core::manifest::{Access, Manifest, Scheme};
use jackfield_core::mask::Masks;
use jackfield_core::normalise::Normaliser;
use jackfield_core::routing::{Candidate, Routes};
use jackfield_sandbox::{Connector, Sandbox};
use serde_json::Value;
use toml::Spanned;

use crate::admission::{Quota, Validator};
use crate::config::rate::Place;
use crate::config::{Complaints, Config, ConnectionSection};
use crate::policy::Policy;

/// An intent with everything compiled that a call needs.
#[derive(Debug)]
pub struct Intent {
    /// Its name, to be shared.
    pub name: Arc<str>,
    /// Name, effect, schemas.
    pub spec: IntentSpec,
    /// Holds the input against its schema.
    pub input: Validator,
    /// Brings the input into one form.
    pub normaliser: Normaliser,
    /// Holds the connector's answer against its schema.
    pub output: Validator,
    /// Hides personal data in the answer.
    pub masks: Masks,
    /// Finds the objects that an answer tells of, or that a write touches.
    pub tagger: Tagger,
    /// Times, questions and sentences.
    pub policy: Policy,
}

/// One configured use of a connector.
pub struct Connection {
    /// Name in the configuration.
    pub name: Arc<str>,
    /// Callers of this tenant reach it.
    pub tenant: Arc<str>,
    /// Whose credential it uses.
    pub subject: Subject,
    /// The component.
    pub connector: Arc<Connector>,
    /// All that exists for its guests.
    pub grant: Arc<Grant>,
    /// What it is: connector, settings, credential sources and schemas. Nothing that was kept under another edition is
    /// given again.
    pub edition: Digest,
    /// Settings as the guest gets them.
    pub settings: Arc<str>,
    /// Limits of one call.
    pub limits: Arc<Limits>,
    /// Region for phone numbers.
    pub region: Option<String>,
    /// Those intents that are served.
    pub intents: HashMap<String, Arc<Intent>>,
    /// Calls under way.
    pub calls: Quota,
    /// How often its health is probed.
    pub probe_interval: Option<Duration>,
    /// Why it takes no calls, where its credential was found to be no use at the start.
    pub disabled: Option<String>,
}

/// All connectors and connections of a host.
pub struct Registry {
    connections: BTreeMap<Arc<str>, Arc<Connection>>,
    connectors: BTreeMap<String, Arc<Connector>>,
    routes: Routes,
}

/// A connector with its intents compiled once for all of its connections.
struct Loaded {
    connector: Arc<Connector>,
    intents: Vec<(String, Arc<Intent>)>,
}

impl Registry {
    /// Loads every connector and resolves every connection.
    ///
    /// # Errors
    /// Everything that is wrong, by line of the configuration.
    pub fn build(config: &Config, sandbox: &Sandbox) -> Result<Registry, Complaints> {
        let mut complaints = Complaints::new(config.source.clone());
        let mut loaded = BTreeMap::new();
        for (id, section) in &config.connectors {
            if let Some(connector) = load(config, sandbox, id, section, &mut complaints) {
                loaded.insert(id.clone(), connector);
            }
        }
        let mut connections = BTreeMap::new();
        for (name, section) in &config.connections {
            // A connector that did not load has had its complaint.
            let Some(connector) = loaded.get(section.get_ref().connector.get_ref()) else { continue };
            if let Some(connection) = resolve(config, name, section, connector, &mut complaints) {
                connections.insert(connection.name.clone(), Arc::new(connection));
            }
        }
        if loaded.len() == config.connectors.len() {
            check_policies(config, &loaded, &mut complaints);
        }
        complaints.check()?;
        let rules: Vec<_> = config.routes.iter().map(|r| r.get_ref().clone()).collect();
        let candidates: Vec<_> = connections
            .values()
            .map(|c| Candidate {
                name: c.name.clone(),
                tenant: c.tenant.clone(),
                intents: c.intents.keys().cloned().collect(),
            })
            .collect();
        let connectors = loaded.into_iter().map(|(id, l)| (id, l.connector)).collect();
        Ok(Registry { connections, connectors, routes: Routes::new(&rules, &candidates) })
    }

    /// Takes a connection out of service; it stays known, so that calls to it are told why.
    pub fn disable(&mut self, name: &str, why: &str) {
        if let Some(connection) = self.connections.get_mut(name).and_then(Arc::get_mut) {
            connection.disabled.get_or_insert_with(|| why.to_owned());
        }
    }

    /// A connection by name.
    pub fn connection(&self, name: &str) -> Option<&Arc<Connection>> {
        self.connections.get(name)
    }

    /// All connections, by name.
    pub fn connections(&self) -> impl Iterator<Item = &Arc<Connection>> {
        self.connections.values()
    }

    /// All connectors, by id.
    pub fn connectors(&self) -> impl Iterator<Item = (&str, &Arc<Connector>)> {
        self.connectors.iter().map(|(id, c)| (id.as_str(), c))
    }

    /// Who answers what.
    pub fn routes(&self) -> &Routes {
        &self.routes
    }
}

fn load(
    config: &Config,
    sandbox: &Sandbox,
    id: &str,
    section: &Spanned<crate::config::ConnectorSection>,
    complaints: &mut Complaints,
) -> Option<Loaded> {
    let file = &section.get_ref().file;
    let path = config.source.resolve(file.get_ref());
    let connector = match sandbox.load_file(&path) {
        Ok(connector) => connector,
        Err(error) => {
            complaints.push(
                Some(file.span()),
                format!("connector `{id}` does not load from {}: {error}", path.display()),
                "`jackfield inspect FILE` shows what a file is; `jackfield build` makes one",
            );
            return None;
        }
    };
    if connector.manifest().id != id {
        complaints.push(
            Some(file.span()),
            format!("{} is the connector `{}`, not `{id}`", path.display(), connector.manifest().id),
            format!("name the section `[connector.{}]`", connector.manifest().id),
        );
        return None;
    }
    let mut intents = Vec::new();
    for spec in &connector.package().intents {
        match compile(config, spec) {
            Ok(intent) => intents.push((spec.name.clone(), Arc::new(intent))),
            Err(why) => complaints.push(
                Some(file.span()),
                format!("a schema of `{}` in connector `{id}` is not usable: {why}", spec.name),
                "the connector's author must mend it",
            ),
        }
    }
    Some(Loaded { connector, intents })
}

fn compile(config: &Config, spec: &IntentSpec) -> Result<Intent, String> {
    Ok(Intent {
        name: spec.name.as_str().into(),
        input: Validator::new(&spec.input_schema)?,
        normaliser: Normaliser::new(&spec.input_schema),
        output: Validator::new(&spec.output_schema)?,
        masks: Masks::new(&spec.output_schema),
        tagger: Tagger::new(&spec.name, &spec.input_schema, &spec.output_schema),
        policy: Policy::of(config, &spec.name, spec.effect),
        spec: spec.clone(),
    })
}

fn resolve(
    config: &Config,
    name: &str,
    section: &Spanned<ConnectionSection>,
    loaded: &Loaded,
    complaints: &mut Complaints,
) -> Option<Connection> {
    let before = complaints.list().len();
    let span = section.span();
    let place = config.source.place(&span);
    let section = section.get_ref();
    let manifest = loaded.connector.manifest();

    let mut settings = settings(name, section, manifest, &span, complaints);
    check_secrets(name, section, manifest, &span, complaints);
    let limits = match config.limits_of(section) {
        Ok(limits) => limits,
        Err((at, why)) => {
            complaints.push(Some(at), format!("limits of connection `{name}`: {why}"), "the keys of `[limits]`");
            config.limits.clone()
        }
    };
    for pattern in &section.intents {
        if !manifest.intents.iter().any(|i| covers(pattern, i)) {
            complaints.push(
                Some(span.clone()),
                format!("`{pattern}` of connection `{name}` covers no intent of connector `{}`", manifest.id),
                format!("it has {}", manifest.intents.join(", ")),
            );
        }
    }
    for endpoint in section.auth.keys().filter(|e| !manifest.endpoints.contains_key(*e)) {
        complaints.push(
            Some(span.clone()),
            format!("`auth` of connection `{name}` names the endpoint `{endpoint}`, which is not there"),
            format!("connector `{}` has {}", manifest.id, names(manifest.endpoints.keys())),
        );
    }
    let probed = section.subject == Subject::Connection && manifest.endpoints.values().any(|e| e.probe.is_some());
    if let Some(interval) = section.probe_interval_ms.as_ref().filter(|_| !probed) {
        complaints.push(
            Some(interval.span()),
            format!("`probe_interval_ms` of connection `{name}` has nothing to send"),
            "only a connection with a credential of its own, whose connector names a `probe`, can be probed",
        );
    }
    let manifest = &*of_plan(config, name, section, manifest, complaints);
    if complaints.list().len() > before {
        return None;
    }

    let secrets = section.secrets.iter().map(|(n, s)| (n.clone(), s.get_ref().reveal())).collect();
    let network =
        NetworkPolicy { allow_addresses: section.allow_addresses.clone(), allow_insecure: section.allow_insecure };
    let request = ConnectionGrant {
        name,
        tenant: &section.tenant,
        subject: section.subject,
        place: &place,
        settings: &settings,
        access: section.access,
        auth: &section.auth,
        secrets: &secrets,
        network,
    };
    let grant = match Grant::resolve(manifest, &request) {
        Ok(grant) => grant,
        Err(error) => {
            complaints.push(Some(span), format!("connection `{name}`: {}", error.message), error.hint);
            return None;
        }
    };
    // The guest does not know where it talks to, but it must tell a link to its own endpoint from one to elsewhere.
    let origins: serde_json::Map<String, Value> = grant
        .endpoints()
        .map(|e| (e.name.clone(), Value::String(e.base.as_str().trim_end_matches('/').to_owned())))
        .collect();
    settings["_endpoints"] = Value::Object(origins);

    let intents = loaded
        .intents
        .iter()
        .filter(|(intent, compiled)| {
            let served = section.intents.iter().any(|pattern| covers(pattern, intent));
            served && (section.access == Access::Write || compiled.spec.effect.is_read())
        })
        .cloned()
        .collect();
    Some(Connection {
        name: name.into(),
        tenant: section.tenant.as_str().into(),
        subject: section.subject,
        connector: loaded.connector.clone(),
        grant: Arc::new(grant),
        edition: edition(section, &settings, loaded),
        settings: settings.to_string().into(),
        limits: Arc::new(limits),
        region: section.region.as_ref().map(|r| r.get_ref().clone()),
        intents,
        calls: Quota::new(config.in_flight_max_of(section)),
        probe_interval: section.probe_interval_ms.as_ref().map(|ms| Duration::from_millis(*ms.get_ref())),
        disabled: None,
    })
}

/// The manifest with the vendor's budgets as the operator has them.
fn of_plan<'m>(
    config: &Config,
    name: &str,
    section: &ConnectionSection,
    manifest: &'m Manifest,
    complaints: &mut Complaints,
) -> Cow<'m, Manifest> {
    let wait_max = config.resilience_of(section).budget_wait_ms_max;
    let mut manifest = Cow::Borrowed(manifest);
    for (endpoint, written) in &section.rate {
        let (span, own) = (written.span(), written.get_ref());
        let Some(known) = manifest.to_mut().endpoints.get_mut(endpoint) else {
            complaints.push(
                Some(span),
                format!("`rate` of connection `{name}` names the endpoint `{endpoint}`, which is not there"),
                format!("connector `{}` has {}", manifest.id, names(manifest.endpoints.keys())),
            );
            continue;
        };
        let place = Place { connection: name, endpoint, span };
        known.rate = Arc::new(own.over(&place, &known.rate, complaints));
    }
    if let Some(wait_max) = wait_max {
        for endpoint in manifest.to_mut().endpoints.values_mut() {
            let rate = Arc::make_mut(&mut endpoint.rate);
            rate.wait_ms_max = rate.wait_ms_max.min(wait_max);
        }
    }
    manifest
}

/// The digest of everything that an answer of this connection hangs on. Another account or another shop under the same
/// name is another connection, and so is another form of its answers.
fn edition(section: &ConnectionSection, settings: &Value, loaded: &Loaded) -> Digest {
    let edition = DigestBuilder::new("edition").text(loaded.connector.digest()).json(settings);
    let edition = edition.text(if section.subject == Subject::User { "user" } else { "connection" });
    let edition = section.auth.iter().fold(edition, |edition, (endpoint, scheme)| edition.text(endpoint).text(scheme));
    // Where a value comes from, and never the value.
    let sources = section.secrets.iter().map(|(name, secret)| (name, secret.get_ref().source()));
    let edition = sources.fold(edition.maybe(None), |edition, (name, source)| edition.text(name).text(source));
    let schemas = loaded.intents.iter().map(|(name, intent)| (name, &intent.spec.output_schema));
    schemas.fold(edition.maybe(None), |edition, (name, schema)| edition.text(name).json(schema)).finish()
}

/// The connection's settings with the manifest's defaults, held against the manifest's schema.
fn settings(
    name: &str,
    section: &ConnectionSection,
    manifest: &Manifest,
    span: &std::ops::Range<usize>,
    complaints: &mut Complaints,
) -> Value {
    let at = section.settings.as_ref().map_or(span.clone(), Spanned::span);
    let written = section.settings.as_ref().map(|s| serde_json::to_value(s.get_ref()));
    let mut settings = match written.transpose() {
        Ok(written) => written.unwrap_or_else(|| Value::Object(serde_json::Map::new())),
        Err(error) => {
            complaints.push(
                Some(at),
                format!("settings of connection `{name}`: {error}"),
                "use texts, numbers and tables",
            );
            return Value::Null;
        }
    };
    for (key, schema) in manifest.settings["properties"].as_object().into_iter().flatten() {
        if let (Some(default), Some(map)) = (schema.get("default"), settings.as_object_mut()) {
            map.entry(key.clone()).or_insert_with(|| default.clone());
        }
    }
    match Validator::new(&manifest.settings) {
        Ok(validator) => {
            for error in validator.errors(&settings, "") {
                let key = error.pointer.trim_start_matches('/');
                let about = manifest.settings["properties"][key]["description"].as_str().unwrap_or_default();
                complaints.push(
                    Some(at.clone()),
                    format!("setting `{key}` of connection `{name}` {}", error.detail),
                    format!("connector `{}`: {about}", manifest.id),
                );
            }
        }
        Err(why) => complaints.push(
            Some(at),
            format!("the settings schema of connector `{}` is not usable: {why}", manifest.id),
            "the connector's author must mend its `[setting.NAME]`",
        ),
    }
    settings
}

/// Every secret that the chosen auth schemes use must be there, and none that the manifest does not know.
fn check_secrets(
    name: &str,
    section: &ConnectionSection,
    manifest: &Manifest,
    span: &std::ops::Range<usize>,
    complaints: &mut Complaints,
) {
    for (secret, written) in &section.secrets {
        if !manifest.secrets.iter().any(|s| s.name == *secret) {
            complaints.push(
                Some(written.span()),
                format!("connector `{}` does not use a secret `{secret}`", manifest.id),
                format!("it uses {}", names(manifest.secrets.iter().map(|s| &s.name))),
            );
        }
    }
    let chosen: Vec<&Scheme> = manifest
        .endpoints
        .iter()
        .filter_map(|(endpoint, e)| {
            let choice = section.auth.get(endpoint);
            e.auth.iter().find(|a| choice.is_none_or(|c| a.name == *c)).map(|a| &a.scheme)
        })
        .collect();
    let schemes = || manifest.endpoints.values().flat_map(|e| &e.auth).map(|a| &a.scheme);
    for secret in &manifest.secrets {
        let used_by = |scheme: &Scheme| scheme.secrets().contains(&secret.name.as_str());
        let required_by = |scheme: &Scheme| scheme.required_secrets().contains(&secret.name.as_str());
        let needed = if schemes().any(used_by) { chosen.iter().any(|s| required_by(s)) } else { !secret.optional };
        if needed && !section.secrets.contains_key(&secret.name) {
            complaints.push(
                Some(span.clone()),
                format!("connection `{name}` lacks the secret `{}` ({})", secret.name, secret.purpose),
                format!(
                    "add `{} = \"env:NAME\"`, `\"file:/path\"` or `\"vault:\"` under `[connection.{name}.secrets]`. {}",
                    secret.name, secret.how
                ),
            );
        }
    }
}

/// A section for intents that nobody has is a misspelt one: what the operator wrote there would hold for nothing.
fn check_policies(config: &Config, loaded: &BTreeMap<String, Loaded>, complaints: &mut Complaints) {
    let known = || loaded.values().flat_map(|l| &l.intents).map(|(name, _)| name.as_str());
    for (pattern, section) in &config.intents {
        let is_catalogues = jackfield_catalog::definitions().iter().any(|d| covers(pattern, d.name));
        if !is_catalogues && !known().any(|name| covers(pattern, name)) {
            complaints.push(
                Some(section.span()),
                format!("`{pattern}` covers no intent of any connector"),
                "`jackfield inspect FILE` shows the intents of a connector",
            );
        }
    }
}

fn names<'n>(names: impl Iterator<Item = &'n String>) -> String {
    let list: Vec<_> = names.map(|n| format!("`{n}`")).collect();
    if list.is_empty() { "none".to_owned() } else { list.join(", ") }
}
