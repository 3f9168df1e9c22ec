//! Carries a vetted request out: once, with the person's yes where one is needed, and in time. [`run`] is the guest in
//! its sandbox; [`deadline`], [`idempotency`], [`confirm`] and [`fresh`] are what stands before it, and [`settle`] is what
//! comes after a write whose end nobody heard. What comes after any other failure is the business of `fallback`.

use std::sync::Arc;

use jackfield_core::call::{Call, CallContext, WriteGate, WriteOutcome};
use jackfield_core::deadline::Deadline;
use jackfield_core::failure::{Failure, FailureKind, FieldError};
use jackfield_core::settle::Write;
use jackfield_sandbox::{Completed, Ended, Fault, Invocation, Usage};
use jiff::Timestamp;
use serde_json::Value;

use crate::admission::{Context, Vetted};
use crate::app::App;
use crate::error::{Code, Problem};
use crate::health;
use crate::policy::Sentence;
use crate::registry::{Connection, Intent};
use crate::reply::Reply;
use crate::trace::Trace;

pub mod confirm;
pub mod deadline;
pub mod envelope;
pub mod fresh;
pub mod idempotency;
pub mod settle;

use confirm::Agreed;
use deadline::Budgeted;

/// How long a caller is told to wait for a place in the sandbox, in milliseconds.
const FULL_RETRY_MS: u32 = 1_000;

/// What the guest is run with: nothing is left to check.
pub struct Order {
    budgeted: Budgeted,
    /// Where it writes: what it takes to find that again, with the key that the connector gets. None for a read.
    write: Option<Write>,
    /// Where it can still be taken back.
    gate: WriteGate,
}

impl Order {
    fn new(budgeted: Budgeted, write: Option<Write>) -> Order {
        Order { budgeted, write, gate: WriteGate::default() }
    }

    /// The same, as one that can be taken back for as long as nothing was written.
    pub(crate) fn behind(self, gate: WriteGate) -> Order {
        Order { gate, ..self }
    }

    /// What is carried out, with its input.
    pub(crate) fn vetted(&self) -> &Vetted {
        &self.budgeted.vetted
    }

    /// The same, with its budget.
    pub(crate) fn budgeted(&self) -> &Budgeted {
        &self.budgeted
    }

    /// Where it can still be taken back.
    pub(crate) fn gate(&self) -> &WriteGate {
        &self.gate
    }

    /// When it ends.
    pub(crate) fn deadline(&self) -> Deadline {
        self.budgeted.deadline
    }

    /// The ids of its request.
    pub(crate) fn trace(&self) -> &Trace {
        &self.budgeted.trace
    }

    /// How its problems are said.
    pub(crate) fn voice(&self) -> Voice {
        Voice::of(&self.budgeted)
    }
}

/// What the guest answered, still untrusted.
pub struct Dispatched {
    /// For the reply.
    pub call_id: Arc<str>,
    /// Who answered.
    pub connection: Arc<Connection>,
    /// What was asked.
    pub intent: Arc<Intent>,
    /// Normalised and valid: what the guest was given.
    pub input: Value,
    /// JSON text, as the guest made it.
    pub output: String,
    /// Language and zone for the text.
    pub context: Context,
    /// When the answer was made.
    pub fetched_at: Timestamp,
    /// What it took.
    pub usage: Usage,
}

/// Sees a call through on a task of its own, and answers by the deadline whatever that task does.
///
/// A read ends with the caller's interest in it. A write goes on: half of one helps nobody, and its answer is kept for
/// the next time that it is asked for.
///
/// # Errors
/// That of the work; `timeout` when it did not end.
pub async fn see_through<W>(
    app: &Arc<App>,
    agreed: Agreed,
    work: impl FnOnce(Arc<App>, Agreed) -> W,
) -> Result<Reply, Problem>
where
    W: Future<Output = Result<Reply, Problem>> + Send + 'static,
{
    let voice = Voice::of(agreed.budgeted());
    carried(app, agreed, work).await.map_err(|problem| voice.put(problem))
}

/// The same for any work, with its problem as it came.
async fn carried<T, W>(app: &Arc<App>, agreed: Agreed, work: impl FnOnce(Arc<App>, Agreed) -> W) -> Result<T, Problem>
where
    T: Send + 'static,
    W: Future<Output = Result<T, Problem>> + Send + 'static,
{
    let budgeted = agreed.budgeted();
    let (is_read, deadline) = (budgeted.vetted.intent.spec.effect.is_read(), budgeted.deadline);
    let mut task = tokio::spawn(work(app.clone(), agreed));
    let guard = is_read.then(|| AbortOnDrop(task.abort_handle()));
    let answered = match tokio::time::timeout_at(deadline.end().into(), &mut task).await {
        Ok(joined) => joined.unwrap_or_else(|error| Err(broke_off(&error, is_read))),
        Err(_) => Err(overdue(is_read)),
    };
    drop(guard);
    answered
}

/// A call whose task ended without an answer.
pub(crate) fn broke_off(error: &tokio::task::JoinError, is_read: bool) -> Problem {
    Problem::new(Code::Internal, format!("the call's task ended early: {error}")).outcome(at_worst(is_read))
}

/// A call whose task did not end by its deadline.
pub(crate) fn overdue(is_read: bool) -> Problem {
    Problem::new(Code::Timeout, "the call's task did not end in time").outcome(at_worst(is_read))
}

/// What is known of a call that ended without a word.
fn at_worst(is_read: bool) -> WriteOutcome {
    if is_read { WriteOutcome::None } else { WriteOutcome::Unknown }
}

/// Runs the guest.
///
/// # Errors
/// The guest's failure, or its fault.
pub async fn run(app: &Arc<App>, order: Order) -> Result<Dispatched, Problem> {
    let Order { budgeted: Budgeted { vetted, deadline, trace }, write, gate } = order;
    // `admitted` stays to the end: its places in the bounds are taken for as long as the guest runs.
    let Vetted { admitted, connection, intent, input } = vetted;
    let context = CallContext {
        call_id: trace.call_id.clone(),
        connection: connection.name.clone(),
        tenant: connection.tenant.clone(),
        deadline: deadline.work_end(),
        user: admitted.context.user.clone().map(Arc::new),
        traceparent: trace.traceparent.clone(),
        ancestors: Arc::new([]),
        gate,
    };
    let now = Timestamp::now();
    let call = Call {
        intent: intent.spec.name.clone(),
        input: input.to_string(),
        settings: connection.settings.clone(),
        user: admitted.context.user.clone(),
        locale: admitted.context.locale.clone(),
        time_zone: admitted.context.time_zone_name().to_owned(),
        // A look at it afterwards is told the very same.
        now_ms: write.as_ref().map_or_else(now_ms, |write| write.began_ms),
        idempotency_key: write.map(|write| write.guest_key),
    };
    let (output, usage) = execute(app, &connection, call, context).await?;
    Ok(Dispatched {
        call_id: trace.call_id,
        connection,
        intent,
        input,
        output,
        context: admitted.context.clone(),
        fetched_at: now,
        usage,
    })
}

/// One call of one guest, for a caller as for a connector that asks another.
///
/// # Errors
/// The guest's failure, scrubbed, or its fault.
pub async fn execute(
    app: &App,
    connection: &Connection,
    call: Call,
    context: CallContext,
) -> Result<(String, Usage), Problem> {
    in_service(connection)?;
    let intent = call.intent.clone();
    let invocation = Invocation {
        call,
        context: context.clone(),
        grant: connection.grant.clone(),
        limits: connection.limits.clone(),
        // Admission's bound is the pool's size, so there is a place; without one the call ends at once, as `overloaded`.
        permit: None,
    };
    let Completed { result, usage } = connection.connector.handle(app.ports(), invocation).await;
    for denial in &usage.denials {
        let denial = denial.as_str();
        tracing::warn!(call_id = %context.call_id, connection = %connection.name, intent, denial, "the grant refused");
    }
    match result {
        Ok(output) => Ok((output, usage)),
        Err(Ended::Failed(failure)) => {
            let failure = scrubbed(app, failure);
            let told = failure.to_string();
            tracing::info!(call_id = %context.call_id, connection = %connection.name, intent, failure = told, "the connector failed");
            let missing = match failure.kind {
                // Some systems say so with 403, some with 401.
                FailureKind::Denied | FailureKind::ReauthRequired => {
                    app.egress().status(&connection.name).missing_scopes
                }
                _ => Vec::new(),
            };
            let problem = Problem::from_failure(failure, unheard(usage.write_outcome));
            let problem = health::tell_when(app.egress(), connection, &intent, problem);
            Err(if missing.is_empty() { problem } else { problem.lacking(&connection.name, &missing) })
        }
        Err(Ended::Fault(fault)) => {
            let (kind, told) = (fault.code(), app.scrub(&fault.to_string()).into_owned());
            tracing::error!(call_id = %context.call_id, connection = %connection.name, intent, kind, fault = told, "the connector broke");
            let code = match fault {
                Fault::WallExceeded { .. } => Code::Timeout,
                Fault::Overloaded { .. } => Code::Overloaded,
                _ => Code::ConnectorFault,
            };
            if code != Code::Overloaded {
                app.metrics.broke(&connection.name, kind);
            }
            let problem = Problem::new(code, told).outcome(unheard(usage.write_outcome));
            Err(if code == Code::Overloaded { problem.retry_after(FULL_RETRY_MS) } else { problem })
        }
    }
}

/// What is known of the writes of a call that came to no reply. A status of success alone does not tell that anything was
/// done: a page that says "back soon" has it as well, and so has an answer with the refusal inside.
pub(crate) fn unheard(outcome: WriteOutcome) -> WriteOutcome {
    match outcome {
        WriteOutcome::None => WriteOutcome::None,
        WriteOutcome::Applied | WriteOutcome::Unknown => WriteOutcome::Unknown,
    }
}

/// A guest can write anything into a failure, a secret that an upstream echoed included.
fn scrubbed(app: &App, failure: Failure) -> Failure {
    let scrub = |text: String| app.scrub(&text).into_owned();
    let kind = match failure.kind {
        FailureKind::InvalidInput { errors } => FailureKind::InvalidInput {
            errors: errors
                .into_iter()
                .map(|e| FieldError { pointer: scrub(e.pointer), detail: scrub(e.detail) })
                .collect(),
        },
        FailureKind::Rejected { sentence } => FailureKind::Rejected { sentence: scrub(sentence) },
        FailureKind::Duplicate { existing_id } => FailureKind::Duplicate { existing_id: existing_id.map(scrub) },
        other => other,
    };
    Failure { kind, detail: scrub(failure.detail) }
}

/// Whether a connection takes calls at all.
fn in_service(connection: &Connection) -> Result<(), Problem> {
    match &connection.disabled {
        Some(why) => {
            Err(Problem::new(Code::ReauthRequired, format!("connection `{}` is disabled: {why}", connection.name)))
        }
        None => Ok(()),
    }
}

/// Waits for the store no longer than there is work to do with what it says.
async fn in_time<T>(deadline: &Deadline, asked: impl Future<Output = T>) -> Result<T, Problem> {
    tokio::time::timeout_at(deadline.work_end().into(), asked)
        .await
        .map_err(|_| Problem::new(Code::Unavailable, "the store did not answer in time"))
}

/// Says a problem in the words that the operator has for it, in the user's language.
pub(crate) struct Voice {
    intent: Arc<Intent>,
    locale: String,
    call_id: Arc<str>,
}

impl Voice {
    fn of(budgeted: &Budgeted) -> Voice {
        let vetted = &budgeted.vetted;
        Voice {
            intent: vetted.intent.clone(),
            locale: vetted.admitted.context.locale.clone(),
            call_id: budgeted.trace.call_id.clone(),
        }
    }

    /// A sentence of the host.
    pub(crate) fn say(&self, sentence: Sentence) -> &str {
        self.intent.policy.sentences.say(sentence, &self.locale)
    }

    /// A problem in its final words.
    pub(crate) fn put(&self, problem: Problem) -> Problem {
        let problem = problem.of_call(&self.call_id);
        let sentence = match (problem.code, problem.outcome) {
            // What a connector found to say about its own failure is more than we know.
            _ if problem.text.is_some() => return problem,
            (_, WriteOutcome::Applied | WriteOutcome::Unknown) => Sentence::Unknown,
            // Where nobody wrote other words, `fallback` says what happened and what may be done.
            (Code::Timeout, WriteOutcome::None) => {
                let written = self.intent.policy.sentences.written(Sentence::Timeout, &self.locale);
                return match written {
                    Some(text) => problem.saying(text),
                    None => problem,
                };
            }
            (Code::IdempotencyInFlight, WriteOutcome::None) => Sentence::Progress,
            _ => return problem,
        };
        problem.saying(self.say(sentence))
    }
}

/// Milliseconds since the epoch: what is kept outlives this process and its clock.
pub(crate) fn now_ms() -> u64 {
    u64::try_from(Timestamp::now().as_millisecond()).unwrap_or_default()
}

/// Ends a task with whoever waits for it.
pub(crate) struct AbortOnDrop(pub(crate) tokio::task::AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
