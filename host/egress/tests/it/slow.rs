//! Systems that take their time, a byte at a time, in each phase of an exchange. Each ends at the deadline, and the
//! socket is given up: what drips on would hold a place of the connection for ever.

use std::time::Duration;

use jackfield_core::grant::OutboundRequest;
use jackfield_core::port::SendError;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::far_side::{FarSide, hold, ok, read_request};
use crate::near_side::{Wish, get, post};

/// The deadline of every request here, in milliseconds.
const DEADLINE_MS: u64 = 200;

/// How long a byte takes; the pieces below last for far longer than the deadline.
const BYTE: Duration = Duration::from_millis(5);

/// How long it may take until a socket that nobody reads any more is closed.
const GONE_MAX: Duration = Duration::from_secs(10);

/// Answers with `begin` at once and then with `piece` over and over, byte by byte, until the near side is gone.
async fn dripping(reads: bool, begin: &'static str, piece: &'static str) -> (FarSide, UnboundedReceiver<()>) {
    let (tell, told) = unbounded_channel();
    let far = FarSide::handling(move |mut stream, _| {
        let tell = tell.clone();
        async move {
            if reads {
                read_request(&mut stream).await;
            }
            if stream.write_all(begin.as_bytes()).await.is_ok() {
                for byte in piece.bytes().cycle() {
                    if stream.write_all(&[byte]).await.is_err() {
                        break;
                    }
                    tokio::time::sleep(BYTE).await;
                }
            }
            let _ = tell.send(());
        }
    })
    .await;
    (far, told)
}

#[tokio::test]
async fn every_phase_of_an_answer_that_drips_ends_at_the_deadline_and_is_left() {
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let cases = [
        ("the reason of the status", "HTTP/1.1 200 ".to_owned(), "so far so good "),
        ("a header's name", "HTTP/1.1 200 OK\r\n".to_owned(), "x-and-so-on-"),
        ("a header's value", "HTTP/1.1 200 OK\r\nx: ".to_owned(), "and so on "),
        ("headers", "HTTP/1.1 200 OK\r\n".to_owned(), "x: y\r\n"),
        ("interim answers", String::new(), "HTTP/1.1 103 Early Hints\r\n\r\n"),
        ("a body of known length", "HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n".to_owned(), "x"),
        ("a body to the end of the connection", "HTTP/1.1 200 OK\r\n\r\n".to_owned(), "x"),
        ("chunks", chunked.to_owned(), "1\r\nx\r\n"),
        ("a chunk", format!("{chunked}ffff\r\n"), "x"),
        ("the size of a chunk", chunked.to_owned(), "0000000000000001;a=b\r\nx\r\n"),
        ("an extension", format!("{chunked}1;"), "x"),
        ("trailers", format!("{chunked}1\r\nx\r\n0\r\n"), "x: y\r\n"),
    ];
    for (phase, begin, piece) in cases {
        let (far, mut told) = dripping(true, begin.leak(), piece).await;
        let near = Wish::to(&far.url()).build();
        let outcome = near.send_within(DEADLINE_MS, post("/open/x", "{}")).await;
        assert_eq!(outcome, Err(SendError::Timeout { sent: true }), "{phase}");
        let gone = tokio::time::timeout(GONE_MAX, told.recv()).await;
        assert_eq!(gone, Ok(Some(())), "{phase}: the socket stayed open");
    }
}

#[tokio::test]
async fn a_handshake_that_drips_ends_at_the_deadline_and_is_left() {
    // The head of a TLS record of 16 KiB, and then no end of it.
    let (far, mut told) = dripping(false, "\x16\x03\x03\x40\x00", "\x02").await;
    let near = Wish::to(&format!("https://127.0.0.1:{}", far.address.port())).build();
    let outcome = near.send_within(DEADLINE_MS, get("/open/x")).await;
    // The bytes are no greeting, and whoever looks at the first of them may say so at once.
    let unsent =
        matches!(outcome, Err(SendError::Timeout { sent: false } | SendError::Unavailable { sent: false, .. }));
    assert!(unsent, "{outcome:?}");
    assert_eq!(tokio::time::timeout(GONE_MAX, told.recv()).await, Ok(Some(())));
}

#[tokio::test]
async fn a_request_that_nobody_reads_ends_at_the_deadline_and_gives_its_socket_up() {
    let far = FarSide::handling(|mut stream, seen| async move {
        let mut first = [0; 4];
        stream.read_exact(&mut first).await.unwrap();
        if &first == b"POST" {
            // Nothing more is read, and the windows are soon full.
            return hold(stream).await;
        }
        read_request(&mut stream).await;
        seen.lock().unwrap().push("GET".to_owned());
        stream.write_all(&ok(b"good")).await.unwrap();
    })
    .await;
    let mut wish = Wish::to(&far.url());
    (wish.config.sockets_per_origin_max, wish.config.write_stall_ms) = (1, 300);
    let near = wish.build();
    let body = Some(vec![b'x'; 64 << 20].into());
    let outcome = near.send_within(DEADLINE_MS, OutboundRequest { body, ..post("/open/x", "") }).await;
    assert_eq!(outcome, Err(SendError::Timeout { sent: true }));
    // The only place for a socket is free again, although the far side still holds its end.
    assert_eq!(near.get("/open/x").await.unwrap().body, "good");
    assert_eq!(far.accepted(), 2);
}

#[tokio::test]
async fn an_answer_in_small_pieces_that_ends_in_time_is_an_answer() {
    let far = FarSide::handling(|mut stream, _| async move {
        while read_request(&mut stream).await.is_some() {
            for byte in ok(b"good") {
                stream.write_all(&[byte]).await.unwrap();
                tokio::task::yield_now().await;
            }
        }
    })
    .await;
    let near = Wish::to(&far.url()).build();
    assert_eq!(near.get("/open/x").await.unwrap().body, "good");
    assert_eq!(near.get("/open/x").await.unwrap().body, "good");
    assert_eq!(far.accepted(), 1);
}
