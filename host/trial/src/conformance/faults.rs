//! Exchanges that go wrong: for each fault, the recorded exchange with another answer. What a fault says in words holds
//! a mark, so that a text which leaks is found again.

use jackfield_fixtures::{Exchange, Fault};
use serde_json::{Value, json};

/// What every text of an injected answer holds. No user may ever read it.
pub(super) const MARK: &str = "jackfield-upstream-text";

/// The wait in an injected `Retry-After`, in seconds.
pub(super) const RETRY_AFTER_SECONDS: u32 = 7;

/// Scalars of one answer that are replaced, one at a time.
const SCALARS_MAX: usize = 40;
/// Elements of a list that are looked into for scalars: the later ones are like the first.
const ELEMENTS_MAX: usize = 2;
/// Size of the member that makes an answer huge, in bytes: far over any page that a connector asks for.
const HUGE_BYTES: usize = 1 << 20;
/// Depth of the member that makes an answer deep: far over what parsers recurse into.
const DEEP_LEVELS: usize = 20_000;
/// How deep members are added to an answer.
const EXTRA_DEPTH_MAX: usize = 16;

/// The recorded exchange with `fault` in it, in each way in which there is one; none where it makes no sense. With each
/// comes the place, where one is to be named.
pub(super) fn inject(fault: &str, recorded: &Exchange) -> Vec<(String, Exchange)> {
    let whole = |exchange: Exchange| vec![(String::new(), exchange)];
    let status = fault.strip_prefix("status ").and_then(|text| text.split(' ').next()?.parse::<u16>().ok());
    if let Some(status) = status {
        if recorded.response.status == Some(status) {
            return Vec::new();
        }
        let error = refusing(recorded, status);
        return whole(if fault.ends_with("Retry-After") {
            error.reply_header("retry-after", &RETRY_AFTER_SECONDS.to_string())
        } else {
            error
        });
    }
    match fault {
        "timeout" => return whole(failing(recorded, Fault::Timeout)),
        "reset" => return whole(failing(recorded, Fault::Unavailable)),
        _ => {}
    }
    // The rest is about answers that say something.
    let success = recorded.response.error.is_none() && (200..300).contains(&recorded.response.status.unwrap_or(200));
    let Some(json) = recorded.response.json.as_ref().filter(|_| success) else { return Vec::new() };
    match fault {
        "empty body" => whole(saying(recorded, "")),
        "HTML instead of JSON" => {
            let page = format!("<!DOCTYPE html><html><head><title>{MARK}</title></head><body>{MARK}</body></html>");
            whole(saying(recorded, &page).reply_header("content-type", "text/html"))
        }
        "truncated JSON" => {
            let text = json.to_string();
            let half = (0..=text.len() / 2).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
            whole(saying(recorded, &text[..half]))
        }
        "null everywhere" => whole(answering(recorded, nulled(json))),
        "extra members" => whole(answering(recorded, extended(json, 0))),
        "huge JSON" => {
            whole(saying(recorded, &with_member(json, &json!(MARK.repeat(HUGE_BYTES / MARK.len())).to_string())))
        }
        "deeply nested JSON" => {
            let deep = format!("{}{}", "[".repeat(DEEP_LEVELS), "]".repeat(DEEP_LEVELS));
            whole(saying(recorded, &with_member(json, &deep)))
        }
        "wrong types" => {
            let mut pointers = Vec::new();
            scalars(json, "", &mut pointers);
            // Spread over the whole answer, where there are more.
            let step = pointers.len().div_ceil(SCALARS_MAX).max(1);
            let retyped = |pointer: String| {
                let mut json = json.clone();
                if let Some(place) = json.pointer_mut(&pointer) {
                    *place = other_type(place);
                }
                (pointer, answering(recorded, json))
            };
            pointers.into_iter().step_by(step).map(retyped).collect()
        }
        _ => Vec::new(),
    }
}

/// An error in the words that most systems use for one.
fn refusing(recorded: &Exchange, status: u16) -> Exchange {
    let body = json!({
        "error": MARK,
        "error_description": MARK,
        "message": MARK,
        "title": MARK,
        "detail": MARK,
        "errors": [{ "code": MARK, "message": MARK, "detail": MARK, "title": MARK }],
    });
    recorded.clone().without_reply().reply_json(status, body).reply_header("content-type", "application/json")
}

fn failing(recorded: &Exchange, fault: Fault) -> Exchange {
    let mut exchange = recorded.clone();
    exchange.response.error = Some(fault);
    exchange
}

fn answering(recorded: &Exchange, json: Value) -> Exchange {
    let mut exchange = recorded.clone();
    exchange.response.json = Some(json);
    exchange
}

fn saying(recorded: &Exchange, text: &str) -> Exchange {
    let mut exchange = recorded.clone();
    exchange.response.json = None;
    exchange.response.text = Some(text.to_owned());
    exchange
}

fn nulled(value: &Value) -> Value {
    match value {
        Value::Object(map) => map.iter().map(|(name, value)| (name.clone(), nulled(value))).collect(),
        Value::Array(items) => items.iter().map(nulled).collect(),
        _ => Value::Null,
    }
}

/// Every object with two members that no vendor has.
fn extended(value: &Value, depth: usize) -> Value {
    match value {
        Value::Object(map) if depth < EXTRA_DEPTH_MAX => {
            let mut map: serde_json::Map<_, _> =
                map.iter().map(|(name, value)| (name.clone(), extended(value, depth + 1))).collect();
            map.insert("jackfield_new_text".to_owned(), json!(MARK));
            map.insert("jackfield_new_object".to_owned(), json!({ "list": [1, MARK, null] }));
            Value::Object(map)
        }
        Value::Array(items) => items.iter().map(|item| extended(item, depth + 1)).collect(),
        other => other.clone(),
    }
}

/// The JSON text with one more member in the outermost object, or in an object of the outermost list; a value without
/// any is only followed by blanks.
fn with_member(json: &Value, member: &str) -> String {
    let text = json.to_string();
    match text.find('{') {
        Some(at) => {
            let comma = if text[at + 1..].starts_with('}') { "" } else { "," };
            format!("{}\"jackfield_new_member\":{member}{comma}{}", &text[..=at], &text[at + 1..])
        }
        None => text + &" ".repeat(member.len()),
    }
}

/// Pointers of all that is neither object nor list nor null.
fn scalars(value: &Value, pointer: &str, pointers: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(name, value)| scalars(value, &jackfield_fixtures::member(pointer, name), pointers));
        }
        Value::Array(items) => {
            let items = items.iter().take(ELEMENTS_MAX).enumerate();
            items.for_each(|(at, value)| scalars(value, &format!("{pointer}/{at}"), pointers));
        }
        Value::Null => {}
        _ => pointers.push(pointer.to_owned()),
    }
}

fn other_type(value: &Value) -> Value {
    match value {
        Value::String(_) => json!(73_317),
        Value::Number(_) => json!("jackfield"),
        _ => json!({ "jackfield": [] }),
    }
}
