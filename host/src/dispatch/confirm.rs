//! Asks the person before something is done, and recognises their yes. Whether to ask and what a yes must match is
//! decided by `core::confirm`; here the question is put into words, the token sealed, and the yes used up.
//!
//! A yes is used up last: whatever refuses a call before that leaves the person's yes as it was.

use jackfield_core::confirm::{Claims, NotThis, Subject};
use jackfield_core::digest::Digest;
use jackfield_core::failure::FieldError;
use jackfield_core::port::{Bucket, Expect, StoreError};
use jackfield_render::RenderContext;
use jiff::Timestamp;

use super::Order;
use super::deadline::Budgeted;
use super::idempotency::{self, Begun, Claim, Unanswered};
use super::settle::{self, Pending};
use crate::admission::Vetted;
use crate::app::App;
use crate::error::{Code, Problem};
use crate::reply::Reply;
use crate::token_seal::{self, Purpose};

/// What comes of looking for a yes.
pub enum Consent {
    /// There is none, and one is needed: the question.
    Question(Box<Reply>),
    /// There is one, or none is needed.
    Given(Box<Agreed>),
}

/// A call that may be carried out.
pub struct Agreed {
    pub(super) unanswered: Unanswered,
    ticket: Option<Ticket>,
}

/// A yes that is to be used up.
#[derive(Clone, Copy)]
struct Ticket {
    digest: Digest,
    /// Milliseconds since the epoch.
    expires_ms: u64,
}

impl Agreed {
    /// A call to which the person said yes before: the yes was used up when it was accepted.
    pub(super) fn before(unanswered: Unanswered) -> Agreed {
        Agreed { unanswered, ticket: None }
    }

    /// The same, with its budget.
    pub(crate) fn budgeted(&self) -> &Budgeted {
        &self.unanswered.budgeted
    }

    /// What is to be carried out.
    pub(crate) fn vetted(&self) -> &Vetted {
        &self.budgeted().vetted
    }
}

/// A call with nothing left before the guest.
pub struct Ready {
    /// What the guest is run with.
    pub order: Order,
    /// The record that waits for the answer.
    pub claim: Option<Claim>,
}

impl Ready {
    /// A write that is on record.
    pub(super) fn claimed(budgeted: Budgeted, claim: Claim) -> Ready {
        Ready { order: Order::new(budgeted, claim.write().cloned()), claim: Some(claim) }
    }

    /// What is to be looked for if nobody hears its end.
    pub(crate) fn pending(&self) -> Option<Pending> {
        Pending::of(self.order.write.as_ref(), self.claim.as_ref().map(Claim::key))
    }
}

/// Looks for the person's yes where the intent's policy wants one.
///
/// # Errors
/// `invalid-input` on `/confirmation/token` when it is no yes to exactly this.
pub fn seek(app: &App, unanswered: Unanswered) -> Result<Consent, Problem> {
    let budgeted = &unanswered.budgeted;
    let vetted = &budgeted.vetted;
    match &vetted.admitted.confirmation {
        // Checked also where the policy has changed meanwhile: a token that is shown is used up.
        Some(token) => {
            let ticket = check(app, vetted, token, super::now_ms())?;
            Ok(Consent::Given(Box::new(Agreed { unanswered, ticket: Some(ticket) })))
        }
        None if vetted.intent.policy.confirm.asks(&vetted.input) => {
            Ok(Consent::Question(Box::new(question(app, budgeted)?)))
        }
        None => Ok(Consent::Given(Box::new(Agreed { unanswered, ticket: None }))),
    }
}

/// Uses the yes up: it counts once, on any host.
///
/// # Errors
/// `invalid-input` where it was used before; `unavailable` where the store cannot say.
pub async fn use_up(app: &App, begun: Begun) -> Result<Ready, Problem> {
    let Begun { agreed: Agreed { unanswered, ticket }, claim } = begun;
    let budgeted = unanswered.budgeted;
    if let Some(ticket) = ticket {
        let key = ticket.digest.to_string();
        let expires = ticket.expires_ms.to_string().into_bytes().into();
        let put = app.store.put(Bucket::Confirmations, &key, expires, Expect::Absent);
        let refused = match super::in_time(&budgeted.deadline, put).await {
            Ok(Ok(_)) => None,
            Ok(Err(StoreError::Conflict)) => Some(no_yes("was used before")),
            Ok(Err(why)) => Some(Problem::new(Code::Unavailable, format!("a confirmation counts once, and {why}"))),
            Err(late) => Some(late),
        };
        if let Some(problem) = refused {
            // Nothing was done, so the write may arrive again.
            if let Some(claim) = claim {
                idempotency::forget(app, claim).await;
            }
            return Err(problem);
        }
    }
    let is_read = budgeted.vetted.intent.spec.effect.is_read();
    let write = match &claim {
        Some(claim) => claim.write().cloned(),
        None if is_read => None,
        // Nothing tells it from another, but its connector can still find it again by a key that no other call has.
        None => {
            let key = ticket.map_or_else(|| idempotency::key_of_call(&budgeted), |ticket| ticket.digest);
            Some(settle::write(&budgeted, key.to_string()))
        }
    };
    Ok(Ready { order: Order::new(budgeted, write), claim })
}

fn question(app: &App, budgeted: &Budgeted) -> Result<Reply, Problem> {
    let vetted = &budgeted.vetted;
    let (spec, context) = (&vetted.intent.spec, &vetted.admitted.context);
    let now = Timestamp::now();
    let rendering = RenderContext { locale: &context.locale, time_zone: context.time_zone_name(), now };
    // From the very input that the token is bound to, and by the host: no connector words what a person agrees to.
    let text = app
        .renderer
        .question(&spec.name, &spec.title, &vetted.input, &rendering)
        .map_err(|error| Problem::new(Code::Internal, error.to_string()))?;
    let claims = Claims::new(&subject(vetted), super::now_ms(), vetted.intent.policy.confirm_ms, token_seal::nonce()?);
    let token = app.tokens.seal(app.vault().sealer().as_deref(), Purpose::Confirmation, &claims)?;
    let text = app.scrub(&text).into_owned();
    Ok(Reply::question(&budgeted.trace.call_id, &vetted.connection, text, token, claims.expires_ms()))
}

fn check(app: &App, vetted: &Vetted, token: &str, now_ms: u64) -> Result<Ticket, Problem> {
    let claims: Claims = app
        .tokens
        .open(app.vault().sealer().as_deref(), Purpose::Confirmation, token)
        .ok_or_else(|| no_yes("is not one of this host"))?;
    claims.check(&subject(vetted), now_ms).map_err(|why| no_yes(sentence(why)))?;
    Ok(Ticket { digest: claims.ticket(), expires_ms: claims.expires_ms() })
}

/// For the bot's developer. Whoever shows another's token learns that it is not theirs, and nothing more.
fn sentence(why: NotThis) -> &'static str {
    match why {
        NotThis::Caller | NotThis::Tenant => "is not one of this host",
        NotThis::User => "was given for another user",
        NotThis::Intent => "was given for another intent",
        NotThis::Connection => "was given for another connection",
        NotThis::Input => "was given for another input",
        NotThis::Expired => "has expired",
    }
}

fn no_yes(detail: &str) -> Problem {
    let wrong = FieldError { pointer: "/confirmation/token".to_owned(), detail: detail.to_owned() };
    Problem::invalid(vec![wrong]).saying("That confirmation doesn't count any more. Shall I ask you again?")
}

fn subject(vetted: &Vetted) -> Subject<'_> {
    let admitted = &vetted.admitted;
    Subject {
        caller: &admitted.caller.name,
        tenant: &admitted.caller.tenant,
        user: admitted.context.user.as_ref().map(|user| user.id.as_str()),
        intent: &vetted.intent.spec.name,
        connection: &vetted.connection.name,
        input: &vetted.input,
    }
}
