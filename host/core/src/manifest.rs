//! `connector.toml`: what a connector is and what it asks for. Parsed once, checked whole, every error with its line.
//!
//! A manifest asks; only the operator's connection grants (see [`crate::grant`]).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;
use toml::Spanned;

use crate::intent::is_intent_name;
use crate::rate::Rate;

mod auth;
mod repeat;
mod rule;

pub use auth::{
    AssertionEncoding, Auth, ClientAuth, Csrf, OAuth1, OAuth2, Place, Placement, Scheme, SignatureAlgorithm,
    TokenGrant, USER_TEXTS, mentions_user,
};
pub use repeat::{Repeat, RepeatBy};
pub use rule::{Access, Graphql, PathPattern, Rule, RuleError};

/// A checked manifest.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// Lower-case words joined by `-`, such as `zoho-crm`.
    pub id: String,
    /// Semantic version of the connector.
    pub version: String,
    /// The business system's name for people.
    pub title: String,
    /// The vendor's API version that the connector was written for.
    pub vendor_api: String,
    /// Intents in the manifest's order; effect and schemas stand in the package section.
    pub intents: Vec<String>,
    /// What the connector may call, by name.
    pub endpoints: BTreeMap<String, Endpoint>,
    /// Secrets it needs, in the manifest's order.
    pub secrets: Vec<SecretSpec>,
    /// JSON Schema of the connection's settings, made of `[setting.NAME]` and the standard ones.
    pub settings: Value,
    /// Intents of other connectors that it may ask for, as patterns.
    pub calls: Vec<String>,
    /// By intent, why it is harmless to send it twice. Where nothing stands it is not.
    pub repeats: BTreeMap<String, Repeat>,
}

/// A named origin that the connector may call.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// `https://{shop}.myshopify.com`: settings in braces.
    pub base_url: String,
    /// What may be asked of it.
    pub rules: Vec<Rule>,
    /// How the host authenticates; the first is the default, a connection may choose another by name.
    pub auth: Vec<Auth>,
    /// Whether `%2F` may stand inside a path segment. Few systems need it, and it blurs path patterns.
    pub encoded_slash: bool,
    /// What writes need besides the credential.
    pub csrf: Option<Csrf>,
    /// Where a guest may have a secret filled in.
    pub placements: Vec<Placement>,
    /// A cheap read that shows whether the credential is accepted: a path that `allow` covers.
    pub probe: Option<String>,
    /// The vendor's budget. Where the manifest has none, nothing is counted and `Retry-After` is still heard.
    pub rate: Arc<Rate>,
}

/// A secret that the connector needs.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretSpec {
    /// Lower-case words joined by `_`.
    pub name: String,
    /// What it is for.
    pub purpose: String,
    /// How to create it with the least privilege.
    #[serde(default)]
    pub how: String,
    /// Whether the connector works without it.
    #[serde(default)]
    pub optional: bool,
    /// Whether `secrets.hmac` may use it.
    #[serde(default)]
    pub hmac: bool,
}

/// A manifest that is refused: the line, what is wrong, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestError {
    /// Byte range in the text, where one is to blame.
    pub span: Option<std::ops::Range<usize>>,
    /// 1-based line, where one is to blame.
    pub line: Option<usize>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl fmt::Display for ManifestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "connector.toml:{line}: {}", self.message)?,
            None => write!(f, "connector.toml: {}", self.message)?,
        }
        match &self.hint {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ManifestError {}

// These sentences, and those of the types below, are the manifest's reference in the book.
/// The whole file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// Lower-case words joined by `-`, such as `zoho-crm`.
    id: Spanned<String>,
    /// Semantic version of the connector.
    version: String,
    /// The business system's name for people.
    title: String,
    /// The vendor's API version that the connector was written for.
    vendor_api: String,
    /// Those that it answers. What is not in the catalogue begins with the connector's id: `zoho_crm.note.add`.
    intents: Vec<Spanned<String>>,
    /// What it may call, by name.
    #[serde(default)]
    endpoint: BTreeMap<String, EndpointFile>,
    /// Secrets that it needs.
    #[serde(default)]
    secret: Vec<Spanned<SecretSpec>>,
    /// What differs from one account to the next: a JSON Schema in TOML for each, with `required = true` beside it.
    #[serde(default)]
    setting: BTreeMap<String, Spanned<toml::Table>>,
    /// Intents of other connectors that it may ask for, such as `order.status` or `ticket.*`.
    #[serde(default)]
    calls: Vec<String>,
    #[serde(default)]
    intent: BTreeMap<Spanned<String>, Spanned<repeat::IntentFile>>,
}

/// An origin that the connector may call, and nothing beside it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EndpointFile {
    /// `https://{shop}.myshopify.com`: settings in braces.
    base_url: Spanned<String>,
    /// Rules `read|write METHOD /path [graphql=query|mutation]`, such as `read GET /admin/api/*/orders.json`. `*` is one
    /// segment, `**` at the end one or more. What no rule covers is refused.
    allow: Vec<Spanned<String>>,
    /// One scheme, or a list of schemes with a `name` each, of which a connection chooses one; the first is the default.
    #[serde(default)]
    auth: Option<Spanned<toml::Value>>,
    /// Whether `%2F` may stand inside a path segment.
    #[serde(default)]
    encoded_slash: bool,
    /// What writes need besides the credential.
    #[serde(default)]
    csrf: Option<Spanned<Csrf>>,
    /// Where the connector may have a secret filled in.
    #[serde(default)]
    place: Vec<Spanned<Placement>>,
    /// A path that `allow` covers: a cheap read that shows whether the credential is accepted.
    #[serde(default)]
    probe: Option<Spanned<String>>,
    /// The vendor's budget. Without one, nothing is counted and `Retry-After` is still heard.
    #[serde(default)]
    rate: Option<Spanned<Rate>>,
}

/// Parsing with the text at hand, so that every complaint finds its line.
struct Reader<'t> {
    text: &'t str,
}

impl Reader<'_> {
    fn error(&self, span: Option<std::ops::Range<usize>>, message: impl Into<String>, hint: &str) -> ManifestError {
        let line = span.as_ref().map(|s| line_of(self.text, s.start));
        let hint = (!hint.is_empty()).then(|| hint.to_owned());
        ManifestError { span, line, message: message.into(), hint }
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes()[..offset.min(text.len())].iter().filter(|b| **b == b'\n').count() + 1
}

impl Manifest {
    /// Parses and checks the text of a `connector.toml`.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line and a hint.
    pub fn parse(text: &str) -> Result<Manifest, ManifestError> {
        let reader = Reader { text };
        let file: File = toml::from_str(text)
            .map_err(|e| reader.error(e.span(), e.message().to_owned(), "see the manifest reference in the docs"))?;

        if !is_dashed_name(file.id.get_ref()) {
            return Err(reader.error(
                Some(file.id.span()),
                format!("`{}` is not a connector id", file.id.get_ref()),
                "lower-case words joined by `-`, such as `zoho-crm`",
            ));
        }
        let mut intents = Vec::with_capacity(file.intents.len());
        for intent in file.intents {
            let span = Some(intent.span());
            let name = intent.into_inner();
            if !is_intent_name(&name) {
                return Err(reader.error(
                    span,
                    format!("`{name}` is not an intent name"),
                    "lower-case words joined by `.`, such as `order.status`",
                ));
            }
            if intents.contains(&name) {
                return Err(reader.error(span, format!("`{name}` is listed twice"), "remove one"));
            }
            intents.push(name);
        }
        if intents.is_empty() {
            return Err(reader.error(None, "no intent is listed", "add `intents = [\"order.status\"]`"));
        }

        let mut repeats = BTreeMap::new();
        for (name, section) in file.intent {
            if !intents.contains(name.get_ref()) {
                let message = format!("`[intent.\"{}\"]` is about an intent that is not listed", name.get_ref());
                return Err(reader.error(Some(name.span()), message, "add it to `intents`, or remove the section"));
            }
            let span = section.span();
            let repeat = section.into_inner().check();
            let repeat = repeat.map_err(|(message, hint)| reader.error(Some(span), message, hint))?;
            repeats.insert(name.into_inner(), repeat);
        }

        let mut secrets: Vec<SecretSpec> = Vec::with_capacity(file.secret.len());
        for secret in file.secret {
            let span = Some(secret.span());
            let secret = secret.into_inner();
            if !is_snake_name(&secret.name) {
                let message = format!("`{}` is not a secret name", secret.name);
                return Err(reader.error(span, message, "lower-case words joined by `_`, such as `access_token`"));
            }
            if secrets.iter().any(|s| s.name == secret.name) {
                return Err(reader.error(span, format!("secret `{}` is listed twice", secret.name), "remove one"));
            }
            secrets.push(secret);
        }

        let settings = settings_schema(&reader, file.setting)?;
        let mut endpoints = BTreeMap::new();
        for (name, endpoint) in file.endpoint {
            let checked = check_endpoint(&reader, &name, endpoint, &settings, &secrets)?;
            endpoints.insert(name, checked);
        }
        for secret in secrets.iter().filter(|s| s.hmac) {
            let by_scheme = |e: &Endpoint| e.auth.iter().any(|a| a.scheme.secrets().contains(&secret.name.as_str()));
            let filled_in = |e: &Endpoint| e.placements.iter().any(|p| p.secret == secret.name);
            if endpoints.values().any(|e| by_scheme(e) || filled_in(e)) {
                return Err(reader.error(
                    None,
                    format!("secret `{}` is for `hmac` and a credential as well", secret.name),
                    "a guest could have the credential's own signatures made: give each purpose a secret of its own",
                ));
            }
        }
        Ok(Manifest {
            id: file.id.into_inner(),
            version: file.version,
            title: file.title,
            vendor_api: file.vendor_api,
            intents,
            endpoints,
            secrets,
            settings,
            calls: file.calls,
            repeats,
        })
    }
}

fn check_endpoint(
    reader: &Reader<'_>,
    name: &str,
    endpoint: EndpointFile,
    settings: &Value,
    secrets: &[SecretSpec],
) -> Result<Endpoint, ManifestError> {
    let base_span = Some(endpoint.base_url.span());
    if !is_snake_name(name) {
        let message = format!("`{name}` is not an endpoint name");
        return Err(reader.error(base_span, message, "lower-case words joined by `_`, such as `admin`"));
    }
    let base_url = endpoint.base_url.into_inner();
    check_template(reader, base_span.clone(), &base_url, settings)?;
    if !base_url.starts_with("https://") && !base_url.starts_with('{') {
        return Err(reader.error(
            base_span,
            format!("base_url `{base_url}` is not https"),
            "a connection may override it with `settings.base_url` and `allow_insecure = true` for a test system",
        ));
    }
    let mut rules = Vec::with_capacity(endpoint.allow.len());
    for rule in endpoint.allow {
        let span = rule.span();
        let line = line_of(reader.text, span.start);
        rules.push(
            Rule::parse(rule.get_ref(), line)
                .map_err(|e| reader.error(Some(span), e.0, "such as `read GET /admin/api/*/orders.json`"))?,
        );
    }
    if rules.is_empty() {
        return Err(reader.error(base_span, format!("endpoint `{name}` allows nothing"), "add a rule to `allow`"));
    }
    let auth_span = endpoint.auth.as_ref().map(Spanned::span);
    let auth = match endpoint.auth.map(Spanned::into_inner) {
        None => Vec::new(),
        Some(toml::Value::Array(many)) => many,
        Some(one) => vec![one],
    };
    let auth = auth
        .into_iter()
        .map(|value| {
            check_auth(value)
                .map_err(|message| reader.error(auth_span.clone(), message, "see `auth` in the manifest reference"))
        })
        .collect::<Result<Vec<_>, _>>()?;
    for (i, option) in auth.iter().enumerate() {
        if auth[..i].iter().any(|a| a.name == option.name) {
            let message = format!("two auth schemes of endpoint `{name}` have the name `{}`", option.name);
            return Err(reader.error(auth_span, message, "give each its own `name`"));
        }
        for secret in option.scheme.secrets() {
            if !secrets.iter().any(|s| s.name == secret) {
                return Err(reader.error(
                    auth_span,
                    format!("auth of endpoint `{name}` uses the secret `{secret}`, which no `[[secret]]` declares"),
                    "add a `[[secret]]` with this name and its purpose",
                ));
            }
        }
        for template in option.scheme.clone().templates() {
            check_template(reader, auth_span.clone(), template, settings)?;
        }
    }
    if let Some(csrf) = &endpoint.csrf
        && !csrf.get_ref().path.starts_with('/')
    {
        let message = format!("`{}` is not a path", csrf.get_ref().path);
        return Err(reader.error(Some(csrf.span()), message, "it begins with `/`, below the endpoint's base URL"));
    }
    let mut placements = Vec::with_capacity(endpoint.place.len());
    for placement in endpoint.place {
        let span = Some(placement.span());
        let placement = placement.into_inner();
        if !secrets.iter().any(|s| s.name == placement.secret) {
            let message = format!(
                "a place of endpoint `{name}` uses the secret `{}`, which no `[[secret]]` declares",
                placement.secret
            );
            return Err(reader.error(span, message, "add a `[[secret]]` with this name and its purpose"));
        }
        placements.push(placement);
    }
    if let Some(probe) = &endpoint.probe {
        check_template(reader, Some(probe.span()), probe.get_ref(), settings)?;
    }
    if let Some(rate) = &endpoint.rate {
        rate.get_ref().check().map_err(|message| {
            reader.error(Some(rate.span()), message, "see `rate` in the manifest reference; times are in milliseconds")
        })?;
    }
    Ok(Endpoint {
        base_url,
        rules,
        auth,
        encoded_slash: endpoint.encoded_slash,
        csrf: endpoint.csrf.map(Spanned::into_inner),
        placements,
        probe: endpoint.probe.map(Spanned::into_inner),
        rate: Arc::new(endpoint.rate.map(Spanned::into_inner).unwrap_or_default()),
    })
}

/// One scheme, with its name taken out of the table that it shares with the scheme's own parts.
fn check_auth(mut value: toml::Value) -> Result<Auth, String> {
    let name = match value.as_table_mut().and_then(|t| t.remove("name")) {
        None => "default".to_owned(),
        Some(toml::Value::String(name)) => name,
        Some(_) => return Err("the name of an auth scheme is a text".to_owned()),
    };
    let scheme = value.try_into::<Scheme>().map_err(|e| e.message().to_owned())?;
    scheme.check()?;
    Ok(Auth { name, scheme })
}

/// Every `{name}` of a template must be a setting.
fn check_template(
    reader: &Reader<'_>,
    span: Option<std::ops::Range<usize>>,
    template: &str,
    settings: &Value,
) -> Result<(), ManifestError> {
    for part in template.split('{').skip(1) {
        let Some((name, _)) = part.split_once('}') else {
            return Err(reader.error(span, format!("`{template}` has an open brace"), "write settings as `{name}`"));
        };
        if !USER_TEXTS.contains(&name) && settings["properties"].get(name).is_none() {
            return Err(reader.error(
                span,
                format!("`{template}` uses the setting `{name}`, which is not declared"),
                "add `[setting.NAME]` with a type and a description",
            ));
        }
    }
    Ok(())
}

/// The JSON Schema of a connection's settings: `[setting.NAME]` tables are property schemas, with `required = true`
/// beside the schema's own keywords.
fn settings_schema(
    reader: &Reader<'_>,
    declared: BTreeMap<String, Spanned<toml::Table>>,
) -> Result<Value, ManifestError> {
    let mut properties = serde_json::Map::new();
    let mut required = Vec::new();
    for (name, table) in declared {
        let span = Some(table.span());
        if !is_snake_name(&name) {
            let message = format!("`{name}` is not a setting name");
            return Err(reader.error(span, message, "lower-case words joined by `_`, such as `order_api`"));
        }
        let mut schema = serde_json::to_value(table.into_inner())
            .map_err(|e| reader.error(span.clone(), e.to_string(), "a setting is a JSON Schema written in TOML"))?;
        let map = schema.as_object_mut();
        if let Some(Value::Bool(true)) = map.and_then(|m| m.remove("required")) {
            required.push(Value::String(name.clone()));
        }
        if schema.get("type").is_none() && schema.get("enum").is_none() {
            return Err(reader.error(span, format!("setting `{name}` has no type"), "add `type = \"string\"`"));
        }
        properties.insert(name, schema);
    }
    for (name, schema) in standard_settings() {
        properties.entry(name).or_insert(schema);
    }
    Ok(serde_json::json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    }))
}

/// Settings that every connection has: configuration over code.
fn standard_settings() -> [(String, Value); 6] {
    let map = |description: &str| serde_json::json!({ "type": "object", "additionalProperties": { "type": "string" }, "description": description });
    [
        (
            "base_url".to_owned(),
            serde_json::json!({ "type": "string", "description": "Origin used instead of every endpoint's base_url, such as a proxy or a test system." }),
        ),
        (
            "login_url".to_owned(),
            serde_json::json!({ "type": "string", "description": "Origin used instead of that of every token and authorization URL, such as a test system." }),
        ),
        ("field_map".to_owned(), map("Canonical field name to the vendor's custom field.")),
        (
            "defaults".to_owned(),
            serde_json::json!({ "type": "object", "description": "Values used where the input says nothing." }),
        ),
        (
            "status_names".to_owned(),
            serde_json::json!({
                "type": "object",
                "additionalProperties": { "type": "object", "additionalProperties": { "type": "string" } },
                "description": "By table: vendor code to canonical code, where the connector's own reading is not this account's."
            }),
        ),
        (
            "api_version".to_owned(),
            serde_json::json!({ "type": "string", "description": "The vendor's API version.", "pattern": "^[A-Za-z0-9._-]{1,32}$" }),
        ),
    ]
}

/// Lower-case words joined by `-`; a connector id or a connection name.
pub fn is_dashed_name(name: &str) -> bool {
    is_name(name, b'-')
}

/// Lower-case words joined by `_`; an endpoint, secret or setting name.
pub fn is_snake_name(name: &str) -> bool {
    is_name(name, b'_')
}

fn is_name(name: &str, joint: u8) -> bool {
    name.len() <= 63
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == joint)
}

#[cfg(test)]
mod tests;
