//! The body of `POST /v1/intents/{name}` around the intent's own input. Unknown members are errors: a misspelt
//! `conection` must not be answered by another connection.

use serde::de::DeserializeOwned;

use super::*;

/// A request as the server took it off the wire.
#[derive(Clone, Copy, Debug)]
pub struct Received<'r> {
    /// From the path; anything at all.
    pub intent: &'r str,
    /// Within the body bound, otherwise anything at all.
    pub body: &'r [u8],
    /// The `Idempotency-Key` header.
    pub idempotency_key: Option<&'r str>,
}

/// The envelope, still unchecked inside.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Envelope {
    #[serde(default = "empty_object")]
    pub input: Value,
    #[serde(default)]
    pub connection: Option<String>,
    #[serde(default)]
    pub context: Option<ContextBody>,
    #[serde(default)]
    pub confirmation: Option<ConfirmationBody>,
    #[serde(default)]
    pub options: Option<OptionsBody>,
}

fn empty_object() -> Value {
    Value::Object(serde_json::Map::new())
}

/// `context`, still unchecked inside.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContextBody {
    conversation_id: Option<String>,
    message_id: Option<String>,
    user: Option<UserBody>,
    locale: Option<String>,
    time_zone: Option<String>,
    channel: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct UserBody {
    id: String,
    email: Option<String>,
    phone: Option<String>,
    #[serde(default)]
    verified: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConfirmationBody {
    pub token: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OptionsBody {
    pub deadline_ms: Option<u64>,
    pub max_stale_ms: Option<u64>,
}

/// Where and with whom the conversation is.
#[derive(Clone, Debug)]
pub struct Context {
    /// The bot's id of the conversation.
    pub conversation_id: Option<String>,
    /// The bot's id of the message that asks.
    pub message_id: Option<String>,
    /// Only when the bot service vouches for them.
    pub user: Option<User>,
    /// BCP 47 tag.
    pub locale: String,
    /// The user's zone, with its IANA name.
    pub time_zone: TimeZone,
    /// Such as `web` or `whatsapp`.
    pub channel: Option<String>,
}

impl Default for Context {
    fn default() -> Self {
        Context {
            conversation_id: None,
            message_id: None,
            user: None,
            locale: "en".to_owned(),
            time_zone: TimeZone::UTC,
            channel: None,
        }
    }
}

impl Context {
    /// IANA name of the zone.
    pub fn time_zone_name(&self) -> &str {
        self.time_zone.iana_name().unwrap_or("UTC")
    }
}

/// Bound of ids and tags that a caller makes up, in bytes.
const ID_BYTES_MAX: usize = 255;

pub(super) fn parse(body: &[u8]) -> Result<Envelope, Problem> {
    let value = object(body, &["input", "connection", "context", "confirmation", "options"])?;
    if !value.get("input").is_none_or(Value::is_object) {
        return Err(Problem::invalid(vec![field("/input", "must be an object")]));
    }
    typed(&value)
}

/// Reads a body that is an object with these members and no others.
///
/// # Errors
/// `malformed`; `invalid-input` with the pointer to what is wrong.
pub fn read<T: DeserializeOwned>(body: &[u8], known: &[&str]) -> Result<T, Problem> {
    typed(&object(body, known)?)
}

fn object(body: &[u8], known: &[&str]) -> Result<Value, Problem> {
    if body.is_empty() {
        let detail = format!("the body is empty; send a JSON object with `{}`", known.first().unwrap_or(&"input"));
        return Err(Problem::told(Code::Malformed, detail));
    }
    let value =
        super::json::parse(body).map_err(|e| Problem::told(Code::Malformed, format!("the body is not JSON: {e}")))?;
    if !value.is_object() {
        return Err(Problem::told(Code::Malformed, "the body is not a JSON object"));
    }
    let mut problems = Vec::new();
    // Serde stops at the first unknown member; a caller wants to hear of all of them.
    for name in value.as_object().into_iter().flat_map(|o| o.keys()).filter(|n| !known.contains(&n.as_str())) {
        problems.push(field(&pointer(name), "is not a known field"));
    }
    if problems.is_empty() { Ok(value) } else { Err(Problem::invalid(problems)) }
}

fn typed<T: DeserializeOwned>(value: &Value) -> Result<T, Problem> {
    // The path to the wrong member makes the pointer; serde's own sentence says what was expected.
    serde_path_to_error::deserialize(value).map_err(|e| {
        let mut at = String::new();
        for segment in e.path().iter() {
            match segment {
                serde_path_to_error::Segment::Map { key } => at.push_str(&pointer(key)),
                serde_path_to_error::Segment::Seq { index } => at.push_str(&format!("/{index}")),
                _ => {}
            }
        }
        Problem::invalid(vec![field(&at, &sentence(&e.inner().to_string()))])
    })
}

/// Serde's message without the value that it quotes: `invalid type: string "x", expected u64` tells `expected u64`.
fn sentence(message: &str) -> String {
    match message.rsplit_once(", expected ") {
        Some((_, "u64")) => "must be a whole number".to_owned(),
        Some((_, expected)) => format!("must be {expected}"),
        None if message.starts_with("unknown field") => "is not a known field".to_owned(),
        None if message.starts_with("missing field") => "lacks a required member".to_owned(),
        None => "is not valid".to_owned(),
    }
}

/// Checks who is in the chat and where it is.
///
/// # Errors
/// `invalid-input` with one entry for each wrong member.
pub fn context(body: Option<ContextBody>) -> Result<Context, Problem> {
    let Some(body) = body else { return Ok(Context::default()) };
    let mut problems = Vec::new();
    for (name, id) in
        [("conversation_id", &body.conversation_id), ("message_id", &body.message_id), ("channel", &body.channel)]
    {
        if id.as_deref().is_some_and(|id| !is_id(id)) {
            problems.push(field(&format!("/context/{name}"), ID_SENTENCE));
        }
    }
    let user = body.user.and_then(|user| {
        if !is_id(&user.id) {
            problems.push(field("/context/user/id", ID_SENTENCE));
        }
        let email = user.email.map(|e| e.trim().to_lowercase());
        if email.as_deref().is_some_and(|e| e.len() > ID_BYTES_MAX || !e.contains('@')) {
            problems.push(field("/context/user/email", "is not an e-mail address"));
        }
        let phone = user.phone.map(|p| p.trim().to_owned());
        if phone.as_deref().is_some_and(|p| !is_e164(p)) {
            problems.push(field("/context/user/phone", "is not a phone number in E.164, such as +12025550143"));
        }
        // Who was not verified could be anybody, and an id decides whose data is shown: it does not go on.
        user.verified.then_some(User { id: user.id, email, phone })
    });
    let locale = body.locale.unwrap_or_else(|| "en".to_owned());
    if !is_locale(&locale) {
        problems.push(field("/context/locale", "is not a language tag, such as en or de-AT"));
    }
    let time_zone = match body.time_zone.as_deref() {
        None => TimeZone::UTC,
        Some(name) => TimeZone::get(name).unwrap_or_else(|_| {
            problems.push(field("/context/time_zone", "is not an IANA time zone, such as Europe/Vienna"));
            TimeZone::UTC
        }),
    };
    if !problems.is_empty() {
        return Err(Problem::invalid(problems));
    }
    Ok(Context {
        conversation_id: body.conversation_id,
        message_id: body.message_id,
        user,
        locale,
        time_zone,
        channel: body.channel,
    })
}

pub(super) fn idempotency_key(key: &str) -> Result<String, Problem> {
    if is_id(key) {
        return Ok(key.to_owned());
    }
    Err(Problem::told(Code::Malformed, format!("the header `Idempotency-Key` {ID_SENTENCE}")))
}

const ID_SENTENCE: &str = "must have 1 to 255 visible ASCII characters";

fn is_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= ID_BYTES_MAX && id.bytes().all(|b| b.is_ascii_graphic() || b == b' ')
}

fn is_e164(phone: &str) -> bool {
    phone.strip_prefix('+').is_some_and(|d| (7..=15).contains(&d.len()) && d.bytes().all(|b| b.is_ascii_digit()))
}

/// Whether a text has the form of a BCP 47 tag.
pub fn is_locale(tag: &str) -> bool {
    tag.len() <= 35
        && tag.split('-').all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()))
}

fn field(pointer: &str, detail: &str) -> FieldError {
    FieldError { pointer: pointer.to_owned(), detail: detail.to_owned() }
}

/// One step of a JSON Pointer.
pub(super) fn pointer(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}
