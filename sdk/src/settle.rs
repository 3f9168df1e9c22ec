//! Looking whether a write happened: what the method of a `#[connector]` block answers that settles an intent.
//!
//! A write can end without an answer: it ran out of time, the connection broke, the host died. Nobody knows then whether
//! the system took it, and sending it again could do it twice. So the host asks the connector to look, seconds later and,
//! where need be, for a day: with the same call and the same input, under a grant that lets reads through and nothing else.
//!
//! ```
//! use jackfield_sdk::prelude::*;
//! # use jackfield_sdk::{Value, testing::{Exchange, Host}};
//!
//! struct Desk;
//!
//! #[connector]
//! impl Desk {
//!     fn ticket_create(&self, call: &Call, input: TicketCreateInput) -> Result<Ticket, Failure> {
//!         let body = json!({ "subject": input.subject, "reference": call.idempotency_key() });
//!         let made: Value = call.http("api").post("/tickets")?.json(&body).send()?.ok()?.json()?;
//!         Ok(told(&made))
//!     }
//!
//!     /// By the reference that `ticket_create` leaves: the same call has the same key.
//!     fn ticket_create_settle(&self, call: &Call, _: TicketCreateInput) -> Result<Settled<Ticket>, Failure> {
//!         let Some(key) = call.idempotency_key() else { return Ok(Settled::Unknown) };
//!         let found: Vec<Value> = call.http("api").get("/tickets")?.query("reference", key).send()?.ok()?.json()?;
//!         Ok(Settled::one_of(found.iter().map(told)))
//!     }
//! }
//!
//! fn told(ticket: &Value) -> Ticket {
//!     Ticket { id: ticket["id"].to_string(), ..Ticket::default() }
//! }
//!
//! let host = Host::new()
//!     .idempotency_key("k-1")
//!     .expect(Exchange::get("/tickets").query("reference", "k-1").reply_json(200, json!([{"id": 7}])));
//! let found = host.settle::<Desk>("ticket.create", json!({"subject": "Late", "description": "Slow"}));
//! assert!(matches!(found, Ok(Settled::Applied(ticket)) if ticket["id"] == json!("7")));
//! ```
//!
//! The method may have any name: what it answers makes it the one that settles the intent of its input. An intent
//! without one stays unknown, unless `connector.toml` says why sending it again is harmless (`repeat` under
//! `[intent."NAME"]`).
//!
//! Three rules keep it honest:
//!
//! - **Leave a mark.** Write [`Call::idempotency_key`](crate::Call::idempotency_key) wherever the system has a place for
//!   it. Every write has one, and the same call has the same.
//! - **Look where writes are seen at once.** A search index that is minutes behind proves nothing by finding nothing: say
//!   [`Settled::Unknown`] for nothing found there, and the host looks again.
//! - **A failure is no answer.** What could not be looked at is an `Err`, and the host comes back.

use crate::{call::Call, time::Instant};

/// What a look told of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled<T> {
    /// It happened: the answer that the intent would have given.
    Applied(T),
    /// It did not happen: the system's own answer proves it. The host tells the user so, and may be asked again.
    NotApplied,
    /// It cannot be told, now or by this system at all.
    Unknown,
}

impl<T> Settled<T> {
    /// From what carries the write's own mark: none is not applied, one is applied. Two are nobody's business to choose
    /// between, so they are unknown.
    pub fn one_of(found: impl IntoIterator<Item = T>) -> Settled<T> {
        let mut found = found.into_iter();
        match (found.next(), found.next()) {
            (None, _) => Settled::NotApplied,
            (Some(one), None) => Settled::Applied(one),
            (Some(_), Some(_)) => Settled::Unknown,
        }
    }

    /// The same with the answer in other words.
    pub fn map<U>(self, told: impl FnOnce(T) -> U) -> Settled<U> {
        match self {
            Settled::Applied(one) => Settled::Applied(told(one)),
            Settled::NotApplied => Settled::NotApplied,
            Settled::Unknown => Settled::Unknown,
        }
    }
}

/// How far the clocks of host and system may be apart before something counts as long over.
const SKEW_MS: i64 = 60_000;
/// How far before it counts as somebody else's.
const CLOSE_MS: i64 = 5_000;

/// Whether something of this time can be the doing of the call: not before it began, save for a little that clocks differ.
/// For saying [`Settled::Applied`] together with what else tells it is ours.
pub fn is_since(call: &Call, at: Instant) -> bool {
    at >= call.now().plus_ms(-CLOSE_MS)
}

/// Whether something of this time was surely before the call, however clocks differ. An object that has not changed since
/// was not changed by the call: for saying [`Settled::NotApplied`].
pub fn is_before(call: &Call, at: Instant) -> bool {
    at < call.now().plus_ms(-SKEW_MS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Host;

    #[test]
    fn of_one_mark_there_is_one_record_or_nobody_can_say() {
        assert_eq!(Settled::<u8>::one_of([]), Settled::NotApplied);
        assert_eq!(Settled::one_of([1]), Settled::Applied(1));
        assert_eq!(Settled::one_of([1, 2]), Settled::Unknown);
    }

    #[test]
    fn between_before_and_since_lies_what_clocks_do_not_tell() {
        Host::new().with("ticket.update", |call| {
            for (ms, since, before) in [
                (0, true, false),
                (-5_000, true, false),
                (-5_001, false, false),
                (-60_000, false, false),
                (-60_001, false, true),
            ] {
                let at = call.now().plus_ms(ms);
                assert_eq!((is_since(call, at), is_before(call, at)), (since, before), "{ms} ms");
            }
        });
    }
}
