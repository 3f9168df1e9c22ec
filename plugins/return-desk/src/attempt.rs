//! What came of asking another connector to write something. Honest about the case in which nobody knows.

use jackfield_sdk::prelude::*;

/// The four ends of a write, and the one where it was not tried.
#[derive(Debug)]
pub(crate) enum Attempt<T> {
    /// It was made.
    Done(T),
    /// It was there already, under this id where the system tells it.
    Existed(Option<String>),
    /// It was certainly not made.
    Refused(Failure),
    /// It may have been made or not.
    Unknown,
    /// It was not tried, for this reason.
    Skipped(&'static str),
}

/// Why a step was not tried.
pub(crate) const TURNED_OFF: &str = "turned off in the settings";
pub(crate) const NO_ROUTE: &str = "no connection does this";
pub(crate) const NOT_AFTER_UNKNOWN: &str = "not begun, because the step before may have been done or not";
pub(crate) const NOBODY: &str = "neither e-mail address nor phone number of the customer is known";

impl<T> Attempt<T> {
    /// Sorts the answer to a write.
    ///
    /// Whether a system that is `unavailable` or a connector that broke (`internal`) had made it before is not to be
    /// seen from here: the connection may have ended after the request was sent. So these are unknown, like `timeout`.
    pub(crate) fn of(answer: Result<T, Failure>) -> Self {
        let failure = match answer {
            Ok(made) => return Attempt::Done(made),
            Err(failure) => failure,
        };
        match failure.kind {
            FailureKind::Duplicate { existing_id } => Attempt::Existed(existing_id),
            FailureKind::Unsupported => Attempt::Skipped(NO_ROUTE),
            FailureKind::Timeout | FailureKind::Unavailable | FailureKind::Internal => Attempt::Unknown,
            FailureKind::InvalidInput { .. }
            | FailureKind::NotFound
            | FailureKind::Denied
            | FailureKind::ReauthRequired
            | FailureKind::Conflict
            | FailureKind::RateLimited { .. }
            | FailureKind::Rejected { .. } => Attempt::Refused(failure),
        }
    }
}
