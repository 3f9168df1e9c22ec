//! `jackfield.toml`: the operator's side of every grant. Read whole; everything that is wrong is reported in one go,
//! each with file, line and a hint, before anything listens.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use jackfield_core::budget::Limits;
use jackfield_core::grant::Subject;
use jackfield_core::manifest::{Access, is_dashed_name, is_snake_name};
use jackfield_core::routing::RouteRule;
use jackfield_core::settle::SettlePolicy;
use jackfield_egress::OpenBaoConfig;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

mod cache;
mod calls;
mod fallback;
mod policy;
pub mod rate;
mod report;
mod resilience;
mod secrets;
mod server;

pub use cache::CacheSection;
pub use calls::CallsSection;
pub use fallback::{ContactSection, FallbackSection, Word};
pub use policy::{IntentSection, MessageMode, TextsSection};
pub use rate::RateSection;
pub use report::{Complaint, Complaints};
pub use resilience::{Resilience, ResilienceSection};
pub use secrets::{MasterKeySection, SecretSection, SecretTable, VaultSection};
pub use server::Server;

/// A configuration whose every part stands on its own feet; what needs the connectors is checked by the registry.
#[derive(Debug)]
pub struct Config {
    /// The file and its text, for messages.
    pub source: Source,
    /// Listening and the host's own bounds.
    pub server: Server,
    /// The engine.
    pub sandbox: SandboxSection,
    /// What survives the process.
    pub store: StoreSection,
    /// When to look what became of a write whose end nobody heard.
    pub settle: SettlePolicy,
    /// Room for kept answers.
    pub cache: CacheSection,
    /// Calls that are answered later.
    pub calls: CallsSection,
    /// Per-call limits where a connection says nothing.
    pub limits: Limits,
    /// Patience with business systems where a connection says nothing.
    pub resilience: ResilienceSection,
    /// The sealed file that keeps values.
    pub vault: Option<Spanned<VaultSection>>,
    /// The server that keeps values.
    pub openbao: Option<Spanned<OpenBaoConfig>>,
    /// Bot services by name.
    pub callers: BTreeMap<String, CallerSection>,
    /// Connectors by id.
    pub connectors: BTreeMap<String, Spanned<ConnectorSection>>,
    /// Connections by name.
    pub connections: BTreeMap<String, Spanned<ConnectionSection>>,
    /// In the order of the file.
    pub routes: Vec<Spanned<RouteRule>>,
    /// Times, questions and keeping, by pattern of intents.
    pub intents: BTreeMap<String, Spanned<IntentSection>>,
    /// What to fall back on, by tenant.
    pub fallbacks: BTreeMap<String, Spanned<FallbackSection>>,
    /// Sentences of the host, by locale.
    pub texts: BTreeMap<String, Spanned<TextsSection>>,
    /// Texts that replace the catalogue's.
    pub templates: Vec<Spanned<TemplateSection>>,
}

/// Where a configuration was read from.
#[derive(Clone, Debug)]
pub struct Source {
    /// The file.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
}

impl Source {
    /// `jackfield.toml:12`, for messages.
    pub fn place(&self, span: &Range<usize>) -> String {
        format!("{}:{}", self.path.display(), self.line(span))
    }

    /// 1-based line of a span's start.
    pub fn line(&self, span: &Range<usize>) -> usize {
        self.text.as_bytes()[..span.start.min(self.text.len())].iter().filter(|b| **b == b'\n').count() + 1
    }

    /// A path of the configuration, relative to the file.
    pub fn resolve(&self, path: &Path) -> PathBuf {
        self.path.parent().unwrap_or(Path::new(".")).join(path)
    }
}

/// `[sandbox]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SandboxSection {
    /// Directory for compiled connectors; without one, each start compiles.
    pub cache_dir: Option<PathBuf>,
}

/// `[store]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreSection {
    /// The file that holds tokens and the audit log, relative to this one; `jackfield.db` unless written otherwise.
    pub file: Option<Spanned<PathBuf>>,
    /// How large the file may become, in bytes; then it is as full as a full disk. As large as the disk unless written.
    pub file_bytes_max: Option<Spanned<u64>>,
    /// For how many days the audit log is kept; for ever unless written.
    pub audit_keep_days: Option<Spanned<u64>>,
    /// How many records of the audit log are kept; all unless written.
    pub audit_records_max: Option<Spanned<u64>>,
}

/// The smallest store that is of any use, in bytes.
const STORE_BYTES_MIN: u64 = 1 << 20;

/// The longest that the audit log may be told to be kept, in days: a hundred years.
const AUDIT_DAYS_MAX: u64 = 36_500;

/// `[caller.NAME]`: a bot service.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallerSection {
    /// SHA-256 of the API key in hexadecimal, as `jackfield key` prints it. The key itself is nowhere.
    pub key_sha256: Spanned<String>,
    /// Whose connections it reaches.
    pub tenant: String,
    /// `intent:order.*`, `connections:read`, `connections:test`, `audit:read`.
    pub scopes: Spanned<Vec<String>>,
    /// Calls under way.
    #[serde(default)]
    pub in_flight_max: Option<usize>,
}

/// `[connector.ID]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectorSection {
    /// The `.wasm` that `jackfield build` made, relative to this file.
    pub file: Spanned<PathBuf>,
}

/// `[connection.NAME]`: one configured use of a connector.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectionSection {
    /// Id of a `[connector.ID]`.
    pub connector: Spanned<String>,
    /// Callers of this tenant reach it.
    pub tenant: String,
    /// `read` unless written otherwise.
    #[serde(default = "read_only")]
    pub access: Access,
    /// Those intents of the connector that are served, as patterns.
    #[serde(default = "all")]
    pub intents: Vec<String>,
    /// Region for phone numbers without a country code, such as `US`.
    #[serde(default)]
    pub region: Option<Spanned<String>>,
    /// Checked against the manifest.
    #[serde(default)]
    pub settings: Option<Spanned<toml::Table>>,
    /// Secret name to source.
    #[serde(default)]
    pub secrets: BTreeMap<String, Spanned<SecretSection>>,
    /// Whose credential it uses: the connection's own, or each user's.
    #[serde(default)]
    pub subject: Subject,
    /// Endpoint name to the name of one of its auth schemes.
    #[serde(default)]
    pub auth: BTreeMap<String, String>,
    /// Private addresses that it may reach.
    #[serde(default)]
    pub allow_addresses: Vec<IpNet>,
    /// Plain HTTP to the business system: test systems only.
    #[serde(default)]
    pub allow_insecure: bool,
    /// PEM file with further certificate authorities.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// PEM file with a client certificate chain.
    #[serde(default)]
    pub client_certificate_file: Option<PathBuf>,
    /// PEM file with the client certificate's key.
    #[serde(default)]
    pub client_key_file: Option<PathBuf>,
    /// Limits of one call; keys that are not named come from `[limits]`.
    #[serde(default)]
    pub limits: Option<Spanned<toml::Table>>,
    /// Calls under way, those that other connectors ask for included; above it 503 at once. Half of the host's bound
    /// unless written, so that one slow system cannot take the host.
    #[serde(default)]
    pub in_flight_max: Option<Spanned<u64>>,
    /// How often the manifest's probe is sent, in milliseconds; never unless written.
    #[serde(default)]
    pub probe_interval_ms: Option<Spanned<u64>>,
    /// Retries, breaker and bulkheads; keys that are not named come from `[resilience]`.
    #[serde(default)]
    pub resilience: ResilienceSection,
    /// Endpoint name to what the vendor's plan allows there.
    #[serde(default)]
    pub rate: BTreeMap<String, Spanned<RateSection>>,
}

/// How often a probe may be sent, in milliseconds: from once a second to once a day.
const PROBE_INTERVAL_MS: std::ops::RangeInclusive<u64> = 1_000..=86_400_000;

fn read_only() -> Access {
    Access::Read
}

fn all() -> Vec<String> {
    vec!["*".to_owned()]
}

/// `[[template]]`: words of the operator instead of the catalogue's.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemplateSection {
    /// The intent whose answers it renders.
    pub intent: String,
    /// BCP 47 tag.
    #[serde(default = "english")]
    pub locale: String,
    /// In the renderer's template language.
    pub text: String,
}

fn english() -> String {
    "en".to_owned()
}

/// A configuration of which some part may be wrong: what can be read is there, so that connectors and secrets are
/// judged too before anything is said.
#[derive(Debug)]
pub struct Draft {
    /// The parts that could be read.
    pub config: Config,
    /// What is wrong so far.
    pub complaints: Complaints,
}

impl Draft {
    /// The configuration, if nothing is wrong with it so far.
    ///
    /// # Errors
    /// Everything that is.
    pub fn finish(self) -> Result<Config, Complaints> {
        self.complaints.check()?;
        Ok(self.config)
    }
}

impl Config {
    /// Reads a file and checks what can be judged without a connector at hand.
    ///
    /// # Errors
    /// When it cannot be read, or is no TOML: then nothing more can be said of it.
    pub fn read(path: &Path) -> Result<Draft, Complaints> {
        let text = std::fs::read_to_string(path).map_err(|e| {
            let message = format!("the configuration cannot be read: {e}");
            Complaints::file(path, message, "name another file with `--config`")
        })?;
        Config::draft(Source { path: path.to_owned(), text })
    }

    /// Checks a configuration's text.
    ///
    /// # Errors
    /// As [`Config::read`].
    pub fn draft(source: Source) -> Result<Draft, Complaints> {
        let text = source.text.clone();
        let mut complaints = Complaints::new(source.clone());
        let (table, errors) = DeTable::parse_recoverable(&text);
        for error in errors {
            complaints.push(error.span(), error.message(), "see https://toml.io for the syntax");
        }
        // A file that is no TOML would only give confusing errors further on.
        complaints.check()?;

        let mut sections = Sections { complaints: &mut complaints, table: table.into_inner(), unread: BTreeSet::new() };
        let config = Config {
            source: source.clone(),
            server: sections.one("server"),
            sandbox: sections.one("sandbox"),
            store: sections.one("store"),
            settle: sections.one("settle"),
            cache: sections.one("cache"),
            calls: sections.one("calls"),
            limits: sections.one("limits"),
            resilience: sections.one("resilience"),
            vault: sections.optional("vault"),
            openbao: sections.optional("openbao"),
            callers: sections.named("caller").into_iter().map(|(k, v)| (k, v.into_inner())).collect(),
            connectors: sections.named("connector"),
            connections: sections.named("connection"),
            routes: sections.list("route"),
            intents: sections.named("intent"),
            fallbacks: sections.named("fallback"),
            texts: sections.named("texts"),
            templates: sections.list("template"),
        };
        sections.refuse_the_rest();
        let unread = sections.unread;
        config.check(&unread, &mut complaints);
        Ok(Draft { config, complaints })
    }

    /// What can be judged without a connector at hand. A section that is there and could not be read has had its
    /// complaint; who refers to it gets none.
    fn check(&self, unread: &BTreeSet<String>, complaints: &mut Complaints) {
        for (name, caller) in &self.callers {
            if !is_digest(caller.key_sha256.get_ref()) {
                complaints.push(
                    Some(caller.key_sha256.span()),
                    format!("key_sha256 of caller `{name}` is not a SHA-256 in hexadecimal"),
                    "`jackfield key` makes a key and prints this line",
                );
            }
            let same = |other: &&CallerSection| other.key_sha256.get_ref() == caller.key_sha256.get_ref();
            if self.callers.values().filter(same).count() > 1 {
                complaints.push(
                    Some(caller.key_sha256.span()),
                    format!("caller `{name}` shares its key with another caller"),
                    "give each caller a key of its own: `jackfield key`",
                );
            }
            for scope in caller.scopes.get_ref() {
                if !crate::admission::is_scope(scope) {
                    complaints.push(
                        Some(caller.scopes.span()),
                        format!("`{scope}` is not a scope"),
                        "`intent:*`, `intent:order.*`, `intent:order.status`, `connections:read`, `connections:test` or `audit:read`",
                    );
                }
            }
        }
        self.server.check(complaints);
        let store = &self.store;
        for (name, written, may_be) in [
            ("file_bytes_max", &store.file_bytes_max, STORE_BYTES_MIN..=1 << 50),
            ("audit_keep_days", &store.audit_keep_days, 1..=AUDIT_DAYS_MAX),
            ("audit_records_max", &store.audit_records_max, 1..=1 << 50),
        ] {
            resilience::check_number("`[store]`", name, written.as_ref(), may_be, complaints);
        }
        self.resilience.check("`[resilience]`", complaints);
        let host = Resilience::default().with(&self.resilience);
        host.check("`[resilience]`", &[&self.resilience], complaints);
        for (name, connection) in &self.connections {
            let section = connection.get_ref();
            self.check_resilience(name, section, complaints);
            if !is_dashed_name(name) {
                complaints.push(
                    Some(connection.span()),
                    format!("`{name}` is not a connection name"),
                    "lower-case words joined by `-`, such as `shop-eu`",
                );
            }
            let connector = &section.connector;
            let known = self.connectors.contains_key(connector.get_ref());
            if !known && !unread.contains(&format!("connector.{}", connector.get_ref())) {
                complaints.push(
                    Some(connector.span()),
                    format!("connection `{name}` uses the connector `{}`, which is not there", connector.get_ref()),
                    format!("add `[connector.{}]` with its `file`", connector.get_ref()),
                );
            }
            for (secret, place) in &section.secrets {
                if !is_snake_name(secret) {
                    complaints.push(
                        Some(place.span()),
                        format!("`{secret}` is not a secret name"),
                        "words joined by `_`",
                    );
                }
            }
            if section.client_certificate_file.is_some() != section.client_key_file.is_some() {
                complaints.push(
                    Some(connection.span()),
                    format!("connection `{name}` has only half of a client certificate"),
                    "give both `client_certificate_file` and `client_key_file`",
                );
            }
        }
        for route in &self.routes {
            let rule = route.get_ref();
            let known = self.connections.contains_key(&rule.connection);
            if !known && !unread.contains(&format!("connection.{}", rule.connection)) {
                complaints.push(
                    Some(route.span()),
                    format!("a route leads to the connection `{}`, which is not there", rule.connection),
                    "name a `[connection.NAME]` of this file",
                );
            }
            if !policy::is_pattern(&rule.intent) {
                complaints.push(
                    Some(route.span()),
                    format!("`{}` is not an intent pattern", rule.intent),
                    "`*`, `order.*` or `order.status`",
                );
            }
        }
        if let Err(why) = self.settle.check() {
            complaints.push(None, format!("`[settle]`: {why}"), "see `[settle]` in docs/writes.md");
        }
        self.calls.check(complaints);
        for (pattern, section) in &self.intents {
            policy::check_intent(pattern, section, complaints);
        }
        for (tenant, section) in &self.fallbacks {
            fallback::check(tenant, section, complaints);
        }
        for (locale, texts) in &self.texts {
            policy::check_texts(locale, texts.span(), texts.get_ref(), complaints);
        }
    }

    fn check_resilience(&self, name: &str, section: &ConnectionSection, complaints: &mut Complaints) {
        let whose = format!("connection `{name}`");
        let calls = section.in_flight_max.as_ref();
        resilience::check_number(&whose, "in_flight_max", calls, 1..=resilience::COUNT_MAX, complaints);
        let interval = section.probe_interval_ms.as_ref();
        resilience::check_number(&whose, "probe_interval_ms", interval, PROBE_INTERVAL_MS, complaints);
        let own = &section.resilience;
        own.check(&whose, complaints);
        let (host, whole) = (Resilience::default().with(&self.resilience), self.resilience_of(section));
        // What the host's section says wrongly has had its complaint there.
        if (&host.retry, &host.breaker) != (&whole.retry, &whole.breaker) {
            whole.check(&whose, &[&self.resilience, own], complaints);
        }
    }

    /// Patience with the system of a connection: the connection's own over the host's over the defaults.
    pub fn resilience_of(&self, section: &ConnectionSection) -> Resilience {
        Resilience::default().with(&self.resilience).with(&section.resilience)
    }

    /// Calls of a connection under way at most.
    pub fn in_flight_max_of(&self, section: &ConnectionSection) -> usize {
        let half = (self.server.in_flight_max as usize).div_ceil(2);
        let own = section.in_flight_max.as_ref().map(|max| *max.get_ref());
        own.map_or(half, |max| usize::try_from(max).unwrap_or(usize::MAX))
    }

    /// The store's file.
    pub fn store_path(&self) -> PathBuf {
        self.source.resolve(self.store.file.as_ref().map_or(Path::new("jackfield.db"), |file| file.get_ref().as_path()))
    }

    /// The limits of a connection: `[limits]` with the connection's own keys over it.
    ///
    /// # Errors
    /// When a key is unknown or of the wrong type.
    pub fn limits_of(&self, section: &ConnectionSection) -> Result<Limits, (Range<usize>, String)> {
        let Some(own) = &section.limits else { return Ok(self.limits.clone()) };
        let mut merged = toml::Table::try_from(&self.limits).map_err(|e| (own.span(), e.to_string()))?;
        merged.extend(own.get_ref().clone());
        merged.try_into().map_err(|e: toml::de::Error| (own.span(), e.message().to_owned()))
    }
}

fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Takes the file apart, section by section, so that one mistake does not hide the next.
struct Sections<'c, 'i> {
    complaints: &'c mut Complaints,
    table: DeTable<'i>,
    /// `connector.shopify` and the like: sections that are there and could not be read.
    unread: BTreeSet<String>,
}

impl<'i> Sections<'_, 'i> {
    fn take(&mut self, key: &str) -> Option<Spanned<DeValue<'i>>> {
        self.table.remove(key)
    }

    fn read<T: DeserializeOwned>(&mut self, value: Spanned<DeValue<'i>>) -> Option<T> {
        let span = value.span();
        match T::deserialize(ValueDeserializer::from(value)) {
            Ok(read) => Some(read),
            Err(error) => {
                self.complaints.push(error.span().or(Some(span)), error.message(), "see the configuration reference");
                None
            }
        }
    }

    /// `[key]`, or its default.
    fn one<T: DeserializeOwned + Default>(&mut self, key: &str) -> T {
        self.take(key).and_then(|value| self.read(value)).unwrap_or_default()
    }

    /// `[key]`, if it is there. For sections in which a secret could stand by mistake: no complaint repeats their text.
    fn optional<T: DeserializeOwned>(&mut self, key: &str) -> Option<Spanned<T>> {
        let value = self.take(key)?;
        let span = value.span();
        match T::deserialize(ValueDeserializer::from(value)) {
            Ok(read) => Some(Spanned::new(span, read)),
            Err(error) => {
                let at = error.span().unwrap_or_else(|| span.clone());
                self.complaints.push_unquoted(at, format!("`[{key}]`: {}", error.message()), "see docs/secrets.md");
                self.unread.insert(key.to_owned());
                None
            }
        }
    }

    /// `[key.NAME]` for every name.
    fn named<T: DeserializeOwned>(&mut self, key: &str) -> BTreeMap<String, Spanned<T>> {
        let Some(value) = self.take(key) else { return BTreeMap::new() };
        let span = value.span();
        let DeValue::Table(table) = value.into_inner() else {
            self.complaints.push(Some(span), format!("`{key}` is not a table"), format!("write `[{key}.NAME]`"));
            return BTreeMap::new();
        };
        table
            .into_iter()
            .filter_map(|(name, value)| {
                let span = name.span();
                let name = name.into_inner().into_owned();
                let Some(read) = self.read(value) else {
                    self.unread.insert(format!("{key}.{name}"));
                    return None;
                };
                Some((name, Spanned::new(span, read)))
            })
            .collect()
    }

    /// `[[key]]`.
    fn list<T: DeserializeOwned>(&mut self, key: &str) -> Vec<Spanned<T>> {
        let Some(value) = self.take(key) else { return Vec::new() };
        let span = value.span();
        let DeValue::Array(items) = value.into_inner() else {
            self.complaints.push(Some(span), format!("`{key}` is not a list"), format!("write `[[{key}]]`"));
            return Vec::new();
        };
        items
            .into_iter()
            .filter_map(|item| {
                let span = item.span();
                Some(Spanned::new(span, self.read(item)?))
            })
            .collect()
    }

    fn refuse_the_rest(&mut self) {
        for (key, _) in std::mem::take(&mut self.table) {
            self.complaints.push(
                Some(key.span()),
                format!("`{}` means nothing here", key.get_ref()),
                "known sections: server, sandbox, store, settle, cache, calls, limits, resilience, vault, openbao, caller, \
                 connector, connection, route, intent, fallback, texts, template",
            );
        }
    }
}

#[cfg(test)]
mod tests;
