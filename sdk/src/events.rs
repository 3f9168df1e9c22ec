//! Facts from a business system: a webhook delivery coming in, a poll for changes, and the events made of them.
//!
//! Verifying a delivery, removing duplicates, ordering and storing are the host's work.

use std::time::Duration;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    decode,
    failure::Failure,
    settings::{Settings, connection_access},
    time::Instant,
};

/// A webhook delivery whose signature the host has verified.
#[derive(Clone, Debug)]
pub struct Delivery {
    pub(crate) id: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) settings: Settings,
    pub(crate) received: Instant,
    pub(crate) remaining: Duration,
}

/// A fact, on its way to become a CloudEvent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Unique for its source: the same fact delivered twice has the same id.
    pub id: String,
    /// Such as `order.updated`.
    pub kind: String,
    /// The object it is about, such as `order/1001`; events of one subject stay in order.
    pub subject: String,
    /// When it happened: milliseconds since the Unix epoch, UTC.
    pub time_ms: u64,
    /// What is known about it.
    pub data: Value,
}

/// The host asks for changes since a cursor.
#[derive(Clone, Debug)]
pub struct Poll {
    pub(crate) id: String,
    pub(crate) settings: Settings,
    pub(crate) cursor: Option<String>,
    pub(crate) now: Instant,
    pub(crate) remaining: Duration,
}

/// Changes since a cursor.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EventPage {
    /// The changes, oldest first.
    pub events: Vec<Event>,
    /// What the next poll gets; opaque for the host.
    pub cursor: String,
    /// There is more to fetch right now.
    #[serde(default)]
    pub more: bool,
}

impl Delivery {
    /// The host's id for this delivery.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The first header of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The raw bytes that were verified.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The body as a type.
    ///
    /// # Errors
    /// `internal`, naming the place that does not fit, and never what stood there.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        decode::read_bytes(&self.body)
            .map_err(|mismatch| Failure::internal(format!("failed to read the delivery: {mismatch}")))
    }

    /// When the host received it.
    pub fn received(&self) -> Instant {
        self.received
    }

    /// How long the guest may take, counted from the start of the call.
    pub fn remaining(&self) -> Duration {
        self.remaining
    }
}

impl Poll {
    /// The host's id for this poll: it stands in every log line about it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Where the last poll ended; `None`: from now on.
    pub fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    /// The time of the poll, by the host's clock.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// How long the guest may take, counted from the start of the call: with little time left, give fewer changes and
    /// say that there are more.
    pub fn remaining(&self) -> Duration {
        self.remaining
    }
}

connection_access!(Delivery, Poll);
