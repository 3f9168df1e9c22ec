//! The data keys of a vault, each with an id. Everything is sealed under the newest one; the older ones stay, so that
//! what the store keeps opens after any number of rekeyings.

use zeroize::Zeroizing;

use super::cipher::{self, KEY_BYTES, Key};
use super::problem::SealedProblem;

/// Bytes of a data key's id.
pub(super) const ID_BYTES: usize = 8;

/// Rekeyings that a vault remembers; the oldest key goes when there are more.
const KEYS_MAX: usize = 1024;

/// Names a data key. Random, and no secret.
pub(super) type KeyId = [u8; ID_BYTES];

/// At least one key, the newest last.
#[derive(Clone)]
pub(super) struct Keyring {
    older: Vec<(KeyId, Key)>,
    newest: (KeyId, Key),
}

impl Keyring {
    /// With one fresh key.
    pub(super) fn new() -> Result<Keyring, SealedProblem> {
        Ok(Keyring { older: Vec::new(), newest: fresh()? })
    }

    /// Adds a fresh key, under which everything is sealed from now on.
    pub(super) fn advance(&mut self) -> Result<(), SealedProblem> {
        let before = std::mem::replace(&mut self.newest, fresh()?);
        self.older.push(before);
        if self.older.len() >= KEYS_MAX {
            self.older.remove(0);
        }
        Ok(())
    }

    /// The key to seal under.
    pub(super) fn newest(&self) -> (&KeyId, &Key) {
        (&self.newest.0, &self.newest.1)
    }

    /// The key that something was sealed under.
    pub(super) fn key(&self, id: &[u8]) -> Option<&Key> {
        std::iter::once(&self.newest).chain(&self.older).find(|(known, _)| known == id).map(|(_, key)| key)
    }

    /// The key that the file is authenticated with.
    pub(super) fn file_key(&self) -> Option<Key> {
        cipher::derive(&self.newest.1, b"", &[b"jackfield vault file"])
    }

    /// As it is sealed into a slot.
    pub(super) fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity((self.older.len() + 1) * (ID_BYTES + KEY_BYTES)));
        for (id, key) in self.older.iter().chain([&self.newest]) {
            bytes.extend_from_slice(id);
            bytes.extend_from_slice(key.as_slice());
        }
        bytes
    }

    /// Reads what [`Keyring::to_bytes`] made.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Keyring> {
        let (entries, []) = bytes.as_chunks::<{ ID_BYTES + KEY_BYTES }>() else { return None };
        if entries.len() > KEYS_MAX {
            return None;
        }
        let mut older = Vec::with_capacity(entries.len());
        for entry in entries {
            let (id, key) = entry.split_at(ID_BYTES);
            older.push((id.try_into().ok()?, Zeroizing::new(key.try_into().ok()?)));
        }
        let newest = older.pop()?;
        Some(Keyring { older, newest })
    }
}

fn fresh() -> Result<(KeyId, Key), SealedProblem> {
    let (mut id, mut key) = (KeyId::default(), Key::default());
    getrandom::fill(&mut id).map_err(|_| SealedProblem::Machine)?;
    getrandom::fill(key.as_mut_slice()).map_err(|_| SealedProblem::Machine)?;
    Ok((id, key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn older_keys_stay_and_the_newest_seals() {
        let mut keyring = Keyring::new().unwrap();
        let first = *keyring.newest().0;
        keyring.advance().unwrap();
        let read = Keyring::from_bytes(&keyring.to_bytes()).unwrap();
        assert_eq!(read.newest(), keyring.newest());
        assert_ne!(*read.newest().0, first);
        assert_eq!(read.key(&first).unwrap(), keyring.key(&first).unwrap());
        assert!(read.key(b"unknown!").is_none());
    }

    #[test]
    fn the_number_of_keys_is_bounded_and_every_number_up_to_it_reads_back() {
        let mut keyring = Keyring::new().unwrap();
        for _ in 0..KEYS_MAX + 3 {
            keyring.advance().unwrap();
        }
        assert_eq!(Keyring::from_bytes(&keyring.to_bytes()).unwrap().older.len(), keyring.older.len());
        assert!(keyring.older.len() < KEYS_MAX);
    }

    #[test]
    fn bytes_that_are_no_keyring_are_refused() {
        let bytes = Keyring::new().unwrap().to_bytes();
        assert!(Keyring::from_bytes(&bytes[1..]).is_none());
        assert!(Keyring::from_bytes(&[]).is_none());
    }
}
