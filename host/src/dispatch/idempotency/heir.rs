//! Takes over the writes of hosts that died. However one is found (it is asked for again, its call is taken up, a sweep
//! or a start comes upon it), the same is done: what became of it is looked for, and until that is known its answer is
//! that nobody knows.

use std::sync::Arc;

use jackfield_core::digest::Digest;
use jackfield_core::idempotency::{Answer, Record};
use jackfield_core::port::{Expect, Store};
use jackfield_core::settle::SettlePolicy;
use jackfield_egress::Sealer;

use super::{Ledger, answer_of, lost};
use crate::app::App;
use crate::calls;
use crate::dispatch::envelope::Unkept;
use crate::dispatch::settle::{Records, Schedule};
use crate::policy::{Sentence, Sentences};

/// Who takes over.
pub(crate) struct Heir {
    /// What dead hosts left.
    pub(crate) ledger: Ledger,
    store: Arc<dyn Store>,
    records: Records,
    policy: SettlePolicy,
}

impl Heir {
    /// Of a host.
    pub(crate) fn new(app: &App) -> Heir {
        let schedule = app.settlements.clone();
        Heir::of(app.store.clone(), app.vault().sealer(), schedule, app.config.settle.clone())
    }

    /// In a store.
    pub(crate) fn of(
        store: Arc<dyn Store>,
        sealer: Option<Arc<Sealer>>,
        schedule: Arc<Schedule>,
        policy: SettlePolicy,
    ) -> Heir {
        let ledger = Ledger::of(store.clone(), sealer.clone());
        Heir { ledger, records: Records::of(store.clone(), sealer, schedule), store, policy }
    }

    /// Whether a call that was accepted is still owed the answer to this write. Then it is for whoever takes the call up
    /// to say what becomes of it: only the call knows whether its write had begun.
    pub(super) async fn is_owed(&self, record: &Record) -> Result<bool, Unkept> {
        match record.write() {
            Some(write) => Ok(calls::is_owed(&*self.store, &write.call_id).await?),
            None => Ok(false),
        }
    }

    /// Takes over a write that nobody asks for; one whose call will be taken up is left to that.
    ///
    /// # Errors
    /// `Conflict` where somebody was quicker.
    pub(crate) async fn take_over(&self, key: &str, record: Record, revision: u64, now_ms: u64) -> Result<(), Unkept> {
        if self.is_owed(&record).await? {
            return Ok(());
        }
        let key: Digest = key.parse().map_err(|_| Unkept::Unusable(format!("`{key}` is no key of a write")))?;
        let locale = record.write().map_or("en", |write| &write.locale);
        let problem = lost().saying(Sentences::default().say(Sentence::Unknown, locale));
        let problem = match call_of(&record) {
            Some(call_id) => problem.of_call(&call_id),
            None => problem,
        };
        self.inherit(&key, record, revision, answer_of(&Err(problem)), now_ms).await
    }

    /// First the look, then the answer: whoever dies in between leaves a record that is taken over once more.
    pub(super) async fn inherit(
        &self,
        key: &Digest,
        record: Record,
        revision: u64,
        answer: Answer,
        now_ms: u64,
    ) -> Result<(), Unkept> {
        self.records.inherit(key, &record, now_ms, &self.policy).await?;
        self.ledger.put(key, &record.answered(now_ms, answer), Expect::Revision(revision)).await.map(drop)
    }
}

/// The call that a record under way belongs to.
pub(super) fn call_of(record: &Record) -> Option<Arc<str>> {
    record.write().map(|write| write.call_id.as_str().into())
}
