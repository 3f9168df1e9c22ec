//! What one connection takes of the host has an end, and beyond it the answer is no, at once.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jackfield_core::breaker::Standing;
use jackfield_core::port::{Egress as _, SendError};
use jackfield_egress::{ConnectionConfig, EgressConfig};
use tokio::task::JoinSet;

use crate::far_side::{FarSide, ok};
use crate::faulty::{Fate, faulty};
use crate::near_side::{CONNECTION, Wish, context, get};

fn unavailable(outcome: Result<jackfield_core::port::UpstreamResponse, SendError>) -> (String, bool) {
    match outcome {
        Err(SendError::Unavailable { detail, sent }) => (detail, sent),
        other => panic!("not unavailable: {other:?}"),
    }
}

#[tokio::test]
async fn five_hundred_calls_on_a_system_that_hangs_leave_another_connection_alone() {
    let hanging = faulty(|_, _| Fate::Silence).await;
    let well = FarSide::answering(|_| ok(b"well")).await;
    let near = Wish::to(&hanging.url()).build();
    let other = Wish { name: "shop-us", ..Wish::to(&well.url()) }.grant();
    // Long enough that who waits for a socket still does when the test is over.
    let settings = ConnectionConfig { connect_timeout_ms: 60_000, ..ConnectionConfig::default() };
    let names = [CONNECTION, "shop-us"].map(|name| (name.to_owned(), settings.clone()));
    near.egress.replace(&EgressConfig { connections: HashMap::from(names) }).unwrap();
    let ask = async || {
        let begun = Instant::now();
        let granted = other.check(get("/open/x")).unwrap();
        assert_eq!(near.egress.send(granted, &context(Duration::from_secs(5))).await.unwrap().body, "well");
        begun.elapsed()
    };
    ask().await;
    let mut calls = JoinSet::new();
    for _ in 0..500 {
        let (egress, granted) = (near.egress.clone(), near.granted(get("/open/x")));
        calls.spawn(async move { egress.send(granted, &context(Duration::from_secs(30))).await });
    }
    let in_flight = |name: &str| near.egress.health(name).unwrap().requests_in_flight;
    while in_flight(CONNECTION) < 500 || hanging.seen().len() < 200 {
        tokio::task::yield_now().await;
    }
    let mut took = Vec::new();
    for _ in 0..100 {
        took.push(ask().await);
    }
    took.sort_unstable();
    assert!(took[98] < Duration::from_millis(100), "{:?}", took[98]);
    assert_eq!(in_flight(CONNECTION), 500);
    let us = near.egress.health("shop-us").unwrap();
    assert_eq!((us.figures.requests, us.figures.error_ratio, us.requests_in_flight), (101, Some(0.0), 0));
    calls.shutdown().await;
    assert_eq!(in_flight(CONNECTION), 0);
}

#[tokio::test]
async fn a_request_beyond_the_bound_is_refused_at_once() {
    let far = faulty(|_, _| Fate::Silence).await;
    let mut wish = Wish::to(&far.url());
    wish.config.requests_in_flight_max = 2;
    let near = Arc::new(wish.build());
    let mut calls = JoinSet::new();
    for _ in 0..2 {
        let near = near.clone();
        calls.spawn(async move { near.get("/open/x").await });
    }
    while far.seen().len() < 2 {
        tokio::task::yield_now().await;
    }
    let begun = Instant::now();
    let (detail, sent) = unavailable(near.get("/open/y").await);
    assert_eq!(detail, "connection `shop-eu` has 2 requests under way, which is its `requests_in_flight_max`");
    assert!(!sent && begun.elapsed() < Duration::from_millis(500));
    assert_eq!(far.seen().len(), 2);
}

#[tokio::test]
async fn no_more_sockets_are_open_than_allowed_and_the_next_request_takes_one_that_is_free() {
    let far = FarSide::answering(|_| ok(b"x")).await;
    let mut wish = Wish::to(&far.url());
    wish.config.sockets_per_origin_max = 2;
    let near = Arc::new(wish.build());
    let mut calls = JoinSet::new();
    for _ in 0..50 {
        let near = near.clone();
        calls.spawn(async move { near.get("/open/x").await });
    }
    while let Some(outcome) = calls.join_next().await {
        outcome.unwrap().unwrap();
    }
    assert_eq!(far.seen().len(), 50);
    assert!(far.accepted() <= 2, "{}", far.accepted());
}

#[tokio::test]
async fn who_waits_for_a_socket_in_vain_is_told_why() {
    let far = faulty(|_, _| Fate::Silence).await;
    let mut wish = Wish::to(&far.url());
    wish.config.sockets_per_origin_max = 1;
    wish.config.connect_timeout_ms = 50;
    wish.config.breaker.calls_min = 1;
    let near = Arc::new(wish.build());
    let holding = tokio::spawn({
        let near = near.clone();
        async move { near.get("/open/x").await }
    });
    while far.seen().is_empty() {
        tokio::task::yield_now().await;
    }
    let (detail, sent) = unavailable(near.get("/open/y").await);
    let expected =
        "no socket to `127.0.0.1` is free within 25 ms: all 1 that `sockets_per_origin_max` allows are in use";
    assert_eq!((detail.as_str(), sent), (expected, false));
    let breaker = near.egress.health(CONNECTION).unwrap().breaker;
    assert_eq!(breaker.read, Standing::Closed, "our own bound says nothing of the system");
    // The place is free when the one who held it is gone.
    holding.abort();
    assert!(holding.await.unwrap_err().is_cancelled());
    let _ = near.send_within(300, get("/open/z")).await;
    assert_eq!(far.accepted(), 2);
}

#[tokio::test]
async fn bytes_of_answers_are_bounded_over_all_requests_of_a_connection() {
    let body = vec![b'x'; 40_000];
    let far = FarSide::answering(move |_| ok(&body)).await;
    let mut wish = Wish::to(&far.url());
    wish.config.response_bytes_in_flight_max = 30_000;
    let near = wish.build();
    let (detail, sent) = unavailable(near.get("/open/x").await);
    let expected =
        "connection `shop-eu` is reading 30000 bytes of responses, which is its `response_bytes_in_flight_max`";
    assert_eq!((detail.as_str(), sent), (expected, true));
    assert_eq!(far.seen().len(), 1, "another try would bring the same");
    assert_eq!(near.egress.health(CONNECTION).unwrap().response_bytes_in_flight, 0);
}
