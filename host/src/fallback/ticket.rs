//! What the helpdesk is told: the inputs of `ticket.create` and `ticket.route` for a message or a conversation. They are
//! complete when the message is taken down, so that every attempt to deliver it says the same, and are held against the
//! helpdesk's own schemas then, so that what it would refuse is found while somebody can still mend it.
//!
//! It is written for the people at the helpdesk, in English; what the person typed stays as it is.

use jackfield_core::failure::FieldError;
use jackfield_core::message::{Content, Errand};
use jackfield_core::offer::{Kind, Wish};
use serde_json::{Map, Value, json};

use super::desk::Line;
use crate::admission::{self, Context};
use crate::error::{Code, Problem};
use crate::registry::Connection;

/// The input in words at most, in characters.
pub const DETAILS_CHARS_MAX: usize = 2_000;

/// A note at most, in characters.
pub const NOTE_CHARS_MAX: usize = 4_000;

/// Lines of a transcript that are passed on: the latest ones.
pub const TRANSCRIPT_LINES_MAX: usize = 200;

/// Characters of a transcript that are passed on.
pub const TRANSCRIPT_CHARS_MAX: usize = 40_000;

/// One line of a transcript at most, in characters, as the catalogue has it.
const LINE_CHARS_MAX: usize = 4_000;

/// A subject at most, in characters, as the catalogue has it.
const SUBJECT_CHARS_MAX: usize = 200;

/// A short word at most, in characters, as the catalogue has it.
const WORD_CHARS_MAX: usize = 60;

/// Stands for the ticket's number while there is none.
const ANY_TICKET: &str = "0";

/// What is said beside what the call was about.
#[derive(Clone)]
pub struct Said {
    /// What the person chose.
    pub kind: Kind,
    /// What the person was told to name it by.
    pub reference: String,
    /// Where they are answered.
    pub email: String,
    /// Their name, where they gave one.
    pub name: Option<String>,
    /// What they, or the bot, want to add.
    pub note: Option<String>,
    /// The chat so far, as members of the catalogue's `TranscriptLine`.
    pub transcript: Vec<Value>,
}

impl Default for Said {
    fn default() -> Self {
        Said {
            kind: Kind::Message,
            reference: String::new(),
            email: String::new(),
            name: None,
            note: None,
            transcript: Vec::new(),
        }
    }
}

/// The inputs for a helpdesk.
///
/// # Errors
/// `invalid-input` where the helpdesk's schema does not take what the person gave; `internal` where it does not take what
/// the host writes.
pub fn content(
    connection: &Connection,
    line: &Line,
    wish: &Wish,
    said: Said,
    context: &Context,
) -> Result<Content, Problem> {
    let mut create = create(line, wish, &said, context);
    sound(connection, Errand::Create, context, &mut create)?;
    let mut route = None;
    if said.kind == Kind::Handoff {
        let mut input = routing(line, wish, said, context);
        input["ticket_id"] = json!(ANY_TICKET);
        sound(connection, Errand::Route, context, &mut input)?;
        if let Some(members) = input.as_object_mut() {
            members.shift_remove("ticket_id");
        }
        route = Some(input);
    }
    Ok(Content { create, route, locale: context.locale.clone(), time_zone: context.time_zone_name().to_owned() })
}

fn create(line: &Line, wish: &Wish, said: &Said, context: &Context) -> Value {
    let mut input = Map::new();
    let mut put = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            input.insert(name.to_owned(), Value::String(value));
        }
    };
    put("subject", Some(cut(&format!("Chatbot: {}", wish.title), SUBJECT_CHARS_MAX)));
    put("description", Some(description(wish, said)));
    put("requester_name", said.name.clone());
    put("requester_email", Some(said.email.clone()));
    put("team", line.team.clone());
    let channel = context.channel.as_ref().or(wish.channel.as_ref());
    put("channel", channel.map(|channel| cut(channel, WORD_CHARS_MAX)));
    put("conversation_id", conversation(wish, context));
    Value::Object(input)
}

fn routing(line: &Line, wish: &Wish, said: Said, context: &Context) -> Value {
    let mut input = json!({ "hand_off": true, "note": format!("Handed over by the chatbot. {}", why(wish)) });
    if let Some(team) = &line.team {
        input["team"] = json!(team);
    }
    if let Some(id) = conversation(wish, context) {
        input["conversation_id"] = json!(id);
    }
    let transcript = latest(said.transcript);
    if !transcript.is_empty() {
        input["transcript"] = Value::Array(transcript);
    }
    input
}

/// The ticket's first text. The customer may read it as well.
fn description(wish: &Wish, said: &Said) -> String {
    let mut text = String::new();
    let mut paragraph = |part: &str| {
        if !part.is_empty() {
            text.push_str(if text.is_empty() { "" } else { "\n\n" });
            text.push_str(part);
        }
    };
    paragraph(&said.note.as_deref().map(|note| cut(note, NOTE_CHARS_MAX)).unwrap_or_default());
    paragraph(&format!("Asked of the chatbot: {}\n{}", wish.title, wish.details));
    paragraph(&format!("{}\nReference: {}", why(wish), said.reference));
    text
}

/// Why a person has to do it, and what they should know before they do.
fn why(wish: &Wish) -> String {
    let Wish { call_id, intent, connection, reason, in_doubt, .. } = wish;
    let doubt = match in_doubt {
        true => " It is not known whether it was carried out: please look before doing it again.",
        false => "",
    };
    format!("`{intent}` on `{connection}` ended with `{reason}` (call {call_id}).{doubt}")
}

/// The conversation, where its id is one that helpdesks take. Bot services make up ids of any form.
fn conversation(wish: &Wish, context: &Context) -> Option<String> {
    const CHARS_MAX: usize = 100;
    let is_fit = |id: &&String| {
        let mut characters = id.chars();
        characters.next().is_some_and(char::is_alphanumeric)
            && characters.all(|c| c.is_alphanumeric() || " ._/:=@+#-".contains(c))
            && id.chars().count() <= CHARS_MAX
    };
    context.conversation_id.as_ref().or(wish.conversation_id.as_ref()).filter(is_fit).cloned()
}

/// The end of a transcript that fits: it is what has to be answered.
fn latest(transcript: Vec<Value>) -> Vec<Value> {
    let mut room = TRANSCRIPT_CHARS_MAX;
    let mut kept: Vec<Value> = Vec::new();
    for mut line in transcript.into_iter().rev().take(TRANSCRIPT_LINES_MAX) {
        let text = cut(line["text"].as_str().unwrap_or_default(), LINE_CHARS_MAX);
        let Some(left) = room.checked_sub(text.chars().count()) else { break };
        room = left;
        // Nothing but white space says nothing.
        if !text.trim().is_empty() {
            line["text"] = Value::String(text);
            kept.push(line);
        }
    }
    kept.reverse();
    kept
}

/// A text with no more than so many characters; the last one shows that there were more.
pub fn cut(text: &str, chars_max: usize) -> String {
    if text.chars().count() <= chars_max {
        return text.to_owned();
    }
    text.chars().take(chars_max.saturating_sub(1)).chain(['…']).collect()
}

/// Holds an input against the helpdesk's schema.
fn sound(connection: &Connection, errand: Errand, context: &Context, input: &mut Value) -> Result<(), Problem> {
    let intent = errand.intent();
    let compiled = connection.intents.get(intent);
    let compiled =
        compiled.ok_or_else(|| Problem::new(Code::Unsupported, format!("the helpdesk has no `{intent}`")))?;
    // What comes from the person is theirs to mend, under the names of the request that takes an offer up.
    let theirs = |errors: Vec<FieldError>| -> Vec<FieldError> {
        let names = [
            ("/input/requester_email", "/email"),
            ("/input/requester_name", "/name"),
            ("/input/transcript", "/transcript"),
        ];
        let renamed = errors.into_iter().filter_map(|error| {
            let (from, to) = names.iter().find(|(from, _)| error.pointer.starts_with(from))?;
            Some(FieldError { pointer: error.pointer.replacen(from, to, 1), ..error })
        });
        renamed.collect()
    };
    admission::sound(compiled, connection, context, input).map_err(|problem| {
        let theirs = theirs(problem.errors);
        match theirs.is_empty() {
            true => {
                Problem::new(Code::Internal, format!("the helpdesk's `{intent}` takes no message: {}", problem.detail))
            }
            false => Problem::invalid(theirs),
        }
    })
}

#[cfg(test)]
mod tests {
    use jackfield_core::digest::Digest;

    use super::*;

    fn wish() -> Wish {
        Wish {
            call_id: "01K".to_owned(),
            intent: "return.start".to_owned(),
            title: "Start a return".to_owned(),
            connection: "shop".to_owned(),
            input: Digest::of_json(&json!({})),
            details: "- Order number: 1001".to_owned(),
            reason: "timeout".to_owned(),
            in_doubt: false,
            email: None,
            conversation_id: Some("c-1".to_owned()),
            channel: Some("web".to_owned()),
        }
    }

    fn line() -> Line {
        Line { connection: "help".into(), team: Some("Support".to_owned()), routes: true }
    }

    #[test]
    fn a_ticket_says_what_was_asked_and_why_a_person_has_to_do_it() {
        let (email, reference) = ("a@example.com".to_owned(), "7K3M-9QXD".to_owned());
        let said = Said { email, reference, note: Some("Please hurry".to_owned()), ..Said::default() };
        let input = create(&line(), &wish(), &said, &Context::default());
        assert_eq!(
            input["description"],
            "Please hurry\n\nAsked of the chatbot: Start a return\n- Order number: 1001\n\n\
             `return.start` on `shop` ended with `timeout` (call 01K).\n\
             Reference: 7K3M-9QXD"
        );
        for (name, value) in [("subject", "Chatbot: Start a return"), ("team", "Support"), ("conversation_id", "c-1")] {
            assert_eq!(input[name], value, "{name}");
        }
        let doubtful = create(&line(), &Wish { in_doubt: true, ..wish() }, &said, &Context::default());
        assert!(doubtful["description"].as_str().unwrap().contains("please look before doing it again"));
    }

    #[test]
    fn a_conversations_id_that_no_helpdesk_takes_is_left_out() {
        for id in ["{{ticket}}", "", "-1", &"x".repeat(101)] {
            let context = Context { conversation_id: Some(id.to_owned()), ..Context::default() };
            assert_eq!(conversation(&wish(), &context), None, "{id}");
        }
    }

    #[test]
    fn the_end_of_a_long_transcript_is_passed_on() {
        let lines = |count: usize, length: usize| -> Vec<Value> {
            let text = "x".repeat(length);
            (0..count).map(|at| json!({ "role": "user", "text": format!("{at} {text}") })).collect()
        };
        let many = latest(lines(500, 1));
        assert_eq!((many.len(), &many[199]["text"]), (TRANSCRIPT_LINES_MAX, &json!("499 x")));
        let long = latest(lines(100, 10_000));
        assert_eq!(long.len(), TRANSCRIPT_CHARS_MAX / LINE_CHARS_MAX);
        assert!(long[9]["text"].as_str().unwrap().starts_with("99 "));
        assert!(latest(vec![json!({ "role": "bot", "text": " \n" })]).is_empty());
    }
}
