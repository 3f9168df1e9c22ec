//! Whether a person is asked before something is done, and whether what comes back is their yes to exactly that.
//!
//! A call that needs a yes ends as `input_required` with a token. The token's [`Claims`] say who was asked what:
//! caller, tenant, user, intent, connection and the digest of the validated input. The next call brings the token, and
//! [`Claims::check`] compares all of it with that call, so that a yes to one thing is never a yes to another. Claims
//! prove nothing by themselves: the caller of this module seals them, opens them, and uses each one's
//! [`Claims::ticket`] up in the store, last of all, so that a call that is refused does not cost the person their yes.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::digest::{Digest, DigestBuilder};

/// How long a question stays open, in milliseconds, where nothing is configured.
pub const LIFE_MS_DEFAULT: u64 = 10 * 60 * 1_000;

/// How long a question may stay open at most, in milliseconds.
pub const LIFE_MS_MAX: u64 = 60 * 60 * 1_000;

/// When an intent asks first: `"never"`, `"always"`, or `{ when = [...] }` with conditions on the input.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confirm {
    /// Never.
    #[default]
    Never,
    /// Always.
    Always,
    /// When one of these holds.
    When(Vec<Condition>),
}

/// One condition on the input, such as `{ pointer = "/total/amount", is = "above", value = 100 }`.
///
/// Where the condition or the input has a number, both are read as numbers, since money is written as text; to 15 digits.
/// Two texts are compared as texts. A member that is absent meets no condition but `absent`. One that has no size meets
/// every condition on size: when in doubt, a person is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// JSON Pointer (RFC 6901) into the normalised input.
    pub pointer: String,
    /// The comparison.
    pub is: Comparison,
    /// What it is compared with; a list for `one_of`. Nothing for `present` and `absent`.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub value: Value,
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    /// The same.
    Equal,
    /// Not the same.
    Different,
    /// A larger number.
    Above,
    /// A number as large or larger.
    AtLeast,
    /// A smaller number.
    Below,
    /// A number as small or smaller.
    AtMost,
    /// One of a list.
    OneOf,
    /// There at all.
    Present,
    /// Not there.
    Absent,
}

impl Confirm {
    /// Whether a person is asked before a call with this input.
    pub fn asks(&self, input: &Value) -> bool {
        match self {
            Confirm::Never => false,
            Confirm::Always => true,
            Confirm::When(conditions) => conditions.iter().any(|condition| condition.holds(input)),
        }
    }
}

impl Condition {
    fn holds(&self, input: &Value) -> bool {
        let found = input.pointer(&self.pointer).filter(|value| !value.is_null());
        let value = match (self.is, found) {
            (Comparison::Absent, found) => return found.is_none(),
            (_, None) => return false,
            (_, Some(value)) => value,
        };
        let number = |holds: fn(f64, f64) -> bool| match (as_number(value), as_number(&self.value)) {
            (Some(one), Some(other)) => holds(one, other),
            _ => true,
        };
        match self.is {
            Comparison::Present => true,
            Comparison::Absent => false,
            Comparison::Equal => same(value, &self.value),
            Comparison::Different => !same(value, &self.value),
            Comparison::OneOf => self.value.as_array().is_none_or(|listed| listed.iter().any(|one| same(value, one))),
            Comparison::Above => number(|one, other| one > other),
            Comparison::AtLeast => number(|one, other| one >= other),
            Comparison::Below => number(|one, other| one < other),
            Comparison::AtMost => number(|one, other| one <= other),
        }
    }

    /// What is wrong with a condition as it is written, before any input is seen.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub fn check(&self) -> Result<(), String> {
        let Condition { pointer, is, value } = self;
        if !pointer.is_empty() && !pointer.starts_with('/') {
            return Err(format!("`{pointer}` is not a JSON pointer: it begins with `/`"));
        }
        let fits = match is {
            Comparison::Present | Comparison::Absent => value.is_null(),
            Comparison::OneOf => value.is_array(),
            Comparison::Equal | Comparison::Different => !value.is_null(),
            Comparison::Above | Comparison::AtLeast | Comparison::Below | Comparison::AtMost => {
                as_number(value).is_some()
            }
        };
        if fits { Ok(()) } else { Err(format!("the condition on `{pointer}` has a value that it cannot compare with")) }
    }
}

fn same(one: &Value, other: &Value) -> bool {
    match (as_number(one), as_number(other)) {
        (Some(number), Some(same)) if one.is_number() || other.is_number() => number == same,
        _ => one == other,
    }
}

fn as_number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        // `inf` and `nan` are texts to everybody but a float parser.
        Value::String(text) => text.parse().ok().filter(|number: &f64| number.is_finite()),
        _ => None,
    }
}

/// Who was asked, or who says yes, and to what.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The bot service.
    pub caller: &'a str,
    /// Its tenant.
    pub tenant: &'a str,
    /// The bot service's id of the person in the chat.
    pub user: Option<&'a str>,
    /// The intent.
    pub intent: &'a str,
    /// The connection.
    pub connection: &'a str,
    /// Normalised, validated input.
    pub input: &'a Value,
}

/// What a token says. To be sealed: it is no secret, but nobody else may make one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    caller: String,
    tenant: String,
    user: Option<String>,
    intent: String,
    connection: String,
    input: Digest,
    /// Milliseconds since the epoch.
    expires_ms: u64,
    nonce: u128,
}

/// Why a token is no yes to this call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotThis {
    /// It was given to another bot service.
    #[error("the token was given to another caller")]
    Caller,
    /// It is for another tenant.
    #[error("the token is for another tenant")]
    Tenant,
    /// Somebody else was asked.
    #[error("the token is for another user")]
    User,
    /// Something else was asked.
    #[error("the token is for another intent")]
    Intent,
    /// It was asked of another system.
    #[error("the token is for another connection")]
    Connection,
    /// The same was asked with other values.
    #[error("the input differs from the one that was confirmed")]
    Input,
    /// It was asked too long ago.
    #[error("the token has expired")]
    Expired,
}

impl Claims {
    /// The claims of a question asked now. `nonce` is random and makes each question one of its own; a life beyond
    /// [`LIFE_MS_MAX`] is cut.
    pub fn new(subject: &Subject<'_>, now_ms: u64, life_ms: u64, nonce: u128) -> Claims {
        Claims {
            caller: subject.caller.to_owned(),
            tenant: subject.tenant.to_owned(),
            user: subject.user.map(str::to_owned),
            intent: subject.intent.to_owned(),
            connection: subject.connection.to_owned(),
            input: Digest::of_json(subject.input),
            expires_ms: now_ms.saturating_add(life_ms.min(LIFE_MS_MAX)),
            nonce,
        }
    }

    /// Whether this is a yes to that. Whose it is comes first: a stranger with a token learns nothing of what it is
    /// for.
    ///
    /// # Errors
    /// The first part that differs.
    pub fn check(&self, subject: &Subject<'_>, now_ms: u64) -> Result<(), NotThis> {
        let same = [
            (self.caller == subject.caller, NotThis::Caller),
            (self.tenant == subject.tenant, NotThis::Tenant),
            (self.user.as_deref() == subject.user, NotThis::User),
            (self.intent == subject.intent, NotThis::Intent),
            (self.connection == subject.connection, NotThis::Connection),
            (self.input == Digest::of_json(subject.input), NotThis::Input),
            (now_ms < self.expires_ms, NotThis::Expired),
        ];
        same.into_iter().find(|(same, _)| !same).map_or(Ok(()), |(_, why)| Err(why))
    }

    /// What to use up in the store, so that a yes counts once.
    pub fn ticket(&self) -> Digest {
        let nonce = format!("{:032x}", self.nonce);
        DigestBuilder::new("confirmation").text(&self.tenant).text(&self.caller).text(&nonce).finish()
    }

    /// Until when the store must remember that it was used up, in milliseconds since the epoch.
    pub fn expires_ms(&self) -> u64 {
        self.expires_ms
    }
}

#[cfg(test)]
mod tests;
