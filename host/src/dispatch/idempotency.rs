//! Carries a write out once, however often it arrives: recognises it, answers a repetition from what is kept, and keeps
//! a record that is durable before the guest runs and holds the whole answer after it. What a record means is decided by
//! `core::idempotency`; where it is kept is [`Ledger`]'s business.
//!
//! Reads need no record, so that they go on while the store does not.

use std::time::Duration;

use jackfield_core::call::WriteOutcome;
use jackfield_core::digest::Digest;
use jackfield_core::idempotency::{
    Answer, Arrival, Asked, IdempotencyPolicy, Message, Record, arrive, call_key, derived_key, fingerprint, sent_key,
};
use jackfield_core::port::Expect;
use jackfield_core::settle::Write;

use super::Voice;
use super::confirm::Agreed;
use super::deadline::Budgeted;
use super::envelope::Unkept;
use super::settle;
use crate::app::App;
use crate::error::{Code, Problem};
use crate::reply::Reply;

mod heir;
mod ledger;
mod resume;

pub(crate) use heir::Heir;
pub use ledger::Ledger;
pub(crate) use resume::{Before, Mark, Resumed, give_up, release, resume};

/// What is known of a call that arrives.
pub enum Seen {
    /// It was answered: the same again.
    Before(Answer),
    /// It is new, or nothing tells.
    New(Box<Unanswered>),
}

/// A call that has no answer yet.
pub struct Unanswered {
    pub(super) budgeted: Budgeted,
    /// Absent for a read, and for a write that nothing tells from another.
    recognised: Option<Recognised>,
}

/// How a write is known again.
struct Recognised {
    key: Digest,
    fingerprint: Digest,
    /// What the store must still have under the key when the write begins.
    expect: Expect,
}

/// A call whose write is on record.
pub struct Begun {
    pub(super) agreed: Agreed,
    pub(super) claim: Option<Claim>,
}

/// The record of a write under way.
pub struct Claim {
    key: Digest,
    record: Record,
    revision: u64,
    voice: Voice,
}

/// A call may end this much after its deadline before its host counts as dead, in milliseconds.
const LEASE_SPARE_MS: u64 = 15_000;

/// How often, and after which waits, the store is asked to take an answer before it is left to the lease.
const KEEP_WAITS: [Duration; 3] = [Duration::ZERO, Duration::from_millis(50), Duration::from_millis(150)];

/// Looks whether a write arrived before.
///
/// # Errors
/// `idempotency-in-flight`, `idempotency-mismatch`; `unavailable` where a record is needed and the store gives none;
/// `timeout` of unknown outcome where the host that carried it out is gone.
pub async fn look(app: &App, budgeted: Budgeted) -> Result<Seen, Problem> {
    let Some((key, fingerprint)) = recognise(&budgeted)? else {
        return Ok(Seen::New(Box::new(Unanswered { budgeted, recognised: None })));
    };
    let (ledger, voice) = (Ledger::new(app), Voice::of(&budgeted));
    let found = super::in_time(&budgeted.deadline, ledger.get(&key)).await?.map_err(unkept)?;
    let now_ms = super::now_ms();
    let policy = IdempotencyPolicy::default();
    let arrival = arrive(found.as_ref().map(|(record, _)| record), &fingerprint, now_ms, &policy);
    let expect = found.as_ref().map_or(Expect::Absent, |(_, revision)| Expect::Revision(*revision));
    match arrival {
        Arrival::First => {
            let recognised = Some(Recognised { key, fingerprint, expect });
            Ok(Seen::New(Box::new(Unanswered { budgeted, recognised })))
        }
        Arrival::Replay(answer) => Ok(Seen::Before(answer.clone())),
        Arrival::InFlight { retry_after_ms } => {
            let problem = in_flight().retry_after(u32::try_from(retry_after_ms).unwrap_or(u32::MAX));
            Err(voice.put(problem.running_as(app.calls.writing(&key))))
        }
        Arrival::Mismatch => Err(Problem::told(
            Code::IdempotencyMismatch,
            "this idempotency key belongs to another request; a new request needs a new key",
        )),
        Arrival::TakeOver => Err(match found {
            Some((record, revision)) => {
                let heir = Heir::new(app);
                if super::in_time(&budgeted.deadline, heir.is_owed(&record)).await?.map_err(unkept)? {
                    // Whoever takes that call up knows whether it had begun.
                    return Err(voice.put(in_flight()));
                }
                take_over(&heir, &budgeted, &key, record, revision).await
            }
            None => voice.put(lost()),
        }),
    }
}

/// Says of a write whose host is gone that nobody knows how far it came. It is not run again; what is kept says so until
/// it is settled.
async fn take_over(heir: &Heir, budgeted: &Budgeted, key: &Digest, record: Record, revision: u64) -> Problem {
    let voice = Voice::of(budgeted);
    // Of the call that began it, whoever asks now.
    let call_id = heir::call_of(&record).unwrap_or_else(|| voice.call_id.clone());
    let problem = voice.put(lost()).of_call(&call_id);
    let taken = heir.inherit(key, record, revision, answer_of(&Err(problem.clone())), super::now_ms());
    match super::in_time(&budgeted.deadline, taken).await {
        Ok(Ok(())) => problem,
        Ok(Err(why)) => voice.put(unkept(why)),
        Err(late) => late,
    }
}

/// A write that is answered later is always known again: by its call, where nothing else tells it from another.
pub(crate) fn known_by_call(mut agreed: Agreed) -> Agreed {
    let unanswered = &mut agreed.unanswered;
    let budgeted = &unanswered.budgeted;
    if unanswered.recognised.is_none() && !budgeted.vetted.intent.spec.effect.is_read() {
        let (key, fingerprint) = (key_of_call(budgeted), print_of(budgeted));
        unanswered.recognised = Some(Recognised { key, fingerprint, expect: Expect::Absent });
    }
    agreed
}

/// The key of a write that nothing tells from another.
pub(super) fn key_of_call(budgeted: &Budgeted) -> Digest {
    let caller = &budgeted.vetted.admitted.caller;
    call_key(&caller.tenant, &caller.name, &budgeted.trace.call_id)
}

/// Puts a write on record. From here on a repetition of it waits or is answered, on any host.
///
/// # Errors
/// `unavailable` where the store takes no record; `idempotency-in-flight` where the same write arrived at this moment.
pub async fn begin(app: &App, agreed: Agreed) -> Result<Begun, Problem> {
    let Some(Recognised { key, fingerprint, expect }) = &agreed.unanswered.recognised else {
        return Ok(Begun { agreed, claim: None });
    };
    let budgeted = agreed.budgeted();
    // With what is written: whoever takes over from this host can look for it.
    let record = Record::begin(*fingerprint, super::now_ms(), &lease_of(budgeted));
    let record = record.of(settle::write(budgeted, key.to_string()));
    let put = super::in_time(&budgeted.deadline, Ledger::new(app).put(key, &record, *expect)).await?;
    let revision = put.map_err(|why| unkept(why).running_as(app.calls.writing(key)))?;
    let claim = Claim { key: *key, record, revision, voice: Voice::of(budgeted) };
    Ok(Begun { agreed, claim: Some(claim) })
}

/// As long as the call can last at all, so that no lease must be renewed while the guest runs.
fn lease_of(budgeted: &Budgeted) -> IdempotencyPolicy {
    let policy = IdempotencyPolicy::default();
    let left_ms = u64::from(budgeted.deadline.remaining_ms(std::time::Instant::now()));
    IdempotencyPolicy { lease_ms: policy.lease_ms.max(left_ms.saturating_add(LEASE_SPARE_MS)), ..policy }
}

/// Keeps the answer, so that it can be given again. An answer that says for certain that nothing was written is not
/// kept: the same may be asked again.
///
/// # Errors
/// The very problem that came, in its final words.
pub async fn keep(app: &App, claim: Option<Claim>, answered: Result<Reply, Problem>) -> Result<Reply, Problem> {
    let Some(claim) = claim else { return answered };
    if answered.as_ref().is_err_and(|problem| problem.outcome == WriteOutcome::None) {
        forget(app, claim).await;
        return answered;
    }
    let Claim { key, record, revision, voice } = claim;
    let answered = answered.map_err(|problem| voice.put(problem));
    let record = record.answered(super::now_ms(), answer_of(&answered));
    let mut last = Unkept::Conflict;
    for wait in KEEP_WAITS {
        tokio::time::sleep(wait).await;
        match Ledger::new(app).put(&key, &record, Expect::Revision(revision)).await {
            Ok(_) => return answered,
            Err(why) => last = why,
        }
    }
    // The caller is told all the same: it happened. A repetition is told that nobody knows, once the lease is over.
    tracing::error!(key = %key, error = %last, "the answer to a write is not kept");
    answered
}

/// Takes a record back: nothing was done.
pub(crate) async fn forget(app: &App, claim: Claim) {
    if let Err(error) = Ledger::new(app).delete(&claim.key, Expect::Revision(claim.revision)).await {
        tracing::warn!(key = %claim.key, %error, "the record of a write that did not happen stays until its lease ends");
    }
}

impl Claim {
    /// What is written. Its key is this record's: stable for retries of this write, and no other caller's.
    pub(super) fn write(&self) -> Option<&Write> {
        self.record.write()
    }

    /// Where the record is, for whoever takes the write up after this host.
    pub(crate) fn mark(&self) -> Mark {
        Mark { key: self.key, revision: self.revision }
    }

    /// Under which key the answer is kept.
    pub(crate) fn key(&self) -> Digest {
        self.key
    }
}

fn lost() -> Problem {
    Problem::told(
        Code::Timeout,
        "the host that began this write ended before its answer was known; look before sending it again with a new key",
    )
    .outcome(WriteOutcome::Unknown)
}

fn in_flight() -> Problem {
    Problem::told(Code::IdempotencyInFlight, "a request with this idempotency key is under way")
        .retry_after(IN_FLIGHT_RETRY_MS)
}

/// When to come back where the store did not tell, in milliseconds.
const IN_FLIGHT_RETRY_MS: u32 = 1_000;

/// An answer as it goes out.
pub(crate) fn answer_of(answered: &Result<Reply, Problem>) -> Answer {
    let (status, body) = match answered {
        Ok(reply) => (200, reply.to_json()),
        Err(problem) => (problem.code.status(), problem.to_json()),
    };
    Answer { status, body: String::from_utf8_lossy(&body).into_owned() }
}

/// The key and the fingerprint of a write that can be known again.
fn recognise(budgeted: &Budgeted) -> Result<Option<(Digest, Digest)>, Problem> {
    let vetted = &budgeted.vetted;
    if vetted.intent.spec.effect.is_read() {
        return Ok(None);
    }
    let admitted = &vetted.admitted;
    let fingerprint = print_of(budgeted);
    let (tenant, caller) = (&*admitted.caller.tenant, admitted.caller.name.as_str());
    let key = match &admitted.idempotency_key {
        Some(sent) => {
            Some(sent_key(tenant, caller, sent).map_err(|bad| Problem::told(Code::Malformed, bad.to_string()))?)
        }
        None => {
            let message = Message {
                conversation: admitted.context.conversation_id.as_deref(),
                message: admitted.context.message_id.as_deref(),
            };
            derived_key(tenant, caller, message, &fingerprint)
        }
    };
    Ok(key.map(|key| (key, fingerprint)))
}

/// What is asked, as one digest.
fn print_of(budgeted: &Budgeted) -> Digest {
    let vetted = &budgeted.vetted;
    fingerprint(&Asked {
        intent: &vetted.intent.spec.name,
        connection: &vetted.connection.name,
        user: vetted.admitted.context.user.as_ref().map(|user| user.id.as_str()),
        input: &vetted.input,
    })
}

fn unkept(why: Unkept) -> Problem {
    match why {
        // It arrived a second time at this very moment, and the other was quicker.
        Unkept::Conflict => in_flight(),
        Unkept::Busy => Problem::new(Code::Overloaded, "the store is behind").retry_after(1_000),
        why => Problem::new(Code::Unavailable, format!("a write needs a record that survives: {why}")),
    }
}
