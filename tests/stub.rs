//! An upstream of a few lines, for what the simulated systems have no reason to do. It keeps what it received.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use anyhow::Result;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// One request, as it arrived.
#[derive(Clone, Debug)]
pub struct Arrived {
    /// Method and path with query.
    pub line: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// As text.
    pub body: String,
}

/// Marks what is no answer.
#[derive(Clone, Copy)]
struct Broken;

/// No answer: the request is taken and kept, and the connection breaks.
pub fn broken() -> Response<Full<Bytes>> {
    let mut response = Response::default();
    response.extensions_mut().insert(Broken);
    response
}

/// Answers on a port of its own until dropped.
pub struct Stub {
    /// Its base URL.
    pub url: String,
    arrived: Arc<Mutex<Vec<Arrived>>>,
    serving: JoinHandle<()>,
}

impl Stub {
    /// Answers each request.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start<F>(answer: F) -> Result<Stub>
    where
        F: Fn(&Arrived) -> Response<Full<Bytes>> + Send + Sync + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let arrived = Arc::new(Mutex::new(Vec::new()));
        let (answer, kept) = (Arc::new(answer), arrived.clone());
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                let (answer, kept) = (answer.clone(), kept.clone());
                let service = service_fn(move |request: Request<Incoming>| {
                    let (answer, kept) = (answer.clone(), kept.clone());
                    async move {
                        let (parts, body) = request.into_parts();
                        let body = body.collect().await.map(|c| c.to_bytes()).unwrap_or_default();
                        let headers = parts
                            .headers
                            .iter()
                            .map(|(n, v)| (n.as_str().to_owned(), String::from_utf8_lossy(v.as_bytes()).into_owned()));
                        let one = Arrived {
                            line: format!("{} {}", parts.method, parts.uri),
                            headers: headers.collect(),
                            body: String::from_utf8_lossy(&body).into_owned(),
                        };
                        let response = answer(&one);
                        kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(one);
                        if response.extensions().get::<Broken>().is_some() {
                            return Err(io::Error::other("broken as the test wants it"));
                        }
                        Ok(response)
                    }
                });
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service),
                );
            }
        });
        Ok(Stub { url, arrived, serving })
    }

    /// A stub that says `{}` to everything.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn empty() -> Result<Stub> {
        Stub::start(|_| Response::new(Full::from("{}"))).await
    }

    /// A stub that sends everything back that it received, in every encoding that a careless or hostile system might
    /// use: in its headers and in its body.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn echo() -> Result<Stub> {
        use base64::Engine as _;
        use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
        Stub::start(|arrived| {
            let mut body = format!("{}\n{}\n", arrived.line, arrived.body);
            let mut response = Response::builder();
            for (name, value) in &arrived.headers {
                let word = value.rsplit(' ').next().unwrap_or_default();
                for text in [value.as_str(), word] {
                    let hex: String = text.bytes().map(|b| format!("{b:02x}")).collect();
                    let percent: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
                    let json = serde_json::to_string(text).unwrap_or_default();
                    let padded = STANDARD.encode(format!("x{text}y"));
                    for form in
                        [text, &hex, &hex.to_uppercase(), &percent, &json, &padded, &URL_SAFE_NO_PAD.encode(text)]
                    {
                        body.push_str(&format!("{name}: {form}\n"));
                    }
                }
                response = response.header(format!("x-echo-{name}"), value);
            }
            response = response.header("set-cookie", format!("echo={}", arrived.headers.len()));
            response.body(Full::from(body)).unwrap_or_default()
        })
        .await
    }

    /// Everything received so far.
    pub fn arrived(&self) -> Vec<Arrived> {
        self.arrived.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}

/// An upstream that takes every connection and never answers, until dropped.
pub struct Silent {
    /// Its base URL.
    pub url: String,
    taken: Arc<AtomicUsize>,
    serving: JoinHandle<()>,
}

impl Silent {
    /// On a port of its own.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start() -> Result<Silent> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let taken = Arc::new(AtomicUsize::new(0));
        let count = taken.clone();
        let serving = tokio::spawn(async move {
            let mut held = Vec::new();
            while let Ok((stream, _)) = listener.accept().await {
                held.push(stream);
                count.store(held.len(), Ordering::Release);
            }
        });
        Ok(Silent { url, taken, serving })
    }

    /// Connections taken so far.
    pub fn taken(&self) -> usize {
        self.taken.load(Ordering::Acquire)
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
