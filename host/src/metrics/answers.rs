//! Counts what kept answers are worth: how many reads they spared a business system, and what room they take.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

/// How a read came to its answer, or how a kept answer went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Came {
    /// A fresh one was kept.
    Hit,
    /// The system was asked.
    Miss,
    /// Together with an equal read that was under way.
    Coalesced,
    /// A stale one, after the system failed.
    Stale,
    /// A kept answer that a write or an event took away.
    Dropped,
    /// A kept answer that had to make room.
    Evicted,
}

impl Came {
    fn as_str(self) -> &'static str {
        match self {
            Came::Hit => "hit",
            Came::Miss => "miss",
            Came::Coalesced => "coalesced",
            Came::Stale => "stale",
            Came::Dropped => "dropped",
            Came::Evicted => "evicted",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    connection: String,
    event: &'static str,
}

/// Counters that are handed to whoever keeps the answers.
#[derive(Clone, Debug, Default)]
pub struct AnswerCounts {
    events: Family<Labels, Counter>,
    /// Answers that are kept.
    pub entries: Gauge,
    /// Bytes that they take.
    pub bytes: Gauge,
}

impl AnswerCounts {
    pub(super) fn register(registry: &mut Registry) -> AnswerCounts {
        let counts = AnswerCounts::default();
        let help = "Reads of intents whose answers are kept or shared, and kept answers that went, by event";
        registry.register("answers", help, counts.events.clone());
        registry.register("answers_kept", "Answers that are kept", counts.entries.clone());
        registry.register_with_unit("answers_kept", "Room that kept answers take", Unit::Bytes, counts.bytes.clone());
        counts
    }

    /// One more.
    pub fn count(&self, connection: &str, came: Came) {
        self.add(connection, came, 1);
    }

    /// Several more.
    pub fn add(&self, connection: &str, came: Came, number: usize) {
        let labels = Labels { connection: connection.to_owned(), event: came.as_str() };
        self.events.get_or_create_owned(&labels).inc_by(number as u64);
    }
}
