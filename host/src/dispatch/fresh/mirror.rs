//! Kept answers in the store, so that there is something to say when a system is down just after the host started. The
//! store follows the memory and is never waited for: an answer is written some time after it was given, and one that was
//! lost on the way is asked for again. Read back they are for failures only, since nobody knows what was written while
//! the host was away.
//!
//! What the memory drops is taken out of the store first: an answer that should be gone is worse than one that is
//! missing.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jackfield_core::digest::Digest;
use jackfield_core::port::{Bucket, Expect, StoreError};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinSet;

use super::answers::{Answers, Place};
use super::record;
use super::shelf::Slot;
use crate::app::App;

/// Changes that are handed to the store together: it makes one commit of them.
const ROUND_MAX: usize = 64;

/// Pause between two rounds: what writes of callers wait for comes first.
const PAUSE: Duration = Duration::from_millis(100);

/// Pause after the store did not take a change.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(5);

/// How long a start may be held up by reading answers back.
const RESTORE_TIME_MAX: Duration = Duration::from_secs(10);

/// What the store does not have yet, and what it still has. Both are bounded by what is kept and by what was stored.
#[derive(Default)]
pub(super) struct Pending {
    changes: Mutex<Changes>,
    more: Notify,
}

#[derive(Default)]
struct Changes {
    made: HashMap<Digest, Arc<Place>>,
    gone: HashSet<Digest>,
}

/// One change of the store.
enum Change {
    Made(Digest, Arc<Place>),
    Gone(Digest),
}

impl Pending {
    /// An answer was put.
    pub(super) fn made(&self, key: Digest, place: &Arc<Place>) {
        let mut changes = self.lock();
        changes.gone.remove(&key);
        changes.made.insert(key, place.clone());
        self.more.notify_one();
    }

    /// An answer was taken away.
    pub(super) fn left(&self, key: &Digest, slot: &Slot) {
        let mut changes = self.lock();
        changes.made.remove(key);
        if slot.is_stored {
            changes.gone.insert(*key);
            self.more.notify_one();
        }
    }

    fn take(&self) -> Vec<Change> {
        let mut changes = self.lock();
        let gone: Vec<Digest> = changes.gone.iter().take(ROUND_MAX).copied().collect();
        let made: Vec<Digest> = changes.made.keys().take(ROUND_MAX - gone.len()).copied().collect();
        let gone = gone.into_iter().filter_map(|key| changes.gone.take(&key)).map(Change::Gone).collect::<Vec<_>>();
        let made = made.into_iter().filter_map(|key| changes.made.remove_entry(&key));
        gone.into_iter().chain(made.map(|(key, place)| Change::Made(key, place))).collect()
    }

    /// A change that the store did not take, unless a later one took its place.
    fn again(&self, change: Change) {
        let mut changes = self.lock();
        match change {
            Change::Made(key, place) if !changes.gone.contains(&key) => {
                changes.made.entry(key).or_insert(place);
            }
            Change::Gone(key) if !changes.made.contains_key(&key) => {
                changes.gone.insert(key);
            }
            _ => {}
        }
    }

    fn lock(&self) -> MutexGuard<'_, Changes> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads back what was kept before the host started. What is of no use is left to the sweep.
pub async fn restore(app: &App) {
    let read = async {
        for key in app.store.keys(Bucket::Answers, "").await? {
            let Some(found) = app.store.get(Bucket::Answers, &key).await? else { continue };
            let sealer = app.vault().sealer();
            let Some(record) = record::read(&key, &found.value, sealer.as_deref()) else { continue };
            let place = app.answers.place(&record.connection);
            if let (Some(place), Ok(key)) = (place, key.parse::<Digest>())
                && record.kept.expires_ms >= crate::dispatch::now_ms()
            {
                app.answers.restore(place, key, record.kept, record.tags);
            }
        }
        Ok::<_, StoreError>(())
    };
    match tokio::time::timeout(RESTORE_TIME_MAX, read).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "kept answers are not read back"),
        Err(_) => tracing::warn!("kept answers are not all read back: the store is slow"),
    }
}

/// Lets the store follow until `ended`, and then to the end of what there is.
pub async fn run(app: Arc<App>, mut ended: oneshot::Receiver<()>) {
    let mut is_behind = false;
    loop {
        tokio::select! {
            _ = &mut ended => break,
            () = app.answers.pending.more.notified() => {}
        }
        while let Some(done) = round(&app).await {
            if done.is_err() && !is_behind {
                tracing::warn!("the store does not take kept answers; they stay in memory");
            }
            is_behind = done.is_err();
            let pause = if is_behind { PAUSE_AFTER_FAILURE } else { PAUSE };
            // The last thing before the end is a round, not a pause.
            if tokio::time::timeout(pause, &mut ended).await.is_ok() {
                return finish(&app).await;
            }
        }
    }
    finish(&app).await;
}

/// As long as the store takes what it is given.
async fn finish(app: &Arc<App>) {
    while let Some(Ok(())) = round(app).await {}
}

/// Hands some changes to the store; `None` where there are none.
async fn round(app: &Arc<App>) -> Option<Result<(), ()>> {
    let changes = app.answers.pending.take();
    if changes.is_empty() {
        return None;
    }
    let mut tasks = JoinSet::new();
    for change in changes {
        tasks.spawn(carry_out(app.clone(), change));
    }
    let mut done = Ok(());
    while let Some(ended) = tasks.join_next().await {
        if let Ok(Err(change)) = ended {
            app.answers.pending.again(change);
            done = Err(());
        }
    }
    Some(done)
}

async fn carry_out(app: Arc<App>, change: Change) -> Result<(), Change> {
    let done = match &change {
        Change::Gone(key) => app.store.delete(Bucket::Answers, &key.to_string(), Expect::Any).await,
        Change::Made(key, place) => {
            let Some(bytes) = written(&app, &app.answers, place, key) else { return Ok(()) };
            app.store.put(Bucket::Answers, &key.to_string(), bytes, Expect::Any).await.map(drop)
        }
    };
    done.map_err(|_| change)
}

fn written(app: &App, answers: &Answers, place: &Place, key: &Digest) -> Option<bytes::Bytes> {
    let (kept, tags) = answers.to_store(place, key)?;
    record::write(key, place.name(), &kept, &tags, app.vault().sealer().as_deref())
}
