//! From a guest's answer to the caller's: scrubbed, held against its schema, masked, and put into words. And the form of
//! a question to the user, which is an answer too.

use jackfield_render::RenderContext;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::app::App;
use crate::dispatch::Dispatched;
use crate::error::{Code, Problem};
use crate::registry::Connection;

/// What a caller gets.
#[derive(Debug, Serialize)]
pub struct Reply {
    /// The host's id for the call.
    pub call_id: String,
    /// How complete it is.
    pub status: Status,
    /// Canonical, masked. None while a question is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
    /// For the user.
    pub text: String,
    /// Where it comes from.
    pub source: ReplySource,
    /// What a yes to the question is sent with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirmation: Option<Confirmation>,
}

/// A question that waits for the user.
#[derive(Debug, Serialize)]
pub struct Confirmation {
    /// To be sent back as `confirmation.token`, with the same input.
    pub token: String,
    /// RFC 3339, UTC.
    pub expires_at: String,
}

/// How complete an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The business system answered.
    Completed,
    /// The user is asked first; nothing was done.
    InputRequired,
}

impl Status {
    /// As it stands in `status`.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Completed => "completed",
            Status::InputRequired => "input_required",
        }
    }
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
    /// RFC 3339, UTC. None while nothing was asked of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fetched_at: Option<String>,
}

impl Reply {
    /// The question whether something shall be done.
    pub(crate) fn question(
        call_id: &str,
        connection: &Connection,
        text: String,
        token: String,
        expires_ms: u64,
    ) -> Reply {
        let expires = i64::try_from(expires_ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
        let confirmation = Confirmation { token, expires_at: rfc3339(expires.unwrap_or(Timestamp::MAX)) };
        Reply {
            call_id: call_id.to_owned(),
            status: Status::InputRequired,
            output: None,
            text,
            source: source(connection, None),
            confirmation: Some(confirmation),
        }
    }

    /// The body as it goes over the wire, the same for the same reply.
    pub fn to_json(&self) -> Vec<u8> {
        // Texts, numbers and JSON: nothing in a reply can fail to be written.
        serde_json::to_vec(self).unwrap_or_default()
    }
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
    Ok(Reply {
        call_id: call_id.to_string(),
        status: Status::Completed,
        output: Some(output),
        text,
        source: source(&connection, Some(fetched_at)),
        confirmation: None,
    })
}

fn source(connection: &Connection, fetched_at: Option<Timestamp>) -> ReplySource {
    let manifest = connection.connector.manifest();
    ReplySource {
        connector: manifest.id.clone(),
        version: manifest.version.clone(),
        connection: connection.name.to_string(),
        fetched_at: fetched_at.map(rfc3339),
    }
}

fn rfc3339(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
