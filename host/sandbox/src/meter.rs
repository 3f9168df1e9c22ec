//! Counts what the guest computes apart from what it waits for.
//!
//! A call's CPU time is the time in which its future is being polled, less the time in which a port is: a port's work
//! is the host's own. What the host does on the guest's behalf in between, such as copying its strings or hashing its
//! messages, is counted, since a guest could otherwise make the host work without end.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::ticker::Ticker;

/// No time is running.
const STOPPED: u64 = u64::MAX;

/// Shared between the call's future, which starts and stops it, and the call's store, which reads it. Both are in one
/// task, so that relaxed order is enough; atomics only because the task moves between threads.
pub(crate) struct Meter {
    started: Instant,
    spent_ns: AtomicU64,
    running_since_ns: AtomicU64,
    /// Write requests that are under way. What is left here when the call ends has an unknown outcome.
    pub(crate) writes_open: AtomicU32,
}

impl Meter {
    pub(crate) fn new(started: Instant) -> Meter {
        Meter {
            started,
            spent_ns: AtomicU64::new(0),
            running_since_ns: AtomicU64::new(STOPPED),
            writes_open: AtomicU32::new(0),
        }
    }

    /// Drives the guest's future: while it is polled, time runs and the epoch advances.
    pub(crate) async fn computing<F: Future>(&self, ticker: &Ticker, future: F) -> F::Output {
        let mut future = pin!(future);
        poll_fn(|cx| {
            let _ticking = ticker.tick();
            self.resume();
            let polled = future.as_mut().poll(cx);
            self.pause();
            polled
        })
        .await
    }

    /// Drives a port's future inside of the guest's: while it is polled, time stands still.
    pub(crate) async fn waiting<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        poll_fn(|cx| {
            self.pause();
            let polled = future.as_mut().poll(cx);
            self.resume();
            polled
        })
        .await
    }

    /// Computing time until now.
    pub(crate) fn spent(&self, now: Instant) -> Duration {
        let running = match self.running_since_ns.load(Relaxed) {
            STOPPED => 0,
            since => self.ns(now).saturating_sub(since),
        };
        Duration::from_nanos(self.spent_ns.load(Relaxed) + running)
    }

    fn resume(&self) {
        self.running_since_ns.store(self.ns(Instant::now()), Relaxed);
    }

    fn pause(&self) {
        let since = self.running_since_ns.swap(STOPPED, Relaxed);
        if since != STOPPED {
            let ran = self.ns(Instant::now()).saturating_sub(since);
            self.spent_ns.fetch_add(ran, Relaxed);
        }
    }

    fn ns(&self, now: Instant) -> u64 {
        // Five hundred years of nanoseconds fit.
        now.saturating_duration_since(self.started).as_nanos() as u64
    }
}
