//! How a caller wants to wait for an answer: `Prefer` (RFC 7240) and `Accept` (RFC 9110, 12.5.1), read into one decision.
//! Nothing is refused here: a preference that is not known, or not written as it should be, is ignored (RFC 7240, 2), and
//! a caller that accepts nothing of ours gets JSON.

use std::time::Duration;

use axum::http::{HeaderMap, header};

/// How an answer is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// Until it is there.
    Held,
    /// For a while; then the call is answered later.
    Later(Later),
    /// As a stream of events.
    Streamed,
}

/// What `Prefer` asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Later {
    /// Whether `respond-async` stood there.
    pub(super) respond_async: bool,
    /// How long to wait before.
    pub(super) wait: Option<Duration>,
}

/// Nobody waits longer than this for a call that is answered later.
pub(super) const WAIT_MAX: Duration = Duration::from_secs(60);

impl Manner {
    pub(super) fn of(headers: &HeaderMap) -> Manner {
        let preferred = preferred(headers);
        if wants_events(headers) {
            Manner::Streamed
        } else if preferred.respond_async || preferred.wait.is_some() {
            Manner::Later(preferred)
        } else {
            Manner::Held
        }
    }
}

impl Later {
    /// `Preference-Applied`, for an answer that comes later.
    pub(super) fn applied(&self) -> String {
        let wait = self.wait.map(|wait| format!("wait={}", wait.as_secs()));
        let respond_async = self.respond_async.then(|| "respond-async".to_owned());
        respond_async.into_iter().chain(wait).collect::<Vec<_>>().join(", ")
    }
}

/// The first of each preference counts.
fn preferred(headers: &HeaderMap) -> Later {
    let mut later = Later::default();
    let mut seen = [false; 2];
    for preference in elements(headers, "prefer") {
        // What follows a semicolon are parameters, and ours have none.
        let (name, value) = pair(preference.split(';').next().unwrap_or_default());
        match name.as_str() {
            "respond-async" if !seen[0] => {
                seen[0] = true;
                later.respond_async = value.is_none();
            }
            "wait" if !seen[1] => {
                seen[1] = true;
                later.wait = value.and_then(seconds);
            }
            _ => {}
        }
    }
    later
}

/// Seconds as RFC 9110 writes them, no more than anybody may wait.
pub(super) fn seconds(text: &str) -> Option<Duration> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // More digits than fit are more than the bound.
    Some(text.parse().map_or(WAIT_MAX, Duration::from_secs).min(WAIT_MAX))
}

/// Whether events are accepted, and rather than JSON. Who takes both alike gets JSON, as ever.
fn wants_events(headers: &HeaderMap) -> bool {
    let ranges: Vec<_> = elements(headers, header::ACCEPT.as_str()).filter_map(range).collect();
    let quality = |kind: &str, subtype: &str| {
        let fits = |(range, q): &(String, u16)| {
            let specific = match range.split_once('/')? {
                ("*", "*") => 0,
                (k, "*") if k == kind => 1,
                (k, s) if k == kind && s == subtype => 2,
                _ => return None,
            };
            Some((specific, *q))
        };
        ranges.iter().filter_map(fits).max_by_key(|(specific, _)| *specific).map_or(0, |(_, q)| q)
    };
    quality("text", "event-stream") > quality("application", "json")
}

/// A media range and its quality in thousandths. Other parameters make another type of it, and none of ours has any.
fn range(element: &str) -> Option<(String, u16)> {
    let mut parts = element.split(';').map(str::trim);
    let name = parts.next()?.to_ascii_lowercase();
    let mut quality = 1_000;
    for part in parts.filter(|part| !part.is_empty()) {
        let (parameter, value) = pair(part);
        match (parameter.as_str(), value) {
            ("q", Some(value)) => quality = thousandths(value)?,
            ("charset", _) => {}
            _ => return None,
        }
    }
    Some((name, quality))
}

/// `qvalue` of RFC 9110, 12.4.2: up to three digits after the point.
fn thousandths(value: &str) -> Option<u16> {
    let (whole, rest) = value.split_once('.').unwrap_or((value, ""));
    if rest.len() > 3 || !rest.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part: u16 = format!("{rest:0<3}").parse().ok()?;
    match whole {
        "0" => Some(part),
        "1" if part == 0 => Some(1_000),
        _ => None,
    }
}

/// The elements of a list that may stand in several headers. A comma in a quoted string separates nothing.
fn elements<'h>(headers: &'h HeaderMap, name: &'static str) -> impl Iterator<Item = &'h str> {
    let texts = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    texts.flat_map(|text| {
        let mut quoted = false;
        let mut escaped = false;
        text.split(move |letter: char| {
            let separates = letter == ',' && !quoted;
            quoted ^= letter == '"' && !escaped;
            escaped = quoted && letter == '\\' && !escaped;
            separates
        })
        .map(str::trim)
        .filter(|element| !element.is_empty())
    })
}

/// `name`, or `name=value`; the name in lower case, the value without its quotes.
fn pair(text: &str) -> (String, Option<&str>) {
    match text.split_once('=') {
        Some((name, value)) => {
            let value = value.trim();
            let bare = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
            (name.trim().to_ascii_lowercase(), Some(bare))
        }
        None => (text.trim().to_ascii_lowercase(), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manner(lines: &[(&'static str, &str)]) -> Manner {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        Manner::of(&headers)
    }

    fn prefer(lines: &[&str]) -> Manner {
        manner(&lines.iter().map(|line| ("prefer", *line)).collect::<Vec<_>>())
    }

    fn later(respond_async: bool, wait: Option<u64>) -> Manner {
        Manner::Later(Later { respond_async, wait: wait.map(Duration::from_secs) })
    }

    #[test]
    fn what_is_preferred_is_read_from_every_form_of_the_header() {
        let cases: &[(&[&str], Manner)] = &[
            (&[], Manner::Held),
            (&["respond-async"], later(true, None)),
            (&["Respond-Async, WAIT=10"], later(true, Some(10))),
            (&["respond-async", "wait = 10"], later(true, Some(10))),
            (&["wait=\"7\"; unit=s"], later(false, Some(7))),
            (&["return=minimal, handling=lenient"], Manner::Held),
            (&["foo=\"a, respond-async\""], Manner::Held),
            (&["foo=\"a\\\", respond-async\", wait=3"], later(false, Some(3))),
            (&["wait=0"], later(false, Some(0))),
            (&[",, ,respond-async;"], later(true, None)),
        ];
        for (lines, expected) in cases {
            assert_eq!(prefer(lines), *expected, "{lines:?}");
        }
    }

    #[test]
    fn what_is_written_wrong_is_ignored_and_the_first_of_its_kind_counts() {
        for line in ["wait", "wait=", "wait=soon", "wait=-1", "wait=1.5", "respond-async=no", "wait=x, wait=3"] {
            assert_eq!(prefer(&[line]), Manner::Held, "{line}");
        }
        assert_eq!(prefer(&["wait=3, wait=9"]), later(false, Some(3)));
    }

    #[test]
    fn nobody_waits_longer_than_the_bound() {
        assert_eq!(prefer(&["wait=61"]), later(false, Some(60)));
        assert_eq!(prefer(&["wait=99999999999999999999999"]), later(false, Some(60)));
    }

    #[test]
    fn an_applied_preference_is_said_as_it_was_applied() {
        let applied = |respond_async, wait| {
            let Manner::Later(later) = later(respond_async, wait) else { unreachable!() };
            later.applied()
        };
        assert_eq!(applied(true, None), "respond-async");
        assert_eq!(applied(true, Some(5)), "respond-async, wait=5");
        assert_eq!(applied(false, Some(5)), "wait=5");
    }

    #[test]
    fn events_are_sent_to_whoever_wants_them_rather_than_json() {
        let cases = [
            ("text/event-stream", true),
            ("Text/Event-Stream; q=0.5", true),
            ("text/event-stream, */*;q=0.1", true),
            ("text/*", true),
            ("application/json;q=0.5, text/event-stream;q=0.6", true),
            ("text/event-stream;charset=utf-8", true),
            ("application/json, text/event-stream", false),
            ("*/*", false),
            ("text/*, application/*", false),
            ("application/json;q=0.9, text/event-stream;q=0.8", false),
            ("text/event-stream;q=0", false),
            ("text/event-stream;q=2", false),
            ("text/event-stream;q=0.1234", false),
            ("text/event-stream;v=2", false),
            ("text/html", false),
            ("", false),
        ];
        for (accept, expected) in cases {
            assert_eq!(manner(&[("accept", accept)]) == Manner::Streamed, expected, "{accept}");
        }
        assert_eq!(manner(&[("accept", "text/event-stream"), ("prefer", "respond-async")]), Manner::Streamed);
    }
}
