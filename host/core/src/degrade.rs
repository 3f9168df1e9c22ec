//! What a person gets instead of an answer. When a business system fails, the host goes down a ladder and stops at the
//! first step that is there:
//!
//! 1. **cached**: the last good answer, with its age;
//! 2. **message**: what they want is taken down, and delivered to the helpdesk when that is back;
//! 3. **handoff**: a team gets the conversation now;
//! 4. **contact**: whom to call or write to.
//!
//! Here is the choice and its reason; finding the cached answer, keeping the message and opening the ticket are the
//! dispatcher's business, and so are the words. Three rules stand above every configuration:
//! - A write never gets a cached answer: it would tell of another one.
//! - A message is taken down only for a write that certainly did not happen, or for a read. When nobody knows, a person
//!   at the helpdesk would do it a second time.
//! - What is wrong with the request itself, and what is not found, is told plainly. No ladder: the system is well, and
//!   a message about an order that does not exist helps nobody.

use serde::{Deserialize, Serialize};

use crate::call::WriteOutcome;
use crate::failure::FailureKind;
use crate::intent::Effect;

/// What failed, as far as a fallback is concerned. Each problem code of the API is one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trouble {
    /// The request: malformed, not allowed, invalid, too large, refused by the vendor's rule, a duplicate or a
    /// conflict, and not found.
    Request,
    /// The system is down or out of reach.
    Unavailable,
    /// It did not answer in time.
    Timeout,
    /// Its budget is used up.
    RateLimited,
    /// The host is at its bound.
    Overloaded,
    /// It does not accept the credential.
    ReauthRequired,
    /// It refused for lack of permission.
    Denied,
    /// The connector broke.
    ConnectorFault,
    /// The system, or this connection, cannot do it.
    Unsupported,
    /// The host broke.
    Internal,
}

impl Trouble {
    /// Whether the same may work shortly.
    pub fn passes(self) -> bool {
        matches!(self, Trouble::Unavailable | Trouble::Timeout | Trouble::RateLimited | Trouble::Overloaded)
    }

    /// Whether a kept answer is still this user's to see. A credential that is no longer accepted, or a permission that
    /// is gone, may have been taken away on purpose.
    fn leaves_access(self) -> bool {
        !matches!(self, Trouble::ReauthRequired | Trouble::Denied)
    }
}

impl From<&FailureKind> for Trouble {
    fn from(kind: &FailureKind) -> Self {
        match kind {
            FailureKind::InvalidInput { .. }
            | FailureKind::NotFound
            | FailureKind::Duplicate { .. }
            | FailureKind::Conflict
            | FailureKind::Rejected { .. } => Trouble::Request,
            FailureKind::Denied => Trouble::Denied,
            FailureKind::ReauthRequired => Trouble::ReauthRequired,
            FailureKind::RateLimited { .. } => Trouble::RateLimited,
            FailureKind::Unavailable => Trouble::Unavailable,
            FailureKind::Timeout => Trouble::Timeout,
            FailureKind::Unsupported => Trouble::Unsupported,
            FailureKind::Internal => Trouble::ConnectorFault,
        }
    }
}

/// A step of the ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// The last good answer.
    Cached,
    /// Taken down for the helpdesk.
    Message,
    /// A team takes over.
    Handoff,
    /// Whom to call or write to.
    Contact,
}

/// The steps that an intent may use, in the order in which they are tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ladder(pub Vec<Step>);

impl Default for Ladder {
    fn default() -> Self {
        Ladder(vec![Step::Cached, Step::Message, Step::Handoff, Step::Contact])
    }
}

/// What there is to fall back on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Available {
    /// Age of a kept answer in milliseconds, if there is one that [`crate::freshness`] calls fresh or stale.
    pub cached_age_ms: Option<u64>,
    /// The helpdesk connection of this tenant.
    pub helpdesk: Helpdesk,
    /// Whether a contact is configured.
    pub contact: bool,
}

/// How a helpdesk stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Helpdesk {
    /// None is configured.
    #[default]
    Absent,
    /// Configured, and not answering: it can be written to later.
    Down,
    /// Answering.
    Up,
}

/// A call that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failed {
    /// What failed.
    pub trouble: Trouble,
    /// What the intent does.
    pub effect: Effect,
    /// What is known of a write.
    pub outcome: WriteOutcome,
}

/// Why a step was not taken. For the log and for tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Passed {
    /// A write gets no kept answer.
    IsWrite,
    /// No answer is kept, or it is too old.
    NothingKept,
    /// The user may no longer be allowed to see it.
    AccessInDoubt,
    /// The write may have happened: a person would do it again.
    MayBeApplied,
    /// No helpdesk is configured.
    NoHelpdesk,
    /// The helpdesk does not answer.
    HelpdeskDown,
    /// No contact is configured.
    NoContact,
}

/// What a person gets, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fallback {
    /// The step; `None` leaves the plain problem.
    pub step: Option<Step>,
    /// What made it necessary: the first half of the reason, and which words to say.
    pub trouble: Trouble,
    /// The steps above it and why each was passed: the other half.
    pub passed: Vec<(Step, Passed)>,
    /// What the person may choose instead, in the order of the ladder.
    pub choices: Vec<Choice>,
}

/// What a person may choose to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Choice {
    /// Ask again.
    Retry,
    /// Leave a message.
    Message,
    /// Speak to a team member.
    Handoff,
    /// See whom to call or write to.
    Contact,
}

impl Ladder {
    /// Chooses for one failed call.
    pub fn choose(&self, failed: &Failed, available: &Available) -> Fallback {
        let mut fallback = Fallback { step: None, trouble: failed.trouble, passed: Vec::new(), choices: Vec::new() };
        if failed.trouble == Trouble::Request {
            return fallback;
        }
        // Asking again is offered for what cannot be done twice by it.
        if failed.trouble.passes() && (failed.effect.is_read() || failed.outcome == WriteOutcome::None) {
            fallback.choices.push(Choice::Retry);
        }
        for step in &self.0 {
            match (obstacle(*step, failed, available), fallback.step) {
                (Some(why), None) => fallback.passed.push((*step, why)),
                (Some(_), Some(_)) => {}
                (None, None) => fallback.step = Some(*step),
                (None, Some(_)) => fallback.choices.extend(choice(*step)),
            }
        }
        fallback
    }
}

/// What stands against a step.
fn obstacle(step: Step, failed: &Failed, available: &Available) -> Option<Passed> {
    match step {
        Step::Cached if !failed.effect.is_read() => Some(Passed::IsWrite),
        Step::Cached if !failed.trouble.leaves_access() => Some(Passed::AccessInDoubt),
        Step::Cached => available.cached_age_ms.is_none().then_some(Passed::NothingKept),
        Step::Message if !failed.effect.is_read() && failed.outcome != WriteOutcome::None => Some(Passed::MayBeApplied),
        Step::Message => (available.helpdesk == Helpdesk::Absent).then_some(Passed::NoHelpdesk),
        Step::Handoff => match available.helpdesk {
            Helpdesk::Absent => Some(Passed::NoHelpdesk),
            Helpdesk::Down => Some(Passed::HelpdeskDown),
            Helpdesk::Up => None,
        },
        Step::Contact => (!available.contact).then_some(Passed::NoContact),
    }
}

/// A step as a choice; a kept answer is given, not offered.
fn choice(step: Step) -> Option<Choice> {
    match step {
        Step::Cached => None,
        Step::Message => Some(Choice::Message),
        Step::Handoff => Some(Choice::Handoff),
        Step::Contact => Some(Choice::Contact),
    }
}

#[cfg(test)]
mod tests;
