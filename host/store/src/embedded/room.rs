//! Answers for the room that a store's file takes: pages that are free are given back to the disk, a little at a time
//! while nobody waits for the writer, or all at once by an operator. Which entries and values are forgotten is decided
//! elsewhere.
//!
//! SQLite gives pages back without rewriting the file only where it was made so (`auto_vacuum = INCREMENTAL`,
//! <https://www.sqlite.org/pragma.html#pragma_auto_vacuum>). New files are; an older one becomes so by [`compact`].

use std::path::Path;

use rusqlite::Connection;

use super::open::{self, OpenError, OpenFault};
use super::{Options, unsigned};

/// `auto_vacuum` of a file that can give pages back.
const INCREMENTAL: i64 = 2;

/// Pages given back in one go: bounds how long a write waits for it.
const PAGES_AT_ONCE: u32 = 256;

/// Has a file that is still empty made so that it can give pages back. It means nothing to any other.
pub(super) fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "auto_vacuum", INCREMENTAL)
}

/// What compacting did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compacted {
    /// Of the file before, in bytes.
    pub before: u64,
    /// Of the file after, in bytes.
    pub after: u64,
}

/// Writes a store's file anew without what is free, and so that it gives pages back by itself from then on. Whoever else
/// has it open waits meanwhile. It needs as much free space as the store is large, twice.
///
/// # Errors
/// When the file cannot be opened or written, or others keep it busy. Then it is as it was.
pub fn compact(path: &Path, options: &Options) -> Result<Compacted, OpenError> {
    let connection = open::writable(path, options)?;
    let compacted = || -> Result<Compacted, OpenFault> {
        let before = bytes(&connection)?;
        prepare(&connection)?;
        connection.execute_batch("VACUUM")?;
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(Compacted { before, after: bytes(&connection)? })
    };
    compacted().map_err(|fault| OpenError { path: path.to_owned(), fault })
}

/// Gives free pages back, within the writer's thread.
pub(super) struct Shrinker {
    /// Pages that are kept for what comes next; nothing where the file cannot give any back.
    pages_kept: Option<u64>,
    /// Whether something was written since there was nothing to give back.
    is_due: bool,
}

impl Shrinker {
    pub(super) fn new(connection: &Connection, bytes_kept: u64) -> rusqlite::Result<Shrinker> {
        let mode: i64 = connection.pragma_query_value(None, "auto_vacuum", |row| row.get(0))?;
        let page = number(connection, "page_size")?.max(1);
        Ok(Shrinker { pages_kept: (mode == INCREMENTAL).then_some(bytes_kept / page), is_due: true })
    }

    /// Something was written: there may be room to give back.
    pub(super) fn wrote(&mut self) {
        self.is_due = true;
    }

    /// Gives some pages back. `true` while there may be more.
    pub(super) fn step(&mut self, connection: &Connection) -> bool {
        let Some(pages_kept) = self.pages_kept.filter(|_| self.is_due) else { return false };
        let given = || -> rusqlite::Result<bool> {
            let free = number(connection, "freelist_count")?;
            if free <= pages_kept {
                return Ok(false);
            }
            let pages = u64::from(PAGES_AT_ONCE).min(free - pages_kept);
            // One row for each page: all have to be asked for.
            let mut statement = connection.prepare(&format!("PRAGMA incremental_vacuum({pages})"))?;
            let mut rows = statement.query([])?;
            while rows.next()?.is_some() {}
            drop(rows);
            // Without progress there is no use in going on.
            Ok(number(connection, "freelist_count")? < free)
        };
        // A disk that is full or a lock that is held: it is tried again after the next write.
        self.is_due = given().unwrap_or_else(|error| {
            tracing::debug!(%error, "the store gives no room back for now");
            false
        });
        self.is_due
    }
}

fn bytes(connection: &Connection) -> rusqlite::Result<u64> {
    Ok(number(connection, "page_count")? * number(connection, "page_size")?)
}

fn number(connection: &Connection, pragma: &str) -> rusqlite::Result<u64> {
    connection.pragma_query_value(None, pragma, |row| row.get(0).map(unsigned))
}
