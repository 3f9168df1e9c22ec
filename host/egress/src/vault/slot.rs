//! One secret of a connection: the values that were last read, and when to read again.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use arc_swap::ArcSwapOption;

use super::file::{self, Stamp};
use super::rotation::{Before, Candidates, Rotation};
use super::sealed::{SealedError, SealedProblem};
use super::{SecretSource, SecretValue, Stores, Why, env};
use crate::scrub::Scrubber;

/// A secret, its source and what came of it.
pub(super) struct Slot {
    pub(super) connection: String,
    pub(super) name: String,
    pub(super) source: SecretSource,
    loaded: ArcSwapOption<Loaded>,
    /// Held while the values are replaced, never while something is waited for. It guards no data of its own.
    changing: Mutex<()>,
}

/// Values and how to see whether they are still the ones.
struct Loaded {
    rotation: Rotation,
    seen: Seen,
}

/// How to see whether a source still says the same.
#[derive(Clone)]
enum Seen {
    /// It cannot change while the host runs.
    ForGood,
    File(Stamp),
    /// Of the sealed vault.
    Generation(u64),
    /// It is not asked again before that.
    Until(Instant),
}

/// What a source gave.
struct Given {
    value: SecretValue,
    before: Before,
    seen: Seen,
}

impl Slot {
    pub(super) fn new(connection: String, name: String, source: SecretSource) -> Slot {
        Slot { connection, name, source, loaded: ArcSwapOption::empty(), changing: Mutex::new(()) }
    }

    /// The value as its source has it now.
    pub(super) async fn read(&self, stores: &Stores, scrubber: &Scrubber) -> Result<Arc<SecretValue>, Why> {
        let SecretSource::OpenBao(field) = &self.source else { return self.read_local(stores, scrubber) };
        if let Some(loaded) = self.loaded.load().as_deref()
            && matches!(loaded.seen, Seen::Until(until) if until > Instant::now())
        {
            return Ok(loaded.rotation.current().clone());
        }
        let openbao = stores.openbao.as_ref().ok_or(Why::NoOpenBao)?;
        let read = openbao.read(field, scrubber).await?;
        let given = Given { value: read.value, before: Before::Unsaid, seen: Seen::Until(read.until) };
        Ok(self.take(given, scrubber))
    }

    /// As [`Slot::read`], for sources on this machine.
    pub(super) fn read_local(&self, stores: &Stores, scrubber: &Scrubber) -> Result<Arc<SecretValue>, Why> {
        if let Some(current) = self.unchanged(stores)? {
            return Ok(current);
        }
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever waited finds what the one before has read.
        if let Some(current) = self.unchanged(stores)? {
            return Ok(current);
        }
        let given = self.ask(stores)?;
        Ok(self.store(given, scrubber))
    }

    /// The values that may be used now, best first.
    pub(super) async fn candidates(&self, stores: &Stores, scrubber: &Scrubber) -> Result<Candidates, Why> {
        let current = self.read(stores, scrubber).await?;
        let loaded = self.loaded.load();
        let candidates = loaded.as_deref().map(|loaded| loaded.rotation.candidates(Instant::now()));
        Ok(candidates.unwrap_or(Candidates { current, previous: None }))
    }

    /// The system took a value.
    pub(super) fn accepted(&self, value: &SecretValue) {
        let changes = |loaded: &Loaded| loaded.rotation.accepted(value);
        if self.loaded.load().as_deref().and_then(changes).is_some() {
            self.settle(changes);
        }
    }

    /// The system refused a value: another one that is worth a try.
    pub(super) async fn refused(
        &self,
        value: &SecretValue,
        stores: &Stores,
        scrubber: &Scrubber,
    ) -> Option<Arc<SecretValue>> {
        match (&self.source, &stores.openbao) {
            (SecretSource::OpenBao(field), Some(openbao)) => {
                // Past the cache; a server that is down leaves what is known.
                if let Ok(read) = openbao.read_again(field, scrubber).await {
                    self.take(
                        Given { value: read.value, before: Before::Unsaid, seen: Seen::Until(read.until) },
                        scrubber,
                    );
                }
            }
            (SecretSource::OpenBao(_), None) => return None,
            _ => {
                let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
                if let Ok(given) = self.ask(stores) {
                    self.store(given, scrubber);
                }
            }
        }
        let mut other = None;
        self.settle(|loaded| {
            let (found, after) = loaded.rotation.refused(value, Instant::now());
            other = found;
            after
        });
        other
    }

    fn unchanged(&self, stores: &Stores) -> Result<Option<Arc<SecretValue>>, Why> {
        let loaded = self.loaded.load();
        let Some(loaded) = loaded.as_deref() else { return Ok(None) };
        let same = match (&loaded.seen, &self.source) {
            (Seen::ForGood, _) => true,
            (Seen::File(stamp), SecretSource::File(path)) => stamp.still(&Stamp::of(path)?),
            (Seen::Generation(seen), _) => match &stores.sealed {
                Some(vault) => vault.generation()? == *seen,
                None => false,
            },
            _ => false,
        };
        Ok(same.then(|| loaded.rotation.current().clone()))
    }

    /// Asks a source on this machine.
    fn ask(&self, stores: &Stores) -> Result<Given, Why> {
        match &self.source {
            SecretSource::Env(variable) => {
                Ok(Given { value: env::read(variable)?, before: Before::Unsaid, seen: Seen::ForGood })
            }
            SecretSource::File(path) => {
                let (value, stamp) = file::read(path)?;
                Ok(Given { value, before: Before::Unsaid, seen: Seen::File(stamp) })
            }
            SecretSource::Vault => {
                let unconfigured = || SealedError::new("vault:", SealedProblem::Unconfigured);
                let found = stores.sealed.as_ref().ok_or_else(unconfigured)?.read(&self.connection, &self.name)?;
                // The file has the time of day; what lives here goes by a clock that nobody sets.
                let previous = found.previous.and_then(|(value, until_s)| {
                    let now_s = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs();
                    let left = Duration::from_secs(until_s.checked_sub(now_s)?);
                    Some((value, Instant::now().checked_add(left)?))
                });
                Ok(Given {
                    value: found.current,
                    before: Before::Said(previous),
                    seen: Seen::Generation(found.generation),
                })
            }
            SecretSource::OpenBao(_) => Err(Why::NotLocal),
        }
    }

    fn take(&self, given: Given, scrubber: &Scrubber) -> Arc<SecretValue> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        self.store(given, scrubber)
    }

    /// Whoever calls holds `changing`.
    fn store(&self, given: Given, scrubber: &Scrubber) -> Arc<SecretValue> {
        // First known to the scrubber, then in use: there is no moment at which a value could pass unseen.
        for value in given.before.value().into_iter().chain([&given.value]) {
            value.learn(scrubber, &self.connection, &self.name);
        }
        let rotation = match self.loaded.load().as_deref() {
            Some(known) => known.rotation.next(given.value, given.before, Instant::now()),
            None => Rotation::first(given.value, given.before),
        };
        let current = rotation.current().clone();
        self.loaded.store(Some(Arc::new(Loaded { rotation, seen: given.seen })));
        current
    }

    /// Replaces what is known about the values, where there is something to replace.
    fn settle(&self, change: impl FnOnce(&Loaded) -> Option<Rotation>) {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let loaded = self.loaded.load();
        if let Some(loaded) = loaded.as_deref()
            && let Some(rotation) = change(loaded)
        {
            self.loaded.store(Some(Arc::new(Loaded { rotation, seen: loaded.seen.clone() })));
        }
    }
}
