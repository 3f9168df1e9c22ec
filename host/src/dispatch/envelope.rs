//! How dispatch keeps what is a customer's in the store: sealed where the host has a vault, as it is otherwise. What
//! cannot be opened is an error and never nothing.

use std::sync::Arc;

use bytes::Bytes;
use jackfield_core::port::StoreError;
use jackfield_egress::Sealer;

/// Seals for the store and opens what comes from there.
pub struct Envelope {
    sealer: Option<Arc<Sealer>>,
}

/// Why something is not read or not written. For the operator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unkept {
    /// Another record stands there.
    #[error("somebody else changed it")]
    Conflict,
    /// The store's queue is full.
    #[error("the store is behind")]
    Busy,
    /// The store does not work, or what it has is of no use.
    #[error("{0}")]
    Unusable(String),
}

impl From<StoreError> for Unkept {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict => Unkept::Conflict,
            StoreError::Busy => Unkept::Busy,
            StoreError::Unavailable(_) => Unkept::Unusable(error.to_string()),
        }
    }
}

/// The first byte of what is stored: what follows is as it is, or sealed.
const PLAIN: u8 = 0;
const SEALED: u8 = 1;

impl Envelope {
    /// With the host's vault, where it has one.
    pub fn new(sealer: Option<Arc<Sealer>>) -> Envelope {
        Envelope { sealer }
    }

    /// Closes it for a place: moved under another key it does not open.
    pub fn close(&self, place: [&str; 2], plain: &[u8]) -> Bytes {
        Bytes::from(match &self.sealer {
            Some(sealer) => [&[SEALED], sealer.seal(&place, plain).as_slice()].concat(),
            None => [&[PLAIN], plain].concat(),
        })
    }

    /// Opens what was closed for this place.
    ///
    /// # Errors
    /// When it was not, or there is no vault that opens it.
    pub fn open(&self, place: [&str; 2], bytes: &[u8]) -> Result<Vec<u8>, String> {
        match (bytes.split_first(), &self.sealer) {
            (Some((&PLAIN, plain)), _) => Ok(plain.to_vec()),
            (Some((&SEALED, sealed)), Some(sealer)) => {
                sealer.open(&place, sealed).map(|opened| opened.to_vec()).map_err(|error| error.to_string())
            }
            (Some((&SEALED, _)), None) => Err("it is sealed, and there is no vault that opens".to_owned()),
            _ => Err("it has a form that this host does not know".to_owned()),
        }
    }
}
