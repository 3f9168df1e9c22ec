//! One call of the page or of a script, and everything that is shown of it.

use std::sync::Arc;

use jackfield_core::call::WriteOutcome;
use jackfield_core::failure::Failure;
use jackfield_core::port::{SendError, UpstreamResponse};
use jackfield_fixtures::Case;
use jackfield_render::RenderContext;
use jackfield_trial::{Came, Complaint, Noted, Rehearsal, Told};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::build::Build;
use super::say;
use super::stand::Stand;
use crate::error::Problem;

/// Bound of a body that is shown, in bytes.
const SHOWN_BYTES_MAX: usize = 64 << 10;

/// The body of `POST /call`: an intent, the case to begin with, and members of `request.json` that replace its own.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    /// Which intent.
    intent: String,
    /// The case whose request is the ground: settings, user, time. By its folder's name.
    #[serde(default)]
    case: Option<String>,
    /// Everything else.
    #[serde(flatten)]
    members: Map<String, Value>,
}

/// Answers a call, and prints what happened.
///
/// # Errors
/// A sentence, where no connector was asked.
pub(super) async fn answer(stand: &Stand, asked: Asked) -> Result<Value, String> {
    let build = stand.current().ok_or("nothing answers yet: the connector has not been built")?;
    let _place = stand.places().acquire().await.map_err(|_| "the end is near")?;
    let number = stand.next_call();
    let outcome = look(stand, &build, &asked, number).await;
    if let Err(why) = &outcome {
        say::refused(number, &asked.intent, why);
    }
    outcome
}

async fn look(stand: &Stand, build: &Arc<Build>, asked: &Asked, number: u64) -> Result<Value, String> {
    let live = build.door.as_ref().map(|door| door.live());
    let (name, case) = case(build, asked, live.is_some())?;
    let folder = build.trial.folder(&asked.intent, &name);
    let told = |complaint: Box<Complaint>| match &complaint.pointer {
        Some(pointer) => format!("{} at `{pointer}`", complaint.message),
        None => complaint.message.clone(),
    };
    let region = live.as_ref().and_then(|live| live.region.as_deref());
    let case = build.trial.normalised(&folder, case, region).map_err(told)?;
    let locale = case.locale.clone().unwrap_or_else(|| jackfield_fixtures::LOCALE.to_owned());
    let time_zone = case.time_zone.clone().unwrap_or_else(|| jackfield_fixtures::TIME_ZONE.to_owned());
    let now = case.time().and_then(|text| text.parse().ok()).unwrap_or_else(Timestamp::now);
    let context = RenderContext { locale: &locale, time_zone: &time_zone, now };
    let rehearsal = build.trial.rehearse(&folder, case, live.as_ref(), &format!("dev-{number}")).await.map_err(told)?;
    if let Some(door) = &build.door {
        door.flush().await;
    }
    let mut shown = shown(build, &asked.intent, &rehearsal, &context);
    shown["build"] = json!(build.number);
    shown["number"] = json!(number);
    if let Some(door) = &build.door {
        scrub(&mut shown, &|text| door.scrub(text));
    }
    say::call(stand, &asked.intent, &rehearsal, &shown);
    Ok(shown)
}

/// The case that was asked for. With a system that is really there, a fixture's settings, user and time are not its own.
fn case(build: &Build, asked: &Asked, is_live: bool) -> Result<(String, Case), String> {
    let cases = build.trial.case_names(&asked.intent);
    let name = match &asked.case {
        Some(name) if !cases.contains(name) => {
            return Err(format!("`{}` has no case `{name}`", asked.intent));
        }
        Some(name) => Some(name.clone()),
        // Somebody has to say what the settings are.
        None if is_live => None,
        None => cases.first().cloned(),
    };
    let mut members = match &name {
        Some(name) => build.trial.folder(&asked.intent, name).request_members()?,
        None => Map::new(),
    };
    if is_live && asked.case.is_none() {
        // The system's own clock goes on.
        members.insert("now".to_owned(), json!(Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()));
    }
    members.extend(asked.members.clone());
    let case = serde_json::from_value(Value::Object(members)).map_err(|error| format!("the request: {error}"))?;
    Ok((name.unwrap_or_default(), case))
}

fn shown(build: &Build, intent: &str, rehearsal: &Rehearsal, context: &RenderContext<'_>) -> Value {
    let exchanges: Vec<Value> =
        rehearsal.exchanges.iter().enumerate().map(|(at, noted)| exchange(noted, rehearsal.told.get(at))).collect();
    let mut shown = json!({
        "took_ms": ms(rehearsal.took),
        "cpu_ms": ms(rehearsal.usage.cpu),
        "memory_bytes": rehearsal.usage.memory_bytes_peak,
        "exchanges": exchanges,
        "log": rehearsal.lines,
        "refused": rehearsal.usage.denials,
    });
    match &rehearsal.came {
        Came::Output(output, errors) => {
            let mut masked = output.clone();
            build.masks.get(intent).iter().for_each(|masks| masks.apply(&mut masked));
            let text = build.renderer.render(intent, &masked, context);
            shown["text"] = json!(text.unwrap_or_else(|error| format!("(the template fails: {error})")));
            shown["output"] = masked;
            shown["status"] = json!(if errors.is_empty() { "completed" } else { "connector-fault" });
            shown["errors"] = json!(errors);
        }
        Came::Failure(failure) => {
            let problem = problem(failure, rehearsal.usage.write_outcome);
            shown["text"] = problem["text"].clone();
            shown["status"] = problem["code"].clone();
            shown["detail"] = json!(failure.detail);
            shown["problem"] = problem;
        }
        Came::Broke(why) => {
            shown["status"] = json!("connector-fault");
            shown["detail"] = json!(why);
        }
    }
    shown
}

/// The failure as a bot service would get it.
fn problem(failure: &Failure, outcome: WriteOutcome) -> Value {
    let problem = Problem::from_failure(failure.clone(), outcome);
    serde_json::from_slice(&problem.to_json()).unwrap_or_default()
}

fn exchange(noted: &Noted, told: Option<&Told>) -> Value {
    let request = &noted.request;
    let query: Vec<String> = request.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    json!({
        "endpoint": request.endpoint,
        "method": request.method.as_str(),
        "path": request.path,
        "query": query,
        "headers": request.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>(),
        "body": request.body.as_deref().map(body),
        "began_ms": ms(noted.began),
        "took_ms": noted.took.map(ms),
        "answer": noted.answer.as_ref().map(answer_json),
        "fixture": told.and_then(|told| told.exchange.clone()),
        "missed": told.is_some_and(|told| !told.answered),
        "differences": told.map(|told| told.differences.clone()).unwrap_or_default(),
    })
}

fn answer_json(answer: &Result<UpstreamResponse, SendError>) -> Value {
    match answer {
        Ok(response) => json!({
            "status": response.status,
            "headers": response.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>(),
            "body": body(&response.body),
        }),
        Err(error) => json!({ "error": error.to_string() }),
    }
}

/// A body for people: JSON as such, anything else as text, and not too much of it.
fn body(bytes: &[u8]) -> Value {
    match serde_json::from_slice(bytes) {
        Ok(json) if bytes.len() <= SHOWN_BYTES_MAX => json,
        _ => {
            let text = String::from_utf8_lossy(&bytes[..bytes.len().min(SHOWN_BYTES_MAX)]);
            let more = bytes.len().saturating_sub(SHOWN_BYTES_MAX);
            json!(if more > 0 { format!("{text}… and {more} more bytes") } else { text.into_owned() })
        }
    }
}

fn ms(duration: std::time::Duration) -> f64 {
    (duration.as_secs_f64() * 10_000.0).round() / 10.0
}

/// Every text that is shown, without the host's secrets.
fn scrub(value: &mut Value, clean: &dyn Fn(&str) -> String) {
    match value {
        Value::Object(map) => map.values_mut().for_each(|value| scrub(value, clean)),
        Value::Array(items) => items.iter_mut().for_each(|item| scrub(item, clean)),
        Value::String(text) => *text = clean(text),
        _ => {}
    }
}
