//! A message that was taken down for the helpdesk: what is kept of it, and what each delivery makes of it. Keeping,
//! sending and the clock are the host's business.
//!
//! ```text
//!              ┌────────── not done, and it may pass ──────────┐
//!              ▼                                               │
//!   taken ─ waiting ──claim──▶ delivering ──done──▶ (route) ─▶ delivered
//!              ▲                   │ nobody knows
//!              │    repeating is   ├──────────────▶ unknown ──▶ for the operator
//!              └──── harmless ─────┤
//!                                  └─ refused ────▶ dead ─────▶ for the operator
//! ```
//!
//! A delivery is one errand or two: the ticket is opened, and where the person is handed over it is then routed. The
//! promise is that no errand is done twice: one that may have been done is sent again only where the connector's manifest
//! says that this is harmless, and only for as long as it says so. A claim whose host died counts as such an errand.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::backoff::RetryPolicy;
use crate::digest::{Digest, DigestBuilder};
use crate::idempotency::LEASE_GRACE_MS;
pub use crate::offer::Kind;

/// A message that could not be delivered for so long is dead, in milliseconds: what it asks for is past by then.
pub const AGE_MS_MAX: u64 = 7 * 24 * 60 * 60 * 1_000;

/// How long the record of a message that is done stays, without its content, in milliseconds: so that who took it up
/// hears the same again, and the operator sees what became of it.
pub const DONE_KEPT_MS: u64 = 7 * 24 * 60 * 60 * 1_000;

/// How long a message waits for the operator, in milliseconds. It holds what a person said, so not for ever.
pub const DEAD_KEPT_MS: u64 = 30 * 24 * 60 * 60 * 1_000;

/// The least wait before another attempt, in milliseconds.
const WAIT_MS_MIN: u64 = 250;

/// What is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    version: u8,
    /// Whose it is.
    pub tenant: String,
    /// The connection that it is delivered by.
    pub helpdesk: String,
    /// What the person chose.
    pub kind: Kind,
    /// As the person and the operator know it.
    pub reference: String,
    /// The call that failed.
    pub call_id: String,
    /// The code of its problem.
    pub reason: String,
    /// What was sent with the token: a repetition is told from another request.
    pub fingerprint: Digest,
    /// When it was taken, in milliseconds since the epoch.
    pub taken_ms: u64,
    /// What is said to the helpdesk; gone once it is done.
    pub content: Option<Content>,
    /// The ticket, once it is opened.
    pub ticket: Option<String>,
    /// When the present errand may have been done for the first time, in milliseconds since the epoch.
    doubt_ms: Option<u64>,
    /// Where it is.
    pub state: State,
}

/// What is said to the helpdesk: complete, so that every attempt says the same.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Content {
    /// Input of `ticket.create`.
    pub create: Value,
    /// Input of `ticket.route`, but for the ticket.
    pub route: Option<Value>,
    /// BCP 47 tag of the person's language.
    pub locale: String,
    /// IANA time zone.
    pub time_zone: String,
}

/// What a person wrote is for the helpdesk, and for no log.
impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Content").finish_non_exhaustive()
    }
}

/// Where a message is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case", deny_unknown_fields)]
pub enum State {
    /// For the helpdesk.
    Waiting {
        /// Attempts so far.
        attempts: u32,
        /// When to try next, in milliseconds since the epoch.
        due_ms: u64,
    },
    /// A host is at it.
    Delivering {
        /// Attempts before.
        attempts: u32,
        /// When it began, in milliseconds since the epoch.
        since_ms: u64,
        /// Until when that host is known to live, in milliseconds since the epoch.
        lease_until_ms: u64,
    },
    /// The helpdesk has it.
    Delivered {
        /// When, in milliseconds since the epoch.
        at_ms: u64,
    },
    /// Nobody knows whether the helpdesk has it: for the operator to look.
    Unknown {
        /// When, in milliseconds since the epoch.
        at_ms: u64,
        /// For the operator.
        why: String,
    },
    /// The helpdesk refuses it: for the operator to mend or drop.
    Dead {
        /// When, in milliseconds since the epoch.
        at_ms: u64,
        /// For the operator.
        why: String,
    },
    /// The operator dropped it.
    Dropped {
        /// When, in milliseconds since the epoch.
        at_ms: u64,
    },
}

impl State {
    /// As it stands in lists and metrics.
    pub fn as_str(&self) -> &'static str {
        match self {
            State::Waiting { .. } => "waiting",
            State::Delivering { .. } => "delivering",
            State::Delivered { .. } => "delivered",
            State::Unknown { .. } => "unknown",
            State::Dead { .. } => "dead",
            State::Dropped { .. } => "dropped",
        }
    }

    /// Whether it still takes room: its content is kept.
    pub fn is_open(&self) -> bool {
        !matches!(self, State::Delivered { .. } | State::Dropped { .. })
    }
}

/// What is to be done for a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Errand {
    /// Opening the ticket.
    Create,
    /// Routing it.
    Route,
}

impl Errand {
    /// The intent that does it.
    pub fn intent(self) -> &'static str {
        match self {
            Errand::Create => "ticket.create",
            Errand::Route => "ticket.route",
        }
    }
}

/// What came of one errand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It is done.
    Done {
        /// The ticket, where the answer tells.
        ticket: Option<String>,
    },
    /// It certainly is not, and may be later.
    NotYet {
        /// When the helpdesk asks to come back, in milliseconds.
        retry_after_ms: Option<u64>,
    },
    /// It certainly is not, and the same would be refused again.
    Refused {
        /// For the operator.
        why: String,
    },
    /// Nobody knows.
    Doubtful {
        /// For the operator.
        why: String,
    },
}

/// The version of the form in which messages are written.
const VERSION: u8 = 1;

/// What a message is made of.
#[derive(Clone, Debug)]
pub struct Taken {
    /// Which one it is.
    pub id: Digest,
    /// Whose it is.
    pub tenant: String,
    /// The connection that it is delivered by.
    pub helpdesk: String,
    /// What the person chose.
    pub kind: Kind,
    /// The call that failed.
    pub call_id: String,
    /// The code of its problem.
    pub reason: String,
    /// What was sent with the token.
    pub fingerprint: Digest,
    /// What is said to the helpdesk.
    pub content: Content,
}

/// A message that cannot be read. It is not the same as none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// Written by a newer host.
    #[error("the message has version {0}, which this host does not know")]
    Newer(u8),
    /// Not a message.
    #[error("the message is damaged: {0}")]
    Damaged(String),
}

impl Message {
    /// A message that is taken now.
    pub fn take(taken: Taken, now_ms: u64) -> Message {
        let Taken { id, tenant, helpdesk, kind, call_id, reason, fingerprint, content } = taken;
        Message {
            version: VERSION,
            tenant,
            helpdesk,
            kind,
            reference: reference(&id),
            call_id,
            reason,
            fingerprint,
            taken_ms: now_ms,
            content: Some(content),
            ticket: None,
            doubt_ms: None,
            state: State::Waiting { attempts: 0, due_ms: now_ms },
        }
    }

    /// What is to be done next.
    pub fn errand(&self) -> Errand {
        if self.ticket.is_some() { Errand::Route } else { Errand::Create }
    }

    /// When something is to be done, in milliseconds since the epoch; `None` where nothing is, but by the operator.
    pub fn due_ms(&self) -> Option<u64> {
        match &self.state {
            State::Waiting { due_ms, .. } => Some(*due_ms),
            State::Delivering { lease_until_ms, .. } => Some(lease_until_ms.saturating_add(LEASE_GRACE_MS)),
            State::Delivered { .. } | State::Unknown { .. } | State::Dead { .. } | State::Dropped { .. } => None,
        }
    }

    /// Whether its record may be deleted.
    pub fn is_over(&self, now_ms: u64) -> bool {
        let (since_ms, kept_ms) = match &self.state {
            State::Waiting { .. } | State::Delivering { .. } => return false,
            State::Delivered { at_ms } | State::Dropped { at_ms } => (at_ms, DONE_KEPT_MS),
            State::Unknown { at_ms, .. } | State::Dead { at_ms, .. } => (at_ms, DEAD_KEPT_MS),
        };
        now_ms >= since_ms.saturating_add(kept_ms)
    }

    /// The same as a host that is about to deliver it keeps it; `None` where it is not due. Whoever finds it so after
    /// `lease_ms` finds an errand that may have been done.
    pub fn claimed(&self, now_ms: u64, lease_ms: u64) -> Option<Message> {
        let State::Waiting { attempts, due_ms } = self.state else { return None };
        if now_ms < due_ms {
            return None;
        }
        let lease_until_ms = now_ms.saturating_add(lease_ms);
        Some(Message { state: State::Delivering { attempts, since_ms: now_ms, lease_until_ms }, ..self.clone() })
    }

    /// The same after its host died in the middle; `None` where it did not.
    pub fn abandoned(&self, now_ms: u64, may_repeat: impl Fn(u64) -> bool, random: u64) -> Option<Message> {
        let is_dead = matches!(self.state, State::Delivering { .. }) && self.due_ms().is_some_and(|due| now_ms >= due);
        let why = "the host that was delivering it ended before the answer".to_owned();
        is_dead.then(|| self.heard(Heard::Doubtful { why }, now_ms, may_repeat, random))
    }

    /// The same after an errand. `may_repeat` says whether the connector calls it harmless to repeat one at this age in
    /// milliseconds; `random` is drawn evenly from all of `u64`.
    pub fn heard(&self, heard: Heard, now_ms: u64, may_repeat: impl Fn(u64) -> bool, random: u64) -> Message {
        let (attempts, since_ms) = match self.state {
            State::Delivering { attempts, since_ms, .. } => (attempts.saturating_add(1), since_ms),
            State::Waiting { attempts, .. } => (attempts.saturating_add(1), now_ms),
            _ => return self.clone(),
        };
        let mut next = self.clone();
        let waiting = |after_ms: Option<u64>| {
            let wait_ms = wait_ms(attempts, random).max(after_ms.unwrap_or_default());
            State::Waiting { attempts, due_ms: now_ms.saturating_add(wait_ms) }
        };
        match heard {
            Heard::Done { ticket } => return self.done(ticket, now_ms),
            Heard::Refused { why } => next.state = self.given_up(why, now_ms),
            Heard::NotYet { retry_after_ms } => next.state = waiting(retry_after_ms),
            Heard::Doubtful { why } => {
                next.doubt_ms.get_or_insert(since_ms);
                next.state = waiting(None);
                if !next.may_repeat(now_ms, &may_repeat) {
                    next.state = State::Unknown { at_ms: now_ms, why };
                }
            }
        }
        if let State::Waiting { due_ms, .. } = next.state {
            if !next.may_repeat(due_ms, &may_repeat) {
                let why = "the helpdesk may have it, and repeating it is not harmless any more".to_owned();
                next.state = State::Unknown { at_ms: now_ms, why };
            } else if due_ms >= self.taken_ms.saturating_add(AGE_MS_MAX) {
                next.state = next.given_up("it could not be delivered for too long".to_owned(), now_ms);
            }
        }
        next
    }

    /// An errand that may have been done is repeated only where that does no harm.
    fn may_repeat(&self, at_ms: u64, may_repeat: impl Fn(u64) -> bool) -> bool {
        self.doubt_ms.is_none_or(|since_ms| may_repeat(at_ms.saturating_sub(since_ms)))
    }

    fn done(&self, ticket: Option<String>, now_ms: u64) -> Message {
        let mut next = self.clone();
        next.doubt_ms = None;
        let routes = self.content.as_ref().is_some_and(|content| content.route.is_some());
        match (self.errand(), routes) {
            (Errand::Create, true) if ticket.is_some() => {
                next.ticket = ticket;
                next.state = State::Waiting { attempts: 0, due_ms: now_ms };
            }
            (Errand::Create, true) => {
                let why = "the ticket was opened and its answer does not tell which it is, so it was not routed";
                next.state = State::Unknown { at_ms: now_ms, why: why.to_owned() };
            }
            _ => {
                next.ticket = self.ticket.clone().or(ticket);
                next.content = None;
                next.state = State::Delivered { at_ms: now_ms };
            }
        }
        next
    }

    /// What may have been done is never said to have been refused.
    fn given_up(&self, why: String, at_ms: u64) -> State {
        match self.doubt_ms {
            None => State::Dead { at_ms, why },
            Some(_) => State::Unknown { at_ms, why },
        }
    }

    /// The same, to be tried once more because the operator says so: who looked knows that it was not done. `None` where
    /// it is not for the operator.
    pub fn retried(&self, now_ms: u64) -> Option<Message> {
        let stuck = matches!(self.state, State::Unknown { .. } | State::Dead { .. });
        let state = State::Waiting { attempts: 0, due_ms: now_ms };
        // A new start: else one that is too old would be dead again at once.
        let retried = Message { state, doubt_ms: None, taken_ms: now_ms, ..self.clone() };
        (stuck && self.content.is_some()).then_some(retried)
    }

    /// The same, dropped by the operator. `None` while a host is at it, and where it is done.
    pub fn dropped(&self, now_ms: u64) -> Option<Message> {
        let may = matches!(self.state, State::Waiting { .. } | State::Unknown { .. } | State::Dead { .. });
        may.then(|| Message { state: State::Dropped { at_ms: now_ms }, content: None, ..self.clone() })
    }

    /// What makes a repetition of this errand harmless where the helpdesk knows such keys.
    pub fn guest_key(&self, id: &Digest) -> String {
        DigestBuilder::new("message errand").digest(id).text(self.errand().intent()).finish().to_string()
    }

    /// The form in which it is kept.
    pub fn to_bytes(&self) -> Vec<u8> {
        // Texts, numbers and JSON are always written.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads what [`Message::to_bytes`] wrote.
    ///
    /// # Errors
    /// See [`MessageError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Message, MessageError> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u8,
        }
        let damaged = |error: serde_json::Error| {
            // Where, and not what: it holds what a person said.
            MessageError::Damaged(format!("{:?} error at column {}", error.classify(), error.column()))
        };
        let Versioned { version } = serde_json::from_slice(bytes).map_err(damaged)?;
        if version > VERSION {
            return Err(MessageError::Newer(version));
        }
        serde_json::from_slice(bytes).map_err(damaged)
    }
}

/// Waits of deliveries: from a second to five minutes, doubling, with full jitter.
fn wait_ms(attempts: u32, random: u64) -> u64 {
    let policy = RetryPolicy { base_ms: 1_000, cap_ms: 300_000, ..RetryPolicy::default() };
    let wait = policy.delay(attempts.saturating_sub(1), random).as_millis();
    u64::try_from(wait).unwrap_or(u64::MAX).max(WAIT_MS_MIN)
}

/// Forty bits of an id as a person reads them out: digits and letters that nobody mistakes for each other (Crockford's
/// Base 32).
pub fn reference(id: &Digest) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let bits = id.as_bytes().iter().take(5).fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
    let letter = |at: u32| char::from(ALPHABET[(bits >> (35 - 5 * at) & 31) as usize]);
    (0..8).flat_map(|at| (at == 4).then_some('-').into_iter().chain([letter(at)])).collect()
}

#[cfg(test)]
mod tests;
