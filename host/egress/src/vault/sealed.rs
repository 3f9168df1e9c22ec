//! The sealed local vault: one file with every value in it, each sealed for its connection and name. This module opens
//! it and notices when it changes; `editor.rs` changes it.
//!
//! A random keyring of data keys seals the values; the keyring is sealed whole in one slot per master key. What an
//! attacker can do who writes the file but has no key: put an older file back whole. Backups are the remedy for loss,
//! not for that.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;

use super::SecretValue;
use super::file::Stamp;
use super::rotation::PREVIOUS_LIVES_S;

mod cipher;
mod disk;
mod document;
mod editor;
mod keyring;
mod master;
mod problem;
mod sealer;
mod slot;

pub use editor::{Editor, Listed, Rekeyed};
pub use master::{MasterKey, MasterSource};
pub use problem::{SealedError, SealedProblem};
pub use sealer::{Sealer, Unsealed};

use document::{Document, Entry, Place};
use keyring::Keyring;
use master::Material;
use slot::Stretched;

/// Times that key and file are read together before a vault counts as not opening. Each of them meets a `rekey` that
/// has come further, and a rekey has three steps.
const ATTEMPTS_MAX: usize = 16;

/// A vault on disk and what was last read of it.
pub struct SealedVault {
    path: PathBuf,
    masters: Vec<MasterKey>,
    stretched: Stretched,
    opened: ArcSwapOption<Opened>,
    opening: Mutex<()>,
    generations: AtomicU64,
}

/// What was read, and how to see whether it still is what the file holds.
struct Opened {
    stamp: Stamp,
    contents: Arc<Contents>,
}

/// A vault that was opened: ways in, keys, and values that are still sealed.
struct Contents {
    text: String,
    document: Document,
    /// Index into the document's secrets, by connection and name.
    places: HashMap<String, HashMap<String, usize>>,
    keyring: Arc<Keyring>,
    generation: u64,
}

/// A value and the one before it.
pub(super) struct Found {
    pub(super) current: SecretValue,
    /// With the time at which it is retired, in seconds since 1970.
    pub(super) previous: Option<(SecretValue, u64)>,
    /// Changes whenever the file does.
    pub(super) generation: u64,
}

impl SealedVault {
    /// A vault that any of the master keys opens. Nothing is read before its first use.
    pub fn new(path: impl Into<PathBuf>, masters: Vec<MasterKey>) -> SealedVault {
        SealedVault {
            path: path.into(),
            masters,
            stretched: Stretched::default(),
            opened: ArcSwapOption::empty(),
            opening: Mutex::new(()),
            generations: AtomicU64::new(0),
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it opens.
    ///
    /// # Errors
    /// What is wrong with the file or the key.
    pub fn check(&self) -> Result<(), SealedError> {
        self.contents().map(drop)
    }

    /// A number that changes whenever the file does.
    pub(super) fn generation(&self) -> Result<u64, SealedError> {
        self.contents().map(|contents| contents.generation)
    }

    /// A secret's value as the file has it now.
    pub(super) fn read(&self, connection: &str, name: &str) -> Result<Found, SealedError> {
        let contents = self.contents()?;
        let at = |problem| SealedError::new(self.path.display(), problem);
        let index = contents.places.get(connection).and_then(|names| names.get(name));
        let entry = index.and_then(|i| contents.document.secrets.get(*i)).ok_or_else(|| at(SealedProblem::NoValue))?;
        let place = Place { connection, name };
        let current = entry.current.open(&contents.keyring, place).map_err(at)?;
        let previous = entry.previous.as_ref().map(|p| p.open(&contents.keyring, place)).transpose().map_err(at)?;
        let until_s = entry.current.set_at_s.saturating_add(PREVIOUS_LIVES_S);
        Ok(Found { current, previous: previous.map(|value| (value, until_s)), generation: contents.generation })
    }

    /// The keys as the file has them now; those that were last read when it does not open any more.
    fn keyring(&self) -> Option<Arc<Keyring>> {
        let last = || self.opened.load().as_ref().map(|opened| opened.contents.clone());
        self.contents().ok().or_else(last).map(|contents| contents.keyring.clone())
    }

    /// What the file holds, read again when it changed.
    fn contents(&self) -> Result<Arc<Contents>, SealedError> {
        if let Some(contents) = self.unchanged()? {
            return Ok(contents);
        }
        // One reads, the others take what it read. What the lock guards is no data.
        let _opening = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(contents) = self.unchanged()? {
            return Ok(contents);
        }
        let (mut contents, stamp) = self.open()?;
        // The same text is the same vault: whoever remembers values need not open them again.
        if let Some(known) = self.opened.load().as_ref().filter(|known| known.contents.text == contents.text) {
            contents = known.contents.clone();
        }
        self.opened.store(Some(Arc::new(Opened { stamp, contents: contents.clone() })));
        Ok(contents)
    }

    fn unchanged(&self) -> Result<Option<Arc<Contents>>, SealedError> {
        let now = disk::stamp(&self.path).map_err(|p| SealedError::new(self.path.display(), p))?;
        let opened = self.opened.load();
        Ok(opened.as_ref().filter(|opened| opened.stamp.still(&now)).map(|opened| opened.contents.clone()))
    }

    /// Reads key and file together until they fit, or until neither changes any more.
    fn open(&self) -> Result<(Arc<Contents>, Stamp), SealedError> {
        let mut before: Option<(Vec<Material>, String)> = None;
        for _ in 0..ATTEMPTS_MAX {
            // The key first: of a rekey that goes on meanwhile, the file then is the later part.
            let (keys, missing) = self.keys();
            let (text, stamp) = disk::read(&self.path).map_err(|p| SealedError::new(self.path.display(), p))?;
            match self.unlock(&text, &keys) {
                Ok((document, keyring)) => return Ok((Arc::new(self.index(text, document, keyring)), stamp)),
                Err(SealedProblem::WrongKey) => {}
                Err(problem) => return Err(SealedError::new(self.path.display(), problem)),
            }
            let now = (keys, text);
            if before.as_ref() == Some(&now) {
                // A key that could not be read is the likelier cause than one that is wrong.
                return Err(missing.unwrap_or_else(|| SealedError::new(self.path.display(), SealedProblem::WrongKey)));
            }
            before = Some(now);
        }
        Err(SealedError::new(self.path.display(), SealedProblem::WrongKey))
    }

    /// Every master key that there is, and why the first of those is missing that are not.
    fn keys(&self) -> (Vec<Material>, Option<SealedError>) {
        let (mut keys, mut missing) = (Vec::with_capacity(self.masters.len()), None);
        for master in &self.masters {
            match master.read() {
                Ok(key) => keys.push(key),
                Err(error) => missing = missing.or(Some(error)),
            }
        }
        (keys, missing)
    }

    fn unlock(&self, text: &str, keys: &[Material]) -> Result<(Document, Keyring), SealedProblem> {
        let document = Document::parse(text)?;
        let mut tries = keys.iter().flat_map(|key| document.slots.iter().map(move |slot| (key, slot)));
        let keyring = tries.find_map(|(key, slot)| slot.open(key, &self.stretched)).ok_or(SealedProblem::WrongKey)?;
        if !document::is_authentic(text, &keyring) {
            return Err(SealedProblem::Tampered);
        }
        Ok((document, keyring))
    }

    fn index(&self, text: String, document: Document, keyring: Keyring) -> Contents {
        let mut places: HashMap<String, HashMap<String, usize>> = HashMap::new();
        for (i, Entry { connection, name, .. }) in document.secrets.iter().enumerate() {
            places.entry(connection.clone()).or_default().insert(name.clone(), i);
        }
        let generation = self.generations.fetch_add(1, Ordering::Relaxed);
        Contents { text, document, places, keyring: Arc::new(keyring), generation }
    }
}

#[cfg(test)]
mod tests;
