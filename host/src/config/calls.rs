//! `[calls]`: calls that are answered later. How long they are kept, how many, and how many may be watched at once.

use serde::Deserialize;
use toml::Spanned;

use super::Complaints;

/// `[calls]`. Durations in milliseconds.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CallsSection {
    /// How long a call can be asked for after it was accepted.
    pub kept_ms: Spanned<u64>,
    /// Calls kept in the whole host; above it none is accepted, and answered 503.
    pub kept_max: usize,
    /// Calls kept for one caller; above it 429.
    pub caller_kept_max: usize,
    /// Streams and waiting polls that are open in the whole host; above it 503.
    pub watchers_max: usize,
    /// Streams and waiting polls that are open for one caller; above it 429.
    pub caller_watchers_max: usize,
    /// How long one stream stays open; its reader comes back with `Last-Event-ID`.
    pub stream_ms: Spanned<u64>,
    /// A host that has not shown itself for this long is taken for dead, and its calls are taken up.
    pub lease_ms: Spanned<u64>,
}

impl Default for CallsSection {
    fn default() -> Self {
        let unwritten = |ms| Spanned::new(0..0, ms);
        CallsSection {
            kept_ms: unwritten(24 * 60 * 60 * 1_000),
            kept_max: 100_000,
            caller_kept_max: 20_000,
            watchers_max: 2_000,
            caller_watchers_max: 500,
            stream_ms: unwritten(10 * 60 * 1_000),
            lease_ms: unwritten(6_000),
        }
    }
}

/// What is kept for less would be gone before a bot comes back for it; what is kept for more is an archive.
const KEPT_MS: std::ops::RangeInclusive<u64> = 60_000..=30 * 24 * 60 * 60 * 1_000;

/// A stream that is shorter is a poll.
const STREAM_MS: std::ops::RangeInclusive<u64> = 1_000..=24 * 60 * 60 * 1_000;

/// With less, a slow disk looks like a dead host.
const LEASE_MS: std::ops::RangeInclusive<u64> = 500..=60_000;

impl CallsSection {
    /// Judges the numbers.
    pub(super) fn check(&self, complaints: &mut Complaints) {
        for (key, written, range) in [
            ("kept_ms", &self.kept_ms, KEPT_MS),
            ("stream_ms", &self.stream_ms, STREAM_MS),
            ("lease_ms", &self.lease_ms, LEASE_MS),
        ] {
            if !range.contains(written.get_ref()) {
                complaints.push(
                    Some(written.span()),
                    format!("`{key}` of `[calls]` is {}", written.get_ref()),
                    format!("from {} to {} milliseconds", range.start(), range.end()),
                );
            }
        }
    }
}
