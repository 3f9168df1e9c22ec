//! Seals what the store keeps, such as tokens, with the vault's data keys. A rekeyed vault opens everything that it
//! sealed before.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::SealedVault;
use super::cipher::{self, OVERHEAD_BYTES};
use super::keyring::{ID_BYTES, Keyring};

/// What this version writes in front.
const VERSION: u8 = 1;

/// Seals and opens texts for a place, such as `["token", connection, slot]`.
pub struct Sealer {
    vault: Arc<SealedVault>,
}

/// Why something that was sealed does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsealed {
    /// Too short, or of a later version.
    #[error("it is nothing that was sealed here")]
    Malformed,
    /// Its data key is not in the vault: it was sealed with another vault.
    #[error("it was sealed with another vault; restore that vault, or let it be made anew")]
    UnknownKey,
    /// Changed, or moved from another place.
    #[error("it was changed, or it belongs to another place")]
    Changed,
}

impl Sealer {
    /// Nothing when the vault does not open.
    pub(in crate::vault) fn new(vault: Arc<SealedVault>) -> Option<Sealer> {
        vault.keyring()?;
        Some(Sealer { vault })
    }

    /// Seals under the newest data key. Only [`Sealer::open`] with the same place opens it.
    pub fn seal(&self, place: &[&str], plain: &[u8]) -> Vec<u8> {
        let sealed = self.vault.keyring().and_then(|keyring| {
            let (id, key) = keyring.newest();
            let sealed = cipher::seal(&cipher::derive(key, b"", PURPOSE)?, &bound(id, place), plain)?;
            Some([&[VERSION], id.as_slice(), &sealed].concat())
        });
        // Never so: there was a keyring when this was made and the last one that opened is kept. What is empty does
        // not open, which is a token that is asked for again, and no token in the clear.
        sealed.unwrap_or_default()
    }

    /// Opens what was sealed for this place, under whatever data key.
    ///
    /// # Errors
    /// When it was not, or not with this vault.
    pub fn open(&self, place: &[&str], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unsealed> {
        let Some(([VERSION], rest)) = sealed.split_at_checked(1) else { return Err(Unsealed::Malformed) };
        let Some((id, sealed)) = rest.split_first_chunk::<ID_BYTES>() else { return Err(Unsealed::Malformed) };
        if sealed.len() < OVERHEAD_BYTES {
            return Err(Unsealed::Malformed);
        }
        // Another host may have rekeyed a moment ago; looking at the keyring looks at the file.
        let keyring = self.vault.keyring().ok_or(Unsealed::UnknownKey)?;
        let key = Keyring::key(&keyring, id).ok_or(Unsealed::UnknownKey)?;
        let key = cipher::derive(key, b"", PURPOSE).ok_or(Unsealed::UnknownKey)?;
        cipher::open(&key, &bound(id, place), sealed).ok_or(Unsealed::Changed)
    }
}

const PURPOSE: &[&[u8]] = &[b"jackfield store"];

fn bound(id: &[u8], place: &[&str]) -> Zeroizing<Vec<u8>> {
    let parts: Vec<&[u8]> = [b"jackfield store".as_slice(), &[VERSION], id]
        .into_iter()
        .chain(place.iter().map(|part| part.as_bytes()))
        .collect();
    cipher::framed(&parts)
}
