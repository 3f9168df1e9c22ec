//! The guests' cache: one bounded, expiring map per connection. A connection cannot see or crowd out another's.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use jackfield_core::port::{Cache, TooLarge};

/// Bound of one key, in bytes.
const KEY_BYTES_MAX: usize = 256;
/// Bound of one value, in bytes.
const VALUE_BYTES_MAX: usize = 64 << 10;
/// Bound of one connection's entries together, in bytes.
const CONNECTION_BYTES_MAX: u64 = 8 << 20;

/// Values with their own times to live.
pub struct GuestCache {
    connections: HashMap<Arc<str>, moka::sync::Cache<String, Entry>>,
}

#[derive(Clone)]
struct Entry {
    value: Bytes,
    ttl: Duration,
}

struct OwnTtl;

impl moka::Expiry<String, Entry> for OwnTtl {
    fn expire_after_create(&self, _: &String, entry: &Entry, _: Instant) -> Option<Duration> {
        Some(entry.ttl)
    }

    fn expire_after_update(&self, _: &String, entry: &Entry, _: Instant, _: Option<Duration>) -> Option<Duration> {
        Some(entry.ttl)
    }
}

impl GuestCache {
    /// An empty cache for each connection.
    pub fn new(connections: impl Iterator<Item = Arc<str>>) -> GuestCache {
        let empty = || {
            moka::sync::Cache::builder()
                .max_capacity(CONNECTION_BYTES_MAX)
                .weigher(|key: &String, entry: &Entry| u32::try_from(key.len() + entry.value.len()).unwrap_or(u32::MAX))
                .expire_after(OwnTtl)
                .build()
        };
        GuestCache { connections: connections.map(|name| (name, empty())).collect() }
    }
}

impl Cache for GuestCache {
    fn get(&self, connection: &str, key: &str) -> Option<Bytes> {
        self.connections.get(connection)?.get(key).map(|entry| entry.value)
    }

    fn put(&self, connection: &str, key: &str, value: Bytes, ttl_ms: u32) -> Result<(), TooLarge> {
        if key.len() > KEY_BYTES_MAX || value.len() > VALUE_BYTES_MAX {
            return Err(TooLarge);
        }
        if let Some(cache) = self.connections.get(connection) {
            cache.insert(key.to_owned(), Entry { value, ttl: Duration::from_millis(ttl_ms.into()) });
        }
        Ok(())
    }

    fn delete(&self, connection: &str, key: &str) {
        if let Some(cache) = self.connections.get(connection) {
            cache.invalidate(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache() -> GuestCache {
        GuestCache::new(["a".into(), "b".into()].into_iter())
    }

    #[test]
    fn a_connection_sees_only_its_own() {
        let cache = cache();
        cache.put("a", "k", Bytes::from_static(b"v"), 60_000).unwrap();
        assert_eq!(cache.get("a", "k").as_deref(), Some(&b"v"[..]));
        assert_eq!(cache.get("b", "k"), None);
        cache.delete("b", "k");
        assert!(cache.get("a", "k").is_some());
        cache.delete("a", "k");
        assert_eq!(cache.get("a", "k"), None);
    }

    #[test]
    fn an_entry_without_time_to_live_is_gone_at_once() {
        let cache = cache();
        cache.put("a", "k", Bytes::from_static(b"v"), 0).unwrap();
        assert_eq!(cache.get("a", "k"), None);
    }

    #[test]
    fn keys_and_values_are_bounded() {
        let cache = cache();
        assert_eq!(cache.put("a", &"k".repeat(KEY_BYTES_MAX + 1), Bytes::new(), 1), Err(TooLarge));
        assert_eq!(cache.put("a", "k", Bytes::from(vec![0; VALUE_BYTES_MAX + 1]), 1), Err(TooLarge));
        assert_eq!(cache.put("a", "k", Bytes::from(vec![0; VALUE_BYTES_MAX]), 1), Ok(()));
    }
}
