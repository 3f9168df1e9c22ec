//! Accepts a call for good, carries it out on a task of its own, and calls it off. The order of the records is what
//! matters here: what is owed is durable before anybody is told that it was accepted, that a write has begun is durable
//! before its guest runs, and the answer is durable before what was owed is crossed off.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jackfield_core::idempotency::Answer;
use jackfield_core::port::Expect;

use super::record::{End, Ended, Job, Request, VERSION, View, working};
use super::{Owner, Running};
use crate::app::App;
use crate::dispatch::confirm::{Agreed, Ready};
use crate::dispatch::envelope::Unkept;
use crate::dispatch::idempotency::{self, Claim, answer_of, known_by_call};
use crate::dispatch::{AbortOnDrop, Order, broke_off, overdue};
use crate::ending::Ending;
use crate::error::{Code, Problem};
use crate::fallback::{self, Case};
use crate::policy::Sentence;
use crate::reply::Reply;

/// The stages of the pipeline that an accepted call goes through.
pub(crate) struct Stages<C, P> {
    /// Puts the write on record and uses the person's yes up: the last that can refuse it.
    pub(crate) commit: C,
    /// Runs the guest and makes the reply.
    pub(crate) perform: P,
}

/// How often, and after which waits, the store is asked to take an answer before whoever watches hears it all the same.
const KEEP_WAITS: [Duration; 3] = [Duration::ZERO, Duration::from_millis(50), Duration::from_millis(150)];

/// And after which waits from then on, before it is left to whoever takes the call up.
const LATER_WAITS: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(30)];

/// How long a caller who calls something off waits for its end.
const CANCEL_MAX: Duration = Duration::from_secs(5);

/// Accepts a call: from here on it is answered, whoever waits for it and whatever becomes of this process.
///
/// # Errors
/// What refuses it, as plainly as a call that is held; `rate-limited` or `overloaded` where as many are kept as may be;
/// `unavailable` where the store does not take it.
pub(crate) async fn accept<C, CF, P, PF>(
    app: &Arc<App>,
    agreed: Agreed,
    case: Arc<Case>,
    request: Request,
    stages: Stages<C, P>,
) -> Result<Arc<Running>, Problem>
where
    C: FnOnce(Arc<App>, Agreed) -> CF + Send + 'static,
    CF: Future<Output = Result<Ready, Problem>> + Send,
    P: FnOnce(Arc<App>, Order) -> PF + Send + 'static,
    PF: Future<Output = Result<Reply, Problem>> + Send + 'static,
{
    let owner = Owner::of(&agreed.vetted().admitted.caller);
    let tag = owner.tag();
    app.calls.kept.add(&tag)?;
    let app = app.clone();
    // On a task of its own: whoever asks may go away at any moment, and half an acceptance is none.
    let accepting = tokio::spawn(async move {
        let accepted = owe(&app, owner, agreed, case, request, stages).await;
        if accepted.is_err() {
            app.calls.kept.remove(&tag);
        }
        accepted
    });
    accepting.await.unwrap_or_else(|error| Err(Problem::new(Code::Internal, format!("accepting it ended: {error}"))))
}

async fn owe<C, CF, P, PF>(
    app: &Arc<App>,
    owner: Owner,
    agreed: Agreed,
    case: Arc<Case>,
    request: Request,
    stages: Stages<C, P>,
) -> Result<Arc<Running>, Problem>
where
    C: FnOnce(Arc<App>, Agreed) -> CF,
    CF: Future<Output = Result<Ready, Problem>>,
    P: FnOnce(Arc<App>, Order) -> PF + Send + 'static,
    PF: Future<Output = Result<Reply, Problem>> + Send + 'static,
{
    // Before anything names this host: what is owed by a host that never showed itself would be taken up at once.
    app.calls.show_life().await.map_err(not_accepted)?;
    let ready = (stages.commit)(app.clone(), known_by_call(agreed)).await?;
    let vetted = ready.order.vetted();
    let job = Job {
        version: VERSION,
        owner: owner.clone(),
        request,
        connection: vetted.connection.name.to_string(),
        is_read: vetted.intent.spec.effect.is_read(),
        text: ready.order.voice().say(Sentence::Progress).to_owned(),
        host: app.calls.host.clone(),
        runs: 1,
        mark: ready.claim.as_ref().map(Claim::mark),
        begun: false,
    };
    let running = running(&ready.order, &job);
    // Before its record is there, so that nobody of this process takes it for one that was left behind.
    app.calls.begin(running.clone());
    match app.calls.book().put_job(&running.call_id, &job, Expect::Absent).await {
        Ok(revision) => {
            start(app, &running, Owed { job, revision }, ready, case, stages.perform);
            Ok(running)
        }
        Err(why) => {
            app.calls.end(&running.call_id);
            if let Some(claim) = ready.claim {
                idempotency::forget(app, claim).await;
            }
            Err(not_accepted(why))
        }
    }
}

fn not_accepted(why: Unkept) -> Problem {
    match why {
        Unkept::Busy => Problem::new(Code::Overloaded, "the store is behind").retry_after(1_000),
        why => Problem::new(Code::Unavailable, format!("a call that is answered later needs a record: {why}")),
    }
}

/// A record of what is owed, and which one it is.
pub(super) struct Owed {
    pub(super) job: Job,
    pub(super) revision: u64,
}

/// An accepted call as this process knows it.
pub(super) fn running(order: &Order, job: &Job) -> Arc<Running> {
    let key = job.mark.map(|mark| mark.key);
    Arc::new(Running::new(order.trace().call_id.clone(), job.owner.clone(), key, job.is_read, order.voice()))
}

/// Starts the one task that carries a call out.
pub(super) fn start<P, PF>(
    app: &Arc<App>,
    running: &Arc<Running>,
    owed: Owed,
    ready: Ready,
    case: Arc<Case>,
    perform: P,
) where
    P: FnOnce(Arc<App>, Order) -> PF + Send + 'static,
    PF: Future<Output = Result<Reply, Problem>> + Send + 'static,
{
    let ready = Ready { order: ready.order.behind(running.gate.clone()), ..ready };
    let (order, ending) = Ending::of(app, ready, case);
    let task = tokio::spawn(see_to_its_end(app.clone(), running.clone(), owed, order, ending, perform));
    running.carried_by(task.abort_handle());
}

async fn see_to_its_end<P, PF>(
    app: Arc<App>,
    running: Arc<Running>,
    owed: Owed,
    order: Order,
    ending: Ending,
    perform: P,
) where
    P: FnOnce(Arc<App>, Order) -> PF + Send + 'static,
    PF: Future<Output = Result<Reply, Problem>> + Send + 'static,
{
    let Owed { mut job, revision } = owed;
    let case = ending.case().clone();
    let began = Instant::now();
    let mut refused = None;
    if !job.is_read {
        job.begun = true;
        match app.calls.book().put_job(&running.call_id, &job, Expect::Revision(revision)).await {
            Ok(_) => {}
            // Another host took it up, since this one seemed dead. It answers.
            Err(Unkept::Conflict) => return app.calls.end(&running.call_id),
            Err(why) => refused = Some(not_accepted(why)),
        }
    }
    let answered = match refused {
        Some(problem) => Some(Err(problem)),
        None => carry_out(&app, &running, order, perform).await,
    };
    let (end, outcome, claim) = match answered {
        Some(answered) => {
            // Before anybody hears it.
            let answered = ending.reach(&app, answered).await;
            // What went wrong is said with what would work now.
            let said = |problem| fallback::offer(&app, Some(&case), running.voice().put(problem));
            let answered = answered.map_err(said);
            let outcome = match &answered {
                Ok(reply) => reply.status.as_str(),
                Err(problem) => {
                    // The private side of it: no line of the access log tells of an answer that nobody waited for.
                    let (call_id, connection, intent) =
                        (&running.call_id, &case.connection().name, &case.intent().spec.name);
                    tracing::info!(%call_id, %connection, intent, %problem, "an accepted call failed");
                    problem.code.as_str()
                }
            };
            (End::Answered { answer: answer_of(&answered) }, outcome, None)
        }
        None => (
            End::Cancelled { text: running.voice().say(Sentence::Cancelled).to_owned() },
            "cancelled",
            ending.into_claim(),
        ),
    };
    app.metrics.called(&case.connection().name, &case.intent().name, outcome, began.elapsed());
    close(&app, &running.call_id, Ended::new(job.owner, end), Some(&running)).await;
    // Last: were this host to die in between, what was called off must not be found as never begun.
    if let Some(claim) = claim {
        idempotency::forget(&app, claim).await;
    }
}

/// Runs the guest on a task of its own, says when it takes longer, and ends it at its deadline. Nothing when it was
/// called off.
async fn carry_out<P, PF>(app: &Arc<App>, running: &Running, order: Order, perform: P) -> Option<Result<Reply, Problem>>
where
    P: FnOnce(Arc<App>, Order) -> PF,
    PF: Future<Output = Result<Reply, Problem>> + Send + 'static,
{
    let deadline = order.deadline();
    let mut task = tokio::spawn(perform(app.clone(), order));
    let _guard = AbortOnDrop(task.abort_handle());
    let mut progress = deadline.progress();
    loop {
        let due = progress.unwrap_or_else(|| deadline.end());
        tokio::select! {
            biased;
            () = running.until_withdrawn() => {
                task.abort();
                // Until guest and upstream are let go of.
                let _ = (&mut task).await;
                return None;
            }
            joined = &mut task => {
                return Some(joined.unwrap_or_else(|error| Err(broke_off(&error, running.is_read()))));
            }
            () = tokio::time::sleep_until(deadline.end().into()) => return Some(Err(overdue(running.is_read()))),
            () = tokio::time::sleep_until(due.into()), if progress.is_some() => {
                running.progress();
                progress = None;
            }
        }
    }
}

/// Keeps the answer, tells whoever watches, and crosses off what was owed.
pub(super) async fn close(app: &App, id: &str, ended: Ended, running: Option<&Running>) {
    let book = app.calls.book();
    let key = Ended::key(id, &ended.owner);
    let mut ended = Arc::new(ended);
    let mut kept = Err(Unkept::Conflict);
    for (at, wait) in KEEP_WAITS.iter().chain(&LATER_WAITS).enumerate() {
        if at == KEEP_WAITS.len()
            && let Some(running) = running
        {
            // It is true whether or not the store takes it.
            running.publish(ended.clone());
        }
        tokio::time::sleep(*wait).await;
        kept = book.put_ended(&key, &ended, Expect::Absent).await.map(drop);
        match &kept {
            Ok(()) => break,
            // It was answered elsewhere: one call has one answer.
            Err(Unkept::Conflict) => {
                if let Ok(Some((theirs, _))) = book.ended(&key).await {
                    ended = Arc::new(theirs);
                }
                kept = Ok(());
                break;
            }
            Err(_) => {}
        }
    }
    if let Some(running) = running {
        running.publish(ended);
    }
    let crossed_off = match kept {
        Ok(()) => book.delete_job(id).await,
        Err(why) => Err(why),
    };
    if let Err(error) = crossed_off {
        tracing::error!(call_id = id, %error, "a call is answered, and that is not on record: it is taken up again");
    }
    app.calls.end(id);
}

/// Keeps an answer that was there at once, such as a question to the user, so that it can be asked for like any other.
/// Whoever asked hears it whether or not it is kept.
pub(crate) async fn answered_at_once(app: &App, owner: Owner, reply: &Reply) -> View {
    let id = reply.call_id.clone();
    let (key, tag) = (Ended::key(&id, &owner), owner.tag());
    let answer = Answer { status: 200, body: String::from_utf8_lossy(&reply.to_json()).into_owned() };
    let ended = Ended::new(owner, End::Answered { answer });
    if app.calls.kept.add(&tag).is_ok()
        && let Err(error) = app.calls.book().put_ended(&key, &ended, Expect::Absent).await
    {
        app.calls.kept.remove(&tag);
        tracing::warn!(call_id = id, %error, "an answer cannot be asked for again");
    }
    View::Ended(Arc::new(ended))
}

/// Calls a call off. A read ends at once, guest and upstream included; so does a write of which nothing has left. One
/// that has begun goes on, and the answer says so. Asking twice changes nothing.
///
/// # Errors
/// As for looking at it.
pub(crate) async fn cancel(app: &App, owner: &Owner, id: &str) -> Result<serde_json::Value, Problem> {
    let view = app.calls.look(owner, id).await?;
    let View::Working { text, running, .. } = &view else { return Ok(view.shown(id)) };
    let Some(running) = running else { return Ok(working(id, text)) };
    if !running.withdraw() {
        return Ok(working(id, running.voice().say(Sentence::Begun)));
    }
    let mut watch = running.watch();
    // What does not end by then is still told truly: as working.
    let _ = tokio::time::timeout(CANCEL_MAX, watch.wait_for(|stage| stage.ended.is_some())).await;
    Ok(View::of_running(running).shown(id))
}
