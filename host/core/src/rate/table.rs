//! The vendor's budget as a manifest declares it: the table `[endpoint.NAME.rate]`.
//!
//! ```toml
//! [endpoint.api.rate]
//! wait_ms_max = 3000
//!
//! [[endpoint.api.rate.window]]
//! name = "burst"
//! limit = 100
//! length_ms = 10000
//! told = { limit = "x-hubspot-ratelimit-max", remaining = "x-hubspot-ratelimit-remaining" }
//!
//! [[endpoint.api.rate.window]]
//! name = "search"
//! limit = 5
//! length_ms = 1000
//! only = ["POST /crm/v3/objects/*/search"]
//!
//! [[endpoint.api.rate.cost]]
//! request = "POST /crm/v3/objects/*/batch/*"
//! weight = 10
//! ```

use std::time::Duration;

use http::{HeaderName, Method};
use serde::Deserialize;
use serde_json::Value;

use super::told::Reading;
use crate::backoff::parse_retry_after;
use crate::manifest::PathPattern;

/// A vendor's budget.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rate {
    /// How long a request may wait for room at most, in milliseconds. The call's deadline may allow less.
    pub wait_ms_max: u64,
    /// Headers that say how long to stay away, in seconds or as an HTTP date; the longest counts.
    pub retry_after: Vec<String>,
    /// How long to stay away after a `429` that says nothing, in milliseconds.
    pub pause_ms: u64,
    /// The windows. None means that nothing is counted, and `Retry-After` is still heard.
    pub window: Vec<WindowRule>,
    /// What requests weigh; the first that covers a request counts, and one that none covers weighs 1.
    pub cost: Vec<Cost>,
}

impl Default for Rate {
    fn default() -> Self {
        Rate {
            wait_ms_max: 3_000,
            retry_after: vec!["retry-after".to_owned()],
            pause_ms: 1_000,
            window: Vec::new(),
            cost: Vec::new(),
        }
    }
}

/// One window.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowRule {
    /// For people: `burst`, `day`.
    pub name: String,
    /// How it counts.
    #[serde(default)]
    pub kind: Kind,
    /// The weight it allows; of plans that differ, the smallest, where the system tells the real one.
    pub limit: u64,
    /// Bound of the limit, whatever the system tells: the operator's word, never the manifest's.
    #[serde(skip)]
    pub limit_max: Option<u64>,
    /// Its length, in milliseconds.
    pub length_ms: u64,
    /// Which requests it counts; every one when empty.
    #[serde(default)]
    pub only: Vec<Target>,
    /// What the system tells of it in headers.
    #[serde(default)]
    pub told: Option<Told>,
    /// What it tells of it in the body.
    #[serde(default)]
    pub told_in_body: Option<ToldInBody>,
}

/// How a window counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// No more than the limit in any stretch of this length. Also right, if a little strict, where a vendor does not
    /// say.
    #[default]
    Moving,
    /// The limit from one reset to the next. Resets lie on the calendar's multiples of the length in UTC, as in "per
    /// hour, from the full hour", until the system tells otherwise.
    Fixed,
    /// A leaky bucket of the size of the limit, which drains evenly within the length.
    Bucket,
}

/// What a request weighs.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// Which requests.
    pub request: Target,
    /// Their weight; 0 for requests that the vendor does not count.
    pub weight: u64,
}

/// Where an answer's headers tell of a window. All optional: what is absent is not told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Told {
    /// What the window allows.
    pub limit: Option<Field>,
    /// What is left of it.
    pub remaining: Option<Field>,
    /// What is used of it.
    pub used: Option<Field>,
    /// Used and allowed in one, as `32/40`.
    pub fraction: Option<Field>,
    /// When it starts anew.
    pub reset: Option<Field>,
    /// In which form.
    pub reset_as: ResetForm,
}

impl Told {
    fn names(&self, header: &str) -> bool {
        let fields = [&self.limit, &self.remaining, &self.used, &self.fraction, &self.reset];
        fields.into_iter().flatten().any(|field| field.header == header)
    }
}

/// Where an answer's JSON body tells of a window, as GraphQL at Shopify does: JSON pointers (RFC 6901) to numbers, such as
/// `/extensions/cost/throttleStatus/currentlyAvailable`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ToldInBody {
    /// What the window allows.
    pub limit: Option<String>,
    /// What is left of it.
    pub remaining: Option<String>,
}

/// How a moment is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResetForm {
    /// Seconds from now, possibly with decimals.
    #[default]
    Seconds,
    /// Milliseconds from now.
    Milliseconds,
    /// Seconds since the epoch.
    EpochSeconds,
    /// Milliseconds since the epoch.
    EpochMilliseconds,
    /// An HTTP date (RFC 9110, section 5.6.7).
    HttpDate,
    /// RFC 3339, such as `2026-01-20T10:00:00Z`.
    Rfc3339,
}

/// A header, or a part of one:
/// - `x-ratelimit-remaining` is the whole value;
/// - `sforce-limit-info#api-usage` is the value of `api-usage=…` among members separated by `,` or `;`;
/// - `ratelimit#burst;r` is the parameter `r` of the item `"burst"` of a list (RFC 9651), and `ratelimit#*;r` that of
///   its first item: the fields `RateLimit` and `RateLimit-Policy` of draft-ietf-httpapi-ratelimit-headers.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Field {
    /// In lower case.
    pub(super) header: String,
    pub(super) part: Part,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Whole,
    Member(String),
    Parameter { item: String, name: String },
}

impl TryFrom<String> for Field {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let (header, part) = match text.split_once('#') {
            None => (text.as_str(), Part::Whole),
            Some((header, part)) => match part.split_once(';') {
                None => (header, Part::Member(part.to_owned())),
                Some((item, name)) => (header, Part::Parameter { item: item.to_owned(), name: name.to_owned() }),
            },
        };
        let named = match &part {
            Part::Whole => true,
            Part::Member(name) => !name.is_empty(),
            Part::Parameter { item, name } => !item.is_empty() && !name.is_empty(),
        };
        match HeaderName::from_bytes(header.as_bytes()) {
            Ok(header) if named => Ok(Field { header: header.as_str().to_owned(), part }),
            _ => Err(format!("`{text}` is not a header, `header#member` or `header#item;parameter`")),
        }
    }
}

/// Which requests: `GET /v3/orders/*`, or `/v3/orders/**` for every method.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Target {
    method: Option<Method>,
    path: PathPattern,
}

impl Target {
    /// Whether it covers a request with these decoded path segments.
    pub fn covers(&self, method: &Method, path: &[&str]) -> bool {
        self.method.as_ref().is_none_or(|own| own == method) && self.path.matches(path)
    }
}

impl TryFrom<String> for Target {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let (method, path) = match text.split_once(' ') {
            None => (None, text.as_str()),
            Some((method, path)) => {
                let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"].contains(&method);
                let method = Method::from_bytes(method.as_bytes()).ok().filter(|_| known);
                (Some(method.ok_or_else(|| format!("`{text}` does not begin with a method or a path"))?), path)
            }
        };
        Ok(Target { method, path: PathPattern::parse(path).map_err(|e| e.0)? })
    }
}

impl Rate {
    /// Windows of one budget at most.
    pub const WINDOWS_MAX: usize = 8;
    /// Costs of one budget at most.
    pub const COSTS_MAX: usize = 64;
    /// The longest window, in milliseconds: 31 days.
    pub const LENGTH_MS_MAX: u64 = 31 * 24 * 60 * 60 * 1_000;
    /// The largest limit and weight. Times the longest window it still fits into 64 bits.
    pub const LIMIT_MAX: u64 = 1_000_000_000;

    /// How long an answer asks to stay away; the longest counts. Header names are in lower case.
    pub fn asked(&self, headers: &[(String, String)], now_ms: u64) -> Option<Duration> {
        let named = |name: &str| self.retry_after.iter().any(|known| known.eq_ignore_ascii_case(name));
        headers.iter().filter(|(name, _)| named(name)).filter_map(|(_, value)| parse_retry_after(value, now_ms)).max()
    }

    /// Whether a header of an answer, in lower case, says anything here: what it does not name need not be kept.
    pub fn hears(&self, name: &str) -> bool {
        self.retry_after.iter().any(|known| known.eq_ignore_ascii_case(name))
            || self.window.iter().filter_map(|rule| rule.told.as_ref()).any(|told| told.names(name))
    }

    /// Whether the bodies of answers tell anything: where not, nobody need look.
    pub fn reads_bodies(&self) -> bool {
        self.window.iter().any(|rule| rule.told_in_body.is_some())
    }

    /// What a body tells, by name of the window.
    pub fn in_body<'r>(&'r self, body: &'r Value) -> impl Iterator<Item = (&'r str, Reading)> {
        self.window.iter().filter_map(|rule| Some((&*rule.name, rule.told_in_body.as_ref()?.read(body)?)))
    }

    /// What is wrong with it beyond its shape.
    ///
    /// # Errors
    /// A sentence for the author of the manifest.
    pub fn check(&self) -> Result<(), String> {
        if self.window.len() > Self::WINDOWS_MAX {
            return Err(format!("a budget has {} windows at most", Self::WINDOWS_MAX));
        }
        if self.cost.len() > Self::COSTS_MAX {
            return Err(format!("a budget has {} costs at most", Self::COSTS_MAX));
        }
        if let Some(bad) = self.retry_after.iter().find(|name| HeaderName::from_bytes(name.as_bytes()).is_err()) {
            return Err(format!("`{bad}` is not a header name"));
        }
        for (i, window) in self.window.iter().enumerate() {
            let name = &window.name;
            if self.window[..i].iter().any(|other| other.name == *name) {
                return Err(format!("two windows have the name `{name}`"));
            }
            if !(1..=Self::LIMIT_MAX).contains(&window.limit) {
                return Err(format!("`limit` of window `{name}` is between 1 and {}", Self::LIMIT_MAX));
            }
            if !(1..=Self::LENGTH_MS_MAX).contains(&window.length_ms) {
                return Err(format!("`length_ms` of window `{name}` is between 1 and {}", Self::LENGTH_MS_MAX));
            }
        }
        let pointers = |told: &'_ ToldInBody| [told.limit.clone(), told.remaining.clone()];
        let mut pointers =
            self.window.iter().filter_map(|rule| rule.told_in_body.as_ref()).flat_map(pointers).flatten();
        if let Some(bad) = pointers.find(|pointer| !pointer.starts_with('/')) {
            return Err(format!("`{bad}` is not a JSON pointer, which begins with `/`"));
        }
        match self.cost.iter().find(|cost| cost.weight > Self::LIMIT_MAX) {
            Some(cost) => Err(format!("a `weight` of {} is over {}", cost.weight, Self::LIMIT_MAX)),
            None => Ok(()),
        }
    }
}
