//! The vendor's budget of one connection: how many requests a business system allows, counted before they are sent and
//! corrected by what the system says afterwards.
//!
//! It exists because a refusal costs more than a wait: it uses up part of a call's deadline, often counts against the
//! budget itself, and other programs of the same account feel it. A system has several budgets at once, such as per
//! second and per day, so a connection has several windows; a request needs room in each that it counts for, and takes
//! from all or from none. Windows are of three kinds, see [`Kind`].
//!
//! Systems differ in what they tell. The manifest says it as data (`[endpoint.NAME.rate]`, see [`Rate`]): which header
//! holds the limit, what is left, what is used, and when it starts anew, in which of the usual forms. Counts of the
//! vendor include other programs of the account, ours include requests whose answer is still to come: the larger counts
//! where both are known. `Retry-After` pauses the whole connection, whatever the counts say: it is the one number that
//! vendors mean (Shopify's own counter has been seen at 1 of 40 beside a `429`).
//!
//! Nothing here waits. [`Budget::take`] says how long, and is asked again afterwards: nobody holds a place in a queue,
//! so nobody who gave up blocks one. Memory is bounded by the manifest, work by the number of windows.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::Method;
use serde::Serialize;

use crate::backoff::RETRY_AFTER_MAX;

mod table;
mod told;
mod window;

pub use table::{Cost, Field, Kind, Rate, ResetForm, Target, Told, ToldInBody, WindowRule};
pub use told::Reading;

use window::Window;

/// One moment on both clocks: waits are measured on the one that never steps, windows of a vendor and its dates hang on
/// the calendar.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// Of the monotonic clock.
    pub instant: Instant,
    /// Milliseconds since the epoch, UTC.
    pub epoch_ms: u64,
}

/// What a request takes and from which windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    weight: u64,
    /// A bit for each window that it counts for.
    windows: u32,
}

/// Whether a request may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Take {
    /// Now; its weight is taken.
    Go,
    /// Not yet: ask again after this while. Nothing is taken.
    Wait(Duration),
    /// Not within the time that it may wait.
    Refuse {
        /// When there will be room, as far as is known.
        retry_after: Duration,
    },
}

/// How one window stands, for `/v1/connections` and the metrics.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// The window's name.
    pub window: String,
    /// What it allows, as last told.
    pub limit: u64,
    /// What is taken of it.
    pub used: u64,
}

/// The budget of one connection at one endpoint.
#[derive(Debug)]
pub struct Budget {
    rate: Arc<Rate>,
    /// One for each rule, in the same order.
    windows: Vec<Window>,
    origin: Instant,
    paused_until_ms: u64,
}

impl Budget {
    /// A budget of which nothing is taken.
    pub fn new(rate: Arc<Rate>, now: Now) -> Budget {
        let windows = rate.window.iter().take(Rate::WINDOWS_MAX).map(|rule| Window::new(rule, now.epoch_ms)).collect();
        Budget { rate, windows, origin: now.instant, paused_until_ms: 0 }
    }

    /// What a request with this method and these decoded path segments takes.
    pub fn claim(&self, method: &Method, path: &[&str]) -> Claim {
        let weight = self.rate.cost.iter().find(|cost| cost.request.covers(method, path)).map_or(1, |cost| cost.weight);
        let counts = |rule: &WindowRule| rule.only.is_empty() || rule.only.iter().any(|t| t.covers(method, path));
        let windows = self.rate.window.iter().take(self.windows.len()).enumerate();
        let windows = windows.filter(|(_, rule)| counts(rule)).fold(0, |bits, (i, _)| bits | 1 << i);
        Claim { weight, windows }
    }

    /// Takes a request's weight if there is room in every window that it counts for. `patience` is how long the caller
    /// can wait; the manifest may allow less.
    pub fn take(&mut self, now: Now, claim: &Claim, patience: Duration) -> Take {
        let at = self.at(now);
        let mut wait_ms = self.paused_until_ms.saturating_sub(at);
        for window in counting(&mut self.windows, claim) {
            wait_ms = wait_ms.max(window.wait_ms(at, claim.weight));
        }
        if wait_ms == 0 {
            counting(&mut self.windows, claim).for_each(|window| window.add(at, claim.weight));
            return Take::Go;
        }
        let wait = Duration::from_millis(wait_ms);
        if wait <= patience.min(Duration::from_millis(self.rate.wait_ms_max)) {
            Take::Wait(wait)
        } else {
            Take::Refuse { retry_after: wait }
        }
    }

    /// Learns from an answer to a request that took this claim. Header names are in lower case.
    pub fn observe(&mut self, now: Now, claim: &Claim, status: u16, headers: &[(String, String)]) {
        let at = self.at(now);
        let told = self.rate.window.iter().map(|rule| rule.told.as_ref());
        for (i, (window, told)) in self.windows.iter_mut().zip(told).enumerate() {
            if let Some(told) = told
                && claim.windows & 1 << i != 0
            {
                window.learn(at, &told.read(headers, now.epoch_ms));
            }
        }
        let pause = match (status, self.rate.asked(headers, now.epoch_ms)) {
            (429 | 503, Some(asked)) => asked,
            (429, None) => Duration::from_millis(self.rate.pause_ms),
            _ => return,
        };
        self.paused_until_ms = self.paused_until_ms.max(at.saturating_add(as_ms(pause.min(RETRY_AFTER_MAX))));
    }

    /// Learns what a system says elsewhere than in headers: see [`Rate::in_body`].
    pub fn learn(&mut self, now: Now, window: &str, reading: &Reading) {
        let at = self.at(now);
        let named = self.rate.window.iter().position(|rule| rule.name == window);
        if let Some(window) = named.and_then(|i| self.windows.get_mut(i)) {
            window.learn(at, reading);
        }
    }

    /// How the windows stand.
    pub fn standing(&mut self, now: Now) -> Vec<Standing> {
        let at = self.at(now);
        let rules = self.rate.window.iter();
        rules
            .zip(&mut self.windows)
            .map(|(rule, window)| Standing { window: rule.name.clone(), limit: window.limit(), used: window.used(at) })
            .collect()
    }

    /// How long the connection is paused from now on; zero when it is not.
    pub fn paused(&self, now: Now) -> Duration {
        Duration::from_millis(self.paused_until_ms.saturating_sub(self.at(now)))
    }

    /// Milliseconds since this budget began.
    fn at(&self, now: Now) -> u64 {
        as_ms(now.instant.saturating_duration_since(self.origin))
    }
}

fn counting<'w>(windows: &'w mut [Window], claim: &Claim) -> impl Iterator<Item = &'w mut Window> {
    let bits = claim.windows;
    windows.iter_mut().enumerate().filter(move |(i, _)| bits & 1 << i != 0).map(|(_, window)| window)
}

fn as_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
