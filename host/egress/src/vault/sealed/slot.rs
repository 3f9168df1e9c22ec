//! Slots: the keyring sealed whole under one master key each, as in LUKS. Any one of them opens the vault; changing a
//! master key writes a slot and touches nothing else.

use std::sync::{Mutex, PoisonError};

use argon2::{Algorithm, Argon2, Params, Version};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::cipher::{self, Key};
use super::document::Base64;
use super::keyring::Keyring;
use super::master::Material;
use super::problem::SealedProblem;

/// Bytes of a salt, as RFC 9106 recommends.
const SALT_BYTES: usize = 16;

/// Shorter passphrases are guessed, whatever is done to slow that down.
const PASSPHRASE_CHARS_MIN: usize = 12;

/// What a file may ask Argon2 for: it is believed only after it was opened.
const COST_MAX: Cost = Cost { memory_kib: 1 << 20, passes: 64, lanes: 16 };

/// Passphrases whose keys are remembered; a vault seldom has more than two slots.
const STRETCHED_MAX: usize = 4;

/// How much work a guess at a passphrase is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cost {
    /// Memory, in KiB.
    pub(super) memory_kib: u32,
    /// Passes over it.
    pub(super) passes: u32,
    /// Parallel lanes.
    pub(super) lanes: u32,
}

impl Default for Cost {
    /// The second recommendation of RFC 9106, section 4, with one lane in place of four: nothing here runs in parallel.
    fn default() -> Cost {
        Cost { memory_kib: 64 << 10, passes: 3, lanes: 1 }
    }
}

/// How the slot's key is made of a master key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    /// HKDF-SHA256 of 32 random bytes.
    Key,
    /// Argon2id of a passphrase.
    Passphrase(Cost),
}

/// One way into the vault.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Slot {
    kind: Kind,
    salt: Base64,
    keyring: Base64,
}

impl Slot {
    /// Seals a keyring under a master key.
    pub(super) fn new(
        keyring: &Keyring,
        master: &Material,
        cost: Cost,
        stretched: &Stretched,
    ) -> Result<Slot, SealedProblem> {
        let kind = match master {
            Material::Key(_) => Kind::Key,
            Material::Passphrase(words) => {
                let chars = std::str::from_utf8(words).map_or(words.len(), |text| text.chars().count());
                if chars < PASSPHRASE_CHARS_MIN {
                    return Err(SealedProblem::PassphraseShort(PASSPHRASE_CHARS_MIN));
                }
                Kind::Passphrase(cost)
            }
        };
        let mut salt = vec![0; SALT_BYTES];
        getrandom::fill(&mut salt).map_err(|_| SealedProblem::Machine)?;
        let key = key(kind, &salt, master, stretched).ok_or(SealedProblem::Machine)?;
        let sealed = cipher::seal(&key, BOUND, &keyring.to_bytes()).ok_or(SealedProblem::Machine)?;
        Ok(Slot { kind, salt: Base64(salt), keyring: Base64(sealed) })
    }

    /// The keyring. Nothing when the master key is not the slot's.
    pub(super) fn open(&self, master: &Material, stretched: &Stretched) -> Option<Keyring> {
        let key = key(self.kind, &self.salt.0, master, stretched)?;
        Keyring::from_bytes(&cipher::open(&key, BOUND, &self.keyring.0)?)
    }
}

/// What a slot's seal is bound to besides its key, which hangs on kind, salt and cost already.
const BOUND: &[u8] = b"jackfield vault 1 keyring";

fn key(kind: Kind, salt: &[u8], master: &Material, stretched: &Stretched) -> Option<Key> {
    match (kind, master) {
        (Kind::Key, Material::Key(key)) => cipher::derive(key, salt, &[b"jackfield vault slot"]),
        (Kind::Passphrase(cost), Material::Passphrase(words)) => stretched.key(words, salt, cost),
        _ => None,
    }
}

/// Keys that passphrases were stretched to. A host that reads its vault again after a change would otherwise spend a
/// quarter of a second on it.
#[derive(Default)]
pub(super) struct Stretched(Mutex<Vec<StretchedKey>>);

struct StretchedKey {
    words: Zeroizing<Vec<u8>>,
    salt: Vec<u8>,
    cost: Cost,
    key: Key,
}

impl Stretched {
    fn key(&self, words: &[u8], salt: &[u8], cost: Cost) -> Option<Key> {
        if cost.memory_kib > COST_MAX.memory_kib || cost.passes > COST_MAX.passes || cost.lanes > COST_MAX.lanes {
            return None;
        }
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |k: &&StretchedKey| *k.words == words && k.salt == salt && k.cost == cost;
        if let Some(found) = known.iter().find(same) {
            return Some(found.key.clone());
        }
        let mut key = Key::default();
        let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(key.len())).ok()?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        argon2.hash_password_into(words, salt, key.as_mut_slice()).ok()?;
        if known.len() == STRETCHED_MAX {
            known.remove(0);
        }
        let words = Zeroizing::new(words.to_vec());
        known.push(StretchedKey { words, salt: salt.to_vec(), cost, key: key.clone() });
        Some(key)
    }
}
