//! A read under way, and everybody who waits for it. Whoever asks first sends it off; whoever asks the same meanwhile
//! waits with them, each within their own deadline. The read belongs to all of them: it goes on when the first one goes
//! away, and is stopped when the last one does. There is no hand-over, so nothing can be lost in one.
//!
//! A failure is news of the business system, and all are told it. The exception is a failure for lack of time, where
//! the first one had less time than others have: see [`is_its_own`]. They ask once more, together.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use jackfield_core::deadline::Deadline;
use jackfield_core::digest::Digest;
use jackfield_core::freshness::Keeping;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::answers::{Answers, Boarded, Place};
use super::shelf::Kept;
use crate::error::{Code, Problem};
use crate::reply::Checked;

/// On which terms an answer is looked for, shared and kept.
#[derive(Clone)]
pub(super) struct Terms {
    /// Whose question it is and what it asks.
    pub(super) key: Digest,
    /// The connection's place.
    pub(super) place: Arc<Place>,
    /// How long an answer is good.
    pub(super) keeping: Keeping,
    /// Whether equal reads under way are one.
    pub(super) coalesce: bool,
    /// Whether the system accepts the connection's credential, as far as anybody knows: otherwise what is kept may not
    /// be theirs to see any more.
    pub(super) is_trusted: bool,
    /// Whether the answer may go into the store.
    pub(super) is_durable: bool,
}

/// What came of a read.
pub(super) type Landed = Result<Arc<Checked>, Problem>;

/// A read under way.
pub(super) struct Flight {
    pub(super) terms: Terms,
    /// The number of the latest write that it can have seen.
    pub(super) seen: u64,
    /// When its time for work is over.
    until: Instant,
    landed: watch::Sender<Option<Landed>>,
    task: OnceLock<AbortHandle>,
    /// How many wait for it. Changed under the place's lock alone.
    passengers: AtomicUsize,
    /// Whether it has landed or was given up. Likewise.
    is_over: AtomicBool,
}

impl Flight {
    /// A read that begins, with one who waits for it.
    pub(super) fn new(terms: Terms, seen: u64, until: Instant) -> Flight {
        let (landed, _) = watch::channel(None);
        let (passengers, is_over) = (AtomicUsize::new(1), AtomicBool::new(false));
        Flight { terms, seen, until, landed, task: OnceLock::new(), passengers, is_over }
    }

    /// One more waits.
    pub(super) fn join(&self) {
        self.passengers.fetch_add(1, Ordering::Relaxed);
    }

    /// One waits no longer; whether they were the last.
    pub(super) fn leave(&self) -> bool {
        self.passengers.fetch_sub(1, Ordering::Relaxed) == 1
    }

    /// Ends it; whether it had not ended before.
    pub(super) fn end(&self) -> bool {
        !self.is_over.swap(true, Ordering::Relaxed)
    }

    /// Tells everybody who waits.
    pub(super) fn tell(&self, landed: Landed) {
        self.landed.send_replace(Some(landed));
    }

    /// Stops guest and upstream.
    pub(super) fn abort(&self) {
        if let Some(task) = self.task.get() {
            task.abort();
        }
    }
}

/// Somebody who waits for a read. The last one who goes away takes it along.
pub(super) struct Passenger {
    answers: Arc<Answers>,
    flight: Arc<Flight>,
}

impl Passenger {
    /// One who is counted in the flight.
    pub(super) fn new(answers: Arc<Answers>, flight: Arc<Flight>) -> Passenger {
        Passenger { answers, flight }
    }

    /// What they wait for.
    pub(super) fn flight(&self) -> &Arc<Flight> {
        &self.flight
    }

    /// Sends the read off.
    fn launch(&self, work: impl Future<Output = Result<Checked, Problem>> + Send + 'static) {
        let landing = Landing { answers: self.answers.clone(), flight: self.flight.clone() };
        let task = tokio::spawn(async move {
            let outcome = work.await;
            landing.answers.land(&landing.flight, outcome);
        });
        // Nobody else sets it: one who leads launches once.
        let _ = self.flight.task.set(task.abort_handle());
    }

    async fn landed(&self) -> Landed {
        let mut landed = self.flight.landed.subscribe();
        match landed.wait_for(Option::is_some).await.map(|landed| landed.clone()) {
            Ok(Some(landed)) => landed,
            _ => Err(lost()),
        }
    }
}

impl Drop for Passenger {
    fn drop(&mut self) {
        self.answers.leave(&self.flight);
    }
}

/// Brings a read down whatever happens to its task: nobody must wait for one that is gone.
struct Landing {
    answers: Arc<Answers>,
    flight: Arc<Flight>,
}

impl Drop for Landing {
    fn drop(&mut self) {
        self.answers.land(&self.flight, Err(lost()));
    }
}

fn lost() -> Problem {
    Problem::new(Code::Internal, "the task of a shared read ended early")
}

/// An answer, and where it is from.
pub(super) enum Got {
    /// It was kept, and is as good as a new one.
    Kept(Arc<Kept>),
    /// The business system was asked, for this caller or for another one.
    Asked(Arc<Checked>),
}

/// Gets an answer: a fresh one that is kept, else that of an equal read under way, else by `work`.
///
/// # Errors
/// That of the read; `timeout` where it does not end in time.
pub(super) async fn get<W>(
    answers: &Arc<Answers>,
    terms: &Terms,
    deadline: Deadline,
    work: impl FnOnce() -> W,
) -> Result<Got, Problem>
where
    W: Future<Output = Result<Checked, Problem>> + Send + 'static,
{
    let mut work = Some(work);
    let mut is_again = false;
    loop {
        let (passenger, leads) = match answers.board(terms, deadline.work_end(), super::now_ms()) {
            Boarded::Kept(kept) => return Ok(Got::Kept(kept)),
            Boarded::Leads(passenger) => (passenger, work.take()),
            Boarded::Joined(passenger) => (passenger, None),
        };
        // Who only waits stops in time for a fallback; who leads hears of the end from the read itself.
        let until = if leads.is_some() { deadline.end() } else { deadline.work_end() };
        let may_go_again = leads.is_none() && !is_again;
        if let Some(work) = leads {
            passenger.launch(work());
        }
        let landed = tokio::time::timeout_at(until.into(), passenger.landed()).await;
        match landed {
            Ok(Err(problem)) if may_go_again && is_its_own(&problem, passenger.flight().until, &deadline) => {
                is_again = true;
            }
            Ok(landed) => return landed.map(Got::Asked),
            Err(_) => return Err(Problem::new(Code::Timeout, "the read did not end in time")),
        }
    }
}

/// Less time than this is no time to ask in.
const SPARE_MIN: Duration = Duration::from_millis(100);

/// Whether a failure may be the doing of a deadline that ends before this one: time ran out, or a wait that the system
/// asked for did not fit in. With more time it might not have failed.
fn is_its_own(problem: &Problem, until: Instant, deadline: &Deadline) -> bool {
    let is_of_time = matches!(problem.code, Code::Timeout | Code::Unavailable | Code::RateLimited);
    is_of_time && deadline.work_end().saturating_duration_since(until) > SPARE_MIN
}

#[cfg(test)]
mod tests;
