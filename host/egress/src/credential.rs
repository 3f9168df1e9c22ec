//! Answers for the credential on a request: which scheme of the endpoint, made of which secrets, put where. It is put
//! on after every check and just before sending; what is made here reaches neither a guest nor a log.

use http::HeaderValue;
use http::header::HeaderName;
use jackfield_core::grant::{Granted, OutboundRequest};
use jackfield_core::manifest::Scheme;
use jackfield_core::port::SendError;
use zeroize::Zeroizing;

use crate::vault::{SecretProblem, Vault};

mod api_key;
mod basic;

/// What a scheme adds to one request.
pub(crate) enum Credential {
    /// Nothing.
    None,
    /// A header, marked sensitive.
    Header(HeaderName, HeaderValue),
    /// An encoded `name=value` at the end of the query.
    Query(Zeroizing<String>),
}

/// Makes the credential of a granted request.
///
/// # Errors
/// `Denied` when it would travel in the clear or off the endpoint's origin, `ReauthRequired` when a secret is missing.
pub(crate) fn of(vault: &Vault, granted: &Granted<OutboundRequest>) -> Result<Credential, SendError> {
    let endpoint = granted.endpoint();
    if endpoint.scheme == Scheme::None {
        return Ok(Credential::None);
    }
    let url = granted.url();
    // The grant sees to both already. A credential is worth a second look.
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
    let connection = granted.connection();
    match &endpoint.scheme {
        Scheme::None => Ok(Credential::None),
        Scheme::Header { header, secret, prefix } => api_key::header(vault, connection, header, prefix, secret),
        Scheme::Bearer { secret } => api_key::bearer(vault, connection, secret),
        Scheme::Query { parameter, secret } => api_key::query(vault, connection, parameter, secret),
        Scheme::OAuth2(_) | Scheme::OAuth1(_) => {
            Err(SendError::Denied("this auth scheme is not served yet".to_owned()))
        }
        Scheme::Basic { username, secret, username_secret } => {
            let names = basic::Names { secret: secret.as_deref(), username_secret: username_secret.as_deref() };
            basic::header(vault, connection, &endpoint.name, username, &names)
        }
    }
}

/// A header value that no log shows. `secret` names what it was made of.
fn sensitive(connection: &str, secret: &str, text: &str) -> Result<HeaderValue, SendError> {
    let mut value = HeaderValue::from_bytes(text.as_bytes()).map_err(|_| {
        SendError::ReauthRequired(format!(
            "secret `{secret}` of connection `{connection}`: it has a character that cannot stand in a header"
        ))
    })?;
    value.set_sensitive(true);
    Ok(value)
}

fn missing(problem: SecretProblem) -> SendError {
    SendError::ReauthRequired(problem.brief())
}
