//! The life of a request, top to bottom. Each stage takes the value of the one before it, and only that stage can
//! make it: a stage cannot be skipped.

use std::sync::Arc;
use std::time::Instant;

use jackfield_core::idempotency::Answer;

use crate::admission::{self, Caller, Received};
use crate::app::App;
use crate::dispatch::confirm::{self, Agreed, Consent, Ready};
use crate::dispatch::degrade::{self, Standby};
use crate::dispatch::fresh::{self, Wake};
use crate::dispatch::idempotency::{self, Seen};
use crate::dispatch::{self, deadline};
use crate::error::Problem;
use crate::reply::{self, Checked, Reply};
use crate::route;
use crate::trace::Trace;

/// How a call was answered.
#[derive(Debug)]
pub enum Answered {
    /// Now: by the business system, or with a question to the user.
    Now(Box<Reply>),
    /// As it was answered the first time.
    Before(Answer),
}

/// Answers one intent.
///
/// # Errors
/// The problem to tell the caller, with the id of the call.
pub async fn answer(
    app: &Arc<App>,
    caller: Arc<Caller>,
    received: Received<'_>,
    trace: &Trace,
) -> Result<Answered, Problem> {
    let mut counted = Counted { app, began: Instant::now(), of: None };
    let answered = async {
        // First of all, since it is cheap and since nothing behind it should run for a stranger: scope, room, envelope.
        let admitted = app.admission.admit(caller, received)?;
        // Before validation: the region for phone numbers and a connector's own schemas hang on the connection.
        let routed = route::choose(&app.registry, admitted)?;
        // Bad input ends here; no guest ever sees it.
        let vetted = admission::vet(routed)?;
        counted.of = Some((vetted.connection.name.clone(), vetted.intent.spec.name.clone()));
        // One budget for all that follows. It began with the request, so that what admission took is spent.
        let budgeted = deadline::start(vetted, trace)?;
        // Before anybody is asked anything: a write that arrives again gets the answer that it got.
        let unanswered = match idempotency::look(app, budgeted).await? {
            Seen::Before(answer) => return Ok(Answered::Before(answer)),
            Seen::New(unanswered) => unanswered,
        };
        // Of the validated input, since a person says yes to exactly that.
        let agreed = match confirm::seek(app, *unanswered)? {
            Consent::Question(question) => return Ok(Answered::Now(question)),
            Consent::Given(agreed) => agreed,
        };
        // While the call is still there: what is said instead of an answer if the system fails.
        let standby = Standby::of(app, &agreed);
        let answered = match standby.inquiry() {
            // Before the guest, but after every check: what is kept, or what others are asking, answers this too.
            Some(inquiry) => fresh::answer(app, inquiry, *agreed, fetch).await,
            // From here on a write goes on without its caller.
            None => dispatch::see_through(app, *agreed, carry_out).await,
        };
        // Last of all, when no more can be learnt: something that is better than a problem.
        degrade::soften(app, &standby, answered).map(|reply| Answered::Now(Box::new(reply)))
    };
    let answered = answered.await.map_err(|problem| problem.of_call(&trace.call_id));
    counted.ended(match &answered {
        Ok(Answered::Now(reply)) => reply.status.as_str(),
        Ok(Answered::Before(_)) => "replayed",
        Err(problem) => problem.code.as_str(),
    });
    answered
}

/// The stages that a write goes through to their end, whoever waits for it.
async fn carry_out(app: Arc<App>, agreed: Agreed) -> Result<Reply, Problem> {
    // Durable before the guest runs: whoever finds the record does not write a second time.
    let begun = idempotency::begin(&app, agreed).await?;
    // Last of all checks, so that no refusal costs the person their yes.
    let Ready { order, claim } = confirm::use_up(&app, begun).await?;
    let wake = Wake::of(&app, &order);
    let answered = async {
        // The guest runs, within the deadline and the budgets; each of its requests passes grant and egress.
        let dispatched = dispatch::run(&app, order).await?;
        // Since an answer is as untrusted as the guest: schema, scrub, mask, then words for the user.
        reply::make(&app, dispatched)
    };
    // Before anybody hears of it: who reads after a write must not be told what was before.
    let answered = match answered.await {
        Ok((reply, touched)) => {
            wake.done(touched);
            Ok(reply)
        }
        Err(problem) => {
            wake.failed(problem.outcome);
            Err(problem)
        }
    };
    // Before the caller hears it: what was heard once can be heard again.
    idempotency::keep(&app, claim, answered).await
}

/// The same for a read that may be one for many: everything but the words, which are each caller's own. A read has no
/// record and no yes to use up, so these two stages only hand it on.
async fn fetch(app: Arc<App>, agreed: Agreed) -> Result<Checked, Problem> {
    let begun = idempotency::begin(&app, agreed).await?;
    let Ready { order, .. } = confirm::use_up(&app, begun).await?;
    let dispatched = dispatch::run(&app, order).await?;
    reply::check(&app, dispatched)
}

/// What the counters are told of a request.
struct Counted<'a> {
    app: &'a App,
    began: Instant,
    /// Connection and intent, once they are known to be ours: a caller cannot make labels.
    of: Option<(Arc<str>, String)>,
}

impl Counted<'_> {
    fn ended(self, outcome: &'static str) {
        match self.of {
            Some((connection, intent)) => self.app.metrics.called(&connection, &intent, outcome, self.began.elapsed()),
            None => self.app.metrics.refused(outcome),
        }
    }
}
