//! The records of calls in the store: those that are owed an answer, those that have one, and which host lives. Sealed
//! where there is a vault, since they hold what a customer asked and was told. A record that cannot be read is never taken
//! for none.

use std::sync::Arc;

use bytes::Bytes;
use jackfield_core::port::{Bucket, Expect, Store, StoreError};
use jackfield_egress::Sealer;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::record::{Ended, Job, VERSION};
use crate::dispatch::envelope::{Envelope, Unkept};

/// The owner of [`Bucket::Jobs`] and [`Bucket::Calls`].
pub(super) struct Book {
    store: Arc<dyn Store>,
    envelope: Envelope,
}

/// Where hosts show that they live, among the jobs. No call's id begins like this.
const HOSTS: &str = "host/";

impl Book {
    pub(super) fn of(store: Arc<dyn Store>, sealer: Option<Arc<Sealer>>) -> Book {
        Book { store, envelope: Envelope::new(sealer) }
    }

    /// A call that is owed an answer, and the revision of its record.
    pub(super) async fn job(&self, id: &str) -> Result<Option<(Job, u64)>, Unkept> {
        self.get(Bucket::Jobs, id).await
    }

    /// Keeps what is owed. It is durable then.
    pub(super) async fn put_job(&self, id: &str, job: &Job, expect: Expect) -> Result<u64, Unkept> {
        self.put(Bucket::Jobs, id, job, expect).await
    }

    /// Nothing is owed any more.
    pub(super) async fn delete_job(&self, id: &str) -> Result<(), Unkept> {
        Ok(self.store.delete(Bucket::Jobs, id, Expect::Any).await?)
    }

    /// Ids of calls that are owed an answer, the oldest first.
    pub(super) async fn jobs(&self) -> Result<Vec<String>, Unkept> {
        let mut keys = self.store.keys(Bucket::Jobs, "").await?;
        keys.retain(|key| !key.starts_with(HOSTS));
        Ok(keys)
    }

    /// An answered call by its key.
    pub(super) async fn ended(&self, key: &str) -> Result<Option<(Ended, u64)>, Unkept> {
        self.get(Bucket::Calls, key).await
    }

    /// An answered call by its id, whoever it belongs to; its key and revision.
    pub(super) async fn ended_by_id(&self, id: &str) -> Result<Option<(String, Ended, u64)>, Unkept> {
        let keys = self.store.keys(Bucket::Calls, &format!("{id}.")).await?;
        let Some(key) = keys.into_iter().next() else { return Ok(None) };
        Ok(self.ended(&key).await?.map(|(ended, revision)| (key, ended, revision)))
    }

    /// Keeps an answer. It is durable then.
    pub(super) async fn put_ended(&self, key: &str, ended: &Ended, expect: Expect) -> Result<u64, Unkept> {
        self.put(Bucket::Calls, key, ended, expect).await
    }

    /// Keys of answered calls, the oldest first.
    pub(super) async fn calls(&self) -> Result<Vec<String>, Unkept> {
        Ok(self.store.keys(Bucket::Calls, "").await?)
    }

    /// Forgets an answer.
    pub(super) async fn delete_ended(&self, key: &str) -> Result<(), Unkept> {
        Ok(self.store.delete(Bucket::Calls, key, Expect::Any).await?)
    }

    /// Shows that a host lives: the revision of its mark grows.
    pub(super) async fn beat(&self, host: &str) -> Result<u64, Unkept> {
        Ok(self.store.put(Bucket::Jobs, &format!("{HOSTS}{host}"), Bytes::new(), Expect::Any).await?)
    }

    /// The mark of a host, if it ever showed itself and did not end in order.
    pub(super) async fn beat_of(&self, host: &str) -> Result<Option<u64>, Unkept> {
        Ok(self.store.get(Bucket::Jobs, &format!("{HOSTS}{host}")).await?.map(|mark| mark.revision))
    }

    /// Hosts that showed themselves.
    pub(super) async fn hosts(&self) -> Result<Vec<String>, Unkept> {
        let keys = self.store.keys(Bucket::Jobs, HOSTS).await?;
        Ok(keys.into_iter().map(|key| key[HOSTS.len()..].to_owned()).collect())
    }

    /// A host ends in order, or is long dead.
    pub(super) async fn forget_host(&self, host: &str) -> Result<(), Unkept> {
        Ok(self.store.delete(Bucket::Jobs, &format!("{HOSTS}{host}"), Expect::Any).await?)
    }

    async fn get<T: DeserializeOwned>(&self, bucket: Bucket, key: &str) -> Result<Option<(T, u64)>, Unkept> {
        let Some(found) = self.store.get(bucket, key).await? else { return Ok(None) };
        Ok(Some((self.open(bucket, key, &found.value)?, found.revision)))
    }

    async fn put<T: Serialize>(&self, bucket: Bucket, key: &str, record: &T, expect: Expect) -> Result<u64, Unkept> {
        let plain = serde_json::to_vec(record).map_err(|error| Unkept::Unusable(error.to_string()))?;
        let closed = self.envelope.close([bucket.as_str(), key], &plain);
        Ok(self.store.put(bucket, key, closed, expect).await?)
    }

    fn open<T: DeserializeOwned>(&self, bucket: Bucket, key: &str, bytes: &[u8]) -> Result<T, Unkept> {
        let unusable = |why: String| Unkept::Unusable(format!("the record of call `{key}` cannot be read: {why}"));
        let plain = self.envelope.open([bucket.as_str(), key], bytes).map_err(unusable)?;
        read(&plain).map_err(unusable)
    }
}

/// Whether a call was accepted and has no answer yet, as whoever only knows its id can see.
pub(crate) async fn is_owed(store: &dyn Store, id: &str) -> Result<bool, StoreError> {
    Ok(store.get(Bucket::Jobs, id).await?.is_some())
}

/// Reads a record of this version. Where it is wrong is said, and not what: it holds a customer's words.
fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    #[derive(serde::Deserialize)]
    struct Versioned {
        version: u8,
    }
    let damaged = |error: serde_json::Error| format!("{:?} error at column {}", error.classify(), error.column());
    let Versioned { version } = serde_json::from_slice(bytes).map_err(damaged)?;
    if version > VERSION {
        return Err(format!("it has version {version}, which this host does not know"));
    }
    serde_json::from_slice(bytes).map_err(damaged)
}
