//! Places in the pool of instances. An exhausted pool is an error inside the engine, so nobody gets there without a
//! permit; who waits for one, and for how long, is admission's business.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The right to run one call. The place is free again when it is dropped.
#[derive(Debug)]
pub struct Permit {
    _held: OwnedSemaphorePermit,
}

/// As many permits as the pool has instances.
#[derive(Clone, Debug)]
pub struct Permits {
    free: Arc<Semaphore>,
    max: usize,
}

impl Permits {
    pub(crate) fn new(max: usize) -> Permits {
        Permits { free: Arc::new(Semaphore::new(max)), max }
    }

    /// A permit, if one is free now.
    pub fn try_take(&self) -> Option<Permit> {
        self.free.clone().try_acquire_owned().ok().map(|held| Permit { _held: held })
    }

    /// A permit, as soon as one is free and within `wait`. First come, first served.
    pub async fn take(&self, wait: Duration) -> Option<Permit> {
        if let Some(permit) = self.try_take() {
            return Some(permit);
        }
        let held = tokio::time::timeout(wait, self.free.clone().acquire_owned()).await.ok()?.ok()?;
        Some(Permit { _held: held })
    }

    /// How many are free now.
    pub fn free(&self) -> usize {
        self.free.available_permits()
    }

    /// How many there are.
    pub fn max(&self) -> usize {
        self.max
    }
}
