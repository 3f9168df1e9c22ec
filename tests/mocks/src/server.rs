//! Listens for one system, lets it answer, and carries out the faults set for it. Answers for no system's behaviour.

mod raw;

use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Map, Value};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::exchange::{Answer, Request};
use crate::fault::body::{self, Stream};
use crate::fault::{Faults, Kind, Picked};
use crate::journal::Journal;
use crate::systems::System;
use raw::Raw;

/// More than any request a connector has reason to send.
const LARGEST_BODY: usize = 64 << 20;
/// How long a slow fault pauses between two bytes when it does not say.
const SLOW_MS: u64 = 500;
/// What nobody asked for.
const UNASKED: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 18\r\n\r\n{\"unasked\": \"for\"}";
/// How long connections get to finish when the mocks stop.
const GRACE: Duration = Duration::from_secs(2);

/// What answers on a listener: either a system or the control.
pub(crate) trait Site: Send + Sync + 'static {
    fn serve(self: Arc<Self>, request: Request, wire: Wire) -> impl Future<Output = Reply> + Send;
}

pub(crate) type Reply = Response<Stream>;

/// Takes the connection away from the HTTP server.
#[derive(Clone)]
pub(crate) struct Wire(mpsc::UnboundedSender<Raw>);

impl Wire {
    /// Never returns: the connection's task drops the request once it has the socket.
    async fn take(&self, raw: Raw) -> Reply {
        // The receiver lives as long as the connection, so a failed send means that both are gone.
        let _ = self.0.send(raw);
        pending().await
    }
}

/// Accepts while the door is open and until the stop signal, then lets the open connections finish for a moment.
pub(crate) async fn listen<S: Site>(
    listener: TcpListener,
    site: Arc<S>,
    mut door: watch::Receiver<bool>,
    mut stop: watch::Receiver<bool>,
) {
    let Ok(address) = listener.local_addr() else { return };
    let mut listener = Some(listener);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = accept(listener.as_ref()) => {
                // A connection that is gone before it is accepted concerns nobody.
                if let Ok((stream, _)) = accepted {
                    let _ = stream.set_nodelay(true);
                    connections.spawn(connection(stream, Arc::clone(&site), stop.clone()));
                }
            }
            Some(_) = connections.join_next() => {}
            Ok(()) = door.changed() => {
                if *door.borrow_and_update() {
                    // The port is still ours: nobody else is told to take it.
                    listener = TcpListener::bind(address).await.ok();
                } else {
                    listener = None;
                    connections.abort_all();
                }
            }
            _ = stop.changed() => break,
        }
    }
    drop(listener);
    let _ = tokio::time::timeout(GRACE, async { while connections.join_next().await.is_some() {} }).await;
}

/// The next connection; never where nobody listens.
async fn accept(listener: Option<&TcpListener>) -> io::Result<(TcpStream, SocketAddr)> {
    match listener {
        Some(listener) => listener.accept().await,
        None => pending().await,
    }
}

async fn connection<S: Site>(stream: TcpStream, site: Arc<S>, mut stop: watch::Receiver<bool>) {
    let (sender, mut taken) = mpsc::unbounded_channel();
    let wire = Wire(sender);
    let service = service_fn(move |request| {
        let site = Arc::clone(&site);
        let wire = wire.clone();
        async move { Ok::<_, Infallible>(receive(site, request, wire).await) }
    });
    let mut server = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let mut stopping = false;
    let raw = loop {
        tokio::select! {
            // A client that breaks HTTP or goes away ends its own connection only.
            _ = &mut server => return,
            raw = taken.recv() => break raw,
            _ = stop.changed(), if !stopping => {
                stopping = true;
                std::pin::Pin::new(&mut server).graceful_shutdown();
            }
        }
    };
    if let Some(raw) = raw {
        raw.perform(server.into_parts().io.into_inner()).await;
    }
}

async fn receive<S: Site>(site: Arc<S>, request: hyper::Request<Incoming>, wire: Wire) -> Reply {
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, LARGEST_BODY).collect().await else {
        return reply(&Answer::of(413, "text/plain", "The body is too large or broken."));
    };
    let request = Request { method: parts.method, uri: parts.uri, headers: parts.headers, body: body.to_bytes() };
    site.serve(request, wire).await
}

pub(crate) fn reply(answer: &Answer) -> Reply {
    stream(answer, Stream::Whole(answer.body.clone()))
}

fn stream(answer: &Answer, body: Stream) -> Reply {
    let mut builder =
        Response::builder().status(StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    for (name, value) in &answer.headers {
        builder = builder.header(*name, value);
    }
    builder.body(body).unwrap_or_else(|error| {
        // Only a header value taken from a request or a fault could get here.
        Response::new(Stream::Whole(Bytes::from(error.to_string())))
    })
}

/// A system on its listener.
pub(crate) struct Stand {
    pub(crate) name: &'static str,
    pub(crate) system: Box<dyn System>,
    pub(crate) journal: Arc<Journal>,
    pub(crate) faults: Arc<Faults>,
}

impl Site for Stand {
    async fn serve(self: Arc<Self>, request: Request, wire: Wire) -> Reply {
        let picked = self.faults.pick(self.name, request.method.as_str(), request.path());
        let request = Arc::new(request);
        let kind = picked.as_ref().map(|picked| picked.fault.kind);
        let seq = self.journal.open(self.name, Arc::clone(&request), kind);
        match picked {
            None => reply(&self.answer(seq, &request)),
            Some(picked) => self.spoil(seq, &request, &picked, &wire).await,
        }
    }
}

impl Stand {
    fn answer(&self, seq: u64, request: &Request) -> Answer {
        let answer = self.system.answer(request);
        self.journal.close(seq, Some(answer.status), Some(answer.status), &answer.violations);
        answer
    }

    /// Applies the request, and notes that its answer never left whole or at all.
    fn apply(&self, seq: u64, request: &Request, status_sent: bool) -> Answer {
        let answer = self.system.answer(request);
        let status = status_sent.then_some(answer.status);
        self.journal.close(seq, status, Some(answer.status), &answer.violations);
        answer
    }

    /// An answer the system had no part in.
    fn foreign(&self, seq: u64, answer: Answer) -> Answer {
        self.journal.close(seq, Some(answer.status), None, &[]);
        answer
    }

    async fn spoil(&self, seq: u64, request: &Request, picked: &Picked, wire: &Wire) -> Reply {
        let Picked { fault, gate } = picked;
        let pause = Duration::from_millis(fault.delay_ms.unwrap_or(SLOW_MS));
        if let Some(delay) = fault.delay_ms
            && !matches!(fault.kind, Kind::SlowHeaders | Kind::SlowBody)
        {
            tokio::time::sleep(Duration::from_millis(delay)).await;
        }
        match fault.kind {
            Kind::Latency => reply(&self.answer(seq, request)),
            Kind::Status => {
                let status = fault.status.unwrap_or(500);
                let answer = self.system.error(status, request);
                reply(&self.foreign(seq, retry_after(answer, fault)))
            }
            Kind::RateLimit => {
                let answer = retry_after(self.system.error(429, request), fault);
                reply(&self.foreign(seq, answer))
            }
            Kind::Throttled => {
                let answer = self.system.throttled(request).unwrap_or_else(|| self.system.error(429, request));
                reply(&self.foreign(seq, answer))
            }
            // It came just before the door was closed.
            Kind::Refuse | Kind::Reset => wire.take(Raw::Reset).await,
            Kind::ResetAfter => {
                self.apply(seq, request, false);
                wire.take(Raw::Reset).await
            }
            Kind::Hang => pending().await,
            Kind::Close => wire.take(Raw::Close).await,
            Kind::CutHead => {
                let answer = self.apply(seq, request, true);
                wire.take(Raw::CutHead(answer)).await
            }
            Kind::CloseAfter => {
                let answer = self.answer(seq, request);
                wire.take(Raw::Whole { answer, behind: b"" }).await
            }
            Kind::Unasked => {
                let answer = self.answer(seq, request);
                wire.take(Raw::Whole { answer, behind: UNASKED }).await
            }
            Kind::CutBody => {
                let answer = self.apply(seq, request, true);
                wire.take(Raw::Cut(answer)).await
            }
            Kind::SlowHeaders => {
                let answer = self.apply(seq, request, true);
                wire.take(Raw::Slow { answer, pause, head: true }).await
            }
            Kind::SlowBody => {
                let answer = self.apply(seq, request, true);
                wire.take(Raw::Slow { answer, pause, head: false }).await
            }
            Kind::WrongType => {
                let mut answer = self.answer(seq, request);
                if let Ok(value) = serde_json::from_slice(&answer.body) {
                    answer.body = body::retype(value).to_string().into();
                }
                reply(&answer)
            }
            Kind::TruncatedJson => {
                let mut answer = self.answer(seq, request);
                answer.body.truncate(answer.body.len() / 2);
                reply(&answer)
            }
            Kind::EmptyBody => {
                let mut answer = self.answer(seq, request);
                answer.body.clear();
                reply(&answer)
            }
            Kind::NotJson => {
                let page = "<!DOCTYPE html>\n<html><head><title>Maintenance</title></head>\
                            <body><h1>We'll be back soon</h1></body></html>\n";
                reply(&self.foreign(seq, Answer::of(200, "text/html; charset=utf-8", page)))
            }
            Kind::HugeBody => {
                let answer = Answer::of(200, "application/json", Bytes::new());
                stream(&self.foreign(seq, answer), body::huge())
            }
            Kind::GzipBomb => {
                let answer = Answer::of(200, "application/json", Bytes::new()).with_header("content-encoding", "gzip");
                stream(&self.foreign(seq, answer), body::bomb())
            }
            Kind::Redirect => {
                let location = fault.location.clone().unwrap_or_default();
                let answer = Answer::of(fault.status.unwrap_or(302), "text/html", Bytes::new())
                    .with_header("location", location);
                reply(&self.foreign(seq, answer))
            }
            Kind::EchoHeaders => {
                let answer = Answer::json(200, &echo(&request.headers));
                reply(&self.foreign(seq, answer))
            }
            Kind::HoldBefore => {
                gate.pass().await;
                reply(&self.answer(seq, request))
            }
            Kind::HoldAfter => {
                let answer = self.answer(seq, request);
                gate.pass().await;
                reply(&answer)
            }
        }
    }
}

/// The fault's own Retry-After instead of the vendor's usual one.
fn retry_after(mut answer: Answer, fault: &crate::Fault) -> Answer {
    if let Some(value) = &fault.retry_after {
        answer.headers.retain(|(name, _)| *name != "retry-after");
        answer.headers.push(("retry-after", value.clone()));
    }
    answer
}

fn echo(headers: &HeaderMap) -> Value {
    let members: Map<_, _> = headers
        .keys()
        .map(|name| {
            let values: Vec<_> = headers
                .get_all(name)
                .iter()
                .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
                .collect();
            (name.to_string(), Value::from(values.join(", ")))
        })
        .collect();
    serde_json::json!({ "headers": members })
}
