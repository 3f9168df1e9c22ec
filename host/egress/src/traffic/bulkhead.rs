//! What one connection may have of the host at once: requests under way and bytes of answers being read. Beyond a
//! bound the answer is no, at once; nobody queues here. Sockets are bounded where they are opened.

use std::sync::atomic::{AtomicUsize, Ordering};

/// What is taken.
#[derive(Debug, Default)]
pub(crate) struct Bulkhead {
    requests: AtomicUsize,
    body_bytes: AtomicUsize,
}

/// The place of one request, for as long as it lives.
#[derive(Debug)]
pub(crate) struct Place<'b>(&'b Bulkhead);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.requests.fetch_sub(1, Ordering::AcqRel);
    }
}

/// What one answer takes of the bytes while it is read, and gives back when it has been.
#[derive(Debug)]
pub(crate) struct BodyRoom<'b> {
    bulkhead: &'b Bulkhead,
    bytes_max: usize,
    held: usize,
}

impl BodyRoom<'_> {
    /// Takes room for so many more bytes; `false` when there is none.
    pub(crate) fn grow(&mut self, bytes: usize) -> bool {
        let taken = add_within(&self.bulkhead.body_bytes, bytes, self.bytes_max);
        if taken {
            self.held += bytes;
        }
        taken
    }
}

impl Drop for BodyRoom<'_> {
    fn drop(&mut self) {
        self.bulkhead.body_bytes.fetch_sub(self.held, Ordering::AcqRel);
    }
}

impl Bulkhead {
    /// A place for one request, if fewer than `max` are taken.
    pub(crate) fn enter(&self, max: usize) -> Option<Place<'_>> {
        add_within(&self.requests, 1, max).then(|| Place(self))
    }

    /// The beginning of one answer, of which nothing has been read.
    pub(crate) fn body(&self, bytes_max: usize) -> BodyRoom<'_> {
        BodyRoom { bulkhead: self, bytes_max, held: 0 }
    }

    /// Requests under way.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::Acquire)
    }

    /// Bytes of answers that are being read.
    pub(crate) fn body_bytes(&self) -> usize {
        self.body_bytes.load(Ordering::Acquire)
    }
}

/// Adds unless the sum would be over the bound.
fn add_within(count: &AtomicUsize, more: usize, max: usize) -> bool {
    let add = |now: usize| now.checked_add(more).filter(|sum| *sum <= max);
    count.fetch_update(Ordering::AcqRel, Ordering::Acquire, add).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_free_again_when_its_request_is_gone() {
        let bulkhead = Bulkhead::default();
        let first = bulkhead.enter(2);
        let second = bulkhead.enter(2);
        assert!(first.is_some() && second.is_some() && bulkhead.enter(2).is_none());
        drop(first);
        assert!(bulkhead.enter(2).is_some());
        assert_eq!(bulkhead.requests(), 1);
    }

    #[test]
    fn an_answer_takes_what_it_reads_and_a_refused_piece_takes_nothing() {
        let bulkhead = Bulkhead::default();
        let mut one = bulkhead.body(10);
        let mut other = bulkhead.body(10);
        assert!(one.grow(6) && !other.grow(5) && other.grow(4));
        assert_eq!(bulkhead.body_bytes(), 10);
        drop(one);
        assert!(other.grow(6));
        drop(other);
        assert_eq!(bulkhead.body_bytes(), 0);
    }

    #[test]
    fn a_size_beyond_counting_is_over_every_bound() {
        let bulkhead = Bulkhead::default();
        let mut body = bulkhead.body(usize::MAX);
        assert!(body.grow(1) && !body.grow(usize::MAX));
    }
}
