//! Changes to the vault: set, rotate, retire, remove, rekey. One writer at a time; each change is a whole new file in
//! the place of the old one, so that a host reads on while it happens.

use std::sync::Arc;

use super::disk::{self, Lock, Readers};
use super::document::{Document, Entry, Place, Sealed};
use super::keyring::Keyring;
use super::master::{self, MasterKey, MasterSource, Material};
use super::problem::{SealedError, SealedProblem};
use super::slot::{Cost, Slot};
use super::{Contents, SealedVault};
use crate::vault::SecretValue;
use crate::vault::rotation::PREVIOUS_LIVES_S;

/// An open vault that nobody else is changing. Nothing is written before [`Editor::save`] or [`Editor::rekey`].
pub struct Editor<'v> {
    vault: &'v SealedVault,
    slots: Vec<Slot>,
    secrets: Vec<Entry>,
    keyring: Keyring,
    cost: Cost,
    _lock: Lock,
}

/// What may be told about a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Name of the connection.
    pub connection: String,
    /// Name of the secret.
    pub name: String,
    /// Counts its values, from 1.
    pub version: u64,
    /// When the value was set, in seconds since 1970.
    pub set_at_s: u64,
    /// Until when the value before it is live, in seconds since 1970.
    pub previous_until_s: Option<u64>,
}

/// What became of the master keys that opened the vault before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rekeyed {
    /// They open it no more.
    OldKeysDropped,
    /// They still do: the new one is not among the configured sources yet.
    OldKeysKept,
}

impl SealedVault {
    /// Makes an empty vault that the first master key opens, and the file of that key where there is none.
    ///
    /// # Errors
    /// When there is a vault already, or neither can be written. A key file that is there is used as it is.
    pub fn create(&self) -> Result<(), SealedError> {
        self.create_at_cost(Cost::default())
    }

    pub(super) fn create_at_cost(&self, cost: Cost) -> Result<(), SealedError> {
        let at = |problem| SealedError::new(self.path.display(), problem);
        let _lock = Lock::take(&self.path).map_err(at)?;
        // Before a key is made for nothing.
        if std::fs::symlink_metadata(&self.path).is_ok() {
            return Err(at(SealedProblem::Exists));
        }
        let first = self.masters.first().ok_or_else(|| at(SealedProblem::Unconfigured))?;
        make_key_file(first.source())?;
        let key = first.read()?;
        let keyring = Keyring::new().map_err(at)?;
        let slot = Slot::new(&keyring, &key, cost, &self.stretched).map_err(at)?;
        let text = Document::new(vec![slot], Vec::new()).print(&keyring).map_err(at)?;
        disk::create(&self.path, text.as_bytes()).map_err(at)
    }

    /// Opens the vault for changes, and waits for whoever changes it now.
    ///
    /// # Errors
    /// When it does not open.
    pub fn edit(&self) -> Result<Editor<'_>, SealedError> {
        let at = |problem| SealedError::new(self.path.display(), problem);
        // A folder without a vault is no place for a lock.
        disk::stamp(&self.path).map_err(at)?;
        let lock = Lock::take(&self.path).map_err(at)?;
        let (contents, _) = self.open()?;
        let contents = Arc::into_inner(contents).ok_or_else(|| at(SealedProblem::Machine))?;
        let Contents { document, keyring, .. } = contents;
        let Document { slots, secrets, .. } = document;
        let keyring = Arc::unwrap_or_clone(keyring);
        Ok(Editor { vault: self, slots, secrets, keyring, cost: Cost::default(), _lock: lock })
    }

    /// What is in it, by connection and name; no value.
    ///
    /// # Errors
    /// When it does not open.
    pub fn list(&self, now_s: u64) -> Result<Vec<Listed>, SealedError> {
        let contents = self.contents()?;
        let listed = contents.document.secrets.iter().map(|entry| {
            let until_s = entry.current.set_at_s.saturating_add(PREVIOUS_LIVES_S);
            Listed {
                connection: entry.connection.clone(),
                name: entry.name.clone(),
                version: entry.current.version,
                set_at_s: entry.current.set_at_s,
                previous_until_s: entry.previous.as_ref().map(|_| until_s).filter(|until| *until > now_s),
            }
        });
        let mut listed: Vec<_> = listed.collect();
        listed.sort_by(|a, b| (&a.connection, &a.name).cmp(&(&b.connection, &b.name)));
        Ok(listed)
    }
}

impl Editor<'_> {
    /// Sets a value; one that was there before is live no more.
    ///
    /// # Errors
    /// When it cannot be sealed.
    pub fn set(&mut self, connection: &str, name: &str, value: &SecretValue, now_s: u64) -> Result<(), SealedError> {
        let place = Place { connection, name };
        let version = self.entry(place).map_or(1, |entry| entry.current.version + 1);
        let current = Sealed::new(&self.keyring, place, version, now_s, value).map_err(|p| self.at(p))?;
        match self.entry(place) {
            Some(entry) => *entry = Entry { current, previous: None, ..entry.clone() },
            None => {
                let (connection, name) = (connection.to_owned(), name.to_owned());
                self.secrets.push(Entry { connection, name, current, previous: None });
            }
        }
        Ok(())
    }

    /// Sets a new value and keeps the one before it live.
    ///
    /// # Errors
    /// `NoValue` when there is nothing to rotate.
    pub fn rotate(&mut self, connection: &str, name: &str, value: &SecretValue, now_s: u64) -> Result<(), SealedError> {
        let before = self.entry(Place { connection, name }).map(|entry| entry.current.clone());
        let before = before.ok_or_else(|| self.at(SealedProblem::NoValue))?;
        self.set(connection, name, value, now_s)?;
        if let Some(entry) = self.entry(Place { connection, name }) {
            entry.previous = Some(before);
        }
        Ok(())
    }

    /// Ends a rotation: the value before is live no more. Whether there was one.
    ///
    /// # Errors
    /// `NoValue` when there is no such secret.
    pub fn retire(&mut self, connection: &str, name: &str) -> Result<bool, SealedError> {
        let previous = self.entry(Place { connection, name }).map(|entry| entry.previous.take().is_some());
        previous.ok_or_else(|| self.at(SealedProblem::NoValue))
    }

    /// Removes a secret with all of its values.
    ///
    /// # Errors
    /// `NoValue` when there is no such secret.
    pub fn remove(&mut self, connection: &str, name: &str) -> Result<(), SealedError> {
        let before = self.secrets.len();
        self.secrets.retain(|entry| entry.connection != connection || entry.name != name);
        if self.secrets.len() == before { Err(self.at(SealedProblem::NoValue)) } else { Ok(()) }
    }

    /// Writes the changes.
    ///
    /// # Errors
    /// When the file cannot be replaced; then it is as it was.
    pub fn save(&mut self) -> Result<(), SealedError> {
        let document = Document::new(self.slots.clone(), self.secrets.clone());
        let written = document
            .print(&self.keyring)
            .and_then(|text| disk::replace(&self.vault.path, text.as_bytes(), Readers::Owner));
        written.map_err(|p| self.at(p))
    }

    /// Changes the master key and the data key, and seals every value anew. `to` is another source; without it, the
    /// first configured key file gets a new key.
    ///
    /// Killed at any point, key file and vault still fit: the vault opens with both keys before the file has the new
    /// one, and drops the old one only after that.
    ///
    /// # Errors
    /// When a step fails; the vault then still opens with what the sources give.
    pub fn rekey(mut self, to: Option<&MasterKey>) -> Result<Rekeyed, SealedError> {
        match to {
            None => {
                let rekeying = Rekeying::begin(&mut self)?;
                rekeying.install()?;
                rekeying.finish(&mut self)?;
                Ok(Rekeyed::OldKeysDropped)
            }
            Some(to) => {
                if make_key_file(to.source())? {
                    tracing::info!(key = %to.source(), "made a master key");
                }
                let slot = self.advance(&to.read()?)?;
                // A key that the hosts do not look for must not be the only one.
                let known = self.vault.masters.iter().any(|master| master.source() == to.source());
                if known {
                    self.slots.clear();
                }
                self.slots.push(slot);
                self.save()?;
                Ok(if known { Rekeyed::OldKeysDropped } else { Rekeyed::OldKeysKept })
            }
        }
    }

    /// A fresh data key, every slot but the new one rid of, every value sealed anew; gives the new key's slot.
    fn advance(&mut self, key: &Material) -> Result<Slot, SealedError> {
        let before = self.keyring.clone();
        self.keyring.advance().map_err(|p| self.at(p))?;
        let mut secrets = self.secrets.clone();
        for entry in &mut secrets {
            let place = Place { connection: &entry.connection, name: &entry.name };
            for sealed in std::iter::once(&mut entry.current).chain(&mut entry.previous) {
                let value = sealed.open(&before, place).map_err(|p| self.at(p))?;
                *sealed = Sealed::new(&self.keyring, place, sealed.version, sealed.set_at_s, &value)
                    .map_err(|p| self.at(p))?;
            }
        }
        self.secrets = secrets;
        // The other ways in lead to the new keyring too. Ways whose key is not at hand end here: nobody could tell
        // whether they are still meant to be.
        let (keys, _) = self.vault.keys();
        let mut slots = Vec::new();
        for key in &keys {
            if self.slots.iter().any(|slot| slot.open(key, &self.vault.stretched).is_some()) {
                slots.push(self.slot(key)?);
            }
        }
        self.slots = slots;
        self.slot(key)
    }

    fn slot(&self, key: &Material) -> Result<Slot, SealedError> {
        Slot::new(&self.keyring, key, self.cost, &self.vault.stretched).map_err(|p| self.at(p))
    }

    fn entry(&mut self, place: Place<'_>) -> Option<&mut Entry> {
        self.secrets.iter_mut().find(|entry| entry.connection == place.connection && entry.name == place.name)
    }

    fn at(&self, problem: SealedProblem) -> SealedError {
        SealedError::new(self.vault.path.display(), problem)
    }
}

/// A new key for a key file, in three steps. After each of them the files fit together.
pub(super) struct Rekeying<'v> {
    file: &'v std::path::Path,
    line: zeroize::Zeroizing<String>,
    /// Every way into the vault but the old key's.
    slots: Vec<Slot>,
}

impl<'v> Rekeying<'v> {
    /// The vault opens with the old key and the new one.
    pub(super) fn begin(editor: &mut Editor<'v>) -> Result<Rekeying<'v>, SealedError> {
        let vault: &'v SealedVault = editor.vault;
        let of_file = |master: &'v MasterKey| master.source().key_file().map(|file| (master, file));
        let (old, file) = vault.masters.iter().find_map(of_file).ok_or_else(|| {
            let why = "no master key is a file; name the new key's source with `--to`".to_owned();
            editor.at(SealedProblem::Unwritable(why))
        })?;
        // Another key may have opened the vault, and this file may be lost: then it is made anew.
        let old = old.read().ok();
        let (key, line) = master::fresh().map_err(|p| editor.at(p))?;
        let slot = editor.advance(&Material::Key(key))?;
        let is_old = |slot: &Slot| old.as_ref().is_some_and(|old| slot.open(old, &vault.stretched).is_some());
        let mut slots: Vec<_> = editor.slots.iter().filter(|slot| !is_old(slot)).cloned().collect();
        slots.push(slot.clone());
        editor.slots.push(slot);
        editor.save()?;
        Ok(Rekeying { file, line, slots })
    }

    /// The key file has the new key.
    pub(super) fn install(&self) -> Result<(), SealedError> {
        let written = disk::replace(self.file, self.line.as_bytes(), Readers::OwnerAndGroup);
        written.map_err(|p| SealedError::new(format_args!("file:{}", self.file.display()), p))
    }

    /// The vault does not open with the old key.
    pub(super) fn finish(self, editor: &mut Editor<'v>) -> Result<(), SealedError> {
        editor.slots = self.slots;
        editor.save()
    }
}

/// Makes the file of a key that is one and is not there yet. Whether it did.
fn make_key_file(source: &MasterSource) -> Result<bool, SealedError> {
    let Some(path) = source.key_file().filter(|path| std::fs::symlink_metadata(path).is_err()) else {
        return Ok(false);
    };
    let made = master::fresh().and_then(|(_, line)| disk::create(path, line.as_bytes()));
    made.map(|()| true).map_err(|p| SealedError::new(source, p))
}

#[cfg(test)]
impl Editor<'_> {
    /// Stretches passphrases as little as a test has time for.
    pub(super) fn at_cost(mut self, cost: Cost) -> Self {
        self.cost = cost;
        self
    }

    /// What somebody could do who has the key: put one secret's sealed value under another's name.
    pub(super) fn move_value_for_test(&mut self, from: (&str, &str), to: (&str, &str)) {
        let moved = self.entry(Place { connection: from.0, name: from.1 }).unwrap().current.clone();
        self.entry(Place { connection: to.0, name: to.1 }).unwrap().current = moved;
    }
}
