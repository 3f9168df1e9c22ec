//! What a caller is told when there is no answer: RFC 9457 problems with a closed list of codes.
//!
//! Every problem has a public side (title, text, field errors) and a private one (`detail` for the log). An upstream's
//! body is on neither.

use std::sync::Arc;

use jackfield_core::call::WriteOutcome;
use jackfield_core::degrade::Trouble;
use jackfield_core::failure::{Failure, FailureKind, FieldError};
use serde::Serialize;

use crate::fallback::Offers;

/// The closed list of problem codes. A code decides the status and whether trying again makes sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    /// The request is not HTTP or JSON as it should be.
    Malformed,
    /// No key, or not one of ours.
    Unauthenticated,
    /// The key's scopes do not cover it.
    Forbidden,
    /// No connection of this tenant serves the intent.
    UnknownIntent,
    /// No such object, or not this user's.
    NotFound,
    /// The record exists already.
    Duplicate,
    /// Somebody changed it meanwhile.
    Conflict,
    /// The same write is under way.
    IdempotencyInFlight,
    /// It was there, and is not kept any more.
    Gone,
    /// Over a bound of the API.
    TooLarge,
    /// One or more fields are wrong.
    InvalidInput,
    /// The idempotency key was used for something else.
    IdempotencyMismatch,
    /// The business system's own rule said no.
    Rejected,
    /// The business system does not accept the connection's credential.
    ReauthRequired,
    /// The business system refused for lack of permission.
    Denied,
    /// Too many calls of this caller, or the business system asks to slow down.
    RateLimited,
    /// The host is at its bound.
    Overloaded,
    /// The business system is down or out of reach.
    Unavailable,
    /// The connector broke: a trap, a budget, an answer that is not what its schema says.
    ConnectorFault,
    /// No answer in time.
    Timeout,
    /// The business system, or this connection, cannot do that.
    Unsupported,
    /// A fault of the host.
    Internal,
}

impl Code {
    /// All of them, in the order of their status.
    pub const ALL: [Code; 22] = [
        Code::Malformed,
        Code::Unauthenticated,
        Code::Forbidden,
        Code::UnknownIntent,
        Code::NotFound,
        Code::Duplicate,
        Code::Conflict,
        Code::IdempotencyInFlight,
        Code::Gone,
        Code::TooLarge,
        Code::InvalidInput,
        Code::IdempotencyMismatch,
        Code::Rejected,
        Code::ReauthRequired,
        Code::Denied,
        Code::RateLimited,
        Code::Internal,
        Code::Unsupported,
        Code::ConnectorFault,
        Code::Overloaded,
        Code::Unavailable,
        Code::Timeout,
    ];

    /// The HTTP status.
    pub fn status(self) -> u16 {
        match self {
            Code::Malformed => 400,
            Code::Unauthenticated => 401,
            Code::Forbidden => 403,
            Code::UnknownIntent | Code::NotFound => 404,
            Code::Duplicate | Code::Conflict | Code::IdempotencyInFlight => 409,
            Code::Gone => 410,
            Code::TooLarge => 413,
            Code::InvalidInput | Code::IdempotencyMismatch => 422,
            Code::Rejected | Code::ReauthRequired | Code::Denied => 424,
            Code::RateLimited => 429,
            Code::Internal => 500,
            Code::Unsupported => 501,
            Code::ConnectorFault => 502,
            Code::Overloaded | Code::Unavailable => 503,
            Code::Timeout => 504,
        }
    }

    /// As it stands in `code` and at the end of `type`.
    pub fn as_str(self) -> &'static str {
        match self {
            Code::Malformed => "malformed",
            Code::Unauthenticated => "unauthenticated",
            Code::Forbidden => "forbidden",
            Code::UnknownIntent => "unknown-intent",
            Code::NotFound => "not-found",
            Code::Duplicate => "duplicate",
            Code::Conflict => "conflict",
            Code::IdempotencyInFlight => "idempotency-in-flight",
            Code::Gone => "gone",
            Code::TooLarge => "too-large",
            Code::InvalidInput => "invalid-input",
            Code::IdempotencyMismatch => "idempotency-mismatch",
            Code::Rejected => "rejected",
            Code::ReauthRequired => "reauth-required",
            Code::Denied => "denied",
            Code::RateLimited => "rate-limited",
            Code::Overloaded => "overloaded",
            Code::Unavailable => "unavailable",
            Code::ConnectorFault => "connector-fault",
            Code::Timeout => "timeout",
            Code::Unsupported => "unsupported",
            Code::Internal => "internal",
        }
    }

    /// Whether the same request may succeed later.
    pub fn retryable(self) -> bool {
        matches!(
            self,
            Code::RateLimited
                | Code::Overloaded
                | Code::Unavailable
                | Code::Timeout
                | Code::Conflict
                | Code::IdempotencyInFlight
        )
    }

    fn title(self) -> &'static str {
        match self {
            Code::Malformed => "The request is malformed",
            Code::Unauthenticated => "The API key is missing or not valid",
            Code::Forbidden => "The API key does not allow this",
            Code::UnknownIntent => "No connection serves this intent",
            Code::NotFound => "Not found",
            Code::Duplicate => "It exists already",
            Code::Conflict => "It was changed meanwhile",
            Code::IdempotencyInFlight => "The same write is under way",
            Code::Gone => "No longer kept",
            Code::TooLarge => "The request is too large",
            Code::InvalidInput => "The input is not valid",
            Code::IdempotencyMismatch => "The idempotency key was used for something else",
            Code::Rejected => "The business system said no",
            Code::ReauthRequired => "The connection must be reconnected",
            Code::Denied => "The business system refused access",
            Code::RateLimited => "Too many requests",
            Code::Overloaded => "The host is at its limit",
            Code::Unavailable => "The business system is unavailable",
            Code::ConnectorFault => "The connector failed",
            Code::Timeout => "No answer in time",
            Code::Unsupported => "Not supported",
            Code::Internal => "Internal error",
        }
    }

    /// A sentence that fits a chat. What may be done instead is not said here: that is known later.
    pub fn text(self) -> &'static str {
        match self {
            Code::NotFound => "I couldn't find anything that matches these details. Please check them and try again.",
            Code::InvalidInput => "Some of the details don't look right. Please check them and try again.",
            Code::Duplicate => "That exists already.",
            Code::Conflict => "That was changed by somebody else just now. Would you like to try again?",
            Code::Rejected | Code::Denied | Code::Forbidden | Code::Unsupported | Code::UnknownIntent => {
                "I can't do that here."
            }
            Code::RateLimited | Code::Overloaded => "It's very busy right now. Please try again in a moment.",
            Code::Timeout | Code::Unavailable | Code::ReauthRequired | Code::ConnectorFault | Code::Internal => {
                "I'm having trouble accessing that information right now."
            }
            Code::IdempotencyInFlight => "I'm still working on that, please hold on.",
            Code::Malformed | Code::Unauthenticated | Code::Gone | Code::TooLarge | Code::IdempotencyMismatch => {
                "Something went wrong on our side."
            }
        }
    }

    /// What it says about the business system: whether there is anything to fall back on.
    pub fn trouble(self) -> Trouble {
        match self {
            Code::Unavailable => Trouble::Unavailable,
            Code::Timeout => Trouble::Timeout,
            Code::RateLimited => Trouble::RateLimited,
            Code::Overloaded => Trouble::Overloaded,
            Code::ReauthRequired => Trouble::ReauthRequired,
            Code::Denied => Trouble::Denied,
            Code::ConnectorFault => Trouble::ConnectorFault,
            Code::Unsupported => Trouble::Unsupported,
            Code::Internal => Trouble::Internal,
            Code::Malformed
            | Code::Unauthenticated
            | Code::Forbidden
            | Code::UnknownIntent
            | Code::NotFound
            | Code::Duplicate
            | Code::Conflict
            | Code::IdempotencyInFlight
            | Code::TooLarge
            | Code::InvalidInput
            | Code::IdempotencyMismatch
            | Code::Rejected
            | Code::Gone => Trouble::Request,
        }
    }
}

/// What became of a write when there is no answer.
pub(crate) fn outcome_word(outcome: WriteOutcome) -> &'static str {
    match outcome {
        WriteOutcome::None => "none",
        WriteOutcome::Applied => "applied",
        WriteOutcome::Unknown => "unknown",
    }
}

/// A problem on its way to the caller.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {detail}", code.as_str())]
pub struct Problem {
    /// Decides status, title and default text.
    pub code: Code,
    /// For the log only, unless `told`.
    pub detail: String,
    /// Whether `detail` goes to the caller too: only for what the caller did, never for what a system answered.
    told: bool,
    /// For the user; the code's own sentence when absent.
    pub text: Option<Box<str>>,
    /// One per wrong field, in the order of the schema.
    pub errors: Vec<FieldError>,
    /// When trying again makes sense, in milliseconds.
    pub retry_after_ms: Option<u32>,
    /// What is known of a write.
    pub outcome: WriteOutcome,
    /// The existing record of a `duplicate`; the call that carries the same write out, where that is known.
    pub existing_id: Option<Box<str>>,
    /// The call it belongs to, once there is one.
    pub call_id: Option<Arc<str>>,
    /// What may be done instead, once somebody looked.
    pub options: Offers,
}

/// The body of a problem as it goes over the wire: `application/problem+json`.
#[derive(Serialize)]
struct Body<'p> {
    #[serde(rename = "type")]
    kind: String,
    title: &'static str,
    status: u16,
    code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'p str>,
    text: &'p str,
    retryable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u32>,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Offers::is_empty")]
    options: &'p Offers,
    #[serde(skip_serializing_if = "Option::is_none")]
    existing_id: Option<&'p str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    call_id: Option<&'p str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'p [FieldError],
}

impl Problem {
    /// A problem with its private sentence.
    pub fn new(code: Code, detail: impl Into<String>) -> Problem {
        Problem {
            code,
            detail: detail.into(),
            told: false,
            text: None,
            errors: Vec::new(),
            retry_after_ms: None,
            outcome: WriteOutcome::None,
            existing_id: None,
            call_id: None,
            options: Offers::default(),
        }
    }

    /// A problem of the caller's own making: the sentence is written by us and goes to the caller as well.
    pub fn told(code: Code, detail: impl Into<String>) -> Problem {
        Problem { told: true, ..Problem::new(code, detail) }
    }

    /// One or more wrong fields.
    pub fn invalid(errors: Vec<FieldError>) -> Problem {
        let detail = errors.iter().map(|e| format!("{} {}", e.pointer, e.detail)).collect::<Vec<_>>().join("; ");
        Problem { errors, ..Problem::new(Code::InvalidInput, detail) }
    }

    /// Says what became of a write.
    pub fn outcome(self, outcome: WriteOutcome) -> Problem {
        Problem { outcome, ..self }
    }

    /// Says which scopes the connection's credential lacks: what the caller tells its operator.
    pub fn lacking(self, connection: &str, scopes: &[String]) -> Problem {
        let scopes: Vec<_> = scopes.iter().map(|scope| format!("`{scope}`")).collect();
        let detail = format!("the credential of connection `{connection}` lacks the scopes {}", scopes.join(", "));
        Problem { detail, told: true, ..self }
    }

    /// Says it in other words to the user.
    pub fn saying(self, text: impl Into<Box<str>>) -> Problem {
        Problem { text: Some(text.into()), ..self }
    }

    /// Says what may be done instead.
    pub fn offering(self, options: Offers) -> Problem {
        Problem { options, ..self }
    }

    /// Ties it to its call.
    pub fn of_call(self, call_id: &Arc<str>) -> Problem {
        Problem { call_id: Some(call_id.clone()), ..self }
    }

    /// Says which call is at it already: where to look instead.
    pub fn running_as(self, call_id: Option<Arc<str>>) -> Problem {
        Problem { existing_id: call_id.map(|id| id.as_ref().into()), ..self }
    }

    /// Says when to come back.
    pub fn retry_after(self, ms: u32) -> Problem {
        Problem { retry_after_ms: Some(ms), ..self }
    }

    /// A connector's failure, word for word in its kind. Pointers are moved from the input to the request.
    pub fn from_failure(failure: Failure, outcome: WriteOutcome) -> Problem {
        let (code, text, errors, retry_after_ms, existing_id) = match failure.kind {
            FailureKind::InvalidInput { errors } => {
                // A connector's details are sentences for the user, such as what to give as proof.
                let text = errors.iter().map(|e| e.detail.as_str()).collect::<Vec<_>>().join(" ");
                let moved = |e: FieldError| FieldError { pointer: format!("/input{}", e.pointer), ..e };
                let errors: Vec<_> = errors.into_iter().map(moved).collect();
                (Code::InvalidInput, (!text.is_empty()).then_some(text), errors, None, None)
            }
            FailureKind::NotFound => (Code::NotFound, None, Vec::new(), None, None),
            FailureKind::Duplicate { existing_id } => {
                (Code::Duplicate, None, Vec::new(), None, existing_id.map(Into::into))
            }
            FailureKind::Denied => (Code::Denied, None, Vec::new(), None, None),
            FailureKind::ReauthRequired => (Code::ReauthRequired, None, Vec::new(), None, None),
            FailureKind::Conflict => (Code::Conflict, None, Vec::new(), None, None),
            FailureKind::RateLimited { retry_after_ms } => (Code::RateLimited, None, Vec::new(), retry_after_ms, None),
            FailureKind::Rejected { sentence } => (Code::Rejected, Some(sentence), Vec::new(), None, None),
            FailureKind::Unavailable => (Code::Unavailable, None, Vec::new(), None, None),
            FailureKind::Timeout => (Code::Timeout, None, Vec::new(), None, None),
            FailureKind::Unsupported => (Code::Unsupported, None, Vec::new(), None, None),
            FailureKind::Internal => (Code::ConnectorFault, None, Vec::new(), None, None),
        };
        Problem {
            text: text.map(Into::into),
            errors,
            retry_after_ms,
            existing_id,
            outcome,
            ..Problem::new(code, failure.detail)
        }
    }

    /// The body as JSON.
    pub fn to_json(&self) -> Vec<u8> {
        // What may have been written must not be sent again blindly.
        let nothing_written = self.outcome == WriteOutcome::None;
        let body = Body {
            kind: format!("urn:jackfield:problem:{}", self.code.as_str()),
            title: self.code.title(),
            status: self.code.status(),
            code: self.code.as_str(),
            detail: self.told.then_some(self.detail.as_str()),
            text: self.text.as_deref().unwrap_or(self.code.text()),
            retryable: self.code.retryable() && nothing_written,
            retry_after_ms: self.retry_after_ms,
            outcome: outcome_word(self.outcome),
            options: &self.options,
            existing_id: self.existing_id.as_deref(),
            call_id: self.call_id.as_deref(),
            errors: &self.errors,
        };
        serde_json::to_vec(&body).unwrap_or_default()
    }
}
