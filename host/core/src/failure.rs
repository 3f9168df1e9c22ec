//! The closed list of ways in which a call can fail, as the connector says it. The same list stands in the WIT
//! contract, the SDK and the HTTP API; the host adds its own problems in `host/src/error.rs`.

use serde::{Deserialize, Serialize};

/// What is wrong with one field of the input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// JSON Pointer (RFC 6901) into the intent's input.
    pub pointer: String,
    /// One sentence that may be shown to the user.
    pub detail: String,
}

/// How a call failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum FailureKind {
    /// The system refused the input's values.
    InvalidInput {
        /// At least one.
        errors: Vec<FieldError>,
    },
    /// No such object, or not this user's: the two are never told apart.
    NotFound,
    /// It exists already.
    Duplicate {
        /// The existing record's id, where the system tells it.
        existing_id: Option<String>,
    },
    /// The business system refused for lack of permission.
    Denied,
    /// The credential is no longer accepted.
    ReauthRequired,
    /// Somebody changed the object meanwhile.
    Conflict,
    /// The system asks to slow down.
    RateLimited {
        /// Milliseconds to wait, where the system tells.
        retry_after_ms: Option<u32>,
    },
    /// The system's own rule said no.
    Rejected {
        /// May be shown to the user.
        sentence: String,
    },
    /// The system is down or out of reach.
    Unavailable,
    /// The system did not answer in time.
    Timeout,
    /// The system, or this connection, cannot do that.
    Unsupported,
    /// A fault of the connector, or an answer that it cannot understand.
    Internal,
}

/// A failure with the private sentence for the operator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind:?}: {detail}")]
pub struct Failure {
    /// What the caller is told.
    pub kind: FailureKind,
    /// What the operator's log is told, after scrubbing. Never shown to a user.
    pub detail: String,
}

impl Failure {
    /// A failure with its private sentence.
    pub fn new(kind: FailureKind, detail: impl Into<String>) -> Self {
        Failure { kind, detail: detail.into() }
    }
}
