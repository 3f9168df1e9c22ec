//! Answers for the credential on a request: which scheme of the endpoint, made of which secrets, put where, and whether
//! another one is worth a try after the system refused it. It is put on after every check and just before sending; what
//! is made here reaches neither a guest nor a log.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use jackfield_core::call::CallContext;
use jackfield_core::grant::{Granted, OutboundRequest};
use jackfield_core::manifest::{OAuth1, Scheme};
use jackfield_core::port::SendError;
use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::client::Connection;
use crate::clock;
use crate::random;
use crate::state::{State, States};
use crate::token::{Ask, Token, Tokens, scope_names};
use crate::vault::{SecretValue, Vault};

mod api_key;
mod basic;
pub(crate) mod certificate;
mod challenge;
pub(crate) mod csrf;
pub(crate) mod jwt;
mod oauth1;
pub(crate) mod placement;
pub(crate) mod saml;
pub(crate) mod sign;

/// What a body has to be for its parameters to be signed (RFC 5849, section 3.4.1.3.1).
const FORM_TYPE: &[u8] = b"application/x-www-form-urlencoded";

/// Makes the credentials of every connection.
pub(crate) struct Credentials {
    pub(crate) vault: Arc<Vault>,
    pub(crate) states: Arc<States>,
    pub(crate) tokens: Tokens,
}

/// What a scheme adds to one request.
pub(crate) enum Credential {
    /// Nothing.
    None,
    /// A header, marked sensitive.
    Header(HeaderName, HeaderValue),
    /// An encoded `name=value` at the end of the query.
    Query(Zeroizing<String>),
}

/// How often a refused secret is followed by another one: by the value before a rotation, and, where that was retired
/// while the request was under way, by the new one once more.
const VALUES_MAX: u8 = 2;

/// One try of a request: what it carries and where that came from.
pub(crate) struct Attempt {
    pub(crate) credential: Credential,
    origin: Origin,
    ask: Ask,
    /// How many refusals have led to this one.
    refusals: u8,
}

/// Where a credential came from.
enum Origin {
    Nowhere,
    Secrets(Values),
    Token(Arc<Token>),
}

/// What the system's answer means for the credential.
pub(crate) enum Judgement {
    /// The answer is the answer.
    Stands,
    /// The request was not processed, and there is another credential to try it with, once.
    Again(Attempt),
}

impl Attempt {
    /// Whose credential it is.
    pub(crate) fn ask(&self) -> &Ask {
        &self.ask
    }
}

impl Credentials {
    /// Makes the credential of a granted request.
    ///
    /// # Errors
    /// `Denied` when it would travel in the clear or off the endpoint's origin, or belongs to a user that the call does
    /// not name; `ReauthRequired` when a secret or a token is missing; what else getting a token leads to.
    pub(crate) async fn acquire(
        &self,
        granted: &Granted<OutboundRequest>,
        context: &CallContext,
        connection: &Arc<Connection>,
        deadline: Instant,
    ) -> Result<Attempt, SendError> {
        check_origin(granted)?;
        let ask = Ask::of(granted.endpoint(), context)?;
        let scheme = &granted.endpoint().scheme;
        let (credential, origin) = match scheme {
            Scheme::None => (Credential::None, Origin::Nowhere),
            Scheme::OAuth2(oauth2) => {
                let token = self.tokens.get(&ask, connection, deadline).await?;
                (bearing(&oauth2.header, &token)?, Origin::Token(token))
            }
            _ => {
                let values = Values::read(&self.vault, granted).await?;
                (self.of_secrets(granted, &values)?, Origin::Secrets(values))
            }
        };
        Ok(Attempt { credential, origin, ask, refusals: 0 })
    }

    /// The schemes that are made of secrets alone.
    fn of_secrets(&self, granted: &Granted<OutboundRequest>, values: &Values) -> Result<Credential, SendError> {
        match &granted.endpoint().scheme {
            Scheme::Header { header, secret, prefix } => api_key::header(values, header, prefix, secret),
            Scheme::Bearer { secret } => api_key::bearer(values, secret),
            Scheme::Query { parameter, secret } => api_key::query(values, parameter, secret),
            Scheme::Basic { username, secret, username_secret } => {
                let names = basic::Names { secret: secret.as_deref(), username_secret: username_secret.as_deref() };
                basic::header(&self.vault, values, &granted.endpoint().name, username, &names)
            }
            Scheme::OAuth1(oauth1) => signature(values, granted, oauth1),
            // Not made of secrets alone.
            Scheme::None | Scheme::OAuth2(_) => Ok(Credential::None),
        }
    }

    /// Judges an answer by its head: whether the credential was accepted, and if not, whether there is another.
    ///
    /// # Errors
    /// `ReauthRequired` when a token was refused and so was the one after it; what else getting a token leads to.
    pub(crate) async fn judge(
        &self,
        attempt: &Attempt,
        granted: &Granted<OutboundRequest>,
        connection: &Arc<Connection>,
        (status, headers): (StatusCode, &HeaderMap),
        deadline: Instant,
    ) -> Result<Judgement, SendError> {
        if status == StatusCode::UNAUTHORIZED {
            return self.refused(attempt, granted, connection, deadline).await;
        }
        let subject = attempt.ask.subject();
        if status == StatusCode::FORBIDDEN {
            let named = challenge::insufficient_scope(headers.get_all(WWW_AUTHENTICATE));
            if let Some(scope) = named {
                let names: Vec<String> = scope_names(&self.vault.scrub(&scope)).map(str::to_owned).collect();
                self.states.lacks(&subject, &names);
            }
            return Ok(Judgement::Stands);
        }
        // A server that is in trouble may not have looked at the credential.
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            return Ok(Judgement::Stands);
        }
        match &attempt.origin {
            Origin::Nowhere => {}
            Origin::Secrets(values) => {
                for (name, value) in &values.known {
                    // Its predecessor in a rotation has had its day.
                    self.vault.accepted(granted.connection(), name, value);
                }
                self.states.accepted(&subject);
            }
            Origin::Token(token) => {
                // Only the first time: a token that still works while its renewal is refused is no good news.
                if token.accept() {
                    self.states.accepted(&subject);
                }
            }
        }
        Ok(Judgement::Stands)
    }

    /// A 401: the request was not processed, so that trying again is right for a write as well.
    async fn refused(
        &self,
        attempt: &Attempt,
        granted: &Granted<OutboundRequest>,
        connection: &Arc<Connection>,
        deadline: Instant,
    ) -> Result<Judgement, SendError> {
        let connection_name = granted.connection();
        let subject = attempt.ask.subject();
        match &attempt.origin {
            Origin::Nowhere => Ok(Judgement::Stands),
            Origin::Secrets(values) => {
                if attempt.refusals < VALUES_MAX
                    && let Some(other) = values.swapped(&self.vault).await
                {
                    let credential = self.of_secrets(granted, &other)?;
                    let (origin, ask) = (Origin::Secrets(other), attempt.ask.clone());
                    return Ok(Judgement::Again(Attempt { credential, origin, ask, refusals: attempt.refusals + 1 }));
                }
                let reason = format!("the system refuses {} of connection `{connection_name}`", values.names());
                self.states.troubled(&subject, State::ReauthRequired, &reason);
                Ok(Judgement::Stands)
            }
            Origin::Token(token) => {
                let Scheme::OAuth2(oauth2) = &granted.endpoint().scheme else { return Ok(Judgement::Stands) };
                if attempt.refusals == 0
                    && let Some(token) = self.tokens.after_refusal(&attempt.ask, token, connection, deadline).await?
                {
                    let credential = bearing(&oauth2.header, &token)?;
                    let (origin, ask) = (Origin::Token(token), attempt.ask.clone());
                    return Ok(Judgement::Again(Attempt { credential, origin, ask, refusals: 1 }));
                }
                let reason = format!(
                    "the system refuses the access token of connection `{connection_name}`, also a new one; \
                     check what the client may do there"
                );
                self.states.troubled(&subject, State::ReauthRequired, &reason);
                Err(SendError::ReauthRequired(reason))
            }
        }
    }
}

/// The values of the secrets that a credential is made of.
pub(crate) struct Values {
    connection: Arc<str>,
    known: Vec<(String, Arc<SecretValue>)>,
}

impl Values {
    async fn read(vault: &Vault, granted: &Granted<OutboundRequest>) -> Result<Values, SendError> {
        let connection: Arc<str> = granted.connection().into();
        let mut known = Vec::new();
        for name in granted.endpoint().scheme.required_secrets() {
            known.push((name.to_owned(), read(vault, &connection, name).await?));
        }
        Ok(Values { connection, known })
    }

    fn get(&self, name: &str) -> Result<&str, SendError> {
        let found = self.known.iter().find(|(known, _)| known == name);
        let (_, value) = found.ok_or_else(|| self.unusable(name, "it has no value"))?;
        Ok(value.expose())
    }

    /// The same with other live values, where there are any: during a rotation two are.
    async fn swapped(&self, vault: &Vault) -> Option<Values> {
        let mut other = Values { connection: self.connection.clone(), known: self.known.clone() };
        let mut any = false;
        for (name, value) in &mut other.known {
            if let Some(live) = vault.refused(&self.connection, name, value).await {
                *value = live;
                any = true;
            }
        }
        any.then_some(other)
    }

    fn names(&self) -> String {
        let names: Vec<_> = self.known.iter().map(|(name, _)| format!("secret `{name}`")).collect();
        names.join(" and ")
    }

    fn unusable(&self, name: &str, why: &str) -> SendError {
        SendError::ReauthRequired(format!("secret `{name}` of connection `{}`: {why}", self.connection))
    }

    /// A header value that no log shows. `secret` names what it was made of.
    fn header(&self, secret: &str, text: &str) -> Result<HeaderValue, SendError> {
        sensitive(text).ok_or_else(|| self.unusable(secret, "it has a character that cannot stand in a header"))
    }
}

/// A header value that no log shows, in memory that is wiped with its last copy.
pub(crate) fn sensitive(text: &str) -> Option<HeaderValue> {
    let bytes = Bytes::from_owner(Zeroizing::new(text.as_bytes().to_vec()));
    let mut value = HeaderValue::from_maybe_shared(bytes).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// A signature over the request as it is sent (RFC 5849).
fn signature(values: &Values, granted: &Granted<OutboundRequest>, scheme: &OAuth1) -> Result<Credential, SendError> {
    let token = match (&scheme.token, &scheme.token_secret) {
        (Some(token), Some(secret)) => Some((values.get(token)?, values.get(secret)?)),
        _ => None,
    };
    let keys = oauth1::Keys {
        consumer_key: values.get(&scheme.consumer_key)?,
        consumer_secret: values.get(&scheme.consumer_secret)?,
        token,
    };
    let form = granted
        .headers()
        .iter()
        .any(|(name, value)| *name == CONTENT_TYPE && value.as_bytes().to_ascii_lowercase().starts_with(FORM_TYPE));
    let message = oauth1::Message {
        method: &granted.value().method,
        url: granted.url(),
        form: granted.value().body.as_deref().filter(|_| form),
    };
    let nonce = random::name().map_err(|detail| SendError::Unavailable { detail, sent: false })?;
    let now_s = i64::try_from(clock::now_ms() / 1000).unwrap_or(i64::MAX);
    let text = oauth1::authorization(&message, scheme.realm.as_deref(), &keys, &nonce, now_s);
    // The signature is good for this one request alone, and what else it shows is known to the scrubber.
    Ok(Credential::Header(AUTHORIZATION, values.header(&scheme.consumer_secret, &text)?))
}

fn bearing(header: &str, token: &Token) -> Result<Credential, SendError> {
    // The usual one without a look at its letters.
    let name = if header == "Authorization" { AUTHORIZATION } else { header_name(header)? };
    Ok(Credential::Header(name, token.header()))
}

pub(crate) fn header_name(header: &str) -> Result<HeaderName, SendError> {
    HeaderName::from_bytes(header.as_bytes())
        .map_err(|_| SendError::Denied(format!("`{header}` in the connector's auth scheme is not a header name")))
}

/// The grant sees to both already. A credential is worth a second look.
fn check_origin(granted: &Granted<OutboundRequest>) -> Result<(), SendError> {
    let (endpoint, url) = (granted.endpoint(), granted.url());
    if endpoint.scheme == Scheme::None && endpoint.placements.is_empty() {
        return Ok(());
    }
    if url.scheme() != "https" && !endpoint.network.allow_insecure {
        return Err(SendError::Denied(format!(
            "endpoint `{}` is plain HTTP and its credential would travel in the clear; \
             use https, or for a test system set `allow_insecure = true` in `[connection.{}]`",
            endpoint.name,
            granted.connection()
        )));
    }
    let same_origin = url.scheme() == endpoint.base.scheme()
        && url.host() == endpoint.base.host()
        && url.port_or_known_default() == endpoint.base.port_or_known_default();
    if !same_origin {
        return Err(SendError::Denied(format!("the credential of endpoint `{}` stays on its origin", endpoint.name)));
    }
    Ok(())
}

/// The value of a secret as it is now.
pub(crate) async fn read(vault: &Vault, connection: &str, name: &str) -> Result<Arc<SecretValue>, SendError> {
    vault.read(connection, name).await.map_err(|problem| SendError::ReauthRequired(problem.brief()))
}
