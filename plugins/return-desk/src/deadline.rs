//! Whether there is time for one more step. The host ends the call at its deadline, and with it the answer about
//! everything that was done: a step that would run into it is better not begun.

use std::time::{Duration, Instant};

use jackfield_sdk::Call;

/// The least time with which a write is begun: what a business system usually takes, and some to tell about it.
const WRITE_TIME_MIN: Duration = Duration::from_secs(2);

/// The end of the call, on the clock that this guest has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    begun: Instant,
    remaining: Duration,
}

impl Deadline {
    /// To be made first: the call's remaining time counts from its start.
    pub(crate) fn of(call: &Call) -> Self {
        Deadline { begun: Instant::now(), remaining: call.remaining() }
    }

    /// Whether a write that is begun now is likely to be answered.
    pub(crate) fn has_time_for_a_write(&self) -> bool {
        self.remaining.saturating_sub(self.begun.elapsed()) >= WRITE_TIME_MIN
    }
}
