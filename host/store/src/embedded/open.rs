//! Opening a store's file: what must be so before anything is kept in it, how a connection behaves, and the file's form.
//!
//! Everything that can be wrong has its own fault with its own remedy, and is said at start, not at the first write.

use std::fs::{File, OpenOptions};
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use super::{Options, room};

/// The forms a file has had, each made from the one before. A file's `user_version` counts those that it went through.
const FORMS: [&str; 2] = [include_str!("schema/1.sql"), include_str!("schema/2.sql")];

/// `application_id` of a file: `jack`. It tells a store from any other SQLite file.
const APPLICATION: u32 = u32::from_be_bytes(*b"jack");

/// The first bytes of an SQLite file (<https://www.sqlite.org/fileformat2.html#magic_header_string>).
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// To how many bytes the write-ahead log is cut back after a burst.
const WAL_BYTES_KEPT: u32 = 16 << 20;

/// Prepared statements a connection keeps: more than there are.
const STATEMENTS_KEPT: usize = 32;

/// Bits of a file's mode that let others than its owner in.
const MODE_OTHERS: u32 = 0o077;

/// A store that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the store `{}` {fault}", path.display())]
pub struct OpenError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong.
    pub fault: OpenFault,
}

/// What is wrong with a store's file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenFault {
    /// There is no such folder.
    #[error("has no folder to be in")]
    MissingFolder,
    /// There is no such file, and it was not to be made.
    #[error("is not there")]
    Missing,
    /// It is a folder, a socket or the like.
    #[error("is not a file")]
    NotAFile,
    /// Others may read or write it.
    #[error("is open to others than its owner: its mode is {0:o}")]
    Mode(u32),
    /// Everybody may put files beside it or take it away.
    #[error("is in a folder where everybody may write: its mode is {0:o}")]
    FolderMode(u32),
    /// It is some other file.
    #[error("is a file of something else")]
    Foreign,
    /// A newer jackfield made it what it is.
    #[error("has the form {found}, and this version knows forms up to {known}")]
    Newer {
        /// Of the file.
        found: usize,
        /// Of this program.
        known: usize,
    },
    /// SQLite finds it damaged.
    #[error("is damaged: {0}")]
    Corrupt(String),
    /// The file, or the disk that it is on, takes no writes.
    #[error("is read-only")]
    ReadOnly,
    /// The disk is full.
    #[error("has no space left on its disk")]
    Full,
    /// Another process held its lock for too long.
    #[error("is held by another process")]
    Busy,
    /// Anything else.
    #[error("cannot be opened: {0}")]
    Io(String),
}

impl OpenFault {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            OpenFault::MissingFolder => "make the folder, for the host's user alone: `mkdir -m 700`",
            OpenFault::Missing => "`jackfield serve` makes it; name another with `[store] file`",
            OpenFault::NotAFile | OpenFault::Foreign => "name another file with `[store] file`",
            OpenFault::Mode(_) => "it holds tokens and the audit log: `chmod 600`",
            OpenFault::FolderMode(_) => "give it a folder of its own: `mkdir -m 700`",
            OpenFault::Newer { .. } => "run the version that it was last opened with, or a later one",
            OpenFault::Corrupt(_) => "put a backup in its place; `jackfield store check` says more",
            OpenFault::ReadOnly => "let the host's user write the file, its folder and its disk",
            OpenFault::Full => "make room on its disk",
            OpenFault::Busy => "find who holds it, such as a backup tool that locks files",
            OpenFault::Io(_) => "see what the system says",
        }
    }
}

/// Looks at the file without making or changing anything: what [`super::Embedded::open`] would refuse at a glance. That
/// there is none yet is fine.
///
/// # Errors
/// What is wrong with the file or its folder.
pub fn preflight(path: &Path) -> Result<(), OpenError> {
    look(path).map_err(|fault| OpenError { path: path.to_owned(), fault }).map(drop)
}

/// Whether there is a file, and that it is fit as far as can be told from the outside.
fn look(path: &Path) -> Result<bool, OpenFault> {
    let folder = std::fs::metadata(folder(path)).map_err(|_| OpenFault::MissingFolder)?;
    if !folder.is_dir() {
        return Err(OpenFault::MissingFolder);
    }
    // With the sticky bit only a file's owner can take it away.
    let mode = folder.mode() & 0o7777;
    if mode & 0o002 != 0 && mode & 0o1000 == 0 {
        return Err(OpenFault::FolderMode(mode));
    }
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(OpenFault::Io(error.to_string())),
    };
    let metadata = file.metadata().map_err(|error| OpenFault::Io(error.to_string()))?;
    if !metadata.is_file() {
        return Err(OpenFault::NotAFile);
    }
    if metadata.mode() & MODE_OTHERS != 0 {
        return Err(OpenFault::Mode(metadata.mode() & 0o777));
    }
    let mut magic = [0; MAGIC.len()];
    match file.read_exact(&mut magic) {
        Ok(()) if &magic == MAGIC => Ok(true),
        Ok(()) => Err(OpenFault::Foreign),
        // An empty file is one that was made and not yet written to.
        Err(_) if metadata.len() == 0 => Ok(true),
        Err(_) => Err(OpenFault::Corrupt("it is shorter than its header".to_owned())),
    }
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The connection that writes, on a file of the newest form. Makes the file where there is none.
pub(super) fn writable(path: &Path, options: &Options) -> Result<Connection, OpenError> {
    let open = || {
        if !look(path)? {
            create(path)?;
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = connect(path, flags, options)?;
        if connection.is_readonly("main")? {
            return Err(OpenFault::ReadOnly);
        }
        match identify(&connection)? {
            0 => room::prepare(&connection)?,
            _ => look_through(&connection, path, options)?,
        }
        become_wal(&connection, options)?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "journal_size_limit", WAL_BYTES_KEPT)?;
        if let Some(bytes) = options.file_bytes_max {
            let page: u64 = connection.pragma_query_value(None, "page_size", |row| row.get(0).map(super::unsigned))?;
            connection
                .pragma_update_and_check(None, "max_page_count", super::signed(bytes / page.max(1)), |_| Ok(()))?;
        }
        migrate(&mut connection)?;
        Ok(connection)
    };
    open().map_err(|fault| OpenError { path: path.to_owned(), fault })
}

/// A connection that reads, beside the one that writes.
pub(super) fn reading(path: &Path, options: &Options) -> Result<Connection, OpenError> {
    let open = || {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = connect(path, flags, options)?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(connection)
    };
    open().map_err(|fault| OpenError { path: path.to_owned(), fault })
}

/// A connection to a file as it is, for somebody who only looks.
pub(super) fn looking(path: &Path, options: &Options) -> Result<Connection, OpenError> {
    let open = || {
        if !look(path)? {
            return Err(OpenFault::Missing);
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = connect(path, flags, options)?;
        match identify(&connection)? {
            0 => Err(OpenFault::Missing),
            _ => Ok(connection),
        }
    };
    open().map_err(|fault| OpenError { path: path.to_owned(), fault })
}

/// A thread that the system does not give.
pub(super) fn thread(path: &Path, error: &std::io::Error) -> OpenError {
    OpenError { path: path.to_owned(), fault: OpenFault::Io(format!("no thread: {error}")) }
}

/// Made by us and not by SQLite, so that there is no moment at which others could open it. SQLite gives `-wal` and
/// `-shm` the mode of the file (<https://www.sqlite.org/src/file/src/os_unix.c>, `findCreateFileMode`).
fn create(path: &Path) -> Result<(), OpenFault> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => {}
        // Another process was quicker.
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => return Ok(()),
        Err(error) => return Err(of_io(&error)),
    }
    // The name must survive a power cut as well as what will stand in the file.
    File::open(folder(path)).and_then(|folder| folder.sync_all()).map_err(|error| of_io(&error))
}

fn of_io(error: &std::io::Error) -> OpenFault {
    match error.kind() {
        std::io::ErrorKind::ReadOnlyFilesystem | std::io::ErrorKind::PermissionDenied => OpenFault::ReadOnly,
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => OpenFault::Full,
        _ => OpenFault::Io(error.to_string()),
    }
}

fn connect(path: &Path, flags: OpenFlags, options: &Options) -> Result<Connection, OpenFault> {
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(options.busy_timeout)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    // A file that somebody prepared must not run anything in our name, and a damaged page should be noticed early.
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    Ok(connection)
}

/// Whose file it is and of which form; 0 when it is still empty.
fn identify(connection: &Connection) -> Result<usize, OpenFault> {
    let number = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables == 0 {
        return Ok(0);
    }
    if number("application_id")? != i64::from(APPLICATION) {
        return Err(OpenFault::Foreign);
    }
    match usize::try_from(number("user_version")?) {
        Ok(found) if (1..=FORMS.len()).contains(&found) => Ok(found),
        Ok(found) if found > FORMS.len() => Err(OpenFault::Newer { found, known: FORMS.len() }),
        _ => Err(OpenFault::Corrupt("its form has no number".to_owned())),
    }
}

/// Whether the pages of a file hang together. Not every damage shows so: what is in a value or an entry is judged by
/// whoever reads it, by its seal or by the chain.
fn look_through(connection: &Connection, path: &Path, options: &Options) -> Result<(), OpenFault> {
    let size = std::fs::metadata(path).map_err(|error| OpenFault::Io(error.to_string()))?.len();
    if size > options.checked_bytes_max {
        return Ok(());
    }
    let said = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0))?;
    if said == "ok" { Ok(()) } else { Err(OpenFault::Corrupt(said)) }
}

/// Switching a new file to WAL needs it alone, and SQLite does not wait for that: two processes that start at once on
/// a new file try again.
fn become_wal(connection: &Connection, options: &Options) -> Result<(), OpenFault> {
    let begun = Instant::now();
    loop {
        let mode = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0));
        match mode {
            Ok(mode) if mode == "wal" => return Ok(()),
            Ok(mode) => return Err(OpenFault::Io(format!("its disk does not allow WAL, only `{mode}`"))),
            Err(error)
                if begun.elapsed() < options.busy_timeout && OpenFault::from_sqlite(&error) == OpenFault::Busy =>
            {
                std::thread::yield_now();
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Brings the file to the newest form, in one transaction. It writes in any case: a file that cannot be written is to
/// be found out now.
fn migrate(connection: &mut Connection) -> Result<(), OpenFault> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Under the lock: another process may have done it meanwhile.
    let form = identify(&transaction)?;
    for sql in FORMS.iter().skip(form) {
        transaction.execute_batch(sql)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", super::signed(FORMS.len() as u64))?;
    transaction.execute("UPDATE counter SET value = value + 1 WHERE name = 'revision'", [])?;
    // What is read first of all must be readable.
    let last = "SELECT count(*) FROM (SELECT 1 FROM value LIMIT 1)";
    transaction.query_row(last, [], |_| Ok(()))?;
    Ok(transaction.commit()?)
}

impl From<rusqlite::Error> for OpenFault {
    fn from(error: rusqlite::Error) -> OpenFault {
        OpenFault::from_sqlite(&error)
    }
}

impl OpenFault {
    /// Result codes: <https://www.sqlite.org/rescode.html>.
    pub(super) fn from_sqlite(error: &rusqlite::Error) -> OpenFault {
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => OpenFault::Foreign,
            Some(ErrorCode::DatabaseCorrupt) => OpenFault::Corrupt(error.to_string()),
            Some(ErrorCode::ReadOnly) => OpenFault::ReadOnly,
            Some(ErrorCode::DiskFull) => OpenFault::Full,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => OpenFault::Busy,
            _ => OpenFault::Io(error.to_string()),
        }
    }
}
