//! Compiled connectors on disk, so that a start does not compile.
//!
//! Reading machine code back is the one unsafe thing in the host: whoever can write these files runs code as us. So
//! a directory or a file that somebody else could have written is never read, and a file that is not, to the last
//! bit, what was written is compiled again.

use std::ffi::CString;
use std::hash::{Hash, Hasher};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::{fs, io};

use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use wasmtime::Engine;
use wasmtime::component::Component;

/// Files in the directory; beyond, the oldest go.
const FILES_MAX: usize = 256;

/// One compiled connector, in bytes: compiled code is a few times its source.
const FILE_BYTES_MAX: u64 = 512 << 20;

const HEADER: &[u8; 16] = b"jackfield code 1";

const EXTENSION: &str = "cwasm";

/// A directory that is not to be trusted with machine code, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[error("cache_dir `{}` is refused: {reason}; {remedy}", path.display())]
pub struct CacheRefused {
    /// The directory.
    pub path: PathBuf,
    /// What is wrong with it.
    pub reason: String,
    /// What would make it acceptable.
    pub remedy: String,
}

/// The directory, held open: what is renamed over its path later is not it.
pub(crate) struct CompiledCache {
    dir: OwnedFd,
    path: PathBuf,
    /// Engine, its settings and the CPU's features: code of another is not code for us.
    engine: blake3::Hash,
    temporaries: AtomicU64,
}

impl CompiledCache {
    pub(crate) fn open(path: &Path, engine: &Engine) -> Result<CompiledCache, CacheRefused> {
        let refused = |reason: String, remedy: String| CacheRefused { path: path.to_owned(), reason, remedy };
        if !path.exists() {
            let mut builder = fs::DirBuilder::new();
            std::os::unix::fs::DirBuilderExt::mode(builder.recursive(true), 0o700);
            builder.create(path).map_err(|e| refused(e.to_string(), "create it, or leave it out".to_owned()))?;
        }
        let dir = rustix::fs::open(path, OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
            .map_err(|e| refused(e.to_string(), "name a directory that this process can read".to_owned()))?;
        distrust(&dir, FileType::Directory).map_err(|reason| {
            refused(reason, format!("let this process own it and run `chmod 700 {}`", path.display()))
        })?;
        Ok(CompiledCache { dir, path: path.to_owned(), engine: fingerprint(engine), temporaries: AtomicU64::new(0) })
    }

    /// The compiled form, where there is a whole one that we may trust. Anything else is only worth a line in the log:
    /// the component is compiled again.
    pub(crate) fn get(&self, engine: &Engine, digest: &blake3::Hash) -> Option<Component> {
        let name = self.name(digest);
        match self.read(&name) {
            Ok(None) => None,
            Ok(Some(code)) => match deserialize(engine, &code) {
                Ok(component) => Some(component),
                Err(error) => {
                    tracing::warn!(file = name, %error, "a compiled connector does not fit this engine; compiling again");
                    None
                }
            },
            Err(reason) => {
                tracing::warn!(file = name, reason, "a compiled connector is not trusted; compiling again");
                None
            }
        }
    }

    /// Keeps a compiled form. Failing to is no error: the next start compiles.
    pub(crate) fn put(&self, digest: &blake3::Hash, component: &Component) {
        let name = self.name(digest);
        let written = component
            .serialize()
            .map_err(|e| io::Error::other(format!("{e:#}")))
            .and_then(|code| self.write(&name, &code))
            .and_then(|()| self.forget_oldest());
        if let Err(error) = written {
            tracing::warn!(file = name, %error, dir = %self.path.display(), "a compiled connector could not be kept");
        }
    }

    fn name(&self, digest: &blake3::Hash) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(digest.as_bytes()).update(self.engine.as_bytes());
        format!("{}.{EXTENSION}", hasher.finalize().to_hex())
    }

    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, String> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let file = match rustix::fs::openat(&self.dir, name, flags, Mode::empty()) {
            Ok(file) => file,
            Err(rustix::io::Errno::NOENT) => return Ok(None),
            Err(error) => return Err(error.to_string()),
        };
        // Asked of the open file, not of its name, so that nobody can swap it in between.
        distrust(&file, FileType::RegularFile)?;
        let mut bytes = Vec::new();
        fs::File::from(file).take(FILE_BYTES_MAX).read_to_end(&mut bytes).map_err(|e| e.to_string())?;
        let whole = bytes.strip_prefix(HEADER).and_then(|rest| rest.split_at_checked(blake3::OUT_LEN));
        match whole {
            Some((sum, code)) if checksum(name, code).as_bytes() == sum => {
                bytes.drain(..HEADER.len() + blake3::OUT_LEN);
                Ok(Some(bytes))
            }
            _ => Err("the file is truncated or changed".to_owned()),
        }
    }

    fn write(&self, name: &str, code: &[u8]) -> io::Result<()> {
        let n = self.temporaries.fetch_add(1, Ordering::Relaxed);
        let temporary = format!("{name}.{}.{n}.new", std::process::id());
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&self.dir, &temporary, flags, Mode::RUSR | Mode::WUSR)?;
        let mut file = fs::File::from(file);
        let written = file
            .write_all(HEADER)
            .and_then(|()| file.write_all(checksum(name, code).as_bytes()))
            .and_then(|()| file.write_all(code))
            // No sync: a file that a crash cut short is found out by its sum.
            .and_then(|()| Ok(rustix::fs::renameat(&self.dir, &temporary, &self.dir, name)?));
        if written.is_err() {
            let _ = rustix::fs::unlinkat(&self.dir, &temporary, AtFlags::empty());
        }
        written
    }

    fn forget_oldest(&self) -> io::Result<()> {
        let mut files = Vec::new();
        for entry in rustix::fs::Dir::read_from(&self.dir)? {
            let entry = entry?;
            let name: CString = entry.file_name().to_owned();
            // Ours only, and temporaries of those that died while they wrote.
            if name.to_bytes().ends_with(EXTENSION.as_bytes()) || name.to_bytes().ends_with(b".new") {
                let stat = rustix::fs::statat(&self.dir, name.as_c_str(), AtFlags::SYMLINK_NOFOLLOW)?;
                files.push((stat.st_mtime, name));
            }
        }
        if files.len() > FILES_MAX {
            files.sort_unstable();
            for (_, name) in &files[..files.len() - FILES_MAX] {
                rustix::fs::unlinkat(&self.dir, name.as_c_str(), AtFlags::empty())?;
            }
        }
        Ok(())
    }
}

/// Why a directory or file is not trusted, if it is not: only this user and root may have been able to write it.
fn distrust(fd: &OwnedFd, expected: FileType) -> Result<(), String> {
    let stat = rustix::fs::fstat(fd).map_err(|e| e.to_string())?;
    if FileType::from_raw_mode(stat.st_mode) != expected {
        return Err(format!("it is no {}", if expected == FileType::Directory { "directory" } else { "file" }));
    }
    let us = rustix::process::geteuid().as_raw();
    if stat.st_uid != us && stat.st_uid != 0 {
        return Err(format!("it belongs to user {}, this process is user {us}", stat.st_uid));
    }
    let mode = stat.st_mode & 0o7777;
    if mode & 0o022 != 0 {
        return Err(format!("others can write it (mode {mode:03o})"));
    }
    Ok(())
}

/// Bound to the name, so that a whole file under another one's name is as wrong as a broken file.
fn checksum(name: &str, code: &[u8]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&(name.len() as u64).to_le_bytes()).update(name.as_bytes()).update(code);
    hasher.finalize()
}

fn fingerprint(engine: &Engine) -> blake3::Hash {
    struct Collect(blake3::Hasher);
    impl Hasher for Collect {
        fn write(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }
        fn finish(&self) -> u64 {
            // Never asked for; the hash is longer than this.
            0
        }
    }
    let mut collect = Collect(blake3::Hasher::new());
    // Version, settings, target and the CPU's features, as far as code depends on them.
    engine.precompile_compatibility_hash().hash(&mut collect);
    std::env::consts::ARCH.hash(&mut collect);
    collect.0.finalize()
}

#[allow(unsafe_code)]
fn deserialize(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: `code` must be what `Component::serialize` gave. It comes from `CompiledCache::read`, out of a file in a
    // directory that only this user and root can write, is itself such a file, and carries the checksum that
    // `CompiledCache::write` put on it together with its name, which names component and engine. The bytes are a
    // private copy: nobody changes them after the check.
    unsafe { Component::deserialize(engine, code) }
}
