//! Basic authentication (RFC 7617): user name and password, each of them a secret or not.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use jackfield_core::port::SendError;
use zeroize::Zeroizing;

use super::{Credential, Values};
use crate::vault::Vault;

/// Names of the secrets that the pair is made of.
pub(super) struct Names<'n> {
    /// The password; empty when absent.
    pub(super) secret: Option<&'n str>,
    /// The user name, in place of the written one.
    pub(super) username_secret: Option<&'n str>,
}

pub(super) fn header(
    vault: &Vault,
    values: &Values,
    endpoint: &str,
    username: &str,
    names: &Names<'_>,
) -> Result<Credential, SendError> {
    let user = names.username_secret.map_or(Ok(username), |name| values.get(name))?;
    let password = names.secret.map_or(Ok(""), |name| values.get(name))?;
    if user.contains(':') {
        let name = names.username_secret.unwrap_or("username");
        return Err(values.unusable(name, "a user name with `:` cannot be sent (RFC 7617)"));
    }
    let pair = Zeroizing::new([user, ":", password].concat());
    // An upstream that echoes the header echoes the pair: it counts as a secret like its parts.
    if names.secret.is_some() || names.username_secret.is_some() {
        vault.learn(&values.connection, &format!("basic {endpoint}"), &pair);
    }
    let mut text = Zeroizing::new(String::with_capacity("Basic ".len() + pair.len().div_ceil(3) * 4));
    text.push_str("Basic ");
    STANDARD.encode_string(pair.as_bytes(), &mut text);
    let secret = names.secret.or(names.username_secret).unwrap_or("username");
    Ok(Credential::Header(AUTHORIZATION, values.header(secret, &text)?))
}
