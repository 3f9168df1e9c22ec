//! From a guest's answer to the caller's: scrubbed, held against its schema, masked, and put into words. And the forms
//! of what is an answer too: a question to the user, and what was done instead.

use jackfield_core::freshness::Tags;
use jackfield_render::{RenderContext, Stale};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::admission::Context;
use crate::app::App;
use crate::dispatch::{self, Dispatched};
use crate::error::{Code, Problem};
use crate::fallback::Offers;
use crate::registry::{Connection, Intent};

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
    /// How old the answer is, where it is not of now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stale: Option<Age>,
    /// What a yes to the question is sent with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirmation: Option<Confirmation>,
    /// What was done instead of what was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallback: Option<Instead>,
    /// What may be done beside an answer that is not of now.
    #[serde(skip_serializing_if = "Offers::is_empty")]
    pub options: Offers,
}

/// What was done instead.
#[derive(Debug, Serialize)]
pub struct Instead {
    /// `message` or `handoff`.
    pub step: &'static str,
    /// The code of the problem that made it necessary.
    pub reason: String,
    /// As the person and the operator know it.
    pub reference: String,
    /// The ticket, where the conversation was handed over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
}

/// The age of an answer that was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Age {
    /// Milliseconds since the business system gave it.
    pub age_ms: u64,
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
    /// Not what was asked for: what the business system answered before, or something else that was done.
    Degraded,
    /// The user is asked first; nothing was done.
    InputRequired,
}

impl Status {
    /// As it stands in `status`.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Completed => "completed",
            Status::Degraded => "degraded",
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
            stale: None,
            confirmation: Some(confirmation),
            fallback: None,
            options: Offers::default(),
        }
    }

    /// Something else than an answer.
    pub(crate) fn instead(
        call_id: &str,
        connection: &Connection,
        status: Status,
        text: String,
        what: Instead,
    ) -> Reply {
        Reply {
            call_id: call_id.to_owned(),
            status,
            output: None,
            text,
            source: source(connection, None),
            stale: None,
            confirmation: None,
            fallback: Some(what),
            options: Offers::default(),
        }
    }

    /// The body as it goes over the wire, the same for the same reply.
    pub fn to_json(&self) -> Vec<u8> {
        // Texts, numbers and JSON: nothing in a reply can fail to be written.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// An answer that may leave: scrubbed, as its schema says, masked. Not yet in words, which are a matter of who hears them.
#[derive(Debug)]
pub struct Checked {
    /// Canonical.
    pub output: Value,
    /// When the business system was asked.
    pub fetched_at: Timestamp,
    /// The objects that it tells of or that it changed, read before anything was masked.
    pub tags: Tags,
}

/// Who hears an answer.
#[derive(Clone, Copy)]
pub struct Hearer<'a> {
    /// The call that it answers.
    pub call_id: &'a str,
    /// Language and zone.
    pub context: &'a Context,
}

/// Checks and dresses an answer.
///
/// # Errors
/// As [`check`] and [`dress`]. The outcome of a write is kept: it may have happened.
pub fn make(app: &App, dispatched: Dispatched) -> Result<(Reply, Tags), Problem> {
    let (call_id, context) = (dispatched.call_id.clone(), dispatched.context.clone());
    let (connection, intent) = (dispatched.connection.clone(), dispatched.intent.clone());
    let outcome = dispatch::unheard(dispatched.usage.write_outcome);
    let Checked { output, fetched_at, tags } = check(app, dispatched)?;
    let hearer = Hearer { call_id: &call_id, context: &context };
    let reply =
        dress(app, &connection, &intent, output, fetched_at, hearer).map_err(|problem| problem.outcome(outcome))?;
    Ok((reply, tags))
}

/// Holds what a guest answered against its schema, without any secret, and masks it.
///
/// # Errors
/// `connector-fault` when the answer is not what its schema says. The outcome of a write is kept: it may have happened.
pub fn check(app: &App, dispatched: Dispatched) -> Result<Checked, Problem> {
    let Dispatched { connection, intent, input, output, fetched_at, usage, .. } = dispatched;
    let fault = |detail: String| {
        app.metrics.broke(&connection.name, "answer");
        Problem::new(Code::ConnectorFault, detail).outcome(dispatch::unheard(usage.write_outcome))
    };

    // On the text, before anything reads it: one pass over everything that could leave.
    let text = app.scrub(&output);
    let mut output: Value = serde_json::from_str(&text)
        .map_err(|e| fault(format!("the output of `{}` is not JSON: {e}", intent.spec.name)))?;
    if !intent.output.accepts(&output) {
        let errors = intent.output.errors(&output, "");
        let listed: Vec<_> = errors.iter().map(|e| format!("{} {}", e.pointer, e.detail)).collect();
        return Err(fault(format!("the output of `{}` breaks its schema: {}", intent.spec.name, listed.join("; "))));
    }
    let tags = match (intent.spec.effect.is_read(), intent.policy.keeping.kept_ms()) {
        (true, None) => Tags::default(),
        (true, Some(_)) => intent.tagger.of_answer(&input, &output),
        (false, _) => intent.tagger.of_write(&input, Some(&output)),
    };
    intent.masks.apply(&mut output);
    Ok(Checked { output, fetched_at, tags })
}

/// Puts a checked answer into words for who hears it.
///
/// # Errors
/// `connector-fault` when the operator's words fail over it.
pub fn dress(
    app: &App,
    connection: &Connection,
    intent: &Intent,
    output: Value,
    fetched_at: Timestamp,
    hearer: Hearer<'_>,
) -> Result<Reply, Problem> {
    let text = app
        .renderer
        .render(&intent.spec.name, &output, &rendering(hearer.context))
        .map_err(|error| Problem::new(Code::ConnectorFault, error.to_string()))?;
    Ok(Reply {
        call_id: hearer.call_id.to_owned(),
        status: Status::Completed,
        output: Some(output),
        text,
        source: source(connection, Some(fetched_at)),
        stale: None,
        confirmation: None,
        fallback: None,
        options: Offers::default(),
    })
}

impl Reply {
    /// The same, with what may be done beside it.
    pub(crate) fn offering(self, options: Offers) -> Reply {
        Reply { options, ..self }
    }

    /// The same, said to be of the past.
    ///
    /// # Errors
    /// `internal` when the operator's words for that fail.
    pub fn aged(self, app: &App, intent: &Intent, age_ms: u64, hearer: Hearer<'_>) -> Result<Reply, Problem> {
        let fetched_at = self.source.fetched_at.as_deref().unwrap_or_default();
        let stale = Stale { title: &intent.spec.title, text: &self.text, age_ms, fetched_at };
        let text = app
            .renderer
            .stale(&intent.spec.name, &stale, &rendering(hearer.context))
            .map_err(|error| Problem::new(Code::Internal, error.to_string()))?;
        Ok(Reply { status: Status::Degraded, text, stale: Some(Age { age_ms }), ..self })
    }
}

fn rendering(context: &Context) -> RenderContext<'_> {
    RenderContext { locale: &context.locale, time_zone: context.time_zone_name(), now: Timestamp::now() }
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
