//! From a guest's answer to the caller's: scrubbed, held against its schema, masked, and put into words.

use jackfield_render::RenderContext;
use serde::Serialize;
use serde_json::Value;

use crate::app::App;
use crate::dispatch::Dispatched;
use crate::error::{Code, Problem};

/// What a caller gets.
#[derive(Debug, Serialize)]
pub struct Reply {
    /// The host's id for the call.
    pub call_id: String,
    /// `completed`.
    pub status: Status,
    /// Canonical, masked.
    pub output: Value,
    /// For the user.
    pub text: String,
    /// Where it comes from.
    pub source: ReplySource,
}

/// How complete an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The business system answered.
    Completed,
}

/// Where an answer comes from.
#[derive(Debug, Serialize)]
pub struct ReplySource {
    /// Connector id.
    pub connector: String,
    /// Connector version.
    pub version: String,
    /// Connection name.
    pub connection: String,
    /// RFC 3339, UTC.
    pub fetched_at: String,
}

/// Checks and dresses an answer.
///
/// # Errors
/// `connector-fault` when the answer is not what its schema says. The outcome of a write is kept: it may have happened.
pub fn make(app: &App, dispatched: Dispatched) -> Result<Reply, Problem> {
    let Dispatched { call_id, connection, intent, output, context, fetched_at, usage } = dispatched;
    let fault = |detail: String| Problem::new(Code::ConnectorFault, detail).outcome(usage.write_outcome);

    // On the text, before anything reads it: one pass over everything that could leave.
    let text = app.scrub(&output);
    let mut output: Value = serde_json::from_str(&text)
        .map_err(|e| fault(format!("the output of `{}` is not JSON: {e}", intent.spec.name)))?;
    if !intent.output.accepts(&output) {
        let errors = intent.output.errors(&output, "");
        let listed: Vec<_> = errors.iter().map(|e| format!("{} {}", e.pointer, e.detail)).collect();
        return Err(fault(format!("the output of `{}` breaks its schema: {}", intent.spec.name, listed.join("; "))));
    }
    intent.masks.apply(&mut output);
    let rendering = RenderContext { locale: &context.locale, time_zone: context.time_zone_name(), now: fetched_at };
    let text = app.renderer.render(&intent.spec.name, &output, &rendering).map_err(|e| fault(e.to_string()))?;
    let manifest = connection.connector.manifest();
    Ok(Reply {
        call_id: call_id.to_string(),
        status: Status::Completed,
        output,
        text,
        source: ReplySource {
            connector: manifest.id.clone(),
            version: manifest.version.clone(),
            connection: connection.name.to_string(),
            fetched_at: fetched_at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        },
    })
}
