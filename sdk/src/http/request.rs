//! One request, built up and sent; or several, sent at once.

use std::{fmt, time::Duration};

use serde::Serialize;

use super::{Error, Path, Response};
use crate::host::{self, Host as _};

/// The method of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the methods of RFC 9110 and 5789 by their names")]
pub enum Method {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    /// Upper case, as on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Head => "HEAD",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A request on its way. Nothing is sent before [`send`](Request::send).
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is sent"]
pub struct Request {
    pub(crate) endpoint: String,
    pub(crate) method: Method,
    pub(crate) path: Path,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) timeout_ms: Option<u32>,
    pub(crate) idempotent: bool,
    /// Why it cannot be sent, such as a body without a JSON form: said by `send`, so that building stays fluent.
    malformed: Option<String>,
}

impl Request {
    pub(crate) fn new(endpoint: &str, method: Method, path: Path) -> Self {
        Request {
            endpoint: endpoint.to_owned(),
            method,
            path,
            query: Vec::new(),
            headers: Vec::new(),
            body: None,
            timeout_ms: None,
            idempotent: false,
            malformed: None,
        }
    }

    /// Adds a query parameter, as it is: the host encodes it.
    pub fn query(mut self, name: impl Into<String>, value: impl fmt::Display) -> Self {
        self.query.push((name.into(), value.to_string()));
        self
    }

    /// Adds a query parameter where there is a value.
    pub fn query_if(self, name: impl Into<String>, value: Option<impl fmt::Display>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    /// Adds several query parameters, such as those that a builder of [`query`](crate::query) makes.
    pub fn queries<N: Into<String>, V: fmt::Display>(self, pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        pairs.into_iter().fold(self, |request, (name, value)| request.query(name, value))
    }

    /// Adds a header. Those of the connection (host, authorization, cookies, lengths) are the host's: it refuses them.
    pub fn header(mut self, name: impl Into<String>, value: impl fmt::Display) -> Self {
        self.headers.push((name.into(), value.to_string()));
        self
    }

    /// Adds a header where there is a value, such as `call.idempotency_key()`.
    pub fn header_if(self, name: impl Into<String>, value: Option<impl fmt::Display>) -> Self {
        match value {
            Some(value) => self.header(name, value),
            None => self,
        }
    }

    /// Sets a JSON body, with its content type.
    pub fn json(mut self, body: &(impl Serialize + ?Sized)) -> Self {
        match serde_json::to_vec(body) {
            Ok(bytes) => self.body("application/json", bytes),
            Err(error) => {
                self.malformed = Some(format!("a body that has no JSON form: {error}"));
                self
            }
        }
    }

    /// Sets the body of a form (`application/x-www-form-urlencoded`).
    pub fn form<N: AsRef<str>, V: fmt::Display>(self, pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let encode =
            |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
        let pairs =
            pairs.into_iter().map(|(name, value)| format!("{}={}", encode(name.as_ref()), encode(&value.to_string())));
        let body = pairs.collect::<Vec<_>>().join("&");
        self.body("application/x-www-form-urlencoded", body)
    }

    /// Sets a body of any content type.
    pub fn body(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
        self.headers.push(("content-type".to_owned(), content_type.to_owned()));
        self.body = Some(body.into());
        self
    }

    /// The author's word that sending it twice does no more than sending it once: the host may then repeat it. GET and
    /// HEAD are so without saying.
    pub fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }

    /// The upper bound for this one request; the call's own deadline always applies.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout_ms = Some(u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX));
        self
    }

    /// Sends it and waits for the answer.
    ///
    /// # Errors
    /// When there is no answer; `?` turns the error into a [`Failure`](crate::Failure).
    pub fn send(self) -> Result<Response, Error> {
        host::current().send(self.checked()?)
    }

    fn checked(self) -> Result<Self, Error> {
        match self.malformed {
            Some(reason) => Err(Error::InvalidRequest(reason)),
            None => Ok(self),
        }
    }
}

/// Sends a fixed number of requests at once and waits for all; answers stand in the order of the requests.
///
/// ```
/// # use jackfield_sdk::prelude::*;
/// fn both(call: &Call) -> Result<(), Failure> {
///     let crm = call.http("crm");
///     let [contact, deals] = http::send_all([crm.get("/contacts/1")?, crm.get("/contacts/1/deals")?]);
///     let (_contact, _deals) = (contact?.ok()?, deals?.ok()?);
///     Ok(())
/// }
/// ```
pub fn send_all<const N: usize>(requests: [Request; N]) -> [Result<Response, Error>; N] {
    let mut answers = send_each(requests).into_iter();
    std::array::from_fn(|_| answers.next().unwrap_or_else(no_answer))
}

/// Sends any number of requests at once and waits for all; answers stand in the order of the requests.
///
/// The host bounds how many are on their way at one time, and how many a call may send.
pub fn send_each(requests: impl IntoIterator<Item = Request>) -> Vec<Result<Response, Error>> {
    let mut sendable = Vec::new();
    // The places of those that can be sent are filled from the host's answers, below.
    let places: Vec<Option<Error>> = requests
        .into_iter()
        .map(|request| match request.checked() {
            Ok(request) => {
                sendable.push(request);
                None
            }
            Err(error) => Some(error),
        })
        .collect();
    let answers = if sendable.is_empty() { Vec::new() } else { host::current().send_all(sendable) };
    let mut answers = answers.into_iter();
    places
        .into_iter()
        .map(|malformed| match malformed {
            Some(error) => Err(error),
            None => answers.next().unwrap_or_else(no_answer),
        })
        .collect()
}

/// A host that answers too few is broken; a guest need not be so too.
fn no_answer() -> Result<Response, Error> {
    Err(Error::Unavailable("the host gave no answer".to_owned()))
}
