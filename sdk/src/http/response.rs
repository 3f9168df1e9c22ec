//! One answer: its status, its headers, its body as a type.

use std::time::Duration;

use serde::de::DeserializeOwned;

use super::{GraphQl, graphql, link};
use crate::{
    decode::{self, Mismatch},
    failure::Failure,
};

/// What the business system answered, whatever the status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Response {
    pub(crate) fn new(status: u16, headers: Vec<(String, String)>, body: Vec<u8>) -> Self {
        Response { status, headers, body }
    }

    /// The status code.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The first header of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// All headers of this name, in any case.
    pub fn headers<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body, decompressed.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The body as text; what is not UTF-8 is replaced.
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// The body as a type.
    ///
    /// # Errors
    /// `internal`. Its detail names the JSON path and what was expected there, and never what stood there.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        decode::read_bytes(&self.body).map_err(|mismatch| self.unreadable(&mismatch))
    }

    /// Why the body is not of its type.
    pub(super) fn unreadable(&self, mismatch: &Mismatch) -> Failure {
        Failure::internal(format!("failed to read the answer (status {}): {mismatch}", self.status))
    }

    /// The body as a GraphQL answer. Where it has errors, its data need not fit the type: what the errors mean is for
    /// [`GraphQl::data_or`] to say.
    ///
    /// # Errors
    /// Like [`json`](Response::json).
    pub fn graphql<T: DeserializeOwned>(&self) -> Result<GraphQl<T>, Failure> {
        graphql::answer(self)
    }

    /// The answer itself where the status is 2xx, else the failure that [`Failure::from_status`] takes it for.
    ///
    /// # Errors
    /// On any other status.
    pub fn ok(self) -> Result<Self, Failure> {
        self.error_for(Response::failure)
    }

    /// The answer itself where the status is 2xx, else the failure that the connector takes it for: the function of
    /// its `faults.rs`.
    ///
    /// # Errors
    /// On any other status.
    ///
    /// ```
    /// # use jackfield_sdk::{prelude::*, http::Response};
    /// # use serde::Deserialize;
    /// #[derive(Deserialize)]
    /// struct Fault { code: String }
    ///
    /// fn fault(response: &Response) -> Failure {
    ///     match response.json::<Fault>() {
    ///         Ok(fault) if fault.code == "ORDER_CLOSED" => Failure::rejected("This order is closed."),
    ///         _ => response.failure(),
    ///     }
    /// }
    ///
    /// fn close(call: &Call, id: u64) -> Result<(), Failure> {
    ///     call.http("admin").post(path!("orders" / id / "close"))?.send()?.error_for(fault)?;
    ///     Ok(())
    /// }
    /// ```
    pub fn error_for(self, fault: impl FnOnce(&Response) -> Failure) -> Result<Self, Failure> {
        if self.is_success() { Ok(self) } else { Err(fault(&self)) }
    }

    /// The answer where the status is 2xx, `None` where it is 404 or 410, else the failure for it: for looking
    /// something up that need not be there.
    ///
    /// # Errors
    /// On any other status.
    pub fn found(self, fault: impl FnOnce(&Response) -> Failure) -> Result<Option<Self>, Failure> {
        if matches!(self.status, 404 | 410) { Ok(None) } else { self.error_for(fault).map(Some) }
    }

    /// What [`Failure::from_status`] takes this answer for.
    pub fn failure(&self) -> Failure {
        Failure::from_status(self.status, self.retry_after())
    }

    /// How long the system asks to wait: `Retry-After` in seconds, also with a fraction. The form with a date is left
    /// to the host, which has a clock.
    pub fn retry_after(&self) -> Option<Duration> {
        let seconds: f64 = self.header("retry-after")?.trim().parse().ok()?;
        Duration::try_from_secs_f64(seconds).ok()
    }

    /// The URL of the next page by the `Link` header (RFC 8288). Hand it to [`Endpoint::link`](super::Endpoint::link).
    pub fn next_link(&self) -> Option<&str> {
        self.headers("link").find_map(link::next_in)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Response::new(status, headers.collect(), body.into())
    }

    #[test]
    fn a_retry_time_is_read_where_it_is_a_number() {
        let wait = |value| response(429, &[("retry-after", value)], "").retry_after();
        assert_eq!(wait("2"), Some(Duration::from_secs(2)));
        assert_eq!(wait("2.5"), Some(Duration::from_millis(2_500)));
        for bad in ["-1", "NaN", "inf", "1e400", "Wed, 21 Oct 2026 07:28:00 GMT", ""] {
            assert_eq!(wait(bad), None, "{bad}");
        }
        assert_eq!(
            response(429, &[("Retry-After", "2")], "").failure().kind,
            Failure::rate_limited(Some(Duration::from_secs(2))).kind
        );
    }

    #[test]
    fn only_success_is_ok_and_absence_is_not_always_an_error() {
        assert!(response(204, &[], "").ok().is_ok());
        assert_eq!(response(302, &[], "").ok().unwrap_err().kind.code(), "internal");
        assert_eq!(response(404, &[], "").found(Response::failure), Ok(None));
        assert_eq!(response(500, &[], "").found(Response::failure).unwrap_err().kind.code(), "unavailable");
    }

    #[test]
    fn a_body_that_does_not_fit_is_internal_and_says_nothing_of_itself() {
        let failure =
            response(200, &[], r#"{"id":"SECRET"}"#).json::<std::collections::BTreeMap<String, u64>>().unwrap_err();
        assert_eq!(
            failure,
            Failure::internal("failed to read the answer (status 200): at `/id`: invalid type: string, expected u64")
        );
    }
}
