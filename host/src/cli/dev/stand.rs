//! Which build answers, and what there is to tell of the next one. A call keeps the build that it began with.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;
use tokio::sync::Semaphore;

use super::build::Build;

/// Calls under way at once: one author, one page, a script.
const CALLS_MAX: usize = 16;

/// The connector as it is served.
pub(super) struct Stand {
    current: ArcSwapOption<Build>,
    state: Mutex<State>,
    upstream: Option<String>,
    calls: AtomicU64,
    places: Semaphore,
}

/// How the newest sources are doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    /// Being built.
    Building,
    /// They do not build: the build before answers.
    Broken,
    /// They answer.
    Ready,
}

impl Stand {
    pub(super) fn new(upstream: Option<String>) -> Stand {
        Stand {
            current: ArcSwapOption::empty(),
            state: Mutex::new(State::Building),
            upstream,
            calls: AtomicU64::new(0),
            places: Semaphore::new(CALLS_MAX),
        }
    }

    /// The build that answers now; none before the first one that works.
    pub(super) fn current(&self) -> Option<Arc<Build>> {
        self.current.load_full()
    }

    /// From now on this one answers. Calls under way end as they began.
    pub(super) fn swap(&self, build: Build) {
        self.current.store(Some(Arc::new(build)));
        self.set(State::Ready);
    }

    pub(super) fn set(&self, state: State) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }

    pub(super) fn state(&self) -> State {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who answers the connector's requests, in words.
    pub(super) fn behind(&self) -> String {
        match &self.upstream {
            None => "the system is played by the fixtures".to_owned(),
            Some(upstream) => format!("the system is {upstream}"),
        }
    }

    /// The system that is really there.
    pub(super) fn upstream(&self) -> Option<&str> {
        self.upstream.as_deref()
    }

    /// The number of the next call.
    pub(super) fn next_call(&self) -> u64 {
        self.calls.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Where calls wait for their turn.
    pub(super) fn places(&self) -> &Semaphore {
        &self.places
    }
}
