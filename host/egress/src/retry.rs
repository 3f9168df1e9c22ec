//! Answers for sending a request again: after which outcomes, how long afterwards, and that what is reported in the end
//! is true of all attempts together. Whether and when is `core::backoff`'s decision; the waiting is done here.
//!
//! Two retries are not this file's: the one with another credential and the one with another session, each after an
//! answer that says that the request was not processed (`exchange.rs`).

use std::sync::Arc;

use jackfield_core::backoff::{Cause, Failed, Retry};
use jackfield_core::call::CallContext;
use jackfield_core::grant::{Granted, OutboundRequest};
use jackfield_core::manifest::Access;
use jackfield_core::port::SendError;
use jackfield_core::rate::Rate;
use tokio::time::Instant;

use crate::client::Connection;
use crate::exchange::Hop;
use crate::traffic::Purpose;
use crate::watch::What;
use crate::{Egress, clock, random, report};

/// Why one attempt has no answer.
pub(crate) enum Stop {
    /// Another attempt may fare better.
    Failed(SendError),
    /// Another attempt would meet the same: a policy of ours, or a credential that cannot be had.
    Final(SendError),
    /// The same, because of a bound that is counted whenever it refuses: breaker or budget.
    Refused(SendError),
}

impl From<SendError> for Stop {
    fn from(error: SendError) -> Stop {
        Stop::Failed(error)
    }
}

impl Stop {
    /// What it says, either way.
    pub(crate) fn into_error(self) -> SendError {
        match self {
            Stop::Failed(error) | Stop::Final(error) | Stop::Refused(error) => error,
        }
    }
}

impl Egress {
    /// One hop, in as many attempts as it takes and may have.
    pub(crate) async fn persist(
        &self,
        connection: &Arc<Connection>,
        granted: &Granted<OutboundRequest>,
        context: &CallContext,
        hops: usize,
        (deadline, purpose): (Instant, Purpose),
    ) -> Result<Hop, SendError> {
        let rate = &granted.endpoint().rate;
        let idempotent = granted.access() == Access::Read || granted.value().idempotent;
        let mut attempts = 0;
        let mut earlier: Option<Earlier> = None;
        loop {
            attempts += 1;
            let begun = Instant::now();
            let outcome = self.hop(connection, granted, context, hops, (deadline, purpose)).await;
            let cause = cause(&outcome, rate);
            let is_refused = matches!(outcome, Err(Stop::Refused(_)));
            let outcome = outcome.map_err(Stop::into_error);
            // The next one comes by itself, and one that fails is what it was sent to find out.
            if purpose == Purpose::Probe {
                return outcome;
            }
            // A line for each refusal would fill the log just when an operator wants to read it.
            if !is_refused {
                report(&self.vault, granted, context, begun.elapsed(), &outcome);
            }
            let Some(cause) = cause else { return told(outcome, earlier) };
            let left = deadline.saturating_duration_since(Instant::now());
            let failed = Failed { cause, idempotent, attempts, left };
            match connection.retry().decide(&failed, random::number()) {
                Retry::After(after) => {
                    tracing::debug!(
                        call_id = &*context.call_id,
                        connection = granted.connection(),
                        attempts,
                        after_ms = after.as_millis(),
                        "the request is sent again"
                    );
                    connection.traffic().tell(granted.access(), What::Repeated { after });
                    let arrived = may_have_arrived(cause) || earlier.is_some_and(|earlier| earlier.arrived);
                    earlier = Some(Earlier { outcome, arrived });
                    tokio::time::sleep(after).await;
                }
                Retry::GiveUp(why) => {
                    tracing::debug!(
                        call_id = &*context.call_id,
                        connection = granted.connection(),
                        attempts,
                        %why,
                        "the request is not sent again"
                    );
                    return told(outcome, earlier);
                }
            }
        }
    }
}

/// What came of the attempts before.
struct Earlier {
    /// Of the last of them.
    outcome: Result<Hop, SendError>,
    /// Whether any of them may have reached the system and been carried out.
    arrived: bool,
}

/// What came of an attempt, where a retry may have something to say to it.
fn cause(outcome: &Result<Hop, Stop>, rate: &Rate) -> Option<Cause> {
    match outcome {
        Ok(Hop::Redirect(..)) => None,
        Ok(Hop::Answer(answer)) if answer.status < 400 => None,
        Ok(Hop::Answer(answer)) => {
            let retry_after = rate.asked(&answer.headers, clock::now_ms());
            Some(Cause::Status { status: answer.status, retry_after })
        }
        Err(Stop::Final(_) | Stop::Refused(_)) => Some(Cause::Final),
        Err(Stop::Failed(error)) => Some(Cause::from(error)),
    }
}

/// A `429` says that nothing was done. Whatever else was answered may have been done in part.
fn may_have_arrived(cause: Cause) -> bool {
    match cause {
        Cause::NoAnswer => true,
        Cause::Status { status, .. } => status != 429,
        Cause::NotSent | Cause::Final => false,
    }
}

/// What is said in the end: the last outcome, unless it would hide what an earlier attempt may have done.
fn told(last: Result<Hop, SendError>, earlier: Option<Earlier>) -> Result<Hop, SendError> {
    let Some(Earlier { outcome, arrived }) = earlier else { return last };
    match last {
        Ok(hop) => Ok(hop),
        Err(SendError::Timeout { sent }) => Err(SendError::Timeout { sent: sent || arrived }),
        Err(SendError::Unavailable { detail, sent }) => Err(SendError::Unavailable { detail, sent: sent || arrived }),
        Err(error @ SendError::TooLarge { .. }) => Err(error),
        // These mean that nothing was sent, which is true of the last attempt only.
        Err(SendError::RateLimited { .. } | SendError::Denied(_) | SendError::ReauthRequired(_)) if arrived => outcome,
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use jackfield_core::port::UpstreamResponse;

    use super::*;

    fn answer(status: u16) -> Result<Hop, SendError> {
        Ok(Hop::Answer(UpstreamResponse { status, headers: Vec::new(), body: "".into() }))
    }

    fn words(outcome: Result<Hop, SendError>) -> String {
        match outcome {
            Ok(Hop::Answer(answer)) => answer.status.to_string(),
            Ok(Hop::Redirect(status, _)) => format!("redirect {status}"),
            Err(error) => format!("{error:?}"),
        }
    }

    #[test]
    fn the_end_never_hides_what_an_earlier_attempt_may_have_done() {
        let unsent = || Err(SendError::Timeout { sent: false });
        let sent = || Err(SendError::Timeout { sent: true });
        let limited = || Err(SendError::RateLimited { retry_after_ms: None });
        let reauth = || Err(SendError::ReauthRequired("gone".to_owned()));
        let cases = [
            // last, earlier with whether it may have arrived, told
            (unsent(), None, unsent()),
            (unsent(), Some((answer(503), true)), sent()),
            (unsent(), Some((answer(429), false)), unsent()),
            (limited(), Some((sent(), true)), sent()),
            (limited(), Some((answer(429), false)), limited()),
            (reauth(), Some((answer(503), true)), answer(503)),
            (answer(200), Some((sent(), true)), answer(200)),
            (Err(SendError::TooLarge { limit: 1 }), Some((sent(), true)), Err(SendError::TooLarge { limit: 1 })),
        ];
        for (last, earlier, expected) in cases {
            let case = words(expected);
            let earlier = earlier.map(|(outcome, arrived)| Earlier { outcome, arrived });
            assert_eq!(words(told(last, earlier)), case);
        }
    }
}
