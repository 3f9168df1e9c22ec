//! Answers to reads that need no new question: what was kept and is as good as new, what is just being asked, and, after
//! a failure, what is better than nothing. How long an answer is good and what a write touches is decided by
//! `core::freshness`; here it is looked for, shared, put into the words of who hears it, and dropped.
//!
//! An answer is kept as the connector's canonical output: checked, without any secret, and masked. It is given only to
//! the same person of the same bot service, tenant and connection, who asks the same. A connector that asks another
//! never gets a kept answer: it needs what is masked in one.

use std::sync::Arc;

use jackfield_core::call::WriteOutcome;
use jackfield_core::deadline::Deadline;
use jackfield_core::freshness::{self, Person, Question, Tags};
use jackfield_egress::State;
use jiff::Timestamp;
use serde_json::Value;

use super::confirm::Agreed;
use super::deadline::Budgeted;
use super::{Order, Voice, now_ms};
use crate::admission::Context;
use crate::app::App;
use crate::error::{Code, Problem};
use crate::registry::{Connection, Intent};
use crate::reply::{self, Checked, Hearer, Reply};

pub(crate) mod answers;
mod flight;
pub mod mirror;
pub(crate) mod record;
mod shelf;

pub use answers::Answers;
use flight::{Got, Terms};
pub(crate) use shelf::Kept;

/// A read whose answer may come from elsewhere than from a call of its own.
pub struct Inquiry {
    terms: Terms,
    connection: Arc<Connection>,
    intent: Arc<Intent>,
    context: Context,
    call_id: Arc<str>,
    deadline: Deadline,
    /// How old an answer the request takes after a failure.
    max_stale_ms: Option<u64>,
}

impl Inquiry {
    /// What a call is to kept answers. `None` for a write, and for a read that is neither kept nor shared.
    pub(crate) fn of(app: &App, budgeted: &Budgeted) -> Option<Inquiry> {
        let vetted = &budgeted.vetted;
        let (intent, connection, admitted) = (&vetted.intent, &vetted.connection, &vetted.admitted);
        let policy = &intent.policy;
        if !intent.spec.effect.is_read() || !(policy.coalesce || policy.keeping.kept_ms().is_some()) {
            return None;
        }
        let person = admitted.context.user.as_ref().map(|user| Person {
            caller: &admitted.caller.name,
            id: &user.id,
            email: user.email.as_deref(),
            phone: user.phone.as_deref(),
        });
        let key = freshness::key(&Question {
            tenant: &connection.tenant,
            connection: &connection.name,
            edition: &connection.edition,
            person,
            intent: &intent.spec.name,
            input: &vetted.input,
        });
        // What is only ever fresh is of no use after a restart, and what is sensitive does not lie about in the clear.
        let is_durable = policy.keeping.max_stale_ms > 0 && (intent.masks.is_empty() || app.vault().sealer().is_some());
        let place = app.answers.place(&connection.name)?.clone();
        Some(Inquiry {
            terms: Terms {
                key,
                place,
                keeping: policy.keeping,
                coalesce: policy.coalesce,
                is_trusted: is_trusted(app, connection),
                is_durable,
            },
            connection: connection.clone(),
            intent: intent.clone(),
            context: admitted.context.clone(),
            call_id: budgeted.trace.call_id.clone(),
            deadline: budgeted.deadline,
            max_stale_ms: admitted.max_stale_ms,
        })
    }

    /// When whoever asks has to be answered.
    pub(crate) fn deadline(&self) -> Deadline {
        self.deadline
    }

    fn hearer(&self) -> Hearer<'_> {
        Hearer { call_id: &self.call_id, context: &self.context }
    }

    /// A kept answer in the words of who asks now.
    pub(super) fn reply(&self, app: &App, kept: &Kept) -> Result<Reply, Problem> {
        // It was scrubbed when it was made. Which values are secrets may have changed since.
        let output: Value = serde_json::from_str(&app.scrub(&kept.text))
            .map_err(|error| Problem::new(Code::Internal, format!("a kept answer is not JSON: {error}")))?;
        let made = i64::try_from(kept.made_ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
        let made = made.unwrap_or(Timestamp::UNIX_EPOCH);
        reply::dress(app, &self.connection, &self.intent, output, made, self.hearer())
    }
}

/// Answers a read: from what is kept, together with an equal read under way, or by `fetch`, which runs as
/// [`super::see_through`] would run it.
///
/// # Errors
/// That of the read; `timeout` when it did not end.
pub async fn answer<W>(
    app: &Arc<App>,
    inquiry: &Inquiry,
    agreed: Agreed,
    fetch: impl FnOnce(Arc<App>, Agreed) -> W + Send + 'static,
) -> Result<Reply, Problem>
where
    W: Future<Output = Result<Checked, Problem>> + Send + 'static,
{
    let voice = Voice::of(agreed.budgeted());
    let own = app.clone();
    share(app, inquiry, &voice, move || async move { super::carried(&own, agreed, fetch).await }).await
}

/// As [`answer`], by `work`, which is run on a task that may outlive whoever asks.
///
/// # Errors
/// As for [`answer`].
pub(crate) async fn share<F>(
    app: &Arc<App>,
    inquiry: &Inquiry,
    voice: &Voice,
    work: impl FnOnce() -> F,
) -> Result<Reply, Problem>
where
    F: Future<Output = Result<Checked, Problem>> + Send + 'static,
{
    let reply = match flight::get(&app.answers, &inquiry.terms, inquiry.deadline, work).await {
        Ok(Got::Kept(kept)) => inquiry.reply(app, &kept),
        Ok(Got::Asked(checked)) => {
            let (output, made) = (checked.output.clone(), checked.fetched_at);
            reply::dress(app, &inquiry.connection, &inquiry.intent, output, made, inquiry.hearer())
        }
        Err(problem) => Err(problem),
    };
    reply.map_err(|problem| voice.put(problem))
}

/// Whether the system accepts the connection's credential, as far as anybody knows.
fn is_trusted(app: &App, connection: &Connection) -> bool {
    !matches!(app.egress().status(&connection.name).state, State::ReauthRequired | State::Pending)
}

/// An answer that may be given after a failure.
pub struct Stale {
    kept: Arc<Kept>,
    /// Milliseconds since it was made.
    pub age_ms: u64,
}

/// What is kept for a read that failed, if the intent's policy and the request take it at its age. Whether this failure
/// allows it is the ladder's decision.
pub fn stale(app: &App, inquiry: &Inquiry) -> Option<Stale> {
    // Looked at anew: this very failure may have shown it.
    if !is_trusted(app, &inquiry.connection) {
        return None;
    }
    let (kept, age_ms) = app.answers.after_failure(&inquiry.terms, inquiry.max_stale_ms, now_ms())?;
    Some(Stale { kept, age_ms })
}

/// Gives a stale answer: with its age, in words as well.
///
/// # Errors
/// When the operator's words fail over it.
pub fn give(app: &App, inquiry: &Inquiry, stale: &Stale) -> Result<Reply, Problem> {
    let reply = inquiry.reply(app, &stale.kept)?.aged(app, &inquiry.intent, stale.age_ms, inquiry.hearer())?;
    app.answers.gave_stale(&inquiry.terms);
    Ok(reply)
}

/// A write on its way. However it ends, what it may have changed is dropped: also when its task dies, or when nobody
/// waits for it any more.
pub struct Wake {
    write: Option<(Arc<App>, Arc<Connection>, Tags)>,
}

impl Wake {
    /// Of what the guest is about to be run with. Reads leave none.
    pub fn of(app: &Arc<App>, order: &Order) -> Wake {
        let vetted = &order.budgeted.vetted;
        Wake::new(app, &vetted.connection, &vetted.intent, &vetted.input)
    }

    /// Of an intent over an input.
    pub fn new(app: &Arc<App>, connection: &Arc<Connection>, intent: &Intent, input: &Value) -> Wake {
        let is_write = !intent.spec.effect.is_read();
        let write = is_write.then(|| (app.clone(), connection.clone(), intent.tagger.of_write(input, None)));
        Wake { write }
    }

    /// It was carried out, and this is all that it touched.
    pub fn done(mut self, touched: Tags) {
        if let Some((_, _, tags)) = &mut self.write {
            *tags = touched;
        }
    }

    /// It failed with this outcome. What certainly did not happen changed nothing.
    pub fn failed(mut self, outcome: WriteOutcome) {
        if outcome == WriteOutcome::None {
            self.write = None;
        }
    }
}

impl Drop for Wake {
    fn drop(&mut self) {
        if let Some((app, connection, touched)) = self.write.take() {
            app.answers.touch(&connection.name, &touched);
        }
    }
}

/// Drops what a write may have changed whose outcome became known later: it was settled.
pub fn settled(app: &App, connection: &str, touched: &Tags) {
    app.answers.touch(connection, touched);
}

/// Drops what tells of an object that changed in the business system itself, as one of its events says: `order`, `1001`.
pub fn changed(app: &App, connection: &str, kind: &str, id: &str) {
    app.answers.touch(connection, &Tags::of_object(kind, id));
}
