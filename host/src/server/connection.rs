//! One connection of a caller: what its requests are told of it, and when it is given up. Bounds of a request are
//! hyper's and `api`'s business; how many connections there may be is the listener's.
//!
//! hyper bounds the time of a head, but neither the time before the first byte (which decides between HTTP/1 and HTTP/2)
//! nor that of an HTTP/2 connection without a request, nor how long an answer may stay untaken. All three end here.

use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::service::Service;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Where a request came from, for whoever needs it behind the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// What connections are served with.
pub(super) struct Serving {
    pub(super) builder: auto::Builder<TokioExecutor>,
    pub(super) router: TowerToHyperService<Router>,
    /// A connection on which nothing moved for this long is given up, within as long again.
    pub(super) idle: Duration,
    /// Asks every connection to end once its requests are answered.
    pub(super) stop: CancellationToken,
}

impl Serving {
    /// Serves one connection to its end.
    pub(super) async fn serve(&self, stream: TcpStream, peer: IpAddr) {
        let activity = Arc::new(Activity::default());
        let service = Observed { router: self.router.clone(), peer: Peer(peer), activity: activity.clone() };
        let mut connection = pin!(self.builder.serve_connection(TokioIo::new(stream), service));
        let mut patience = pin!(tokio::time::sleep(self.idle));
        let (mut seen, mut is_ending, mut is_stopping) = (0, false, false);
        loop {
            tokio::select! {
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        tracing::debug!("connection: {error}");
                    }
                    return;
                }
                () = self.stop.cancelled(), if !is_stopping => {
                    is_stopping = true;
                    connection.as_mut().graceful_shutdown();
                }
                () = patience.as_mut() => {
                    let moves = activity.moves.load(Ordering::Relaxed);
                    if activity.working.load(Ordering::Relaxed) == 0 && moves == seen {
                        if is_ending {
                            tracing::debug!("connection: nothing moved for {} ms, cut off", self.idle.as_millis());
                            return;
                        }
                        // In order first: a caller that only has nothing to say is told so.
                        is_ending = true;
                        connection.as_mut().graceful_shutdown();
                    }
                    seen = moves;
                    patience.as_mut().reset(Instant::now() + self.idle);
                }
            }
        }
    }
}

/// What goes on on a connection. It is looked at now and then, so that counting costs a request next to nothing.
#[derive(Debug, Default)]
struct Activity {
    /// Requests that are being worked on: they have bounds of their own.
    working: AtomicUsize,
    /// Grows with every request and with every piece of an answer that was taken.
    moves: AtomicUsize,
}

/// A request that is being worked on, until dropped.
struct Working(Arc<Activity>);

impl Working {
    fn begin(activity: &Arc<Activity>) -> Working {
        activity.moves.fetch_add(1, Ordering::Relaxed);
        activity.working.fetch_add(1, Ordering::Relaxed);
        Working(activity.clone())
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.0.moves.fetch_add(1, Ordering::Relaxed);
        self.0.working.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The router, seen from one connection.
struct Observed {
    router: TowerToHyperService<Router>,
    peer: Peer,
    activity: Arc<Activity>,
}

impl Service<Request<Incoming>> for Observed {
    type Response = Response<Moving>;
    type Error = std::convert::Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        request.extensions_mut().insert(self.peer);
        let working = Working::begin(&self.activity);
        let answering = self.router.call(request);
        Box::pin(async move {
            let response = answering.await?;
            let activity = working.0.clone();
            Ok(response.map(|body| Moving { body, activity }))
        })
    }
}

/// The body of an answer, as it is taken.
struct Moving {
    body: axum::body::Body,
    activity: Arc<Activity>,
}

impl Body for Moving {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if frame.is_ready() {
            self.activity.moves.fetch_add(1, Ordering::Relaxed);
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
