//! The records of writes in the store, sealed where the host has a vault: an answer is a customer's data. A record that
//! cannot be read is never taken for none, since that would double a write.

use std::sync::Arc;

use bytes::Bytes;
use jackfield_core::digest::Digest;
use jackfield_core::idempotency::Record;
use jackfield_core::port::{Bucket, Expect, Store, StoreError};
use jackfield_egress::Sealer;

use crate::app::App;

/// The owner of [`Bucket::Idempotency`].
pub struct Ledger {
    store: Arc<dyn Store>,
    sealer: Option<Arc<Sealer>>,
}

/// Why a record is not read or not written. For the operator.
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

/// The first byte of what is stored: what follows is a record as it is, or a sealed one.
const PLAIN: u8 = 0;
const SEALED: u8 = 1;

impl Ledger {
    /// In the store of a host.
    pub fn new(app: &App) -> Ledger {
        Ledger::of(app.store.clone(), app.vault().sealer())
    }

    /// In a store.
    pub(crate) fn of(store: Arc<dyn Store>, sealer: Option<Arc<Sealer>>) -> Ledger {
        Ledger { store, sealer }
    }

    /// The record under a key, and its revision.
    pub(super) async fn get(&self, key: &Digest) -> Result<Option<(Record, u64)>, Unkept> {
        self.get_named(&key.to_string()).await
    }

    /// The same, by the key as the store has it.
    pub(crate) async fn get_named(&self, key: &str) -> Result<Option<(Record, u64)>, Unkept> {
        let Some(found) = self.store.get(Bucket::Idempotency, key).await? else { return Ok(None) };
        Ok(Some((self.read(key, &found.value)?, found.revision)))
    }

    /// Writes a record; its revision. It is durable then.
    pub(super) async fn put(&self, key: &Digest, record: &Record, expect: Expect) -> Result<u64, Unkept> {
        self.put_named(&key.to_string(), record, expect).await
    }

    /// The same, by the key as the store has it.
    pub(crate) async fn put_named(&self, key: &str, record: &Record, expect: Expect) -> Result<u64, Unkept> {
        let plain = record.to_bytes();
        let bytes = match &self.sealer {
            Some(sealer) => [&[SEALED], sealer.seal(&place(key), &plain).as_slice()].concat(),
            None => [&[PLAIN], plain.as_slice()].concat(),
        };
        Ok(self.store.put(Bucket::Idempotency, key, Bytes::from(bytes), expect).await?)
    }

    /// Takes a record away.
    pub(super) async fn delete(&self, key: &Digest, expect: Expect) -> Result<(), Unkept> {
        self.delete_named(&key.to_string(), expect).await
    }

    /// The same, by the key as the store has it.
    pub(crate) async fn delete_named(&self, key: &str, expect: Expect) -> Result<(), Unkept> {
        Ok(self.store.delete(Bucket::Idempotency, key, expect).await?)
    }

    fn read(&self, key: &str, bytes: &[u8]) -> Result<Record, Unkept> {
        let unusable = |why: String| Unkept::Unusable(format!("the record `{key}` cannot be read: {why}"));
        match (bytes.split_first(), &self.sealer) {
            (Some((&PLAIN, record)), _) => Record::from_bytes(record).map_err(|e| unusable(e.to_string())),
            (Some((&SEALED, sealed)), Some(sealer)) => {
                let opened = sealer.open(&place(key), sealed).map_err(|e| unusable(e.to_string()))?;
                Record::from_bytes(&opened).map_err(|e| unusable(e.to_string()))
            }
            (Some((&SEALED, _)), None) => Err(unusable("it is sealed, and there is no vault that opens".to_owned())),
            _ => Err(unusable("it has a form that this host does not know".to_owned())),
        }
    }
}

/// What a sealed record is bound to: moved under another key it does not open.
fn place(key: &str) -> [&str; 2] {
    ["idempotency", key]
}
