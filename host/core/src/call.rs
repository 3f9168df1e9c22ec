//! One invocation of one intent as every stage behind routing sees it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Instant;

use serde::{Deserialize, Serialize};

/// Who is in the chat, as far as the bot service vouches for them. Only verified contact points are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The bot service's stable id.
    pub id: String,
    /// Verified e-mail address, lower case.
    pub email: Option<String>,
    /// Verified phone number, E.164.
    pub phone: Option<String>,
}

/// What the guest is told of a call.
#[derive(Clone, Debug)]
pub struct Call {
    /// The intent's name.
    pub intent: String,
    /// Normalised, validated input as JSON text.
    pub input: String,
    /// The connection's settings as JSON text.
    pub settings: Arc<str>,
    /// Absent when nobody is vouched for.
    pub user: Option<User>,
    /// BCP 47 tag.
    pub locale: String,
    /// IANA time zone.
    pub time_zone: String,
    /// Milliseconds since the Unix epoch, UTC.
    pub now_ms: u64,
    /// Stable for retries of the same write.
    pub idempotency_key: Option<String>,
}

/// What follows a call through the host and never reaches the guest.
#[derive(Clone, Debug)]
pub struct CallContext {
    /// In the reply, the access log and every line about this call.
    pub call_id: Arc<str>,
    /// The connection that answers.
    pub connection: Arc<str>,
    /// Whose call it is; a connector's own calls to other intents stay inside.
    pub tenant: Arc<str>,
    /// Who is in the chat: whose credential is used where a connection's subject is the user.
    pub user: Option<Arc<User>>,
    /// The instant at which the call ends, whatever happens.
    pub deadline: Instant,
    /// W3C trace context of the caller, handed on to upstreams that are ours; never to business systems.
    pub traceparent: Option<Arc<str>>,
    /// Intents above this one, outermost first, as `connection/intent`: bounds depth and refuses cycles.
    pub ancestors: Arc<[String]>,
    /// Where its writes leave the host, for a call that may be taken back before they do.
    pub gate: WriteGate,
}

/// The last moment at which a write can still be taken back. The first write of a call passes the gate and holds it open;
/// whoever takes the call back closes it. Only one of the two can be first, so that nothing is called undone that was
/// done. All that a call asks of others goes through the same gate.
#[derive(Clone, Debug, Default)]
pub struct WriteGate(Option<Arc<AtomicU8>>);

const UNTOUCHED: u8 = 0;
const PASSED: u8 = 1;
const CLOSED: u8 = 2;

impl WriteGate {
    /// A gate that can be closed. The default one cannot: most calls are never taken back, and pay nothing for it.
    pub fn closable() -> WriteGate {
        WriteGate(Some(Arc::new(AtomicU8::new(UNTOUCHED))))
    }

    /// To be asked before a write leaves. `false`: the call was taken back, and nothing may leave any more.
    pub fn pass(&self) -> bool {
        self.0.as_ref().is_none_or(|gate| turn(gate, PASSED))
    }

    /// Takes the call back. `false`: a write has left, or may have.
    pub fn close(&self) -> bool {
        self.0.as_ref().is_some_and(|gate| turn(gate, CLOSED))
    }
}

/// Whether the gate is now as wanted, by whoever was first.
fn turn(gate: &AtomicU8, wanted: u8) -> bool {
    match gate.compare_exchange(UNTOUCHED, wanted, Ordering::AcqRel, Ordering::Acquire) {
        Ok(_) => true,
        Err(found) => found == wanted,
    }
}

/// What is known of a write after a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum WriteOutcome {
    /// No write request left the host.
    #[default]
    None,
    /// Every write request was answered, at least one with success.
    Applied,
    /// A write request left the host and no answer came.
    Unknown,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_that_left_cannot_be_taken_back_and_one_that_was_taken_back_does_not_leave() {
        let left = WriteGate::closable();
        assert!(left.pass() && left.clone().pass());
        assert!(!left.close());
        let back = WriteGate::closable();
        assert!(back.close() && back.clone().close());
        assert!(!back.pass());
    }

    #[test]
    fn a_call_that_nobody_can_take_back_always_passes() {
        let gate = WriteGate::default();
        assert!(!gate.close());
        assert!(gate.pass());
    }
}
