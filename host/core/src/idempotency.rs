//! What happens when a write arrives twice. Keeping the record and waiting are the store's and the dispatcher's
//! business; here is how a write is recognised, what its record says, and what its second arrival gets.
//!
//! A record is written before the guest runs and holds the whole answer afterwards, so that a caller who did not hear
//! the answer hears it again, and the business system is asked once.
//!
//! ```text
//!   (no record) ──first──▶ in flight until its lease ends ──answer──▶ done, replayed until its retention ends
//!                              │ the lease ended: its host is dead
//!                              └──▶ taken over: settled, never run blindly again
//! ```
//!
//! The key is a digest of tenant, caller and what the caller sent as `Idempotency-Key` (draft-ietf-httpapi-
//! idempotency-key-header): two callers that happen to choose the same key never meet. Without a header it is derived
//! from the message in the chat, where the caller names it: the same message leads to the same write once. Beside the
//! key a [`fingerprint`] says what was asked, so that a key used for something else is told apart from a repetition.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::digest::{Digest, DigestBuilder};
use crate::settle::Write;

/// An `Idempotency-Key` of a caller at most, in bytes.
pub const KEY_BYTES_MAX: usize = 255;

/// How far the clocks of two hosts that share a store may be apart, in milliseconds: a lease of another host is over
/// only this much after its end.
pub const LEASE_GRACE_MS: u64 = 5_000;

/// How long records live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IdempotencyPolicy {
    /// Milliseconds after which a host that has not renewed its lease is taken for dead.
    pub lease_ms: u64,
    /// Milliseconds during which an answer is replayed.
    pub retention_ms: u64,
}

impl Default for IdempotencyPolicy {
    fn default() -> Self {
        IdempotencyPolicy { lease_ms: 30_000, retention_ms: 24 * 60 * 60 * 1_000 }
    }
}

/// An `Idempotency-Key` that is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an idempotency key is 1 to 255 visible ASCII characters")]
pub struct BadKey;

/// What is asked, by whom and of whom.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The intent.
    pub intent: &'a str,
    /// The connection that answers: the same words for another system are another write.
    pub connection: &'a str,
    /// The bot service's id of the person in the chat.
    pub user: Option<&'a str>,
    /// Normalised, validated input.
    pub input: &'a Value,
}

/// The digest of what is asked.
pub fn fingerprint(asked: &Asked<'_>) -> Digest {
    let Asked { intent, connection, user, input } = asked;
    DigestBuilder::new("fingerprint").text(intent).text(connection).maybe(*user).json(input).finish()
}

/// The key of a write for which the caller sent one.
///
/// # Errors
/// When it is empty, too long or not visible ASCII.
pub fn sent_key(tenant: &str, caller: &str, key: &str) -> Result<Digest, BadKey> {
    let visible = key.bytes().all(|b| (0x21..=0x7e).contains(&b));
    if key.is_empty() || key.len() > KEY_BYTES_MAX || !visible {
        return Err(BadKey);
    }
    Ok(DigestBuilder::new("sent key").text(tenant).text(caller).text(key).finish())
}

/// The message in a chat that led to a write, as the caller names it.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// The conversation.
    pub conversation: Option<&'a str>,
    /// The message in it.
    pub message: Option<&'a str>,
}

/// The key of a write for which the caller sent none: the same message, asking for the same, is the same write. `None`
/// without both ids: two equal writes that nothing tells apart may well be meant twice.
pub fn derived_key(tenant: &str, caller: &str, message: Message<'_>, fingerprint: &Digest) -> Option<Digest> {
    let (conversation, message) = (message.conversation?, message.message?);
    if conversation.is_empty() || message.is_empty() {
        return None;
    }
    let key = DigestBuilder::new("derived key").text(tenant).text(caller).text(conversation).text(message);
    Some(key.digest(fingerprint).finish())
}

/// The key of a write that is answered later and that nothing else tells from another: its call. Whoever takes such a
/// write up after its host died must be able to see whether it had begun.
pub fn call_key(tenant: &str, caller: &str, call_id: &str) -> Digest {
    DigestBuilder::new("call key").text(tenant).text(caller).text(call_id).finish()
}

/// An answer as it went out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The body, byte for byte: a replay is the same answer, not a similar one.
    pub body: String,
}

/// Where a write is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case", deny_unknown_fields)]
pub enum State {
    /// A host is at it.
    InFlight {
        /// When it began, in milliseconds since the epoch.
        since_ms: u64,
        /// Until when that host is known to live, in milliseconds since the epoch.
        lease_until_ms: u64,
        /// What is written: whoever takes over from a dead host can look what became of it. Absent in records of
        /// version 1.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        write: Option<Box<Write>>,
    },
    /// It is answered, possibly with `outcome: unknown` until it is settled.
    Done {
        /// When, in milliseconds since the epoch.
        at_ms: u64,
        /// What the caller was told.
        answer: Answer,
    },
}

/// What is kept of a write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    version: u8,
    /// What was asked.
    pub fingerprint: Digest,
    /// Where it is.
    pub state: State,
}

/// The version of the form in which records are written.
const VERSION: u8 = 2;

/// A record that cannot be read. It is not the same as none: whoever takes it for none doubles a write.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Written by a newer host.
    #[error("the record has version {0}, which this host does not know")]
    Newer(u8),
    /// Not a record.
    #[error("the record is damaged: {0}")]
    Damaged(String),
}

impl Record {
    /// The record of a write that begins now.
    pub fn begin(fingerprint: Digest, now_ms: u64, policy: &IdempotencyPolicy) -> Record {
        let lease_until_ms = now_ms.saturating_add(policy.lease_ms);
        let state = State::InFlight { since_ms: now_ms, lease_until_ms, write: None };
        Record { version: VERSION, fingerprint, state }
    }

    /// The same, with what is written. It goes when the write is answered.
    pub fn of(mut self, what: Write) -> Record {
        if let State::InFlight { write, .. } = &mut self.state {
            *write = Some(Box::new(what));
        }
        self
    }

    /// Until when the host that is at it is taken to live; `None` where the write is done.
    pub fn held_until_ms(&self) -> Option<u64> {
        match &self.state {
            State::InFlight { lease_until_ms, .. } => Some(lease_until_ms.saturating_add(LEASE_GRACE_MS)),
            State::Done { .. } => None,
        }
    }

    /// What was being written, where it is known.
    pub fn write(&self) -> Option<&Write> {
        match &self.state {
            State::InFlight { write, .. } => write.as_deref(),
            State::Done { .. } => None,
        }
    }

    /// The same with a lease from now on; a write that is done stays done.
    pub fn renewed(mut self, now_ms: u64, policy: &IdempotencyPolicy) -> Record {
        if let State::InFlight { lease_until_ms, .. } = &mut self.state {
            *lease_until_ms = now_ms.saturating_add(policy.lease_ms).max(*lease_until_ms);
        }
        self
    }

    /// The same, answered. A later answer replaces an earlier one: settling ends `outcome: unknown`.
    pub fn answered(mut self, now_ms: u64, answer: Answer) -> Record {
        self.state = State::Done { at_ms: now_ms, answer };
        self
    }

    /// Whether it may be deleted.
    pub fn is_over(&self, now_ms: u64, policy: &IdempotencyPolicy) -> bool {
        match &self.state {
            State::InFlight { .. } => false,
            State::Done { at_ms, .. } => now_ms >= at_ms.saturating_add(policy.retention_ms),
        }
    }

    /// The form in which it is kept.
    pub fn to_bytes(&self) -> Vec<u8> {
        // Text and numbers are always written. Were it otherwise, an empty record would be read as damaged, not as
        // none.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads what [`Record::to_bytes`] wrote.
    ///
    /// # Errors
    /// See [`RecordError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Record, RecordError> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u8,
        }
        let damaged = |error: serde_json::Error| {
            // Where, and not what: a record holds a customer's answer.
            RecordError::Damaged(format!("{:?} error at column {}", error.classify(), error.column()))
        };
        let Versioned { version } = serde_json::from_slice(bytes).map_err(damaged)?;
        if version > VERSION {
            return Err(RecordError::Newer(version));
        }
        serde_json::from_slice(bytes).map_err(damaged)
    }
}

/// What an arriving write gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrival<'r> {
    /// It is the first: put a record, on condition that there is still none, then run.
    First,
    /// It was answered: the same again, with `Idempotency-Replayed: true`.
    Replay(&'r Answer),
    /// A host is at it: 409.
    InFlight {
        /// When asking again may bring more, in milliseconds: the lease is renewed or over by then.
        retry_after_ms: u64,
    },
    /// The key was used for something else: 422.
    Mismatch,
    /// Its host is dead, and nobody knows how far it came: put a renewed record, on condition that it is still this
    /// one, and settle the write. It is never simply run again.
    TakeOver,
}

/// Decides on an arrival. `record` is what the store has under the write's key.
pub fn arrive<'r>(
    record: Option<&'r Record>,
    fingerprint: &Digest,
    now_ms: u64,
    policy: &IdempotencyPolicy,
) -> Arrival<'r> {
    let Some(record) = record.filter(|record| !record.is_over(now_ms, policy)) else {
        return Arrival::First;
    };
    if record.fingerprint != *fingerprint {
        return Arrival::Mismatch;
    }
    match &record.state {
        State::Done { answer, .. } => Arrival::Replay(answer),
        State::InFlight { lease_until_ms, .. } => {
            let left = lease_until_ms.saturating_add(LEASE_GRACE_MS).saturating_sub(now_ms);
            match left {
                0 => Arrival::TakeOver,
                // Most writes end long before their lease.
                left => Arrival::InFlight { retry_after_ms: left.min(IN_FLIGHT_RETRY_MS_MAX) },
            }
        }
    }
}

/// A caller is asked to come back after this at the latest, in milliseconds.
const IN_FLIGHT_RETRY_MS_MAX: u64 = 2_000;

#[cfg(test)]
mod tests;
