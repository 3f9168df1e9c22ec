//! The grant of a connection: what the manifest asks for AND the operator's connection allows. Nothing else exists
//! for the guest.
//!
//! [`Grant::check`] is the only maker of [`Granted`], and the egress takes nothing but `Granted<OutboundRequest>`:
//! a forgotten check does not compile.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use crate::intent::covers;
use crate::manifest::{Access, Auth, Csrf, Manifest, Placement, Rule, Scheme};
use crate::rate::Rate;

mod base;
mod credential;
mod endpoint;
mod graphql;
mod path;

pub use path::{PathError, Segments};

/// A request as a guest asks for it. Nothing in it has been checked.
#[derive(Clone, Debug)]
pub struct OutboundRequest {
    /// Name of an `[endpoint.NAME]`.
    pub endpoint: String,
    /// Upper case.
    pub method: Method,
    /// Begins with `/`, segments percent-encoded.
    pub path: String,
    /// Decoded names and values.
    pub query: Vec<(String, String)>,
    /// As the guest wrote them.
    pub headers: Vec<(String, String)>,
    /// Raw bytes.
    pub body: Option<Bytes>,
    /// The guest's own bound for this request.
    pub timeout: Option<Duration>,
    /// The author's word that sending it twice does no more than sending it once.
    pub idempotent: bool,
}

/// Proof that a value passed the grant. Fields are private: only this module makes one.
#[derive(Clone, Debug)]
pub struct Granted<T> {
    value: T,
    url: Url,
    headers: Vec<(HeaderName, HeaderValue)>,
    access: Access,
    endpoint: Arc<EndpointGrant>,
}

impl<T> Granted<T> {
    /// What was granted.
    pub fn value(&self) -> &T {
        &self.value
    }

    /// The full URL, on the endpoint's origin, without credentials.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Checked headers, in the guest's order.
    pub fn headers(&self) -> &[(HeaderName, HeaderValue)] {
        &self.headers
    }

    /// Whether the rule that allowed it is a `write` rule.
    pub fn access(&self) -> Access {
        self.access
    }

    /// The connection whose grant it passed: credentials are looked up by this name and no other.
    pub fn connection(&self) -> &str {
        &self.endpoint.owner.connection
    }

    /// Whose connection it is: with the connection's name and the user, the whole key of a credential.
    pub fn tenant(&self) -> &str {
        &self.endpoint.owner.tenant
    }

    /// Where the connection stands, such as `jackfield.toml:12`.
    pub fn place(&self) -> &str {
        &self.endpoint.owner.place
    }

    /// The endpoint with its authentication and address policy.
    pub fn endpoint(&self) -> &Arc<EndpointGrant> {
        &self.endpoint
    }
}

/// An endpoint as this connection may use it.
#[derive(Clone, Debug)]
pub struct EndpointGrant {
    /// Name in the manifest.
    pub name: String,
    /// Settings filled in.
    pub base: Url,
    /// Those rules that the connection's access leaves.
    pub rules: Vec<Rule>,
    /// Those that `access = "read"` took away, or that a look back has no use for; kept to explain a refusal.
    withheld: Vec<Rule>,
    /// Whether it is a grant to look back with: see [`Grant::looking_back`].
    looks_back: bool,
    /// The chosen scheme, settings filled in.
    pub scheme: Scheme,
    /// Which of the connection's tokens it uses, such as `api/oauth`.
    pub slot: Arc<str>,
    /// Whose credential it is.
    pub subject: Subject,
    /// What writes need besides the credential.
    pub csrf: Option<Csrf>,
    /// Where a guest may have a secret filled in.
    pub placements: Vec<Placement>,
    /// A cheap read that shows whether the credential is accepted.
    pub probe: Option<String>,
    /// The vendor's budget.
    pub rate: Arc<Rate>,
    /// Addresses and transport.
    pub network: NetworkPolicy,
    encoded_slash: bool,
    owner: Arc<Owner>,
}

/// Whose credential a connection uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// One for all calls.
    #[default]
    Connection,
    /// Each user's own; a call without a verified user gets none.
    User,
}

/// Whose grant it is: the names that a refusal mentions.
#[derive(Clone, Debug)]
struct Owner {
    tenant: String,
    connection: String,
    connector: String,
    place: String,
}

/// Which addresses may be dialled and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetworkPolicy {
    /// Private, loopback or otherwise special addresses that the operator listed for this connection.
    pub allow_addresses: Vec<IpNet>,
    /// Plain HTTP is acceptable: test systems only, since credentials travel in the clear.
    pub allow_insecure: bool,
}

/// A secret as this connection may use it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SecretGrant {
    /// The manifest marks it for `secrets.hmac`.
    pub hmac: bool,
    /// The operator wrote `reveal = true`.
    pub reveal: bool,
}

/// What the operator's connection allows.
#[derive(Clone, Debug)]
pub struct ConnectionGrant<'a> {
    /// Name of the connection.
    pub name: &'a str,
    /// Whose it is.
    pub tenant: &'a str,
    /// Whose credential it uses.
    pub subject: Subject,
    /// Where it stands, such as `jackfield.toml:12`.
    pub place: &'a str,
    /// Settings, already validated against the manifest's schema, defaults filled in.
    pub settings: &'a Value,
    /// `read` unless the operator wrote otherwise.
    pub access: Access,
    /// Endpoint name to the name of one of its auth schemes.
    pub auth: &'a BTreeMap<String, String>,
    /// Configured secrets and whether each may be revealed.
    pub secrets: &'a BTreeMap<String, bool>,
    /// Address policy.
    pub network: NetworkPolicy,
}

impl EndpointGrant {
    /// Whose connection it belongs to.
    pub fn tenant(&self) -> &str {
        &self.owner.tenant
    }

    /// The connection it belongs to.
    pub fn connection(&self) -> &str {
        &self.owner.connection
    }

    /// Where that connection stands, such as `jackfield.toml:12`.
    pub fn place(&self) -> &str {
        &self.owner.place
    }

    /// The segments of a path within this endpoint, as its patterns see them.
    ///
    /// # Errors
    /// When the path could mean something else to somebody else.
    pub fn segments<'p>(&self, path: &'p str) -> Result<Segments<'p>, PathError> {
        Segments::parse(path, self.encoded_slash)
    }

    /// The read that shows whether a credential is accepted, checked like a guest's; nothing where the manifest names
    /// none.
    ///
    /// # Errors
    /// As [`Grant::check`]: a probe needs a rule like any other request.
    pub fn probe(endpoint: &Arc<EndpointGrant>) -> Option<Result<Granted<OutboundRequest>, Refusal>> {
        let probe = endpoint.probe.as_deref()?;
        let (path, query) = probe.split_once('?').unwrap_or((probe, ""));
        let request = OutboundRequest {
            endpoint: endpoint.name.clone(),
            method: Method::GET,
            path: path.to_owned(),
            query: url::form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
            headers: Vec::new(),
            body: None,
            timeout: None,
            idempotent: true,
        };
        Some(EndpointGrant::check(endpoint, request))
    }
}

/// Everything that exists for the guests of one connection.
#[derive(Clone, Debug)]
pub struct Grant {
    owner: Arc<Owner>,
    access: Access,
    endpoints: BTreeMap<String, Arc<EndpointGrant>>,
    secrets: BTreeMap<String, SecretGrant>,
    calls: Vec<String>,
}

/// Why a connection cannot be granted at all: a mistake in the configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct GrantError {
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: String,
}

/// A refusal, with the line that would allow it. Its text is the operator's; see [`Denial::for_guest`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}; {}{remedy}", place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default())]
pub struct Denial {
    /// What was refused and why.
    pub reason: String,
    /// Where the remedy belongs, such as `jackfield.toml:12`, when it is the operator's to write.
    pub place: Option<String>,
    /// Which line would allow it.
    pub remedy: String,
}

impl Denial {
    /// The same in words that the guest may read: where the operator keeps the configuration is none of its business.
    pub fn for_guest(&self) -> String {
        format!("{}; {}", self.reason, self.remedy)
    }
}

/// Why a request does not leave.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Outside the grant.
    #[error(transparent)]
    Denied(#[from] Denial),
    /// Malformed, whatever the grant says.
    #[error("{0}")]
    Invalid(String),
}

impl Grant {
    /// Intersects a manifest with a connection.
    ///
    /// # Errors
    /// When a base URL does not resolve to an acceptable origin, or an auth choice names nothing.
    pub fn resolve(manifest: &Manifest, connection: &ConnectionGrant<'_>) -> Result<Grant, GrantError> {
        let owner = Arc::new(Owner {
            tenant: connection.tenant.to_owned(),
            connection: connection.name.to_owned(),
            connector: manifest.id.clone(),
            place: connection.place.to_owned(),
        });
        let mut endpoints = BTreeMap::new();
        for (name, endpoint) in &manifest.endpoints {
            let base = base::url(&endpoint.base_url, connection)?;
            let chosen = match connection.auth.get(name) {
                None => endpoint.auth.first(),
                Some(choice) => {
                    let found = endpoint.auth.iter().find(|a| a.name == *choice);
                    if found.is_none() {
                        let known: Vec<_> = endpoint.auth.iter().map(|a| format!("`{}`", a.name)).collect();
                        return Err(GrantError {
                            message: format!("endpoint `{name}` of `{}` has no auth named `{choice}`", manifest.id),
                            hint: format!("it has {}", known.join(", ")),
                        });
                    }
                    found
                }
            };
            let auth = chosen.cloned().unwrap_or(Auth { name: "none".to_owned(), scheme: Scheme::None });
            let auth = credential::resolve(name, auth, connection)?;
            // Endpoints that authenticate in the same way share one token.
            let shared = endpoints.values().find(|e: &&Arc<EndpointGrant>| e.scheme == auth.scheme);
            let slot = shared.map_or_else(|| format!("{name}/{}", auth.name).into(), |e| e.slot.clone());
            let probe =
                endpoint.probe.as_deref().map(|path| base::fill(path, connection.settings, |_| true)).transpose()?;
            let (rules, withheld) = endpoint.rules.iter().cloned().partition(|r| r.access <= connection.access);
            endpoints.insert(
                name.clone(),
                Arc::new(EndpointGrant {
                    name: name.clone(),
                    base,
                    rules,
                    withheld,
                    looks_back: false,
                    scheme: auth.scheme,
                    slot,
                    subject: connection.subject,
                    csrf: endpoint.csrf.clone(),
                    placements: endpoint.placements.clone(),
                    probe,
                    rate: endpoint.rate.clone(),
                    network: connection.network.clone(),
                    encoded_slash: endpoint.encoded_slash,
                    owner: owner.clone(),
                }),
            );
        }
        let secrets = manifest
            .secrets
            .iter()
            .filter_map(|s| {
                let reveal = *connection.secrets.get(&s.name)?;
                Some((s.name.clone(), SecretGrant { hmac: s.hmac, reveal }))
            })
            .collect();
        Ok(Grant { owner, access: connection.access, endpoints, secrets, calls: manifest.calls.clone() })
    }

    /// The same for a look at what became of a write: reading rules and nothing else, whatever the connection may do.
    /// Other connectors are not asked either, since what they would do is theirs to decide.
    pub fn looking_back(&self) -> Grant {
        let narrowed = |endpoint: &Arc<EndpointGrant>| {
            let mut endpoint = EndpointGrant::clone(endpoint);
            let writes = endpoint.rules.extract_if(.., |rule| rule.access == Access::Write);
            endpoint.withheld.extend(writes);
            endpoint.looks_back = true;
            Arc::new(endpoint)
        };
        let endpoints = self.endpoints.iter().map(|(name, endpoint)| (name.clone(), narrowed(endpoint))).collect();
        Grant { access: Access::Read, endpoints, calls: Vec::new(), ..self.clone() }
    }

    /// Name of the connection.
    pub fn connection(&self) -> &str {
        &self.owner.connection
    }

    /// Where the connection stands, such as `jackfield.toml:12`.
    pub fn place(&self) -> &str {
        &self.owner.place
    }

    /// Whether the connection may change the business system.
    pub fn access(&self) -> Access {
        self.access
    }

    /// Endpoints by name.
    pub fn endpoints(&self) -> impl Iterator<Item = &Arc<EndpointGrant>> {
        self.endpoints.values()
    }

    /// Names of the granted secrets.
    pub fn secret_names(&self) -> impl Iterator<Item = &str> {
        self.secrets.keys().map(String::as_str)
    }

    /// Whether a secret may be used for `secrets.hmac`.
    ///
    /// # Errors
    /// A denial that names the line that would allow it.
    pub fn check_hmac(&self, name: &str) -> Result<(), Denial> {
        match self.secrets.get(name) {
            Some(secret) if secret.hmac => Ok(()),
            Some(_) => Err(Denial {
                reason: format!("secret `{name}` is not for `hmac`"),
                place: None,
                remedy: format!("connector.toml of `{}`: set `hmac = true` in its `[[secret]]`", self.owner.connector),
            }),
            None => Err(self.no_secret(name)),
        }
    }

    /// Whether a secret's value may be shown to the guest.
    ///
    /// # Errors
    /// A denial that names the line that would allow it.
    pub fn check_reveal(&self, name: &str) -> Result<(), Denial> {
        match self.secrets.get(name) {
            Some(secret) if secret.reveal => Ok(()),
            Some(_) => Err(Denial {
                reason: format!("secret `{name}` of connection `{}` is not to be revealed", self.owner.connection),
                place: Some(self.owner.place.clone()),
                remedy: format!(
                    "write `{name} = {{ source = \"...\", reveal = true }}` under `[connection.{}.secrets]`",
                    self.owner.connection
                ),
            }),
            None => Err(self.no_secret(name)),
        }
    }

    fn no_secret(&self, name: &str) -> Denial {
        Denial {
            reason: format!("connection `{}` has no secret `{name}`", self.owner.connection),
            place: Some(self.owner.place.clone()),
            remedy: format!(
                "add `{name} = \"env:...\"` under `[connection.{}.secrets]`, and a `[[secret]]` in connector.toml of `{}`",
                self.owner.connection, self.owner.connector
            ),
        }
    }

    /// Whether the connector may ask for an intent of another connection.
    ///
    /// # Errors
    /// A denial that names the line that would allow it.
    pub fn check_intent(&self, intent: &str) -> Result<(), Denial> {
        if self.calls.iter().any(|p| covers(p, intent)) {
            return Ok(());
        }
        Err(Denial {
            reason: format!("`{}` may not call the intent `{intent}`", self.owner.connector),
            place: None,
            remedy: format!("connector.toml of `{}`: add `\"{intent}\"` to `calls`", self.owner.connector),
        })
    }

    /// Checks one request against endpoint, method, path, headers and, for GraphQL, the document.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for what no grant could allow, [`Refusal::Denied`] with the line that would.
    pub fn check(&self, request: OutboundRequest) -> Result<Granted<OutboundRequest>, Refusal> {
        let endpoint = self.endpoints.get(&request.endpoint).ok_or_else(|| Denial {
            reason: format!("`{}` has no endpoint `{}`", self.owner.connector, printable(&request.endpoint)),
            place: None,
            remedy: format!("connector.toml of `{}`: add `[endpoint.NAME]`", self.owner.connector),
        })?;
        EndpointGrant::check(endpoint, request)
    }
}

impl Granted<OutboundRequest> {
    /// Re-checks a redirect of a read: only within the origin, and the new path needs a rule as well.
    ///
    /// # Errors
    /// As [`Grant::check`]; another origin is always denied.
    pub fn redirect(&self, location: &str) -> Result<Granted<OutboundRequest>, Refusal> {
        let target = self.url.join(location).map_err(|_| Refusal::Invalid("redirect to no URL".to_owned()))?;
        if target.origin() != self.endpoint.base.origin() {
            return Err(Refusal::Denied(Denial {
                reason: format!(
                    "endpoint `{}` redirects to another origin, {}",
                    self.endpoint.name,
                    printable(&target.origin().ascii_serialization())
                ),
                place: None,
                remedy: "no line allows this; give the endpoint the origin that really answers".to_owned(),
            }));
        }
        let prefix = self.endpoint.base.path().trim_end_matches('/');
        let inside = target.path().strip_prefix(prefix).filter(|rest| rest.starts_with('/'));
        let Some(path) = inside.map(str::to_owned) else {
            return Err(Refusal::Denied(Denial {
                reason: format!("endpoint `{}` redirects outside its base path `{prefix}`", self.endpoint.name),
                place: None,
                remedy: "no line allows this; give the endpoint the base URL that really answers".to_owned(),
            }));
        };
        let query = target.query_pairs().map(|(k, v)| (k.into_owned(), v.into_owned())).collect();
        EndpointGrant::check(&self.endpoint, OutboundRequest { path, query, body: None, ..self.value.clone() })
    }
}

/// A guest's text for a message: bounded, and without control characters.
fn printable(text: &str) -> String {
    let mut out: String = text.chars().take(120).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.chars().nth(120).is_some() {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests;
