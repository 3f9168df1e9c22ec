//! The writes that are being settled, in the store: whoever holds one has all that it takes to ask again.

use std::sync::Arc;

use jackfield_core::digest::Digest;
use jackfield_core::idempotency::Record;
use jackfield_core::port::{Bucket, Expect, Store};
use jackfield_core::settle::{SettlePolicy, Settling};
use jackfield_egress::Sealer;

use super::Schedule;
use crate::app::App;
use crate::dispatch::envelope::{Envelope, Unkept};

/// The owner of [`Bucket::Settlements`]. The key is the id of the call.
pub struct Records {
    store: Arc<dyn Store>,
    envelope: Envelope,
    schedule: Arc<Schedule>,
}

impl Records {
    /// In the store of a host.
    pub fn new(app: &App) -> Records {
        Records::of(app.store.clone(), app.vault().sealer(), app.settlements.clone())
    }

    /// In a store.
    pub(crate) fn of(store: Arc<dyn Store>, sealer: Option<Arc<Sealer>>, schedule: Arc<Schedule>) -> Records {
        Records { store, envelope: Envelope::new(sealer), schedule }
    }

    /// Puts a write on record, and on this host's schedule. One that is on record already stays as it is.
    ///
    /// # Errors
    /// When it is not durable.
    pub(crate) async fn begin(&self, settling: &Settling) -> Result<(), Unkept> {
        let call_id = &settling.write.call_id;
        match self.put(call_id, settling, Expect::Absent).await {
            Ok(_) => {
                self.schedule.put(call_id, settling.due_ms);
                Ok(())
            }
            Err(Unkept::Conflict) => Ok(()),
            Err(why) => Err(why),
        }
    }

    /// The same for a write whose host died, from the record that it left. What an older host left does not say what was
    /// written: nobody can look for that.
    ///
    /// # Errors
    /// As [`Records::begin`].
    pub(crate) async fn inherit(
        &self,
        key: &Digest,
        record: &Record,
        now_ms: u64,
        policy: &SettlePolicy,
    ) -> Result<(), Unkept> {
        match record.write() {
            Some(write) => self.begin(&Settling::begin(write.clone(), Some(*key), now_ms, policy)).await,
            None => Ok(()),
        }
    }

    /// One of them, and its revision.
    pub(super) async fn get(&self, call_id: &str) -> Result<Option<(Settling, u64)>, Unkept> {
        let Some(found) = self.store.get(Bucket::Settlements, call_id).await? else { return Ok(None) };
        let unusable = |why: String| Unkept::Unusable(format!("the settlement `{call_id}` cannot be read: {why}"));
        let plain = self.envelope.open(place(call_id), &found.value).map_err(unusable)?;
        let settling = Settling::from_bytes(&plain).map_err(|error| unusable(error.to_string()))?;
        Ok(Some((settling, found.revision)))
    }

    /// Changes one; its new revision.
    pub(super) async fn put(&self, call_id: &str, settling: &Settling, expect: Expect) -> Result<u64, Unkept> {
        let closed = self.envelope.close(place(call_id), &settling.to_bytes());
        Ok(self.store.put(Bucket::Settlements, call_id, closed, expect).await?)
    }

    /// Forgets one that is settled.
    pub(super) async fn delete(&self, call_id: &str, revision: u64) -> Result<(), Unkept> {
        Ok(self.store.delete(Bucket::Settlements, call_id, Expect::Revision(revision)).await?)
    }

    /// The ids of all of them.
    pub(super) async fn all(&self) -> Result<Vec<String>, Unkept> {
        Ok(self.store.keys(Bucket::Settlements, "").await?)
    }
}

fn place(call_id: &str) -> [&str; 2] {
    ["settlement", call_id]
}
