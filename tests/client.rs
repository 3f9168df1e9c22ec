//! A bot service as small as it gets: one JSON request, one answer.

use anyhow::Result;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// Talks to one host.
#[derive(Clone)]
pub struct Client {
    base: String,
    key: String,
    pool: Pool<HttpConnector, Full<Bytes>>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// All headers.
    pub headers: HeaderMap,
    /// JSON where the body is, else null.
    pub body: Value,
    /// The body's bytes as text.
    pub raw: String,
}

impl Client {
    /// For a host at `base` with an API key.
    pub fn new(base: &str, key: &str) -> Client {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Client {
            base: base.to_owned(),
            key: key.to_owned(),
            pool: Pool::builder(TokioExecutor::new()).build(connector),
        }
    }

    /// The same host with another key.
    pub fn with_key(&self, key: &str) -> Client {
        Client { key: key.to_owned(), ..self.clone() }
    }

    /// Where it talks to.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// `POST /v1/intents/{intent}` with an input.
    pub async fn ask(&self, intent: &str, input: Value) -> Answer {
        self.post(&format!("/v1/intents/{intent}"), &serde_json::json!({ "input": input })).await
    }

    /// A POST of JSON.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, &[("content-type", "application/json")], body.to_string()).await
    }

    /// A GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], String::new()).await
    }

    /// Anything.
    ///
    /// # Panics
    /// When there is no answer at all: a host that drops a request is a failed test.
    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: String) -> Answer {
        self.try_send(method, path, headers, body)
            .await
            .unwrap_or_else(|error| panic!("{path} was not answered: {error:#}"))
    }

    /// Anything, where no answer is one.
    ///
    /// # Errors
    /// When the connection breaks.
    pub async fn try_send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: String) -> Result<Answer> {
        let response = self.begin(method, path, headers, body).await?;
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await?.to_bytes();
        Ok(Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: serde_json::from_slice(&bytes).unwrap_or_default(),
            raw: String::from_utf8_lossy(&bytes).into_owned(),
        })
    }
}

impl Client {
    /// Anything that is answered by a stream of events; the stream, read as far as its head.
    ///
    /// # Panics
    /// When there is no answer at all.
    pub async fn stream(&self, method: Method, path: &str, headers: &[(&str, &str)], body: String) -> Events {
        let all: Vec<_> = [("accept", "text/event-stream"), ("content-type", "application/json")]
            .iter()
            .chain(headers)
            .copied()
            .collect();
        let response = self.begin(method, path, &all, body).await;
        let (parts, body) = response.unwrap_or_else(|error| panic!("{path} was not answered: {error:#}")).into_parts();
        Events { status: parts.status.as_u16(), headers: parts.headers, raw: String::new(), read: 0, body }
    }

    async fn begin(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Result<Response<Incoming>> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        if !self.key.is_empty() {
            request = request.header("authorization", format!("Bearer {}", self.key));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Ok(self.pool.request(request.body(Full::from(body))?).await?)
    }
}

/// One event of a stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// `id`.
    pub id: String,
    /// `event`.
    pub name: String,
    /// `data`, which is JSON.
    pub data: Value,
}

/// A stream of events, as it arrives.
pub struct Events {
    /// HTTP status.
    pub status: u16,
    /// All headers.
    pub headers: HeaderMap,
    /// Everything that arrived so far, comments included.
    pub raw: String,
    read: usize,
    body: Incoming,
}

impl Events {
    /// The next event. Nothing when the stream ends, or breaks.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            while let Some(end) = self.raw[self.read..].find("\n\n") {
                let block = &self.raw[self.read..self.read + end];
                let field = |name: &str| {
                    let mut lines = block.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
                    lines.next().map(|value| value.trim().to_owned())
                };
                let event = field("event").map(|name| Event {
                    id: field("id").unwrap_or_default(),
                    name,
                    data: serde_json::from_str(&field("data").unwrap_or_default()).unwrap_or_default(),
                });
                self.read += end + 2;
                if event.is_some() {
                    return event;
                }
            }
            let frame = self.body.frame().await?.ok()?;
            if let Some(data) = frame.data_ref() {
                self.raw.push_str(&String::from_utf8_lossy(data));
            }
        }
    }

    /// Every event to the end of the stream.
    pub async fn rest(&mut self) -> Vec<Event> {
        let mut all = Vec::new();
        while let Some(event) = self.next().await {
            all.push(event);
        }
        all
    }
}

impl Answer {
    /// A member of the body by JSON Pointer, as text; empty when it is not one.
    pub fn text(&self, pointer: &str) -> &str {
        self.body.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }
}
