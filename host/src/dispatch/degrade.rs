//! What a person gets instead of an answer when a business system failed. Which step of the ladder is taken is decided
//! by `core::degrade`; here is the step `cached`, the last good answer with its age.

use std::sync::Arc;

use jackfield_core::degrade::{Available, Failed, Ladder, Step, Trouble};
use jackfield_core::intent::Effect;

use super::confirm::Agreed;
use super::fresh::{self, Inquiry};
use crate::app::App;
use crate::error::{Code, Problem};
use crate::reply::Reply;

/// What is remembered of a call for the case that it fails: by then it is used up.
pub struct Standby {
    effect: Effect,
    inquiry: Option<Inquiry>,
}

impl Standby {
    /// Of a call that is about to be carried out.
    pub fn of(app: &App, agreed: &Agreed) -> Standby {
        Standby { effect: agreed.budgeted().vetted.intent.spec.effect, inquiry: Inquiry::of(app, agreed) }
    }

    /// The call as a read whose answer is kept or shared, if it is one.
    pub fn inquiry(&self) -> Option<&Inquiry> {
        self.inquiry.as_ref()
    }
}

/// Puts something better in the place of a problem, where there is something.
///
/// # Errors
/// The problem, where there is not.
pub fn soften(app: &Arc<App>, standby: &Standby, answered: Result<Reply, Problem>) -> Result<Reply, Problem> {
    let problem = match answered {
        Ok(reply) => return Ok(reply),
        Err(problem) => problem,
    };
    let kept = standby.inquiry.as_ref().and_then(|inquiry| Some((inquiry, fresh::stale(app, inquiry)?)));
    let failed = Failed { trouble: trouble(problem.code), effect: standby.effect, outcome: problem.outcome };
    let available = Available { cached_age_ms: kept.as_ref().map(|(_, stale)| stale.age_ms), ..Available::default() };
    let fallback = Ladder::default().choose(&failed, &available);
    let (Some(Step::Cached), Some((inquiry, stale))) = (fallback.step, kept) else { return Err(problem) };
    match fresh::give(app, inquiry, &stale) {
        Ok(reply) => {
            let (call_id, intent) = (inquiry.hearer().call_id, inquiry.intent().spec.name.as_str());
            tracing::info!(call_id, intent, problem = %problem, age_ms = stale.age_ms, "answered from what was kept");
            Ok(reply)
        }
        Err(error) => {
            tracing::error!(%error, "a kept answer cannot be given");
            Err(problem)
        }
    }
}

/// What a problem is, as far as a fallback is concerned.
pub(super) fn trouble(code: Code) -> Trouble {
    match code {
        Code::Malformed
        | Code::Unauthenticated
        | Code::Forbidden
        | Code::UnknownIntent
        | Code::NotFound
        | Code::Duplicate
        | Code::Conflict
        | Code::IdempotencyInFlight
        | Code::TooLarge
        | Code::InvalidInput
        | Code::IdempotencyMismatch
        | Code::Rejected
        | Code::Gone => Trouble::Request,
        Code::ReauthRequired => Trouble::ReauthRequired,
        Code::Denied => Trouble::Denied,
        Code::RateLimited => Trouble::RateLimited,
        Code::Internal => Trouble::Internal,
        Code::Unsupported => Trouble::Unsupported,
        Code::ConnectorFault => Trouble::ConnectorFault,
        Code::Overloaded => Trouble::Overloaded,
        Code::Unavailable => Trouble::Unavailable,
        Code::Timeout => Trouble::Timeout,
    }
}
