//! Reads what a business system tells of a window in its headers, or in the body. Lenient, since vendors are: a value that does not
//! read is a value that was not sent. Bounded, since an upstream chose every byte of it.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::table::{Field, Part, Rate, ResetForm, Told, ToldInBody};
use crate::backoff::{RETRY_AFTER_MAX, parse_http_date_ms, parse_seconds};

/// A header value longer than this, in bytes, is not read.
const VALUE_BYTES_MAX: usize = 1 << 10;

/// What a system told of a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// What it allows.
    pub limit: Option<u64>,
    /// What is left of it.
    pub remaining: Option<u64>,
    /// What is used of it.
    pub used: Option<u64>,
    /// How long until it starts anew.
    pub reset: Option<Duration>,
}

impl Told {
    pub(super) fn read(&self, headers: &[(String, String)], now_ms: u64) -> Reading {
        let told = |field: &Option<Field>| find(headers, field.as_ref()?, number);
        let fraction = self.fraction.as_ref().and_then(|field| find(headers, field, fraction));
        let used = told(&self.used).map(f64::ceil).or(fraction.map(|(used, _)| used));
        let limit = told(&self.limit).or(fraction.map(|(_, limit)| limit));
        Reading {
            // Rounded to the side of caution, each; between nothing and `LIMIT_MAX`, so the conversions are exact.
            limit: limit.map(|n| n.floor() as u64),
            remaining: told(&self.remaining).map(|n| n.floor() as u64),
            used: used.map(|n| n as u64),
            reset: self.reset.as_ref().and_then(|field| find(headers, field, |text| self.reset_as.read(text, now_ms))),
        }
    }
}

impl ToldInBody {
    /// `None` when the body says nothing of it.
    pub(super) fn read(&self, body: &Value) -> Option<Reading> {
        let told = |pointer: &Option<String>| {
            let number = body.pointer(pointer.as_ref()?)?.as_f64().filter(|number| *number >= 0.0)?;
            // Between nothing and `LIMIT_MAX`: the conversion is exact.
            Some(number.min(Rate::LIMIT_MAX as f64).floor() as u64)
        };
        let reading = Reading { limit: told(&self.limit), remaining: told(&self.remaining), ..Reading::default() };
        (reading != Reading::default()).then_some(reading)
    }
}

impl ResetForm {
    fn read(self, text: &str, now_ms: u64) -> Option<Duration> {
        let from_now = |at_ms: u64| Duration::from_millis(at_ms.saturating_sub(now_ms));
        let whole = || text.split('.').next()?.parse::<u64>().ok();
        let reset = match self {
            ResetForm::Seconds => parse_seconds(text)?,
            ResetForm::Milliseconds => Duration::from_millis(whole()?),
            ResetForm::EpochSeconds => from_now(whole()?.saturating_mul(1_000)),
            ResetForm::EpochMilliseconds => from_now(whole()?),
            ResetForm::HttpDate => from_now(parse_http_date_ms(text)?),
            ResetForm::Rfc3339 => from_now(rfc3339_ms(text)?),
        };
        Some(reset.min(RETRY_AFTER_MAX))
    }
}

/// RFC 3339, also without seconds, as Jira writes it (`2026-03-02T10:00Z`).
fn rfc3339_ms(text: &str) -> Option<u64> {
    let instant: Timestamp = text.parse().ok()?;
    u64::try_from(instant.as_millisecond()).ok()
}

/// The first value of a field that reads.
fn find<T>(headers: &[(String, String)], field: &Field, read: impl Fn(&str) -> Option<T>) -> Option<T> {
    let values = headers.iter().filter(|(name, value)| *name == field.header && value.len() <= VALUE_BYTES_MAX);
    values.filter_map(|(_, value)| field.part.of(value)).find_map(|text| read(text.trim()))
}

impl Part {
    fn of<'v>(&self, value: &'v str) -> Option<&'v str> {
        match self {
            Part::Whole => Some(value),
            Part::Member(name) => member(value.split([',', ';']), name),
            Part::Parameter { item, name } => {
                let found = items(value).find(|text| {
                    let own = text.split(';').next().unwrap_or_default().trim().trim_matches('"');
                    item == "*" || own.eq_ignore_ascii_case(item)
                })?;
                member(found.split(';').skip(1), name)
            }
        }
    }
}

/// The value of `name=value` among parts.
fn member<'v>(parts: impl Iterator<Item = &'v str>, name: &str) -> Option<&'v str> {
    parts.filter_map(|part| part.split_once('=')).find(|(key, _)| key.trim().eq_ignore_ascii_case(name)).map(|(_, v)| v)
}

/// The items of a list. A comma within quotes is no separator.
fn items(value: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    value.split(move |c| {
        quoted ^= c == '"';
        c == ',' && !quoted
    })
}

/// The number at the beginning: `100`, `100.0`, `250(appName=x)`.
fn number(text: &str) -> Option<f64> {
    let text = text.trim_matches('"');
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    text[..end].parse().ok().map(|number: f64| number.min(Rate::LIMIT_MAX as f64))
}

/// `32/40`: used and allowed.
fn fraction(text: &str) -> Option<(f64, f64)> {
    let (used, limit) = text.split_once('/')?;
    Some((number(used.trim())?.ceil(), number(limit.trim())?))
}
