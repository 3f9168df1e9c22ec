//! One window of a vendor's budget: what is taken, and when there is room. Times are milliseconds since the budget
//! began; they may repeat but are taken as standing still when they step back.

use super::table::{Kind, Rate, WindowRule};
use super::told::Reading;

/// Parts of a moving window. What was taken in one part is given back together, at the end of that part: never too
/// early, and late by a twentieth of the length at most.
const SLOTS: u64 = 20;

/// The part that is being filled is one more.
const RING: usize = SLOTS as usize + 1;

#[derive(Debug)]
pub(super) struct Window {
    limit: u64,
    /// What the limit never exceeds.
    limit_max: u64,
    length_ms: u64,
    /// The system said that nothing is left until then.
    blocked_until_ms: u64,
    counter: Counter,
}

#[derive(Debug)]
enum Counter {
    Fixed {
        end_ms: u64,
        used: u64,
    },
    Moving {
        slots: [u64; RING],
        current: u64,
        /// What the system counts beyond our own: other programs of the account.
        others: u64,
        others_until_ms: u64,
    },
    Bucket {
        /// What is in it, times the length: then it drains by the limit in each millisecond, without fractions.
        level: u64,
        at_ms: u64,
    },
}

impl Window {
    pub(super) fn new(rule: &WindowRule, epoch_ms: u64) -> Window {
        let length_ms = rule.length_ms.clamp(1, Rate::LENGTH_MS_MAX);
        let counter = match rule.kind {
            Kind::Fixed => Counter::Fixed { end_ms: length_ms - epoch_ms % length_ms, used: 0 },
            Kind::Moving => Counter::Moving { slots: [0; RING], current: 0, others: 0, others_until_ms: 0 },
            Kind::Bucket => Counter::Bucket { level: 0, at_ms: 0 },
        };
        let limit_max = rule.limit_max.unwrap_or(Rate::LIMIT_MAX).clamp(1, Rate::LIMIT_MAX);
        Window { limit: rule.limit.clamp(1, limit_max), limit_max, length_ms, blocked_until_ms: 0, counter }
    }

    pub(super) fn limit(&self) -> u64 {
        self.limit
    }

    /// What is taken, the vendor's word included.
    pub(super) fn used(&mut self, at_ms: u64) -> u64 {
        self.advance(at_ms);
        match &self.counter {
            Counter::Fixed { used, .. } => *used,
            Counter::Moving { slots, others, .. } => slots.iter().fold(*others, |sum, slot| sum.saturating_add(*slot)),
            Counter::Bucket { level, .. } => level.div_ceil(self.length_ms),
        }
    }

    /// Milliseconds until there is room for a weight; 0 when there is now.
    pub(super) fn wait_ms(&mut self, at_ms: u64, weight: u64) -> u64 {
        // One that is over the limit by itself would never have room: it goes when the window is empty.
        let weight = weight.min(self.limit);
        let excess = self.used(at_ms).saturating_add(weight).saturating_sub(self.limit);
        let wait_ms = match &self.counter {
            _ if weight == 0 => 0,
            Counter::Bucket { level, .. } => {
                let room = self.limit.saturating_mul(self.length_ms);
                level.saturating_add(weight.saturating_mul(self.length_ms)).saturating_sub(room).div_ceil(self.limit)
            }
            _ if excess == 0 => 0,
            Counter::Fixed { end_ms, .. } => end_ms.saturating_sub(at_ms),
            Counter::Moving { slots, current, others, others_until_ms } => {
                let slot_ms = slot_ms(self.length_ms);
                let oldest = current.saturating_sub(SLOTS);
                let mut returns: Vec<(u64, u64)> = (oldest..=*current)
                    .map(|number| ((number + SLOTS + 1) * slot_ms, slots[index(number)]))
                    .chain([(*others_until_ms, *others)])
                    .collect();
                returns.sort_unstable();
                let mut freed = 0u64;
                let enough = returns.iter().find(|(_, amount)| {
                    freed = freed.saturating_add(*amount);
                    freed >= excess
                });
                enough.map_or(self.length_ms, |(when_ms, _)| when_ms.saturating_sub(at_ms))
            }
        };
        wait_ms.max(self.blocked_until_ms.saturating_sub(at_ms))
    }

    pub(super) fn add(&mut self, at_ms: u64, weight: u64) {
        self.advance(at_ms);
        let length_ms = self.length_ms;
        match &mut self.counter {
            Counter::Fixed { used, .. } => *used = used.saturating_add(weight),
            Counter::Moving { slots, current, .. } => {
                let slot = &mut slots[index(*current)];
                *slot = slot.saturating_add(weight);
            }
            Counter::Bucket { level, .. } => *level = level.saturating_add(weight.saturating_mul(length_ms)),
        }
    }

    /// Takes the vendor's word.
    pub(super) fn learn(&mut self, at_ms: u64, reading: &Reading) {
        self.advance(at_ms);
        if let Some(limit) = reading.limit {
            // Never nothing: a connection that is allowed nothing could never learn that this has changed.
            self.limit = limit.clamp(1, self.limit_max);
        } else if let Some(remaining) = reading.remaining {
            // More is left than we thought there is: the account's plan is larger than the manifest's.
            self.limit = self.limit.max(remaining.min(self.limit_max));
        }
        // Of what the system allows, not of what the operator makes of it.
        let allowed = reading.limit.map_or(self.limit, |limit| limit.max(1));
        let told = reading.used.or(reading.remaining.map(|left| allowed.saturating_sub(left)));
        let reset_ms = reading.reset.map(|reset| u64::try_from(reset.as_millis()).unwrap_or(u64::MAX));
        let used_up = reading.remaining == Some(0) || told.is_some_and(|told| told >= self.limit);
        let length_ms = self.length_ms;
        match &mut self.counter {
            Counter::Fixed { end_ms, used } => {
                if let Some(reset_ms) = reset_ms {
                    let told_end_ms = at_ms.saturating_add(reset_ms);
                    if told_end_ms > end_ms.saturating_add(length_ms / 2) {
                        // A window has begun that we did not know of: what we counted belongs to the one before.
                        *used = 0;
                    }
                    *end_ms = told_end_ms;
                }
                *used = (*used).max(told.unwrap_or(0));
            }
            Counter::Moving { slots, others, others_until_ms, .. } => {
                let own = slots.iter().fold(0u64, |sum, slot| sum.saturating_add(*slot));
                if let Some(told) = told {
                    *others = told.saturating_sub(own);
                    *others_until_ms = at_ms.saturating_add(reset_ms.unwrap_or(length_ms));
                }
                if used_up && let Some(reset_ms) = reset_ms {
                    self.blocked_until_ms = at_ms.saturating_add(reset_ms);
                }
            }
            Counter::Bucket { level, .. } => {
                *level = (*level).max(told.unwrap_or(0).saturating_mul(length_ms));
                if used_up && let Some(reset_ms) = reset_ms {
                    self.blocked_until_ms = at_ms.saturating_add(reset_ms);
                }
            }
        }
    }

    /// Gives back what time has given back.
    fn advance(&mut self, at_ms: u64) {
        match &mut self.counter {
            Counter::Fixed { end_ms, used } => {
                if at_ms >= *end_ms {
                    *used = 0;
                    let whole = (at_ms - *end_ms) / self.length_ms + 1;
                    *end_ms = end_ms.saturating_add(whole.saturating_mul(self.length_ms));
                }
            }
            Counter::Moving { slots, current, others, others_until_ms } => {
                let number = (at_ms / slot_ms(self.length_ms)).max(*current);
                for stale in 1..=(number - *current).min(RING as u64) {
                    slots[index(*current + stale)] = 0;
                }
                *current = number;
                if at_ms >= *others_until_ms {
                    *others = 0;
                }
            }
            Counter::Bucket { level, at_ms: last_ms } => {
                let drained = at_ms.saturating_sub(*last_ms).saturating_mul(self.limit);
                *level = level.saturating_sub(drained);
                *last_ms = at_ms.max(*last_ms);
            }
        }
    }
}

fn slot_ms(length_ms: u64) -> u64 {
    length_ms.div_ceil(SLOTS)
}

fn index(number: u64) -> usize {
    (number % RING as u64) as usize
}
