//! One invocation of one intent as every stage behind routing sees it.

use std::sync::Arc;
use std::time::Instant;

/// Who is in the chat, as far as the bot service vouches for them. Only verified contact points are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
