//! Answers for what is known and held of one connection's traffic: what it has of the host at once, whether the system
//! is being asked at all, what of the vendor's budget is taken, and how the system has been answering. All of it is by
//! connection, so that one system's trouble stays its own, and outlives a change of the configuration.
//!
//! Every request passes [`Flight::begin`] on its way to the wire and hands its flight back with what came of it. The
//! decisions are `core`'s; here are the clock, the locks and the waiting. Nothing here sends, and whether a request is
//! sent again is `retry.rs`'s business.

use std::collections::HashMap;
use std::mem::discriminant;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::Method;
use jackfield_core::breaker::{Admission, Breaker, BreakerPolicy, Breakers, Permit, Standing, Verdict};
use jackfield_core::grant::EndpointGrant;
use jackfield_core::manifest::Access;
use jackfield_core::port::SendError;
use jackfield_core::rate::{Budget, Claim, Now, Rate, Take};
use tokio::time::Instant;

use crate::watch::{Bound, Moment, Watch, What};
use crate::{clock, random};

mod bulkhead;
mod flight;
mod recent;

pub(crate) use bulkhead::{BodyRoom, Bulkhead, Place};
pub(crate) use flight::{Asking, Flight};
pub(crate) use recent::Recent;
pub use recent::{Failing, Figures, LastError};

/// What a request is sent for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Somebody asked.
    Call,
    /// To see how the system is doing: once, without waiting for a budget, and counted apart.
    Probe,
}

/// The traffic of one connection.
pub(crate) struct Traffic {
    connection: String,
    watch: Arc<Watch>,
    bulkhead: Bulkhead,
    breakers: Mutex<Breakers>,
    /// By endpoint. What the manifest declares bounds their number.
    budgets: Mutex<HashMap<String, Kept>>,
    recent: Mutex<Recent>,
}

/// A budget and what it was made of.
struct Kept {
    rate: Arc<Rate>,
    budget: Budget,
}

/// How the budget of one endpoint stands.
pub(crate) struct BudgetNow {
    pub(crate) endpoint: String,
    pub(crate) paused: Duration,
    pub(crate) windows: Vec<jackfield_core::rate::Standing>,
}

impl Traffic {
    pub(crate) fn new(connection: &str, watch: &Arc<Watch>) -> Traffic {
        Traffic {
            connection: connection.to_owned(),
            watch: watch.clone(),
            bulkhead: Bulkhead::default(),
            breakers: Mutex::new(Breakers::new(Instant::now().into_std())),
            budgets: Mutex::default(),
            recent: Mutex::default(),
        }
    }

    pub(crate) fn bulkhead(&self) -> &Bulkhead {
        &self.bulkhead
    }

    pub(crate) fn recent(&self) -> MutexGuard<'_, Recent> {
        lock(&self.recent)
    }

    /// How the breakers of reads and of writes stand.
    pub(crate) fn breakers(&self) -> [Standing; 2] {
        let now = Instant::now().into_std();
        let mut breakers = lock(&self.breakers);
        [Access::Read, Access::Write].map(|access| breakers.of(access).standing(now))
    }

    /// How the budgets of the endpoints that have been asked stand, by name.
    pub(crate) fn budgets(&self) -> Vec<BudgetNow> {
        let now = now();
        let mut budgets: Vec<_> = lock(&self.budgets)
            .iter_mut()
            .map(|(endpoint, kept)| BudgetNow {
                endpoint: endpoint.clone(),
                paused: kept.budget.paused(now),
                windows: kept.budget.standing(now),
            })
            .collect();
        budgets.sort_by(|a, b| a.endpoint.cmp(&b.endpoint));
        budgets
    }

    pub(crate) fn tell(&self, access: Access, what: What) {
        self.watch.tell(&Moment { connection: &self.connection, access, what });
    }

    /// Asks the breaker.
    fn admit(&self, policy: &BreakerPolicy, access: Access, purpose: Purpose) -> Result<Permit, SendError> {
        let now = Instant::now().into_std();
        match self.with_breaker(access, |breaker| breaker.admit(policy, now)) {
            Admission::Pass(permit) | Admission::Probe(permit) => Ok(permit),
            Admission::Refuse { retry_after } => {
                if purpose == Purpose::Call {
                    self.tell(access, What::Refused { by: Bound::Breaker });
                }
                let detail = format!(
                    "connection `{}` is not asked for any {access}: too many of its last requests failed; \
                     it is tried again in {} ms",
                    self.connection,
                    retry_after.as_millis()
                );
                Err(SendError::Unavailable { detail, sent: false })
            }
        }
    }

    /// Tells the breaker what came of a request.
    fn settle(&self, policy: &BreakerPolicy, access: Access, permit: Permit, verdict: Verdict) {
        let now = Instant::now().into_std();
        self.with_breaker(access, |breaker| breaker.record(policy, now, permit, verdict, random::number()));
    }

    /// The one place where a breaker may change, and where that is said.
    fn with_breaker<T>(&self, access: Access, act: impl FnOnce(&mut Breaker) -> T) -> T {
        let now = Instant::now().into_std();
        let (done, before, after) = {
            let mut breakers = lock(&self.breakers);
            let breaker = breakers.of(access);
            let before = breaker.standing(now);
            let done = act(breaker);
            (done, before, breaker.standing(now))
        };
        if discriminant(&before) == discriminant(&after) {
            return done;
        }
        // Outside of the lock: whoever is told may ask back.
        let connection = &*self.connection;
        match after {
            Standing::Open { retry_after_ms } => tracing::warn!(
                event = "breaker.open", connection, %access, retry_after_ms,
                "too many requests failed: the system is left alone for a while"
            ),
            Standing::HalfOpen => {
                tracing::info!(event = "breaker.half_open", connection, %access, "the system is tried again");
            }
            Standing::Closed => {
                tracing::info!(event = "breaker.closed", connection, %access, "the system answers again");
            }
        }
        self.tell(access, What::Breaker { now: after });
        done
    }

    /// Takes from the endpoint's budget.
    fn take(&self, endpoint: &EndpointGrant, method: &Method, path: &[&str], patience: Duration) -> (Claim, Take) {
        let now = now();
        self.with_budget(endpoint, now, |budget| {
            let claim = budget.claim(method, path);
            let take = budget.take(now, &claim, patience);
            (claim, take)
        })
    }

    /// Tells the endpoint's budget what an answer said.
    fn observe(&self, endpoint: &EndpointGrant, claim: &Claim, status: u16, headers: &[(String, String)]) {
        let now = now();
        self.with_budget(endpoint, now, |budget| budget.observe(now, claim, status, headers));
    }

    /// Tells the endpoint's budget what the body of an answer said.
    fn learn(&self, endpoint: &EndpointGrant, body: &serde_json::Value) {
        let now = now();
        self.with_budget(endpoint, now, |budget| {
            endpoint.rate.in_body(body).for_each(|(window, reading)| budget.learn(now, window, &reading));
        });
    }

    fn with_budget<T>(&self, endpoint: &EndpointGrant, now: Now, act: impl FnOnce(&mut Budget) -> T) -> T {
        let mut budgets = lock(&self.budgets);
        let fresh = || Kept { rate: endpoint.rate.clone(), budget: Budget::new(endpoint.rate.clone(), now) };
        let kept = match budgets.get_mut(&endpoint.name) {
            // The same rules read anew, after a change elsewhere, keep what was counted.
            Some(kept) if Arc::ptr_eq(&kept.rate, &endpoint.rate) || kept.rate == endpoint.rate => kept,
            _ => budgets.entry(endpoint.name.clone()).insert_entry(fresh()).into_mut(),
        };
        act(&mut kept.budget)
    }

    /// Keeps what came of a request for the figures.
    fn remember(&self, elapsed: Option<Duration>, verdict: Verdict, error: Option<Failing>) {
        let mut recent = self.recent();
        recent.add(Instant::now().into_std(), elapsed, verdict);
        if let Some(kind) = error {
            recent.fail(clock::now_ms(), kind);
        }
    }
}

/// This moment on both clocks.
fn now() -> Now {
    Now { instant: Instant::now().into_std(), epoch_ms: clock::now_ms() }
}

/// What the locks guard is whole between any two statements, so a panic of another holder leaves nothing broken.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
