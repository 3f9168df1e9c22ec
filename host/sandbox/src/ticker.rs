//! The clock that interrupts guests: advances the engine's epoch every millisecond, on a thread of its own, and only
//! while a guest computes.
//!
//! A tick is only an occasion to look: the epoch callback compares instants, so that a late tick makes a call end
//! late by that much and never early.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread::{self, Thread};
use std::time::Duration;

use wasmtime::Engine;

/// How long a guest can compute before the host looks at it.
const TICK: Duration = Duration::from_millis(1);

/// Ticks without any guest until the thread sleeps: waking it costs a system call, which a busy host never pays.
const IDLE_TICKS_MAX: u32 = 100;

#[derive(Default)]
struct Shared {
    computing: AtomicUsize,
    parked: AtomicBool,
    ended: AtomicBool,
}

/// The ticking thread; it ends with this value.
pub(crate) struct Ticker {
    shared: Arc<Shared>,
    thread: Thread,
}

/// While one of these lives, the epoch advances.
pub(crate) struct Ticking<'t>(&'t Shared);

impl Ticker {
    pub(crate) fn start(engine: &Engine) -> io::Result<Ticker> {
        let shared = Arc::new(Shared::default());
        let (of_thread, engine) = (shared.clone(), engine.clone());
        let handle =
            thread::Builder::new().name("jackfield-tick".to_owned()).spawn(move || run(&of_thread, &engine))?;
        Ok(Ticker { shared, thread: handle.thread().clone() })
    }

    /// Keeps the epoch advancing until the answer is dropped.
    pub(crate) fn tick(&self) -> Ticking<'_> {
        self.shared.computing.fetch_add(1, SeqCst);
        // The thread says that it parks before it counts for the last time, and we count before we look whether it
        // did: whatever the interleaving, one of the two sees the other.
        if self.shared.parked.load(SeqCst) {
            self.thread.unpark();
        }
        Ticking(&self.shared)
    }

    #[cfg(test)]
    fn is_parked(&self) -> bool {
        self.shared.parked.load(SeqCst)
    }
}

impl Drop for Ticking<'_> {
    fn drop(&mut self) {
        self.0.computing.fetch_sub(1, SeqCst);
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.ended.store(true, SeqCst);
        self.thread.unpark();
    }
}

fn run(shared: &Shared, engine: &Engine) {
    let mut idle = 0;
    while !shared.ended.load(SeqCst) {
        idle = if shared.computing.load(SeqCst) == 0 { idle + 1 } else { 0 };
        if idle > IDLE_TICKS_MAX {
            shared.parked.store(true, SeqCst);
            if shared.computing.load(SeqCst) == 0 && !shared.ended.load(SeqCst) {
                thread::park();
            }
            shared.parked.store(false, SeqCst);
            idle = 0;
        }
        thread::sleep(TICK);
        engine.increment_epoch();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn wait_until(condition: impl Fn() -> bool) {
        let started = Instant::now();
        while !condition() {
            assert!(started.elapsed() < Duration::from_secs(20), "the condition never came true");
            thread::sleep(TICK);
        }
    }

    #[test]
    fn ticks_only_while_a_guest_computes() {
        let engine = Engine::default();
        let ticker = Ticker::start(&engine).unwrap();
        wait_until(|| ticker.is_parked());
        let ticking = ticker.tick();
        wait_until(|| !ticker.is_parked());
        drop(ticking);
        wait_until(|| ticker.is_parked());
    }
}
