//! What a guest sees of a response, and that no response can be too much.

use std::io::Write as _;

use async_compression::tokio::write::{BrotliEncoder, DeflateEncoder, GzipEncoder, ZlibEncoder, ZstdEncoder};
use jackfield_core::grant::OutboundRequest;
use jackfield_core::port::SendError;
use tokio::io::AsyncWriteExt;

use crate::far_side::{FarSide, endless, ok, with_headers};
use crate::near_side::{Wish, get, post, values};

#[derive(Clone, Copy, Debug)]
enum Form {
    Gzip,
    Zlib,
    BareDeflate,
    Brotli,
    Zstd,
}

const FORMS: [(Form, &str); 5] = [
    (Form::Gzip, "gzip"),
    (Form::Zlib, "deflate"),
    (Form::BareDeflate, "deflate"),
    (Form::Brotli, "br"),
    (Form::Zstd, "ZSTD"),
];

async fn packed(form: Form, plain: &[u8]) -> Vec<u8> {
    macro_rules! pack {
        ($encoder:ident) => {{
            let mut encoder = $encoder::new(Vec::new());
            encoder.write_all(plain).await.unwrap();
            encoder.shutdown().await.unwrap();
            encoder.into_inner()
        }};
    }
    match form {
        Form::Gzip => pack!(GzipEncoder),
        Form::Zlib => pack!(ZlibEncoder),
        Form::BareDeflate => pack!(DeflateEncoder),
        Form::Brotli => pack!(BrotliEncoder),
        Form::Zstd => pack!(ZstdEncoder),
    }
}

fn coded(coding: &str, body: &[u8]) -> Vec<u8> {
    with_headers(&format!("content-encoding: {coding}\r\ncontent-type: text/plain\r\n"), body)
}

#[tokio::test]
async fn every_coding_that_is_asked_for_is_undone_and_the_connection_kept() {
    for (form, coding) in FORMS {
        let plain = "order 1001 ".repeat(5_000);
        let body = packed(form, plain.as_bytes()).await;
        let far = FarSide::answering(move |_| coded(coding, &body)).await;
        let near = Wish::to(&far.url()).build();
        for _ in 0..2 {
            let response = near.get("/open/x").await.unwrap();
            assert_eq!(response.body, plain, "{form:?}");
            assert_eq!(response.headers, [("content-type".to_owned(), "text/plain".to_owned())]);
        }
        assert_eq!(far.accepted(), 1, "{form:?}");
    }
}

#[tokio::test]
async fn a_bomb_is_cut_off_at_the_cap() {
    for (form, coding) in FORMS {
        let bomb = packed(form, &vec![0; 32 << 20]).await;
        assert!(bomb.len() < 1 << 20);
        let far = FarSide::answering(move |_| coded(coding, &bomb)).await;
        let near = Wish::to(&far.url()).body_bytes_max(1 << 20).build();
        let outcome = near.get("/open/x").await;
        assert_eq!(outcome, Err(SendError::TooLarge { limit: 1 << 20 }), "{form:?}");
    }
}

#[tokio::test]
async fn a_bomb_within_a_bomb_is_only_bytes_to_us() {
    let inner = packed(Form::Gzip, &vec![0; 32 << 20]).await;
    let outer = packed(Form::Gzip, &inner).await;
    let far = FarSide::answering(move |_| coded("gzip", &outer)).await;
    let response = Wish::to(&far.url()).body_bytes_max(1 << 20).build().get("/open/x").await.unwrap();
    assert_eq!(response.body, inner, "one layer is undone, and no more");
}

#[tokio::test]
async fn a_zstd_frame_may_ask_for_no_more_memory_than_http_allows() {
    // RFC 8878, section 3.1.1: a frame of one raw block of one byte, with the window descriptor as given.
    let frame = |window: u8| [&[0x28, 0xb5, 0x2f, 0xfd, 0x00, window, 0x09, 0x00, 0x00][..], b"x"].concat();
    let far = FarSide::answering(move |_| coded("zstd", &frame(13 << 3))).await;
    assert_eq!(Wish::to(&far.url()).build().get("/open/x").await.unwrap().body, "x", "8 MiB, as RFC 9659 has it");
    let far = FarSide::answering(move |_| coded("zstd", &frame(20 << 3))).await;
    let outcome = Wish::to(&far.url()).build().get("/open/x").await;
    let expected = SendError::Unavailable { detail: "the zstd body is broken".to_owned(), sent: true };
    assert_eq!(outcome, Err(expected), "1 GiB");
}

#[tokio::test]
async fn frames_that_are_to_be_skipped_count_against_the_cap() {
    // RFC 8878, section 3.1.2: skippable frames of 4 KiB, for ever.
    let mut chunk = b"1008\r\n".to_vec();
    chunk.extend_from_slice(&[0x50, 0x2a, 0x4d, 0x18, 0x00, 0x10, 0x00, 0x00]);
    chunk.extend_from_slice(&[0; 4096]);
    chunk.extend_from_slice(b"\r\n");
    let head = b"HTTP/1.1 200 OK\r\ncontent-encoding: zstd\r\ntransfer-encoding: chunked\r\n\r\n";
    let (far, _told) = endless(head, chunk).await;
    let outcome = Wish::to(&far.url()).body_bytes_max(100_000).build().get("/open/x").await;
    assert_eq!(outcome, Err(SendError::TooLarge { limit: 100_000 }));
}

#[tokio::test]
async fn a_body_of_exactly_the_cap_is_whole() {
    for (form, coding) in FORMS {
        let plain = vec![b'x'; 50_000];
        let body = packed(form, &plain).await;
        let far = FarSide::answering(move |_| coded(coding, &body)).await;
        assert_eq!(Wish::to(&far.url()).body_bytes_max(50_000).build().get("/open/x").await.unwrap().body, plain);
        let outcome = Wish::to(&far.url()).body_bytes_max(49_999).build().get("/open/x").await;
        assert_eq!(outcome, Err(SendError::TooLarge { limit: 49_999 }), "{form:?}");
    }
    let far = FarSide::answering(|_| ok(&[b'x'; 50_000])).await;
    assert_eq!(Wish::to(&far.url()).body_bytes_max(50_000).build().get("/open/x").await.unwrap().body.len(), 50_000);
    let outcome = Wish::to(&far.url()).body_bytes_max(49_999).build().get("/open/x").await;
    assert_eq!(outcome, Err(SendError::TooLarge { limit: 49_999 }));
}

#[tokio::test]
async fn an_endless_body_is_left_at_once() {
    let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let mut chunk = b"1000\r\n".to_vec();
    chunk.extend_from_slice(&[b'x'; 4096]);
    chunk.extend_from_slice(b"\r\n");
    let (far, mut told) = endless(head, chunk).await;
    let outcome = Wish::to(&far.url()).body_bytes_max(100_000).build().get("/open/x").await;
    assert_eq!(outcome, Err(SendError::TooLarge { limit: 100_000 }));
    // What is beyond the cap is only what the sockets' buffers took.
    let sent = told.recv().await.unwrap();
    assert!(sent < 32 << 20, "{sent}");
}

#[tokio::test]
async fn a_coded_body_that_never_yields_anything_is_bounded_too() {
    // Empty gzip members, one after the other, for ever.
    let head = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n";
    let member = packed(Form::Gzip, b"").await;
    let mut chunk = Vec::new();
    write!(chunk, "{:x}\r\n", member.len()).unwrap();
    chunk.extend_from_slice(&member);
    chunk.extend_from_slice(b"\r\n");
    let (far, _told) = endless(head, chunk).await;
    let outcome = Wish::to(&far.url()).body_bytes_max(100_000).build().get("/open/x").await;
    assert_eq!(outcome, Err(SendError::TooLarge { limit: 100_000 }));
}

#[tokio::test]
async fn endless_headers_are_left_at_once() {
    let (far, _told) = endless(b"HTTP/1.1 200 OK\r\n", b"x-more: and more and more and more\r\n".to_vec()).await;
    let outcome = Wish::to(&far.url()).build().get("/open/x").await;
    assert!(matches!(outcome, Err(SendError::Unavailable { sent: true, .. })), "{outcome:?}");
    // One header that never ends.
    let (far, mut told) = endless(b"HTTP/1.1 200 OK\r\nx-more: ", vec![b'x'; 4096]).await;
    let outcome = Wish::to(&far.url()).build().get("/open/x").await;
    assert!(matches!(outcome, Err(SendError::Unavailable { sent: true, .. })), "{outcome:?}");
    assert!(told.recv().await.unwrap() < 32 << 20);
}

#[tokio::test]
async fn an_announced_length_over_the_cap_is_not_read() {
    let far = FarSide::answering(|_| b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n".to_vec()).await;
    let outcome = Wish::to(&far.url()).build().get("/open/x").await;
    assert_eq!(outcome, Err(SendError::TooLarge { limit: 8 << 20 }));
}

#[tokio::test]
async fn repeated_headers_stay_and_those_of_the_hop_and_cookies_go() {
    let lines = "link: <a>\r\nLink: <b>\r\nx-odd: caf\u{e9}\r\nset-cookie: sid=1\r\nkeep-alive: timeout=5\r\n\
                 connection: keep-alive, x-private\r\nx-private: 1\r\n";
    let mut answer = with_headers(lines, b"x");
    // Not UTF-8 any more.
    let at = answer.windows(2).position(|w| w == "\u{e9}".as_bytes()).unwrap();
    answer.splice(at..at + 2, [0xe9]);
    let far = FarSide::answering(move |_| answer.clone()).await;
    let response = Wish::to(&far.url()).build().get("/open/x").await.unwrap();
    assert_eq!(values(&response, "link"), ["<a>", "<b>"]);
    assert_eq!(values(&response, "x-odd"), ["caf\u{fffd}"]);
    let names: Vec<_> = response.headers.iter().map(|(n, _)| n.as_str()).collect();
    assert_eq!(names, ["link", "link", "x-odd", "content-length"]);
}

#[tokio::test]
async fn answers_without_a_body_are_read_whatever_they_announce() {
    let far = FarSide::answering(|request| {
        if request.starts_with("HEAD") {
            b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 70\r\n\r\n".to_vec()
        } else {
            b"HTTP/1.1 200 OK\r\ncontent-encoding: br\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n".to_vec()
        }
    })
    .await;
    let near = Wish::to(&far.url()).build();
    let head = near.send(OutboundRequest { method: "HEAD".parse().unwrap(), ..get("/open/x") }).await.unwrap();
    assert_eq!((head.body.len(), values(&head, "content-length")), (0, vec!["70"]));
    assert_eq!(near.get("/open/x").await.unwrap().body.len(), 0);
    assert_eq!(far.accepted(), 1);
}

#[tokio::test]
async fn a_body_in_a_coding_that_was_not_asked_for_is_an_error() {
    for coding in ["compress", "gzip, br", "gzip, gzip"] {
        let far = FarSide::answering(move |_| coded(coding, b"whatever")).await;
        let outcome = Wish::to(&far.url()).build().get("/open/x").await;
        assert!(matches!(outcome, Err(SendError::Unavailable { sent: true, .. })), "{coding}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_corrupt_or_cut_coded_body_is_an_error() {
    for (form, coding) in FORMS {
        let whole = packed(form, "order 1001 ".repeat(5_000).as_bytes()).await;
        let cut = whole[..whole.len() / 2].to_vec();
        let far = FarSide::answering(move |_| coded(coding, &cut)).await;
        let outcome = Wish::to(&far.url()).build().get("/open/x").await;
        assert!(matches!(outcome, Err(SendError::Unavailable { sent: true, .. })), "{form:?}: {outcome:?}");
    }
    let far = FarSide::answering(|_| coded("gzip", b"this is not gzip")).await;
    let outcome = Wish::to(&far.url()).build().get("/open/x").await;
    let expected = SendError::Unavailable { detail: "the gzip body is broken".to_owned(), sent: true };
    assert_eq!(outcome, Err(expected));
}

#[tokio::test]
async fn a_request_body_arrives_as_it_was_given() {
    let far = FarSide::answering(|_| ok(b"")).await;
    let near = Wish::to(&far.url()).build();
    let headers = vec![("content-type".to_owned(), "application/json".to_owned()), ("x-a".to_owned(), "1".to_owned())];
    near.send(OutboundRequest { headers, ..post("/open/x", "{\"a\": 1}") }).await.unwrap();
    near.send(OutboundRequest { body: None, ..post("/open/y", "") }).await.unwrap();
    let seen = far.seen();
    assert!(seen[0].contains("content-length: 8\r\n") && seen[0].ends_with("\r\n\r\n{\"a\": 1}"), "{}", seen[0]);
    assert!(seen[0].contains("content-type: application/json\r\nx-a: 1\r\n"), "{}", seen[0]);
    assert!(!seen[0].contains("transfer-encoding"));
    assert!(seen[1].contains("content-length: 0\r\n"), "{}", seen[1]);
}
