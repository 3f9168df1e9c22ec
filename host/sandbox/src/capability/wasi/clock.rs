//! The clocks of a guest: right, and coarse. What a neighbour does to caches and cores shows in nanoseconds; a
//! connector that measures how long its system took needs milliseconds. A guest can still count its own loops between two
//! readings, so that this makes timing others dearer and not impossible.

use std::time::{Duration, Instant, SystemTime};

use wasmtime_wasi::{HostMonotonicClock, HostWallClock};

/// The step in which both clocks go. A wait is as exact as the host's own timers, which have the same step.
const STEP: Duration = Duration::from_millis(1);

/// The last step that has passed.
fn coarse(time: Duration) -> Duration {
    // Whole milliseconds of a day in the far future fit; what does not is a clock that is wrong in any case.
    Duration::from_millis(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

/// Time of day, UTC.
pub(super) struct Wall;

impl HostWallClock for Wall {
    fn resolution(&self) -> Duration {
        STEP
    }

    fn now(&self) -> Duration {
        // A clock that stands before 1970 is wrong, and no reason to end the host.
        coarse(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default())
    }
}

/// Time since the guest first asked for any, so that it tells nothing of the host.
pub(super) struct Monotonic(Instant);

impl Monotonic {
    pub(super) fn starting() -> Monotonic {
        Monotonic(Instant::now())
    }
}

impl HostMonotonicClock for Monotonic {
    fn resolution(&self) -> u64 {
        ns(STEP)
    }

    fn now(&self) -> u64 {
        ns(coarse(self.0.elapsed()))
    }
}

fn ns(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_goes_in_whole_steps_and_never_ahead() {
        assert_eq!(coarse(Duration::from_micros(999)), Duration::ZERO);
        assert_eq!(coarse(Duration::from_micros(1_999)), Duration::from_millis(1));
        assert_eq!(coarse(Duration::from_millis(7)), Duration::from_millis(7));
    }
}
