//! The call in hand: who asks, when, in which language, with which settings, and for how long.
//!
//! The input is not here: it comes to a handler as its own type.

use std::time::Duration;

use crate::{
    settings::{Settings, connection_access},
    time::Instant,
};

/// One invocation of one intent.
#[derive(Clone, Debug)]
pub struct Call {
    pub(crate) id: String,
    pub(crate) intent: String,
    pub(crate) settings: Settings,
    pub(crate) user: Option<User>,
    pub(crate) locale: String,
    pub(crate) time_zone: String,
    pub(crate) now: Instant,
    pub(crate) remaining: Duration,
    pub(crate) idempotency_key: Option<String>,
}

/// Who is in the chat, as far as the bot service vouches for them.
///
/// A contact point is here only if it was verified; what a user merely typed is in the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub(crate) id: String,
    pub(crate) email: Option<String>,
    pub(crate) phone: Option<String>,
}

impl User {
    /// The bot service's stable id for this person.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The verified e-mail address, lower case.
    pub fn email(&self) -> Option<&str> {
        self.email.as_deref()
    }

    /// The verified phone number, E.164.
    pub fn phone(&self) -> Option<&str> {
        self.phone.as_deref()
    }
}

impl Call {
    /// The host's id for this call: it stands in every log line about it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The intent's name, such as `order.status`.
    pub fn intent(&self) -> &str {
        &self.intent
    }

    /// Who is in the chat; `None` when nobody is vouched for.
    pub fn user(&self) -> Option<&User> {
        self.user.as_ref()
    }

    /// BCP 47 tag, such as `en` or `de-AT`.
    pub fn locale(&self) -> &str {
        &self.locale
    }

    /// The language of the locale alone, such as `de`.
    pub fn language(&self) -> &str {
        self.locale.split(['-', '_']).next().unwrap_or_default()
    }

    /// IANA time zone of the user, such as `Europe/Vienna`.
    pub fn time_zone(&self) -> &str {
        &self.time_zone
    }

    /// The time of the call.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// How long the guest may take, counted from the start of the call. The host ends the call after it, whatever
    /// the guest does: use it to ask for less when there is little time.
    pub fn remaining(&self) -> Duration {
        self.remaining
    }

    /// Stable for retries of the same write: hand it to a system that takes one.
    pub fn idempotency_key(&self) -> Option<&str> {
        self.idempotency_key.as_deref()
    }
}

connection_access!(Call);
