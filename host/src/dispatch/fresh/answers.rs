//! All kept answers of a host and all shared reads under way: what the lock of a connection holds together. Whether
//! there is a fresh answer, whether the same is being asked, and who asks then is decided in one step, so that no two
//! equal reads are sent off beside each other and no answer slips in behind a write.
//!
//! A connection has its own lock, held for look-ups and never for I/O or for making JSON. Room is bounded for all
//! connections together; where it is short, the connection that takes most gives way, so that none crowds out the
//! others.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use jackfield_core::degrade::Trouble;
use jackfield_core::digest::Digest;
use jackfield_core::freshness::{Freshness, Tags};

use super::flight::{Flight, Passenger, Terms};
use super::mirror::Pending;
use super::shelf::{Kept, Shelf, Slot, Writes};
use crate::config::CacheSection;
use crate::error::Problem;
use crate::metrics::{AnswerCounts, Came};
use crate::reply::Checked;

/// Bound of one kept answer, in bytes of JSON: a larger one is given and not kept.
pub(super) const ANSWER_BYTES_MAX: usize = 256 << 10;

/// A connection's place.
pub(crate) struct Place {
    name: Arc<str>,
    tenant: Arc<str>,
    /// Whether its connector asks others: then a write of any connection of its tenant may change what it told.
    asks_others: bool,
    entries: AtomicUsize,
    bytes: AtomicUsize,
    ward: Mutex<Ward>,
}

#[derive(Default)]
struct Ward {
    shelf: Shelf,
    writes: Writes,
    /// Those that may be joined: no write has ended since they began.
    flights: HashMap<Digest, Arc<Flight>>,
}

/// What there is for one who asks.
pub(super) enum Boarded {
    /// A fresh answer.
    Kept(Arc<Kept>),
    /// The same is being asked.
    Joined(Passenger),
    /// Nothing: they ask.
    Leads(Passenger),
}

/// What a connection is, for its place.
pub(crate) struct Tenancy {
    /// Name in the configuration.
    pub connection: Arc<str>,
    /// Whose it is.
    pub tenant: Arc<str>,
    /// Whether its connector asks others.
    pub asks_others: bool,
}

/// The answers of a host.
pub struct Answers {
    places: HashMap<Arc<str>, Arc<Place>>,
    bounds: CacheSection,
    counts: AnswerCounts,
    pub(super) pending: Pending,
}

impl Answers {
    /// With an empty place for each connection.
    pub(crate) fn new(
        connections: impl IntoIterator<Item = Tenancy>,
        bounds: CacheSection,
        counts: AnswerCounts,
    ) -> Arc<Answers> {
        let place = |Tenancy { connection, tenant, asks_others }| {
            let place = Place {
                name: Arc::clone(&connection),
                tenant,
                asks_others,
                entries: AtomicUsize::new(0),
                bytes: AtomicUsize::new(0),
                ward: Mutex::default(),
            };
            (connection, Arc::new(place))
        };
        let places = connections.into_iter().map(place).collect();
        Arc::new(Answers { places, bounds, counts, pending: Pending::default() })
    }

    /// The place of a connection.
    pub(super) fn place(&self, connection: &str) -> Option<&Arc<Place>> {
        self.places.get(connection)
    }

    /// A fresh answer, a seat in an equal read under way, or the lead of a new one.
    pub(super) fn board(self: &Arc<Self>, terms: &Terms, until: Instant, now_ms: u64) -> Boarded {
        let place = &terms.place;
        let mut ward = place.lock();
        if terms.is_trusted
            && let Some(kept) = ward.shelf.get(&terms.key)
            && !kept.is_restored
            && let Freshness::Fresh { .. } = terms.keeping.judge(kept.made_ms, now_ms, None)
        {
            let kept = kept.clone();
            drop(ward);
            self.counts.count(&place.name, Came::Hit);
            return Boarded::Kept(kept);
        }
        if let Some(flight) = ward.flights.get(&terms.key) {
            flight.join();
            let passenger = Passenger::new(self.clone(), flight.clone());
            drop(ward);
            self.counts.count(&place.name, Came::Coalesced);
            return Boarded::Joined(passenger);
        }
        let flight = Arc::new(Flight::new(terms.clone(), ward.writes.read_begins(), until));
        if terms.coalesce {
            ward.flights.insert(terms.key, flight.clone());
        }
        drop(ward);
        self.counts.count(&place.name, Came::Miss);
        Boarded::Leads(Passenger::new(self.clone(), flight))
    }

    /// One waits no longer for a read. It is given up with the last of them.
    pub(super) fn leave(&self, flight: &Arc<Flight>) {
        let mut ward = flight.terms.place.lock();
        if flight.leave() && flight.end() {
            ward.close(flight);
            flight.abort();
        }
    }

    /// A read has ended: its answer is kept where it may be, and everybody who waits is told.
    pub(super) fn land(&self, flight: &Arc<Flight>, outcome: Result<Checked, Problem>) {
        let terms = &flight.terms;
        let slot = outcome.as_ref().ok().and_then(|checked| slot(terms, checked));
        let mut ward = terms.place.lock();
        if !flight.end() {
            return;
        }
        match (&outcome, slot) {
            (Ok(checked), slot) => {
                let is_older = ward.shelf.slot(&terms.key).is_some_and(|there| there.kept.made_ms > made_ms(checked));
                if !is_older && !ward.writes.overtook(flight.seen, &checked.tags) {
                    match slot {
                        Some(slot) => self.put(&mut ward, &terms.place, terms.key, slot),
                        // What was kept before is not what the system says now.
                        None => self.take(&mut ward, &terms.key),
                    }
                }
            }
            // The system says that it is not there, or not theirs: what was kept says otherwise.
            (Err(problem), _) if is_a_no(problem) => self.take(&mut ward, &terms.key),
            (Err(_), _) => {}
        }
        ward.close(flight);
        terms.place.measure(&ward);
        drop(ward);
        flight.tell(outcome.map(Arc::new));
        self.make_room();
    }

    /// What is kept for an answer that is wanted after a failure, with its age in milliseconds.
    pub(super) fn after_failure(
        &self,
        terms: &Terms,
        asked_max_ms: Option<u64>,
        now_ms: u64,
    ) -> Option<(Arc<Kept>, u64)> {
        let mut ward = terms.place.lock();
        let kept = ward.shelf.get(&terms.key)?.clone();
        drop(ward);
        match terms.keeping.judge(kept.made_ms, now_ms, asked_max_ms) {
            // The request's word counts here whatever the policy calls fresh.
            Freshness::Fresh { age_ms } | Freshness::Stale { age_ms }
                if asked_max_ms.is_none_or(|max_ms| max_ms > 0 && age_ms <= max_ms) =>
            {
                Some((kept, age_ms))
            }
            _ => None,
        }
    }

    /// Counts an answer that was given after a failure.
    pub(super) fn gave_stale(&self, terms: &Terms) {
        self.counts.count(&terms.place.name, Came::Stale);
    }

    /// Something was changed in the system of a connection: what tells of it is dropped, and no read under way brings
    /// it back or is joined.
    pub(super) fn touch(&self, connection: &str, touched: &Tags) {
        let Some(of) = self.places.get(connection) else { return };
        let others = self.places.values().filter(|other| other.asks_others && other.tenant == of.tenant);
        for place in std::iter::once(of).chain(others.filter(|other| !Arc::ptr_eq(other, of))) {
            let mut ward = place.lock();
            ward.writes.note(touched);
            ward.flights.clear();
            let dropped = ward.shelf.take_touched(touched);
            for (key, slot) in &dropped {
                self.pending.left(key, slot);
            }
            place.measure(&ward);
            drop(ward);
            if !dropped.is_empty() {
                self.counts.add(&place.name, Came::Dropped, dropped.len());
            }
        }
        self.gauge();
    }

    /// Puts an answer back that the store kept over a restart.
    pub(super) fn restore(&self, place: &Arc<Place>, key: Digest, kept: Kept, tags: Tags) {
        let mut ward = place.lock();
        if ward.shelf.slot(&key).is_none() {
            let slot = Slot { kept: Arc::new(kept), tags, is_durable: true, is_stored: true };
            ward.shelf.put(key, slot);
            place.measure(&ward);
        }
        drop(ward);
        self.make_room();
    }

    /// What the store shall have under a key, if it is still there. From here on the store may have it.
    pub(super) fn to_store(&self, place: &Place, key: &Digest) -> Option<(Arc<Kept>, Tags)> {
        let mut ward = place.lock();
        let slot = ward.shelf.slot(key)?;
        slot.is_stored = true;
        Some((slot.kept.clone(), slot.tags.clone()))
    }

    /// Forgets what is good for nothing any more.
    pub(crate) fn expire(&self, now_ms: u64) {
        for place in self.places.values() {
            let mut ward = place.lock();
            for (key, slot) in ward.shelf.take_expired(now_ms) {
                self.pending.left(&key, &slot);
            }
            place.measure(&ward);
        }
        self.gauge();
    }

    fn put(&self, ward: &mut Ward, place: &Arc<Place>, key: Digest, slot: Slot) {
        if slot.is_durable {
            self.pending.made(key, place);
        }
        ward.shelf.put(key, slot);
    }

    fn take(&self, ward: &mut Ward, key: &Digest) {
        if let Some(slot) = ward.shelf.take(key) {
            self.pending.left(key, &slot);
        }
    }

    /// Brings all answers back within the bounds.
    fn make_room(&self) {
        loop {
            let (entries, bytes) = self.taken();
            let most = if bytes > self.bounds.bytes_max {
                self.places.values().max_by_key(|place| place.bytes.load(Ordering::Relaxed))
            } else if entries > self.bounds.answers_max {
                self.places.values().max_by_key(|place| place.entries.load(Ordering::Relaxed))
            } else {
                break;
            };
            let Some(place) = most else { break };
            let mut ward = place.lock();
            let Some((key, slot)) = ward.shelf.take_oldest() else {
                // Somebody else made room meanwhile.
                place.measure(&ward);
                break;
            };
            self.pending.left(&key, &slot);
            place.measure(&ward);
            drop(ward);
            self.counts.count(&place.name, Came::Evicted);
        }
        self.gauge();
    }

    fn taken(&self) -> (usize, usize) {
        let add = |(entries, bytes): (usize, usize), place: &Arc<Place>| {
            (entries + place.entries.load(Ordering::Relaxed), bytes + place.bytes.load(Ordering::Relaxed))
        };
        self.places.values().fold((0, 0), add)
    }

    fn gauge(&self) {
        let (entries, bytes) = self.taken();
        self.counts.entries.set(i64::try_from(entries).unwrap_or(i64::MAX));
        self.counts.bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }
}

impl Place {
    /// The connection's name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    fn lock(&self) -> MutexGuard<'_, Ward> {
        // Nothing is left half done by a panic: no code of others runs under the lock.
        self.ward.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn measure(&self, ward: &Ward) {
        self.entries.store(ward.shelf.len(), Ordering::Relaxed);
        self.bytes.store(ward.shelf.bytes(), Ordering::Relaxed);
    }
}

impl Ward {
    /// A read is over: nobody joins it any more.
    fn close(&mut self, flight: &Arc<Flight>) {
        let key = &flight.terms.key;
        if self.flights.get(key).is_some_and(|joinable| Arc::ptr_eq(joinable, flight)) {
            self.flights.remove(key);
        }
        self.writes.read_ends();
    }
}

/// An answer in the form in which it is kept, if it is.
fn slot(terms: &Terms, checked: &Checked) -> Option<Slot> {
    let kept_ms = terms.keeping.kept_ms()?;
    let text = serde_json::to_string(&checked.output).ok().filter(|text| text.len() <= ANSWER_BYTES_MAX)?;
    let made_ms = made_ms(checked);
    let expires_ms = made_ms.saturating_add(kept_ms);
    let kept = Arc::new(Kept { text: text.into(), made_ms, expires_ms, is_restored: false });
    Some(Slot { kept, tags: checked.tags.clone(), is_durable: terms.is_durable, is_stored: false })
}

fn made_ms(checked: &Checked) -> u64 {
    u64::try_from(checked.fetched_at.as_millisecond()).unwrap_or_default()
}

/// Whether the system answered, and the answer was no.
fn is_a_no(problem: &Problem) -> bool {
    matches!(problem.code.trouble(), Trouble::Request | Trouble::Denied | Trouble::ReauthRequired)
}

#[cfg(test)]
mod tests;
