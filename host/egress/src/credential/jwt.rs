//! Answers for the form of a signed JSON Web Token that asserts who a token is asked for, or who the client is
//! (RFC 7519, RFC 7523): header, claims, compact serialisation. Time and id are the caller's, and so is sending it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jackfield_core::manifest::SignatureAlgorithm;
use jiff::Timestamp;
use serde_json::json;
use zeroize::Zeroizing;

use super::sign::{KeyProblem, SigningKey};

/// What an assertion says (RFC 7523, section 3).
pub(crate) struct Claims<'a> {
    /// `iss`; as client authentication the client's id.
    pub(crate) issuer: &'a str,
    /// `sub`: who the token is for; as client authentication the client's id.
    pub(crate) subject: &'a str,
    /// `aud`: the authorization server, by the name that it knows itself by.
    pub(crate) audience: &'a str,
    /// `iat`.
    pub(crate) issued_at: Timestamp,
    /// `nbf`; left out when absent, since a server whose clock is behind would refuse it.
    pub(crate) not_before: Option<Timestamp>,
    /// `exp`, in seconds after `iat`.
    pub(crate) lifetime_s: u32,
    /// `jti`: never the same twice.
    pub(crate) id: &'a str,
}

/// The assertion in its compact form, `header.claims.signature` (RFC 7515, section 3.1). Whoever has it can get a token
/// with it until it expires, so it is a secret.
///
/// # Errors
/// When the key gives no signature.
pub(crate) fn assertion(
    claims: &Claims<'_>,
    key_id: Option<&str>,
    key: &SigningKey,
) -> Result<Zeroizing<String>, KeyProblem> {
    let algorithm = match key.algorithm() {
        SignatureAlgorithm::RS256 => "RS256",
        SignatureAlgorithm::ES256 => "ES256",
    };
    let mut header = json!({ "alg": algorithm, "typ": "JWT" });
    if let Some(key_id) = key_id {
        header["kid"] = key_id.into();
    }
    let issued_at_s = claims.issued_at.as_second();
    let mut payload = json!({
        "iss": claims.issuer,
        "sub": claims.subject,
        "aud": claims.audience,
        "iat": issued_at_s,
        "exp": issued_at_s.saturating_add(claims.lifetime_s.into()),
        "jti": claims.id,
    });
    if let Some(not_before) = claims.not_before {
        payload["nbf"] = not_before.as_second().into();
    }

    // What is signed is on its way to the server in any case: without the signature it opens nothing.
    let signed =
        format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(payload.to_string()));
    let signature = URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes())?);
    Ok(Zeroizing::new([&signed, ".", &signature].concat()))
}

#[cfg(test)]
mod tests;
