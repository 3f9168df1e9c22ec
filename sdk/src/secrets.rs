//! Use of secrets without holding them: a placeholder that the host fills in, an HMAC that the host computes.
//!
//! Most connectors need nothing of this: the manifest's `[endpoint.NAME.auth]` gives each request its credential.

use std::fmt;

use crate::{
    failure::Failure,
    host::{self, Host as _},
};

/// The hash under an HMAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// HMAC-SHA-1, for vendors that have nothing better.
    Sha1,
    /// HMAC-SHA-256.
    Sha256,
    /// HMAC-SHA-512.
    Sha512,
}

/// Why a secret could not be used. Becomes `internal` where a handler passes it on: it is an operator's matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// Not granted to this connection. The sentence tells the operator what would allow it.
    Denied(String),
    /// Granted, but the source gave nothing.
    Unavailable(String),
}

/// Names of the secrets that this connection has.
pub fn granted() -> Vec<String> {
    host::current().secrets_granted()
}

/// HMAC (RFC 2104) of a message with a secret that the manifest marks for it.
///
/// # Errors
/// When the secret is not granted, not marked, or not to be had.
pub fn hmac(name: &str, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, Error> {
    host::current().secrets_hmac(name, algorithm, message)
}

/// The value itself. The host refuses unless the operator wrote `reveal = true` for this secret on this connection, so
/// build on [`placeholder`] or the endpoint's auth scheme instead wherever the vendor lets you.
///
/// # Errors
/// When the secret is not granted, not to be revealed, or not to be had.
pub fn reveal(name: &str) -> Result<String, Error> {
    host::current().secrets_reveal(name)
}

/// What stands for a secret in a place that the manifest lists: the host puts the value there on the way out.
///
/// ```
/// assert_eq!(jackfield_sdk::secrets::placeholder("webhook_token"), "{{secret.webhook_token}}");
/// ```
pub fn placeholder(name: &str) -> String {
    format!("{{{{secret.{name}}}}}")
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Denied(hint) => write!(f, "secret not granted: {hint}"),
            Error::Unavailable(reason) => write!(f, "secret not available: {reason}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::internal(error.to_string())
    }
}
