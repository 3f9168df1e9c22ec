//! Answers for the life of access tokens in memory: which one is used, when it is renewed, and that whoever needs one
//! at the same time waits for one and the same request. How a token is asked for is `desk.rs`; what outlives the process
//! is `refresh.rs`.
//!
//! With a valid token nothing waits and nothing is copied. Ahead of its end a token is renewed beside the calls that
//! still use it. A renewal is a task of its own: the caller that began it may go away.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use http::HeaderValue;
use jackfield_core::grant::EndpointGrant;
use jackfield_core::port::SendError;
use moka::sync::Cache;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use crate::client::Connection;
use crate::random;

mod answer;
mod consent;
mod desk;
mod fault;
mod form;
mod holder;
mod key;
mod record;
mod refresh;

pub(crate) use answer::{printable, scope_names};
pub(crate) use desk::Desk;
pub(crate) use fault::Fault;
pub(crate) use form::With;
pub(crate) use key::Ask;

use fault::Refusal;
use key::Key;

/// Tokens in memory, each some kilobytes; the ones that were not used for longest go first.
const TOKENS_MAX: u64 = 20_000;

/// Tokens that nobody used for this long are dropped.
const IDLE_MAX: Duration = Duration::from_secs(24 * 3600);

/// A token is renewed this long before its end, or a tenth of its lifetime, whichever is shorter.
const MARGIN_MAX: Duration = Duration::from_secs(60);
const MARGIN_PART: u32 = 10;

/// A renewal begins nothing new after this time: a token request, its repetition, waiting for another host's.
const FLIGHT_MAX: Duration = Duration::from_secs(30);

/// After a failure that passes, the next try waits: doubled with each failure, and jittered.
const BACKOFF_MIN: Duration = Duration::from_millis(500);
const BACKOFF_MAX: Duration = Duration::from_secs(30);

/// A token that was renewed because the system refused the one before, and was never accepted, is not renewed again
/// for this long: what the system refuses is not the token.
const REFUSED_AGAIN: Duration = Duration::from_secs(30);

/// An access token in use.
pub(crate) struct Token {
    /// Prefix and token, marked sensitive and wiped with the last copy.
    header: HeaderValue,
    born: Instant,
    /// Absent when nobody knows: then it is used until it is refused.
    ends: Option<Instant>,
    renew: Option<Instant>,
    after_refusal: bool,
    accepted: AtomicBool,
}

impl Token {
    /// What goes into the scheme's header.
    pub(crate) fn header(&self) -> HeaderValue {
        self.header.clone()
    }

    /// The system took it; says whether that is news.
    pub(crate) fn accept(&self) -> bool {
        // A look is cheaper than a write that takes the line from the other cores.
        !self.accepted.load(Ordering::Relaxed) && !self.accepted.swap(true, Ordering::Relaxed)
    }

    fn is_usable(&self, now: Instant) -> bool {
        self.ends.is_none_or(|ends| now < ends)
    }

    fn is_due(&self, now: Instant) -> bool {
        self.renew.is_some_and(|renew| now >= renew)
    }
}

/// A token as the desk hands it over.
pub(crate) struct Fresh {
    pub(crate) header: HeaderValue,
    /// When it was asked for: its lifetime counts from there at the latest.
    pub(crate) born: Instant,
    pub(crate) lifetime: Option<Duration>,
}

impl Fresh {
    fn into_token(self, after_refusal: bool) -> Token {
        let ends = self.lifetime.and_then(|lifetime| self.born.checked_add(lifetime));
        let renew = self.lifetime.zip(ends).map(|(lifetime, ends)| {
            let margin = MARGIN_MAX.min(lifetime / MARGIN_PART);
            // Up to a quarter more, so that hosts that began together do not go on together.
            ends - margin - margin.mul_f64(random::fraction() / 4.0)
        });
        let accepted = AtomicBool::new(false);
        Token { header: self.header, born: self.born, ends, renew, after_refusal, accepted }
    }
}

/// The tokens of every connection.
pub(crate) struct Tokens {
    entries: Cache<Key, Arc<Entry>>,
    desk: Arc<Desk>,
}

/// What is known for one key.
struct Entry {
    /// Under which scheme: a token that was got under another one is not used.
    endpoint: Arc<EndpointGrant>,
    token: ArcSwapOption<Token>,
    course: Mutex<Course>,
}

/// What is going on, and what came of it last.
#[derive(Default)]
struct Course {
    flight: Option<watch::Receiver<Option<Landing>>>,
    refusal: Option<Remembered>,
    /// No request before this instant, and why.
    pause: Option<(Instant, Fault)>,
    failures: u32,
}

/// A refusal and what was refused.
#[derive(Clone)]
pub(crate) struct Remembered {
    pub(crate) fault: Fault,
    pub(crate) of: Arc<Refusal>,
}

type Landing = Result<Arc<Token>, Fault>;

/// Where a caller stands after asking for a renewal.
enum Boarding {
    Landed(Landing),
    Waiting(watch::Receiver<Option<Landing>>),
}

impl Tokens {
    pub(crate) fn new(desk: Arc<Desk>) -> Tokens {
        let entries = Cache::builder().max_capacity(TOKENS_MAX).time_to_idle(IDLE_MAX).build();
        Tokens { entries, desk }
    }

    /// A token that is valid now.
    ///
    /// # Errors
    /// `ReauthRequired` when a person has to act, `Unavailable` and `Timeout` when it passes, `Denied` by policy.
    pub(crate) async fn get(
        &self,
        ask: &Ask,
        connection: &Arc<Connection>,
        deadline: Instant,
    ) -> Result<Arc<Token>, SendError> {
        let entry = self.entry(ask);
        let now = Instant::now();
        if let Some(token) = entry.token.load_full().filter(|token| token.is_usable(now)) {
            if token.is_due(now) {
                // Beside the call, which goes on with what it has; a failure is the next one's to see.
                let _ = self.board(&entry, ask, connection, Some(&token), false);
            }
            return Ok(token);
        }
        self.wait(self.board(&entry, ask, connection, None, false), deadline).await
    }

    /// Another token after the system refused one; nothing when there is no use in that.
    ///
    /// # Errors
    /// As [`Tokens::get`].
    pub(crate) async fn after_refusal(
        &self,
        ask: &Ask,
        refused: &Arc<Token>,
        connection: &Arc<Connection>,
        deadline: Instant,
    ) -> Result<Option<Arc<Token>>, SendError> {
        let entry = self.entry(ask);
        let again = refused.after_refusal && !refused.accepted.load(Ordering::Relaxed);
        let current = entry.token.load().as_ref().is_some_and(|token| Arc::ptr_eq(token, refused));
        if current && again && refused.born.elapsed() < REFUSED_AGAIN {
            return Ok(None);
        }
        self.wait(self.board(&entry, ask, connection, Some(refused), true), deadline).await.map(Some)
    }

    /// Forgets what is known, because what it was made of changed: the next call asks anew.
    pub(crate) fn forget(&self, ask: &Ask) {
        self.entries.invalidate(&ask.key);
    }

    pub(crate) fn desk(&self) -> &Arc<Desk> {
        &self.desk
    }

    fn entry(&self, ask: &Ask) -> Arc<Entry> {
        if let Some(entry) = self.entries.get(&ask.key).filter(|entry| entry.serves(&ask.endpoint)) {
            return entry;
        }
        let init = || {
            let endpoint = ask.endpoint.clone();
            Arc::new(Entry { endpoint, token: ArcSwapOption::empty(), course: Mutex::default() })
        };
        self.entries.entry(ask.key).or_insert_with_if(init, |entry| !entry.serves(&ask.endpoint)).into_value()
    }

    /// Gets a place on the one renewal of this key, which begins if there is none. `known` is the token that the caller
    /// has and wants another one than; whether it was refused or is merely old, is `refused`.
    fn board(
        &self,
        entry: &Arc<Entry>,
        ask: &Ask,
        connection: &Arc<Connection>,
        known: Option<&Arc<Token>>,
        refused: bool,
    ) -> Boarding {
        let mut course = entry.course();
        let now = Instant::now();
        if let Some(token) = entry.token.load_full().filter(|token| token.is_usable(now)) {
            // Somebody else was here since the caller looked.
            if known.is_none_or(|known| !Arc::ptr_eq(known, &token)) {
                return Boarding::Landed(Ok(token));
            }
            if refused {
                entry.token.store(None);
            }
        }
        // A flight whose task is gone lands nowhere; another one takes its place.
        if let Some(flight) = course.flight.as_ref().filter(|flight| flight.has_changed().is_ok()) {
            return Boarding::Waiting(flight.clone());
        }
        if let Some((_, fault)) = course.pause.as_ref().filter(|(until, _)| now < *until) {
            return Boarding::Landed(Err(fault.clone()));
        }
        let (sender, receiver) = watch::channel(None);
        course.flight = Some(receiver.clone());
        let flight = Flight {
            entry: entry.clone(),
            ask: ask.clone(),
            connection: connection.clone(),
            desk: self.desk.clone(),
            remembered: course.refusal.clone(),
            known: known.cloned(),
            refused,
        };
        drop(course);
        tokio::spawn(flight.run(sender));
        Boarding::Waiting(receiver)
    }

    async fn wait(&self, boarding: Boarding, deadline: Instant) -> Result<Arc<Token>, SendError> {
        let landing = match boarding {
            Boarding::Landed(landing) => landing,
            Boarding::Waiting(mut flight) => {
                let landed = timeout_at(deadline, flight.wait_for(Option::is_some)).await;
                match landed {
                    Err(_) => return Err(SendError::Timeout { sent: false }),
                    Ok(Ok(landing)) => match &*landing {
                        Some(landing) => landing.clone(),
                        None => Err(Fault::unavailable("the token request was broken off")),
                    },
                    Ok(Err(_)) => Err(Fault::unavailable("the token request was broken off")),
                }
            }
        };
        landing.map_err(|fault| fault.error())
    }
}

impl Entry {
    fn serves(&self, endpoint: &Arc<EndpointGrant>) -> bool {
        Arc::ptr_eq(&self.endpoint, endpoint) || self.endpoint.scheme == endpoint.scheme
    }

    /// What the lock guards is whole after every step, so a panic elsewhere leaves nothing broken.
    fn course(&self) -> MutexGuard<'_, Course> {
        self.course.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One renewal.
struct Flight {
    entry: Arc<Entry>,
    ask: Ask,
    connection: Arc<Connection>,
    desk: Arc<Desk>,
    remembered: Option<Remembered>,
    known: Option<Arc<Token>>,
    refused: bool,
}

impl Flight {
    async fn run(self, sender: watch::Sender<Option<Landing>>) {
        let deadline = Instant::now() + FLIGHT_MAX;
        let renewal = desk::Renewal {
            ask: &self.ask,
            connection: &self.connection,
            remembered: self.remembered.as_ref(),
            known: self.known.as_ref().map(|token| token.header()),
            deadline,
        };
        // Bounded step by step and not from outside: between an answer and writing it down, nothing may break it off.
        let outcome = self.desk.renew(&renewal).await.map(|fresh| Arc::new(fresh.into_token(self.refused)));
        self.land(outcome, &sender);
    }

    fn land(self, landing: Landing, sender: &watch::Sender<Option<Landing>>) {
        let mut course = self.entry.course();
        course.flight = None;
        match &landing {
            Ok(token) => {
                *course = Course::default();
                self.entry.token.store(Some(token.clone()));
            }
            Err(fault) => course.failed(fault, Instant::now()),
        }
        drop(course);
        // Nobody may be left to hear of it.
        sender.send_replace(Some(landing));
    }
}

impl Course {
    fn failed(&mut self, fault: &Fault, now: Instant) {
        match fault {
            Fault::Refused { of, .. } => {
                self.failures = 0;
                self.pause = None;
                self.refusal = of.as_ref().map(|of| Remembered { fault: fault.clone(), of: of.clone() });
            }
            Fault::Unavailable { retry_after, .. } => {
                self.failures = self.failures.saturating_add(1);
                let doubled = BACKOFF_MIN.saturating_mul(1 << (self.failures - 1).min(10)).min(BACKOFF_MAX);
                // Between half and all of it.
                let backoff = doubled.mul_f64(0.5 + random::fraction() / 2.0);
                self.pause = now.checked_add(retry_after.unwrap_or(backoff)).map(|until| (until, fault.clone()));
            }
            // The next request may be granted under another policy.
            Fault::Denied(_) => self.pause = None,
        }
    }
}

#[cfg(test)]
mod tests;
