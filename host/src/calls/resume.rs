//! Calls whose host ended before they were answered: found, taken up by one host, and carried on. And the other side of it:
//! how a host shows that it lives, and how it ends in order.
//!
//! A host that has accepted a call puts its mark into the store, again and again. Whether it is dead is judged by whoever
//! looks, on their own clock: a mark that has not changed for as long as the lease lasts is a dead host's. No clock is
//! compared with another's.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use jackfield_core::port::Expect;
use tokio::time::{Instant, MissedTickBehavior};
use ulid::Ulid;

use super::record::{End, Ended, Job};
use super::work::{self, Owed};
use super::{Calls, TAG_DIGITS};
use crate::app::App;
use crate::dispatch::confirm::Ready;
use crate::dispatch::envelope::Unkept;
use crate::dispatch::idempotency::{self, Resumed, answer_of};
use crate::dispatch::now_ms;
use crate::error::{Code, Problem};
use crate::fallback::Case;
use crate::pipeline;

/// How often a host shows itself while its lease lasts.
const BEATS_PER_LEASE: u32 = 3;

/// How many hosts may begin with one call. One that ends every host that touches it must not end them for ever.
const RUNS_MAX: u8 = 3;

/// How long the end of a host waits for tasks that it told to end.
const ABORT_MAX: Duration = Duration::from_secs(1);

/// Looks after calls for as long as it is polled.
pub async fn run(app: Arc<App>) {
    if let Err(error) = app.calls.count().await {
        tracing::warn!(%error, "it is not known how many calls are kept");
    }
    let lease = Duration::from_millis(*app.calls.settings.lease_ms.get_ref());
    let (marks, taking, unreadable) = (HashMap::new(), HashMap::new(), HashSet::new());
    let mut round = Round { app, lease, marks, taking, unreadable };
    // An outage is one line in the log, however long it is.
    let mut is_out = false;
    let mut tick = tokio::time::interval(lease / BEATS_PER_LEASE);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        match round.once().await {
            Ok(()) if is_out => tracing::info!("calls of other hosts are looked after again"),
            Err(error) if !is_out => tracing::warn!(%error, "calls of other hosts are not looked after"),
            Ok(()) | Err(_) => continue,
        }
        is_out = !is_out;
    }
}

struct Round {
    app: Arc<App>,
    lease: Duration,
    /// The mark of each host that owes something, and since when it is the same.
    marks: HashMap<String, (u64, Instant)>,
    /// Calls that are being taken up.
    taking: HashMap<String, tokio::task::JoinHandle<()>>,
    /// Calls whose records cannot be read: said once.
    unreadable: HashSet<String>,
}

impl Round {
    async fn once(&mut self) -> Result<(), Unkept> {
        let app = self.app.clone();
        let (calls, book) = (&app.calls, app.calls.book());
        if calls.beating.initialized() {
            book.beat(&calls.host).await?;
        }
        self.taking.retain(|_, task| !task.is_finished());
        let mut owing = HashSet::new();
        for id in book.jobs().await? {
            if calls.running(&id).is_some() || self.taking.contains_key(&id) {
                continue;
            }
            let (job, revision) = match book.job(&id).await {
                Ok(Some(found)) => found,
                Ok(None) => continue,
                // It stays: a vault that opens again may read it.
                Err(error) => {
                    if self.unreadable.insert(id) {
                        tracing::warn!(%error, "a call cannot be taken up");
                    }
                    continue;
                }
            };
            owing.insert(job.host.clone());
            // One of this host's own that nobody carries out was answered, and its answer found no room.
            if job.host != calls.host && !self.is_dead(&job.host).await? {
                continue;
            }
            let task = tokio::spawn(take_up(app.clone(), id.clone(), Owed { job, revision }));
            self.taking.insert(id, task);
        }
        self.forget_dead(&owing).await
    }

    /// Whether a host shows itself no more.
    async fn is_dead(&mut self, host: &str) -> Result<bool, Unkept> {
        let Some(mark) = self.app.calls.book().beat_of(host).await? else { return Ok(true) };
        let now = Instant::now();
        let seen = self.marks.entry(host.to_owned()).or_insert((mark, now));
        if seen.0 != mark {
            *seen = (mark, now);
        }
        Ok(now.duration_since(seen.1) >= self.lease)
    }

    /// Takes away the marks of hosts that are dead and owe nothing.
    async fn forget_dead(&mut self, owing: &HashSet<String>) -> Result<(), Unkept> {
        let app = self.app.clone();
        let book = app.calls.book();
        let hosts = book.hosts().await?;
        for host in hosts.iter().filter(|host| **host != app.calls.host && !owing.contains(*host)) {
            if self.is_dead(host).await? {
                book.forget_host(host).await?;
            }
        }
        self.marks.retain(|host, _| hosts.contains(host));
        Ok(())
    }
}

/// Takes one call up, if nobody else does.
async fn take_up(app: Arc<App>, id: String, owed: Owed) {
    let Owed { mut job, revision } = owed;
    let book = app.calls.book();
    let key = Ended::key(&id, &job.owner);
    let taken = async {
        if book.ended(&key).await?.is_some() {
            // Answered, and only not crossed off.
            book.delete_job(&id).await?;
            return Ok(None);
        }
        if job.host == app.calls.host {
            return Ok(Some(revision));
        }
        job.host.clone_from(&app.calls.host);
        book.put_job(&id, &job, Expect::Revision(revision)).await.map(Some)
    };
    let revision = match taken.await {
        Ok(Some(revision)) => revision,
        // Done, or another host was quicker.
        Ok(None) | Err(Unkept::Conflict) => return,
        Err(error) => return tracing::warn!(call_id = id, %error, "a call cannot be taken up yet"),
    };
    app.calls.tell();
    let resumed = match Ulid::from_string(&id) {
        Ok(ulid) if now_ms() >= ulid.timestamp_ms().saturating_add(app.calls.kept_ms()) => {
            Err(Problem::new(Code::Timeout, "its host came back after the time for which calls are kept"))
        }
        _ if job.runs >= RUNS_MAX => {
            Err(Problem::new(Code::Internal, format!("{RUNS_MAX} hosts ended while they carried it out")))
        }
        _ => pipeline::take_up(&app, &id, &job).await,
    };
    let end = match resumed {
        Ok(Resumed::Run(ready)) => return carry_on(&app, &id, job, revision, *ready).await,
        Ok(Resumed::Answered(answer)) => End::Answered { answer },
        Ok(Resumed::Elsewhere) => return,
        // The store's trouble, not the call's: it is taken up when that is over.
        Err(problem) if matches!(problem.code, Code::Unavailable | Code::Overloaded) => {
            return tracing::warn!(call_id = id, %problem, "a call cannot be taken up yet");
        }
        Err(problem) => {
            tracing::warn!(call_id = id, %problem, "a call that was left behind ends");
            let answer = answer_of(&Err(job.at_worst(problem).of_call(&id.as_str().into())));
            match &job.mark {
                Some(mark) if job.begun => idempotency::give_up(&app, mark, answer.clone()).await,
                Some(mark) => idempotency::release(&app, mark).await,
                None => {}
            }
            End::Answered { answer }
        }
    };
    work::close(&app, &id, Ended::new(job.owner, end), None).await;
}

async fn carry_on(app: &Arc<App>, id: &str, job: Job, revision: u64, ready: Ready) {
    let mark = ready.claim.as_ref().map(idempotency::Claim::mark);
    let job = Job { runs: job.runs.saturating_add(1), mark, begun: false, ..job };
    let running = work::running(&ready.order, &job);
    app.calls.begin(running.clone());
    match app.calls.book().put_job(id, &job, Expect::Revision(revision)).await {
        Ok(revision) => {
            tracing::info!(call_id = id, runs = job.runs, "a call that was left behind is carried on");
            let case = Arc::new(Case::of(app, ready.order.vetted(), ready.order.trace()));
            work::start(app, &running, Owed { job, revision }, ready, case, pipeline::perform);
        }
        Err(error) => {
            app.calls.end(id);
            tracing::warn!(call_id = id, %error, "a call cannot be taken up yet");
        }
    }
}

impl Calls {
    /// Shows, once and for as long as this process lives, that it does. It begins with the first call that is accepted: a
    /// host that never accepts one writes nothing.
    pub(super) async fn show_life(&self) -> Result<(), Unkept> {
        self.beating.get_or_try_init(async || self.book().beat(&self.host).await.map(drop)).await.map(drop)
    }

    /// Counts what was kept before this process began. Its own id tells when that was, as those of calls do.
    async fn count(&self) -> Result<(), Unkept> {
        let book = self.book();
        for key in book.calls().await?.iter().filter(|key| **key < self.host) {
            self.kept.found(tag_of(key));
        }
        for id in book.jobs().await?.into_iter().filter(|id| *id < self.host) {
            if let Ok(Some((job, _))) = book.job(&id).await {
                self.kept.found(&job.owner.tag());
            }
        }
        Ok(())
    }

    /// Forgets what was kept long enough. Ids tell their age, and the oldest come first.
    ///
    /// # Errors
    /// When the store does not work.
    pub async fn sweep(&self, now_ms: u64) -> Result<(), Unkept> {
        let book = self.book();
        for key in book.calls().await? {
            let id = key.split('.').next().and_then(|id| Ulid::from_string(id).ok());
            if id.is_some_and(|id| now_ms < id.timestamp_ms().saturating_add(self.kept_ms())) {
                break;
            }
            book.delete_ended(&key).await?;
            self.kept.remove(tag_of(&key));
        }
        Ok(())
    }

    /// Ends in order: waits for what is under way, then lets go of the rest, which whoever starts next takes up at once.
    pub async fn stop(&self, within: Duration) {
        let all = || -> Vec<_> {
            self.running.lock().unwrap_or_else(std::sync::PoisonError::into_inner).values().cloned().collect()
        };
        let mut news = self.news.subscribe();
        let ended = async { while !all().is_empty() && news.changed().await.is_ok() {} };
        if tokio::time::timeout(within, ended).await.is_err() {
            let left = all();
            tracing::warn!("{} calls are left to whoever starts next", left.len());
            left.iter().for_each(|running| running.abort());
            let let_go = async {
                while left.iter().any(|running| !running.has_ended()) {
                    tokio::task::yield_now().await;
                }
            };
            let _ = tokio::time::timeout(ABORT_MAX, let_go).await;
        }
        if self.beating.initialized()
            && let Err(error) = self.book().forget_host(&self.host).await
        {
            tracing::warn!(%error, "this host's calls are taken up only when it is taken for dead");
        }
    }
}

/// The owner's part of a key.
fn tag_of(key: &str) -> &str {
    key.rsplit('.').next().filter(|tag| tag.len() == TAG_DIGITS).unwrap_or_default()
}
