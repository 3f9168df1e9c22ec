//! The embedded engine: one SQLite file in WAL mode. One thread writes, and all that waits for it goes into one
//! transaction, so that many writers share one `fsync`; two threads read, so that a long look through a log does not
//! hold up a token. No call blocks an async thread.
//!
//! Several processes may have the file open at once (`serve`, and `call` beside it): every condition and every link of a
//! chain is decided inside a transaction that holds SQLite's write lock.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use jackfield_core::audit::GENESIS;
use jackfield_core::port::{BoxFuture, Bucket, Entry, Expect, Log, Store, StoreError, Versioned};
use rusqlite::OptionalExtension as _;

pub mod observer;
mod open;
mod reader;
mod room;
mod writer;

pub use open::{OpenError, OpenFault, preflight};
pub use room::{Compacted, compact};

use reader::Reader;
use writer::{Change, Writer};

/// What an operator or a test may want otherwise.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long a transaction waits for another process that is writing.
    pub busy_timeout: Duration,
    /// What may wait for the writer, in bytes; above it an operation is answered `Busy` at once.
    pub queue_bytes_max: u32,
    /// How large the file may become, in bytes; then it is as full as a full disk.
    pub file_bytes_max: Option<u64>,
    /// Room in the file that is free and stays its own, in bytes; what is free above it is given back to the disk.
    pub free_bytes_kept: u64,
    /// A file up to this size, in bytes, is looked through for damage before it is used. A larger one would hold up the
    /// start: `jackfield store check` looks at any.
    pub checked_bytes_max: u64,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            busy_timeout: Duration::from_secs(5),
            queue_bytes_max: 16 << 20,
            file_bytes_max: None,
            free_bytes_kept: 8 << 20,
            checked_bytes_max: 256 << 20,
        }
    }
}

/// A store in one file.
pub struct Embedded {
    writer: Writer,
    values: Reader,
    logs: Reader,
}

impl Embedded {
    /// Opens a store, and makes the file where there is none.
    ///
    /// # Errors
    /// When the file or its folder is not as it must be, or cannot be written: a host that cannot keep anything should
    /// not start.
    pub fn open(path: &Path, options: Options) -> Result<Embedded, OpenError> {
        let writer = open::writable(path, &options)?;
        let reader = |name| {
            let connection = open::reading(path, &options)?;
            Reader::start(name, connection, path).map_err(|error| open::thread(path, &error))
        };
        let (values, logs) = (reader("store-values")?, reader("store-logs")?);
        let writer = Writer::start(writer, path, &options)?;
        Ok(Embedded { writer, values, logs })
    }
}

impl Store for Embedded {
    fn get<'a>(&'a self, bucket: Bucket, key: &'a str) -> BoxFuture<'a, Result<Option<Versioned>, StoreError>> {
        let key = key.to_owned();
        Box::pin(self.values.read(move |connection| {
            let mut statement =
                connection.prepare_cached("SELECT revision, body FROM value WHERE bucket = ?1 AND key = ?2")?;
            let row = statement.query_row((bucket.as_str(), key), |row| {
                Ok(Versioned { revision: unsigned(row.get(0)?), value: Bytes::from(row.get::<_, Vec<u8>>(1)?) })
            });
            row.optional()
        }))
    }

    fn put<'a>(
        &'a self,
        bucket: Bucket,
        key: &'a str,
        value: Bytes,
        expect: Expect,
    ) -> BoxFuture<'a, Result<u64, StoreError>> {
        Box::pin(self.writer.change(Change::Put { bucket, key: key.to_owned(), value, expect }))
    }

    fn delete<'a>(&'a self, bucket: Bucket, key: &'a str, expect: Expect) -> BoxFuture<'a, Result<(), StoreError>> {
        let change = self.writer.change(Change::Delete { bucket, key: key.to_owned(), expect });
        Box::pin(async move { change.await.map(drop) })
    }

    fn keys<'a>(&'a self, bucket: Bucket, prefix: &'a str) -> BoxFuture<'a, Result<Vec<String>, StoreError>> {
        let prefix = prefix.to_owned();
        Box::pin(self.values.read(move |connection| {
            // Keys are ordered by their bytes, so those with the prefix stand together and begin with it.
            let sql = "SELECT key FROM value WHERE bucket = ?1 AND key >= ?2 ORDER BY key";
            let mut statement = connection.prepare_cached(sql)?;
            let mut rows = statement.query((bucket.as_str(), &prefix))?;
            let mut keys = Vec::new();
            while let Some(row) = rows.next()? {
                let key: String = row.get(0)?;
                if !key.starts_with(&prefix) {
                    break;
                }
                keys.push(key);
            }
            Ok(keys)
        }))
    }

    fn append(&self, log: Log, body: Bytes) -> Result<(), StoreError> {
        self.writer.append(log, body)
    }

    fn flush(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        let change = self.writer.change(Change::Flush);
        Box::pin(async move { change.await.map(drop) })
    }

    fn trim(&self, log: Log, through: u64) -> BoxFuture<'_, Result<(), StoreError>> {
        let change = self.writer.change(Change::Trim { log, through });
        Box::pin(async move { change.await.map(drop) })
    }

    fn entries<'a>(&'a self, log: Log, after: u64, limit: usize) -> BoxFuture<'a, Result<Vec<Entry>, StoreError>> {
        Box::pin(self.logs.read(move |connection| entries_after(connection, log, after, limit)))
    }
}

/// Entries of a log after a sequence number, the oldest first.
fn entries_after(
    connection: &rusqlite::Connection,
    log: Log,
    after: u64,
    limit: usize,
) -> rusqlite::Result<Vec<Entry>> {
    let sql = "SELECT sequence, digest, body FROM entry WHERE log = ?1 AND sequence > ?2 ORDER BY sequence LIMIT ?3";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map((log.as_str(), signed(after), signed(limit as u64)), entry)?;
    rows.collect()
}

/// An entry as a row of `sequence, digest, body`.
fn entry(row: &rusqlite::Row<'_>) -> rusqlite::Result<Entry> {
    let body = Bytes::from(row.get::<_, Vec<u8>>(2)?);
    Ok(Entry { sequence: unsigned(row.get(0)?), digest: digest(row, 1)?, body })
}

/// SQLite's integers are signed. Revisions and sequence numbers count from 1 and never come near the end.
fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

/// The other way; a number beyond the end is as good as the end.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The last entry of a log that was trimmed away, and its digest; the beginning of all where none was. Files of the first
/// form were never trimmed.
fn anchor(connection: &rusqlite::Connection, log: Log) -> rusqlite::Result<(u64, [u8; 32])> {
    let known = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'anchor'";
    if connection.query_row(known, [], |row| row.get::<_, i64>(0))? == 0 {
        return Ok((0, GENESIS));
    }
    let sql = "SELECT sequence, digest FROM anchor WHERE log = ?1";
    let found = connection.query_row(sql, [log.as_str()], |row| Ok((unsigned(row.get(0)?), digest(row, 1)?)));
    Ok(found.optional()?.unwrap_or((0, GENESIS)))
}

/// A digest of another length is no digest; all zeros match no entry.
fn digest(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<[u8; 32]> {
    Ok(row.get_ref(column)?.as_blob().ok().and_then(|blob| blob.try_into().ok()).unwrap_or_default())
}

/// For the operator: SQLite's own words, which name tables and files and never what is in them, and what to do.
fn words(error: &rusqlite::Error) -> String {
    format!("{error}; {}", OpenFault::from_sqlite(error).hint())
}

fn unavailable(error: &rusqlite::Error) -> StoreError {
    StoreError::Unavailable(words(error))
}

#[cfg(test)]
mod tests;
