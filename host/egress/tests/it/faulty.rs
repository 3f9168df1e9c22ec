//! A business system that breaks where and when a test says.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::far_side::{FarSide, hold, read_request};

/// What becomes of one request, all of which is read before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// A good answer.
    Answered,
    /// A reset in place of an answer.
    ResetBeforeHeaders,
    /// A reset after half of a header.
    ResetInHeaders,
    /// A reset after half of the body.
    ResetInBody,
    /// An answer with this status and these header lines, each ending in CRLF.
    Status(u16, &'static str),
    /// Nothing, for as long as the test lasts.
    Silence,
}

/// Every way to break that leaves open whether the request was carried out.
pub(crate) const BREAKS: [Fate; 5] = [
    Fate::ResetBeforeHeaders,
    Fate::ResetInHeaders,
    Fate::ResetInBody,
    Fate::Status(503, ""),
    Fate::Status(503, "retry-after: 0\r\n"),
];

/// Serves each request by its number, from 0.
pub(crate) async fn faulty(fate: impl Fn(usize, &str) -> Fate + Send + Sync + 'static) -> FarSide {
    let (fate, count) = (Arc::new(fate), Arc::new(AtomicUsize::new(0)));
    FarSide::handling(move |mut stream, seen| {
        let (fate, count) = (fate.clone(), count.clone());
        async move {
            while let Some(request) = read_request(&mut stream).await {
                let fate = fate(count.fetch_add(1, Ordering::SeqCst), &request);
                seen.lock().unwrap().push(request);
                let begun = match fate {
                    Fate::Answered => {
                        if stream.write_all(&crate::far_side::ok(b"whole")).await.is_err() {
                            return;
                        }
                        continue;
                    }
                    Fate::Status(status, lines) => {
                        let head = format!("HTTP/1.1 {status} Said\r\n{lines}content-length: 0\r\n\r\n");
                        if stream.write_all(head.as_bytes()).await.is_err() {
                            return;
                        }
                        continue;
                    }
                    Fate::Silence => return hold(stream).await,
                    Fate::ResetBeforeHeaders => "",
                    Fate::ResetInHeaders => "HTTP/1.1 200 OK\r\ncontent-",
                    Fate::ResetInBody => "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf",
                };
                let _ = stream.write_all(begun.as_bytes()).await;
                return reset(stream);
            }
        }
    })
    .await
}

/// Closes with a reset, not in good order.
fn reset(stream: TcpStream) {
    stream.set_zero_linger().unwrap();
}
