//! The life of a request, top to bottom. Each stage takes the value of the one before it, and only that stage can
//! make it: a stage cannot be skipped.

use std::sync::Arc;
use std::time::Instant;

use jackfield_core::call::WriteGate;
use jackfield_core::idempotency::Answer;

use crate::admission::{self, Caller, Received};
use crate::app::App;
use crate::calls::{self, Job, Request, Running, Stages};
use crate::dispatch::confirm::{self, Agreed, Consent, Ready};
use crate::dispatch::fresh::{self, Inquiry, Wake};
use crate::dispatch::idempotency::{self, Before, Resumed, Seen};
use crate::dispatch::{self, Order, deadline};
use crate::ending::Ending;
use crate::error::Problem;
use crate::fallback::{self, Case};
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

/// What came of a call whose answer may come later.
pub enum Accepted {
    /// It is answered already.
    Now(Answered),
    /// It is carried out, whoever waits for it.
    Later(Arc<Running>),
}

/// Answers one intent to a caller who waits for it.
///
/// # Errors
/// The problem to tell the caller, with the id of the call.
pub async fn answer(
    app: &Arc<App>,
    caller: Arc<Caller>,
    received: Received<'_>,
    trace: &Trace,
) -> Result<Answered, Problem> {
    let mut course = Course { app, trace, began: Instant::now(), case: None };
    let answered = async {
        match check(caller, received, &mut course).await? {
            Passed::Answered(answered) => Ok(answered),
            Passed::Agreed(agreed, case) => {
                let reply = match Inquiry::of(app, agreed.budgeted()) {
                    // Before the guest, but after every check: what is kept, or what others are asking, answers this too.
                    Some(inquiry) => {
                        let answered = fresh::answer(app, &inquiry, *agreed, fetch).await;
                        // When no more can be learnt: something that is better than a problem.
                        fallback::soften(app, &case, Some(&inquiry), &WriteGate::default(), answered).await?
                    }
                    // From here on a write goes on without its caller.
                    None => dispatch::see_through(app, *agreed, |app, agreed| carry_out(app, agreed, case)).await?,
                };
                Ok(Answered::Now(Box::new(reply)))
            }
        }
    };
    let answered = answered.await.map_err(|problem| course.said(problem));
    course.ended(match &answered {
        Ok(answered) => answered.outcome(),
        Err(problem) => problem.code.as_str(),
    });
    answered
}

/// Accepts one intent whose answer is asked for later. What can be refused is refused here, before anything is promised.
///
/// # Errors
/// The problem to tell the caller, with the id of the call.
pub async fn accept(
    app: &Arc<App>,
    caller: Arc<Caller>,
    received: Received<'_>,
    trace: &Trace,
) -> Result<Accepted, Problem> {
    let mut course = Course { app, trace, began: Instant::now(), case: None };
    let accepted = async {
        match check(caller, received, &mut course).await? {
            Passed::Answered(answered) => Ok(Accepted::Now(answered)),
            // From here on the call goes on without its caller, and without this process.
            Passed::Agreed(agreed, case) => {
                let request = Request::of(&received, trace.traceparent.as_deref());
                calls::accept(app, *agreed, case, request, Stages { commit, perform }).await.map(Accepted::Later)
            }
        }
    };
    let accepted = accepted.await.map_err(|problem| course.said(problem));
    match &accepted {
        Ok(Accepted::Now(answered)) => course.ended(answered.outcome()),
        // It is counted at its end.
        Ok(Accepted::Later(_)) => {}
        Err(problem) => course.ended(problem.code.as_str()),
    }
    accepted
}

/// Takes a call up that another process accepted: the same stages with a fresh budget, but for those that looked for an
/// earlier answer and for a yes. They were passed when it was accepted.
///
/// # Errors
/// What refuses it now, since the configuration may have changed; `timeout` of unknown outcome for a write that had begun.
pub(crate) async fn take_up(app: &Arc<App>, call_id: &str, job: &Job) -> Result<Resumed, Problem> {
    let trace = Trace::of_call(call_id, job.request.traceparent());
    let mut case = None;
    let resumed = async {
        let mut admitted = app.admission.readmit(&job.owner.caller, &job.owner.tenant, job.request.received()).await?;
        // Who was asked then is asked now, whatever the routes say.
        admitted.connection = Some(job.connection.clone());
        let routed = route::choose(&app.registry, admitted)?;
        let vetted = admission::vet(routed)?;
        let case = case.insert(Case::of(app, &vetted, &trace));
        let budgeted = deadline::start(vetted, &trace)?;
        // The record of a write knows how far it came. What has begun is not begun again.
        let before = Before { mark: job.mark, begun: job.begun };
        Ok(match idempotency::resume(app, budgeted, before).await? {
            Resumed::Answered(answer) => Resumed::Answered(fallback::renew(app, case, answer)),
            resumed => resumed,
        })
    };
    resumed.await.map_err(|problem| fallback::offer(app, case.as_ref(), job.at_worst(problem)))
}

/// What the stages leave that can refuse a call without having done anything.
enum Passed {
    /// It is answered.
    Answered(Answered),
    /// It may be carried out, and there is this to fall back on.
    Agreed(Box<Agreed>, Arc<Case>),
}

async fn check(caller: Arc<Caller>, received: Received<'_>, course: &mut Course<'_>) -> Result<Passed, Problem> {
    let (app, trace) = (course.app, course.trace);
    // First of all, since it is cheap and since nothing behind it should run for a stranger: scope, room, envelope.
    let admitted = app.admission.admit(caller, received)?;
    // Before validation: the region for phone numbers and a connector's own schemas hang on the connection.
    let routed = route::choose(&app.registry, admitted)?;
    // Bad input ends here; no guest ever sees it.
    let vetted = admission::vet(routed)?;
    // Whatever fails from here on, there may be something else for the person.
    let case = course.case.insert(Arc::new(Case::of(app, &vetted, trace)));
    // One budget for all that follows. It began with the request, so that what admission took is spent.
    let budgeted = deadline::start(vetted, trace)?;
    // Before anybody is asked anything: a write that arrives again gets the answer that it got.
    let unanswered = match idempotency::look(app, budgeted).await? {
        Seen::Before(answer) => return Ok(Passed::Answered(Answered::Before(fallback::renew(app, case, answer)))),
        Seen::New(unanswered) => unanswered,
    };
    // Of the validated input, since a person says yes to exactly that.
    match confirm::seek(app, *unanswered)? {
        Consent::Question(question) => Ok(Passed::Answered(Answered::Now(question))),
        Consent::Given(agreed) => Ok(Passed::Agreed(agreed, case.clone())),
    }
}

/// The stages that a write goes through to their end, whoever waits for it.
async fn carry_out(app: Arc<App>, agreed: Agreed, case: Arc<Case>) -> Result<Reply, Problem> {
    let ready = commit(app.clone(), agreed).await?;
    let (order, ending) = Ending::of(&app, ready, case);
    let answered = perform(app.clone(), order).await;
    ending.reach(&app, answered).await
}

/// The last that can refuse a call, and the first that leaves a trace of it.
async fn commit(app: Arc<App>, agreed: Agreed) -> Result<Ready, Problem> {
    // Durable before the guest runs: whoever finds the record does not write a second time.
    let begun = idempotency::begin(&app, agreed).await?;
    // Last of all checks, so that no refusal costs the person their yes.
    confirm::use_up(&app, begun).await
}

/// What is done in the business system, and what is said of it.
pub(crate) async fn perform(app: Arc<App>, order: Order) -> Result<Reply, Problem> {
    if let Some(inquiry) = Inquiry::of(&app, order.budgeted()) {
        let (voice, own) = (order.voice(), app.clone());
        // What is kept, or what others are asking, answers this too; and what is asked now may answer others.
        return fresh::share(&app, &inquiry, &voice, || async move {
            let dispatched = dispatch::run(&own, order).await?;
            reply::check(&own, dispatched)
        })
        .await;
    }
    let wake = Wake::of(&app, &order);
    let answered = async {
        // The guest runs, within the deadline and the budgets; each of its requests passes grant and egress.
        let dispatched = dispatch::run(&app, order).await?;
        // Since an answer is as untrusted as the guest: schema, scrub, mask, then words for the user.
        reply::make(&app, dispatched)
    };
    // Before anybody hears of it: who reads after a write must not be told what was before.
    match answered.await {
        Ok((reply, touched)) => {
            wake.done(touched);
            Ok(reply)
        }
        Err(problem) => {
            wake.failed(problem.outcome);
            Err(problem)
        }
    }
}

/// The same for a read that may be one for many: everything but the words, which are each caller's own. A read has no
/// record and no yes to use up, so the stages before the guest only hand it on.
async fn fetch(app: Arc<App>, agreed: Agreed) -> Result<Checked, Problem> {
    let Ready { order, .. } = commit(app.clone(), agreed).await?;
    let dispatched = dispatch::run(&app, order).await?;
    reply::check(&app, dispatched)
}

impl Answered {
    fn outcome(&self) -> &'static str {
        match self {
            Answered::Now(reply) => reply.status.as_str(),
            Answered::Before(_) => "replayed",
        }
    }
}

/// What is known of a request by now: for the counters, and for what there may be instead of an answer.
struct Course<'a> {
    app: &'a Arc<App>,
    trace: &'a Trace,
    began: Instant,
    /// Once connection and intent are known to be ours: a caller cannot make labels.
    case: Option<Arc<Case>>,
}

impl Course<'_> {
    /// What went wrong is said with what would work now.
    fn said(&self, problem: Problem) -> Problem {
        fallback::offer(self.app, self.case.as_deref(), problem).of_call(&self.trace.call_id)
    }

    fn ended(self, outcome: &'static str) {
        let metrics = &self.app.metrics;
        match self.case {
            Some(case) => {
                metrics.called(&case.connection().name, &case.intent().name, outcome, self.began.elapsed());
            }
            None => metrics.refused(outcome),
        }
    }
}
