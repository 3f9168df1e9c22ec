//! The kept answers of one connection: found by key, dropped by tag, the one that was used least lately first when room
//! is short. Beside them the writes that reads under way cannot have seen. No lock, no clock: whoever holds the shelf
//! has both.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use hashlink::LruCache;
use jackfield_core::digest::Digest;
use jackfield_core::freshness::Tags;

/// An answer as it is kept: what it says and when it was made, and nothing of whose it is but the key.
#[derive(PartialEq, Eq)]
pub(crate) struct Kept {
    /// Canonical output as JSON text, scrubbed and masked.
    pub text: Box<str>,
    /// When the business system was asked, in milliseconds since the epoch.
    pub made_ms: u64,
    /// When it is good for nothing any more, in milliseconds since the epoch.
    pub expires_ms: u64,
    /// Whether it comes from the store. What was written since by another process is not known of it, so that it is
    /// never as good as a new one.
    pub is_restored: bool,
}

/// An answer in its place.
pub(super) struct Slot {
    pub(super) kept: Arc<Kept>,
    pub(super) tags: Tags,
    /// Whether it goes into the store at all.
    pub(super) is_durable: bool,
    /// Whether the store may have it.
    pub(super) is_stored: bool,
}

/// What an answer costs beside its text and its tags, in bytes: the key in two maps, the slot, the links between them.
const SLOT_BYTES: usize = 320;

/// What a tag costs beside its text, which stands in the answer and in the index, in bytes.
const TAG_BYTES: usize = 96;

impl Slot {
    fn bytes(&self) -> usize {
        SLOT_BYTES + self.kept.text.len() + self.tags.iter().map(|tag| TAG_BYTES + 2 * tag.len()).sum::<usize>()
    }
}

/// The answers of one connection.
pub(super) struct Shelf {
    answers: LruCache<Digest, Slot>,
    tagged: HashMap<Box<str>, HashSet<Digest>>,
    bytes: usize,
}

impl Default for Shelf {
    fn default() -> Self {
        Shelf { answers: LruCache::new_unbounded(), tagged: HashMap::new(), bytes: 0 }
    }
}

impl Shelf {
    /// How many answers there are.
    pub(super) fn len(&self) -> usize {
        self.answers.len()
    }

    /// What they take.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The answer under a key, which counts as a use of it.
    pub(super) fn get(&mut self, key: &Digest) -> Option<&Arc<Kept>> {
        self.answers.get(key).map(|slot| &slot.kept)
    }

    /// The slot under a key, which does not.
    pub(super) fn slot(&mut self, key: &Digest) -> Option<&mut Slot> {
        self.answers.peek_mut(key)
    }

    /// Puts an answer, in the place of what was there.
    pub(super) fn put(&mut self, key: Digest, mut slot: Slot) {
        if let Some(before) = self.take(&key) {
            slot.is_stored |= before.is_stored;
        }
        self.bytes += slot.bytes();
        for tag in slot.tags.iter() {
            self.tagged.entry(tag.into()).or_default().insert(key);
        }
        self.answers.insert(key, slot);
    }

    /// Takes an answer away.
    pub(super) fn take(&mut self, key: &Digest) -> Option<Slot> {
        let slot = self.answers.remove(key)?;
        self.forget(key, &slot);
        Some(slot)
    }

    /// Takes the answer away that was used least lately.
    pub(super) fn take_oldest(&mut self) -> Option<(Digest, Slot)> {
        let (key, slot) = self.answers.remove_lru()?;
        self.forget(&key, &slot);
        Some((key, slot))
    }

    /// Takes away every answer that tells of something touched.
    pub(super) fn take_touched(&mut self, touched: &Tags) -> Vec<(Digest, Slot)> {
        let keys: HashSet<Digest> = touched.iter().filter_map(|tag| self.tagged.get(tag)).flatten().copied().collect();
        keys.into_iter().filter_map(|key| Some((key, self.take(&key)?))).collect()
    }

    /// Takes away every answer that is good for nothing any more.
    pub(super) fn take_expired(&mut self, now_ms: u64) -> Vec<(Digest, Slot)> {
        let over = self.answers.iter().filter(|(_, slot)| slot.kept.expires_ms < now_ms);
        let keys: Vec<Digest> = over.map(|(key, _)| *key).collect();
        keys.into_iter().filter_map(|key| Some((key, self.take(&key)?))).collect()
    }

    fn forget(&mut self, key: &Digest, slot: &Slot) {
        self.bytes -= slot.bytes();
        for tag in slot.tags.iter() {
            if let Some(keys) = self.tagged.get_mut(tag) {
                keys.remove(key);
                if keys.is_empty() {
                    self.tagged.remove(tag);
                }
            }
        }
    }
}

/// Writes that are remembered for reads under way at most; a read that began before all of them is not kept.
const WRITES_MAX: usize = 128;

/// The writes of one connection, as far as reads are under way that cannot have seen them.
#[derive(Default)]
pub(super) struct Writes {
    latest: u64,
    unseen: VecDeque<(u64, Tags)>,
    reads: usize,
}

impl Writes {
    /// A read begins; the number of the latest write that it can have seen.
    pub(super) fn read_begins(&mut self) -> u64 {
        self.reads += 1;
        self.latest
    }

    /// A read is over.
    pub(super) fn read_ends(&mut self) {
        self.reads = self.reads.saturating_sub(1);
        if self.reads == 0 {
            self.unseen.clear();
        }
    }

    /// A write ended.
    pub(super) fn note(&mut self, touched: &Tags) {
        self.latest += 1;
        if self.reads > 0 {
            self.unseen.push_back((self.latest, touched.clone()));
            if self.unseen.len() > WRITES_MAX {
                self.unseen.pop_front();
            }
        }
    }

    /// Whether what a read that began after `seen` tells was changed meanwhile.
    pub(super) fn overtook(&self, seen: u64, answer: &Tags) -> bool {
        let are_some_forgotten = self.unseen.front().is_some_and(|(first, _)| *first > seen + 1);
        let changed = |(number, touched): &(u64, Tags)| *number > seen && touched.touch(answer);
        are_some_forgotten || self.unseen.iter().any(changed)
    }
}

#[cfg(test)]
mod tests;
