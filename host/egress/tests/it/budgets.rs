//! The vendor's budget: taken before a request leaves, corrected by what answers say.

use std::time::{Duration, Instant};

use jackfield_core::port::SendError;

use crate::far_side::{FarSide, ok};
use crate::faulty::{Fate, faulty};
use crate::near_side::{CONNECTION, Wish, get, post};

fn refused(outcome: Result<jackfield_core::port::UpstreamResponse, SendError>) -> u32 {
    match outcome {
        Err(SendError::RateLimited { retry_after_ms: Some(ms) }) => ms,
        other => panic!("not rate limited: {other:?}"),
    }
}

#[tokio::test]
async fn a_request_beyond_the_budget_does_not_leave() {
    let far = faulty(|_, _| Fate::Answered).await;
    let endpoint = "rate = { wait_ms_max = 100, window = [{ name = 'minute', limit = 2, length_ms = 60000 }] }";
    let near = Wish::to(&far.url()).endpoint(endpoint).build();
    near.get("/open/a").await.unwrap();
    near.send(post("/open/b", "{}")).await.unwrap();
    let begun = Instant::now();
    let ms = refused(near.get("/open/c").await);
    assert!((50_000..=63_000).contains(&ms), "{ms}");
    assert!(begun.elapsed() < Duration::from_secs(1), "at once");
    assert_eq!(far.seen().len(), 2);
    let health = near.egress.health(CONNECTION).unwrap();
    let window = &health.budget[0].windows[0];
    assert_eq!((health.budget[0].endpoint.as_str(), window.used, window.limit), ("api", 2, 2));
}

#[tokio::test]
async fn a_request_waits_for_room_that_comes_in_time() {
    let far = faulty(|_, _| Fate::Answered).await;
    let endpoint = "rate = { window = [{ name = 'w', kind = 'bucket', limit = 1, length_ms = 300 }] }";
    let near = Wish::to(&far.url()).endpoint(endpoint).build();
    near.get("/open/a").await.unwrap();
    let begun = Instant::now();
    near.get("/open/b").await.unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(200), "{:?}", begun.elapsed());
    // And not for room that comes too late for its own deadline.
    refused(near.send_within(200, get("/open/c")).await);
    assert_eq!(far.seen().len(), 2);
}

#[tokio::test]
async fn what_an_answer_tells_is_heeded() {
    let far = faulty(|_, _| Fate::Status(200, "X-Left: 1\r\n")).await;
    let endpoint = "rate = { wait_ms_max = 0, window = [{ name = 'w', kind = 'fixed', limit = 1000, \
                    length_ms = 86400000, told = { remaining = 'x-left' } }] }";
    let near = Wish::to(&far.url()).endpoint(endpoint).build();
    near.get("/open/a").await.unwrap();
    near.get("/open/b").await.unwrap();
    refused(near.get("/open/c").await);
    assert_eq!(far.seen().len(), 2);
}

#[tokio::test]
async fn a_system_that_asks_to_be_left_alone_is_left_alone_by_everybody() {
    let far = faulty(|_, _| Fate::Status(429, "retry-after: 60\r\n")).await;
    let near = Wish::to(&far.url()).build();
    assert_eq!(near.send(post("/open/a", "{}")).await.unwrap().status, 429);
    assert!(refused(near.get("/open/b").await) > 50_000);
    assert!(refused(near.send(post("/open/c", "{}")).await) > 50_000);
    assert_eq!(far.seen().len(), 1);
    let health = near.egress.health(CONNECTION).unwrap();
    assert!(health.budget[0].paused_ms > 50_000, "{health:?}");
}

#[tokio::test]
async fn requests_weigh_by_their_path_and_every_attempt_counts() {
    let far = faulty(|n, _| if n == 0 { Fate::Status(503, "") } else { Fate::Answered }).await;
    let endpoint = "rate = { wait_ms_max = 0, window = [{ name = 'w', limit = 7, length_ms = 60000 }], \
                    cost = [{ request = 'GET /open/heavy', weight = 3 }] }";
    let mut wish = Wish::to(&far.url()).endpoint(endpoint);
    wish.config.retry.base_ms = 10;
    let near = wish.build();
    near.get("/open/heavy").await.unwrap();
    assert_eq!(far.seen().len(), 2);
    refused(near.get("/open/heavy").await);
    near.get("/open/light").await.unwrap();
    assert_eq!(far.seen().len(), 3);
}

#[tokio::test]
async fn what_a_body_tells_is_heeded_as_well() {
    let far = FarSide::answering(|_| ok(br#"{"cost":{"left":1.0,"max":900}}"#)).await;
    let endpoint = "rate = { wait_ms_max = 0, window = [{ name = 'points', kind = 'fixed', limit = 1000, \
                    length_ms = 86400000, told_in_body = { remaining = '/cost/left', limit = '/cost/max' } }] }";
    let near = Wish::to(&far.url()).endpoint(endpoint).build();
    near.get("/open/a").await.unwrap();
    near.get("/open/b").await.unwrap();
    refused(near.get("/open/c").await);
    assert_eq!(far.seen().len(), 2);
    assert_eq!(near.egress.health(CONNECTION).unwrap().budget[0].windows[0].limit, 900);
}
