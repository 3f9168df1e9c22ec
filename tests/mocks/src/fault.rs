//! Which fault befalls which request. Answers for the choice only; the server and `fault::body` carry it out.

pub(crate) mod body;
pub(crate) mod gate;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use gate::Gate;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Nobody listens, and open connections end: for as long as the fault is set, whatever the request.
    Refuse,
    /// Waits `delay_ms`, then answers as usual.
    Latency,
    /// Answers `status` with the vendor's own error body; the request is not applied.
    Status,
    /// The vendor's answer to too many requests; the request is not applied.
    RateLimit,
    /// Shopify GraphQL only: status 200 with a THROTTLED error.
    Throttled,
    /// Resets the connection; the request is not applied.
    Reset,
    /// Applies the request, then resets the connection without an answer.
    ResetAfter,
    /// Never answers; the request is not applied.
    Hang,
    /// Closes the connection without an answer; the request is not applied.
    Close,
    /// Half of the usual answer's head, then the end.
    CutHead,
    /// The usual answer's head and half of its body, then the end.
    CutBody,
    /// The usual answer, then the end of a connection that the answer did not say would end.
    CloseAfter,
    /// The usual answer, and right behind it another one that nobody asked for.
    Unasked,
    /// The usual answer with the JSON type of every scalar changed.
    WrongType,
    /// Status 200 and an HTML page; the request is not applied.
    NotJson,
    /// The first half of the usual answer's JSON, as if it were the whole.
    TruncatedJson,
    /// The usual answer's status and no body.
    EmptyBody,
    /// A JSON string of 64 MiB; the request is not applied.
    HugeBody,
    /// About 1 MB of gzip that inflates to more than 1 GiB; the request is not applied.
    GzipBomb,
    /// The usual answer, its head one byte every `delay_ms` (500 when absent).
    SlowHeaders,
    /// The usual answer, its body one byte every `delay_ms` (500 when absent).
    SlowBody,
    /// Sends the caller to `location` with `status` (302 when absent); the request is not applied.
    Redirect,
    /// Status 200 and a JSON object of every request header; the request is not applied.
    EchoHeaders,
    /// Holds the request before it is applied until the fault is released; a caller that goes away meanwhile applied
    /// nothing.
    HoldBefore,
    /// Applies the request, then holds the answer until the fault is released.
    HoldAfter,
}

impl Kind {
    /// All of them, for tests that try every one. A kind that is not here is complained of by a test.
    pub const ALL: [Kind; 25] = [
        Kind::Refuse,
        Kind::Latency,
        Kind::Status,
        Kind::RateLimit,
        Kind::Throttled,
        Kind::Reset,
        Kind::ResetAfter,
        Kind::Hang,
        Kind::Close,
        Kind::CutHead,
        Kind::CutBody,
        Kind::CloseAfter,
        Kind::Unasked,
        Kind::WrongType,
        Kind::NotJson,
        Kind::TruncatedJson,
        Kind::EmptyBody,
        Kind::HugeBody,
        Kind::GzipBomb,
        Kind::SlowHeaders,
        Kind::SlowBody,
        Kind::Redirect,
        Kind::EchoHeaders,
        Kind::HoldBefore,
        Kind::HoldAfter,
    ];
}

/// A fault and the requests it applies to.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    pub system: String,
    /// An HTTP method, any case; absent for all.
    pub method: Option<String>,
    /// An exact path, or a glob: `*` stays within a segment, `**` crosses them; absent for all.
    pub path: Option<String>,
    pub kind: Kind,
    pub status: Option<u16>,
    pub delay_ms: Option<u64>,
    /// How many matching requests it applies to; absent for all.
    pub times: Option<u64>,
    /// Only the nth matching request, counted from 1.
    pub nth: Option<u64>,
    /// Where `redirect` points to.
    pub location: Option<String>,
    /// The Retry-After value of `rate-limit`, and of `status` 429 and 503.
    pub retry_after: Option<String>,
}

impl Fault {
    /// A fault for every request of a system; the other members are set by struct update.
    pub fn new(system: impl Into<String>, kind: Kind) -> Self {
        Self {
            system: system.into(),
            method: None,
            path: None,
            kind,
            status: None,
            delay_ms: None,
            times: None,
            nth: None,
            location: None,
            retry_after: None,
        }
    }

    /// Says what is wrong with the members taken together.
    pub(crate) fn check(&self) -> Result<(), String> {
        if let Some(path) = &self.path
            && !path.starts_with('/')
            && !path.starts_with('*')
        {
            return Err(format!("path {path:?} starts with neither / nor *"));
        }
        if self.times == Some(0) || self.nth == Some(0) {
            return Err("times and nth count from 1".to_owned());
        }
        if self.times.is_some() && self.nth.is_some() {
            return Err("times and nth exclude each other".to_owned());
        }
        let is_choosy = self.method.is_some() || self.path.is_some() || self.times.is_some() || self.nth.is_some();
        match self.kind {
            Kind::Refuse if is_choosy => {
                return Err("refuse knows no requests: it goes without method, path, times and nth".to_owned());
            }
            Kind::Latency if self.delay_ms.is_none() => {
                return Err("latency needs delay_ms".to_owned());
            }
            Kind::Status if self.status.is_none() => {
                return Err("status needs the member status".to_owned());
            }
            Kind::Redirect if self.location.is_none() => {
                return Err("redirect needs location".to_owned());
            }
            _ => {}
        }
        match (self.kind, self.status) {
            (_, None) => {}
            (Kind::Status, Some(status)) if (400..600).contains(&status) => {}
            (Kind::Redirect, Some(status)) if (300..400).contains(&status) => {}
            (Kind::Status, Some(status)) => {
                return Err(format!("status {status} is not an error status"));
            }
            (Kind::Redirect, Some(status)) => {
                return Err(format!("status {status} is not a redirect"));
            }
            _ => return Err("status goes with the kinds status and redirect only".to_owned()),
        }
        if self.location.is_some() && self.kind != Kind::Redirect {
            return Err("location goes with the kind redirect only".to_owned());
        }
        Ok(())
    }

    fn matches(&self, system: &str, method: &str, path: &str) -> bool {
        self.system == system
            && self.method.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
            && self.path.as_ref().is_none_or(|glob| glob_matches(glob.as_bytes(), path.as_bytes()))
    }
}

/// `*` matches within one path segment, `**` across segments.
fn glob_matches(glob: &[u8], path: &[u8]) -> bool {
    match glob {
        [] => path.is_empty(),
        [b'*', b'*', rest @ ..] => (0..=path.len()).any(|cut| glob_matches(rest, &path[cut..])),
        [b'*', rest @ ..] => {
            let segment = path.iter().position(|&byte| byte == b'/').unwrap_or(path.len());
            (0..=segment).any(|cut| glob_matches(rest, &path[cut..]))
        }
        [byte, rest @ ..] => path.first() == Some(byte) && glob_matches(rest, &path[1..]),
    }
}

struct Armed {
    id: u64,
    fault: Fault,
    gate: Arc<Gate>,
    seen: u64,
}

/// A fault that befalls a request, and where the request waits when the fault holds it.
pub(crate) struct Picked {
    pub(crate) fault: Fault,
    pub(crate) gate: Arc<Gate>,
}

#[derive(Default)]
struct Board {
    next: u64,
    armed: Vec<Armed>,
}

/// The faults set for one set of mocks.
#[derive(Default)]
pub(crate) struct Faults {
    board: Mutex<Board>,
}

impl Faults {
    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn arm(&self, fault: Fault) -> u64 {
        let mut board = self.board();
        board.next += 1;
        let id = board.next;
        board.armed.push(Armed { id, fault, gate: Arc::default(), seen: 0 });
        id
    }

    /// The gate of a fault that is still set.
    pub(crate) fn gate(&self, id: u64) -> Option<Arc<Gate>> {
        self.board().armed.iter().find(|armed| armed.id == id).map(|armed| Arc::clone(&armed.gate))
    }

    /// Forgets all faults; what they held goes on.
    pub(crate) fn clear(&self) {
        for armed in self.board().armed.drain(..) {
            armed.gate.open();
        }
    }

    /// The oldest fault that applies. Each fault counts the requests that match it, whether or not it is picked.
    pub(crate) fn pick(&self, system: &str, method: &str, path: &str) -> Option<Picked> {
        let mut board = self.board();
        let mut picked = None;
        for armed in &mut board.armed {
            if !armed.fault.matches(system, method, path) {
                continue;
            }
            // A fault that lost to an older one keeps its turns.
            if picked.is_some() && armed.fault.nth.is_none() {
                continue;
            }
            armed.seen += 1;
            let applies = match (armed.fault.nth, armed.fault.times) {
                (Some(nth), _) => armed.seen == nth,
                (None, Some(times)) => armed.seen <= times,
                (None, None) => true,
            };
            if applies && picked.is_none() {
                picked = Some(Picked { fault: armed.fault.clone(), gate: Arc::clone(&armed.gate) });
            }
        }
        picked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stays_within_a_segment_and_two_cross_them() {
        let matches = |glob: &str, path: &str| glob_matches(glob.as_bytes(), path.as_bytes());
        assert!(matches("/api/v2/tickets/*", "/api/v2/tickets/1"));
        assert!(!matches("/api/v2/tickets/*", "/api/v2/tickets/1/comments"));
        assert!(matches("/api/**/comments", "/api/v2/tickets/1/comments"));
        assert!(matches("/a*c", "/abbc"));
        assert!(!matches("/a", "/ab"));
    }

    #[test]
    fn nth_applies_once_and_times_runs_out() {
        let faults = Faults::default();
        faults.arm(Fault { nth: Some(2), ..Fault::new("s", Kind::Reset) });
        faults.arm(Fault { times: Some(1), ..Fault::new("s", Kind::Hang) });
        let kinds: Vec<_> = (0..3).map(|_| faults.pick("s", "GET", "/").map(|picked| picked.fault.kind)).collect();
        assert_eq!(kinds, [Some(Kind::Hang), Some(Kind::Reset), None]);
    }

    #[test]
    fn every_kind_is_in_the_list_of_all() {
        let source = include_str!("fault.rs");
        let (_, kinds) = source.split_once("pub enum Kind {").unwrap_or_default();
        let (kinds, _) = kinds.split_once("\n}").unwrap_or_default();
        let named: Vec<_> = kinds.lines().filter_map(|line| line.trim().strip_suffix(',')).collect();
        let listed: Vec<_> = Kind::ALL.iter().map(|kind| format!("{kind:?}")).collect();
        assert_eq!(named, listed);
    }

    #[test]
    fn members_that_do_not_fit_the_kind_are_refused() {
        assert!(Fault::new("s", Kind::Latency).check().is_err());
        assert!(Fault { nth: Some(1), ..Fault::new("s", Kind::Refuse) }.check().is_err());
        assert!(Fault::new("s", Kind::Redirect).check().is_err());
        let fault = Fault { status: Some(200), ..Fault::new("s", Kind::Status) };
        assert!(fault.check().is_err());
    }
}
