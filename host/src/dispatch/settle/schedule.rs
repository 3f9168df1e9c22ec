//! When this host looks at what: a list in memory beside the records, which say the same. Losing it costs nothing, since
//! it is made of them again.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// Entries at once. What is more stays on record, and is found when the records are looked through again.
const ENTRIES_MAX: usize = 100_000;

/// Call ids by when they are due.
#[derive(Default)]
pub struct Schedule {
    entries: Mutex<Entries>,
    changed: Notify,
}

#[derive(Default)]
struct Entries {
    due: BTreeSet<(u64, String)>,
    by_id: HashMap<String, u64>,
}

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// This one, now. It is off the list.
    Now(String),
    /// Something, in so many milliseconds.
    In(u64),
    /// Nothing is listed.
    Nothing,
}

impl Schedule {
    /// Lists a call, or moves it.
    pub(super) fn put(&self, call_id: &str, due_ms: u64) {
        let mut entries = self.entries();
        if entries.by_id.len() >= ENTRIES_MAX && !entries.by_id.contains_key(call_id) {
            return;
        }
        if let Some(before) = entries.by_id.insert(call_id.to_owned(), due_ms) {
            entries.due.remove(&(before, call_id.to_owned()));
        }
        entries.due.insert((due_ms, call_id.to_owned()));
        drop(entries);
        self.changed.notify_one();
    }

    /// Takes the first that is due.
    pub(super) fn take(&self, now_ms: u64) -> Next {
        let mut entries = self.entries();
        match entries.due.first() {
            None => Next::Nothing,
            Some((due_ms, _)) if *due_ms > now_ms => Next::In(due_ms - now_ms),
            Some(_) => match entries.due.pop_first() {
                Some((_, call_id)) => {
                    entries.by_id.remove(&call_id);
                    Next::Now(call_id)
                }
                None => Next::Nothing,
            },
        }
    }

    /// How many are listed.
    pub fn len(&self) -> usize {
        self.entries().by_id.len()
    }

    /// Whether nothing is listed.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Until something is listed or moved.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_comes_first_and_a_call_is_listed_once() {
        let schedule = Schedule::default();
        assert_eq!(schedule.take(0), Next::Nothing);
        schedule.put("b", 20);
        schedule.put("a", 30);
        assert_eq!(schedule.take(5), Next::In(15));
        schedule.put("a", 10);
        assert_eq!(schedule.len(), 2);
        assert_eq!(schedule.take(25), Next::Now("a".to_owned()));
        assert_eq!(schedule.take(25), Next::Now("b".to_owned()));
        assert!(schedule.is_empty());
    }

    #[test]
    fn what_does_not_fit_is_left_to_the_records() {
        let schedule = Schedule::default();
        for at in 0..ENTRIES_MAX {
            schedule.put(&at.to_string(), 1);
        }
        schedule.put("one more", 0);
        assert_eq!(schedule.len(), ENTRIES_MAX);
        schedule.put("7", 0);
        assert_eq!(schedule.take(0), Next::Now("7".to_owned()), "what is listed can still be moved");
    }
}
