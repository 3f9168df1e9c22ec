//! Runs a vetted request in the sandbox under its deadline, and turns whatever happens there into an output or a
//! problem.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jackfield_core::call::{Call, CallContext};
use jackfield_core::failure::{Failure, FailureKind, FieldError};
use jackfield_sandbox::{Completed, Ended, Fault, Invocation, Usage};
use jiff::Timestamp;
use tokio::task::JoinHandle;

use crate::admission::{Context, Vetted};
use crate::app::App;
use crate::error::{Code, Problem};
use crate::registry::{Connection, Intent};
use crate::trace::Trace;

/// What the guest answered, still untrusted.
pub struct Dispatched {
    /// For the reply.
    pub call_id: Arc<str>,
    /// Who answered.
    pub connection: Arc<Connection>,
    /// What was asked.
    pub intent: Arc<Intent>,
    /// JSON text, as the guest made it.
    pub output: String,
    /// Language and zone for the text.
    pub context: Context,
    /// When the answer was made.
    pub fetched_at: Timestamp,
    /// What it took.
    pub usage: Usage,
}

/// Runs the guest.
///
/// # Errors
/// The guest's failure, or its fault.
pub async fn run(app: &Arc<App>, vetted: Vetted, trace: &Trace) -> Result<Dispatched, Problem> {
    let Vetted { admitted, connection, intent, input } = vetted;
    let asked = admitted.deadline_ms.map(Duration::from_millis);
    let wall = asked.map_or(connection.limits.wall(), |asked| asked.min(connection.limits.wall()));
    let context = CallContext {
        call_id: trace.call_id.clone(),
        connection: connection.name.clone(),
        tenant: connection.tenant.clone(),
        deadline: deadline(wall),
        user: admitted.context.user.clone().map(Arc::new),
        traceparent: trace.traceparent.clone(),
        ancestors: Arc::new([]),
    };
    let now = Timestamp::now();
    let call = Call {
        intent: intent.spec.name.clone(),
        input,
        settings: connection.settings.clone(),
        user: admitted.context.user.clone(),
        locale: admitted.context.locale.clone(),
        time_zone: admitted.context.time_zone_name().to_owned(),
        now_ms: u64::try_from(now.as_millisecond()).unwrap_or_default(),
        idempotency_key: admitted.idempotency_key.clone(),
    };
    let is_read = intent.spec.effect.is_read();
    let task = tokio::spawn({
        let (app, connection) = (app.clone(), connection.clone());
        // `admitted` goes along: its places in the bounds stay taken for as long as the guest runs.
        async move { (execute(&app, &connection, call, context).await, admitted) }
    });
    // A read ends with the caller's interest in it. A write that has begun goes on: half of one helps nobody.
    let guard = is_read.then(|| AbortOnDrop(task.abort_handle()));
    let (ended, admitted) = joined(task).await?;
    drop(guard);
    let (output, usage) = ended?;
    Ok(Dispatched {
        call_id: trace.call_id.clone(),
        connection,
        intent,
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
    if let Some(why) = &connection.disabled {
        return Err(Problem::new(Code::ReauthRequired, format!("connection `{}` is disabled: {why}", connection.name)));
    }
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
            let problem = Problem::from_failure(failure, usage.write_outcome);
            Err(if missing.is_empty() { problem } else { problem.lacking(&connection.name, &missing) })
        }
        Err(Ended::Fault(fault)) => {
            let told = app.scrub(&fault.to_string()).into_owned();
            tracing::error!(call_id = %context.call_id, connection = %connection.name, intent, fault = told, "the connector broke");
            let code = match fault {
                Fault::WallExceeded { .. } => Code::Timeout,
                Fault::Overloaded { .. } => Code::Overloaded,
                _ => Code::ConnectorFault,
            };
            Err(Problem::new(code, told).outcome(usage.write_outcome))
        }
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

/// The instant at which a call ends. A budget too long to be one is a day: longer than anybody waits.
fn deadline(wall: Duration) -> Instant {
    const DAY: Duration = Duration::from_secs(86_400);
    Instant::now() + wall.min(DAY)
}

async fn joined<T>(task: JoinHandle<T>) -> Result<T, Problem> {
    task.await.map_err(|error| Problem::new(Code::Internal, format!("the call's task ended early: {error}")))
}

struct AbortOnDrop(tokio::task::AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
