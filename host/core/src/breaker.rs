//! The circuit breaker of one connection: whether a business system that has been failing is asked at all.
//!
//! It exists for the person in the chat and for the system alike: without it each call to a system that is down waits
//! for its own time-out, and the system is hit hardest while it tries to get up. Reads and writes have breakers of
//! their own, since many systems fail in one and serve the other (a read replica, a maintenance mode).
//!
//! ```text
//!            too many failures in the window
//!   closed ──────────────────────────────────▶ open ◀────────┐
//!      ▲                                        │ time is up │ a probe fails: open for twice as long
//!      └──── enough good probes ──── half-open ◀┴────────────┘
//! ```
//!
//! The caller asks [`Breaker::admit`] before it sends and hands the permit back with what came of it. A permit that is
//! dropped instead frees its place, so that a cancelled call cannot leave the breaker half-open for ever. All of it is
//! a fixed amount of memory and of work per request. Locking, the clock and the random number are the caller's; which
//! request is retried is [`crate::backoff`]'s, and how many may be under way is not decided here.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::backoff::scaled;
use crate::manifest::Access;

mod window;

use window::Window;

/// When a breaker opens and closes. On by default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BreakerPolicy {
    /// Whether it ever refuses.
    pub enabled: bool,
    /// How far back it looks, in milliseconds.
    pub window_ms: u64,
    /// It does not open on fewer requests than this in the window: two failures of two say little.
    pub calls_min: u32,
    /// It opens when at least this share of the window's requests failed, in percent.
    pub failure_percent: u32,
    /// How long it stays open the first time, in milliseconds; it doubles with every failed probe.
    pub open_ms: u64,
    /// Bound of the time it stays open, in milliseconds.
    pub open_ms_max: u64,
    /// Probes that are under way at once.
    pub probes_max: u32,
    /// Good probes until it closes.
    pub probes_good: u32,
    /// A time-out counts only if the system had at least this long to answer, in milliseconds: a call that came with
    /// little time left says nothing about the system.
    pub timeout_counts_ms: u64,
    /// Statuses of 500 and above that are an answer rather than a failure.
    pub answers: Vec<u16>,
}

impl Default for BreakerPolicy {
    fn default() -> Self {
        BreakerPolicy {
            enabled: true,
            window_ms: 10_000,
            calls_min: 10,
            failure_percent: 50,
            open_ms: 2_000,
            open_ms_max: 60_000,
            probes_max: 1,
            probes_good: 2,
            timeout_counts_ms: 2_000,
            answers: vec![501, 505],
        }
    }
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The system answered.
    Status(u16),
    /// No connection, or it broke.
    Unavailable,
    /// No answer in time.
    Timeout {
        /// How long the system had.
        had: Duration,
    },
    /// It never got as far as the system, or broke for a reason of our own.
    Ours,
}

/// What that says about the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It works.
    Good,
    /// It does not.
    Bad,
    /// Nothing.
    Neither,
}

impl BreakerPolicy {
    /// Judges one request. A refusal of ours or of the vendor's rate limit says nothing: a system that answers 429 is
    /// well, and its budget is not the breaker's business. Any other answer below 500 shows that it works.
    pub fn judge(&self, ending: Ending) -> Verdict {
        match ending {
            Ending::Status(429) | Ending::Ours => Verdict::Neither,
            Ending::Status(status) if status < 500 || self.answers.contains(&status) => Verdict::Good,
            Ending::Status(_) | Ending::Unavailable => Verdict::Bad,
            Ending::Timeout { had } if had < Duration::from_millis(self.timeout_counts_ms) => Verdict::Neither,
            Ending::Timeout { .. } => Verdict::Bad,
        }
    }
}

/// Whether a request may be sent.
#[derive(Debug)]
pub enum Admission {
    /// Yes.
    Pass(Permit),
    /// Yes, and much depends on it.
    Probe(Permit),
    /// No.
    Refuse {
        /// When it is worth asking again.
        retry_after: Duration,
    },
}

/// The right to send one request. Hand it to [`Breaker::record`], or drop it if there is nothing to say.
#[derive(Debug)]
pub struct Permit {
    period: u64,
    /// A probe's place: taken for as long as this lives.
    place: Option<Arc<()>>,
}

/// How a breaker stands, for `/v1/connections` and the metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Standing {
    /// Requests pass.
    Closed,
    /// None pass.
    Open {
        /// Milliseconds until a probe may pass.
        retry_after_ms: u64,
    },
    /// Probes pass.
    HalfOpen,
}

/// One breaker.
#[derive(Debug)]
pub struct Breaker {
    state: State,
    /// Grows with every change of state, so that the outcome of a request from before is not counted after.
    period: u64,
}

#[derive(Debug)]
enum State {
    Closed(Window),
    Open {
        until: Instant,
        /// Times in a row that a probe failed.
        failed: u32,
    },
    HalfOpen {
        /// Every probe under way holds a clone: the count of clones is the count of places taken.
        places: Arc<()>,
        good: u32,
        failed: u32,
    },
}

/// How long a request is told to wait while the probes decide. Short: they take no longer than a request does.
const PROBING: Duration = Duration::from_secs(1);

impl Breaker {
    /// A closed breaker that has seen nothing.
    pub fn new(now: Instant) -> Breaker {
        Breaker { state: State::Closed(Window::new(now)), period: 0 }
    }

    /// Asks to send one request.
    pub fn admit(&mut self, policy: &BreakerPolicy, now: Instant) -> Admission {
        if !policy.enabled {
            return Admission::Pass(Permit { period: self.period, place: None });
        }
        if let State::Open { until, failed } = self.state
            && now >= until
        {
            self.enter(State::HalfOpen { places: Arc::new(()), good: 0, failed });
        }
        match &self.state {
            State::Closed(_) => Admission::Pass(Permit { period: self.period, place: None }),
            State::Open { until, .. } => Admission::Refuse { retry_after: until.saturating_duration_since(now) },
            // One count is the state's own.
            State::HalfOpen { places, .. } if Arc::strong_count(places) - 1 < policy.probes_max.max(1) as usize => {
                Admission::Probe(Permit { period: self.period, place: Some(places.clone()) })
            }
            State::HalfOpen { .. } => Admission::Refuse { retry_after: PROBING },
        }
    }

    /// Says what came of a request. `random` is drawn evenly from all of `u64`: it spreads the moments at which several
    /// hosts probe the same system.
    pub fn record(&mut self, policy: &BreakerPolicy, now: Instant, permit: Permit, verdict: Verdict, random: u64) {
        let Permit { period, place } = permit;
        drop(place);
        if !policy.enabled || period != self.period || verdict == Verdict::Neither {
            return;
        }
        match &mut self.state {
            State::Closed(window) => {
                window.add(now, Duration::from_millis(policy.window_ms), verdict == Verdict::Bad);
                let (good, bad) = window.totals();
                let (calls, bad) = (u64::from(good) + u64::from(bad), u64::from(bad));
                let enough = calls >= u64::from(policy.calls_min.max(1));
                if enough && bad > 0 && bad * 100 >= calls * u64::from(policy.failure_percent) {
                    self.open(policy, now, 0, random);
                }
            }
            State::HalfOpen { failed, .. } if verdict == Verdict::Bad => {
                let failed = failed.saturating_add(1);
                self.open(policy, now, failed, random);
            }
            State::HalfOpen { good, .. } => {
                *good = good.saturating_add(1);
                if *good >= policy.probes_good {
                    self.enter(State::Closed(Window::new(now)));
                }
            }
            // Nothing is under way that was admitted in this period: an open breaker admits nothing.
            State::Open { .. } => {}
        }
    }

    /// How it stands.
    pub fn standing(&self, now: Instant) -> Standing {
        match &self.state {
            State::Closed(_) => Standing::Closed,
            State::Open { until, .. } => {
                let left = until.saturating_duration_since(now).as_millis();
                Standing::Open { retry_after_ms: u64::try_from(left).unwrap_or(u64::MAX) }
            }
            State::HalfOpen { .. } => Standing::HalfOpen,
        }
    }

    fn open(&mut self, policy: &BreakerPolicy, now: Instant, failed: u32, random: u64) {
        let factor = 1u64.checked_shl(failed).unwrap_or(u64::MAX);
        let bound = policy.open_ms.saturating_mul(factor).min(policy.open_ms_max);
        // Half of it is certain, so that a system that is down gets its rest; the other half is jitter.
        let open = Duration::from_millis(bound - bound / 2 + scaled(random, bound / 2));
        self.enter(State::Open { until: now.checked_add(open).unwrap_or(now), failed });
    }

    fn enter(&mut self, state: State) {
        self.state = state;
        self.period += 1;
    }
}

/// The two breakers of a connection.
#[derive(Debug)]
pub struct Breakers {
    read: Breaker,
    write: Breaker,
}

impl Breakers {
    /// Both closed.
    pub fn new(now: Instant) -> Breakers {
        Breakers { read: Breaker::new(now), write: Breaker::new(now) }
    }

    /// The one for a kind of request.
    pub fn of(&mut self, access: Access) -> &mut Breaker {
        match access {
            Access::Read => &mut self.read,
            Access::Write => &mut self.write,
        }
    }
}

#[cfg(test)]
mod tests;
