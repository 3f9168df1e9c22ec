//! How many calls are kept, in all and for each caller: what bounds the store.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::error::{Code, Problem};

/// Counts of what is kept, by the tag of its owner.
pub(super) struct Kept {
    max: usize,
    caller_max: usize,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    all: usize,
    by_owner: HashMap<String, usize>,
}

/// When there may be room again: what is kept goes with its retention, so not soon. In milliseconds.
const RETRY_MS: u32 = 60_000;

impl Kept {
    pub(super) fn new(max: usize, caller_max: usize) -> Kept {
        Kept { max, caller_max, counts: Mutex::default() }
    }

    /// Counts one more, if there is room for it.
    ///
    /// # Errors
    /// `rate-limited` where the caller's bound is full, `overloaded` where the host's is.
    pub(super) fn add(&self, owner: &str) -> Result<(), Problem> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.by_owner.get(owner).copied().unwrap_or_default() >= self.caller_max {
            let detail = "this key has as many calls kept as it may; hold this one to its end";
            return Err(Problem::told(Code::RateLimited, detail).retry_after(RETRY_MS));
        }
        if counts.all >= self.max {
            let detail = "the host keeps as many calls as it may; hold this one to its end";
            return Err(Problem::told(Code::Overloaded, detail).retry_after(RETRY_MS));
        }
        counts.add(owner);
        Ok(())
    }

    /// Counts one that is there already.
    pub(super) fn found(&self, owner: &str) {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).add(owner);
    }

    /// Counts one less.
    pub(super) fn remove(&self, owner: &str) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.all = counts.all.saturating_sub(1);
        if let Some(count) = counts.by_owner.get_mut(owner) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                counts.by_owner.remove(owner);
            }
        }
    }
}

impl Counts {
    fn add(&mut self, owner: &str) {
        self.all += 1;
        match self.by_owner.get_mut(owner) {
            Some(count) => *count += 1,
            None => {
                self.by_owner.insert(owner.to_owned(), 1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_caller_fills_its_own_bound_and_all_of_them_the_hosts() {
        let kept = Kept::new(3, 2);
        kept.found("a");
        assert!(kept.add("a").is_ok());
        assert_eq!(kept.add("a").unwrap_err().code, Code::RateLimited);
        assert!(kept.add("b").is_ok());
        let full = kept.add("c").unwrap_err();
        assert_eq!((full.code, full.retry_after_ms), (Code::Overloaded, Some(RETRY_MS)));
        kept.remove("a");
        assert!(kept.add("c").is_ok());
        assert_eq!(kept.add("c").unwrap_err().code, Code::Overloaded);
    }
}
