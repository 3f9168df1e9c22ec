//! How a call can fail: the closed list that SDK, host and HTTP API share, with the words to say it in.
//!
//! Which vendor error means which failure is a connector's affair (its `faults.rs`); [`Failure::from_status`]
//! is the default where a connector knows nothing better.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

/// The longest private detail that leaves a connector, in characters. A vendor's error page is cut to it.
const DETAIL_CHARS_MAX: usize = 1_000;

/// Why a call failed: a kind that decides what happens next, and a private detail for the operator's log.
///
/// Every sentence inside a kind may be shown to a user; `detail` never is.
///
/// ```
/// use jackfield_sdk::Failure;
///
/// let failure = Failure::rejected("This order has already been shipped.").detail("409 from orders/1001/cancel");
/// assert_eq!(failure.kind.code(), "rejected");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What went wrong, out of the closed list.
    pub kind: FailureKind,
    /// For the operator's log, scrubbed of secrets by the host; never shown to a user.
    pub detail: String,
}

/// The closed list of ways in which a call can fail.
///
/// Its JSON form (`{"kind":"rate-limited","retry_after_ms":1200}`) is the one that fixtures use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum FailureKind {
    /// The system refused the input's values.
    InvalidInput {
        /// What is wrong, field by field.
        errors: Vec<FieldError>,
    },
    /// No such object, or the user did not prove that it is theirs: never tell which.
    NotFound,
    /// It exists already.
    Duplicate {
        /// The existing record's id, where the system tells it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        existing_id: Option<String>,
    },
    /// The business system refused for lack of permission.
    Denied,
    /// The credential is no longer accepted; a person must reconnect.
    ReauthRequired,
    /// Somebody changed the object meanwhile.
    Conflict,
    /// The system asks to slow down.
    RateLimited {
        /// How long to wait, where the system tells.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after_ms: Option<u32>,
    },
    /// The system's own rule said no.
    Rejected {
        /// A sentence that may be shown to the user.
        text: String,
    },
    /// The system is down or out of reach.
    Unavailable,
    /// The system did not answer in time.
    Timeout,
    /// The system or this connection cannot do that.
    Unsupported,
    /// A fault of the connector or an answer it cannot understand.
    Internal,
}

/// What is wrong with one field of the input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// JSON Pointer (RFC 6901) into the input, such as `/email`.
    pub pointer: String,
    /// One sentence that may be shown to the user.
    pub detail: String,
}

impl FailureKind {
    /// The kind's name in WIT, fixtures and problem documents, such as `not-found`.
    pub const fn code(&self) -> &'static str {
        match self {
            FailureKind::InvalidInput { .. } => "invalid-input",
            FailureKind::NotFound => "not-found",
            FailureKind::Duplicate { .. } => "duplicate",
            FailureKind::Denied => "denied",
            FailureKind::ReauthRequired => "reauth-required",
            FailureKind::Conflict => "conflict",
            FailureKind::RateLimited { .. } => "rate-limited",
            FailureKind::Rejected { .. } => "rejected",
            FailureKind::Unavailable => "unavailable",
            FailureKind::Timeout => "timeout",
            FailureKind::Unsupported => "unsupported",
            FailureKind::Internal => "internal",
        }
    }
}

impl Failure {
    /// A failure of this kind, without a detail.
    pub const fn new(kind: FailureKind) -> Self {
        Failure { kind, detail: String::new() }
    }

    /// One field of the input is not acceptable: where (JSON Pointer), and a sentence for the user.
    pub fn invalid(pointer: impl Into<String>, sentence: impl Into<String>) -> Self {
        let error = FieldError { pointer: pointer.into(), detail: sentence.into() };
        Failure::new(FailureKind::InvalidInput { errors: vec![error] })
    }

    /// Several fields of the input are not acceptable.
    pub const fn invalid_fields(errors: Vec<FieldError>) -> Self {
        Failure::new(FailureKind::InvalidInput { errors })
    }

    /// No such object, or not theirs.
    pub const fn not_found() -> Self {
        Failure::new(FailureKind::NotFound)
    }

    /// It exists already, and the system does not say under which id.
    pub const fn duplicate() -> Self {
        Failure::new(FailureKind::Duplicate { existing_id: None })
    }

    /// It exists already under this id.
    pub fn duplicate_of(id: impl Into<String>) -> Self {
        Failure::new(FailureKind::Duplicate { existing_id: Some(id.into()) })
    }

    /// The system refused for lack of permission.
    pub const fn denied() -> Self {
        Failure::new(FailureKind::Denied)
    }

    /// The credential is no longer accepted.
    pub const fn reauth_required() -> Self {
        Failure::new(FailureKind::ReauthRequired)
    }

    /// Somebody changed the object meanwhile.
    pub const fn conflict() -> Self {
        Failure::new(FailureKind::Conflict)
    }

    /// The system asks to slow down, for this long where it tells.
    pub fn rate_limited(retry_after: Option<Duration>) -> Self {
        let retry_after_ms = retry_after.map(|wait| u32::try_from(wait.as_millis()).unwrap_or(u32::MAX));
        Failure::new(FailureKind::RateLimited { retry_after_ms })
    }

    /// The system's own rule said no. The sentence may be shown to the user: write it, do not pass a vendor's text on.
    pub fn rejected(sentence: impl Into<String>) -> Self {
        Failure::new(FailureKind::Rejected { text: sentence.into() })
    }

    /// The system is down or out of reach.
    pub const fn unavailable() -> Self {
        Failure::new(FailureKind::Unavailable)
    }

    /// The system did not answer in time.
    pub const fn timeout() -> Self {
        Failure::new(FailureKind::Timeout)
    }

    /// The system or this connection cannot do that.
    pub const fn unsupported() -> Self {
        Failure::new(FailureKind::Unsupported)
    }

    /// A fault of the connector, or an answer it cannot understand: the detail is all an operator gets, so say it well.
    pub fn internal(detail: impl AsRef<str>) -> Self {
        Failure::new(FailureKind::Internal).detail(detail)
    }

    /// Says more to the operator. Cut to 1,000 characters.
    #[must_use]
    pub fn detail(mut self, detail: impl AsRef<str>) -> Self {
        self.detail = detail.as_ref().chars().take(DETAIL_CHARS_MAX).collect();
        self
    }

    /// Names the field of the input that a helper refused without knowing which field it had in hand.
    ///
    /// Escaping functions and [`path!`](crate::path) refuse a value with the pointer of the whole input; this puts the
    /// right one in its place. Other failures stay as they are.
    ///
    /// ```
    /// use jackfield_sdk::{Failure, query::soql};
    ///
    /// let failure = soql::string("a\0b").map_err(|failure| failure.at("/number")).unwrap_err();
    /// assert_eq!(failure.kind, Failure::invalid("/number", "This value contains characters that cannot be searched for.").kind);
    /// ```
    #[must_use]
    pub fn at(mut self, pointer: &str) -> Self {
        if let FailureKind::InvalidInput { errors } = &mut self.kind {
            for error in errors.iter_mut().filter(|error| error.pointer.is_empty()) {
                error.pointer = pointer.to_owned();
            }
        }
        self
    }

    /// What an HTTP status means when the connector knows nothing better.
    ///
    /// | status | kind | why |
    /// |---|---|---|
    /// | 401 | `reauth-required` | the host has already refreshed the credential once |
    /// | 402, 403, 451 | `denied` | permission, licence or a frozen account: an operator's matter |
    /// | 404, 410 | `not-found` | |
    /// | 405, 501 | `unsupported` | |
    /// | 408, 504 | `timeout` | |
    /// | 409, 412, 423, 428 | `conflict` | somebody else was first, or holds a lock |
    /// | 422 | `rejected` | well formed, but against a rule of the system |
    /// | 429 | `rate-limited` | with the wait, where the answer told it |
    /// | 500 to 599 otherwise | `unavailable` | |
    /// | anything else, such as 400 | `internal` | we asked wrongly, or do not understand the answer |
    pub fn from_status(status: u16, retry_after: Option<Duration>) -> Self {
        let failure = match status {
            401 => Failure::reauth_required(),
            402 | 403 | 451 => Failure::denied(),
            404 | 410 => Failure::not_found(),
            405 | 501 => Failure::unsupported(),
            408 | 504 => Failure::timeout(),
            409 | 412 | 423 | 428 => Failure::conflict(),
            422 => Failure::rejected("The system did not accept this request."),
            429 => Failure::rate_limited(retry_after),
            500..=599 => Failure::unavailable(),
            _ => Failure::new(FailureKind::Internal),
        };
        failure.detail(format!("the system answered with status {status}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.code())?;
        if let FailureKind::InvalidInput { errors } = &self.kind {
            for error in errors {
                write!(f, ": `{}`: {}", error.pointer, error.detail)?;
            }
        }
        if let FailureKind::Rejected { text } = &self.kind {
            write!(f, ": {text}")?;
        }
        if !self.detail.is_empty() {
            write!(f, " ({})", self.detail)?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}

impl From<std::convert::Infallible> for Failure {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_a_failure_and_says_which_status_it_was() {
        for (status, code) in [
            (400, "internal"),
            (401, "reauth-required"),
            (402, "denied"),
            (403, "denied"),
            (404, "not-found"),
            (405, "unsupported"),
            (409, "conflict"),
            (410, "not-found"),
            (412, "conflict"),
            (422, "rejected"),
            (429, "rate-limited"),
            (500, "unavailable"),
            (503, "unavailable"),
            (504, "timeout"),
            (302, "internal"),
        ] {
            let failure = Failure::from_status(status, None);
            assert_eq!(failure.kind.code(), code, "{status}");
            assert!(failure.detail.contains(&status.to_string()));
        }
    }

    #[test]
    fn a_retry_time_that_does_not_fit_is_the_longest_there_is() {
        let failure = Failure::rate_limited(Some(Duration::from_secs(u64::MAX / 1_000)));
        assert_eq!(failure.kind, FailureKind::RateLimited { retry_after_ms: Some(u32::MAX) });
    }

    #[test]
    fn a_pointer_is_put_only_where_none_was_known() {
        assert_eq!(Failure::invalid("", "no").at("/a"), Failure::invalid("/a", "no"));
        assert_eq!(Failure::invalid("/b", "no").at("/a"), Failure::invalid("/b", "no"));
        assert_eq!(Failure::not_found().at("/a"), Failure::not_found());
    }

    #[test]
    fn a_detail_is_cut_between_characters() {
        assert_eq!(Failure::internal("ä".repeat(2_000)).detail.chars().count(), DETAIL_CHARS_MAX);
    }

    #[test]
    fn the_json_form_is_the_one_fixtures_use() {
        let json = serde_json::to_value(Failure::rate_limited(Some(Duration::from_millis(5))).kind).unwrap();
        assert_eq!(json, serde_json::json!({"kind": "rate-limited", "retry_after_ms": 5}));
        let kind: FailureKind = serde_json::from_str(r#"{"kind":"duplicate"}"#).unwrap();
        assert_eq!(kind, Failure::duplicate().kind);
    }
}
