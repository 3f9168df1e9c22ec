//! `[cache]`: how much room kept answers have. How long each is good is a matter of its intent: `cache` in
//! `[intent."PATTERN"]`.

use serde::Deserialize;

/// `[cache]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CacheSection {
    /// Kept answers of all connections together; zero keeps none.
    pub answers_max: usize,
    /// Bytes of all kept answers together, with what it takes to find them again.
    pub bytes_max: usize,
}

impl Default for CacheSection {
    fn default() -> Self {
        CacheSection { answers_max: 10_000, bytes_max: 64 << 20 }
    }
}
