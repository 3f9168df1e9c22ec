//! What is sent again and what is not, judged by what arrived.

use std::time::{Duration, Instant};

use jackfield_core::grant::OutboundRequest;
use jackfield_core::port::SendError;

use crate::far_side::FarSide;
use crate::faulty::{BREAKS, Fate, faulty};
use crate::near_side::{NearSide, Scripted, Wish, get, post};

/// Short waits between attempts, so that a test of many is quick.
fn near(far: &FarSide) -> NearSide {
    let mut wish = Wish::to(&far.url());
    wish.config.retry.base_ms = 10;
    wish.config.retry.attempt_ms_min = 50;
    wish.build()
}

#[tokio::test]
async fn a_read_that_breaks_is_sent_again_until_it_is_answered_or_the_attempts_are_used_up() {
    for fault in BREAKS {
        for broken in [vec![0], vec![0, 1], vec![1], vec![0, 1, 2]] {
            let broken_too = broken.clone();
            let far = faulty(move |n, _| if broken.contains(&n) { fault } else { Fate::Answered }).await;
            let case = format!("{fault:?} on {broken_too:?}");
            let outcome = near(&far).send_within(5_000, get("/open/x")).await;
            if broken_too.len() == 3 {
                match (fault, outcome) {
                    (Fate::Status(status, _), Ok(answer)) => assert_eq!(answer.status, status, "{case}"),
                    (_, Err(SendError::Unavailable { sent: true, .. })) => {}
                    (_, other) => panic!("{case}: {other:?}"),
                }
                assert_eq!(far.seen().len(), 3, "{case}");
            } else {
                assert_eq!(outcome.unwrap().body, "whole", "{case}");
                let expected = if broken_too[0] == 0 { broken_too.len() + 1 } else { 1 };
                assert_eq!(far.seen().len(), expected, "{case}");
            }
        }
    }
}

#[tokio::test]
async fn no_write_arrives_twice_whatever_breaks_and_whenever() {
    for fault in BREAKS {
        for nth in 0..3 {
            let far = faulty(move |n, _| if n == nth { fault } else { Fate::Answered }).await;
            let near = near(&far);
            for i in 0..3 {
                let outcome = near.send_within(5_000, post(["/open/a", "/open/b", "/open/c"][i], "{}")).await;
                match (fault, outcome) {
                    (Fate::Status(status, _), Ok(answer)) if i == nth => assert_eq!(answer.status, status),
                    (_, Err(SendError::Unavailable { sent: true, .. })) if i == nth => {}
                    (_, Ok(answer)) if i != nth => assert_eq!(answer.body, "whole"),
                    (_, other) => panic!("{fault:?} on {nth}: {other:?} for {i}"),
                }
            }
            let arrived: Vec<_> = far.seen().iter().map(|r| r.split(' ').nth(1).unwrap().to_owned()).collect();
            assert_eq!(arrived, ["/open/a", "/open/b", "/open/c"], "{fault:?} on {nth}");
        }
    }
}

#[tokio::test]
async fn a_write_that_its_author_calls_idempotent_is_sent_again_with_the_same_body() {
    for fault in BREAKS {
        let far = faulty(move |n, _| if n == 0 { fault } else { Fate::Answered }).await;
        let request = OutboundRequest { idempotent: true, ..post("/open/x", r#"{"key":1}"#) };
        assert_eq!(near(&far).send(request).await.unwrap().body, "whole", "{fault:?}");
        let seen = far.seen();
        assert_eq!(seen.len(), 2, "{fault:?}");
        assert!(seen.iter().all(|request| request.ends_with(r#"{"key":1}"#)), "{fault:?}");
    }
}

#[tokio::test]
async fn a_write_that_a_429_turned_away_was_not_carried_out_and_is_sent_again() {
    let far = faulty(|n, _| if n == 0 { Fate::Status(429, "retry-after: 0.2\r\n") } else { Fate::Answered }).await;
    let begun = Instant::now();
    assert_eq!(near(&far).send(post("/open/x", "{}")).await.unwrap().body, "whole");
    assert!(begun.elapsed() >= Duration::from_millis(200), "{:?}", begun.elapsed());
    assert_eq!(far.seen().len(), 2);
}

#[tokio::test]
async fn what_asks_for_more_time_than_there_is_is_answered_at_once() {
    for status in [429, 503] {
        let far = faulty(move |_, _| Fate::Status(status, "retry-after: 60\r\n")).await;
        let begun = Instant::now();
        assert_eq!(near(&far).send(get("/open/x")).await.unwrap().status, status);
        assert!(begun.elapsed() < Duration::from_secs(1));
        assert_eq!(far.seen().len(), 1);
    }
}

#[tokio::test]
async fn a_wait_that_the_system_asks_for_is_kept() {
    let far = faulty(|n, _| if n == 0 { Fate::Status(503, "retry-after: 0.3\r\n") } else { Fate::Answered }).await;
    let begun = Instant::now();
    assert_eq!(near(&far).get("/open/x").await.unwrap().body, "whole");
    assert!(begun.elapsed() >= Duration::from_millis(300), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_connection_that_was_refused_is_tried_again_also_for_a_write() {
    let far = faulty(|_, _| Fate::Answered).await;
    let port = far.address.port();
    // Nothing listens on the first address.
    let resolver = Scripted::new(&[&["127.0.0.2"], &["127.0.0.1"]], port);
    let mut wish = Wish::to(&format!("http://shop.example.com:{port}")).resolver(resolver);
    wish.allow = vec!["127.0.0.0/8"];
    assert_eq!(wish.build().send(post("/open/x", "{}")).await.unwrap().body, "whole");
    assert_eq!(far.seen().len(), 1);
}

#[tokio::test]
async fn other_refusals_are_answers() {
    for status in [400, 404, 409, 422, 500, 501] {
        let far = faulty(move |_, _| Fate::Status(status, "")).await;
        assert_eq!(near(&far).get("/open/x").await.unwrap().status, status);
        assert_eq!(far.seen().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn every_request_ends_by_its_deadline_whatever_every_attempt_meets() {
    let all = BREAKS.into_iter().chain([Fate::Silence, Fate::Status(429, ""), Fate::Status(503, "retry-after: 1\r\n")]);
    for fault in all {
        let far = faulty(move |_, _| fault).await;
        let mut wish = Wish::to(&far.url());
        // So many attempts that time alone ends them.
        wish.config.retry.attempts_max = 10_000;
        wish.config.retry.attempt_ms_min = 20;
        wish.config.breaker.enabled = false;
        let near = wish.build();
        // Sees to it that it took no longer.
        let _ = near.send_within(300, get("/open/x")).await;
        let _ = near.send_within(300, post("/open/x", "{}")).await;
        let writes = far.seen().iter().filter(|request| request.starts_with("POST")).count();
        let allowed = if fault == Fate::Status(429, "") { usize::MAX } else { 1 };
        assert!(writes <= allowed, "{fault:?}: {writes}");
    }
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_not_asked_for_again() {
    let far = faulty(|_, _| Fate::Answered).await;
    let outcome = Wish::to(&far.url()).body_bytes_max(3).build().get("/open/x").await;
    assert_eq!(outcome, Err(SendError::TooLarge { limit: 3 }));
    assert_eq!(far.seen().len(), 1);
}
