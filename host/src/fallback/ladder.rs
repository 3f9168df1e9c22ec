//! From a problem to what may be done about it: looks what there is, gives a kept answer, or takes a message down where the
//! operator wants that, and else says and offers exactly what would work now.

use std::sync::Arc;

use jackfield_core::call::{WriteGate, WriteOutcome};
use jackfield_core::degrade::{Available, Choice, Failed, Fallback, Helpdesk, Ladder, Step, Trouble};
use jackfield_core::digest::{Digest, DigestBuilder};
use jackfield_core::idempotency::{Answer, Asked as AskedFor, fingerprint};
use jackfield_core::message::{Message, Taken, reference};
use jackfield_core::offer::{Claims, Kind, Subject, Wish};
use jackfield_render::RenderContext;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::desk::{self, Desk, Line};
use super::offers::{Offered, Offers};
use super::outbox::Hold;
use super::ticket::{self, Said};
use super::words::Words;
use crate::admission::{Caller, Context, Vetted};
use crate::app::App;
use crate::config::{MessageMode, Word};
use crate::dispatch::fresh::{self, Inquiry, Stale};
use crate::dispatch::now_ms;
use crate::error::{Code, Problem};
use crate::policy::{Sentence, Sentences};
use crate::registry::{Connection, Intent};
use crate::reply::{Instead, Reply, Status};
use crate::token_seal::{self, Purpose};
use crate::trace::Trace;

/// A call as far as its fallbacks are concerned. Made before it runs, since afterwards its input is gone.
pub struct Case {
    caller: Arc<Caller>,
    connection: Arc<Connection>,
    intent: Arc<Intent>,
    call_id: Arc<str>,
    locale: String,
    /// Absent where the tenant has nothing to fall back on: then the call need not be remembered.
    asked: Option<Asked>,
}

/// What was asked, by whom.
struct Asked {
    desk: Arc<Desk>,
    input: Value,
    context: Context,
    idempotency_key: Option<String>,
}

impl Case {
    /// The case of a call.
    pub fn of(app: &App, vetted: &Vetted, trace: &Trace) -> Case {
        let admitted = &vetted.admitted;
        let asked = app.fallbacks.desk(&admitted.caller.tenant).map(|desk| Asked {
            desk: desk.clone(),
            input: vetted.input.clone(),
            context: admitted.context.clone(),
            idempotency_key: admitted.idempotency_key.clone(),
        });
        Case {
            caller: admitted.caller.clone(),
            connection: vetted.connection.clone(),
            intent: vetted.intent.clone(),
            call_id: trace.call_id.clone(),
            locale: admitted.context.locale.clone(),
            asked,
        }
    }

    /// Who was asked.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// What was asked of it.
    pub fn intent(&self) -> &Intent {
        &self.intent
    }

    fn words(&self) -> Words<'_> {
        Words { sentences: &self.intent.policy.sentences, locale: &self.locale }
    }

    /// The step for a failure, and what else there is.
    fn choose(&self, app: &App, problem: &Problem, cached_age_ms: Option<u64>) -> Fallback {
        let trouble = problem.code.trouble();
        let failed = Failed { trouble, effect: self.intent.spec.effect, outcome: problem.outcome };
        self.ladder(app).choose(&failed, &Available { cached_age_ms, ..self.available(app, trouble) })
    }

    /// The intent's ladder without the steps that this host cannot take now.
    fn ladder(&self, app: &App) -> Ladder {
        let Ladder(steps) = &self.intent.policy.ladder;
        let has = |step: &Step| match (step, &self.asked) {
            (Step::Message, Some(asked)) => app.fallbacks.outbox.has_room(&self.caller.tenant, &asked.desk),
            (Step::Handoff, Some(asked)) => asked.desk.helpdesk.as_ref().is_some_and(|line| line.routes),
            _ => true,
        };
        Ladder(steps.iter().copied().filter(has).collect())
    }

    fn available(&self, app: &App, trouble: Trouble) -> Available {
        let Some(asked) = &self.asked else { return Available::default() };
        let helpdesk = match asked.desk.helpdesk.as_ref().and_then(|line| app.registry.connection(&line.connection)) {
            None => Helpdesk::Absent,
            // It has failed just now, whatever its breaker makes of that.
            Some(helpdesk) if helpdesk.name == self.connection.name && !is_of_one_intent(trouble) => Helpdesk::Down,
            Some(helpdesk) => desk::standing(app, helpdesk),
        };
        Available { helpdesk, contact: asked.desk.contact.is_some(), ..Available::default() }
    }

    /// Where the person can be reached. An address that they typed is good enough to answer to.
    fn email(&self, asked: &Asked) -> Option<String> {
        let verified = asked.context.user.as_ref().and_then(|user| user.email.clone());
        let typed = || ["email", "requester_email"].iter().find_map(|name| asked.input.get(name)?.as_str());
        verified.or_else(|| typed().map(str::to_owned))
    }

    fn wish(&self, app: &App, asked: &Asked, problem: &Problem) -> Wish {
        let (spec, context) = (&self.intent.spec, &asked.context);
        let rendering =
            RenderContext { locale: &context.locale, time_zone: context.time_zone_name(), now: Timestamp::now() };
        let details = app.renderer.details(&spec.name, &asked.input, &rendering);
        Wish {
            call_id: self.call_id.to_string(),
            intent: spec.name.clone(),
            title: spec.title.clone(),
            connection: self.connection.name.to_string(),
            input: Digest::of_json(&asked.input),
            details: ticket::cut(&app.scrub(&details), ticket::DETAILS_CHARS_MAX),
            reason: problem.code.as_str().to_owned(),
            in_doubt: problem.outcome != WriteOutcome::None,
            email: self.email(asked),
            conversation_id: context.conversation_id.clone(),
            channel: context.channel.clone(),
        }
    }

    /// Which message comes of this call: of the same message in the chat only one does.
    fn message_id(&self, asked: &Asked) -> Result<Digest, Problem> {
        let asked_for = AskedFor {
            intent: &self.intent.spec.name,
            connection: &self.connection.name,
            user: asked.context.user.as_ref().map(|user| user.id.as_str()),
            input: &asked.input,
        };
        let id = DigestBuilder::new("taken at once").text(&self.caller.tenant).text(&self.caller.name);
        let id = match (&asked.idempotency_key, &asked.context.conversation_id, &asked.context.message_id) {
            (Some(key), ..) => id.text(key),
            (None, Some(conversation), Some(message)) => id.text(conversation).text(message),
            _ => return super::new_id(),
        };
        Ok(id.digest(&fingerprint(&asked_for)).finish())
    }
}

/// Whether such a trouble says nothing about the other intents of the connection.
fn is_of_one_intent(trouble: Trouble) -> bool {
    matches!(trouble, Trouble::Denied | Trouble::Unsupported | Trouble::ConnectorFault)
}

/// Puts something better in the place of a problem, where the intent's ladder has a step that is simply taken: the last
/// good answer, or, where the operator wrote that it is taken without asking, a message. `inquiry` is what the call is to
/// kept answers, and `gate` where it may be taken back.
///
/// # Errors
/// The very problem that came, where there is none.
pub async fn soften(
    app: &App,
    case: &Case,
    inquiry: Option<&Inquiry>,
    gate: &WriteGate,
    answered: Result<Reply, Problem>,
) -> Result<Reply, Problem> {
    let problem = match answered {
        Ok(reply) => return Ok(reply),
        Err(problem) => problem,
    };
    let kept = inquiry.and_then(|inquiry| Some((inquiry, fresh::stale(app, inquiry)?)));
    let fallback = case.choose(app, &problem, kept.as_ref().map(|(_, stale)| stale.age_ms));
    let better = match (fallback.step, kept) {
        (Some(Step::Cached), Some((inquiry, stale))) => give(app, case, &fallback, &problem, inquiry, &stale),
        // What was taken down is done: nobody calls that off any more.
        (Some(Step::Message), _) if case.intent.policy.message == MessageMode::Take && gate.pass() => {
            let taken = take(app, case, &problem);
            match inquiry {
                // Nothing but this stands between the person and their answer.
                Some(inquiry) => tokio::time::timeout_at(inquiry.deadline().end().into(), taken).await.ok().flatten(),
                None => taken.await,
            }
        }
        _ => None,
    };
    better.ok_or(problem)
}

/// Gives the last good answer, with what may be done beside it.
fn give(
    app: &App,
    case: &Case,
    fallback: &Fallback,
    problem: &Problem,
    inquiry: &Inquiry,
    stale: &Stale,
) -> Option<Reply> {
    let (call_id, intent, age_ms) = (&case.call_id, case.intent.spec.name.as_str(), stale.age_ms);
    match fresh::give(app, inquiry, stale) {
        Ok(reply) => {
            tracing::info!(%call_id, intent, %problem, age_ms, "answered from what was kept");
            Some(reply.offering(case.options(app, &choices(fallback), problem)))
        }
        Err(error) => {
            tracing::error!(%call_id, intent, %error, "a kept answer cannot be given");
            None
        }
    }
}

/// Takes down what the person wants, and says so.
async fn take(app: &App, case: &Case, problem: &Problem) -> Option<Reply> {
    match take_down(app, case, case.asked.as_ref()?, problem).await {
        Ok(message) => {
            let message = message?;
            let words = case.words();
            let cause = words.cause(problem.code.trouble()).unwrap_or_default();
            let text = format!("{cause} {}", words.say_with(Word::Taken, &message.reference, ""));
            let what = Instead {
                step: Kind::Message.as_str(),
                reason: message.reason,
                reference: message.reference,
                ticket: None,
            };
            Some(Reply::instead(&case.call_id, &case.connection, Status::Degraded, text, what))
        }
        Err(why) => {
            tracing::error!(call_id = %case.call_id, error = %why, "a message was not taken down");
            None
        }
    }
}

/// Takes one message down; `None` where nobody could be answered.
async fn take_down(app: &App, case: &Case, asked: &Asked, problem: &Problem) -> Result<Option<Message>, Problem> {
    let (Some(line), Some(email)) = (&asked.desk.helpdesk, case.email(asked)) else { return Ok(None) };
    let wish = case.wish(app, asked, problem);
    let id = case.message_id(asked)?;
    let said = Said { kind: Kind::Message, reference: reference(&id), email, ..Said::default() };
    let taken = Taken {
        id,
        tenant: case.caller.tenant.to_string(),
        helpdesk: line.connection.to_string(),
        kind: Kind::Message,
        call_id: wish.call_id.clone(),
        reason: wish.reason.clone(),
        // One call asks for one thing.
        fingerprint: wish.input,
        content: content(app, line, &wish, said, &asked.context)?,
    };
    app.fallbacks.outbox.take(taken, &asked.desk, Hold::No).await.map(Some).map_err(|why| why.problem())
}

/// What the helpdesk is told, held against the helpdesk's own schema: what it would refuse is found now.
pub(super) fn content(
    app: &App,
    line: &Line,
    wish: &Wish,
    said: Said,
    context: &Context,
) -> Result<jackfield_core::message::Content, Problem> {
    let connection = app.registry.connection(&line.connection);
    let connection = connection.ok_or_else(|| Problem::new(Code::Internal, "the helpdesk is gone"))?;
    ticket::content(connection, line, wish, said, context)
}

/// Says a problem with what may be done instead, in the person's language.
pub fn offer(app: &App, case: Option<&Case>, problem: Problem) -> Problem {
    let trouble = problem.code.trouble();
    if trouble == Trouble::Request {
        return problem;
    }
    let Some(case) = case else {
        // It never came as far as a connection: all that can be said is whether it may be asked again.
        let words = Words { sentences: &Sentences::default(), locale: "en" };
        let again = trouble.passes().then(|| Offered::plain(Choice::Retry, words));
        return problem.offering(Offers::of(again.into_iter().collect()));
    };
    // Where a kept answer could be given, there would be no problem.
    let fallback = case.choose(app, &problem, None);
    let choices = choices(&fallback);
    let options = case.options(app, &choices, &problem);
    let problem = problem.offering(options);
    match case.text(&problem, &fallback, &choices) {
        Some(text) => problem.saying(text),
        None => problem,
    }
}

/// An answer that was given before, with what may be done now: what was offered then may have been taken up.
pub fn renew(app: &App, case: &Case, answer: Answer) -> Answer {
    if answer.status == 200 {
        return answer;
    }
    match renewed(app, case, &answer.body) {
        Some(body) => Answer { body, ..answer },
        None => answer,
    }
}

fn renewed(app: &App, case: &Case, body: &str) -> Option<String> {
    let mut body: Map<String, Value> = serde_json::from_str(body).ok()?;
    let code = Code::ALL.into_iter().find(|code| body.get("code").is_some_and(|word| *word == code.as_str()))?;
    if code.trouble() == Trouble::Request {
        return None;
    }
    // Only what may have happened, or did, is kept of a problem.
    let outcome = match body.get("outcome").and_then(Value::as_str)? {
        "applied" => WriteOutcome::Applied,
        _ => WriteOutcome::Unknown,
    };
    let problem = Problem::new(code, "").outcome(outcome).saying(body.get("text").and_then(Value::as_str)?);
    let problem = offer(app, Some(case), problem);
    body.insert("text".to_owned(), Value::from(problem.text.as_deref()));
    if !problem.options.is_empty() {
        let after = body.keys().position(|name| name == "outcome")? + 1;
        body.shift_insert(after, "options".to_owned(), serde_json::to_value(&problem.options).ok()?);
    }
    serde_json::to_string(&body).ok()
}

/// Everything that may be done, in the order of the ladder: a step that is not simply taken is offered.
fn choices(fallback: &Fallback) -> Vec<Choice> {
    let step = fallback.step.and_then(|step| match step {
        Step::Cached => None,
        Step::Message => Some(Choice::Message),
        Step::Handoff => Some(Choice::Handoff),
        Step::Contact => Some(Choice::Contact),
    });
    let (again, others): (Vec<_>, Vec<_>) = fallback.choices.iter().partition(|choice| **choice == Choice::Retry);
    again.into_iter().chain(step).chain(others).collect()
}

impl Case {
    fn options(&self, app: &App, choices: &[Choice], problem: &Problem) -> Offers {
        let words = self.words();
        let token = self.token(app, choices, problem);
        let offered = choices.iter().filter_map(|choice| match choice {
            Choice::Retry => Some(Offered::plain(*choice, words)),
            Choice::Message | Choice::Handoff => Some(Offered::with_token(*choice, words, token.clone()?)),
            Choice::Contact => Some(Offered::contact(self.asked.as_ref()?.desk.contact.as_ref()?, words)),
        });
        Offers::of(offered.collect())
    }

    /// One token for all that is taken up with one: a person who leaves a message is not handed over as well.
    fn token(&self, app: &App, choices: &[Choice], problem: &Problem) -> Option<String> {
        let asked = self.asked.as_ref()?;
        let kinds: Vec<Kind> = choices
            .iter()
            .filter_map(|choice| match choice {
                Choice::Message => Some(Kind::Message),
                Choice::Handoff => Some(Kind::Handoff),
                Choice::Retry | Choice::Contact => None,
            })
            .collect();
        if kinds.is_empty() {
            return None;
        }
        let subject = Subject {
            caller: &self.caller.name,
            tenant: &self.caller.tenant,
            user: asked.context.user.as_ref().map(|user| user.id.as_str()),
        };
        let seal = || -> Result<String, Problem> {
            let wish = self.wish(app, asked, problem);
            let claims = Claims::new(&subject, kinds, wish, now_ms(), token_seal::nonce()?);
            app.tokens.seal(app.vault().sealer().as_deref(), Purpose::Offer, &claims)
        };
        seal().inspect_err(|error| tracing::error!(call_id = %self.call_id, %error, "nothing can be offered")).ok()
    }

    /// What happened and what may be done, for the person. A sentence that the operator or the connector has for it is
    /// left as it is.
    fn text(&self, problem: &Problem, fallback: &Fallback, choices: &[Choice]) -> Option<Box<str>> {
        let words = self.words();
        // The host's own words for a write of which nobody knows say what happened, and not what may be done.
        let is_ours = |text: &str| {
            let says = |sentence: Sentence| {
                words.sentences.written(sentence, words.locale).is_none()
                    && text == words.sentences.say(sentence, words.locale)
            };
            problem.outcome != WriteOutcome::None && (says(Sentence::Unknown) || says(Sentence::Unsettled))
        };
        let cause = match &problem.text {
            Some(text) if is_ours(text) => &**text,
            Some(text) => return Some(text.clone()),
            None => words.cause(problem.code.trouble())?,
        };
        // Whoever is busy has said so with "in a moment": a question that asks the same again would be one too many.
        let is_busy = matches!(problem.code.trouble(), Trouble::RateLimited | Trouble::Overloaded);
        let question = words.question(choices).filter(|_| !is_busy);
        let contact = (fallback.step == Some(Step::Contact))
            .then(|| self.asked.as_ref()?.desk.contact.as_ref().map(|contact| contact.text(&self.locale)))
            .flatten();
        Some([Some(cause), question, contact].into_iter().flatten().collect::<Vec<_>>().join(" ").into())
    }
}
