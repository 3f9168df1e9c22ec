//! Why a request got no answer, and which failure that is.

use std::{fmt, time::Duration};

use crate::failure::Failure;

/// Why a request got no answer from the business system. An answer with an error status is no `Error`: see
/// [`Response::ok`](super::Response::ok).
///
/// `?` turns it into a [`Failure`]:
///
/// | error | failure | why |
/// |---|---|---|
/// | `Denied` | `internal` | grant and connector disagree; the host logs the line of configuration that would allow it |
/// | `InvalidRequest` | `internal` | the connector made something that is no request |
/// | `BudgetExceeded` | `internal` | the connector asks too often for the limits of its call |
/// | `TooLarge` | `internal` | the connector asks for more than the connection allows: fewer fields, smaller pages |
/// | `Timeout` | `timeout` | |
/// | `Unavailable` | `unavailable` | |
/// | `RateLimited` | `rate-limited` | with the wait, where it is known |
/// | `ReauthRequired` | `reauth-required` | |
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// Outside the grant. The sentence tells the operator what would allow it.
    Denied(String),
    /// Malformed: a bad path, header, query or body.
    InvalidRequest(String),
    /// One of the call's budgets is used up: requests, bytes.
    BudgetExceeded(String),
    /// The answer is larger than the connection allows.
    TooLarge,
    /// No answer within the time that was left.
    Timeout,
    /// No connection, or it broke.
    Unavailable(String),
    /// The vendor's budget for this connection is used up; how long to wait, where known.
    RateLimited(Option<Duration>),
    /// There is no credential that the system accepts.
    ReauthRequired,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Denied(hint) => write!(f, "request not granted: {hint}"),
            Error::InvalidRequest(reason) => write!(f, "malformed request: {reason}"),
            Error::BudgetExceeded(which) => write!(f, "budget of the call used up: {which}"),
            Error::TooLarge => f.write_str("answer larger than the connection allows"),
            Error::Timeout => f.write_str("no answer in time"),
            Error::Unavailable(reason) => write!(f, "no connection: {reason}"),
            Error::RateLimited(_) => f.write_str("the vendor's budget for this connection is used up"),
            Error::ReauthRequired => f.write_str("no credential that the system accepts"),
        }
    }
}

impl std::error::Error for Error {}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let failure = match error {
            Error::Denied(_) | Error::InvalidRequest(_) | Error::BudgetExceeded(_) | Error::TooLarge => {
                return Failure::internal(error.to_string());
            }
            Error::Timeout => Failure::timeout(),
            Error::Unavailable(_) => Failure::unavailable(),
            Error::RateLimited(wait) => Failure::rate_limited(wait),
            Error::ReauthRequired => Failure::reauth_required(),
        };
        failure.detail(error.to_string())
    }
}
