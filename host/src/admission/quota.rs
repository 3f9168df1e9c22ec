//! Bounds on what is under way. A full bound answers at once; nobody queues here but a call that was accepted before this
//! process began.

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

    /// A place, as soon as there is one. Nothing where there never will be.
    pub async fn wait(&self) -> Option<Place> {
        self.room.clone().acquire_owned().await.ok().map(Place)
    }

    /// Places taken.
    pub fn taken(&self) -> usize {
        self.max - self.room.available_permits()
    }
}
