//! What the token endpoints of several systems share: forms, client authentication, keys, JWT and PKCE checks.
//! Answers for the mechanics of the RFCs; what a vendor accepts and how it refuses is the system's business.

mod canonical;
pub(crate) mod saml;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use ring::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use serde_json::{Map, Value};

use crate::exchange::Request;

/// A form whose names occur once each.
#[derive(Debug)]
pub(crate) struct Form {
    pairs: Vec<(String, String)>,
}

impl Form {
    /// Reads the body of a token request.
    ///
    /// # Errors
    ///
    /// When it is no form or repeats a name (RFC 6749, section 3.2: parameters occur once at most), with what is wrong.
    pub(crate) fn read(request: &Request) -> Result<Self, String> {
        if request.media_type().as_deref() != Some("application/x-www-form-urlencoded") {
            return Err("Content-Type is not application/x-www-form-urlencoded".to_owned());
        }
        if !request.query().is_empty() {
            return Err("parameters belong in the body, not in the query".to_owned());
        }
        Self::of(url::form_urlencoded::parse(&request.body).into_owned().collect())
    }

    pub(crate) fn of(pairs: Vec<(String, String)>) -> Result<Self, String> {
        for (index, (name, _)) in pairs.iter().enumerate() {
            if pairs[..index].iter().any(|(earlier, _)| earlier == name) {
                return Err(format!("the parameter {name} is repeated"));
            }
        }
        Ok(Self { pairs })
    }

    /// The value, when there is one that is not empty: an empty parameter counts as absent (RFC 6749, section 3.1).
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(known, value)| known == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// A violation for each name the vendor does not document.
    pub(crate) fn unknown(&self, known: &[&str]) -> Vec<String> {
        self.pairs
            .iter()
            .filter(|(name, _)| !known.contains(&name.as_str()))
            .map(|(name, _)| format!("unknown parameter {name}"))
            .collect()
    }
}

/// The user name and password of HTTP Basic authentication.
pub(crate) fn basic(request: &Request) -> Option<(String, String)> {
    let encoded = request.header("authorization")?.strip_prefix("Basic ")?;
    let decoded = String::from_utf8(BASE64_STANDARD.decode(encoded).ok()?).ok()?;
    let (name, password) = decoded.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}

/// How a client says who it is at a token endpoint.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) secret: Option<String>,
    pub(crate) by_header: bool,
}

/// The client's id and secret, from the header or from the form.
///
/// # Errors
///
/// When both say it (RFC 6749, section 2.3: one method per request) or neither does.
pub(crate) fn client(request: &Request, form: &Form) -> Result<Client, String> {
    match (basic(request), form.get("client_id"), form.get("client_secret")) {
        (Some(_), _, Some(_)) => Err("the client authenticates in two ways at once".to_owned()),
        (Some((id, _)), Some(other), None) if id != other => {
            Err("client_id and the Basic user name are different".to_owned())
        }
        (Some((id, secret)), _, None) => Ok(Client { id: decode(&id), secret: Some(decode(&secret)), by_header: true }),
        (None, Some(id), secret) => {
            Ok(Client { id: id.to_owned(), secret: secret.map(str::to_owned), by_header: false })
        }
        (None, None, _) => Err("no client_id".to_owned()),
    }
}

/// Client ids and secrets are form-encoded before they go into the header (RFC 6749, section 2.3.1).
fn decode(text: &str) -> String {
    let plain = text.replace('+', " ");
    percent_encoding::percent_decode_str(&plain).decode_utf8_lossy().into_owned()
}

/// The DER inside a PEM block.
pub(crate) fn der(pem: &str) -> Vec<u8> {
    let encoded: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    BASE64_STANDARD.decode(encoded).unwrap_or_default()
}

/// Checks RSASSA-PKCS1-v1_5 with SHA-256 against the public half of a PKCS#8 private key: the simulations keep pairs.
pub(crate) fn signed_by(private_pem: &str, message: &[u8], signature: &[u8]) -> bool {
    RsaKeyPair::from_pkcs8(&der(private_pem)).is_ok_and(|pair| {
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key().as_ref())
            .verify(message, signature)
            .is_ok()
    })
}

/// The claims of a signed JWT (RFC 7519).
#[derive(Debug)]
pub(crate) struct Claims {
    pub(crate) members: Map<String, Value>,
    signed: Vec<u8>,
    signature: Vec<u8>,
}

impl Claims {
    /// Takes a compact RS256 token apart, without trusting it yet.
    ///
    /// # Errors
    ///
    /// What is malformed; each is a violation, because no vendor documents it as acceptable.
    pub(crate) fn read(token: &str) -> Result<Self, String> {
        let parts: Vec<_> = token.split('.').collect();
        let [header, payload, signature] = parts.as_slice() else {
            return Err("the assertion does not have three parts".to_owned());
        };
        let decode = |part: &str, what: &str| {
            BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|_| format!("the {what} is not base64url without padding"))
        };
        let object = |bytes: &[u8], what: &str| {
            serde_json::from_slice::<Map<String, Value>>(bytes).map_err(|_| format!("the {what} is no JSON object"))
        };
        let header_members = object(&decode(header, "header")?, "header")?;
        if header_members.get("alg") != Some(&Value::from("RS256")) {
            return Err("alg is not RS256".to_owned());
        }
        if let Some(name) = header_members.keys().find(|name| !["alg", "typ", "kid"].contains(&name.as_str())) {
            return Err(format!("unknown header member {name}"));
        }
        Ok(Self {
            members: object(&decode(payload, "payload")?, "payload")?,
            signed: format!("{header}.{payload}").into_bytes(),
            signature: decode(signature, "signature")?,
        })
    }

    pub(crate) fn signed_by(&self, private_pem: &str) -> bool {
        signed_by(private_pem, &self.signed, &self.signature)
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.members.get(name).and_then(Value::as_str)
    }
}

/// Whether the verifier belongs to the S256 challenge (RFC 7636, section 4.6).
pub(crate) fn pkce_matches(challenge: &str, verifier: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    if !(43..=128).contains(&verifier.len()) || !verifier.bytes().all(allowed) {
        return false;
    }
    let digest = ring::digest::digest(&ring::digest::SHA256, verifier.as_bytes());
    BASE64_URL_SAFE_NO_PAD.encode(digest.as_ref()) == challenge
}

/// Not guessable, so that no client can invent a token that works.
pub(crate) fn random() -> String {
    use ring::rand::SecureRandom;
    let mut bytes = [0; 18];
    // Without randomness tokens are still distinct: they carry a number.
    let _ = ring::rand::SystemRandom::new().fill(&mut bytes);
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests;
