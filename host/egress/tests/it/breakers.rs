//! A system that keeps failing is left alone, and asked again in time.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jackfield_core::breaker::Standing;
use jackfield_core::manifest::Access;
use jackfield_core::port::SendError;
use jackfield_egress::{Bound, EgressConfig, Failing, Moment, What};

use crate::far_side::FarSide;
use crate::faulty::{Fate, faulty};
use crate::near_side::{CONNECTION, NearSide, Wish, get, post};

/// A system that fails as long as the switch is on, and a connection whose breaker is quick.
async fn failing(fault: Fate) -> (FarSide, NearSide, Arc<AtomicBool>) {
    let broken = Arc::new(AtomicBool::new(true));
    let switch = broken.clone();
    let far = faulty(move |_, _| if switch.load(Ordering::SeqCst) { fault } else { Fate::Answered }).await;
    let near = wish(&far).build();
    (far, near, broken)
}

fn wish(far: &FarSide) -> Wish {
    let mut wish = Wish::to(&far.url());
    wish.config.retry.attempts_max = 1;
    wish.config.breaker.calls_min = 4;
    wish.config.breaker.open_ms = 200;
    wish.config.breaker.timeout_counts_ms = 50;
    wish
}

fn is_refused(outcome: &Result<jackfield_core::port::UpstreamResponse, SendError>) -> bool {
    matches!(outcome, Err(SendError::Unavailable { detail, sent: false }) if detail.contains("is not asked for any"))
}

fn reads(near: &NearSide) -> Standing {
    near.egress.health(CONNECTION).unwrap().breaker.read
}

#[tokio::test]
async fn a_breaker_opens_on_failures_and_closes_when_probes_are_answered() {
    for fault in [Fate::Status(503, ""), Fate::ResetBeforeHeaders, Fate::ResetInBody, Fate::Silence] {
        let (far, near, broken) = failing(fault).await;
        for _ in 0..4 {
            assert_eq!(reads(&near), Standing::Closed, "{fault:?}");
            let _ = near.send_within(100, get("/open/x")).await;
        }
        let begun = Instant::now();
        let outcome = near.get("/open/x").await;
        assert!(is_refused(&outcome), "{fault:?}: {outcome:?}");
        assert!(begun.elapsed() < Duration::from_millis(100), "at once");
        assert_eq!(far.seen().len(), 4, "{fault:?}");
        broken.store(false, Ordering::SeqCst);
        let mut answered = 0;
        while reads(&near) != Standing::Closed {
            assert!(begun.elapsed() < Duration::from_secs(10), "{fault:?}");
            answered += usize::from(near.get("/open/x").await.is_ok());
            tokio::task::yield_now().await;
        }
        assert_eq!(answered, 2, "as many good probes as the policy wants, after {fault:?}");
        near.get("/open/x").await.unwrap();
    }
}

#[tokio::test]
async fn reads_and_writes_are_judged_apart() {
    let far = faulty(|_, request| if request.starts_with("GET") { Fate::Status(500, "") } else { Fate::Answered });
    let near = wish(&far.await).build();
    for _ in 0..4 {
        assert_eq!(near.get("/open/x").await.unwrap().status, 500);
    }
    assert!(is_refused(&near.get("/open/x").await));
    near.send(post("/open/x", "{}")).await.unwrap();
}

#[tokio::test]
async fn refusals_of_the_systems_own_do_not_open_it() {
    let far = faulty(|n, _| Fate::Status([404, 401, 422, 403][n % 4], "")).await;
    let near = wish(&far).build();
    for _ in 0..20 {
        near.get("/open/x").await.unwrap();
    }
    assert_eq!((far.seen().len(), reads(&near)), (20, Standing::Closed));
}

#[tokio::test]
async fn a_call_that_is_stopped_at_its_deadline_counts_as_one_that_ended_there() {
    let (far, near, _) = failing(Fate::Silence).await;
    for n in 1..=4 {
        let context = crate::near_side::context(Duration::from_millis(100));
        let granted = near.granted(get("/open/x"));
        let sending = jackfield_core::port::Egress::send(&*near.egress, granted, &context);
        // Whoever stops the guest comes first, and the future is dropped without having seen its own end.
        tokio::select! {
            biased;
            () = tokio::time::sleep_until(context.deadline.into()) => {}
            outcome = sending => assert!(outcome.is_err()),
        }
        assert_eq!(far.seen().len(), n);
    }
    assert!(matches!(reads(&near), Standing::Open { .. }), "{:?}", reads(&near));
}

#[tokio::test]
async fn a_call_that_is_cancelled_before_says_nothing() {
    let (far, near, _) = failing(Fate::Silence).await;
    let near = Arc::new(near);
    for n in 1..=8 {
        let asking = tokio::spawn({
            let near = near.clone();
            async move { near.get("/open/x").await }
        });
        while far.seen().len() < n {
            tokio::task::yield_now().await;
        }
        asking.abort();
        assert!(asking.await.unwrap_err().is_cancelled());
    }
    assert_eq!(reads(&near), Standing::Closed);
    assert_eq!(near.egress.health(CONNECTION).unwrap().requests_in_flight, 0);
}

#[tokio::test]
async fn what_is_known_of_a_system_outlives_a_change_of_its_settings() {
    let (_far, near, _) = failing(Fate::Status(503, "")).await;
    for _ in 0..4 {
        near.get("/open/x").await.unwrap();
    }
    let mut settings = near.config.clone();
    settings.pool_idle_max = 3;
    let config = EgressConfig { connections: HashMap::from([(CONNECTION.to_owned(), settings)]) };
    near.egress.replace(&config).unwrap();
    assert!(is_refused(&near.get("/open/x").await));
    near.egress.replace(&EgressConfig::default()).unwrap();
    assert_eq!(near.egress.health(CONNECTION), None);
}

#[tokio::test]
async fn a_breaker_that_is_switched_off_refuses_nothing() {
    let far = faulty(|_, _| Fate::Status(503, "")).await;
    let mut wish = wish(&far);
    wish.config.breaker.enabled = false;
    let near = wish.build();
    for _ in 0..20 {
        assert_eq!(near.get("/open/x").await.unwrap().status, 503);
    }
}

#[tokio::test]
async fn an_open_breaker_is_asked_once_and_ends_the_attempts() {
    let far = faulty(|_, _| Fate::Status(503, "")).await;
    let mut wish = wish(&far);
    wish.config.retry.attempts_max = 100;
    wish.config.retry.base_ms = 1;
    wish.config.breaker.open_ms = 60_000;
    let near = wish.build();
    let refusals = Arc::new(AtomicUsize::new(0));
    let counted = refusals.clone();
    near.egress.watch(Arc::new(move |moment: &Moment<'_>| {
        let refused = moment.what == What::Refused { by: Bound::Breaker };
        counted.fetch_add(usize::from(refused), Ordering::SeqCst);
    }));
    // What an earlier attempt may have done is not forgotten over the breaker's words.
    let outcome = near.get("/open/x").await;
    assert!(matches!(outcome, Err(SendError::Unavailable { sent: true, .. })), "{outcome:?}");
    assert!(is_refused(&near.get("/open/x").await));
    assert_eq!((far.seen().len(), refusals.load(Ordering::SeqCst)), (4, 2));
}

#[tokio::test]
async fn whoever_watches_is_told_of_every_step() {
    let (_far, near, broken) = failing(Fate::Status(503, "")).await;
    let (opened, refused, answered) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    let counts = Arc::new((opened, refused, answered, Mutex::new(Vec::new())));
    let told = counts.clone();
    near.egress.watch(Arc::new(move |moment: &Moment<'_>| {
        assert_eq!((moment.connection, moment.access), (CONNECTION, Access::Read));
        match moment.what {
            What::Breaker { now } => told.3.lock().unwrap().push(now),
            What::Refused { by: Bound::Breaker } => drop(told.1.fetch_add(1, Ordering::SeqCst)),
            What::Answered { status: 503, .. } => drop(told.0.fetch_add(1, Ordering::SeqCst)),
            What::Answered { status: 200, .. } => drop(told.2.fetch_add(1, Ordering::SeqCst)),
            other => panic!("{other:?}"),
        }
    }));
    for _ in 0..5 {
        let _ = near.get("/open/x").await;
    }
    broken.store(false, Ordering::SeqCst);
    while reads(&near) != Standing::Closed {
        let _ = near.get("/open/x").await;
        tokio::task::yield_now().await;
    }
    let (failed, refused, answered) = (&counts.0, &counts.1, &counts.2);
    assert_eq!((failed.load(Ordering::SeqCst), answered.load(Ordering::SeqCst)), (4, 2));
    assert!(refused.load(Ordering::SeqCst) >= 1);
    let told = counts.3.lock().unwrap();
    assert!(matches!(told[..], [Standing::Open { .. }, Standing::HalfOpen, Standing::Closed]), "{told:?}");
}

#[tokio::test]
async fn health_shows_what_the_traffic_shows_and_no_secret() {
    let far = faulty(|n, _| if n % 4 == 3 { Fate::ResetBeforeHeaders } else { Fate::Answered }).await;
    let auth = r#"{ scheme = "bearer", secret = "token" }"#;
    let mut wish = wish(&far).auth(auth, &[("token", "shpat-0123456789")]);
    wish.config.breaker.calls_min = 100;
    let near = wish.build();
    for _ in 0..8 {
        let _ = near.get("/open/x").await;
    }
    let health = near.egress.health(CONNECTION).unwrap();
    assert_eq!((health.figures.requests, health.figures.error_ratio), (8, Some(0.25)));
    assert!(health.figures.p50_ms <= health.figures.p95_ms && health.figures.p95_ms.is_some());
    let error = health.last_error.unwrap();
    assert!(error.at_ms > 1_700_000_000_000 && error.kind == Failing::Unavailable, "{error:?}");
    let json = serde_json::to_value(&health).unwrap();
    assert_eq!(json["breaker"]["read"]["state"], "closed");
    assert_eq!((&json["requests"], &json["budget"][0]["endpoint"]), (&8.into(), &"api".into()));
    assert!(!json.to_string().contains("shpat"));
}

#[tokio::test]
async fn a_probe_is_counted_apart_sent_once_and_closes_a_breaker_that_is_half_open() {
    let broken = Arc::new(AtomicBool::new(true));
    let switch = broken.clone();
    let far =
        faulty(move |_, _| if switch.load(Ordering::SeqCst) { Fate::Status(503, "") } else { Fate::Answered }).await;
    let mut wish = wish(&far).endpoint("probe = \"/open/me\"");
    wish.config.retry.attempts_max = 3;
    wish.config.retry.base_ms = 1;
    let near = wish.build();
    let probes = Arc::new(Mutex::new(Vec::new()));
    let told = probes.clone();
    near.egress.watch(Arc::new(move |moment: &Moment<'_>| match moment.what {
        What::Probed { ok, .. } => told.lock().unwrap().push(ok),
        What::Breaker { .. } => {}
        other => panic!("{other:?} of a probe"),
    }));
    let endpoint = near.grant.endpoints().next().unwrap().clone();
    let probe = async || near.egress.probe(&endpoint, Duration::from_secs(5)).await.unwrap();
    for n in 1..=4 {
        assert_eq!(probe().await, Ok(503));
        assert_eq!(far.seen().len(), n, "no second attempt");
    }
    assert!(matches!(reads(&near), Standing::Open { .. }), "a probe tells as much as a request");
    assert!(matches!(probe().await, Err(SendError::Unavailable { sent: false, .. })), "and is refused like one");
    assert_eq!(far.seen().len(), 4);
    broken.store(false, Ordering::SeqCst);
    let begun = Instant::now();
    while reads(&near) != Standing::Closed {
        assert!(begun.elapsed() < Duration::from_secs(10));
        let _ = probe().await;
        tokio::task::yield_now().await;
    }
    let health = near.egress.health(CONNECTION).unwrap();
    assert_eq!((health.figures.requests, health.last_error), (0, None), "the figures are those of what people asked");
    assert_eq!(*probes.lock().unwrap(), [false, false, false, false, true, true]);
}

#[tokio::test]
async fn a_probe_that_could_change_something_is_never_sent() {
    let far = faulty(|_, _| Fate::Answered).await;
    for (probe, sent) in [("probe = \"/open/me\"", 1), ("probe = \"/changing/me\"", 0), ("", 0)] {
        let before = far.seen().len();
        let near = Wish::to(&far.url()).endpoint(probe).build();
        let endpoint = near.grant.endpoints().next().unwrap().clone();
        let probed = near.egress.probe(&endpoint, Duration::from_secs(5)).await;
        assert_eq!((probed.is_some(), far.seen().len() - before), (sent == 1, sent), "{probe}");
    }
}

#[tokio::test]
async fn how_long_a_system_is_left_alone_is_known_for_reads_and_writes() {
    let far =
        faulty(|_, request| if request.starts_with("POST") { Fate::Status(503, "") } else { Fate::Answered }).await;
    let mut wish = wish(&far);
    wish.config.breaker.open_ms = 60_000;
    let near = wish.build();
    let wait = |access| near.egress.tried_again_in(CONNECTION, access);
    assert_eq!((wait(Access::Read), wait(Access::Write)), (None, None));
    for _ in 0..4 {
        near.send(post("/open/x", "{}")).await.unwrap();
    }
    let left = wait(Access::Write).unwrap();
    assert!((Duration::from_secs(25)..=Duration::from_secs(60)).contains(&left), "{left:?}");
    assert_eq!(wait(Access::Read), None, "reads go on");
}
