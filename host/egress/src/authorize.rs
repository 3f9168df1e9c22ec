//! Answers for asking somebody's consent: the page to send them to, and whether what comes back is the answer to that
//! (RFC 6749, section 4.1, with PKCE of RFC 7636 and the issuer check of RFC 9207). Opening the page and taking the
//! callback is the host's business; what the consent gives is kept by `token/consent.rs`.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use jackfield_core::call::User;
use jackfield_core::grant::EndpointGrant;
use jackfield_core::manifest::TokenGrant;
use jackfield_core::port::SendError;
use sha2::{Digest, Sha256};
use tokio::time::Instant;
use url::Url;
use zeroize::Zeroizing;

use crate::Egress;
use crate::random;
use crate::token::{Ask, With, printable};

/// The exchange of a code is over after this time.
const EXCHANGE_MAX: Duration = Duration::from_secs(20);

/// Bound of what comes back, in bytes.
const CALLBACK_BYTES_MAX: usize = 16 << 10;

/// A consent that was asked for. It is good for one callback, and has no `Debug`: whoever has it can finish it.
pub struct Authorization {
    ask: Ask,
    url: Url,
    redirect_uri: String,
    state: Zeroizing<String>,
    verifier: Zeroizing<String>,
    issuer: Issuer,
}

/// Who has to have answered.
enum Issuer {
    /// As the manifest names it: then it has to be said.
    Written(String),
    /// The origin of the page, where it is said at all.
    Origin(String),
}

/// Why there is no consent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConnectError {
    /// The connection has no page to ask at.
    NoPage(String),
    /// What came back is not the answer to what was asked.
    Forged(&'static str),
    /// The person, or the system, said no.
    Refused(String),
    /// The exchange of the code led to nothing.
    Failed(SendError),
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConnectError::NoPage(why) => f.write_str(why),
            ConnectError::Forged(why) => write!(f, "the callback is not the answer to this request: {why}"),
            ConnectError::Refused(words) => write!(f, "consent was refused: {words}"),
            ConnectError::Failed(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ConnectError {}

impl Authorization {
    /// The page to send the person to.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Whether `state` is the one of this request, in constant time: for a host that waits for several.
    pub fn is_answered_by(&self, state: &str) -> bool {
        is_same(&self.state, state)
    }

    /// The code in a callback, once everything else about it is in order.
    fn code(&self, query: &str) -> Result<Zeroizing<String>, ConnectError> {
        if query.len() > CALLBACK_BYTES_MAX {
            return Err(ConnectError::Forged("it is too long"));
        }
        let query = query.strip_prefix('?').unwrap_or(query);
        let pairs: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).collect();
        let one = |name: &str| {
            let mut found = pairs.iter().filter(|(known, _)| known == name).map(|(_, value)| &**value);
            match (found.next(), found.next()) {
                // RFC 6749, section 3.1: nothing comes twice.
                (Some(_), Some(_)) => Err(ConnectError::Forged("a parameter comes twice")),
                (value, _) => Ok(value),
            }
        };
        // First of all, so that nothing is believed that anybody else could have sent.
        if !is_same(&self.state, one("state")?.unwrap_or_default()) {
            return Err(ConnectError::Forged("`state` is another one"));
        }
        match (&self.issuer, one("iss")?) {
            (Issuer::Written(issuer), Some(said)) if issuer == said => {}
            (Issuer::Written(_), None) => return Err(ConnectError::Forged("`iss` is missing")),
            (Issuer::Origin(origin), Some(said)) if origin == said.trim_end_matches('/') => {}
            (Issuer::Origin(_), None) => {}
            _ => return Err(ConnectError::Forged("`iss` is somebody else")),
        }
        if let Some(error) = one("error")? {
            let words = match one("error_description")? {
                Some(description) => format!("`{}` ({})", printable(error), printable(description)),
                None => format!("`{}`", printable(error)),
            };
            return Err(ConnectError::Refused(words));
        }
        let code = one("code")?.filter(|code| !code.is_empty()).ok_or(ConnectError::Forged("`code` is missing"))?;
        Ok(Zeroizing::new(code.to_owned()))
    }
}

impl Egress {
    /// Prepares asking for consent. `user` is whose it is, where the connection has a credential for each.
    ///
    /// # Errors
    /// When the connection's scheme has no page to ask at, or nowhere to keep what it gives.
    pub fn authorization(
        &self,
        endpoint: &Arc<EndpointGrant>,
        redirect_uri: &str,
        user: Option<&Arc<User>>,
    ) -> Result<Authorization, ConnectError> {
        let ask = Ask::new(endpoint, user, None).map_err(ConnectError::Failed)?;
        let oauth2 = ask.oauth2().map_err(ConnectError::Failed)?;
        let no_page = || {
            ConnectError::NoPage(format!(
                "connection `{}` needs no consent: endpoint `{}` has no `authorize_url`",
                endpoint.connection(),
                endpoint.name
            ))
        };
        let oauth2 = oauth2.ok_or_else(no_page)?;
        let TokenGrant::RefreshToken { authorize_url: Some(page), authorize_params, issuer, .. } = &oauth2.grant else {
            return Err(no_page());
        };
        self.credentials.tokens.desk().keeps(endpoint).map_err(|fault| ConnectError::Failed(fault.error()))?;
        let mut url = Url::parse(page).map_err(|error| ConnectError::NoPage(format!("`authorize_url`: {error}")))?;
        let issuer = match issuer {
            Some(issuer) => Issuer::Written(issuer.clone()),
            None => Issuer::Origin(url.origin().ascii_serialization()),
        };
        let unguessable = || random::bytes::<32>().map(|bytes| Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes)));
        let failed = |detail| ConnectError::Failed(SendError::Unavailable { detail, sent: false });
        let (state, verifier) = (unguessable().map_err(failed)?, unguessable().map_err(failed)?);
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
        {
            let mut pairs = url.query_pairs_mut();
            pairs
                .append_pair("response_type", "code")
                .append_pair("client_id", &oauth2.client_id)
                .append_pair("redirect_uri", redirect_uri)
                .append_pair("state", &state)
                .append_pair("code_challenge", &challenge)
                .append_pair("code_challenge_method", "S256");
            if !oauth2.scopes.is_empty() {
                pairs.append_pair("scope", &oauth2.scopes.join(" "));
            }
            pairs.extend_pairs(authorize_params);
        }
        Ok(Authorization { ask, url, redirect_uri: redirect_uri.to_owned(), state, verifier, issuer })
    }

    /// Takes the callback's query, exchanges the code and keeps what it gives; the connection is in order afterwards.
    ///
    /// # Errors
    /// When it is not the answer to what was asked, when it is a no, or when the exchange fails.
    pub async fn finish(&self, authorization: Authorization, query: &str) -> Result<(), ConnectError> {
        let code = authorization.code(query)?;
        let ask = &authorization.ask;
        let connection = self.connection(ask.endpoint.connection()).map_err(ConnectError::Failed)?;
        let desk = self.credentials.tokens.desk();
        desk.learn(ask, "code", &code);
        desk.learn(ask, "verifier", &authorization.verifier);
        let with =
            With::Code { code: &code, redirect_uri: &authorization.redirect_uri, verifier: &authorization.verifier };
        let redeemed = desk.redeem(ask, &connection, with, Instant::now() + EXCHANGE_MAX).await;
        redeemed.map_err(|fault| ConnectError::Failed(crate::scrubbed(&self.vault, fault.error())))?;
        // What is in memory was made of what was there before.
        self.credentials.tokens.forget(ask);
        Ok(())
    }
}

/// In constant time: both are digested under a key that nobody knows, and digests tell nothing about where two texts
/// part.
fn is_same(ours: &str, theirs: &str) -> bool {
    let Ok(key) = random::bytes::<32>() else { return false };
    let digest = |text: &str| {
        <Hmac<Sha256> as KeyInit>::new_from_slice(&key).ok().map(|mut mac| {
            mac.update(text.as_bytes());
            mac
        })
    };
    let Some(ours) = digest(ours) else { return false };
    digest(theirs).is_some_and(|theirs| theirs.verify_slice(&ours.finalize().into_bytes()).is_ok())
}
