//! Reads the answer of a token endpoint (RFC 6749, sections 5.1 and 5.2) and judges it: a token, a refusal that only a
//! person can lift, or a fault that passes. Vendors differ: some refuse with status 200, some with their own JSON; what
//! is no JSON at all comes from something in between and is never a refusal.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, StatusCode, header};
use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

use crate::clock;

/// Bound of an answer, in bytes.
pub(crate) const BODY_BYTES_MAX: usize = 64 << 10;

/// Bound of a token, in bytes: it has to fit into a header section.
const TOKEN_BYTES_MAX: usize = 16 << 10;

/// Bound of a vendor's own words in our messages, in characters.
const WORDS_CHARS_MAX: usize = 200;

/// Longest lifetime that is believed.
const LIFETIME_MAX: Duration = Duration::from_secs(365 * 24 * 3600);

/// Longest wait that is taken from `Retry-After`.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(300);

/// What a token endpoint gave.
pub(crate) struct Issued {
    pub(crate) access: Zeroizing<String>,
    pub(crate) refresh: Option<Zeroizing<String>>,
    pub(crate) lifetime: Option<Duration>,
    /// Absent when the endpoint does not say, which means: what was asked for.
    pub(crate) scopes: Option<Vec<String>>,
}

/// What an answer means.
pub(crate) enum Verdict {
    Issued(Issued),
    Refused(Refused),
    /// It passes by itself.
    Unavailable {
        detail: String,
        retry_after: Option<Duration>,
    },
}

/// A refusal that asking again does not change.
#[derive(Clone)]
pub(crate) struct Refused {
    pub(crate) code: String,
    /// The code with the vendor's own words, for the operator.
    pub(crate) words: String,
    /// What the endpoint takes for the time.
    pub(crate) date: Option<SystemTime>,
}

impl Refused {
    /// Whether it is the client that is refused, not what it asks with.
    pub(crate) fn of_client(&self) -> bool {
        matches!(&*self.code, "invalid_client" | "invalid_client_id" | "invalid_client_secret" | "unauthorized_client")
    }
}

/// Any member may be there or not, in success and in failure.
#[derive(Deserialize)]
struct Answer {
    #[serde(default, deserialize_with = "token")]
    access_token: Option<Zeroizing<String>>,
    #[serde(default, deserialize_with = "token")]
    refresh_token: Option<Zeroizing<String>>,
    #[serde(default, deserialize_with = "text")]
    token_type: Option<String>,
    #[serde(default, deserialize_with = "seconds")]
    expires_in: Option<u64>,
    #[serde(default, deserialize_with = "scopes")]
    scope: Option<Vec<String>>,
    #[serde(default, deserialize_with = "text")]
    error: Option<String>,
    #[serde(default, deserialize_with = "text")]
    error_description: Option<String>,
}

/// Judges an answer. `prefix` is what the scheme puts before the token: some vendors name that as the token's type.
pub(crate) fn judge(status: StatusCode, headers: &HeaderMap, body: &[u8], prefix: &str) -> Verdict {
    let unavailable = |detail: String| Verdict::Unavailable { detail, retry_after: retry_after(headers) };
    if status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429) {
        return unavailable(format!("the token endpoint answers {}", status.as_u16()));
    }
    let Ok(answer) = serde_json::from_slice::<Answer>(body) else {
        return unavailable(format!("the token endpoint answers {} without JSON", status.as_u16()));
    };
    if status.is_success() && answer.error.is_none() && answer.access_token.is_some() {
        return issued(answer, prefix).unwrap_or_else(unavailable);
    }
    let code = answer.error.unwrap_or_default();
    // Some refuse for a while in the form of a refusal: RFC 6749 has words for it, Zoho says `Access Denied` when too
    // many tokens were asked for.
    if matches!(&*code, "temporarily_unavailable" | "server_error" | "slow_down" | "Access Denied") {
        return unavailable(format!("the token endpoint answers {} `{code}`", status.as_u16()));
    }
    let refuses = matches!(status.as_u16(), 400 | 401 | 403) || (status.is_success() && !code.is_empty());
    if !refuses {
        return unavailable(format!("the token endpoint answers {} and no token", status.as_u16()));
    }
    let mut words = match (&*code, status.as_u16()) {
        ("", status) => format!("status {status}"),
        (code, _) => format!("`{}`", printable(code)),
    };
    if let Some(description) = answer.error_description.filter(|text| !text.is_empty()) {
        words.push_str(&format!(" ({})", printable(&description)));
    }
    let date = headers.get(header::DATE).and_then(|date| date.to_str().ok()).and_then(clock::http_date);
    Verdict::Refused(Refused { code, words, date })
}

fn issued(answer: Answer, prefix: &str) -> Result<Verdict, String> {
    let fits = |token: &Zeroizing<String>| {
        !token.is_empty() && token.len() <= TOKEN_BYTES_MAX && token.bytes().all(|byte| byte.is_ascii_graphic())
    };
    let access = answer.access_token.filter(fits).ok_or("the token endpoint gives a token that no header can hold")?;
    if let Some(kind) = &answer.token_type
        && !kind.eq_ignore_ascii_case("bearer")
        && !kind.eq_ignore_ascii_case(prefix.trim())
    {
        return Err(format!("the token endpoint gives a token of the type `{}`", printable(kind)));
    }
    let refresh = answer.refresh_token.filter(|token| !token.is_empty() && token.len() <= TOKEN_BYTES_MAX);
    // A lifetime of nothing is none that could be meant.
    let lifetime = answer.expires_in.filter(|s| *s > 0).map(|s| Duration::from_secs(s).min(LIFETIME_MAX));
    Ok(Verdict::Issued(Issued { access, refresh, lifetime, scopes: answer.scope }))
}

/// Seconds to wait; a date is turned into them.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => clock::http_date(text)?.duration_since(SystemTime::now()).ok()?,
    };
    Some(wait.min(RETRY_AFTER_MAX))
}

/// The names in a list of scopes: by spaces as in RFC 6749, or by commas as some vendors write them.
pub(crate) fn scope_names(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || c == ',').filter(|name| !name.is_empty())
}

/// What was asked for and not given.
pub(crate) fn missing_scopes(asked: &[String], given: Option<&[String]>) -> Vec<String> {
    let Some(given) = given else { return Vec::new() };
    let asked = asked.iter().flat_map(|text| scope_names(text));
    asked.filter(|name| !given.iter().any(|scope| scope == name)).map(str::to_owned).collect()
}

/// A vendor's words in a message: bounded, and nothing that would break a line.
pub(crate) fn printable(text: &str) -> String {
    text.chars().take(WORDS_CHARS_MAX).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A text that is wiped.
fn token<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Zeroizing<String>>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(Zeroizing::new))
}

/// A number, or a number in quotes.
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Ok(match serde_json::Value::deserialize(deserializer)? {
        serde_json::Value::Number(number) => {
            number.as_u64().or_else(|| number.as_f64().filter(|s| *s >= 0.0).map(|s| s as u64))
        }
        serde_json::Value::String(text) => text.trim().parse().ok(),
        _ => None,
    })
}

/// A text, or a list of names.
fn scopes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    Ok(match serde_json::Value::deserialize(deserializer)? {
        serde_json::Value::String(text) => Some(scope_names(&text).map(str::to_owned).collect()),
        serde_json::Value::Array(names) => {
            Some(names.iter().filter_map(serde_json::Value::as_str).map(str::to_owned).collect())
        }
        _ => None,
    })
}

/// A text; anything else says nothing.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match serde_json::Value::deserialize(deserializer)? {
        serde_json::Value::String(text) => Some(text),
        _ => None,
    })
}

#[cfg(test)]
mod tests;
