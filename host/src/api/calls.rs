//! `/v1/calls`: calls that are answered later. Asks for them, looks at them, follows them and calls them off.

use std::convert::Infallible;
use std::time::Duration;

use axum::Extension;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::sse::{Event as Sent, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream};
use jackfield_core::idempotency::Answer;
use serde_json::Value;
use tokio::time::Instant;
use ulid::Ulid;

use super::manner::{Later, seconds};
use super::{Api, Known, Noted, json as json_response, refuse};
use crate::admission::{Caller, Received};
use crate::calls::{self, Event, Feed, Owner, View, Watcher};
use crate::error::{Code, Problem};
use crate::pipeline::{self, Accepted, Answered};
use crate::trace::Trace;

/// How often a stream says that it is open, where nothing else is said.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// When a reader whose stream ended comes back, in milliseconds.
const RETRY: Duration = Duration::from_secs(2);

type Asked = (std::sync::Arc<Caller>, Trace, Noted);

/// `POST /v1/intents/{name}` with `Prefer: respond-async` or `wait=N`.
pub(super) async fn later(api: &Api, (caller, trace, noted): Asked, received: Received<'_>, later: Later) -> Response {
    let app = &api.app;
    let owner = Owner::of(&caller);
    // Before anything is accepted: who cannot wait should hear so at once.
    let wait = later.wait.filter(|wait| !wait.is_zero());
    let waiting = match wait.map(|_| app.calls.watcher(&caller)).transpose() {
        Ok(waiting) => waiting,
        Err(problem) => return refuse(problem, &trace, noted),
    };
    let running = match pipeline::accept(app, caller, received, &trace).await {
        Ok(Accepted::Later(running)) => running,
        Ok(Accepted::Now(Answered::Now(reply))) => {
            calls::answered_at_once(app, owner, &reply).await;
            return json_response(reply.to_json(), noted);
        }
        Ok(Accepted::Now(Answered::Before(answer))) => return super::v1::replay(answer, noted),
        Err(problem) => return refuse(problem, &trace, noted),
    };
    if let Some(wait) = wait {
        let view = app.calls.wait(&owner, &running.call_id, (trace.began + wait).into()).await;
        drop(waiting);
        // Where the store does not say how far it is, it was accepted all the same.
        if let Ok(View::Ended(ended)) = &view {
            return match ended.answer() {
                Some(answer) => answered(answer.clone(), noted),
                None => shown(&ended.shown(&running.call_id), noted),
            };
        }
    }
    let mut response = shown(&calls::working(&running.call_id, &running.progress_text()), noted);
    *response.status_mut() = StatusCode::ACCEPTED;
    let headers = response.headers_mut();
    set(headers, "location", format!("/v1/calls/{}", running.call_id));
    set(headers, "preference-applied", later.applied());
    response
}

/// `POST /v1/intents/{name}` with `Accept: text/event-stream`.
pub(super) async fn streamed(api: &Api, (caller, trace, noted): Asked, received: Received<'_>) -> Response {
    let app = &api.app;
    let owner = Owner::of(&caller);
    let watcher = match app.calls.watcher(&caller) {
        Ok(watcher) => watcher,
        Err(problem) => return refuse(problem, &trace, noted),
    };
    match pipeline::accept(app, caller, received, &trace).await {
        Ok(Accepted::Later(running)) => {
            let feed = Feed::new(app.clone(), owner, running.call_id.to_string(), 0);
            events(Following::new(Some(feed), Vec::new(), watcher), noted)
        }
        Ok(Accepted::Now(Answered::Now(reply))) => {
            let view = calls::answered_at_once(app, owner, &reply).await;
            events(Following::new(None, view.all(&reply.call_id), watcher), noted)
        }
        Ok(Accepted::Now(Answered::Before(answer))) => {
            let mut response = events(Following::new(None, vec![Event::of_answer(&answer)], watcher), noted);
            response.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
            response
        }
        Err(problem) => refuse(problem, &trace, noted),
    }
}

/// `GET /v1/calls/{id}[?wait=N]`.
pub(super) async fn look(
    State(api): State<Api>,
    Extension(trace): Extension<Trace>,
    known: Known,
    id: Result<Path<String>, PathRejection>,
    query: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Response {
    let noted = known.noted();
    let id = named(id);
    let wait = match query.ok().map(|Query(query)| wait_of(&query)) {
        Some(Ok(wait)) => wait,
        Some(Err(problem)) => return refuse(problem, &trace, noted),
        None => return refuse(Problem::told(Code::Malformed, "the query does not decode"), &trace, noted),
    };
    let looked = async {
        let _watcher = wait.map(|_| api.app.calls.watcher(&known.0)).transpose()?;
        let until = Instant::now() + wait.unwrap_or_default();
        api.app.calls.wait(&Owner::of(&known.0), &id, until).await
    };
    match looked.await {
        Ok(view) => shown(&view.shown(&id), noted),
        Err(problem) => refuse(problem, &trace, noted),
    }
}

fn wait_of(query: &[(String, String)]) -> Result<Option<Duration>, Problem> {
    match query {
        [] => Ok(None),
        [(name, value)] if name == "wait" => {
            let detail = "`wait` is a number of whole seconds";
            seconds(value).map(Some).ok_or_else(|| Problem::told(Code::Malformed, detail))
        }
        _ => Err(Problem::told(Code::Malformed, "the only query parameter here is `wait`")),
    }
}

/// `GET /v1/calls/{id}/events`, from after `Last-Event-ID`.
pub(super) async fn follow(
    State(api): State<Api>,
    Extension(trace): Extension<Trace>,
    known: Known,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Response {
    let noted = known.noted();
    let (id, owner) = (named(id), Owner::of(&known.0));
    // One that is none of ours is as good as none: better to hear something twice than not at all.
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.trim().parse().ok()).unwrap_or_default();
    let watcher = match api.app.calls.watcher(&known.0) {
        Ok(watcher) => watcher,
        Err(problem) => return refuse(problem, &trace, noted),
    };
    match api.app.calls.look(&owner, &id).await {
        // By this a reader that comes back by itself knows that there is nothing to come back for.
        Ok(view) if view.is_over(last) => {
            let mut response = StatusCode::NO_CONTENT.into_response();
            response.extensions_mut().insert(noted);
            response
        }
        Ok(_) => events(Following::new(Some(Feed::new(api.app.clone(), owner, id, last)), Vec::new(), watcher), noted),
        Err(problem) => refuse(problem, &trace, noted),
    }
}

/// `POST /v1/calls/{id}/cancel`.
pub(super) async fn cancel(
    State(api): State<Api>,
    Extension(trace): Extension<Trace>,
    known: Known,
    id: Result<Path<String>, PathRejection>,
) -> Response {
    let noted = known.noted();
    match calls::cancel(&api.app, &Owner::of(&known.0), &named(id)).await {
        Ok(body) => shown(&body, noted),
        Err(problem) => refuse(problem, &trace, noted),
    }
}

/// An id as it is written in records; what is no id stays what it is, and is not found.
fn named(id: Result<Path<String>, PathRejection>) -> String {
    let id = id.map(|Path(id)| id).unwrap_or_default();
    Ulid::from_string(&id).map(|ulid| ulid.to_string()).unwrap_or(id)
}

fn shown(body: &Value, noted: Noted) -> Response {
    json_response(body.to_string().into_bytes(), noted)
}

/// An answer as a caller would have got it who waited from the beginning.
fn answered(answer: Answer, noted: Noted) -> Response {
    let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    let mut response = super::v1::stored(answer, noted);
    if let Some(ms) = body["retry_after_ms"].as_u64() {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(ms.div_ceil(1_000).max(1)));
    }
    response
}

fn set(headers: &mut HeaderMap, name: &'static str, value: String) {
    // Ids and numbers of ours: always a header's value.
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert(name, value);
    }
}

/// What a stream has still to say. It holds its place for as long as it is open.
struct Following {
    /// Said first, once.
    greeted: bool,
    /// Known from the beginning.
    known: std::vec::IntoIter<Event>,
    feed: Option<Feed>,
    _watcher: Watcher,
}

impl Following {
    fn new(feed: Option<Feed>, known: Vec<Event>, watcher: Watcher) -> Following {
        Following { greeted: false, known: known.into_iter(), feed, _watcher: watcher }
    }

    async fn next(&mut self) -> Option<Sent> {
        if !self.greeted {
            self.greeted = true;
            // At once, so that the reader knows that it is heard, and when to come back.
            return Some(Sent::default().comment("open").retry(RETRY));
        }
        if let Some(event) = self.known.next() {
            return Some(sent(&event));
        }
        match self.feed.as_mut()?.next().await {
            Some(event) => Some(sent(&event)),
            None => {
                self.feed = None;
                Some(Sent::default().comment("closing"))
            }
        }
    }
}

fn sent(event: &Event) -> Sent {
    Sent::default().event(event.name).id(event.id.to_string()).data(event.data.to_string())
}

fn events(following: Following, noted: Noted) -> Response {
    let stream = stream(following);
    let mut response = Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE).text("wait")).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // What buffers answers on the way would hold every event back.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response.extensions_mut().insert(noted);
    response
}

fn stream(following: Following) -> impl Stream<Item = Result<Sent, Infallible>> {
    stream::unfold(following, |mut following| async move {
        let sent = following.next().await?;
        Some((Ok(sent), following))
    })
}
