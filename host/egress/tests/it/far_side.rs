//! Business systems of a few lines: raw TCP, so that they can say what no HTTP server would.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::UnboundedReceiver;

/// A server on the loopback interface, and what reached it.
pub(crate) struct FarSide {
    pub(crate) address: SocketAddr,
    accepted: Arc<AtomicUsize>,
    seen: Arc<Mutex<Vec<String>>>,
}

impl FarSide {
    /// Answers every request on a kept connection with what `answer` makes of its head.
    pub(crate) async fn answering(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> FarSide {
        let answer = Arc::new(answer);
        FarSide::handling(move |mut stream, seen| {
            let answer = answer.clone();
            async move {
                while let Some(request) = read_request(&mut stream).await {
                    let bytes = answer(&request);
                    seen.lock().unwrap().push(request);
                    if stream.write_all(&bytes).await.is_err() {
                        return;
                    }
                }
            }
        })
        .await
    }

    /// Hands every connection to `handle`, with the list to write down what came.
    pub(crate) async fn handling<F>(
        handle: impl Fn(TcpStream, Arc<Mutex<Vec<String>>>) -> F + Send + 'static,
    ) -> FarSide
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let far = FarSide { address, accepted: Arc::default(), seen: Arc::default() };
        let (accepted, seen) = (far.accepted.clone(), far.seen.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                accepted.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(handle(stream, seen.clone()));
            }
        });
        far
    }

    /// Connections so far.
    pub(crate) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    /// Whole requests so far.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    /// The only request so far.
    pub(crate) fn only(&self) -> String {
        let seen = self.seen();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen.into_iter().next().unwrap()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// Head and body of one request; nothing at the end of the connection.
pub(crate) async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
            let length =
                head.lines().find_map(|l| l.strip_prefix("content-length: ")).map_or(0, |l| l.parse().unwrap());
            if bytes.len() >= end + 4 + length {
                return Some(String::from_utf8_lossy(&bytes).into_owned());
            }
        }
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return None,
            Ok(n) => bytes.extend_from_slice(&buffer[..n]),
        }
    }
}

/// A plain 200 with a body of known length.
pub(crate) fn ok(body: &[u8]) -> Vec<u8> {
    with_headers("", body)
}

/// A 200 with extra header lines, each ending in CRLF.
pub(crate) fn with_headers(lines: &str, body: &[u8]) -> Vec<u8> {
    let mut out = format!("HTTP/1.1 200 OK\r\n{lines}content-length: {}\r\n\r\n", body.len()).into_bytes();
    out.extend_from_slice(body);
    out
}

/// A redirect.
pub(crate) fn redirect(status: u16, location: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} Elsewhere\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n").into_bytes()
}

/// Keeps a connection open and says nothing more.
pub(crate) async fn hold(stream: TcpStream) {
    tokio::time::sleep(Duration::from_secs(30)).await;
    drop(stream);
}

/// Answers a request with `head` and then `piece`, over and over, until the near side is gone; tells how many bytes that
/// were.
pub(crate) async fn endless(head: &'static [u8], piece: Vec<u8>) -> (FarSide, UnboundedReceiver<usize>) {
    let (tell, told) = tokio::sync::mpsc::unbounded_channel();
    let far = FarSide::handling(move |mut stream, _| {
        let (tell, piece) = (tell.clone(), piece.clone());
        async move {
            read_request(&mut stream).await;
            let mut sent = 0;
            if stream.write_all(head).await.is_ok() {
                while stream.write_all(&piece).await.is_ok() {
                    sent += piece.len();
                }
            }
            let _ = tell.send(sent);
        }
    })
    .await;
    (far, told)
}
