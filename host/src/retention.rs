//! Forgets what was kept long enough: answers to writes, kept answers to reads, calls that were answered later,
//! confirmations that were used up, and records of the audit log where the operator wants no more of them. A write whose host died
//! and which nobody asks for again is taken over here, to be settled. One slice of the keys at a time, so that no sweep holds the
//! store up.

use std::sync::Arc;
use std::time::Duration;

use jackfield_core::freshness::KEPT_MS_MAX;
use jackfield_core::idempotency::{IdempotencyPolicy, LEASE_GRACE_MS};
use jackfield_core::port::{Bucket, Expect, Store, StoreError};
use jiff::Timestamp;

use crate::app::App;
use crate::dispatch::envelope::Unkept;
use crate::dispatch::fresh::record;
use crate::dispatch::idempotency::Heir;

mod audit;

/// How long it takes to look at every key once.
const ROUND: Duration = Duration::from_secs(60 * 60);

/// Keys are digests in hexadecimal; those with the same first two digits are one slice.
const SLICES: u32 = 256;

/// Calls lie in the order of their age, so that they are swept all at once; every this many slices.
const CALLS_EVERY: u32 = 16;

/// Sweeps for as long as it is polled.
pub async fn run(app: Arc<App>) {
    let mut slices = (0..SLICES).cycle();
    let kept = audit::Kept::of(&app.config.store);
    let mut tick = tokio::time::interval(ROUND / SLICES);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let Some(slice) = slices.next() else { return };
        let prefix = format!("{slice:02x}");
        let now_ms = u64::try_from(Timestamp::now().as_millisecond()).unwrap_or_default();
        if let Err(error) = sweep_answers(&Heir::new(&app), &prefix, now_ms).await {
            tracing::warn!(%error, "answers are kept longer than they should");
        }
        app.answers.expire(now_ms);
        if let Err(error) = sweep_kept(&*app.store, &prefix, now_ms).await {
            tracing::warn!(%error, "kept answers are kept longer than they should");
        }
        if let Err(error) = sweep_confirmations(&*app.store, &prefix, now_ms).await {
            tracing::warn!(%error, "confirmations are kept longer than they should");
        }
        if let Err(error) = audit::trim(&*app.store, &kept, Timestamp::now()).await {
            tracing::warn!(%error, "the audit log is kept longer than it should");
        }
        if slice % CALLS_EVERY == 0
            && let Err(error) = app.calls.sweep(now_ms).await
        {
            tracing::warn!(%error, "calls are kept longer than they should");
        }
    }
}

async fn sweep_answers(heir: &Heir, prefix: &str, now_ms: u64) -> Result<(), Unkept> {
    let (policy, ledger) = (IdempotencyPolicy::default(), &heir.ledger);
    for key in ledger.keys(prefix).await? {
        let (record, revision) = match ledger.get_named(&key).await {
            Ok(Some(found)) => found,
            Ok(None) => continue,
            // It stays: whoever shows its key is refused rather than written for twice.
            Err(error) => {
                tracing::warn!(%error, "a record is of no use");
                continue;
            }
        };
        let is_dead = record.held_until_ms().is_some_and(|until_ms| now_ms >= until_ms);
        let done = if is_dead {
            heir.take_over(&key, record, revision, now_ms).await
        } else if record.is_over(now_ms, &policy) {
            ledger.delete_named(&key, Expect::Revision(revision)).await
        } else {
            Ok(())
        };
        match done {
            // Somebody asked for it at this moment.
            Ok(()) | Err(Unkept::Conflict) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Answers to reads that are good for nothing any more, also those that this host cannot open. One that ends later than
/// any answer may is none of ours.
async fn sweep_kept(store: &dyn Store, prefix: &str, now_ms: u64) -> Result<(), StoreError> {
    let latest_ms = now_ms.saturating_add(KEPT_MS_MAX).saturating_add(LEASE_GRACE_MS);
    for key in store.keys(Bucket::Answers, prefix).await? {
        let Some(found) = store.get(Bucket::Answers, &key).await? else { continue };
        let expires_ms = record::expires_ms(&found.value);
        if expires_ms.is_none_or(|expires_ms| !(now_ms..=latest_ms).contains(&expires_ms)) {
            // Unless it was made anew at this moment.
            match store.delete(Bucket::Answers, &key, Expect::Revision(found.revision)).await {
                Ok(()) | Err(StoreError::Conflict) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

/// A used confirmation must be remembered for as long as its token could be shown again.
async fn sweep_confirmations(store: &dyn Store, prefix: &str, now_ms: u64) -> Result<(), StoreError> {
    for key in store.keys(Bucket::Confirmations, prefix).await? {
        let Some(found) = store.get(Bucket::Confirmations, &key).await? else { continue };
        let expires_ms = std::str::from_utf8(&found.value).ok().and_then(|text| text.parse::<u64>().ok());
        if expires_ms.is_none_or(|expires_ms| now_ms >= expires_ms.saturating_add(LEASE_GRACE_MS)) {
            store.delete(Bucket::Confirmations, &key, Expect::Any).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
