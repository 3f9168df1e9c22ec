//! A write that was accepted and whose host ended before it was answered. The call's own record says how far it came at
//! most; the record under the write's key says what became of it. Together they decide whether it may be run, and what
//! has begun is never begun again.

use jackfield_core::digest::Digest;
use jackfield_core::idempotency::{Answer, Arrival, IdempotencyPolicy, Record, arrive};
use jackfield_core::port::Expect;
use serde::{Deserialize, Serialize};

use super::{Begun, Claim, Ledger, Recognised, Unanswered, begin, print_of, take_over, unkept};
use crate::app::App;
use crate::dispatch::confirm::{Agreed, Ready};
use crate::dispatch::deadline::Budgeted;
use crate::dispatch::{Order, Voice, in_time, now_ms};
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
    /// What the connector makes a repetition harmless by.
    pub(crate) guest_key: Option<String>,
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
    let Before { mark, begun, guest_key } = before;
    let Some(mark) = mark else {
        return Ok(Resumed::Run(Box::new(Ready { order: Order::new(budgeted, guest_key), claim: None })));
    };
    let ledger = Ledger::new(app);
    let found = in_time(&budgeted.deadline, ledger.get(&mark.key)).await?.map_err(unkept)?;
    let fingerprint = print_of(&budgeted);
    let Some((record, revision)) = found else {
        // Taken back since nothing was written, or never begun.
        let recognised = Some(Recognised { key: mark.key, fingerprint, expect: Expect::Absent });
        let Begun { agreed, claim } = begin(app, Agreed::before(Unanswered { budgeted, recognised })).await?;
        let order = Order::new(agreed.unanswered.budgeted, guest_key);
        return Ok(Resumed::Run(Box::new(Ready { order, claim })));
    };
    let (policy, expect) = (IdempotencyPolicy::default(), Expect::Revision(revision));
    if revision == mark.revision {
        if begun {
            return Err(take_over(&ledger, &budgeted, &mark.key, record, expect).await);
        }
        return renewed(&ledger, budgeted, guest_key, mark.key, record, expect).await;
    }
    match arrive(Some(&record), &fingerprint, now_ms(), &policy) {
        Arrival::Replay(answer) => Ok(Resumed::Answered(answer.clone())),
        Arrival::InFlight { .. } => Ok(Resumed::Elsewhere),
        Arrival::TakeOver => Err(take_over(&ledger, &budgeted, &mark.key, record, expect).await),
        // Its record is gone and another one stands there: what became of this one cannot be told apart any more.
        Arrival::First | Arrival::Mismatch => Err(Voice::of(&budgeted).put(super::lost())),
    }
}

/// Goes on with the claim that the host before made.
async fn renewed(
    ledger: &Ledger,
    budgeted: Budgeted,
    guest_key: Option<String>,
    key: Digest,
    record: Record,
    expect: Expect,
) -> Result<Resumed, Problem> {
    let record = record.renewed(now_ms(), &super::lease_of(&budgeted));
    let put = in_time(&budgeted.deadline, ledger.put(&key, &record, expect)).await?;
    let revision = match put {
        Ok(revision) => revision,
        Err(super::Unkept::Conflict) => return Ok(Resumed::Elsewhere),
        Err(why) => return Err(unkept(why)),
    };
    let claim = Claim { key, record, revision, voice: Voice::of(&budgeted) };
    Ok(Resumed::Run(Box::new(Ready { order: Order::new(budgeted, guest_key), claim: Some(claim) })))
}

/// Takes the record of a write back that was accepted and never begun.
pub(crate) async fn release(app: &App, mark: &Mark) {
    if let Err(error) = Ledger::new(app).delete(&mark.key, Expect::Revision(mark.revision)).await {
        tracing::warn!(key = %mark.key, %error, "the record of a write that did not happen stays until its lease ends");
    }
}
