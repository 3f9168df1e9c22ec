//! Works the records off, each when it is due, a few at once; and takes over the writes of hosts that died. Lost at any
//! moment it begins again from the records.

use std::sync::Arc;
use std::time::Duration;

use jackfield_core::port::Expect;
use jackfield_core::settle::End;
use tokio::task::JoinSet;

use super::look::{Asked, ask};
use super::schedule::Next;
use super::{Records, Schedule, end};
use crate::app::App;
use crate::dispatch::envelope::Unkept;
use crate::dispatch::idempotency::Heir;
use crate::dispatch::now_ms;

/// Looks at once: they share connections, budgets and breakers with the calls of people who wait.
const LOOKS_AT_ONCE_MAX: usize = 8;

/// How often the records are looked through for those that no schedule has: of a host that is gone, or too many for it.
const ROUND: Duration = Duration::from_secs(10 * 60);

/// When to try again where the store does not work, in milliseconds.
const STORE_RETRY_MS: u64 = 5_000;

/// Writes in flight that are watched at the start until their host is known to be dead.
const HEIRS_MAX: usize = 10_000;

/// Works for as long as it is polled.
pub async fn run(app: Arc<App>) {
    let inheriting = inherit(app.clone());
    let working = work(app);
    tokio::join!(inheriting, working);
}

async fn work(app: Arc<App>) {
    let schedule = app.settlements.clone();
    let mut round = tokio::time::interval(ROUND);
    let mut looks = JoinSet::new();
    loop {
        let mut wait = None;
        while looks.len() < LOOKS_AT_ONCE_MAX {
            match schedule.take(now_ms()) {
                Next::Now(call_id) => {
                    let app = app.clone();
                    looks.spawn(async move { settle(&app, &call_id).await });
                }
                Next::In(ms) => {
                    wait = Some(Duration::from_millis(ms));
                    break;
                }
                Next::Nothing => break,
            }
        }
        app.metrics.unsettled(schedule.len() + looks.len());
        tokio::select! {
            _ = round.tick() => list(&app, &schedule).await,
            () = schedule.changed() => {}
            Some(_) = looks.join_next() => {}
            () = tokio::time::sleep(wait.unwrap_or(ROUND)) => {}
        }
    }
}

/// Puts everything on record on the schedule.
async fn list(app: &App, schedule: &Schedule) {
    let records = Records::new(app);
    let all = match records.all().await {
        Ok(all) => all,
        Err(error) => {
            tracing::warn!(%error, "writes that wait to be settled cannot be listed");
            return;
        }
    };
    for call_id in all {
        match records.get(&call_id).await {
            Ok(Some((settling, _))) => schedule.put(&call_id, settling.due_ms),
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "a write stays unknown"),
        }
    }
}

/// One look at one write.
async fn settle(app: &Arc<App>, call_id: &str) {
    let schedule = &app.settlements;
    match try_settle(app, call_id).await {
        Ok(Some(due_ms)) => schedule.put(call_id, due_ms),
        Ok(None) => {}
        // Another host is at it.
        Err(Unkept::Conflict) => {}
        Err(error) => {
            tracing::warn!(call_id, %error, "a write could not be settled");
            schedule.put(call_id, now_ms().saturating_add(STORE_RETRY_MS));
        }
    }
}

/// When to look again; `None` where it is done.
async fn try_settle(app: &Arc<App>, call_id: &str) -> Result<Option<u64>, Unkept> {
    let (records, policy) = (Records::new(app), &app.config.settle);
    let Some((settling, revision)) = records.get(call_id).await? else { return Ok(None) };
    if settling.due_ms > now_ms() {
        return Ok(Some(settling.due_ms));
    }
    let settling = settling.looking(now_ms(), policy);
    let revision = records.put(call_id, &settling, Expect::Revision(revision)).await?;
    let (told, found) = match ask(app, &settling.write).await {
        Asked::Told(told, found) => (Some(told), found),
        Asked::Nobody(why) => {
            tracing::info!(
                call_id,
                connection = settling.write.connection,
                why,
                "nobody could tell what became of a write"
            );
            (None, None)
        }
        Asked::Never => {
            let brought = end::bring(app, &settling, revision, End::Unknown, None).await;
            return brought.map(|()| None).map_err(Unkept::Unusable);
        }
    };
    match settling.judge(told.as_ref(), now_ms(), policy) {
        Some(end) => {
            end::bring(app, &settling, revision, end, found).await.map_err(Unkept::Unusable)?;
            Ok(None)
        }
        None => Ok(Some(settling.due_ms)),
    }
}

/// Takes over what dead hosts left behind, as soon as they are known to be dead. Those that die later are found by the
/// sweep, or by whoever repeats their write.
async fn inherit(app: Arc<App>) {
    let heir = Heir::new(&app);
    let ledger = &heir.ledger;
    let keys = match ledger.keys("").await {
        Ok(keys) => keys,
        Err(error) => {
            tracing::warn!(%error, "writes of a host that died cannot be listed; the sweep will find them");
            return;
        }
    };
    let mut held = Vec::new();
    for key in keys {
        // What cannot be read is the sweep's to complain of.
        let Ok(Some((record, _))) = ledger.get_named(&key).await else { continue };
        if let Some(until_ms) = record.held_until_ms()
            && held.len() < HEIRS_MAX
        {
            held.push((until_ms, key));
        }
    }
    held.sort_unstable();
    for (until_ms, key) in held {
        tokio::time::sleep(Duration::from_millis(until_ms.saturating_sub(now_ms()))).await;
        if let Err(error) = take_over(&heir, &key).await {
            tracing::warn!(key, %error, "the write of a host that died is left to the sweep");
        }
    }
}

async fn take_over(heir: &Heir, key: &str) -> Result<(), Unkept> {
    let Some((record, revision)) = heir.ledger.get_named(key).await? else { return Ok(()) };
    if record.held_until_ms().is_none_or(|until_ms| until_ms > now_ms()) {
        return Ok(());
    }
    match heir.take_over(key, record, revision, now_ms()).await {
        // Somebody asked for it at this moment.
        Err(Unkept::Conflict) => Ok(()),
        other => other,
    }
}
