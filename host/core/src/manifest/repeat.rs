//! What makes it harmless to send a write twice: a fact of the vendor's, which the manifest states per intent. A host
//! sends a write again only where one stands.

use serde::Deserialize;

/// Why a repetition of the same call, with the same idempotency key, does no more than the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RepeatBy {
    /// The system takes a key and answers a repetition with its first answer, for as long as it remembers the key.
    IdempotencyKey,
    /// The object gets an id that the connector makes of the call's key, and the system has no two of one id.
    ExternalId,
    /// The write says how things shall be, not what shall be added: done twice they are the same.
    Natural,
}

/// What the manifest says of one intent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repeat {
    /// Why it is harmless.
    pub by: RepeatBy,
    /// For how long after the first attempt, in milliseconds. None: always.
    pub within_ms: Option<u64>,
}

/// `[intent."ticket.create"]` as it is written.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IntentFile {
    /// Why a repetition of the same call does no more than the first. Without it the host never sends the write twice.
    repeat: RepeatBy,
    /// For how long after the first attempt that holds, in milliseconds; always where it is left out. Needed with
    /// `idempotency-key`: as long as the system remembers a key.
    #[serde(default)]
    repeat_within_ms: Option<u64>,
}

impl IntentFile {
    /// # Errors
    /// What is wrong, and what to do about it.
    pub(super) fn check(self) -> Result<Repeat, (String, &'static str)> {
        match (self.repeat, self.repeat_within_ms) {
            // No system remembers a key for ever, and a key that is forgotten doubles the write.
            (RepeatBy::IdempotencyKey, None) => Err((
                "`repeat = \"idempotency-key\"` does not say for how long the system remembers a key".to_owned(),
                "add `repeat_within_ms`, from the vendor's documentation",
            )),
            (_, Some(0)) => Err((
                "`repeat_within_ms = 0` is never".to_owned(),
                "leave `repeat` out where a repetition is not harmless",
            )),
            (by, within_ms) => Ok(Repeat { by, within_ms }),
        }
    }
}

impl Repeat {
    /// Whether it still holds at this age of the first attempt.
    pub fn holds(&self, age_ms: u64) -> bool {
        self.within_ms.is_none_or(|within_ms| age_ms < within_ms)
    }
}
