//! Answers for text that leaves without secrets in it: every value in use is found in every encoding that an upstream
//! is likely to echo it in, in one pass, and replaced. What counts as in use is the vault's business.
//!
//! Limits, on purpose: a value under 6 bytes is found only as it is and only as a word of its own, since its encodings
//! would match half of all texts; one under 3 bytes is not looked for. Inside longer base64 the first and last
//! character may keep up to 4 bits of the value. A value that is reversed, split or encrypted is not found: the
//! defence against a guest that wants to leak is that it never sees the value.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use zeroize::Zeroizing;

mod encodings;
mod index;
mod window;

use index::Index;

/// What stands where a value stood.
pub const REDACTED: &str = "[redacted]";

/// Values remembered per slot: the old one of a rotation stays valid for a while and stays scrubbed.
const VERSIONS_MAX: usize = 4;

/// Shorter values are not looked for at all.
const VALUE_BYTES_MIN: usize = 3;

/// Shorter values are found only as words of their own.
const ENCODED_BYTES_MIN: usize = 6;

/// Shorter values stay in what an upstream sends to a guest: they could as well be the upstream's own words, and
/// replacing those would break answers.
const UPSTREAM_BYTES_MIN: usize = 12;

/// The values in use and how to find them. Locks are taken in the order of the fields and never across a wait; a panic
/// under one of them leaves at worst a value that is looked for twice.
#[derive(Default)]
pub(crate) struct Scrubber {
    /// By connection and slot, the newest last.
    values: RwLock<HashMap<String, HashMap<String, Versions>>>,
    by_connection: RwLock<HashMap<String, Arc<RwLock<Index>>>>,
    everywhere: RwLock<Index>,
}

/// The last values of one slot.
type Versions = VecDeque<Zeroizing<String>>;

impl Scrubber {
    /// Adds a value, and forgets the one that was replaced [`VERSIONS_MAX`] times since. Cheap when it is known
    /// already, and hardly dearer when it is not, however many there are.
    pub(crate) fn learn(&self, connection: &str, slot: &str, value: &str) {
        if value.len() < VALUE_BYTES_MIN || self.has(connection, slot, value) {
            return;
        }
        let mut values = write(&self.values);
        let versions = values.entry(connection.to_owned()).or_default().entry(slot.to_owned()).or_default();
        if versions.iter().any(|known| known.as_str() == value) {
            return;
        }
        let replaced = if versions.len() == VERSIONS_MAX { versions.pop_front() } else { None };
        versions.push_back(Zeroizing::new(value.to_owned()));
        self.change(connection, |index, is_long| {
            if is_long(value) {
                index.add(value);
            }
            if let Some(replaced) = replaced.as_ref().filter(|replaced| is_long(replaced)) {
                index.remove(replaced);
            }
        });
    }

    /// Changes both indexes that a connection's values are in; only longer values are in its own.
    fn change(&self, connection: &str, change: impl Fn(&mut Index, fn(&str) -> bool)) {
        let own = write(&self.by_connection).entry(connection.to_owned()).or_default().clone();
        change(&mut write(&own), |value| value.len() >= UPSTREAM_BYTES_MIN);
        change(&mut write(&self.everywhere), |_| true);
    }

    fn has(&self, connection: &str, slot: &str, value: &str) -> bool {
        let values = read(&self.values);
        let versions = values.get(connection).and_then(|slots| slots.get(slot));
        versions.is_some_and(|versions| versions.iter().any(|known| known.as_str() == value))
    }

    /// The text without any value; borrowed when there was none.
    pub(crate) fn scrub<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match read(&self.everywhere).replace(text.as_bytes(), REDACTED.as_bytes()) {
            None => Cow::Borrowed(text),
            // What is left around whole encodings is text; around a value that is cut off within a letter it may not be.
            Some(bytes) => Cow::Owned(match String::from_utf8(bytes) {
                Ok(text) => text,
                Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
            }),
        }
    }

    /// What an upstream sent, without the longer values of its own connection; nothing when there was none.
    pub(crate) fn scrub_upstream(&self, connection: &str, bytes: &[u8]) -> Option<Vec<u8>> {
        let own = read(&self.by_connection).get(connection)?.clone();
        read(&own).replace(bytes, REDACTED.as_bytes())
    }
}

fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
