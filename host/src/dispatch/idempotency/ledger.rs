//! The records of writes in the store. A record that cannot be read is never taken for none, since that would double a
//! write.

use std::sync::Arc;

use jackfield_core::digest::Digest;
use jackfield_core::idempotency::Record;
use jackfield_core::port::{Bucket, Expect, Store};
use jackfield_egress::Sealer;

use crate::app::App;
use crate::dispatch::envelope::{Envelope, Unkept};

/// The owner of [`Bucket::Idempotency`].
pub struct Ledger {
    store: Arc<dyn Store>,
    envelope: Envelope,
}

impl Ledger {
    /// In the store of a host.
    pub fn new(app: &App) -> Ledger {
        Ledger::of(app.store.clone(), app.vault().sealer())
    }

    /// In a store.
    pub(crate) fn of(store: Arc<dyn Store>, sealer: Option<Arc<Sealer>>) -> Ledger {
        Ledger { store, envelope: Envelope::new(sealer) }
    }

    /// The record under a key, and its revision.
    pub(crate) async fn get(&self, key: &Digest) -> Result<Option<(Record, u64)>, Unkept> {
        self.get_named(&key.to_string()).await
    }

    /// The same, by the key as the store has it.
    pub(crate) async fn get_named(&self, key: &str) -> Result<Option<(Record, u64)>, Unkept> {
        let Some(found) = self.store.get(Bucket::Idempotency, key).await? else { return Ok(None) };
        let unusable = |why: String| Unkept::Unusable(format!("the record `{key}` cannot be read: {why}"));
        let plain = self.envelope.open(place(key), &found.value).map_err(unusable)?;
        let record = Record::from_bytes(&plain).map_err(|error| unusable(error.to_string()))?;
        Ok(Some((record, found.revision)))
    }

    /// Writes a record; its revision. It is durable then.
    pub(crate) async fn put(&self, key: &Digest, record: &Record, expect: Expect) -> Result<u64, Unkept> {
        self.put_named(&key.to_string(), record, expect).await
    }

    /// The same, by the key as the store has it.
    pub(crate) async fn put_named(&self, key: &str, record: &Record, expect: Expect) -> Result<u64, Unkept> {
        let closed = self.envelope.close(place(key), &record.to_bytes());
        Ok(self.store.put(Bucket::Idempotency, key, closed, expect).await?)
    }

    /// Takes a record away.
    pub(crate) async fn delete(&self, key: &Digest, expect: Expect) -> Result<(), Unkept> {
        self.delete_named(&key.to_string(), expect).await
    }

    /// The same, by the key as the store has it.
    pub(crate) async fn delete_named(&self, key: &str, expect: Expect) -> Result<(), Unkept> {
        Ok(self.store.delete(Bucket::Idempotency, key, expect).await?)
    }

    /// Keys with this beginning, as the store has them.
    pub(crate) async fn keys(&self, prefix: &str) -> Result<Vec<String>, Unkept> {
        Ok(self.store.keys(Bucket::Idempotency, prefix).await?)
    }
}

/// What a sealed record is bound to.
fn place(key: &str) -> [&str; 2] {
    ["idempotency", key]
}
