//! Responses whose ends are not where they seem to be: lengths that lie, answers behind the answer, trailers, floods of
//! interim answers. What counts is that no byte of one answer is ever taken for a part of another.

use jackfield_core::grant::OutboundRequest;
use jackfield_core::port::SendError;
use tokio::io::AsyncWriteExt;

use crate::far_side::{FarSide, endless, ok, read_request, with_headers};
use crate::near_side::{NearSide, Wish, get, post};

/// How often each answer is given, since what is looked for could be a matter of who is first.
const ROUNDS: usize = 20;

/// A connection that sends nothing twice, so that every answer is the one to this request.
fn once(far: &FarSide) -> NearSide {
    let mut wish = Wish::to(&far.url());
    wish.config.retry.attempts_max = 1;
    wish.build()
}

fn then_smuggled(honest: &[u8]) -> Vec<u8> {
    [honest, b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil"].concat()
}

#[tokio::test]
async fn an_answer_behind_the_answer_is_never_the_next_ones() {
    let honest: [&[u8]; 5] = [
        b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ngood",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\ngood\r\n0\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\ncontent-length: 99\r\n\r\n",
        b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n",
    ];
    for answer in honest {
        let whole = then_smuggled(answer);
        let far = FarSide::answering(move |_| whole.clone()).await;
        let near = once(&far);
        for round in 0..ROUNDS {
            let response = near.get("/open/x").await.unwrap();
            assert_ne!(response.body, "evil", "round {round} of {}", String::from_utf8_lossy(answer));
        }
        // A connection on which more came than was asked for is not used again.
        assert_eq!(far.accepted(), ROUNDS, "{}", String::from_utf8_lossy(answer));
    }
}

#[tokio::test]
async fn the_body_of_an_answer_to_head_is_never_the_next_answer() {
    let far = FarSide::answering(|request| {
        if request.starts_with("HEAD") {
            then_smuggled(b"HTTP/1.1 200 OK\r\ncontent-length: 52\r\n\r\n")
        } else {
            ok(b"good")
        }
    })
    .await;
    let near = once(&far);
    for _ in 0..ROUNDS {
        let head = OutboundRequest { method: "HEAD".parse().unwrap(), ..get("/open/x") };
        assert!(near.send(head).await.unwrap().body.is_empty());
        assert_eq!(near.get("/open/x").await.unwrap().body, "good");
    }
}

#[tokio::test]
async fn an_answer_nobody_asked_for_ends_its_connection() {
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let far = FarSide::handling(move |mut stream, _| {
        let tell = tell.clone();
        async move {
            while read_request(&mut stream).await.is_some() {
                stream.write_all(&ok(b"good")).await.unwrap();
                tokio::task::yield_now().await;
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil").await;
            }
            let _ = tell.send(());
        }
    })
    .await;
    let near = once(&far);
    for round in 1..=ROUNDS {
        assert_eq!(near.get("/open/x").await.unwrap().body, "good");
        // Idle, and closed by the client as soon as something comes.
        told.recv().await.unwrap();
        assert_eq!(far.accepted(), round);
    }
}

#[tokio::test]
async fn lengths_that_contradict_each_other_are_no_answer() {
    let lies = [
        "content-length: 4\r\ncontent-length: 5\r\n\r\ngood!",
        "content-length: 4, 5\r\n\r\ngood!",
        "content-length: -4\r\n\r\ngood",
        "content-length: +4\r\n\r\ngood",
        "content-length: 0x4\r\n\r\ngood",
        "content-length: 99999999999999999999\r\n\r\ngood",
        "content-length: 4 4\r\n\r\ngood",
        "transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\ngood\r\n0\r\n\r\n",
        "transfer-encoding: chunked\r\n\r\n-4\r\ngood\r\n0\r\n\r\n",
        "transfer-encoding: chunked\r\n\r\n0x4\r\ngood\r\n0\r\n\r\n",
        "transfer-encoding: chunked\r\n\r\n4\r\ngoodness\r\n0\r\n\r\n",
        "transfer-encoding: chunked\r\n\r\n\r\n",
        "content-length : 4\r\n\r\ngood",
        "x-folded: a\r\n b\r\ncontent-length: 4\r\n\r\ngood",
        "x-nul: a\0b\r\ncontent-length: 4\r\n\r\ngood",
        "x bad: a\r\ncontent-length: 4\r\n\r\ngood",
        "x-return: a\rb\r\ncontent-length: 4\r\n\r\ngood",
    ];
    for lie in lies {
        let far = FarSide::answering(move |_| format!("HTTP/1.1 200 OK\r\n{lie}").into_bytes()).await;
        let outcome = once(&far).get("/open/x").await;
        assert!(matches!(outcome, Err(SendError::Unavailable { sent: true, .. })), "{lie:?}: {outcome:?}");
    }
    // The same length twice is the same length.
    let far = FarSide::answering(|_| with_headers("content-length: 4\r\n", b"good")).await;
    assert_eq!(once(&far).get("/open/x").await.unwrap().body, "good");
}

#[tokio::test]
async fn a_length_beside_chunks_counts_for_nothing() {
    // RFC 9112, section 6.3: the transfer coding overrides, and whoever is careful closes the connection.
    let both = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n4\r\ngood\r\n0\r\n\r\n";
    let far = FarSide::answering(|_| both.to_vec()).await;
    let near = once(&far);
    for _ in 0..ROUNDS {
        match near.get("/open/x").await {
            Ok(response) => assert_eq!(response.body, "good"),
            Err(error) => assert!(matches!(error, SendError::Unavailable { sent: true, .. }), "{error:?}"),
        }
    }
}

#[tokio::test]
async fn trailers_reach_no_guest() {
    let answer = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-late, set-cookie\r\n\r\n\
                  4;name=value\r\ngood\r\n0\r\nx-late: 1\r\nset-cookie: sid=1\r\ncontent-length: 99\r\n\r\n";
    let far = FarSide::answering(move |_| answer.into()).await;
    let near = once(&far);
    for _ in 0..2 {
        let response = near.get("/open/x").await.unwrap();
        assert_eq!((&*response.body, &*response.headers), (&b"good"[..], &[][..]));
    }
    assert_eq!(far.accepted(), 1, "what is in order is no reason to close");
}

#[tokio::test]
async fn what_stands_around_chunks_is_bounded() {
    let cases: [(&[u8], &[u8]); 3] = [
        // The extension of one chunk, the trailers, and one trailer.
        (b"4;x=", b"yyyyyyyyyyyyyyyy"),
        (b"4\r\ngood\r\n0\r\n", b"x-more: and more\r\n"),
        (b"4\r\ngood\r\n0\r\nx-more: ", b"yyyyyyyyyyyyyyyy"),
    ];
    for (begin, piece) in cases {
        let head = [b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", begin].concat();
        let (far, mut told) = endless(head.leak(), piece.repeat(256)).await;
        let outcome = once(&far).get("/open/x").await;
        let shown = String::from_utf8_lossy(begin);
        assert!(matches!(outcome, Err(SendError::Unavailable { sent: true, .. })), "{shown}: {outcome:?}");
        assert!(told.recv().await.unwrap() < 32 << 20, "{shown}");
    }
}

#[tokio::test]
async fn too_many_headers_are_no_answer() {
    for (count, taken) in [(50, true), (10_000, false)] {
        let lines: String = (0..count).map(|n| format!("x-{n}: 1\r\n")).collect();
        let far = FarSide::answering(move |_| with_headers(&lines, b"x")).await;
        let outcome = once(&far).get("/open/x").await;
        assert_eq!(outcome.is_ok(), taken, "{count}: {outcome:?}");
    }
}

#[tokio::test]
async fn interim_answers_are_passed_over() {
    let interim =
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n";
    let far = FarSide::answering(move |_| [interim.as_bytes(), &ok(b"good")].concat()).await;
    let near = once(&far);
    for _ in 0..2 {
        let response = near.get("/open/x").await.unwrap();
        assert_eq!((response.status, &*response.body), (200, &b"good"[..]));
        assert!(!response.headers.iter().any(|(name, _)| name == "link"), "{:?}", response.headers);
    }
    assert_eq!(far.accepted(), 1);
}

#[tokio::test]
async fn a_flood_of_interim_answers_ends_at_the_deadline_and_is_left() {
    let (far, mut told) = endless(b"", b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n".repeat(64)).await;
    let outcome = once(&far).send_within(300, post("/open/x", "{}")).await;
    assert!(
        matches!(outcome, Err(SendError::Timeout { sent: true } | SendError::Unavailable { sent: true, .. })),
        "{outcome:?}"
    );
    // Nobody goes on reading it.
    told.recv().await.unwrap();
}

#[tokio::test]
async fn a_switch_of_protocols_that_nobody_asked_for_leads_nowhere() {
    let far = FarSide::answering(|_| {
        b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\nevil".to_vec()
    })
    .await;
    let near = once(&far);
    for _ in 0..3 {
        match near.get("/open/x").await {
            Ok(response) => assert_eq!((response.status, response.body.len()), (101, 0)),
            Err(error) => assert!(matches!(error, SendError::Unavailable { sent: true, .. }), "{error:?}"),
        }
    }
    assert_eq!(far.accepted(), 3, "the connection is not HTTP any more");
}

#[tokio::test]
async fn an_answer_that_ends_with_its_connection_is_whole_and_one_without_a_head_is_none() {
    let far = FarSide::handling(|mut stream, _| async move {
        read_request(&mut stream).await;
        stream.write_all(b"HTTP/1.0 200 OK\r\n\r\ngood").await.unwrap();
    })
    .await;
    assert_eq!(once(&far).get("/open/x").await.unwrap().body, "good");
    // HTTP/0.9 had no head.
    let far = FarSide::handling(|mut stream, _| async move {
        read_request(&mut stream).await;
        stream.write_all(b"<html>good</html>").await.unwrap();
    })
    .await;
    let outcome = once(&far).get("/open/x").await;
    assert!(matches!(outcome, Err(SendError::Unavailable { sent: true, .. })), "{outcome:?}");
}
