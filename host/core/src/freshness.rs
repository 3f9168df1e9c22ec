//! Which kept answer may be given again, to whom, and until when. Keeping it, finding it and dropping it are the
//! store's business; coalescing identical reads in flight uses the same key.
//!
//! Three ages of an answer to a read:
//! - **fresh**, younger than `ttl_ms`: given instead of asking the system;
//! - **stale**, not older than `max_stale_ms`: given only after the system failed, with its age (RFC 5861 calls that
//!   `stale-if-error`); see [`crate::degrade`];
//! - **gone**.
//!
//! An answer is found by its [`key`], which holds whose it is: tenant, connection and person, each with its length, so
//! that no choice of names makes one person's key another's. It holds the connection's edition too: after a change of
//! connector or settings nothing that was kept before is found. It holds no locale, since what is kept is the canonical
//! output and the text for the user is rendered from it each time. It is dropped by its [`Tags`]: the objects that it
//! tells of, such as `order:1001`.
//!
//! Only answers to reads are kept: see [`Keeping::of`]. A failure is not kept, and `not-found` is one.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::digest::{Digest, DigestBuilder};
use crate::intent::Effect;

mod tags;

pub use tags::{ID_BYTES_MAX, TAGS_MAX, Tagger, Tags};

/// How far the clocks of two hosts that share a store may be apart, in milliseconds.
pub const CLOCK_SKEW_MS: u64 = 5_000;

/// How long an answer may be kept at all, in milliseconds: thirty days. An older one would be no help, and personal data
/// should not lie about.
pub const KEPT_MS_MAX: u64 = 30 * 24 * 60 * 60 * 1_000;

/// How long the answers of an intent are good. Both zero, the default, keeps nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Keeping {
    /// Milliseconds from the answer during which it is as good as a new one.
    pub ttl_ms: u64,
    /// Milliseconds from the answer during which it is better than none.
    pub max_stale_ms: u64,
}

/// What a kept answer is good for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// For an answer.
    Fresh {
        /// Milliseconds since it was made.
        age_ms: u64,
    },
    /// For an answer after a failure, with its age.
    Stale {
        /// Milliseconds since it was made.
        age_ms: u64,
    },
    /// For nothing.
    Gone,
}

impl Keeping {
    /// What is configured, as far as the effect lets it: an answer to a write tells what happened then, and to give it
    /// again would claim that it happened again.
    pub fn of(effect: Effect, configured: Keeping) -> Keeping {
        if effect.is_read() { configured } else { Keeping::default() }
    }

    /// How long an answer must be kept, in milliseconds; `None` when not at all.
    pub fn kept_ms(&self) -> Option<u64> {
        Some(self.ttl_ms.max(self.max_stale_ms)).filter(|ms| *ms > 0)
    }

    /// Judges an answer made at `made_ms`, both times in milliseconds since the epoch. A request may want staler
    /// answers refused (`max_stale_ms`), never older ones allowed.
    pub fn judge(&self, made_ms: u64, now_ms: u64, asked_max_stale_ms: Option<u64>) -> Freshness {
        if made_ms > now_ms.saturating_add(CLOCK_SKEW_MS) {
            // A clock was wrong by more than clocks are: nobody knows how old this is.
            return Freshness::Gone;
        }
        let age_ms = now_ms.saturating_sub(made_ms);
        let max_stale_ms = asked_max_stale_ms.map_or(self.max_stale_ms, |asked| asked.min(self.max_stale_ms));
        if age_ms < self.ttl_ms {
            Freshness::Fresh { age_ms }
        } else if age_ms <= max_stale_ms && max_stale_ms > 0 {
            Freshness::Stale { age_ms }
        } else {
            Freshness::Gone
        }
    }
}

/// Whose question it is and what it asks.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The tenant.
    pub tenant: &'a str,
    /// The connection that answers.
    pub connection: &'a str,
    /// What that connection is: connector, settings and the form of the answer. Another edition may be another system.
    pub edition: &'a Digest,
    /// The person in the chat; absent for nobody, which is a person of its own.
    pub person: Option<Person<'a>>,
    /// The intent.
    pub intent: &'a str,
    /// Normalised, validated input.
    pub input: &'a Value,
}

/// A person, by everything that an answer may hang on. Who is not verified is nobody.
#[derive(Clone, Copy, Debug)]
pub struct Person<'a> {
    /// The bot service that vouches: two of them may each have a user `42`.
    pub caller: &'a str,
    /// That bot service's id of the person.
    pub id: &'a str,
    /// Verified e-mail address: connectors take it as proof that an order is somebody's.
    pub email: Option<&'a str>,
    /// Verified phone number, which is a proof as well.
    pub phone: Option<&'a str>,
}

/// The key of an answer. Equal for equal questions, and for no others.
pub fn key(question: &Question<'_>) -> Digest {
    let Question { tenant, connection, edition, person, intent, input } = question;
    let key = DigestBuilder::new("answer").text(tenant).text(connection).digest(edition);
    let key = match person {
        Some(Person { caller, id, email, phone }) => {
            let person = DigestBuilder::new("person").text(caller).text(id).maybe(*email).maybe(*phone);
            key.digest(&person.finish())
        }
        None => key.maybe(None),
    };
    key.text(intent).json(input).finish()
}

#[cfg(test)]
mod tests;
