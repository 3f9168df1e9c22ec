//! Secrets in files, such as mounted ones: read again when they change, refused when somebody else could change them.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use zeroize::Zeroizing;

use super::value::VALUE_BYTES_MAX;
use super::{SecretValue, Why};

/// Why a file is of no use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileProblem {
    /// It is missing, or the host may not read it.
    #[error("the file cannot be read: {0}")]
    Unreadable(String),
    /// A directory, a pipe, a device.
    #[error("it is not a regular file")]
    NotRegular,
    /// Others than its owner may write it.
    #[error("others than its owner may write the file (mode {mode:o}); run `chmod go-w` on it")]
    Writable {
        /// Permission bits.
        mode: u32,
    },
}

/// A file younger than this may change once more without its time stamp moving.
const SETTLED_AFTER: Duration = Duration::from_millis(100);

/// Tells one content of a file from the next without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    device: u64,
    inode: u64,
    bytes: u64,
    modified: (i64, i64),
    changed: (i64, i64),
    /// Old enough when it was read that a later change must show.
    settled: bool,
}

impl Stamp {
    /// Looks at the file; follows symbolic links, which is how mounted secrets are swapped.
    pub(super) fn of(path: &Path) -> Result<Stamp, Why> {
        Stamp::new(&std::fs::metadata(path).map_err(unreadable)?)
    }

    fn new(metadata: &Metadata) -> Result<Stamp, Why> {
        if !metadata.is_file() {
            return Err(FileProblem::NotRegular.into());
        }
        let mode = metadata.mode() & 0o777;
        if mode & 0o022 != 0 {
            return Err(FileProblem::Writable { mode }.into());
        }
        Ok(Stamp::of_metadata(metadata))
    }

    /// Of a file whose kind and mode are somebody else's business.
    pub(super) fn of_metadata(metadata: &Metadata) -> Stamp {
        let age = metadata.modified().ok().and_then(|m| SystemTime::now().duration_since(m).ok());
        Stamp {
            device: metadata.dev(),
            inode: metadata.ino(),
            bytes: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
            settled: age.is_some_and(|age| age > SETTLED_AFTER),
        }
    }

    /// Whether the file that `now` was taken of has the content that this stamp was taken with.
    pub(super) fn still(&self, now: &Stamp) -> bool {
        self.settled && *self == Stamp { settled: true, ..now.clone() }
    }
}

/// Reads the value, and the stamp of exactly what was read.
pub(super) fn read(path: &Path) -> Result<(SecretValue, Stamp), Why> {
    // Before opening: opening a pipe would wait for its writer.
    Stamp::of(path)?;
    let file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    let stamp = Stamp::new(&metadata)?;
    if metadata.mode() & 0o004 != 0 {
        tracing::warn!(path = %path.display(), "every user of this machine may read this secret; run `chmod o-r` on it");
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(4 << 10));
    // Two more than the bound: room for the line break that is trimmed, and one byte to see that it is too long.
    file.take(VALUE_BYTES_MAX as u64 + 2).read_to_end(&mut bytes).map_err(unreadable)?;
    Ok((SecretValue::new(bytes)?, stamp))
}

fn unreadable(error: io::Error) -> Why {
    FileProblem::Unreadable(error.kind().to_string()).into()
}
