//! Asks what became of a write: the connector's own look under a grant that only reads, or, where the manifest says why
//! that is harmless, the same call with the same key once more. What comes back is as untrusted as any answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jackfield_core::call::{Call, CallContext, WriteGate, WriteOutcome};
use jackfield_core::freshness::Tags;
use jackfield_core::settle::{Settlement, Way, Write};
use jackfield_sandbox::{Completed, Ended, Invocation, Usage};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::admission::Context;
use crate::app::App;
use crate::dispatch::fresh::Wake;
use crate::dispatch::{self, Dispatched};
use crate::error::Problem;
use crate::registry::{Connection, Intent};
use crate::reply::{self, Reply};

/// What came of asking.
pub(super) enum Asked {
    /// This was told; with it what was found, where the write happened.
    Told(Settlement, Option<Box<Found>>),
    /// Nobody could tell this time. For the operator.
    Nobody(String),
    /// Nobody ever can.
    Never,
}

/// What is known of a write that happened.
pub(super) struct Found {
    /// What its caller is told.
    pub(super) reply: Reply,
    /// All that it touched.
    pub(super) touched: Tags,
}

/// Asks once.
pub(super) async fn ask(app: &Arc<App>, write: &Write) -> Asked {
    let connection = match app.registry.connection(&write.connection) {
        // A name that has come to stand for another tenant's connection is not the one that was asked.
        Some(connection) if *connection.tenant == *write.tenant => connection,
        _ => return Asked::Nobody(format!("connection `{}` is not there any more", write.connection)),
    };
    let Some(intent) = connection.intents.get(&write.intent) else {
        return Asked::Nobody(format!("`{}` is not served any more", write.intent));
    };
    let (way, now) = (super::way_of(connection, write, dispatch::now_ms()), Timestamp::now());
    let (output, usage) = match way {
        Way::Nothing => return Asked::Never,
        Way::Look => match look(app, connection, write).await {
            Ok((Settlement::Applied(output), usage)) => (output, usage),
            Ok((other, _)) => return Asked::Told(other, None),
            Err(why) => return Asked::Nobody(why),
        },
        Way::Repeat => match repeat(app, connection, intent, write).await {
            Ok(done) => done,
            // Whatever it is: it says nothing of what the first attempt did.
            Err(problem) => return Asked::Nobody(problem.to_string()),
        },
    };
    match found(app, connection, intent, write, output.clone(), usage, now) {
        Ok(found) => Asked::Told(Settlement::Applied(output), Some(Box::new(found))),
        // A connector that cannot say what it found is not believed that it found something.
        Err(why) => Asked::Nobody(why),
    }
}

/// The connector's look, in a sandbox of its own.
async fn look(app: &App, connection: &Connection, write: &Write) -> Result<(Settlement, Usage), String> {
    dispatch::in_service(connection).map_err(|problem| problem.to_string())?;
    let invocation = Invocation {
        call: call(connection, write),
        context: context(app, connection, write),
        grant: Arc::new(connection.grant.looking_back()),
        limits: connection.limits.clone(),
        permit: None,
    };
    let Completed { result, usage } = connection.connector.settle(app.ports(), invocation).await;
    for denial in &usage.denials {
        let denial = denial.as_str();
        tracing::warn!(call_id = write.call_id, connection = %connection.name, denial, "the grant refused a look");
    }
    match result {
        Ok(told) => Ok((told, usage)),
        Err(Ended::Failed(failure)) => Err(app.scrub(&failure.to_string()).into_owned()),
        Err(Ended::Fault(fault)) => {
            app.metrics.broke(&connection.name, fault.code());
            Err(app.scrub(&fault.to_string()).into_owned())
        }
    }
}

/// The same call with the same key once more. It is a write like the first one, and may change what is kept of others.
async fn repeat(
    app: &Arc<App>,
    connection: &Arc<Connection>,
    intent: &Intent,
    write: &Write,
) -> Result<(String, Usage), Problem> {
    let wake = Wake::new(app, connection, intent, &write.input);
    let done = dispatch::execute(app, connection, call(connection, write), context(app, connection, write)).await;
    if let Err(problem) = &done {
        wake.failed(problem.outcome);
    }
    done
}

/// The call as it was: the same time and the same key, so that the connector makes the same of it.
fn call(connection: &Connection, write: &Write) -> Call {
    Call {
        intent: write.intent.clone(),
        input: write.input.to_string(),
        settings: connection.settings.clone(),
        user: write.user.clone(),
        locale: write.locale.clone(),
        time_zone: write.time_zone.clone(),
        now_ms: write.began_ms,
        idempotency_key: Some(write.guest_key.clone()),
    }
}

fn context(app: &App, connection: &Connection, write: &Write) -> CallContext {
    CallContext {
        call_id: write.call_id.as_str().into(),
        connection: connection.name.clone(),
        tenant: connection.tenant.clone(),
        user: write.user.clone().map(Arc::new),
        deadline: Instant::now() + Duration::from_millis(app.config.settle.look_ms),
        traceparent: None,
        ancestors: Arc::new([]),
        gate: WriteGate::default(),
    }
}

/// The answer that the caller would have got: held against the schema, scrubbed, masked and put into words.
fn found(
    app: &App,
    connection: &Arc<Connection>,
    intent: &Arc<Intent>,
    write: &Write,
    output: String,
    usage: Usage,
    fetched_at: Timestamp,
) -> Result<Found, String> {
    let dispatched = Dispatched {
        call_id: write.call_id.as_str().into(),
        connection: connection.clone(),
        intent: intent.clone(),
        input: write.input.clone(),
        output,
        context: Context {
            user: write.user.clone(),
            locale: write.locale.clone(),
            time_zone: TimeZone::get(&write.time_zone).unwrap_or(TimeZone::UTC),
            ..Context::default()
        },
        fetched_at,
        usage: Usage { write_outcome: WriteOutcome::Applied, ..usage },
    };
    let (reply, touched) = reply::make(app, dispatched).map_err(|problem| problem.to_string())?;
    Ok(Found { reply, touched })
}
