//! One transaction of the writer: every change of a batch, or none of it.
//!
//! It takes SQLite's write lock before it reads, so that conditions hold and chains hang together also where another
//! process writes to the same file.

use std::collections::HashMap;

use jackfield_core::audit::{GENESIS, link};
use jackfield_core::port::{Bucket, Expect, Log, StoreError};
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior};

use super::{Answer, Change};
use crate::embedded::{anchor, signed, unsigned};

/// Sequence number and digest of a log's last entry.
type Tail = (u64, [u8; 32]);

/// Does changes in one transaction. A condition that does not hold is an answer; an error means that nothing was done.
/// Where writing failed before, something is written in any case, so that success means that it works again.
pub(super) fn attempt<'c>(
    connection: &mut Connection,
    changes: impl Iterator<Item = &'c Change> + Clone,
    is_healthy: bool,
) -> rusqlite::Result<Vec<Answer>> {
    if is_healthy && changes.clone().all(|change| matches!(change, Change::Flush)) {
        return Ok(changes.map(|_| Ok(0)).collect());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if !is_healthy {
        transaction.prepare_cached("UPDATE counter SET value = value + 1 WHERE name = 'revision'")?.execute([])?;
    }
    // Only within this transaction: another process may append before the next.
    let mut tails = HashMap::new();
    let answers = changes.map(|change| apply(&transaction, &mut tails, change)).collect::<rusqlite::Result<_>>()?;
    transaction.commit()?;
    Ok(answers)
}

fn apply(transaction: &Transaction<'_>, tails: &mut HashMap<Log, Tail>, change: &Change) -> rusqlite::Result<Answer> {
    match change {
        Change::Put { bucket, key, value, expect } => {
            if !holds(*expect, revision(transaction, *bucket, key)?) {
                return Ok(Err(StoreError::Conflict));
            }
            let count = "UPDATE counter SET value = value + 1 WHERE name = 'revision' RETURNING value";
            let next: i64 = transaction.prepare_cached(count)?.query_row([], |row| row.get(0))?;
            let put = "INSERT INTO value (bucket, key, revision, body) VALUES (?1, ?2, ?3, ?4) \
                       ON CONFLICT (bucket, key) DO UPDATE SET revision = excluded.revision, body = excluded.body";
            transaction.prepare_cached(put)?.execute((bucket.as_str(), key, next, &value[..]))?;
            Ok(Ok(unsigned(next)))
        }
        Change::Delete { bucket, key, expect } => {
            if !holds(*expect, revision(transaction, *bucket, key)?) {
                return Ok(Err(StoreError::Conflict));
            }
            let delete = "DELETE FROM value WHERE bucket = ?1 AND key = ?2";
            transaction.prepare_cached(delete)?.execute((bucket.as_str(), key))?;
            Ok(Ok(0))
        }
        Change::Append { log, body } => {
            let (before, digest) = match tails.get(log) {
                Some(tail) => *tail,
                None => tail(transaction, *log)?,
            };
            let sequence = before + 1;
            let digest = link(&digest, sequence, body);
            let append = "INSERT INTO entry (log, sequence, digest, body) VALUES (?1, ?2, ?3, ?4)";
            transaction.prepare_cached(append)?.execute((log.as_str(), signed(sequence), digest, &body[..]))?;
            tails.insert(*log, (sequence, digest));
            Ok(Ok(0))
        }
        Change::Trim { log, through } => trim(transaction, *log, *through),
        Change::Flush => Ok(Ok(0)),
    }
}

/// The digest that is kept and the entries that go are one change: there is no moment without a beginning.
fn trim(transaction: &Transaction<'_>, log: Log, through: u64) -> rusqlite::Result<Answer> {
    let sql = "SELECT sequence, digest FROM entry WHERE log = ?1 AND sequence <= ?2 ORDER BY sequence DESC LIMIT 1";
    let last = transaction.prepare_cached(sql)?.query_row((log.as_str(), signed(through)), |row| {
        Ok((unsigned(row.get(0)?), row.get_ref(1)?.as_blob().ok().and_then(|blob| <[u8; 32]>::try_from(blob).ok())))
    });
    match last.optional()? {
        None => Ok(Ok(0)),
        // Nothing could be verified from here on.
        Some((sequence, None)) => {
            Ok(Err(StoreError::Unavailable(format!("entry {sequence} of the log `{}` is damaged", log.as_str()))))
        }
        Some((sequence, Some(digest))) => {
            let keep = "INSERT INTO anchor (log, sequence, digest) VALUES (?1, ?2, ?3) \
                        ON CONFLICT (log) DO UPDATE SET sequence = excluded.sequence, digest = excluded.digest";
            transaction.prepare_cached(keep)?.execute((log.as_str(), signed(sequence), digest))?;
            let delete = "DELETE FROM entry WHERE log = ?1 AND sequence <= ?2";
            transaction.prepare_cached(delete)?.execute((log.as_str(), signed(sequence)))?;
            Ok(Ok(0))
        }
    }
}

fn holds(expect: Expect, current: Option<u64>) -> bool {
    match expect {
        Expect::Any => true,
        Expect::Absent => current.is_none(),
        Expect::Revision(wanted) => current == Some(wanted),
    }
}

fn revision(transaction: &Transaction<'_>, bucket: Bucket, key: &str) -> rusqlite::Result<Option<u64>> {
    let mut statement = transaction.prepare_cached("SELECT revision FROM value WHERE bucket = ?1 AND key = ?2")?;
    statement.query_row((bucket.as_str(), key), |row| row.get(0).map(unsigned)).optional()
}

/// The last entry of a log. A digest that somebody made unreadable counts as none: the chain goes on, and verifying
/// names the entry where it broke.
fn tail(transaction: &Transaction<'_>, log: Log) -> rusqlite::Result<Tail> {
    let sql = "SELECT sequence, digest FROM entry WHERE log = ?1 ORDER BY sequence DESC LIMIT 1";
    let last = transaction.prepare_cached(sql)?.query_row([log.as_str()], |row| {
        let digest = row.get_ref(1)?.as_blob().ok().and_then(|blob| blob.try_into().ok()).unwrap_or(GENESIS);
        Ok((unsigned(row.get(0)?), digest))
    });
    // A log of which nothing is left goes on where it was cut off.
    last.optional()?.map_or_else(|| anchor(transaction, log), Ok)
}
