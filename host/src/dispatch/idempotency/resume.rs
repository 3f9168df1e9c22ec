//! A write that was accepted and whose host ended before it was answered. The call's own record says how far it came at
//! most; the record under the write's key says what became of it. Together they decide whether it may be run, and what
//! has begun is never begun again.

use jackfield_core::digest::Digest;
use jackfield_core::idempotency::{Answer, Arrival, IdempotencyPolicy, Record, arrive};
use jackfield_core::port::Expect;
use serde::{Deserialize, Serialize};

use super::{Begun, Claim, Heir, Ledger, Recognised, Unanswered, begin, print_of, take_over, unkept};
use crate::app::App;
use crate::dispatch::confirm::{Agreed, Ready};
use crate::dispatch::deadline::Budgeted;
use crate::dispatch::envelope::Unkept;
use crate::dispatch::{Order, Voice, in_time, now_ms, settle};
use crate::error::Problem;

/// Where the record of a write is, and which one it was when its call was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mark {
    pub(crate) key: Digest,
    pub(crate) revision: u64,
}

/// What the host before left behind.
pub(crate) struct Before {
    /// None for a read.
    pub(crate) mark: Option<Mark>,
    /// Whether the guest may have run.
    pub(crate) begun: bool,
}

/// What comes of taking a call up.
pub(crate) enum Resumed {
    /// It is run.
    Run(Box<Ready>),
    /// It was answered before its host ended.
    Answered(Answer),
    /// Somebody has the same write under way: look again later.
    Elsewhere,
}

/// Decides how a call goes on. The person's yes was used up when it was accepted, so nobody is asked again.
///
/// # Errors
/// `timeout` of unknown outcome for a write that had begun; `unavailable` where the store cannot say.
pub(crate) async fn resume(app: &App, budgeted: Budgeted, before: Before) -> Result<Resumed, Problem> {
    let Before { mark, begun } = before;
    let Some(mark) = mark else {
        return Ok(Resumed::Run(Box::new(Ready { order: Order::new(budgeted, None), claim: None })));
    };
    let heir = Heir::new(app);
    let found = in_time(&budgeted.deadline, heir.ledger.get(&mark.key)).await?.map_err(unkept)?;
    let fingerprint = print_of(&budgeted);
    let Some((record, revision)) = found else {
        // Taken back since nothing was written, or never begun.
        let recognised = Some(Recognised { key: mark.key, fingerprint, expect: Expect::Absent });
        let Begun { agreed, claim } = begin(app, Agreed::before(Unanswered { budgeted, recognised })).await?;
        let budgeted = agreed.unanswered.budgeted;
        let ready = match claim {
            Some(claim) => Ready::claimed(budgeted, claim),
            None => Ready { order: Order::new(budgeted, None), claim: None },
        };
        return Ok(Resumed::Run(Box::new(ready)));
    };
    if revision == mark.revision {
        if begun {
            return Err(take_over(&heir, &budgeted, &mark.key, record, revision).await);
        }
        return renewed(&heir.ledger, budgeted, mark.key, record, revision).await;
    }
    match arrive(Some(&record), &fingerprint, now_ms(), &IdempotencyPolicy::default()) {
        Arrival::Replay(answer) => Ok(Resumed::Answered(answer.clone())),
        Arrival::InFlight { .. } => Ok(Resumed::Elsewhere),
        Arrival::TakeOver => Err(take_over(&heir, &budgeted, &mark.key, record, revision).await),
        // Its record is gone and another one stands there: what became of this one cannot be told apart any more.
        Arrival::First | Arrival::Mismatch => Err(Voice::of(&budgeted).put(super::lost())),
    }
}

/// Goes on with the claim that the host before made.
async fn renewed(
    ledger: &Ledger,
    budgeted: Budgeted,
    key: Digest,
    record: Record,
    revision: u64,
) -> Result<Resumed, Problem> {
    // With the same key for the connector. Nothing was written under it yet, so that what is written begins now.
    let write = settle::write(&budgeted, key.to_string());
    let record = record.renewed(now_ms(), &super::lease_of(&budgeted)).of(write);
    let put = in_time(&budgeted.deadline, ledger.put(&key, &record, Expect::Revision(revision))).await?;
    let revision = match put {
        Ok(revision) => revision,
        Err(Unkept::Conflict) => return Ok(Resumed::Elsewhere),
        Err(why) => return Err(unkept(why)),
    };
    let claim = Claim { key, record, revision, voice: Voice::of(&budgeted) };
    Ok(Resumed::Run(Box::new(Ready::claimed(budgeted, claim))))
}

/// Gives a write its answer that had begun and cannot be resumed: nobody knows how far it came, and from here on somebody
/// looks.
pub(crate) async fn give_up(app: &App, mark: &Mark, answer: Answer) {
    let heir = Heir::new(app);
    let given_up = async {
        match heir.ledger.get(&mark.key).await? {
            Some((record, revision)) if revision == mark.revision => {
                heir.inherit(&mark.key, record, revision, answer, now_ms()).await
            }
            // It has an answer already, or nothing was done.
            _ => Ok(()),
        }
    };
    if let Err(error) = given_up.await {
        tracing::warn!(key = %mark.key, %error, "a write whose host died is left to the sweep");
    }
}

/// Takes the record of a write back that was accepted and never begun.
pub(crate) async fn release(app: &App, mark: &Mark) {
    if let Err(error) = Ledger::new(app).delete(&mark.key, Expect::Revision(mark.revision)).await {
        tracing::warn!(key = %mark.key, %error, "the record of a write that did not happen stays until its lease ends");
    }
}
