//! Many who ask the same, on a paused clock: how often the system is asked, who is told what, and who goes away.

use std::sync::atomic::AtomicUsize;

use jackfield_core::deadline::Times;
use jackfield_core::freshness::Tags;
use jiff::Timestamp;
use serde_json::json;
use tokio::sync::Notify;

use super::super::answers::Tenancy;
use super::*;
use crate::config::CacheSection;
use crate::metrics::AnswerCounts;

/// One question, and the system that answers it when it is let.
struct Stage {
    answers: Arc<Answers>,
    terms: Terms,
    asked: Arc<AtomicUsize>,
    stopped: Arc<AtomicUsize>,
    let_go: Arc<Notify>,
}

fn stage() -> Stage {
    let tenancy = Tenancy { connection: "shop".into(), tenant: "t".into(), asks_others: false };
    let answers = Answers::new([tenancy], CacheSection::default(), AnswerCounts::default());
    let terms = Terms {
        key: Digest::of_json(&json!("a question")),
        place: answers.place("shop").unwrap().clone(),
        keeping: Keeping::default(),
        coalesce: true,
        is_trusted: true,
        is_durable: false,
    };
    Stage { answers, terms, asked: Arc::default(), stopped: Arc::default(), let_go: Arc::default() }
}

fn deadline(end_ms: u64) -> Deadline {
    let now = tokio::time::Instant::now().into_std();
    Deadline::start(now, Times { end_ms, ..Times::default() })
}

fn checked() -> Checked {
    Checked { output: json!({ "id": "45" }), fetched_at: Timestamp::now(), tags: Tags::default() }
}

/// Counts reads that are stopped before their end.
struct Stopped(Arc<AtomicUsize>, bool);

impl Drop for Stopped {
    fn drop(&mut self) {
        if !self.1 {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Stage {
    /// Asks; the system answers as `outcome` says, as soon as it is let.
    async fn ask<F>(&self, deadline: Deadline, outcome: F) -> Result<Got, Problem>
    where
        F: FnOnce() -> Result<Checked, Problem> + Send + 'static,
    {
        let (asked, stopped, let_go) = (self.asked.clone(), self.stopped.clone(), self.let_go.clone());
        let work = move || async move {
            let mut stopped = Stopped(stopped, false);
            asked.fetch_add(1, Ordering::Relaxed);
            let in_time = tokio::time::timeout_at(deadline.work_end().into(), let_go.notified()).await;
            stopped.1 = true;
            in_time.map_err(|_| Problem::new(Code::Timeout, "late"))?;
            outcome()
        };
        get(&self.answers, &self.terms, deadline, work).await
    }

    /// Lets everything go on that can.
    async fn settle(&self) {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

fn is_answer(got: &Result<Got, Problem>) -> bool {
    matches!(got, Ok(Got::Asked(checked)) if checked.output["id"] == "45")
}

#[tokio::test(start_paused = true)]
async fn five_hundred_equal_reads_are_one_question() {
    let stage = stage();
    let asks: Vec<_> = (0..500).map(|_| stage.ask(deadline(15_000), || Ok(checked()))).collect();
    let all = futures_util::future::join_all(asks);
    let (all, ()) = tokio::join!(all, async {
        stage.settle().await;
        stage.let_go.notify_one();
    });
    assert_eq!((all.len(), all.iter().filter(|got| is_answer(got)).count(), stage.asked()), (500, 500, 1));
    // Nothing was to be kept, so the next one asks anew.
    stage.let_go.notify_one();
    assert!(is_answer(&stage.ask(deadline(15_000), || Ok(checked())).await));
    assert_eq!(stage.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn who_asked_first_may_go_away_and_who_waits_is_answered_all_the_same() {
    let stage = stage();
    let mut first = Box::pin(stage.ask(deadline(15_000), || Ok(checked())));
    let mut second = Box::pin(stage.ask(deadline(15_000), || Ok(checked())));
    assert!(futures_util::poll!(&mut first).is_pending() && futures_util::poll!(&mut second).is_pending());
    stage.settle().await;
    drop(first);
    stage.settle().await;
    stage.let_go.notify_one();
    assert!(is_answer(&second.await));
    assert_eq!((stage.asked(), stage.stopped.load(Ordering::Relaxed)), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn the_last_one_who_goes_away_stops_the_read_and_the_next_one_asks_anew() {
    let stage = stage();
    let mut waiting: Vec<_> = (0..3).map(|_| Box::pin(stage.ask(deadline(15_000), || Ok(checked())))).collect();
    for one in &mut waiting {
        assert!(futures_util::poll!(one).is_pending());
    }
    stage.settle().await;
    waiting.truncate(1);
    stage.settle().await;
    assert_eq!(stage.stopped.load(Ordering::Relaxed), 0);
    drop(waiting);
    stage.settle().await;
    assert_eq!((stage.asked(), stage.stopped.load(Ordering::Relaxed)), (1, 1));
    stage.let_go.notify_one();
    assert!(is_answer(&stage.ask(deadline(15_000), || Ok(checked())).await));
}

#[tokio::test(start_paused = true)]
async fn a_failure_of_the_system_is_told_to_all() {
    let stage = stage();
    let fail = || Err(Problem::new(Code::NotFound, "no such order"));
    let (one, other, ()) = tokio::join!(stage.ask(deadline(15_000), fail), stage.ask(deadline(60_000), fail), async {
        stage.settle().await;
        stage.let_go.notify_one();
    });
    assert_eq!(one.err().map(|problem| problem.code), Some(Code::NotFound));
    assert_eq!(other.err().map(|problem| problem.code), Some(Code::NotFound));
    assert_eq!(stage.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn who_has_more_time_than_the_first_one_asks_once_more_and_together() {
    let stage = stage();
    let short = stage.ask(deadline(1_000), || Ok(checked()));
    let long: Vec<_> = (0..20).map(|_| stage.ask(deadline(15_000), || Ok(checked()))).collect();
    let (short, long, ()) = tokio::join!(short, futures_util::future::join_all(long), async {
        // The first one's time runs out, and the clock stands still at what is waited for next.
        tokio::time::sleep(Duration::from_millis(2_000)).await;
        stage.settle().await;
        stage.let_go.notify_one();
    });
    assert_eq!(short.err().map(|problem| problem.code), Some(Code::Timeout));
    assert_eq!((long.iter().filter(|got| is_answer(got)).count(), stage.asked()), (20, 2));
}

#[tokio::test(start_paused = true)]
async fn a_system_that_does_not_answer_is_not_asked_again_and_again() {
    let stage = stage();
    let mut asks = Vec::new();
    for end_ms in [1_000, 2_000, 3_000, 4_000, 5_000] {
        asks.push(stage.ask(deadline(end_ms), || Ok(checked())));
    }
    let all = futures_util::future::join_all(asks).await;
    assert!(all.iter().all(|got| got.as_ref().err().is_some_and(|problem| problem.code == Code::Timeout)));
    assert!(stage.asked() <= 3, "{} times", stage.asked());
}

#[tokio::test(start_paused = true)]
async fn who_waits_ends_within_their_own_deadline_and_leaves_the_others_waiting() {
    let stage = stage();
    let (long, short, ()) = tokio::join!(
        stage.ask(deadline(15_000), || Ok(checked())),
        stage.ask(deadline(1_000), || Ok(checked())),
        async {
            tokio::time::sleep(Duration::from_millis(5_000)).await;
            stage.let_go.notify_one();
        }
    );
    assert_eq!(short.err().map(|problem| problem.code), Some(Code::Timeout));
    assert!(is_answer(&long));
    assert_eq!(stage.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_read_whose_task_dies_leaves_nobody_waiting() {
    let stage = stage();
    let die = || -> Result<Checked, Problem> { panic!("as a fault of ours would") };
    let (one, other, ()) = tokio::join!(stage.ask(deadline(15_000), die), stage.ask(deadline(15_000), die), async {
        stage.settle().await;
        stage.let_go.notify_one();
    });
    for got in [one, other] {
        assert_eq!(got.err().map(|problem| problem.code), Some(Code::Internal));
    }
    assert_eq!(stage.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn who_asks_after_a_write_does_not_join_a_read_that_began_before_it() {
    let stage = stage();
    let (before, after, ()) = tokio::join!(
        stage.ask(deadline(15_000), || Ok(checked())),
        async {
            stage.settle().await;
            stage.answers.touch("shop", &Tags::of_object("order", "45"));
            stage.ask(deadline(15_000), || Ok(checked())).await
        },
        async {
            tokio::time::sleep(Duration::from_millis(1_000)).await;
            stage.let_go.notify_waiters();
        }
    );
    assert!(is_answer(&before) && is_answer(&after));
    assert_eq!(stage.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn reads_that_are_not_shared_are_questions_of_their_own() {
    let mut stage = stage();
    stage.terms.coalesce = false;
    let (one, other, ()) = tokio::join!(
        stage.ask(deadline(15_000), || Ok(checked())),
        stage.ask(deadline(15_000), || Ok(checked())),
        async {
            stage.settle().await;
            stage.let_go.notify_waiters();
        }
    );
    assert!(is_answer(&one) && is_answer(&other));
    assert_eq!(stage.asked(), 2);
}
