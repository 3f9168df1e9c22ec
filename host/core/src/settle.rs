//! Decides how a write is settled whose end nobody heard: whether to look or to send it again, when, what is proved by
//! what a look tells, and when to give up. Asking the connector and keeping the record is the host's business.
//!
//! The rule behind all of it: a second write is worse than an answer that comes late, and "not applied" is worse than
//! "unknown" when it is not true.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::call::{User, WriteOutcome};
use crate::digest::Digest;
use crate::manifest::Repeat;

/// What a look into the system told of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// It happened: the intent's output as JSON text, untrusted like any answer of a guest.
    Applied(String),
    /// It did not happen.
    NotApplied,
    /// It cannot be told, now or ever.
    Unknown,
}

/// When to look, and for how long (`[settle]`).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SettlePolicy {
    /// Milliseconds before each look, since the call's end and then since the look before; the last one repeats.
    pub waits_ms: Vec<u64>,
    /// Milliseconds after the call's end during which a system may still be carrying the write out: until then "not
    /// applied" is no news.
    pub sure_after_ms: u64,
    /// Milliseconds after the call's end at which nobody looks any more.
    pub give_up_ms: u64,
    /// The longest that one look may take, in milliseconds.
    pub look_ms: u64,
}

/// Bounds of what an operator may write.
const WAITS_MAX: usize = 32;
const WAIT_MS_MIN: u64 = 10;
const MS_MAX: u64 = 7 * 24 * 60 * 60 * 1_000;

impl Default for SettlePolicy {
    fn default() -> Self {
        SettlePolicy {
            waits_ms: vec![2_000, 10_000, 60_000, 5 * 60_000, 30 * 60_000],
            // Longer than the systems at hand let a request run before they end it, save for those that say otherwise.
            sure_after_ms: 60_000,
            give_up_ms: 24 * 60 * 60 * 1_000,
            look_ms: 15_000,
        }
    }
}

impl SettlePolicy {
    /// # Errors
    /// What is wrong with it, as a sentence.
    pub fn check(&self) -> Result<(), String> {
        if self.waits_ms.is_empty() || self.waits_ms.len() > WAITS_MAX {
            return Err(format!("`waits_ms` has {} waits; 1 to {WAITS_MAX} are possible", self.waits_ms.len()));
        }
        if let Some(wait) = self.waits_ms.iter().find(|wait| !(WAIT_MS_MIN..=MS_MAX).contains(*wait)) {
            return Err(format!("a wait of {wait} ms is not between {WAIT_MS_MIN} and {MS_MAX}"));
        }
        if self.give_up_ms > MS_MAX || self.sure_after_ms > self.give_up_ms {
            return Err(format!("`sure_after_ms` is at most `give_up_ms`, and that at most {MS_MAX}"));
        }
        if !(WAIT_MS_MIN..=MS_MAX).contains(&self.look_ms) {
            return Err(format!("`look_ms` is not between {WAIT_MS_MIN} and {MS_MAX}"));
        }
        Ok(())
    }

    fn wait_ms(&self, looks: u32) -> u64 {
        let last = self.waits_ms.len().saturating_sub(1);
        let at = usize::try_from(looks).unwrap_or(usize::MAX).min(last);
        self.waits_ms.get(at).copied().unwrap_or(WAIT_MS_MIN)
    }
}

/// All that it takes to ask a connector once more about a write. Of the person in the chat it has what the connector was
/// told: without it a connector could not check again whose object it is. Nothing of the conversation, nothing of the
/// caller.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Write {
    /// The call that it belongs to.
    pub call_id: String,
    /// Whose connection it is.
    pub tenant: String,
    /// Who was asked.
    pub connection: String,
    /// For what.
    pub intent: String,
    /// Normalised, validated input.
    pub input: Value,
    /// Who was in the chat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<User>,
    /// BCP 47 tag.
    pub locale: String,
    /// IANA time zone.
    pub time_zone: String,
    /// The key that the connector was handed.
    pub guest_key: String,
    /// When it began, in milliseconds since the epoch.
    pub began_ms: u64,
}

// An input is a customer's: it is in no log and no panic.
impl std::fmt::Debug for Write {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Write { call_id, connection, intent, .. } = self;
        write!(f, "Write({call_id}: {intent} by {connection})")
    }
}

impl Write {
    /// How old it is, in milliseconds.
    pub fn age_ms(&self, now_ms: u64) -> u64 {
        now_ms.saturating_sub(self.began_ms)
    }
}

/// What can be done about a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Look whether it happened.
    Look,
    /// Send the same call with the same key: the vendor makes one of the two.
    Repeat,
    /// Nothing that the system has tells, and nothing makes a repetition harmless.
    Nothing,
}

/// Chooses. A look comes first, since it changes nothing: a write that did not happen is then told, not made up for when
/// the person may long have gone another way.
pub fn way(settles: bool, repeat: Option<&Repeat>, age_ms: u64) -> Way {
    if settles {
        return Way::Look;
    }
    if repeat.is_some_and(|repeat| repeat.holds(age_ms)) { Way::Repeat } else { Way::Nothing }
}

/// How it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It happened.
    Applied,
    /// It did not, and the same may be asked again.
    NotApplied,
    /// Nobody knows, and nobody looks any more.
    Unknown,
}

impl End {
    /// What is known of the write now.
    pub fn outcome(self) -> WriteOutcome {
        match self {
            End::Applied => WriteOutcome::Applied,
            End::NotApplied => WriteOutcome::None,
            End::Unknown => WriteOutcome::Unknown,
        }
    }

    /// One word, for metrics, logs and the audit log.
    pub fn as_str(self) -> &'static str {
        match self {
            End::Applied => "applied",
            End::NotApplied => "not-applied",
            End::Unknown => "unknown",
        }
    }
}

/// A write that is being settled, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settling {
    version: u8,
    /// What was to be written.
    pub write: Write,
    /// The key under which its answer is kept, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency: Option<Digest>,
    /// When the call ended, or its host was found dead, in milliseconds since the epoch.
    pub ended_ms: u64,
    /// How often somebody has begun to look.
    pub looks: u32,
    /// When to look next, in milliseconds since the epoch.
    pub due_ms: u64,
}

/// The version of the form in which they are kept.
const VERSION: u8 = 1;

/// A record that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettlingError {
    /// Written by a newer host.
    #[error("it has version {0}, which this host does not know")]
    Newer(u8),
    /// Not one of ours.
    #[error("it is damaged: {0}")]
    Damaged(String),
}

impl Settling {
    /// A write whose call ended just now.
    pub fn begin(write: Write, idempotency: Option<Digest>, now_ms: u64, policy: &SettlePolicy) -> Settling {
        let due_ms = now_ms.saturating_add(policy.wait_ms(0));
        Settling { version: VERSION, write, idempotency, ended_ms: now_ms, looks: 0, due_ms }
    }

    /// The same with a look begun. Kept before the look: whoever dies over it does not look for ever, and two hosts that
    /// share a store do not look at once.
    pub fn looking(mut self, now_ms: u64, policy: &SettlePolicy) -> Settling {
        self.looks = self.looks.saturating_add(1);
        let over_ms = self.ended_ms.saturating_add(policy.give_up_ms);
        let due_ms = now_ms.saturating_add(policy.wait_ms(self.looks));
        // One last look at the end.
        self.due_ms = due_ms.min(over_ms.max(now_ms.saturating_add(WAIT_MS_MIN)));
        self
    }

    /// What follows from what was told; `None` where nobody could tell. `None` comes back where one has to look again.
    pub fn judge(&self, told: Option<&Settlement>, now_ms: u64, policy: &SettlePolicy) -> Option<End> {
        let age_ms = now_ms.saturating_sub(self.ended_ms);
        match told {
            Some(Settlement::Applied(_)) => Some(End::Applied),
            Some(Settlement::NotApplied) if age_ms >= policy.sure_after_ms => Some(End::NotApplied),
            _ => (age_ms >= policy.give_up_ms).then_some(End::Unknown),
        }
    }

    /// The form in which it is kept.
    pub fn to_bytes(&self) -> Vec<u8> {
        // Texts, numbers and JSON are always written.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads what [`Settling::to_bytes`] wrote.
    ///
    /// # Errors
    /// See [`SettlingError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Settling, SettlingError> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u8,
        }
        let damaged = |error: serde_json::Error| {
            // Where, and not what: it holds a customer's input.
            SettlingError::Damaged(format!("{:?} error at column {}", error.classify(), error.column()))
        };
        let Versioned { version } = serde_json::from_slice(bytes).map_err(damaged)?;
        if version > VERSION {
            return Err(SettlingError::Newer(version));
        }
        serde_json::from_slice(bytes).map_err(damaged)
    }
}

#[cfg(test)]
mod tests;
