//! Systems that speak HTTP/2 and do not mean well: frames written by hand (RFC 9113), over TLS, since that is the only
//! way in which HTTP/2 is spoken.

use std::sync::Arc;
use std::time::Duration;

use jackfield_core::grant::OutboundRequest;
use jackfield_core::port::SendError;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::far_side::FarSide;
use crate::near_side::{NearSide, post};
use crate::tls::Authority;

/// Frame types, RFC 9113, section 6.
const DATA: u8 = 0x0;
const HEADERS: u8 = 0x1;
const RST_STREAM: u8 = 0x3;
const SETTINGS: u8 = 0x4;
const PUSH_PROMISE: u8 = 0x5;
const PING: u8 = 0x6;
const GOAWAY: u8 = 0x7;
const WINDOW_UPDATE: u8 = 0x8;
const CONTINUATION: u8 = 0x9;

/// Flags: the last frame of a stream, the last frame of a head, an acknowledgement.
const END_STREAM: u8 = 0x1;
const END_HEADERS: u8 = 0x4;
const ACK: u8 = 0x1;

/// Error codes, RFC 9113, section 7.
const NO_ERROR: u32 = 0x0;
const INTERNAL_ERROR: u32 = 0x2;
const REFUSED_STREAM: u32 = 0x7;

/// `:status: 200`, as HPACK's static table has it.
const STATUS_200: &[u8] = &[0x88];

/// `:status: 103`, spelt out.
const STATUS_103: &[u8] = &[0x08, 3, b'1', b'0', b'3'];

/// `content-length: 99`, spelt out.
const LENGTH_99: &[u8] = &[0x0f, 0x0d, 2, b'9', b'9'];

/// How long it may take until a connection that was given up is closed.
const GONE_MAX: Duration = Duration::from_secs(10);

/// Bound of a response's body, in bytes.
const BODY_BYTES_MAX: usize = 10_000;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut out = length[1..].to_vec();
    out.extend_from_slice(&[kind, flags]);
    out.extend_from_slice(&stream.to_be_bytes());
    out.extend_from_slice(payload);
    out
}

/// A whole answer with a body.
fn answer(stream: u32, body: &[u8]) -> Vec<u8> {
    [frame(HEADERS, END_HEADERS, stream, STATUS_200), frame(DATA, END_STREAM, stream, body)].concat()
}

/// One connection of a client, after the greeting.
struct Peer {
    stream: TlsStream<TcpStream>,
}

impl Peer {
    async fn greet(stream: TcpStream, acceptor: &TlsAcceptor, settings: &[u8]) -> Option<Peer> {
        let mut stream = acceptor.accept(stream).await.ok()?;
        let mut preface = [0; 24];
        stream.read_exact(&mut preface).await.ok()?;
        assert_eq!(&preface, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        let mut peer = Peer { stream };
        peer.write(&frame(SETTINGS, 0, 0, settings)).await.then_some(peer)
    }

    /// Whether it went out.
    async fn write(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).await.is_ok() && self.stream.flush().await.is_ok()
    }

    /// The stream of the next request that has arrived whole, with its settings acknowledged on the way.
    async fn request(&mut self) -> Option<u32> {
        loop {
            let mut head = [0; 9];
            self.stream.read_exact(&mut head).await.ok()?;
            let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
            self.stream.read_exact(&mut payload).await.ok()?;
            let (kind, flags) = (head[3], head[4]);
            let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
            match kind {
                SETTINGS if flags & ACK == 0 => {
                    self.write(&frame(SETTINGS, ACK, 0, b"")).await;
                }
                HEADERS | DATA if flags & END_STREAM != 0 => return Some(stream),
                _ => {}
            }
        }
    }

    /// Until the client has closed the connection.
    async fn gone(mut self) {
        let mut rest = [0; 4096];
        while !matches!(self.stream.read(&mut rest).await, Ok(0) | Err(_)) {}
    }
}

/// A system that greets with `settings` and hands every connection to `handle`, and a client of it that sends nothing
/// twice.
async fn system<F>(
    settings: &'static [u8],
    handle: impl Fn(Peer, usize) -> F + Clone + Send + Sync + 'static,
) -> (FarSide, NearSide)
where
    F: Future<Output = ()> + Send + 'static,
{
    let authority = Authority::new();
    let mut config = authority.server_config("shop.example.com", false);
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let far = FarSide::handling(move |stream, seen| {
        let (acceptor, handle) = (acceptor.clone(), handle.clone());
        async move {
            let number = {
                let mut seen = seen.lock().unwrap();
                seen.push(String::new());
                seen.len()
            };
            if let Some(peer) = Peer::greet(stream, &acceptor, settings).await {
                handle(peer, number).await;
            }
        }
    })
    .await;
    let mut wish = authority.wish("shop.example.com", &far);
    wish.config.retry.attempts_max = 1;
    wish.config.response_body_bytes_max = BODY_BYTES_MAX;
    (wish.config.pool_idle_timeout_ms, wish.config.write_stall_ms) = (200, 300);
    let near = wish.build();
    (far, near)
}

/// A system that answers a request with `begin` and then `piece` over and over, on the request's stream, until the client
/// is gone.
async fn flooding(
    begin: impl Fn(u32) -> Vec<u8> + Clone + Send + Sync + 'static,
    piece: impl Fn(u32) -> Vec<u8> + Clone + Send + Sync + 'static,
) -> (FarSide, NearSide, UnboundedReceiver<usize>) {
    let (tell, told) = unbounded_channel();
    let (far, near) = system(b"", move |mut peer, _| {
        let (tell, begin, piece) = (tell.clone(), begin.clone(), piece.clone());
        async move {
            let Some(stream) = peer.request().await else { return };
            let piece = piece(stream).repeat(64);
            let mut sent = 0;
            if peer.write(&begin(stream)).await {
                while peer.write(&piece).await {
                    sent += piece.len();
                }
            }
            let _ = tell.send(sent);
        }
    })
    .await;
    (far, near, told)
}

fn may_have_arrived(outcome: &Result<jackfield_core::port::UpstreamResponse, SendError>) -> bool {
    matches!(outcome, Err(SendError::Unavailable { sent: true, .. } | SendError::Timeout { sent: true }))
}

#[tokio::test]
async fn a_stream_that_is_reset_is_no_answer_and_the_connection_stays() {
    for code in [INTERNAL_ERROR, NO_ERROR, REFUSED_STREAM] {
        let (far, near) = system(b"", move |mut peer, _| async move {
            let Some(stream) = peer.request().await else { return };
            peer.write(&frame(RST_STREAM, 0, stream, &code.to_be_bytes())).await;
            while let Some(stream) = peer.request().await {
                peer.write(&answer(stream, b"good")).await;
            }
        })
        .await;
        let outcome = near.send(post("/open/x", "{}")).await;
        assert!(may_have_arrived(&outcome), "{code}: {outcome:?}");
        assert_eq!(near.get("/open/x").await.unwrap().body, "good");
        assert_eq!(far.accepted(), 1, "{code}");
    }
}

#[tokio::test]
async fn a_body_that_is_reset_is_no_answer() {
    let (_far, near) = system(b"", |mut peer, _| async move {
        while let Some(stream) = peer.request().await {
            peer.write(&frame(HEADERS, END_HEADERS, stream, STATUS_200)).await;
            peer.write(&frame(DATA, 0, stream, b"half")).await;
            peer.write(&frame(RST_STREAM, 0, stream, &INTERNAL_ERROR.to_be_bytes())).await;
        }
    })
    .await;
    let outcome = near.send(post("/open/x", "{}")).await;
    assert!(may_have_arrived(&outcome), "{outcome:?}");
}

#[tokio::test]
async fn a_goaway_ends_the_connection_and_no_write_is_sent_twice() {
    let (far, near) = system(b"", |mut peer, number| async move {
        while let Some(stream) = peer.request().await {
            if number > 1 {
                peer.write(&answer(stream, b"good")).await;
                continue;
            }
            // No stream was processed, it says.
            let payload = [0_u32.to_be_bytes(), NO_ERROR.to_be_bytes()].concat();
            peer.write(&frame(GOAWAY, 0, 0, &payload)).await;
            return peer.gone().await;
        }
    })
    .await;
    let outcome = near.send(post("/open/x", "{}")).await;
    assert!(may_have_arrived(&outcome), "{outcome:?}");
    assert_eq!(far.accepted(), 1);
    assert_eq!(near.get("/open/x").await.unwrap().body, "good");
    assert_eq!(far.accepted(), 2);
}

#[tokio::test]
async fn a_goaway_between_requests_costs_nothing() {
    let (far, near) = system(b"", |mut peer, _| async move {
        let Some(stream) = peer.request().await else { return };
        let payload = [stream.to_be_bytes(), NO_ERROR.to_be_bytes()].concat();
        peer.write(&[answer(stream, b"good"), frame(GOAWAY, 0, 0, &payload)].concat()).await;
        peer.gone().await;
    })
    .await;
    for round in 1..=5 {
        assert_eq!(near.get("/open/x").await.unwrap().body, "good", "round {round}");
        assert_eq!(far.accepted(), round);
    }
}

#[tokio::test]
async fn a_length_that_the_data_does_not_have_is_no_answer() {
    for data in [&b"good"[..], &[b'x'; 120]] {
        let (_far, near) = system(b"", move |mut peer, _| async move {
            while let Some(stream) = peer.request().await {
                let head = [STATUS_200, LENGTH_99].concat();
                peer.write(&frame(HEADERS, END_HEADERS, stream, &head)).await;
                peer.write(&frame(DATA, END_STREAM, stream, data)).await;
            }
        })
        .await;
        let outcome = near.send(post("/open/x", "{}")).await;
        assert!(may_have_arrived(&outcome), "{}: {outcome:?}", data.len());
    }
}

#[tokio::test]
async fn heads_that_never_end_are_left_at_once() {
    // `x: yyyy`, not to be put into the table, over and over.
    let line = [&[0x00, 1, b'x', 0x7f, 0xe1, 0x06][..], &[b'y'; 992]].concat();
    let first = line.clone();
    let begin = move |stream| frame(HEADERS, 0, stream, &[STATUS_200, &first].concat());
    let (_far, near, mut told) = flooding(begin, move |stream| frame(CONTINUATION, 0, stream, &line)).await;
    let begun = std::time::Instant::now();
    let outcome = near.send(post("/open/x", "{}")).await;
    assert!(matches!(outcome, Err(SendError::Unavailable { sent: true, .. })), "{outcome:?}");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    let sent = tokio::time::timeout(GONE_MAX, told.recv()).await.unwrap().unwrap();
    assert!(sent < 32 << 20, "{sent}");
}

#[tokio::test]
async fn floods_of_frames_that_say_nothing_end_at_the_deadline() {
    type Piece = fn(u32) -> Vec<u8>;
    let floods: [(&str, Piece); 6] = [
        ("interim answers", |stream| frame(HEADERS, END_HEADERS, stream, STATUS_103)),
        ("pings", |_| frame(PING, 0, 0, &[0; 8])),
        ("settings", |_| frame(SETTINGS, 0, 0, b"")),
        ("window updates", |_| frame(WINDOW_UPDATE, 0, 0, &1_u32.to_be_bytes())),
        ("unknown frames", |stream| frame(0xfa, 0, stream, &[0; 64])),
        ("empty continuations", |stream| frame(CONTINUATION, 0, stream, b"")),
    ];
    for (name, piece) in floods {
        let (_far, near, mut told) = flooding(|_| Vec::new(), piece).await;
        let outcome = near.send_within(500, post("/open/x", "{}")).await;
        assert!(may_have_arrived(&outcome), "{name}: {outcome:?}");
        let gone = tokio::time::timeout(GONE_MAX, told.recv()).await;
        assert!(gone.is_ok(), "{name}: it is read for ever");
    }
    let (_far, near, _told) =
        flooding(|stream| frame(HEADERS, END_HEADERS, stream, STATUS_200), |stream| frame(DATA, 0, stream, b"")).await;
    let outcome = near.send_within(500, post("/open/x", "{}")).await;
    assert!(may_have_arrived(&outcome), "empty data: {outcome:?}");
}

#[tokio::test]
async fn a_push_that_was_switched_off_ends_the_connection() {
    let (_far, near) = system(b"", |mut peer, _| async move {
        let Some(stream) = peer.request().await else { return };
        // Stream 2 would carry `GET /` of `http`, as HPACK's static table has them.
        let promise = [&2_u32.to_be_bytes()[..], &[0x82, 0x84, 0x86]].concat();
        peer.write(&frame(PUSH_PROMISE, END_HEADERS, stream, &promise)).await;
        peer.gone().await;
    })
    .await;
    let outcome = near.send(post("/open/x", "{}")).await;
    assert!(matches!(outcome, Err(SendError::Unavailable { sent: true, .. })), "{outcome:?}");
}

#[tokio::test]
async fn a_window_that_never_opens_ends_at_the_deadline() {
    // SETTINGS_INITIAL_WINDOW_SIZE of nothing: the body may not be sent.
    let (_far, near) = system(&[0x00, 0x04, 0, 0, 0, 0], |peer, _| peer.gone()).await;
    // Once, so that the settings are known.
    let body = Some(vec![b'x'; 1 << 20].into());
    let outcome = near.send_within(300, OutboundRequest { body, ..post("/open/x", "") }).await;
    assert_eq!(outcome, Err(SendError::Timeout { sent: true }));
}

#[tokio::test]
async fn an_endless_body_is_left_and_its_stream_reset() {
    let (tell, mut told) = unbounded_channel();
    let (far, near) = system(b"", move |mut peer, _| {
        let tell = tell.clone();
        async move {
            let Some(stream) = peer.request().await else { return };
            peer.write(&frame(HEADERS, END_HEADERS, stream, STATUS_200)).await;
            // Within the window that the client opened, so that nothing here breaks the rules.
            for _ in 0..4 {
                peer.write(&frame(DATA, 0, stream, &[b'x'; 8192])).await;
            }
            while let Some(stream) = peer.request().await {
                peer.write(&answer(stream, b"good")).await;
                let _ = tell.send(());
            }
        }
    })
    .await;
    let outcome = near.get("/open/x").await;
    assert_eq!(outcome, Err(SendError::TooLarge { limit: BODY_BYTES_MAX }));
    // The others on the connection are not the worse for it.
    assert_eq!(near.get("/open/x").await.unwrap().body, "good");
    told.recv().await.unwrap();
    assert_eq!(far.accepted(), 1);
}
