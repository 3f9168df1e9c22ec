//! Cuts the audit log off at its old end, by age and by number, where the operator says so. Without their word it is
//! kept for ever. What is left can be verified from where it begins: see docs/audit.md.

use jackfield_core::port::{Entry, Log, Store, StoreError};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::config::StoreSection;

/// Entries looked at and forgotten at once: no trimming holds the store up.
const ENTRIES_AT_ONCE: usize = 1_000;

/// How often in a row: what is over after that waits for the next time.
const ROUNDS_MAX: usize = 32;

/// How much of the log is kept.
pub(super) struct Kept {
    age: Option<SignedDuration>,
    count: Option<u64>,
}

/// What trimming needs to know of a record.
#[derive(Deserialize)]
struct Dated {
    at: Timestamp,
}

impl Kept {
    pub(super) fn of(section: &StoreSection) -> Kept {
        let days = section.audit_keep_days.as_ref().and_then(|days| i64::try_from(*days.get_ref()).ok());
        Kept {
            age: days.map(|days| SignedDuration::from_hours(days.saturating_mul(24))),
            count: section.audit_records_max.as_ref().map(|count| *count.get_ref()),
        }
    }
}

/// Forgets what is over.
pub(super) async fn trim(store: &dyn Store, kept: &Kept, now: Timestamp) -> Result<(), StoreError> {
    if kept.age.is_none() && kept.count.is_none() {
        return Ok(());
    }
    for _ in 0..ROUNDS_MAX {
        let oldest = store.entries(Log::Audit, 0, ENTRIES_AT_ONCE).await?;
        let Some(first) = oldest.first().map(|entry| entry.sequence) else { return Ok(()) };
        let cutoff = kept.age.and_then(|age| now.checked_sub(age).ok());
        let too_old = cutoff.and_then(|cutoff| last_before(&oldest, cutoff));
        let too_many = match kept.count {
            // Numbers have no gaps, so that as many are over as stand beyond the bound, counted from the first.
            Some(count) => {
                let beyond = store.entries(Log::Audit, first - 1 + count, ENTRIES_AT_ONCE).await?.len();
                (beyond > 0).then(|| first - 1 + beyond as u64)
            }
            None => None,
        };
        let Some(through) = too_old.max(too_many) else { return Ok(()) };
        store.trim(Log::Audit, through).await?;
        tracing::debug!(first, through, "records of the audit log are kept no longer");
    }
    Ok(())
}

/// The last of those from the beginning that are all older than the cut-off. One that cannot be read goes with the next
/// that can.
fn last_before(entries: &[Entry], cutoff: Timestamp) -> Option<u64> {
    let dated = entries.iter().filter_map(|entry| {
        let at = serde_json::from_slice::<Dated>(&entry.body).ok()?.at;
        Some((entry.sequence, at))
    });
    dated.take_while(|(_, at)| *at < cutoff).map(|(sequence, _)| sequence).last()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use jackfield_store::{Embedded, Observer, Options};
    use serde_json::json;

    use super::*;

    const NOW: &str = "2026-01-20T12:00:00Z";

    /// A log with one record a day, the last one of today.
    async fn log(days: i64, unreadable: &[i64]) -> (Embedded, std::path::PathBuf, tempfile::TempDir) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("jackfield.db");
        let store = Embedded::open(&path, Options::default()).unwrap();
        let now: Timestamp = NOW.parse().unwrap();
        for day in (0..days).rev() {
            let at = now - SignedDuration::from_hours(24 * day);
            let line =
                if unreadable.contains(&day) { json!("?") } else { json!({ "at": at.to_string(), "event": "x" }) };
            store.append(Log::Audit, Bytes::from(line.to_string())).unwrap();
        }
        store.flush().await.unwrap();
        (store, path, dir)
    }

    async fn left(store: &Embedded, kept: Kept) -> Vec<u64> {
        trim(store, &kept, NOW.parse().unwrap()).await.unwrap();
        store.entries(Log::Audit, 0, usize::MAX).await.unwrap().iter().map(|entry| entry.sequence).collect()
    }

    const fn kept(days: Option<i64>, count: Option<u64>) -> Kept {
        let age = match days {
            Some(days) => Some(SignedDuration::from_hours(24 * days)),
            None => None,
        };
        Kept { age, count }
    }

    #[tokio::test]
    async fn without_the_operators_word_everything_is_kept() {
        let (store, _, _dir) = log(10, &[]).await;
        assert_eq!(left(&store, kept(None, None)).await.len(), 10);
    }

    #[tokio::test]
    async fn what_is_too_old_or_too_many_goes_and_the_rest_is_unbroken() {
        let (store, path, _dir) = log(10, &[7]).await;
        assert_eq!(left(&store, kept(Some(7), None)).await, [3, 4, 5, 6, 7, 8, 9, 10], "exactly a week is kept");
        assert_eq!(left(&store, kept(Some(5), None)).await, [5, 6, 7, 8, 9, 10], "one that nobody can read goes too");
        assert_eq!(left(&store, kept(Some(5), Some(2))).await, [9, 10]);
        assert_eq!(left(&store, kept(None, Some(2))).await, [9, 10]);
        let found = Observer::open(&path).unwrap().verify(Log::Audit, None).unwrap();
        assert_eq!((found.trimmed, found.count, found.broken), (8, 2, None));
    }

    #[tokio::test]
    async fn a_long_log_is_brought_down_to_its_number() {
        let (store, _, _dir) = log(0, &[]).await;
        for number in 0..3_500 {
            store.append(Log::Audit, Bytes::from(json!({ "at": NOW, "n": number }).to_string())).unwrap();
        }
        store.flush().await.unwrap();
        assert_eq!(left(&store, kept(None, Some(10))).await, (3_491..=3_500).collect::<Vec<_>>());
    }
}
