//! The recent past of a breaker: good and bad requests in a ring of time slots. Old slots are forgotten as a whole, so
//! that memory and work do not hang on the number of requests; the window is exact to one slot.

use std::time::{Duration, Instant};

/// Slots of a window: what is forgotten at once is a tenth of it.
const SLOTS: u64 = 10;

#[derive(Debug)]
pub(super) struct Window {
    began: Instant,
    /// The slot that is filled now, counted from the beginning.
    current: u64,
    slots: [Slot; SLOTS as usize],
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    good: u32,
    bad: u32,
}

impl Window {
    pub(super) fn new(now: Instant) -> Window {
        Window { began: now, current: 0, slots: [Slot::default(); SLOTS as usize] }
    }

    /// Counts one request.
    pub(super) fn add(&mut self, now: Instant, length: Duration, bad: bool) {
        let slot_ms = (length.as_millis() / u128::from(SLOTS)).max(1);
        let elapsed = now.saturating_duration_since(self.began).as_millis() / slot_ms;
        // Never back: two threads may have read the clock in one order and come here in the other.
        let number = u64::try_from(elapsed).unwrap_or(u64::MAX).max(self.current);
        for stale in 1..=(number - self.current).min(SLOTS) {
            *self.slot(self.current + stale) = Slot::default();
        }
        self.current = number;
        let slot = self.slot(number);
        let count = if bad { &mut slot.bad } else { &mut slot.good };
        *count = count.saturating_add(1);
    }

    /// Good and bad requests in the window as of the last one counted.
    pub(super) fn totals(&self) -> (u32, u32) {
        self.slots
            .iter()
            .fold((0, 0), |(good, bad), slot| (good.saturating_add(slot.good), bad.saturating_add(slot.bad)))
    }

    fn slot(&mut self, number: u64) -> &mut Slot {
        &mut self.slots[(number % SLOTS) as usize]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LENGTH: Duration = Duration::from_millis(1_000);

    proptest! {
        #[test]
        fn the_window_is_the_recent_past_to_one_slot(
            steps in prop::collection::vec((0u64..400, any::<bool>()), 1..60),
        ) {
            let start = Instant::now();
            let mut window = Window::new(start);
            let mut seen: Vec<(u64, bool)> = Vec::new();
            let mut at = 0;
            for (step, bad) in steps {
                at += step;
                window.add(start + Duration::from_millis(at), LENGTH, bad);
                seen.push((at, bad));
                // By definition: everything in the slot of now and in the nine before it.
                let first = (at / 100).saturating_sub(9);
                let within = |bad: bool| seen.iter().filter(|(t, b)| t / 100 >= first && *b == bad).count() as u32;
                prop_assert_eq!(window.totals(), (within(false), within(true)));
            }
        }
    }

    #[test]
    fn a_clock_that_steps_back_is_taken_as_standing_still() {
        let start = Instant::now();
        let mut window = Window::new(start);
        window.add(start + LENGTH * 5, LENGTH, true);
        window.add(start, LENGTH, true);
        assert_eq!(window.totals(), (0, 2));
    }
}
