//! Brings what was taken down to the helpdesk, once, by the same way as any call: sandbox, grant, egress. What an answer
//! means for a message is decided by `core::message`; here stands when it is tried, and what the answer was.
//!
//! A claim is durable before the first request leaves: whoever finds it after its host died knows that the errand may
//! have been done.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jackfield_core::call::{Call, CallContext, WriteGate, WriteOutcome};
use jackfield_core::idempotency::LEASE_GRACE_MS;
use jackfield_core::message::{Errand, Heard, Message};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::outbox::{Kept, Outbox};
use super::{desk, outbox, ticket};
use crate::admission::{self, Context};
use crate::app::App;
use crate::dispatch::envelope::Unkept;
use crate::dispatch::fresh::Wake;
use crate::dispatch::{self, now_ms};
use crate::error::{Code, Problem};
use crate::registry::{Connection, Intent};
use crate::trace::Trace;

/// How often every message is looked at: what other hosts and the operator did is known after this at the latest.
const SCAN: Duration = Duration::from_secs(10);

/// A delivery may end this much after its deadline before its host counts as dead, in milliseconds.
const LEASE_SPARE_MS: u64 = 5_000;

/// A helpdesk that has no time to say is looked at again after this, in milliseconds.
const REST_MS: u64 = 1_000;

/// After an error of the store a message is looked at again after this, in milliseconds.
const STORE_REST_MS: u64 = 10_000;

/// How often, and after which waits, the store is asked to take what came of a delivery.
const KEEP_WAITS: [Duration; 3] = [Duration::ZERO, Duration::from_millis(50), Duration::from_millis(500)];

/// What is kept for the operator of why a message was not taken, in characters.
const WHY_CHARS_MAX: usize = 300;

/// Delivers for as long as it is polled.
pub async fn run(app: Arc<App>) {
    let outbox = &app.fallbacks.outbox;
    let mut scan = tokio::time::interval(SCAN);
    scan.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let idle = until(outbox.due_ms());
        tokio::select! {
            _ = scan.tick() => {
                if let Err(error) = outbox.scan().await {
                    tracing::warn!(%error, "messages for the helpdesk cannot be looked at");
                }
            }
            () = outbox.woken() => {}
            () = tokio::time::sleep(idle) => {}
        }
        while let Some(key) = outbox.next_due(now_ms()) {
            let Some(place) = outbox.delivery().await else { return };
            let app = app.clone();
            // On a task of its own: half a delivery is one of which nobody knows.
            tokio::spawn(async move {
                deliver(&app, &key).await;
                drop(place);
            });
        }
    }
}

/// Delivers a message that was just taken and is held, and says how it stands then.
///
/// # Errors
/// When the store does not say.
pub async fn now(app: &Arc<App>, key: &str) -> Result<Option<Message>, Unkept> {
    let place = app.fallbacks.outbox.delivery().await;
    if place.is_some() {
        deliver(app, key).await;
    } else {
        app.fallbacks.outbox.release(key, None);
    }
    Ok(app.fallbacks.outbox.get(key).await?.map(|kept| kept.message))
}

fn until(due_ms: Option<u64>) -> Duration {
    due_ms.map_or(SCAN, |due_ms| Duration::from_millis(due_ms.saturating_sub(now_ms())).min(SCAN))
}

/// Does what is due for a message that is held, and lets go of it.
async fn deliver(app: &Arc<App>, key: &str) {
    let outbox = &app.fallbacks.outbox;
    let mut not_before_ms = None;
    loop {
        match errand(app, outbox, key).await {
            Ok(Next::Errand) => {}
            Ok(Next::Nothing) => break,
            Ok(Next::NotBefore(ms)) => {
                not_before_ms = Some(now_ms().saturating_add(ms));
                break;
            }
            Err(error) => {
                tracing::warn!(key, %error, "a message for the helpdesk waits for the store");
                not_before_ms = Some(now_ms().saturating_add(STORE_REST_MS));
                break;
            }
        }
    }
    outbox.release(key, not_before_ms);
}

/// What is left to do after an errand.
enum Next {
    /// Another one, at once.
    Errand,
    /// Nothing now.
    Nothing,
    /// The same after a rest, in milliseconds.
    NotBefore(u64),
}

/// Does one errand.
async fn errand(app: &Arc<App>, outbox: &Outbox, key: &str) -> Result<Next, Unkept> {
    let (Some(Kept { message, revision }), Some(id)) = (outbox.get(key).await?, outbox::id_of(key)) else {
        outbox.forget(key);
        return Ok(Next::Nothing);
    };
    let connection = app.registry.connection(&message.helpdesk).filter(|c| *c.tenant == *message.tenant);
    let is_harmless = may_repeat(connection, message.errand());
    if let Some(found) = message.abandoned(now_ms(), &is_harmless, random()) {
        return match outbox.put(key, &found, revision).await {
            Ok(_) => {
                report(app, &found);
                Ok(Next::Errand)
            }
            // Another host found it too.
            Err(Unkept::Conflict) => outbox.get(key).await.map(|_| Next::Nothing),
            Err(error) => Err(error),
        };
    }
    if let Some(rest_ms) = connection.and_then(|connection| desk::rest_ms(app, connection)).filter(|ms| *ms > 0) {
        return Ok(Next::NotBefore(rest_ms.saturating_add(random() % REST_MS)));
    }
    // As any call does: the bound is the system's, whoever asks.
    let Ok(_place) = connection.map(|connection| admission::enter(connection)).transpose() else {
        return Ok(Next::NotBefore(REST_MS.saturating_add(random() % REST_MS)));
    };
    let lease_ms = connection.map_or(0, |connection| connection.limits.wall_ms).saturating_add(LEASE_SPARE_MS);
    let Some(claimed) = message.claimed(now_ms(), lease_ms) else { return Ok(Next::Nothing) };
    let revision = match outbox.put(key, &claimed, revision).await {
        Ok(revision) => revision,
        // Another host is at it.
        Err(Unkept::Conflict) => return outbox.get(key).await.map(|_| Next::Nothing),
        Err(error) => return Err(error),
    };
    let heard = match connection {
        Some(connection) => send(app, connection, &claimed, claimed.guest_key(&id)).await,
        // It was taken out of the configuration: the operator may put it back.
        None => Heard::NotYet { retry_after_ms: None },
    };
    let after = claimed.heard(heard, now_ms(), &is_harmless, random());
    let mut last = Unkept::Conflict;
    for wait in KEEP_WAITS {
        tokio::time::sleep(wait).await;
        match outbox.put(key, &after, revision).await {
            Ok(_) => {
                report(app, &after);
                // The second errand of a handoff follows at once.
                let follows = after.due_ms().is_some_and(|due_ms| due_ms <= now_ms());
                return Ok(if follows { Next::Errand } else { Next::Nothing });
            }
            Err(error) => last = error,
        }
    }
    // Its claim stands. Whoever finds it after its lease has to take it for one that may have been done.
    Err(last)
}

/// Whether the connector's author says that an errand does no harm when it is sent again at an age. A look into the
/// helpdesk, where the connector offers one, would be asked here instead.
fn may_repeat(connection: Option<&Arc<Connection>>, errand: Errand) -> impl Fn(u64) -> bool + use<> {
    let repeat = connection.and_then(|c| c.connector.manifest().repeats.get(errand.intent()).copied());
    // Another host may have had a clock of its own when it began.
    move |age_ms| repeat.is_some_and(|repeat| repeat.holds(age_ms.saturating_add(LEASE_GRACE_MS)))
}

/// Sends one errand and says what came of it.
async fn send(app: &Arc<App>, connection: &Arc<Connection>, message: &Message, guest_key: String) -> Heard {
    let errand = message.errand();
    let Some(intent) = connection.intents.get(errand.intent()) else {
        return Heard::NotYet { retry_after_ms: None };
    };
    let trace = Trace::new(None);
    let asked = call(connection, intent, message, guest_key);
    let (call, input) = match asked {
        Ok(asked) => asked,
        Err(problem) => return Heard::Refused { why: told(app, &problem) },
    };
    let context = CallContext {
        call_id: trace.call_id.clone(),
        connection: connection.name.clone(),
        tenant: connection.tenant.clone(),
        deadline: trace.began + Duration::from_millis(connection.limits.wall_ms.min(WALL_MS_MAX)),
        user: None,
        traceparent: None,
        ancestors: Arc::new([]),
        gate: WriteGate::default(),
    };
    let wake = Wake::new(app, connection, intent, &input);
    let began = Instant::now();
    let executed = dispatch::execute(app, connection, call, context).await;
    let outcome = executed.as_ref().map_or_else(|problem| problem.code.as_str(), |_| "completed");
    app.metrics.called(&connection.name, &intent.name, outcome, began.elapsed());
    tracing::info!(
        call_id = %trace.call_id, connection = %connection.name, intent = errand.intent(), outcome,
        reference = message.reference, "a message was sent to the helpdesk"
    );
    match executed {
        Ok((output, _)) => {
            let output: Value = serde_json::from_str(&app.scrub(&output)).unwrap_or_default();
            wake.done(intent.tagger.of_write(&input, Some(&output)));
            Heard::Done { ticket: ticket_of(errand, &output) }
        }
        Err(problem) => {
            wake.failed(problem.outcome);
            failed(app, &problem)
        }
    }
}

/// Nobody waits a day for a helpdesk.
const WALL_MS_MAX: u64 = 86_400_000;

/// What the connector is asked, with the input as it is read before it is text.
fn call(
    connection: &Connection,
    intent: &Intent,
    message: &Message,
    guest_key: String,
) -> Result<(Call, Value), Problem> {
    let content = message.content.as_ref().ok_or_else(|| Problem::new(Code::Internal, "the message is empty"))?;
    let mut input = match message.errand() {
        Errand::Create => content.create.clone(),
        Errand::Route => content.route.clone().unwrap_or_else(|| json!({})),
    };
    if let Some(id) = &message.ticket {
        input["ticket_id"] = json!(id);
    }
    let context = Context {
        locale: content.locale.clone(),
        time_zone: TimeZone::get(&content.time_zone).unwrap_or(TimeZone::UTC),
        ..Context::default()
    };
    // The connector may be another than when it was taken.
    admission::sound(intent, connection, &context, &mut input)?;
    let call = Call {
        intent: intent.spec.name.clone(),
        input: input.to_string(),
        settings: connection.settings.clone(),
        // Nobody is in the chat any more: the bot service delivers, in the name of the address in the input.
        user: None,
        locale: content.locale.clone(),
        time_zone: content.time_zone.clone(),
        now_ms: u64::try_from(Timestamp::now().as_millisecond()).unwrap_or_default(),
        idempotency_key: Some(guest_key),
    };
    Ok((call, input))
}

/// The ticket's id, as the answer tells it.
fn ticket_of(errand: Errand, output: &Value) -> Option<String> {
    let at = match errand {
        Errand::Create => "/id",
        Errand::Route => "/ticket/id",
    };
    output.pointer(at)?.as_str().filter(|id| !id.is_empty()).map(str::to_owned)
}

/// What a problem says about the errand.
fn failed(app: &App, problem: &Problem) -> Heard {
    match (problem.outcome, problem.code) {
        // Also where the status was one of success: a message is delivered when there is a ticket of it.
        (WriteOutcome::Applied | WriteOutcome::Unknown, _) => Heard::Doubtful { why: told(app, problem) },
        (WriteOutcome::None, Code::Duplicate) if problem.existing_id.is_some() => {
            Heard::Done { ticket: problem.existing_id.as_deref().map(str::to_owned) }
        }
        (WriteOutcome::None, Code::InvalidInput | Code::Rejected | Code::NotFound | Code::Duplicate) => {
            Heard::Refused { why: told(app, problem) }
        }
        (WriteOutcome::None, _) => Heard::NotYet { retry_after_ms: problem.retry_after_ms.map(u64::from) },
    }
}

/// Why, for the operator: the code and the connector's own words for it.
fn told(app: &App, problem: &Problem) -> String {
    let words = problem.text.as_deref().unwrap_or(&problem.detail);
    ticket::cut(&app.scrub(&format!("{}: {words}", problem.code.as_str())), WHY_CHARS_MAX)
}

/// Tells everybody who watches what became of a message. What is said in it is in no log.
fn report(app: &App, message: &Message) {
    let how = message.state.as_str();
    let (reference, helpdesk) = (message.reference.as_str(), message.helpdesk.as_str());
    let outcome = match how {
        "delivered" => "ok",
        "dead" | "unknown" => how,
        _ => return,
    };
    match outcome {
        "ok" => tracing::info!(reference, helpdesk, ticket = message.ticket, "a message was delivered"),
        _ => tracing::error!(
            reference,
            helpdesk,
            state = how,
            "a message needs the operator: `jackfield messages show {reference}`"
        ),
    }
    app.fallbacks.outbox.tell(message, how, outcome);
}

/// Drawn evenly from all of `u64`; where there is no randomness, waits are merely the shortest.
fn random() -> u64 {
    let mut bytes = [0; 8];
    let _ = getrandom::fill(&mut bytes);
    u64::from_be_bytes(bytes)
}
