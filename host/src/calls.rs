//! Calls that are answered later: accepted for good, carried out by a task of their own, kept for a while, and watched by
//! whoever asked. What stands in their records is [`record`]'s business, carrying them out [`work`]'s, taking them up
//! after a host's death [`resume`]'s; the stages that they go through stand in `pipeline.rs` like everybody's.
//!
//! A call that is held to its end makes no record and costs nothing here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jackfield_core::call::WriteOutcome;
use jackfield_core::digest::{Digest, DigestBuilder};
use jackfield_core::idempotency::Answer;
use jackfield_core::port::{Expect, Store};
use jackfield_egress::Vault;
use prometheus_client::metrics::gauge::Gauge;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use ulid::Ulid;

use crate::admission::{Caller, Place, Quota};
use crate::config::{CallsSection, Config};
use crate::dispatch::envelope::Unkept;
use crate::dispatch::now_ms;
use crate::error::{Code, Problem};

mod book;
mod feed;
mod kept;
mod record;
pub mod resume;
mod running;
mod work;

pub use feed::{Event, Feed};
pub(crate) use record::{Job, working};
pub use record::{Request, View};
pub use running::Running;
pub(crate) use work::{Stages, accept, answered_at_once, cancel};

use book::Book;
pub(crate) use book::is_owed;
use kept::Kept;
use record::{Ended, Settled};

/// Whose call it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Owner {
    /// Name of the caller.
    pub caller: String,
    /// Its tenant.
    pub tenant: String,
}

impl Owner {
    /// A caller as an owner.
    pub fn of(caller: &Caller) -> Owner {
        Owner { caller: caller.name.clone(), tenant: caller.tenant.to_string() }
    }

    /// What stands for it in keys: another owner's call has another key, and cannot be found by mistake.
    fn tag(&self) -> String {
        let digest = DigestBuilder::new("owner of calls").text(&self.tenant).text(&self.caller).finish();
        digest.to_string()[..TAG_DIGITS].to_owned()
    }
}

/// Hexadecimal digits of an owner in a key.
const TAG_DIGITS: usize = 16;

/// Every call of this host that is answered later.
pub struct Calls {
    settings: CallsSection,
    /// This process, as the records name it.
    host: String,
    store: Arc<dyn Store>,
    vault: Arc<Vault>,
    /// Carried out by this process now, by id.
    running: Mutex<HashMap<Arc<str>, Arc<Running>>>,
    kept: Kept,
    watchers: Quota,
    /// By caller; their names come from the configuration, so they are few.
    callers_watchers: Mutex<HashMap<String, Arc<Quota>>>,
    /// Grows when a record changed that no task here carries out.
    news: watch::Sender<u64>,
    draining: watch::Sender<bool>,
    /// Whether this host shows that it lives.
    beating: tokio::sync::OnceCell<()>,
    gauges: Gauges,
}

/// What the metrics say of calls.
#[derive(Clone, Debug, Default)]
pub struct Gauges {
    /// Carried out now.
    pub working: Gauge,
    /// Streams and waiting polls that are open.
    pub watchers: Gauge,
}

/// Who watches a call holds one until it goes away.
#[derive(Debug)]
pub struct Watcher {
    gauge: Gauge,
    _places: [Place; 2],
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.gauge.dec();
    }
}

/// When a bound that is full may have room again, in milliseconds.
const FULL_RETRY_MS: u32 = 5_000;

impl Calls {
    /// On a store.
    pub fn new(config: &Config, store: Arc<dyn Store>, vault: Arc<Vault>, gauges: Gauges) -> Calls {
        let settings = config.calls.clone();
        Calls {
            host: Ulid::from_datetime(std::time::SystemTime::now()).to_string(),
            store,
            vault,
            running: Mutex::default(),
            kept: Kept::new(settings.kept_max, settings.caller_kept_max),
            watchers: Quota::new(settings.watchers_max),
            callers_watchers: Mutex::default(),
            news: watch::Sender::new(0),
            draining: watch::Sender::new(false),
            beating: tokio::sync::OnceCell::new(),
            gauges,
            settings,
        }
    }

    /// A place to watch from.
    ///
    /// # Errors
    /// `rate-limited` where the caller has its own open, `overloaded` where the host has.
    pub fn watcher(&self, caller: &Caller) -> Result<Watcher, Problem> {
        let quota = {
            let mut all = self.callers_watchers.lock().unwrap_or_else(PoisonError::into_inner);
            let new = || Arc::new(Quota::new(self.settings.caller_watchers_max));
            all.entry(caller.name.clone()).or_insert_with(new).clone()
        };
        let in_caller = quota.take().ok_or_else(|| {
            let detail = format!("caller `{}` has its streams and waiting polls open", caller.name);
            Problem::told(Code::RateLimited, detail).retry_after(FULL_RETRY_MS)
        })?;
        let in_host = self.watchers.take().ok_or_else(|| {
            Problem::told(Code::Overloaded, "the host has its streams and waiting polls open")
                .retry_after(FULL_RETRY_MS)
        })?;
        self.gauges.watchers.inc();
        Ok(Watcher { gauge: self.gauges.watchers.clone(), _places: [in_caller, in_host] })
    }

    /// What there is to say of a call.
    ///
    /// # Errors
    /// `gone` for an id of long ago, whoever asks; `not-found` for one that is not there and for another's alike.
    pub async fn look(&self, owner: &Owner, id: &str) -> Result<View, Problem> {
        let unknown = || Problem::told(Code::NotFound, "no such call of this key");
        let id = Ulid::from_string(id).map_err(|_| unknown())?;
        if now_ms() >= id.timestamp_ms().saturating_add(self.kept_ms()) {
            return Err(Problem::told(Code::Gone, "calls are not kept that long"));
        }
        let id = id.to_string();
        if let Some(running) = self.running(&id) {
            return if running.owner == *owner { Ok(View::of_running(&running)) } else { Err(unknown()) };
        }
        let book = self.book();
        let unreadable = |why: Unkept| Problem::new(Code::Unavailable, format!("a call cannot be looked up: {why}"));
        let key = Ended::key(&id, owner);
        // What ends meanwhile leaves one bucket after it came into the other: a second look finds it.
        for _ in 0..2 {
            if let Some((ended, _)) = book.ended(&key).await.map_err(unreadable)?.filter(|(e, _)| e.owner == *owner) {
                return Ok(View::Ended(Arc::new(ended)));
            }
            if let Some((job, _)) = book.job(&id).await.map_err(unreadable)?.filter(|(job, _)| job.owner == *owner) {
                return Ok(View::of_job(&job));
            }
        }
        Err(unknown())
    }

    /// The last word on a call that ended with `outcome: unknown`: what is known of its write by now, and what its caller
    /// would have been told. Whoever watches the call hears it. `false` where no such call is kept: not every write is
    /// answered later.
    ///
    /// # Errors
    /// When the store does not keep it; [`Unkept::Busy`] also where the call has not ended yet. To be tried again.
    pub async fn settled(&self, call_id: &str, outcome: WriteOutcome, answer: &Answer) -> Result<bool, Unkept> {
        let book = self.book();
        let settled = Settled::new(outcome, answer, now_ms());
        for _ in 0..SETTLE_TRIES {
            let Some((key, mut ended, revision)) = book.ended_by_id(call_id).await? else {
                // Its answer is not on record yet: too early to say what became of it.
                return if book.job(call_id).await?.is_some() { Err(Unkept::Busy) } else { Ok(false) };
            };
            ended.settled = Some(settled.clone());
            match book.put_ended(&key, &ended, Expect::Revision(revision)).await {
                Ok(_) => {
                    self.tell();
                    return Ok(true);
                }
                Err(Unkept::Conflict) => {}
                Err(why) => return Err(why),
            }
        }
        Err(Unkept::Conflict)
    }

    /// The call that carries out the write with this key, if it is one of this process.
    pub(crate) fn writing(&self, key: &Digest) -> Option<Arc<str>> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.values().find(|one| one.key == Some(*key)).map(|one| one.call_id.clone())
    }

    /// Streams and waiting polls end from here on; whoever watches comes back, here or elsewhere.
    pub fn drain(&self) {
        self.draining.send_replace(true);
    }

    fn running(&self, id: &str) -> Option<Arc<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    fn begin(&self, running: Arc<Running>) {
        self.gauges.working.inc();
        self.running.lock().unwrap_or_else(PoisonError::into_inner).insert(running.call_id.clone(), running);
    }

    fn end(&self, id: &str) {
        let was = self.running.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
        if was.is_some() {
            self.gauges.working.dec();
        }
        self.tell();
    }

    /// Has everybody look again who watches a call that is not carried out here.
    fn tell(&self) {
        self.news.send_modify(|count| *count = count.wrapping_add(1));
    }

    fn book(&self) -> Book {
        Book::of(self.store.clone(), self.vault.sealer())
    }

    fn kept_ms(&self) -> u64 {
        *self.settings.kept_ms.get_ref()
    }
}

/// How often a record that changes at the same moment is read again.
const SETTLE_TRIES: usize = 5;
