//! The vault's file: what stands where in it, and that it is whole. A code of authentication over every byte in front
//! of it ends the file: an entry that was dropped, doubled or moved is found, and so is a changed space.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use super::cipher::{self, Key};
use super::keyring::Keyring;
use super::problem::SealedProblem;
use super::slot::Slot;
use crate::vault::SecretValue;

/// What this version writes and reads.
pub(super) const FORMAT: u64 = 1;

/// Characters of the code: 32 bytes in base64.
const MAC_CHARS: usize = 44;

/// What stands behind the code.
const END: &str = "\"\n}\n";

/// The file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    format: u64,
    /// Ways into the vault.
    pub(super) slots: Vec<Slot>,
    /// By connection and name.
    pub(super) secrets: Vec<Entry>,
    /// Last, so that everything else is in front of it.
    mac: String,
}

/// A secret of a connection.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) connection: String,
    pub(super) name: String,
    pub(super) current: Sealed,
    /// The value before the last rotation, until it is retired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) previous: Option<Sealed>,
}

/// A value and what is known about it without opening it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sealed {
    /// Counts the values of this secret, from 1.
    pub(super) version: u64,
    /// Seconds since 1970.
    pub(super) set_at_s: u64,
    /// Id of the data key.
    key: Base64,
    value: Base64,
}

/// Bytes as text. There is one spelling only for each.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Base64(pub(super) Vec<u8>);

impl Serialize for Base64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Base64, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map(Base64).map_err(|_| serde::de::Error::custom("not base64"))
    }
}

impl Document {
    pub(super) fn new(slots: Vec<Slot>, secrets: Vec<Entry>) -> Document {
        Document { format: FORMAT, slots, secrets, mac: STANDARD.encode([0; 32]) }
    }

    /// As it is written.
    pub(super) fn print(&self, keyring: &Keyring) -> Result<String, SealedProblem> {
        let mut text = serde_json::to_string_pretty(self).map_err(|_| SealedProblem::Machine)?;
        text.truncate(text.len() - (END.len() - 1 + MAC_CHARS));
        let code =
            keyring.file_key().and_then(|key| cipher::mac(&key, text.as_bytes())).ok_or(SealedProblem::Machine)?;
        text.push_str(&STANDARD.encode(code));
        text.push_str(END);
        Ok(text)
    }

    /// Reads what was written. Nothing in it may be believed before [`is_authentic`] says so.
    pub(super) fn parse(text: &str) -> Result<Document, SealedProblem> {
        #[derive(Deserialize)]
        struct Head {
            format: u64,
        }
        // The place alone: an error's own words may repeat what it stumbled upon.
        let malformed = |e: serde_json::Error| SealedProblem::Malformed(format!("line {}", e.line()));
        let Head { format } = serde_json::from_str(text).map_err(malformed)?;
        if format != FORMAT {
            return Err(SealedProblem::Format(format));
        }
        serde_json::from_str(text).map_err(malformed)
    }
}

/// Whether the text is what was written by somebody who could open it.
pub(super) fn is_authentic(text: &str, keyring: &Keyring) -> bool {
    let ending = || {
        let text = text.strip_suffix(END)?;
        let (front, code) = text.split_at_checked(text.len().checked_sub(MAC_CHARS)?)?;
        // The member's name is part of what is authenticated, and cannot be another member's.
        let code = front.ends_with("\"mac\": \"").then(|| STANDARD.decode(code).ok())??;
        Some(cipher::is_mac(&keyring.file_key()?, front.as_bytes(), &code))
    };
    ending().unwrap_or(false)
}

impl Sealed {
    /// Seals a value under the newest data key, for one place and version only.
    pub(super) fn new(
        keyring: &Keyring,
        place: Place<'_>,
        version: u64,
        set_at_s: u64,
        value: &SecretValue,
    ) -> Result<Sealed, SealedProblem> {
        let (id, key) = keyring.newest();
        let sealed = place
            .key(key)
            .and_then(|key| cipher::seal(&key, &place.bound(version), value.expose().as_bytes()))
            .ok_or(SealedProblem::Machine)?;
        Ok(Sealed { version, set_at_s, key: Base64(id.to_vec()), value: Base64(sealed) })
    }

    /// The value, if it was sealed for this place.
    pub(super) fn open(&self, keyring: &Keyring, place: Place<'_>) -> Result<SecretValue, SealedProblem> {
        let key = keyring.key(&self.key.0).and_then(|key| place.key(key)).ok_or(SealedProblem::Displaced)?;
        let plain: Zeroizing<Vec<u8>> =
            cipher::open(&key, &place.bound(self.version), &self.value.0).ok_or(SealedProblem::Displaced)?;
        // Only values that were checked are sealed.
        SecretValue::new(plain).map_err(|_| SealedProblem::Displaced)
    }
}

/// Where a value belongs.
#[derive(Clone, Copy)]
pub(super) struct Place<'p> {
    pub(super) connection: &'p str,
    pub(super) name: &'p str,
}

impl Place<'_> {
    fn key(self, data_key: &Key) -> Option<Key> {
        cipher::derive(data_key, b"", &[b"jackfield vault secret", self.connection.as_bytes(), self.name.as_bytes()])
    }

    fn bound(self, version: u64) -> Zeroizing<Vec<u8>> {
        cipher::framed(&[
            b"jackfield vault secret",
            &FORMAT.to_be_bytes(),
            self.connection.as_bytes(),
            self.name.as_bytes(),
            &version.to_be_bytes(),
        ])
    }
}
