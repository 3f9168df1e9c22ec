//! Bounds on what is under way. A full bound answers at once; nobody queues here.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A bound on things under way at once.
#[derive(Debug)]
pub struct Quota {
    room: Arc<Semaphore>,
    max: usize,
}

/// One place in a [`Quota`], free again when dropped.
#[derive(Debug)]
pub struct Place(#[expect(dead_code, reason = "held for its drop")] OwnedSemaphorePermit);

impl Quota {
    /// Room for `max`.
    pub fn new(max: usize) -> Quota {
        let max = max.min(Semaphore::MAX_PERMITS);
        Quota { room: Arc::new(Semaphore::new(max)), max }
    }

    /// A place, if there is one.
    pub fn take(&self) -> Option<Place> {
        self.room.clone().try_acquire_owned().ok().map(Place)
    }

    /// Places in all.
    pub fn max(&self) -> usize {
        self.max
    }

    /// Places taken.
    pub fn taken(&self) -> usize {
        self.max - self.room.available_permits()
    }
}
