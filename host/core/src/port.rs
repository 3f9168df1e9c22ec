//! What the sandbox needs from the rest of the host. The traits stand here so that sandbox, egress and store
//! do not know each other; `host/src/app.rs` alone plugs them together.

use std::borrow::Cow;
use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;

use crate::audit::Record;
use crate::call::{CallContext, WriteOutcome};
use crate::failure::Failure;
use crate::grant::{Granted, OutboundRequest};

mod store;

pub use store::{Bucket, Entry, Expect, Log, Store, StoreError, Versioned};

/// A boxed future, since ports are trait objects.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// An answer of a business system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamResponse {
    /// HTTP status.
    pub status: u16,
    /// Lower-case names; repeated headers stay repeated.
    pub headers: Vec<(String, String)>,
    /// Decompressed, within the size cap.
    pub body: Bytes,
}

/// Why there is no answer of a business system. `detail` is for the operator, scrubbed of secrets by the egress.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Address, redirect or header policy said no.
    #[error("denied: {0}")]
    Denied(String),
    /// The decompressed body is over the cap.
    #[error("response body is over {limit} bytes")]
    TooLarge {
        /// The cap, in bytes.
        limit: usize,
    },
    /// The time that was left ran out.
    #[error("no answer in time")]
    Timeout {
        /// Whether the request may have reached the system.
        sent: bool,
    },
    /// No connection, or it broke.
    #[error("unavailable: {detail}")]
    Unavailable {
        /// For the operator.
        detail: String,
        /// Whether the request may have reached the system.
        sent: bool,
    },
    /// The vendor's budget for this connection is used up.
    #[error("rate limited")]
    RateLimited {
        /// Milliseconds to wait, where known.
        retry_after_ms: Option<u32>,
    },
    /// No credential that the system accepts: a source gave nothing, or the grant was revoked.
    #[error("credential: {0}")]
    ReauthRequired(String),
}

/// Sends granted requests, and nothing else.
pub trait Egress: Send + Sync {
    /// Sends one request; ends by the context's deadline.
    fn send<'a>(
        &'a self,
        request: Granted<OutboundRequest>,
        context: &'a CallContext,
    ) -> BoxFuture<'a, Result<UpstreamResponse, SendError>>;
}

/// A digest for `secrets.hmac`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HmacAlgorithm {
    /// For the vendors that still ask for it.
    Sha1,
    /// The usual one.
    Sha256,
    /// The long one.
    Sha512,
}

/// Use of secrets by name, always for the connection of the call.
pub trait Secrets: Send + Sync {
    /// HMAC of a message under a secret; `Err` says for the operator why not. The caller has checked the grant.
    fn hmac<'a>(
        &'a self,
        context: &'a CallContext,
        name: &'a str,
        algorithm: HmacAlgorithm,
        message: &'a [u8],
    ) -> BoxFuture<'a, Result<Vec<u8>, String>>;

    /// The value itself. The caller has checked that the grant says `reveal`.
    fn reveal<'a>(
        &'a self,
        context: &'a CallContext,
        name: &'a str,
    ) -> BoxFuture<'a, Result<zeroize::Zeroizing<String>, String>>;

    /// The text with every secret value in use, in every encoding, replaced.
    fn scrub<'t>(&self, text: &'t str) -> Cow<'t, str>;
}

/// Where uses of credentials are written down.
pub trait Audit: Send + Sync {
    /// Takes a record; it is written soon. `Err` says for the operator why it cannot be: then what was to be recorded
    /// must not go on.
    fn record(&self, record: &Record) -> Result<(), String>;
}

/// A small store per connection that may forget.
pub trait Cache: Send + Sync {
    /// What was put and has not expired.
    fn get(&self, connection: &str, key: &str) -> Option<Bytes>;
    /// `Err` when key or value is over the bound.
    fn put(&self, connection: &str, key: &str, value: Bytes, ttl_ms: u32) -> Result<(), TooLarge>;
    /// Forgets.
    fn delete(&self, connection: &str, key: &str);
}

/// A key or value over the cache's bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge;

/// What came of asking another connector.
#[derive(Clone, Debug)]
pub struct Answered {
    /// The output as JSON text, or the failure as the asking guest may see it.
    pub result: Result<String, Failure>,
    /// What is known of the writes below: whoever asked answers for them too.
    pub write_outcome: WriteOutcome,
}

/// A connector that asks another one.
pub trait Intents: Send + Sync {
    /// Answers `intent` somewhat before the parent's deadline, so that the parent can still say what came of it. The
    /// caller has checked that the grant lists it.
    fn call<'a>(
        &'a self,
        parent: &'a CallContext,
        caller: &'a crate::call::Call,
        intent: String,
        input: String,
    ) -> BoxFuture<'a, Answered>;
}

/// How loud a log line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// For the author.
    Trace,
    /// For the author.
    Debug,
    /// For the operator.
    Info,
    /// The operator should look.
    Warn,
    /// The operator must look.
    Error,
}

/// Where a guest's log lines go, already bounded by the sandbox.
pub trait GuestLog: Send + Sync {
    /// One line.
    fn write(&self, context: &CallContext, level: LogLevel, message: &str, fields: &[(String, String)]);
}
