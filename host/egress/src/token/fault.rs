//! Why there is no token, and what that means for the calls that wait for it. Cheap to hand to each of them.

use std::sync::Arc;
use std::time::Duration;

use jackfield_core::port::SendError;

use crate::state::State;
use crate::vault::SecretValue;

/// Why there is no token.
#[derive(Clone)]
pub(crate) enum Fault {
    /// Until a person does something. The state is `Pending` or `ReauthRequired`.
    Refused {
        state: State,
        sentence: Arc<str>,
        /// What was refused; absent when nothing was asked, so that nothing is to be remembered.
        of: Option<Arc<Refusal>>,
    },
    /// It passes by itself.
    Unavailable { detail: Arc<str>, retry_after: Option<Duration> },
    /// Policy forbids asking at all.
    Denied(Arc<str>),
}

/// What a token endpoint refused. As long as all of this is the same, asking again is of no use.
pub(crate) struct Refusal {
    /// Secrets that went into the request, by name.
    pub(crate) secrets: Vec<(String, Arc<SecretValue>)>,
    /// Revision of the stored record, where there is one.
    pub(crate) revision: Option<u64>,
}

impl Fault {
    /// What the calls are told.
    pub(crate) fn error(&self) -> SendError {
        match self {
            Fault::Refused { sentence, .. } => SendError::ReauthRequired(sentence.to_string()),
            // The request itself did not leave.
            Fault::Unavailable { detail, .. } => SendError::Unavailable { detail: detail.to_string(), sent: false },
            Fault::Denied(why) => SendError::Denied(why.to_string()),
        }
    }

    pub(crate) fn unavailable(detail: impl Into<Arc<str>>) -> Fault {
        Fault::Unavailable { detail: detail.into(), retry_after: None }
    }

    /// Nothing was asked, because something is missing on our side that a person has to supply.
    pub(crate) fn missing(sentence: impl Into<Arc<str>>) -> Fault {
        Fault::Refused { state: State::ReauthRequired, sentence: sentence.into(), of: None }
    }

    /// What went wrong with sending the token request.
    pub(crate) fn of_sending(error: SendError) -> Fault {
        match error {
            SendError::Denied(why) => Fault::Denied(why.into()),
            SendError::ReauthRequired(sentence) => Fault::missing(sentence),
            SendError::Unavailable { detail, .. } => Fault::unavailable(format!("the token endpoint: {detail}")),
            SendError::Timeout { .. } => Fault::unavailable("the token endpoint does not answer in time"),
            SendError::TooLarge { limit } => {
                Fault::unavailable(format!("the token endpoint answers with more than {limit} bytes"))
            }
            SendError::RateLimited { .. } => Fault::unavailable("the token endpoint is asked too often"),
        }
    }
}
