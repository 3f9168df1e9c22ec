//! Looking at a store's file from the outside: verifying a log's chain, listing it, checking the file, copying it. It
//! changes nothing and works while a host has the file open.

use std::fs::File;
use std::path::Path;
use std::time::Instant;

use jackfield_core::audit::link;
use jackfield_core::port::{Entry, Log};
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, ffi};

use super::open::{self, OpenFault};
use super::{OpenError, Options, anchor, entries_after, entry, signed, unsigned};

/// Entries read at once: a look through a long log holds no lock and little memory.
const ENTRIES_AT_ONCE: usize = 1024;

/// For SQLite's backup: every page that there is.
const ALL_PAGES: i32 = -1;

/// Problems of a damaged file that are named; SQLite would go on for long.
const PROBLEMS_MAX: u32 = 20;

/// Somebody who looks at a store.
pub struct Observer {
    connection: Connection,
}

/// What verifying a log's chain found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// Entries that hang together, from the first that is left on.
    pub count: u64,
    /// Entries before those, which the host was told to keep no longer; their last digest is the chain's beginning.
    pub trimmed: u64,
    /// The digest of the last entry.
    pub head: [u8; 32],
    /// The entry after which the digest stood that was looked for; the number of those trimmed for the digest that the
    /// chain begins with.
    pub found: Option<u64>,
    /// Where the chain breaks, if it does.
    pub broken: Option<Broken>,
}

/// The first entry that does not hang together with those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// It, or its digest, is not what was written.
    #[error("entry {sequence} or its digest was changed")]
    Digest {
        /// Its number.
        sequence: u64,
    },
    /// Entries before it are not there.
    #[error("entry {expected} is missing; the next one is {found}")]
    Gap {
        /// The number that should be next.
        expected: u64,
        /// The number that is.
        found: u64,
    },
}

impl Broken {
    /// Where the chain breaks.
    pub fn sequence(self) -> u64 {
        match self {
            Broken::Digest { sequence } => sequence,
            Broken::Gap { expected, .. } => expected,
        }
    }
}

/// What there is in a store, and whether the file is sound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What SQLite finds wrong with the file; none when it is sound.
    pub problems: Vec<String>,
    /// Pages of the file, in bytes, with those that are still in the write-ahead log.
    pub bytes: u64,
    /// How much of it is free for reuse.
    pub free_bytes: u64,
    /// Values by bucket.
    pub buckets: Vec<(String, u64)>,
    /// Entries by log.
    pub logs: Vec<(String, u64)>,
}

/// Why looking failed.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// SQLite could not read.
    #[error("the store cannot be read: {0}")]
    Read(#[from] rusqlite::Error),
    /// There is a file of that name.
    #[error("`{0}` is there already")]
    Exists(String),
    /// SQLite could not copy: one of both files cannot be read or written.
    #[error("the store cannot be copied: {0}")]
    Copy(#[source] rusqlite::Error),
    /// The copy could not be written.
    #[error("the copy cannot be written: {0}")]
    Write(#[from] std::io::Error),
    /// The copy is not sound.
    #[error("the copy is not sound: {0}")]
    Unsound(String),
}

impl Observer {
    /// Opens a store's file as it is.
    ///
    /// # Errors
    /// When it is not there or not a store.
    pub fn open(path: &Path) -> Result<Observer, OpenError> {
        open::looking(path, &Options::default()).map(|connection| Observer { connection })
    }

    /// Follows a log's chain from its first entry on. `wanted` is a digest that was noted elsewhere: if it is in an
    /// unbroken chain, nothing up to there has changed since.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn verify(&self, log: Log, wanted: Option<[u8; 32]>) -> Result<Verification, LookError> {
        loop {
            let begin = anchor(&self.connection, log)?;
            let found = self.walk(log, begin, wanted)?;
            // A host that trims the log meanwhile leaves what looks like a gap, and is none.
            let now = anchor(&self.connection, log)?;
            let is_overtaken = now.0 > found.trimmed + found.count || matches!(found.broken, Some(Broken::Gap { .. }));
            if now == begin || !is_overtaken {
                return Ok(found);
            }
        }
    }

    fn walk(
        &self,
        log: Log,
        (trimmed, begin): (u64, [u8; 32]),
        wanted: Option<[u8; 32]>,
    ) -> Result<Verification, LookError> {
        let (mut last, mut head, mut broken) = (trimmed, begin, None);
        let mut found = wanted.filter(|digest| *digest == begin).map(|_| trimmed);
        // An entry never changes once it is written, so that no transaction has to hold the whole walk together.
        'walk: loop {
            let entries = entries_after(&self.connection, log, last, ENTRIES_AT_ONCE)?;
            if entries.is_empty() {
                break;
            }
            for entry in entries {
                if entry.sequence != last + 1 {
                    broken = Some(Broken::Gap { expected: last + 1, found: entry.sequence });
                    break 'walk;
                }
                let digest = link(&head, entry.sequence, &entry.body);
                if digest != entry.digest {
                    broken = Some(Broken::Digest { sequence: entry.sequence });
                    break 'walk;
                }
                (last, head) = (entry.sequence, digest);
                if wanted == Some(digest) {
                    found = Some(last);
                }
            }
        }
        Ok(Verification { count: last - trimmed, trimmed, head, found, broken })
    }

    /// Entries before a sequence number, the newest first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn entries_before(&self, log: Log, before: u64, limit: usize) -> Result<Vec<Entry>, LookError> {
        let sql = "SELECT sequence, digest, body FROM entry WHERE log = ?1 AND sequence < ?2 AND sequence > 0 \
                   ORDER BY sequence DESC LIMIT ?3";
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map((log.as_str(), signed(before), signed(limit as u64)), entry)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Checks the whole file and counts what is in it.
    ///
    /// # Errors
    /// When the file cannot even be counted.
    pub fn check(&self) -> Result<Report, LookError> {
        let pragma = |name| self.connection.pragma_query_value(None, name, |row| row.get(0).map(unsigned));
        let page = pragma("page_size")?;
        let problems = problems(&self.connection)?;
        // Of a damaged file what can be counted is counted; that it is damaged is what matters.
        let counted = |sql| match self.count(sql) {
            Err(_) if !problems.is_empty() => Ok(Vec::new()),
            counted => counted,
        };
        let buckets = counted("SELECT bucket, count(*) FROM value GROUP BY bucket ORDER BY bucket")?;
        let logs = counted("SELECT log, count(*) FROM entry GROUP BY log ORDER BY log")?;
        Ok(Report {
            problems,
            bytes: pragma("page_count")? * page,
            free_bytes: pragma("freelist_count")? * page,
            buckets,
            logs,
        })
    }

    fn count(&self, sql: &str) -> rusqlite::Result<Vec<(String, u64)>> {
        let mut statement = self.connection.prepare(sql)?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, unsigned(row.get(1)?))))?;
        rows.collect()
    }

    /// Copies the store as it is at one moment into a new file, which is sound and complete once it has its name.
    ///
    /// # Errors
    /// When there is a file of that name, when it cannot be written, and when the copy is not sound; then there is no
    /// file.
    pub fn backup(&self, target: &Path) -> Result<Report, LookError> {
        if target.try_exists()? {
            return Err(LookError::Exists(target.display().to_string()));
        }
        let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // Temporary files have mode 600, and go away by themselves when something fails.
        let file = tempfile::NamedTempFile::new_in(folder)?;
        let observer = Observer { connection: copied(&self.connection, file.path()).map_err(LookError::Copy)? };
        let report = observer.check()?;
        if let Some(problem) = report.problems.first() {
            return Err(LookError::Unsound(problem.clone()));
        }
        drop(observer);
        file.as_file().sync_all()?;
        match file.persist_noclobber(target) {
            Ok(_) => {}
            Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => {
                return Err(LookError::Exists(target.display().to_string()));
            }
            Err(error) => return Err(error.error.into()),
        }
        File::open(folder)?.sync_all()?;
        Ok(report)
    }
}

/// A copy of a store in an empty file: one file without a write-ahead log, so that it can lie where nothing is written.
fn copied(from: &Connection, file: &Path) -> rusqlite::Result<Connection> {
    let mut copy = Connection::open(file)?;
    let begun = Instant::now();
    // All pages in one step, under one read transaction: writers go on and never make it begin again.
    loop {
        match Backup::new(from, &mut copy)?.step(ALL_PAGES)? {
            StepResult::Done => break,
            _ if begun.elapsed() < Options::default().busy_timeout => std::thread::yield_now(),
            _ => return Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_BUSY), None)),
        }
    }
    copy.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()))?;
    Ok(copy)
}

/// What `integrity_check` says beside `ok`; a file too damaged to be checked has that as its problem.
fn problems(connection: &Connection) -> Result<Vec<String>, LookError> {
    let mut statement = connection.prepare(&format!("PRAGMA integrity_check({PROBLEMS_MAX})"))?;
    let rows = statement.query_map([], |row| row.get::<_, String>(0));
    let said: Vec<String> = match rows.and_then(Iterator::collect) {
        Ok(said) => said,
        Err(error) if matches!(OpenFault::from_sqlite(&error), OpenFault::Corrupt(_)) => vec![error.to_string()],
        Err(error) => return Err(error.into()),
    };
    Ok(said.into_iter().filter(|line| line != "ok").collect())
}
