//! Whether a request to a business system is sent again, and after how long. Sending, sleeping and drawing the random
//! number are the egress's business; the vendor's budget is [`crate::rate`]'s, and whether anything is sent at all the
//! breaker's.
//!
//! Two promises come before every wish to succeed:
//! 1. **No write is doubled.** What may have reached the system is sent again only when a second arrival does no harm:
//!    it only reads, or the connector's author said so. A `429` is the exception, since the system says with it that it
//!    did nothing.
//! 2. **No wait outlives the call.** A retry must begin early enough for the attempt to have the least time it needs;
//!    else it is given up at once, and the time goes to the fallback.
//!
//! Waits have full jitter (Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog): any time between
//! nothing and the bound is as likely, which spreads the attempts of many calls that failed together.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::port::SendError;

mod retry_after;

pub use retry_after::{RETRY_AFTER_MAX, parse_retry_after};
pub(crate) use retry_after::{parse_http_date_ms, parse_seconds};

/// How often and how patiently. The defaults suit a person who waits in a chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetryPolicy {
    /// Attempts of one request, the first included.
    pub attempts_max: u32,
    /// Bound of the first wait, in milliseconds; it doubles with every attempt.
    pub base_ms: u64,
    /// Bound of every wait, in milliseconds. A `Retry-After` is not bound by it, only by the deadline.
    pub cap_ms: u64,
    /// The least time an attempt needs to have a chance, in milliseconds.
    pub attempt_ms_min: u64,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        RetryPolicy { attempts_max: 3, base_ms: 200, cap_ms: 2_000, attempt_ms_min: 500 }
    }
}

/// What came of an attempt, as far as a retry is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// It did not leave the host: no connection, or no time to make one.
    NotSent,
    /// It left, or may have left, and no whole answer came.
    NoAnswer,
    /// The system answered.
    Status {
        /// HTTP status.
        status: u16,
        /// How long the system asks to wait, where it says so.
        retry_after: Option<Duration>,
    },
    /// Our own side said no, or the answer is of no use: the same would happen again.
    Final,
}

impl From<&SendError> for Cause {
    fn from(error: &SendError) -> Self {
        match error {
            SendError::Timeout { sent } | SendError::Unavailable { sent, .. } => {
                if *sent {
                    Cause::NoAnswer
                } else {
                    Cause::NotSent
                }
            }
            // The budget has waited as long as it may before it says this.
            SendError::RateLimited { .. }
            | SendError::Denied(_)
            | SendError::TooLarge { .. }
            | SendError::ReauthRequired(_) => Cause::Final,
        }
    }
}

/// An attempt that failed, and what is left to try again with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failed {
    /// What came of it.
    pub cause: Cause,
    /// Whether a second arrival does no harm: it only reads, or the author said so.
    pub idempotent: bool,
    /// Attempts so far, this one included.
    pub attempts: u32,
    /// Time until the work must end.
    pub left: Duration,
}

/// What to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Send it again after this while.
    After(Duration),
    /// Leave it.
    GiveUp(GiveUp),
}

/// Why it is not sent again. For the log and for what is said of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GiveUp {
    /// The same would happen again, or the answer is an answer.
    #[error("a second attempt would end in the same way")]
    Final,
    /// The system may have done it: its outcome is unknown and for settling to find out.
    #[error("the request may have been carried out and must not be repeated")]
    MayBeApplied,
    /// As often as the policy allows.
    #[error("the attempts are used up")]
    Attempts,
    /// The wait and the attempt do not fit into the deadline.
    #[error("there is no time for another attempt")]
    NoTime,
}

impl RetryPolicy {
    /// Decides on one failed attempt. `random` is a number drawn evenly from the whole range of `u64`.
    pub fn decide(&self, failed: &Failed, random: u64) -> Retry {
        let (asked, harmless) = match failed.cause {
            Cause::Final => return Retry::GiveUp(GiveUp::Final),
            Cause::NotSent => (None, true),
            Cause::NoAnswer => (None, failed.idempotent),
            Cause::Status { status: 429, retry_after } => (retry_after, true),
            Cause::Status { status: 408 | 502 | 503 | 504, retry_after } => (retry_after, failed.idempotent),
            Cause::Status { .. } => return Retry::GiveUp(GiveUp::Final),
        };
        if !harmless {
            return Retry::GiveUp(GiveUp::MayBeApplied);
        }
        if failed.attempts >= self.attempts_max {
            return Retry::GiveUp(GiveUp::Attempts);
        }
        let Some(latest) = failed.left.checked_sub(Duration::from_millis(self.attempt_ms_min)) else {
            return Retry::GiveUp(GiveUp::NoTime);
        };
        let after = match asked {
            Some(asked) if asked > latest => return Retry::GiveUp(GiveUp::NoTime),
            // Everybody who was turned away was told the same moment: a little jitter behind it keeps them apart.
            Some(asked) => asked.saturating_add(self.delay(0, random)),
            None => self.delay(failed.attempts.saturating_sub(1), random),
        };
        Retry::After(after.min(latest))
    }

    /// A wait with full jitter: between nothing and `min(cap, base * 2^doublings)`, both ends included, in whole
    /// milliseconds.
    pub fn delay(&self, doublings: u32, random: u64) -> Duration {
        let factor = 1u64.checked_shl(doublings).unwrap_or(u64::MAX);
        let bound = self.base_ms.saturating_mul(factor).min(self.cap_ms);
        Duration::from_millis(scaled(random, bound))
    }
}

/// A number between 0 and `max`, both included, as evenly spread as `random` is over all of `u64`.
pub(crate) fn scaled(random: u64, max: u64) -> u64 {
    let wide = u128::from(random) * (u128::from(max) + 1);
    // The upper half of a product of two 64-bit numbers fits into 64 bits: nothing is cut here.
    (wide >> 64) as u64
}

#[cfg(test)]
mod tests;
