//! The time contract of one call: when the person in the chat hears that it takes longer, and when the call ends. One
//! budget, made at admission and handed down to queueing, the guest, every attempt upstream and every wait between.
//!
//! Three moments stand on one line, each an instant of a clock that only goes forward:
//!
//! ```text
//! start ────────── progress ────────── work_end ── end
//!                  "still checking"    the guest    the answer has left
//!                                      is stopped
//! ```
//!
//! Between `work_end` and `end` the host looks for a fallback and renders the reply: a call that used its last
//! millisecond upstream would otherwise be late with the news that it was too late. Everybody may make the line shorter
//! and nobody longer: see [`Times::narrowed`]. This file starts no timer and sends no message; it says when.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// The shortest deadline, in milliseconds: with less, no answer could be rendered, whatever the cause.
pub const END_MS_MIN: u64 = 100;

/// What is kept back for the reply at most, in milliseconds.
pub const REPLY_MS_MAX: u64 = 250;

/// What is kept back for the reply is this part of the whole where that is less than [`REPLY_MS_MAX`].
const REPLY_PART: u64 = 20;

/// When a call speaks and when it ends, counted from its start. The defaults are DESIGN's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Times {
    /// Milliseconds until the progress message.
    pub progress_ms: u64,
    /// Milliseconds until the end.
    pub end_ms: u64,
}

impl Default for Times {
    fn default() -> Self {
        Times { progress_ms: 5_000, end_ms: 15_000 }
    }
}

/// What an intent's configuration, a caller's or a request asks for. What is absent stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Narrower {
    /// Milliseconds until the progress message.
    pub progress_ms: Option<u64>,
    /// Milliseconds until the end.
    pub end_ms: Option<u64>,
}

impl Times {
    /// These times, no later than another party wants them. Asking for more than there is changes nothing, so the order
    /// of intent, caller and request does not matter. The end is never below [`END_MS_MIN`].
    pub fn narrowed(self, by: Narrower) -> Times {
        Times {
            progress_ms: by.progress_ms.map_or(self.progress_ms, |asked| asked.min(self.progress_ms)),
            end_ms: by.end_ms.map_or(self.end_ms, |asked| asked.min(self.end_ms)).max(END_MS_MIN),
        }
    }
}

/// The budget of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    progress: Option<Instant>,
    work_end: Instant,
    end: Instant,
}

impl Deadline {
    /// Starts the budget. A call that ends before its progress message would be due has none.
    pub fn start(now: Instant, times: Times) -> Deadline {
        let end_ms = times.end_ms.max(END_MS_MIN);
        let reply_ms = (end_ms / REPLY_PART).min(REPLY_MS_MAX);
        let at = |ms: u64| later(now, Duration::from_millis(ms));
        Deadline {
            progress: (times.progress_ms < end_ms).then(|| at(times.progress_ms)),
            work_end: at(end_ms - reply_ms),
            end: at(end_ms),
        }
    }

    /// When the answer must have left.
    pub fn end(&self) -> Instant {
        self.end
    }

    /// When guest and upstream are stopped.
    pub fn work_end(&self) -> Instant {
        self.work_end
    }

    /// When the progress message is due, if the call lasts that long.
    pub fn progress(&self) -> Option<Instant> {
        self.progress
    }

    /// What is left for the work; zero when it is over.
    pub fn remaining(&self, now: Instant) -> Duration {
        self.work_end.saturating_duration_since(now)
    }

    /// What is left for the work in whole milliseconds, rounded down: what a guest is told.
    pub fn remaining_ms(&self, now: Instant) -> u32 {
        u32::try_from(self.remaining(now).as_millis()).unwrap_or(u32::MAX)
    }

    /// How long one attempt may take so that those after it have as much: an equal share of what is left, but no less
    /// than an attempt needs. With one attempt to go it is everything. `None` when not even one attempt fits.
    pub fn share(&self, now: Instant, attempts_left: u32, least: Duration) -> Option<Duration> {
        let left = self.remaining(now);
        if left.is_zero() || left < least {
            return None;
        }
        Some((left / attempts_left.max(1)).max(least))
    }
}

/// The instant after a while; a while beyond what the clock can count ends now rather than in a panic.
fn later(now: Instant, after: Duration) -> Instant {
    now.checked_add(after).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn the_three_moments_stand_in_order() {
        let now = Instant::now();
        let deadline = Deadline::start(now, Times::default());
        assert_eq!(deadline.progress(), Some(now + ms(5_000)));
        assert_eq!(deadline.work_end(), now + ms(14_750));
        assert_eq!(deadline.end(), now + ms(15_000));
        assert_eq!(deadline.remaining_ms(now + ms(14_000)), 750);
        assert_eq!(deadline.remaining_ms(now + ms(14_999)), 0);
    }

    #[test]
    fn a_call_that_ends_early_has_no_progress_message() {
        let asked = Narrower { end_ms: Some(4_000), ..Narrower::default() };
        let deadline = Deadline::start(Instant::now(), Times::default().narrowed(asked));
        assert_eq!(deadline.progress(), None);
    }

    #[test]
    fn an_attempt_gets_its_share_and_never_less_than_it_needs() {
        let now = Instant::now();
        let deadline = Deadline::start(now, Times { progress_ms: 5_000, end_ms: 10_250 });
        let cases = [
            // after, attempts left, least, share
            (0, 1, 500, Some(10_000)),
            (0, 2, 500, Some(5_000)),
            (0, 0, 500, Some(10_000)),
            (9_000, 4, 500, Some(500)),
            (9_600, 1, 500, None),
            (11_000, 1, 0, None),
        ];
        for (after, attempts, least, expected) in cases {
            let got = deadline.share(now + ms(after), attempts, ms(least));
            assert_eq!(got, expected.map(ms), "after {after} ms with {attempts} attempts");
        }
    }

    #[test]
    fn a_time_beyond_the_clock_is_no_panic() {
        let now = Instant::now();
        let deadline = Deadline::start(now, Times { progress_ms: u64::MAX, end_ms: u64::MAX });
        assert!(deadline.end() >= now);
    }

    proptest! {
        #[test]
        fn narrowing_only_goes_down_and_in_any_order(
            a in any::<Option<u16>>(), b in any::<Option<u16>>(), c in any::<Option<u16>>(), d in any::<Option<u16>>(),
        ) {
            let by = |progress: Option<u16>, end: Option<u16>| Narrower {
                progress_ms: progress.map(u64::from), end_ms: end.map(u64::from),
            };
            let times = Times::default();
            let one = times.narrowed(by(a, b)).narrowed(by(c, d));
            prop_assert_eq!(one, times.narrowed(by(c, d)).narrowed(by(a, b)));
            prop_assert!(one.end_ms <= times.end_ms && one.progress_ms <= times.progress_ms);
            prop_assert!(one.end_ms >= END_MS_MIN);
        }

        #[test]
        fn the_reply_always_has_time_left(end_ms in 0u64..100_000) {
            let now = Instant::now();
            let deadline = Deadline::start(now, Times { progress_ms: 1, end_ms });
            prop_assert!(deadline.work_end() < deadline.end());
            prop_assert!(deadline.work_end() > now);
        }
    }
}
