//! Listens, bounds what a peer may do before it is known, logs each request, and drains on a signal. What one connection
//! may do is `connection.rs`, by which names the host is asked `names.rs`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::api;
use crate::app::App;
use crate::calls;
use crate::dispatch::fresh::mirror;
use crate::dispatch::settle;
use crate::fallback::deliver;
use crate::probing;
use crate::retention;
use crate::trace::Trace;

mod connection;
mod names;

pub(crate) use connection::Peer;
pub(crate) use names::{is_host, is_origin};

use connection::Serving;
use names::Names;

/// How long the end may be held up by kept answers that are not in the store yet.
const MIRROR_TIME_MAX: Duration = Duration::from_secs(5);

/// Serves until `stop` is done, then lets what is under way finish within the drain time.
///
/// # Errors
/// When the listener breaks.
pub async fn serve(app: Arc<App>, listener: TcpListener, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
    let server = &app.config.server;
    let drain = Duration::from_millis(server.drain_ms);
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(server.header_read_ms))
        .max_buf_size(64 << 10);
    builder.http2().timer(TokioTimer::new()).max_header_list_size(32 << 10).max_concurrent_streams(256);
    let state = api::Api::new(app.clone());
    let names = Names::new(server, listener.local_addr().unwrap_or(server.listen));
    let serving = Arc::new(Serving {
        builder,
        router: TowerToHyperService::new(router(state.clone(), names)),
        idle: Duration::from_millis(*server.idle_ms.get_ref()),
        stop: CancellationToken::new(),
    });
    let connections = TaskTracker::new();
    let mut stop = std::pin::pin!(stop);
    let mut beside = tokio::task::JoinSet::new();
    beside.spawn(retention::run(app.clone()));
    beside.spawn(settle::run(app.clone()));
    beside.spawn(probing::run(app.clone()));
    beside.spawn(deliver::run(app.clone()));
    // Before the first call: it may be one that fails.
    mirror::restore(&app).await;
    let (ended, end) = oneshot::channel();
    let mirror = tokio::spawn(mirror::run(app.clone(), end));
    beside.spawn(calls::resume::run(app.clone()));
    let room = Arc::new(Semaphore::new(server.connections_max.min(Semaphore::MAX_PERMITS)));
    loop {
        let accepted = tokio::select! {
            accepted = async {
                let place = room.clone().acquire_owned().await;
                (listener.accept().await, place)
            } => accepted,
            () = &mut stop => break,
        };
        let (accepted, place) = accepted;
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            // Out of file descriptors, mostly: wait for some to come back instead of spinning.
            Err(error) => {
                tracing::warn!("accept: {error}");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let _ = stream.set_nodelay(true);
        let serving = serving.clone();
        connections.spawn(async move {
            let _place = place;
            serving.serve(stream, peer.ip()).await;
        });
    }
    // Readiness goes first, so that a balancer sends nobody new while the rest finishes.
    state.drain();
    app.calls.drain();
    drop(listener);
    let drained = Instant::now() + drain;
    tracing::info!("draining, {} calls under way", app.admission.in_flight());
    let finished = async {
        serving.stop.cancel();
        connections.close();
        connections.wait().await;
        // Half a delivery is one of which nobody knows.
        app.fallbacks.outbox.finish().await;
    };
    if tokio::time::timeout(drain, finished).await.is_err() {
        tracing::warn!("drain time is over, {} calls are cut off", app.admission.in_flight());
    }
    drop(ended);
    if tokio::time::timeout(MIRROR_TIME_MAX, mirror).await.is_err() {
        tracing::warn!("the store is slow: kept answers are not all in it");
    }
    // Nothing new is taken up from here on.
    beside.shutdown().await;
    app.calls.stop(drained.saturating_duration_since(Instant::now())).await;
    Ok(())
}

fn router(state: api::Api, names: Names) -> Router {
    api::routes().layer(axum::middleware::from_fn_with_state(Arc::new(names), log_access)).with_state(state)
}

/// One line per request, with the ids that tie it to everything else. Never a header, a query or a body.
async fn log_access(State(names): State<Arc<Names>>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let traceparent = request.headers().get("traceparent").and_then(|h| h.to_str().ok());
    let trace = Trace::new(traceparent);
    let method = request.method().clone();
    let matched = request.extensions().get::<MatchedPath>().cloned();
    request.extensions_mut().insert(trace.clone());
    let response = match names.check(&request) {
        Ok(()) => next.run(request).await,
        Err(problem) => api::refuse(problem, &trace, api::Noted::default()),
    };
    let noted = response.extensions().get::<api::Noted>();
    tracing::info!(
        target: "access",
        method = %method,
        route = matched.as_ref().map_or("-", MatchedPath::as_str),
        status = response.status().as_u16(),
        elapsed_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
        call_id = %trace.call_id,
        trace_id = %trace.trace_id(),
        caller = noted.map_or("-", |n| n.caller.as_str()),
        intent = noted.map_or("-", |n| n.intent.as_str()),
        problem = noted.and_then(|n| n.problem.as_deref()).unwrap_or("-"),
    );
    response
}
