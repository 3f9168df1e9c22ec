//! How a business system has been answering lately: a bounded ring of the latest requests, from which the figures for
//! the operator are made when somebody asks. Nothing is decided by them; that is the breaker's business.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use jackfield_core::breaker::Verdict;
use jackfield_core::port::SendError;
use serde::Serialize;

/// Requests that are remembered.
const SAMPLES_MAX: usize = 512;

/// How far back they count.
const AGE_MAX: Duration = Duration::from_secs(5 * 60);

/// The last error of a connection. Its kind and its time, and no word of the system: who may list connections is not
/// who may read what a system says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct LastError {
    /// Milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// What it was.
    #[serde(flatten)]
    pub kind: Failing,
}

/// How a request went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Failing {
    /// It was answered, with 429 or with 500 and above.
    Status {
        /// HTTP status.
        status: u16,
    },
    /// No answer in time.
    Timeout,
    /// No connection, or it broke.
    Unavailable,
    /// The answer is over a bound of ours.
    TooLarge,
    /// A policy of ours said no, such as that on addresses.
    Denied,
    /// The vendor's budget had no room.
    RateLimited,
    /// There is no credential that the system accepts.
    ReauthRequired,
}

impl Failing {
    /// That of an answer; nothing where it is an answer like another.
    pub(crate) fn of_status(status: u16) -> Option<Failing> {
        (status == 429 || status >= 500).then_some(Failing::Status { status })
    }
}

impl From<&SendError> for Failing {
    fn from(error: &SendError) -> Failing {
        match error {
            SendError::Timeout { .. } => Failing::Timeout,
            SendError::Unavailable { .. } => Failing::Unavailable,
            SendError::TooLarge { .. } => Failing::TooLarge,
            SendError::Denied(_) => Failing::Denied,
            SendError::RateLimited { .. } => Failing::RateLimited,
            SendError::ReauthRequired(_) => Failing::ReauthRequired,
        }
    }
}

/// What the latest requests show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Figures {
    /// Requests that these figures are made of: those of the last five minutes, 512 at most.
    pub requests: usize,
    /// Half of them took no longer than this, in milliseconds; absent when there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p50_ms: Option<u64>,
    /// 95 of 100 took no longer than this, in milliseconds; absent when there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p95_ms: Option<u64>,
    /// Between 0 and 1: the share of those that say anything of the system which it did not answer, or with a failure
    /// of its own; absent when there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_ratio: Option<f64>,
}

/// One request.
#[derive(Clone, Copy, Debug)]
struct Sample {
    at: Instant,
    /// Absent when it says nothing of how fast the system is: a refused connection is quick, and no answer.
    elapsed_ms: Option<u64>,
    verdict: Verdict,
}

/// The latest requests.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    samples: VecDeque<Sample>,
    last_error: Option<LastError>,
}

impl Recent {
    pub(crate) fn add(&mut self, at: Instant, elapsed: Option<Duration>, verdict: Verdict) {
        if self.samples.len() >= SAMPLES_MAX {
            self.samples.pop_front();
        }
        let elapsed_ms = elapsed.map(|elapsed| u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX));
        self.samples.push_back(Sample { at, elapsed_ms, verdict });
    }

    pub(crate) fn fail(&mut self, at_ms: u64, kind: Failing) {
        self.last_error = Some(LastError { at_ms, kind });
    }

    pub(crate) fn last_error(&self) -> Option<LastError> {
        self.last_error
    }

    pub(crate) fn figures(&self, now: Instant) -> Figures {
        let fresh = || self.samples.iter().filter(|sample| now.saturating_duration_since(sample.at) <= AGE_MAX);
        let mut elapsed_ms: Vec<u64> = fresh().filter_map(|sample| sample.elapsed_ms).collect();
        elapsed_ms.sort_unstable();
        let count = |verdict: Verdict| fresh().filter(|sample| sample.verdict == verdict).count();
        let (good, bad) = (count(Verdict::Good), count(Verdict::Bad));
        Figures {
            requests: fresh().count(),
            p50_ms: percentile(&elapsed_ms, 50),
            p95_ms: percentile(&elapsed_ms, 95),
            error_ratio: (good + bad > 0).then(|| bad as f64 / (good + bad) as f64),
        }
    }
}

/// The least value that so many percent of all are not over (the nearest rank).
fn percentile(sorted: &[u64], percent: usize) -> Option<u64> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_are_those_of_the_nearest_rank() {
        let now = Instant::now();
        let mut recent = Recent::default();
        assert_eq!(recent.figures(now), Figures::default());
        for ms in (1..=100).rev() {
            let verdict = if ms > 90 { Verdict::Bad } else { Verdict::Good };
            recent.add(now, Some(Duration::from_millis(ms)), verdict);
        }
        // Neither counts as a request of which nothing is known.
        recent.add(now, None, Verdict::Neither);
        let expected = Figures { requests: 101, p50_ms: Some(50), p95_ms: Some(95), error_ratio: Some(0.1) };
        assert_eq!(recent.figures(now), expected);
    }

    #[test]
    fn what_is_old_or_beyond_the_bound_is_forgotten() {
        let start = Instant::now();
        let mut recent = Recent::default();
        recent.add(start, Some(Duration::from_secs(9)), Verdict::Bad);
        let later = start + AGE_MAX + Duration::from_millis(1);
        assert_eq!(recent.figures(later), Figures::default());
        for _ in 0..SAMPLES_MAX * 2 {
            recent.add(later, Some(Duration::ZERO), Verdict::Good);
        }
        assert_eq!(recent.figures(later).requests, SAMPLES_MAX);
        assert_eq!(recent.figures(start).requests, SAMPLES_MAX, "a clock that is read late loses nothing");
    }

    #[test]
    fn an_error_is_its_kind_and_its_time_and_nothing_that_was_said() {
        let mut recent = Recent::default();
        let said =
            SendError::Unavailable { detail: "tls: certificate of 10.0.0.7 for hr.example".to_owned(), sent: true };
        recent.fail(7, Failing::from(&said));
        let shown = serde_json::to_value(recent.last_error().unwrap()).unwrap();
        assert_eq!(shown, serde_json::json!({ "at_ms": 7, "kind": "unavailable" }));
        recent.fail(8, Failing::of_status(503).unwrap());
        let shown = serde_json::to_value(recent.last_error().unwrap()).unwrap();
        assert_eq!(shown, serde_json::json!({ "at_ms": 8, "kind": "status", "status": 503 }));
        assert_eq!(Failing::of_status(404), None);
    }
}
