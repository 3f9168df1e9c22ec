//! Who shows wrong keys: counted by address and in total, and after too many of them no further key of theirs is even
//! looked at for a while. A caller whose key was right from the same address before is let through all the while, so
//! that a stranger behind the same proxy cannot lock it out.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use hashlink::LruCache;

/// Wrong keys are counted for this long, and held against their sender to the end of it.
const WINDOW: Duration = Duration::from_secs(60);

/// Addresses that are counted at once; the one that was quiet for longest makes room. Whoever has more of them meets
/// the total.
const SOURCES_MAX: usize = 10_000;

/// Keys that were right, with the address that they came from.
const PROVEN_MAX: usize = 10_000;

type Digest = [u8; 32];

/// The counters of a host.
#[derive(Debug)]
pub(super) struct Guessing {
    /// Wrong keys of one address in a window.
    source_max: u32,
    /// Wrong keys of all addresses in a window.
    total_max: u32,
    book: Mutex<Book>,
}

#[derive(Debug)]
struct Book {
    sources: LruCache<Source, Window>,
    total: Option<Window>,
    proven: LruCache<(Source, Digest), ()>,
}

/// Whom an attempt is held against: an IPv4 address, or the /64 that one IPv6 subscriber has to themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Source(IpAddr);

#[derive(Clone, Copy, Debug)]
struct Window {
    began: Instant,
    wrong: u32,
}

impl Guessing {
    pub(super) fn new(source_max: u32, total_max: u32) -> Guessing {
        let (sources, proven) = (LruCache::new(SOURCES_MAX), LruCache::new(PROVEN_MAX));
        Guessing { source_max, total_max, book: Mutex::new(Book { sources, total: None, proven }) }
    }

    /// Whether a key may be looked at.
    ///
    /// # Errors
    /// How long none is.
    pub(super) fn may_try(&self, address: IpAddr, key: &Digest, now: Instant) -> Result<(), Duration> {
        let source = Source::of(address);
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        let of_source = book.sources.peek(&source).and_then(|window| window.full_for(self.source_max, now));
        let of_all = book.total.and_then(|window| window.full_for(self.total_max, now));
        match of_source.max(of_all) {
            Some(_) if book.proven.get(&(source, *key)).is_some() => Ok(()),
            Some(left) => Err(left),
            None => Ok(()),
        }
    }

    /// A key was right.
    pub(super) fn right(&self, address: IpAddr, key: &Digest) {
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        book.proven.insert((Source::of(address), *key), ());
    }

    /// A key was wrong.
    pub(super) fn wrong(&self, address: IpAddr, now: Instant) {
        let source = Source::of(address);
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        let before = book.sources.get(&source).copied();
        let of_source = Window::and_one(before, now);
        book.sources.insert(source, of_source);
        let of_all = Window::and_one(book.total, now);
        book.total = Some(of_all);
        drop(book);
        // Once per window and bound. Not from where: the operator's proxy knows, and a log is read by many.
        if of_source.wrong == self.source_max {
            tracing::warn!(
                event = "keys.guessed",
                wrong = of_source.wrong,
                "an address shows one wrong API key after another"
            );
        }
        if of_all.wrong == self.total_max {
            tracing::warn!(event = "keys.guessed", wrong = of_all.wrong, "wrong API keys come from many addresses");
        }
    }
}

impl Source {
    fn of(address: IpAddr) -> Source {
        Source(match address.to_canonical() {
            IpAddr::V6(v6) => {
                let [a, b, c, d, ..] = v6.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
            v4 => v4,
        })
    }
}

impl Window {
    /// How long it stays full.
    fn full_for(&self, max: u32, now: Instant) -> Option<Duration> {
        let left = WINDOW.checked_sub(now.saturating_duration_since(self.began)).filter(|left| !left.is_zero())?;
        (self.wrong >= max).then_some(left)
    }

    fn and_one(before: Option<Window>, now: Instant) -> Window {
        match before.filter(|window| now.saturating_duration_since(window.began) < WINDOW) {
            Some(window) => Window { wrong: window.wrong.saturating_add(1), ..window },
            None => Window { began: now, wrong: 1 },
        }
    }
}

#[cfg(test)]
mod tests;
