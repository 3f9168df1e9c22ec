//! HTTP/2 by hand (RFC 9113), in clear text with prior knowledge: streams that are opened and reset at once, heads that
//! never end, and windows that never open.

use std::time::Duration;

use jackfield_tests::Host;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{GONE_MAX, HASTY, connect, is_well};

/// Frame types, RFC 9113, section 6.
const HEADERS: u8 = 0x1;
const RST_STREAM: u8 = 0x3;
const SETTINGS: u8 = 0x4;
const PING: u8 = 0x6;
const GOAWAY: u8 = 0x7;
const CONTINUATION: u8 = 0x9;

/// Flags: the last frame of a stream, and of a head.
const END_STREAM: u8 = 0x1;
const END_HEADERS: u8 = 0x4;

/// Error code, RFC 9113, section 7.
const CANCEL: u32 = 0x8;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut out = length[1..].to_vec();
    out.extend_from_slice(&[kind, flags]);
    out.extend_from_slice(&stream.to_be_bytes());
    out.extend_from_slice(payload);
    out
}

/// `GET {path}` of `localhost`, in HPACK without compression.
fn get(path: &str) -> Vec<u8> {
    let text = |index: u8, value: &str| [&[index, u8::try_from(value.len()).unwrap()], value.as_bytes()].concat();
    [vec![0x82, 0x86], text(0x04, path), text(0x01, "localhost")].concat()
}

/// A connection after the greeting, with settings of the caller's.
async fn greeted(host: &Host, settings: &[u8]) -> TcpStream {
    let mut stream = connect(host).await;
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    stream.write_all(&frame(SETTINGS, 0, 0, settings)).await.unwrap();
    stream
}

/// The types of all frames that come until the host closes the connection.
async fn frames(stream: &mut TcpStream) -> Vec<u8> {
    let reading = async {
        let mut kinds = Vec::new();
        let mut head = [0; 9];
        while stream.read_exact(&mut head).await.is_ok() {
            kinds.push(head[3]);
            let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
            if stream.read_exact(&mut payload).await.is_err() {
                break;
            }
        }
        kinds
    };
    tokio::time::timeout(GONE_MAX, reading).await.expect("the host keeps the connection open")
}

#[tokio::test]
async fn a_request_by_hand_is_answered_and_the_connection_ends_in_order() {
    let host = Host::start(HASTY).await.unwrap();
    let mut stream = greeted(&host, b"").await;
    stream.write_all(&frame(HEADERS, END_HEADERS | END_STREAM, 1, &get("/livez"))).await.unwrap();
    let kinds = frames(&mut stream).await;
    assert!(kinds.contains(&HEADERS), "{kinds:?}");
    // Idle after that, and told so before it is closed.
    assert_eq!(kinds.iter().rev().find(|kind| **kind == GOAWAY), Some(&GOAWAY), "{kinds:?}");
}

#[tokio::test]
async fn streams_that_are_opened_and_reset_at_once_end_their_connection() {
    let host = Host::start("").await.unwrap();
    let mut stream = greeted(&host, b"").await;
    let (mut read, mut write) = stream.split();
    // CVE-2023-44487 and CVE-2024-27316 were about what follows.
    let attack = async {
        for n in 0..100_000 {
            let id = 2 * n + 1;
            let open = frame(HEADERS, END_HEADERS | END_STREAM, id, &get("/openapi.json"));
            let reset = frame(RST_STREAM, 0, id, &CANCEL.to_be_bytes());
            if write.write_all(&[open, reset].concat()).await.is_err() {
                return n;
            }
        }
        100_000
    };
    let drain = async {
        let mut bytes = vec![0; 64 << 10];
        while !matches!(read.read(&mut bytes).await, Ok(0) | Err(_)) {}
    };
    let ended = tokio::time::timeout(GONE_MAX, async { tokio::join!(attack, drain).0 }).await;
    let opened = ended.expect("the host keeps the connection open");
    assert!(opened < 100_000, "all of them were taken");
    is_well(&host).await;
}

#[tokio::test]
async fn heads_that_never_end_end_their_connection() {
    let host = Host::start("").await.unwrap();
    let mut stream = greeted(&host, b"").await;
    stream.write_all(&frame(HEADERS, END_STREAM, 1, &get("/livez"))).await.unwrap();
    // `x: yyyy`, over and over, and never the end of the head.
    let line = [&[0x00, 1, b'x', 0x7f, 0xe1, 0x06][..], &[b'y'; 992]].concat();
    let piece = frame(CONTINUATION, 0, 1, &line).repeat(16);
    let flood = async {
        let mut sent = 0_usize;
        while stream.write_all(&piece).await.is_ok() {
            sent += piece.len();
        }
        sent
    };
    let sent = tokio::time::timeout(GONE_MAX, flood).await.expect("the host reads it for ever");
    assert!(sent < 32 << 20, "{sent}");
    is_well(&host).await;
}

#[tokio::test]
async fn a_head_that_drips_and_a_window_that_never_opens_are_not_waited_for() {
    let host = Host::start(HASTY).await.unwrap();
    // The beginning of a head, and nothing more.
    let mut stream = greeted(&host, b"").await;
    stream.write_all(&frame(HEADERS, END_STREAM, 1, &get("/livez"))).await.unwrap();
    frames(&mut stream).await;
    // SETTINGS_INITIAL_WINDOW_SIZE of nothing: no byte of an answer's body may be sent.
    let mut stream = greeted(&host, &[0x00, 0x04, 0, 0, 0, 0]).await;
    stream.write_all(&frame(HEADERS, END_HEADERS | END_STREAM, 1, &get("/openapi.json"))).await.unwrap();
    frames(&mut stream).await;
    // Signs of life are no requests.
    let (mut read, mut write) = greeted(&host, b"").await.into_split();
    let pinging = tokio::spawn(async move {
        while write.write_all(&frame(PING, 0, 0, &[0; 8])).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    let mut rest = Vec::new();
    let ended = tokio::time::timeout(GONE_MAX, read.read_to_end(&mut rest)).await;
    assert!(ended.is_ok(), "the host keeps the connection open");
    pinging.abort();
    is_well(&host).await;
}
