//! Connections that break, at every point where they can.

use jackfield_core::port::{SendError, UpstreamResponse};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use crate::far_side::{FarSide, read_request, redirect};
use crate::near_side::{Wish, post};

type Outcome = Result<UpstreamResponse, SendError>;

fn sent(outcome: Outcome) -> bool {
    match outcome {
        Err(SendError::Unavailable { sent, .. }) => sent,
        other => panic!("not unavailable: {other:?}"),
    }
}

/// Closes with a reset, not in good order.
fn reset(stream: TcpStream) {
    stream.set_zero_linger().unwrap();
}

#[tokio::test]
async fn a_refused_connection_is_unsent() {
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let outcome = Wish::to(&format!("http://{address}")).build().send(post("/open/x", "{}")).await;
    let Err(SendError::Unavailable { detail, sent: false }) = outcome else { panic!("{outcome:?}") };
    assert!(detail.contains("no connection to `127.0.0.1`") && detail.contains("refused"), "{detail}");
}

#[tokio::test]
async fn no_error_names_the_query_or_its_credential() {
    let auth = r#"{ scheme = "query", parameter = "api_key", secret = "token" }"#;
    let broken = FarSide::handling(|mut stream, _| async move {
        read_request(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nx: shpat-0123456789\r\n shpat-0123456789").await;
    })
    .await;
    let elsewhere =
        FarSide::answering(|_| redirect(302, "http://shpat-0123456789.example.com/?api_key=shpat-0123456789"));
    let elsewhere = elsewhere.await;
    for url in ["http://127.0.0.1:1".to_owned(), broken.url(), elsewhere.url()] {
        let near = Wish::to(&url).auth(auth, &[("token", "shpat-0123456789")]).build();
        let message = near.get("/open/x").await.unwrap_err().to_string();
        assert!(!message.contains("shpat") && !message.contains("api_key"), "{message}");
    }
}

#[tokio::test]
async fn something_that_is_not_tls_is_unsent() {
    let far = FarSide::handling(|mut stream, _| async move {
        let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.6\r\n").await;
    })
    .await;
    let near = Wish::to(&format!("https://{}", far.address)).build();
    assert!(!sent(near.send(post("/open/x", "{}")).await));
}

#[tokio::test]
async fn a_reset_before_the_headers_may_have_been_received() {
    let far = FarSide::handling(|mut stream, _| async move {
        read_request(&mut stream).await;
        reset(stream);
    })
    .await;
    assert!(sent(Wish::to(&far.url()).build().send(post("/open/x", "{}")).await));
}

#[tokio::test]
async fn a_reset_within_the_headers_may_have_been_received() {
    let far = FarSide::handling(|mut stream, _| async move {
        read_request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-").await.unwrap();
        reset(stream);
    })
    .await;
    assert!(sent(Wish::to(&far.url()).build().send(post("/open/x", "{}")).await));
}

#[tokio::test]
async fn a_cut_body_is_no_answer() {
    let heads = [
        "content-length: 100\r\n\r\nhalf",
        "transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        "transfer-encoding: chunked\r\n\r\n4\r\nha",
        "content-length: 100\r\ncontent-encoding: br\r\n\r\nhalf",
    ];
    for head in heads {
        let far = FarSide::handling(move |mut stream, _| async move {
            read_request(&mut stream).await;
            stream.write_all(format!("HTTP/1.1 200 OK\r\n{head}").as_bytes()).await.unwrap();
        })
        .await;
        assert!(sent(Wish::to(&far.url()).build().get("/open/x").await), "{head}");
    }
}

#[tokio::test]
async fn nonsense_instead_of_http_is_no_answer() {
    let nonsense =
        ["hello\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n", "\0\0\0"];
    for answer in nonsense {
        let far = FarSide::handling(move |mut stream, _| async move {
            read_request(&mut stream).await;
            stream.write_all(answer.as_bytes()).await.unwrap();
        })
        .await;
        assert!(sent(Wish::to(&far.url()).build().get("/open/x").await), "{answer}");
    }
}

#[tokio::test]
async fn a_write_is_never_sent_twice() {
    // The far side answers once, then reads the next request on the kept connection and drops it.
    let far = FarSide::handling(|mut stream, seen| async move {
        let first = read_request(&mut stream).await.unwrap();
        seen.lock().unwrap().push(first);
        stream.write_all(&crate::far_side::ok(b"")).await.unwrap();
        if let Some(second) = read_request(&mut stream).await {
            seen.lock().unwrap().push(second);
        }
        reset(stream);
    })
    .await;
    let near = Wish::to(&far.url()).build();
    near.get("/open/x").await.unwrap();
    assert!(sent(near.send(post("/open/pay", "{}")).await));
    let writes = far.seen().iter().filter(|request| request.starts_with("POST")).count();
    assert_eq!(writes, 1, "{:?}", far.seen());
}

#[tokio::test]
async fn a_connection_that_closed_while_idle_costs_nothing() {
    let far = FarSide::handling(|mut stream, seen| async move {
        let first = read_request(&mut stream).await.unwrap();
        seen.lock().unwrap().push(first);
        stream.write_all(&crate::far_side::ok(b"")).await.unwrap();
        reset(stream);
    })
    .await;
    let near = Wish::to(&far.url()).build();
    for _ in 0..5 {
        near.get("/open/x").await.unwrap();
        // Time for the pool to see the end of the connection; were it too short, the request would go on a new one.
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    near.send(post("/open/x", "{}")).await.unwrap();
    assert_eq!(far.accepted(), 6);
}
