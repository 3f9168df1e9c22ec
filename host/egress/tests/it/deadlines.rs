//! Every phase of a request ends on time, and says honestly whether the request may have arrived.

use std::time::Duration;

use jackfield_core::grant::OutboundRequest;
use jackfield_core::port::SendError;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use crate::far_side::{FarSide, hold, read_request};
use crate::near_side::{Silent, Wish, get, post};

/// Writes `text` a byte at a time.
async fn drip(stream: &mut TcpStream, text: &str) {
    for byte in text.bytes() {
        if stream.write_all(&[byte]).await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_silent_resolver_ends_at_the_deadline_unsent() {
    let near = Wish::to("http://shop.example.com").resolver(Silent).build();
    assert_eq!(near.send_within(150, get("/open/x")).await, Err(SendError::Timeout { sent: false }));
}

#[tokio::test]
async fn the_connect_timeout_is_a_bound_of_its_own() {
    let mut wish = Wish::to("http://shop.example.com").resolver(Silent);
    wish.config.connect_timeout_ms = 50;
    let outcome = wish.build().send_within(2_000, get("/open/x")).await;
    let expected = "no connection to `shop.example.com` within 50 ms".to_owned();
    assert_eq!(outcome, Err(SendError::Unavailable { detail: expected, sent: false }));
}

#[tokio::test]
async fn a_handshake_that_never_ends_is_unsent() {
    let far = FarSide::handling(|stream, _| hold(stream)).await;
    let near = Wish::to(&format!("https://127.0.0.1:{}", far.address.port())).build();
    assert_eq!(near.send_within(150, get("/open/x")).await, Err(SendError::Timeout { sent: false }));
}

#[tokio::test]
async fn a_system_that_accepts_nothing_may_have_been_reached() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let near = Wish::to(&format!("http://{address}")).build();
    let outcome = near.send_within(150, get("/open/x")).await;
    // The kernel completed the handshake, so the request may have been read.
    assert_eq!(outcome, Err(SendError::Timeout { sent: true }));
    drop(listener);
}

#[tokio::test]
async fn a_system_that_does_not_answer_may_have_been_reached() {
    let far = FarSide::handling(|mut stream, _| async move {
        read_request(&mut stream).await;
        hold(stream).await;
    })
    .await;
    let near = Wish::to(&far.url()).build();
    assert_eq!(near.send_within(150, post("/open/x", "{}")).await, Err(SendError::Timeout { sent: true }));
}

#[tokio::test]
async fn the_guests_own_timeout_ends_a_request_before_the_call() {
    let far = FarSide::handling(|stream, _| hold(stream)).await;
    let near = Wish::to(&far.url()).build();
    let begun = std::time::Instant::now();
    let timeout = Some(Duration::from_millis(100));
    let outcome = near.send(OutboundRequest { timeout, ..get("/open/x") }).await;
    assert_eq!(outcome, Err(SendError::Timeout { sent: true }));
    assert!(begun.elapsed() < Duration::from_millis(500));
    // And cannot prolong it.
    let timeout = Some(Duration::MAX);
    let outcome = near.send_within(100, OutboundRequest { timeout, ..get("/open/x") }).await;
    assert_eq!(outcome, Err(SendError::Timeout { sent: true }));
}

#[tokio::test]
async fn headers_that_drip_end_at_the_deadline() {
    let far = FarSide::handling(|mut stream, _| async move {
        read_request(&mut stream).await;
        drip(&mut stream, &format!("HTTP/1.1 200 OK\r\nx-slow: {}", "x".repeat(1_000))).await;
    })
    .await;
    let near = Wish::to(&far.url()).build();
    assert_eq!(near.send_within(200, get("/open/x")).await, Err(SendError::Timeout { sent: true }));
}

#[tokio::test]
async fn bodies_that_drip_end_at_the_deadline() {
    for head in ["content-length: 1000", "content-length: 1000\r\ncontent-encoding: gzip"] {
        let far = FarSide::handling(move |mut stream, _| async move {
            read_request(&mut stream).await;
            stream.write_all(format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n").as_bytes()).await.unwrap();
            // The beginning of a gzip member, with a stored block of 1000 bytes; and of a text, why not.
            stream.write_all(b"\x1f\x8b\x08\0\0\0\0\0\0\xff\0\xe8\x03\x17\xfc").await.unwrap();
            drip(&mut stream, &"x".repeat(1_000)).await;
        })
        .await;
        let near = Wish::to(&far.url()).build();
        assert_eq!(near.send_within(200, get("/open/x")).await, Err(SendError::Timeout { sent: true }), "{head}");
    }
}

#[tokio::test]
async fn redirects_share_one_deadline() {
    let far = FarSide::handling(|mut stream, _| async move {
        while read_request(&mut stream).await.is_some() {
            tokio::time::sleep(Duration::from_millis(80)).await;
            stream.write_all(&crate::far_side::redirect(302, "/open/again")).await.unwrap();
        }
    })
    .await;
    let near = Wish::to(&far.url()).build();
    assert_eq!(near.send_within(150, get("/open/x")).await, Err(SendError::Timeout { sent: true }));
}

#[tokio::test]
async fn after_the_deadline_nothing_is_sent() {
    let far = FarSide::answering(|_| crate::far_side::ok(b"")).await;
    let near = Wish::to(&far.url()).build();
    near.get("/open/x").await.unwrap();
    // A connection is open, and still no byte of the late request goes out.
    assert_eq!(near.send_within(0, get("/open/too-late")).await, Err(SendError::Timeout { sent: false }));
    near.get("/open/y").await.unwrap();
    assert!(!far.seen().iter().any(|request| request.contains("too-late")), "{:?}", far.seen());
}
