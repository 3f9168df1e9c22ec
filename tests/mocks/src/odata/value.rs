//! Values between the JSON format, the literals of addresses, and comparisons. Answers for no property's meaning.

use jiff::civil::DateTime;
use jiff::{Timestamp, tz::TimeZone};
use serde_json::Value;

use super::schema::Edm;

/// A literal in an address, and a stored value made comparable.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Literal {
    Null,
    Text(String),
    Boolean(bool),
    Number(f64),
    /// Milliseconds since 1970.
    DateTime(i64),
    DateTimeOffset(i64),
    Time(String),
    Guid(String),
}

impl Literal {
    /// Reads a literal without quotes, or a quoted one behind its type's name.
    pub(crate) fn read(prefix: &str, quoted: Option<&str>) -> Option<Self> {
        match (prefix, quoted) {
            ("", Some(text)) => Some(Self::Text(text.to_owned())),
            ("datetime", Some(text)) => civil(text).map(Self::DateTime),
            ("datetimeoffset", Some(text)) => {
                text.parse::<Timestamp>().ok().map(|at| Self::DateTimeOffset(at.as_millisecond()))
            }
            ("time", Some(text)) if text.starts_with("PT") => Some(Self::Time(text.to_owned())),
            ("guid", Some(text)) if text.len() == 36 => Some(Self::Guid(text.to_lowercase())),
            ("null", None) => Some(Self::Null),
            ("true", None) => Some(Self::Boolean(true)),
            ("false", None) => Some(Self::Boolean(false)),
            (text, None) => {
                let digits = text.trim_end_matches(['M', 'm', 'L', 'l', 'D', 'd', 'F', 'f']);
                let plain = digits.bytes().all(|byte| byte.is_ascii_digit() || b"-.".contains(&byte));
                (plain && text.len() - digits.len() <= 1).then(|| digits.parse().ok().map(Self::Number)).flatten()
            }
            _ => None,
        }
    }

    /// Whether it may stand beside a property of that type.
    pub(crate) fn fits(&self, kind: Edm) -> bool {
        matches!(
            (self, kind),
            (Self::Null, _)
                | (Self::Text(_), Edm::String)
                | (Self::Boolean(_), Edm::Boolean)
                | (Self::Number(_), Edm::Decimal | Edm::Int64)
                | (Self::DateTime(_), Edm::DateTime)
                | (Self::DateTimeOffset(_), Edm::DateTimeOffset)
                | (Self::Time(_), Edm::Time)
                | (Self::Guid(_), Edm::Guid)
        )
    }

    /// A stored value of that type.
    pub(crate) fn stored(value: &Value, kind: Edm) -> Self {
        let text = value.as_str();
        let found = match kind {
            Edm::String => text.map(|text| Self::Text(text.to_owned())),
            Edm::Boolean => value.as_bool().map(Self::Boolean),
            Edm::Decimal | Edm::Int64 => text.and_then(|text| text.parse().ok()).map(Self::Number),
            Edm::DateTime => text.and_then(instant).map(Self::DateTime),
            Edm::DateTimeOffset => text.and_then(instant).map(Self::DateTimeOffset),
            Edm::Time => text.map(|text| Self::Time(text.to_owned())),
            Edm::Guid => text.map(|text| Self::Guid(text.to_lowercase())),
        };
        found.unwrap_or(Self::Null)
    }

    pub(crate) fn compare(&self, other: &Self) -> Option<std::cmp::Ordering> {
        match (self, other) {
            (Self::Null, Self::Null) => Some(std::cmp::Ordering::Equal),
            (Self::Text(left), Self::Text(right))
            | (Self::Time(left), Self::Time(right))
            | (Self::Guid(left), Self::Guid(right)) => Some(left.cmp(right)),
            (Self::Boolean(left), Self::Boolean(right)) => Some(left.cmp(right)),
            (Self::Number(left), Self::Number(right)) => left.partial_cmp(right),
            (Self::DateTime(left), Self::DateTime(right))
            | (Self::DateTimeOffset(left), Self::DateTimeOffset(right)) => Some(left.cmp(right)),
            _ => None,
        }
    }
}

/// A date and time without a zone, which the products keep as UTC.
fn civil(text: &str) -> Option<i64> {
    let at: DateTime = text.parse().ok()?;
    text.contains('T').then(|| at.to_zoned(TimeZone::UTC).ok()).flatten().map(|at| at.timestamp().as_millisecond())
}

/// The milliseconds in `/Date(1492041600000)/` or `/Date(1492098664000+0000)/`.
pub(crate) fn instant(text: &str) -> Option<i64> {
    let inner = text.strip_prefix("/Date(")?.strip_suffix(")/")?;
    inner.strip_suffix("+0000").unwrap_or(inner).parse().ok()
}

/// A day as the JSON format shows it, from `2026-03-02`.
pub(crate) fn date(day: &str) -> Value {
    civil(&format!("{day}T00:00:00")).map_or(Value::Null, |at| Value::from(format!("/Date({at})/")))
}

pub(crate) fn date_time_offset(at: Timestamp) -> Value {
    Value::from(format!("/Date({}+0000)/", at.as_millisecond()))
}
