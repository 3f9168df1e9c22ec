//! Takes an offer up: `POST /v1/fallbacks`. Whoever shows the token of an option, as the caller and for the person that it
//! was given for, leaves a message or hands the conversation over. A token counts once; the same request once more hears
//! how it stands.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jackfield_core::call::WriteOutcome;
use jackfield_core::digest::DigestBuilder;
use jackfield_core::failure::FieldError;
use jackfield_core::message::{Message, State, Taken, reference};
use jackfield_core::offer::{Claims, Kind, NotThis, Subject, Wish};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::desk::{Desk, Line};
use super::offers::{Offered, Offers};
use super::outbox::{self, Hold};
use super::ticket::{NOTE_CHARS_MAX, Said};
use super::words::Words;
use super::{deliver, ladder};
use crate::admission::{self, Caller, Context, ContextBody};
use crate::app::App;
use crate::config::Word;
use crate::dispatch::now_ms;
use crate::error::{Code, Problem};
use crate::policy::Sentences;
use crate::registry::Connection;
use crate::reply::{Instead, Reply, Status};
use crate::token_seal::Purpose;
use crate::trace::Trace;

/// The request.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    /// Of an option.
    token: String,
    /// Which option.
    kind: Kind,
    /// What the person, or the bot, wants to add.
    #[serde(default)]
    note: Option<String>,
    /// The chat so far, for a handoff.
    #[serde(default)]
    transcript: Vec<Utterance>,
    /// Where the person is answered, unless the call said.
    #[serde(default)]
    email: Option<String>,
    /// Their name.
    #[serde(default)]
    name: Option<String>,
    /// As in a call; the user must be the same.
    #[serde(default)]
    context: Option<ContextBody>,
}

/// One line of the chat.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Utterance {
    role: Role,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<Timestamp>,
    text: String,
}

/// Who said it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Role {
    User,
    Bot,
    Agent,
    System,
}

/// Members of the request.
const MEMBERS: [&str; 7] = ["token", "kind", "note", "transcript", "email", "name", "context"];

/// How long a caller waits for a handoff at most. What takes longer goes on without them.
const HANDOFF_MAX: Duration = Duration::from_millis(14_750);

/// Takes an offer up.
///
/// # Errors
/// `malformed`, `invalid-input`, `forbidden`, `rate-limited`, `overloaded`; `idempotency-mismatch` where the token was used
/// for something else; `unsupported` where there is no helpdesk any more; `rejected` where the helpdesk refuses it, and
/// `timeout` of unknown outcome where nobody knows.
pub async fn accept(app: &Arc<App>, caller: &Arc<Caller>, body: &[u8], trace: &Trace) -> Result<Reply, Problem> {
    let _places = app.admission.enter(caller)?;
    let mut body: Body = admission::read(body, &MEMBERS)?;
    let context = admission::context(body.context.take())?;
    let opened = app.tokens.open(app.vault().sealer().as_deref(), Purpose::Offer, &body.token);
    let claims: Claims = opened.ok_or_else(|| no_offer("is not one of this host"))?;
    let user = context.user.as_ref().map(|user| user.id.as_str());
    let subject = Subject { caller: &caller.name, tenant: &caller.tenant, user };
    claims.check(&subject, body.kind, now_ms()).map_err(refused)?;
    let wish = claims.wish();
    // A key that was given fewer scopes meanwhile.
    if !caller.may_ask(&wish.intent) {
        let detail = format!("caller `{}` has no scope that covers `{}`", caller.name, wish.intent);
        return Err(Problem::told(Code::Forbidden, detail));
    }
    let Some((desk, line, helpdesk)) = helpdesk(app, caller) else {
        return Err(Problem::new(Code::Unsupported, "the tenant has no helpdesk any more"));
    };
    let words = Words { sentences: sentences(app, wish), locale: &context.locale };
    let kind = body.kind;
    let id = claims.message();
    let said = Said { reference: reference(&id), ..said(body, wish, &context, words)? };
    let print = DigestBuilder::new("accepted")
        .text(kind.as_str())
        .maybe(said.note.as_deref())
        .maybe(said.name.as_deref())
        .text(&said.email)
        .json(&Value::Array(said.transcript.clone()));
    let taken = Taken {
        id,
        tenant: caller.tenant.to_string(),
        helpdesk: line.connection.to_string(),
        kind,
        call_id: wish.call_id.clone(),
        reason: wish.reason.clone(),
        fingerprint: print.finish(),
        content: ladder::content(app, line, wish, said, &context)?,
    };
    let hold = if kind == Kind::Handoff { Hold::Yes } else { Hold::No };
    let message = app.fallbacks.outbox.take(taken, &desk, hold).await.map_err(|why| why.problem())?;
    let message = match kind {
        Kind::Message => message,
        Kind::Handoff => hand_over(app, outbox::key(&caller.tenant, &id), message, trace).await?,
    };
    answer(trace, &helpdesk, &desk, words, message)
}

/// The helpdesk of a tenant.
fn helpdesk<'d>(app: &'d App, caller: &Caller) -> Option<(Arc<Desk>, &'d Line, Arc<Connection>)> {
    let desk = app.fallbacks.desk(&caller.tenant)?;
    let line = desk.helpdesk.as_ref()?;
    Some((desk.clone(), line, app.registry.connection(&line.connection)?.clone()))
}

/// The words of the intent that failed, as far as it is still there.
fn sentences<'a>(app: &'a App, wish: &Wish) -> &'a Sentences {
    let intent = app.registry.connection(&wish.connection).and_then(|connection| connection.intents.get(&wish.intent));
    intent.map_or(&app.fallbacks.sentences, |intent| &intent.policy.sentences)
}

/// What is said to the helpdesk, held against its bounds.
fn said(body: Body, wish: &Wish, context: &Context, words: Words<'_>) -> Result<Said, Problem> {
    let Body { kind, note, transcript, email, name, .. } = body;
    let wrong =
        |pointer: &str, detail: String| Problem::invalid(vec![FieldError { pointer: pointer.to_owned(), detail }]);
    if note.as_deref().is_some_and(|note| note.chars().count() > NOTE_CHARS_MAX) {
        return Err(wrong("/note", format!("is over {NOTE_CHARS_MAX} characters")));
    }
    if kind == Kind::Message && !transcript.is_empty() {
        return Err(wrong("/transcript", "goes with a handoff only".to_owned()));
    }
    let verified = || context.user.as_ref().and_then(|user| user.email.clone());
    let email = email.or_else(verified).or_else(|| wish.email.clone());
    let Some(email) = email else {
        let problem = wrong("/email", "is required, since the call named none".to_owned());
        return Err(problem.saying(words.say(Word::NoAddress)));
    };
    let transcript = serde_json::to_value(&transcript).ok().and_then(|lines| match lines {
        Value::Array(lines) => Some(lines),
        _ => None,
    });
    let note = note.filter(|note| !note.trim().is_empty());
    Ok(Said { kind, email, name, note, transcript: transcript.unwrap_or_default(), ..Said::default() })
}

/// Delivers what was taken at once, and waits for it as long as a person does.
async fn hand_over(app: &Arc<App>, key: String, taken: Message, trace: &Trace) -> Result<Message, Problem> {
    // The same request once more: whoever came first is at it, or was.
    if !matches!(taken.state, State::Waiting { attempts: 0, .. }) {
        return Ok(taken);
    }
    // A conversation that is handed over goes on being so when the bot service hangs up.
    let task = tokio::spawn({
        let app = app.clone();
        async move { deliver::now(&app, &key).await }
    });
    let end = trace.began.checked_add(HANDOFF_MAX).unwrap_or_else(Instant::now);
    match tokio::time::timeout_at(end.into(), task).await {
        Ok(Ok(Ok(Some(message)))) => Ok(message),
        Ok(Ok(Ok(None))) | Err(_) => Ok(taken),
        Ok(Ok(Err(error))) => Err(Problem::new(Code::Internal, error.to_string()).outcome(WriteOutcome::Unknown)),
        Ok(Err(error)) => Err(Problem::new(Code::Internal, error.to_string()).outcome(WriteOutcome::Unknown)),
    }
}

/// How a message stands, for the person.
fn answer(
    trace: &Trace,
    helpdesk: &Connection,
    desk: &Desk,
    words: Words<'_>,
    message: Message,
) -> Result<Reply, Problem> {
    let say = |word| words.say_with(word, &message.reference, message.ticket.as_deref().unwrap_or_default());
    let (status, word, step) = match (message.kind, &message.state) {
        (Kind::Handoff, State::Delivered { .. }) => (Status::Completed, Word::HandedOff, Kind::Handoff),
        (Kind::Handoff, State::Unknown { .. }) => {
            let problem = Problem::new(Code::Timeout, "it is not known whether the conversation was handed over");
            return Err(problem.outcome(WriteOutcome::Unknown).saying(say(Word::Unsure)));
        }
        (Kind::Handoff, State::Dead { .. } | State::Dropped { .. }) => {
            let contact = desk.contact.as_ref();
            let text = [Some(words.say(Word::Lost)), contact.map(|contact| contact.text(words.locale))];
            let options = contact.map(|contact| Offered::contact(contact, words));
            let problem = Problem::new(Code::Rejected, "the helpdesk refuses the conversation");
            let problem = problem.saying(text.into_iter().flatten().collect::<Vec<_>>().join(" "));
            return Err(problem.offering(Offers::of(options.into_iter().collect())));
        }
        (Kind::Handoff, State::Waiting { .. } | State::Delivering { .. }) => {
            (Status::Degraded, Word::Kept, Kind::Message)
        }
        // What became of a message later is between the operator and the helpdesk.
        (Kind::Message, _) => (Status::Degraded, Word::Taken, Kind::Message),
    };
    let text = say(word);
    let what = Instead {
        step: step.as_str(),
        reason: message.reason,
        reference: message.reference,
        ticket: message.ticket.filter(|_| step == Kind::Handoff),
    };
    Ok(Reply::instead(&trace.call_id, helpdesk, status, text, what))
}

/// For the bot's developer. Whoever shows another's token learns that it is not theirs, and nothing more.
fn refused(why: NotThis) -> Problem {
    no_offer(match why {
        NotThis::Stranger => "is not one of this host",
        NotThis::User => "was given for another user",
        NotThis::Kind => "was not given for this kind",
        NotThis::Expired => "has expired",
    })
}

fn no_offer(detail: &str) -> Problem {
    Problem::invalid(vec![FieldError { pointer: "/token".to_owned(), detail: detail.to_owned() }])
        .saying("That offer doesn't stand any more.")
}
