//! Files of the vault: who may read them, and how they are replaced. A reader sees the old file or the new one, never
//! a part of one, and after a power cut as well.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use super::problem::SealedProblem;
use crate::vault::file::Stamp;

/// Bound of a vault's file, in bytes.
const VAULT_BYTES_MAX: u64 = 32 << 20;

/// Mode of everything that is written here.
const PRIVATE: u32 = 0o600;

/// Who may read a file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Readers {
    /// The vault itself: nobody but its owner.
    Owner,
    /// A key: the group as well, since mounted secrets often belong to root and are read by group.
    OwnerAndGroup,
}

/// Opens a file that only those who must can read or write.
pub(super) fn open(path: &Path, readers: Readers) -> Result<File, SealedProblem> {
    // Before opening: opening a pipe would wait for its writer.
    let metadata = std::fs::metadata(path).map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(SealedProblem::NotRegular);
    }
    let file = File::open(path).map_err(unreadable)?;
    let mode = file.metadata().map_err(unreadable)?.mode() & 0o777;
    let forbidden = match readers {
        Readers::Owner => 0o077,
        Readers::OwnerAndGroup => 0o037,
    };
    if mode & forbidden != 0 {
        return Err(SealedProblem::Exposed { mode });
    }
    Ok(file)
}

/// Looks at the vault's file without reading it.
pub(super) fn stamp(path: &Path) -> Result<Stamp, SealedProblem> {
    std::fs::metadata(path).map(|metadata| Stamp::of_metadata(&metadata)).map_err(missing)
}

/// Reads the vault's file, and the stamp of exactly what was read.
pub(super) fn read(path: &Path) -> Result<(String, Stamp), SealedProblem> {
    stamp(path)?;
    let file = open(path, Readers::Owner)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if metadata.len() > VAULT_BYTES_MAX {
        return Err(SealedProblem::TooLarge(VAULT_BYTES_MAX));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default());
    file.take(VAULT_BYTES_MAX).read_to_end(&mut bytes).map_err(unreadable)?;
    let text = String::from_utf8(bytes).map_err(|_| SealedProblem::Malformed("no text".to_owned()))?;
    Ok((text, Stamp::of_metadata(&metadata)))
}

/// Puts a new file in the place of an old one, or where none was. Whoever could read the old one can read the new one,
/// also when it is another user who writes: a host must not lose its key because root rekeyed.
pub(super) fn replace(path: &Path, bytes: &[u8], readers: Readers) -> Result<(), SealedProblem> {
    // The file itself and not a link to it: the link stays.
    let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    // One name for all times: what a killed writer left is written over by the next one. Writers hold the lock.
    let next = beside(&target, "next")?;
    match std::fs::remove_file(&next) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(unwritable(error)),
        _ => {}
    }
    let file = write_new(&next, bytes)?;
    if let Ok(before) = std::fs::metadata(&target) {
        let own = file.metadata().map_err(unwritable)?;
        if (own.uid(), own.gid()) != (before.uid(), before.gid()) {
            fchown(&file, Some(before.uid()), Some(before.gid())).map_err(unwritable)?;
        }
        let shared = if readers == Readers::OwnerAndGroup { before.mode() & 0o040 } else { 0 };
        file.set_permissions(Permissions::from_mode(PRIVATE | shared)).map_err(unwritable)?;
    }
    std::fs::rename(&next, &target).map_err(unwritable)?;
    sync_folder(&target)
}

/// Writes a file where none was.
pub(super) fn create(path: &Path, bytes: &[u8]) -> Result<(), SealedProblem> {
    write_new(path, bytes)?;
    sync_folder(path)
}

fn write_new(path: &Path, bytes: &[u8]) -> Result<File, SealedProblem> {
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(PRIVATE).open(path).map_err(|e| {
            if e.kind() == io::ErrorKind::AlreadyExists { SealedProblem::Exists } else { unwritable(e) }
        })?;
    // Whatever the umask took away from the owner.
    file.set_permissions(Permissions::from_mode(PRIVATE)).map_err(unwritable)?;
    file.write_all(bytes).map_err(unwritable)?;
    file.sync_all().map_err(unwritable)?;
    Ok(file)
}

/// Makes a rename last.
fn sync_folder(path: &Path) -> Result<(), SealedProblem> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(unwritable)
}

/// `secrets.vault` -> `.secrets.vault.next`.
fn beside(path: &Path, ending: &str) -> Result<PathBuf, SealedProblem> {
    let name = path.file_name().ok_or(SealedProblem::NotRegular)?;
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(".");
    hidden.push(ending);
    Ok(path.with_file_name(hidden))
}

/// Keeps other writers out until it is dropped. Readers need none of it.
pub(super) struct Lock(#[expect(dead_code, reason = "held, not read: closing it gives the lock back")] File);

impl Lock {
    /// Waits for the writer before.
    pub(super) fn take(vault: &Path) -> Result<Lock, SealedProblem> {
        let target = std::fs::canonicalize(vault).unwrap_or_else(|_| vault.to_owned());
        // A file of its own: the vault's is another one after each writing.
        let path = beside(&target, "lock")?;
        let file = OpenOptions::new().write(true).create(true).truncate(false).mode(PRIVATE).open(path);
        let file = file.map_err(unwritable)?;
        flock(&file, FlockOperation::LockExclusive).map_err(|e| unwritable(e.into()))?;
        Ok(Lock(file))
    }
}

fn missing(error: io::Error) -> SealedProblem {
    if error.kind() == io::ErrorKind::NotFound { SealedProblem::Missing } else { unreadable(error) }
}

fn unreadable(error: io::Error) -> SealedProblem {
    SealedProblem::Unreadable(error.kind().to_string())
}

fn unwritable(error: io::Error) -> SealedProblem {
    SealedProblem::Unwritable(error.kind().to_string())
}
