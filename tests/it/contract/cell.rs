//! One cell of the matrix: a fault, a call that meets it, and afterwards, when the fault is over, the same call again.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jackfield_core::port::Bucket;
use jackfield_mocks::Entry;
use jackfield_tests::{Answer, Host, until};
use serde_json::{Value, json};

use super::place::Place;
use super::sample::{Added, Sample, Step, added, journal, seen};
use super::stage::Tenant;

/// When the call ends, in milliseconds.
const DEADLINE_MS: u64 = 1_200;
/// What a busy machine may add to it.
pub(super) const SLACK: Duration = Duration::from_millis(1_500);

/// A fault in an intent.
pub(super) struct Cell {
    pub(super) sample: Arc<Sample>,
    pub(super) place: Place,
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.sample.step.intent, self.place)
    }
}

/// What came of it.
pub(super) struct Run<'c> {
    pub(super) cell: &'c Cell,
    pub(super) is_german: bool,
    /// Under the fault.
    pub(super) answer: Answer,
    pub(super) took: Duration,
    /// What the systems received until the answer, and what was added by then.
    pub(super) received: Vec<Entry>,
    pub(super) added: Added,
    /// Of a write, the same request when the fault is over and the host has found out all that it can.
    pub(super) again: Option<Answer>,
    /// What the systems received and were added in the end.
    pub(super) received_in_all: Vec<Entry>,
    pub(super) added_in_all: Added,
}

impl Cell {
    /// When a call ends.
    pub(super) fn deadline() -> Duration {
        Duration::from_millis(DEADLINE_MS)
    }

    /// When it is answered on a busy machine.
    pub(super) fn ends_within() -> Duration {
        Self::deadline() + SLACK
    }

    /// Runs it on a tenant that nobody has used.
    pub(super) async fn run(&self, host: &Host, tenant: &Tenant) -> Run<'_> {
        let Tenant { mocks, client } = tenant;
        let step = self.sample.prepare(tenant).await;
        let is_german = self.place.number % 2 == 1;
        let locale = ("context.locale", json!(if is_german { "de" } else { "en" }));
        let (before, since) = (mocks.census(), seen(mocks));
        for fault in &self.place.faults {
            mocks.fault(fault.clone());
        }
        let began = Instant::now();
        let hurry = [locale.clone(), ("options", json!({ "deadline_ms": DEADLINE_MS }))];
        let answer = step.ask(client, "contract", &hurry).await;
        let took = began.elapsed();
        let (received, now) = (journal(mocks, since), added(mocks, &before));
        mocks.clear_faults();

        let again = if self.sample.is_read {
            None
        } else {
            Some(until(async || self.end(host, tenant, &step, &locale).await).await)
        };
        Run {
            cell: self,
            is_german,
            answer,
            took,
            received,
            added: now,
            again,
            received_in_all: journal(mocks, since),
            added_in_all: added(mocks, &before),
        }
    }

    /// The same call again, when nobody is at it any more: neither the call itself nor who looks what became of it.
    async fn end(&self, host: &Host, tenant: &Tenant, step: &Step, locale: &(&str, Value)) -> Option<Answer> {
        let again = step.ask(&tenant.client, "contract", std::slice::from_ref(locale)).await;
        if again.text("/code") == "idempotency-in-flight" {
            return None;
        }
        // What is unknown is put on record before it is told; the answer at the deadline may be told before that.
        let is_unknown = again.text("/outcome") == "unknown";
        let looked_for = host.app.store.keys(Bucket::Settlements, again.text("/call_id")).await.unwrap();
        let is_open = is_unknown && (!looked_for.is_empty() || !again.body["detail"].is_string());
        (!is_open).then_some(again)
    }
}
