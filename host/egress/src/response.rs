//! Answers for what a guest sees of a response: status, the headers that are meant for it, and the body within its
//! cap and without the connection's own secrets.

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH};
use http::response::Parts;
use http::{HeaderMap, Method, StatusCode};
use hyper::body::Incoming;
use jackfield_core::grant::{Granted, OutboundRequest};
use jackfield_core::port::{SendError, UpstreamResponse};
use tokio::time::{Instant, timeout_at};

use crate::body::{self, BodyError, Coding};
use crate::client::Connection;
use crate::retry::Stop;
use crate::vault::Vault;

/// Headers of the hop, and those that keep state which the host does not keep.
const WITHHELD: [&str; 12] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authentication-info",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "set-cookie",
    "set-cookie2",
];

/// What a response is read under.
pub(crate) struct Terms<'t> {
    pub(crate) connection: &'t Connection,
    /// What it answers.
    pub(crate) granted: &'t Granted<OutboundRequest>,
    pub(crate) deadline: Instant,
}

impl Terms<'_> {
    /// A header that is between the system and the host.
    fn own_header(&self) -> Option<&str> {
        self.granted.endpoint().csrf.as_ref().map(|csrf| &*csrf.header)
    }
}

/// Reads the rest of a response.
///
/// # Errors
/// `TooLarge` as soon as the cap is crossed; `Timeout` and `Unavailable` with `sent`, since an answer had begun.
pub(crate) async fn read(
    head: &Parts,
    incoming: Incoming,
    terms: &Terms<'_>,
    vault: &Vault,
) -> Result<UpstreamResponse, Stop> {
    let bodiless = terms.granted.value().method == Method::HEAD
        || matches!(head.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    let coding = if bodiless { Coding::Identity } else { Coding::of(&head.headers).map_err(|e| fault(e, terms))? };
    let (max, room) = (terms.connection.response_body_bytes_max(), terms.connection.body_room());
    let body = timeout_at(terms.deadline, body::read(incoming, coding, max, room))
        .await
        .map_err(|_| SendError::Timeout { sent: true })?
        .map_err(|e| fault(e, terms))?;
    // A debugging page that repeats the request would hand the credential to the guest.
    let body = vault.scrub_upstream(terms.granted.connection(), &body).map_or(body, Bytes::from);
    let headers = headers(&head.headers, coding, terms, vault);
    Ok(UpstreamResponse { status: head.status.as_u16(), headers, body })
}

fn headers(headers: &HeaderMap, coding: Coding, terms: &Terms<'_>, vault: &Vault) -> Vec<(String, String)> {
    let of_the_hop = |name: &str| {
        WITHHELD.contains(&name)
            || terms.own_header().is_some_and(|own| own.eq_ignore_ascii_case(name))
            || headers.get_all(CONNECTION).iter().any(|value| {
                value.to_str().is_ok_and(|text| text.split(',').any(|n| n.trim().eq_ignore_ascii_case(name)))
            })
    };
    let decoded = |name: &str| {
        coding != Coding::Identity && (name == CONTENT_ENCODING.as_str() || name == CONTENT_LENGTH.as_str())
    };
    headers
        .iter()
        .filter(|(name, _)| !of_the_hop(name.as_str()) && !decoded(name.as_str()))
        .map(|(name, value)| {
            let scrubbed = vault.scrub_upstream(terms.granted.connection(), value.as_bytes());
            let value = scrubbed.as_deref().unwrap_or(value.as_bytes());
            (name.as_str().to_owned(), String::from_utf8_lossy(value).into_owned())
        })
        .collect()
}

fn fault(error: BodyError, terms: &Terms<'_>) -> Stop {
    match error {
        // Another try would bring the same body.
        BodyError::TooLarge => Stop::Final(SendError::TooLarge { limit: terms.connection.response_body_bytes_max() }),
        BodyError::NoRoom => terms.connection.no_room(terms.granted.endpoint(), terms.granted.access()),
        BodyError::Broken(detail) => Stop::Failed(SendError::Unavailable { detail, sent: true }),
    }
}
