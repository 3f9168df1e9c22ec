//! `http`: requests of the guest, through the grant, to the egress. What was not granted does not leave, and what
//! left is accounted for even when the call ends before its answer.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream;
use jackfield_core::call::{CallContext, WriteOutcome};
use jackfield_core::grant::{Granted, OutboundRequest, Refusal};
use jackfield_core::manifest::Access;
use jackfield_core::port::{SendError, UpstreamResponse};

use crate::instance::{HostState, Ports};
use crate::meter::Meter;
use crate::world::v1::jackfield::connector::http::{Error, Host, Method, Request, Response};

const WAITING_FOR: &str = "the business system";

/// What came back, and whether it could have changed something.
struct Answer {
    access: Access,
    result: Result<UpstreamResponse, SendError>,
}

impl Host for HostState {
    async fn send(&mut self, request: Request) -> wasmtime::Result<Result<Response, Error>> {
        self.begin()?;
        let granted = match self.admit(request) {
            Ok(granted) => granted,
            Err(error) => return Ok(Err(error)),
        };
        self.waiting_for = Some(WAITING_FOR);
        let sending = send(&self.ports, &self.invocation.context, &self.meter, granted);
        let answer = self.meter.waiting(sending).await;
        self.waiting_for = None;
        Ok(self.settle(answer))
    }

    async fn send_all(&mut self, requests: Vec<Request>) -> wasmtime::Result<Vec<Result<Response, Error>>> {
        self.begin()?;
        let mut admitted: Vec<Result<Granted<OutboundRequest>, Error>> = Vec::with_capacity(requests.len());
        for request in requests {
            // Each is a host call of its own, so that a list of refused ones is bounded as well.
            self.begin()?;
            admitted.push(self.admit(request));
        }
        self.waiting_for = Some(WAITING_FOR);
        let concurrent = self.limits().upstream_concurrent_max.max(1);
        let (ports, context, meter) = (&*self.ports, &self.invocation.context, &*self.meter);
        let sending = stream::iter(admitted)
            .map(|admitted| async move {
                match admitted {
                    Ok(granted) => Ok(send(ports, context, meter, granted).await),
                    Err(error) => Err(error),
                }
            })
            .buffered(concurrent)
            .collect::<Vec<_>>();
        let answers = meter.waiting(sending).await;
        self.waiting_for = None;
        Ok(answers.into_iter().map(|answer| self.settle(answer?)).collect())
    }
}

impl HostState {
    /// Asks budgets and grant. Only what may leave counts as a request.
    fn admit(&mut self, request: Request) -> Result<Granted<OutboundRequest>, Error> {
        let limits = self.limits();
        if self.tally.upstream_requests >= limits.upstream_requests_max {
            return Err(Error::BudgetExceeded(format!(
                "the call has made its {} requests",
                limits.upstream_requests_max
            )));
        }
        let body_bytes = request.body.as_ref().map_or(0, Vec::len);
        if body_bytes > limits.request_body_bytes_max {
            return Err(Error::BudgetExceeded(format!(
                "the body of {body_bytes} bytes is over the bound of {}",
                limits.request_body_bytes_max
            )));
        }
        match self.grant().check(outbound(request)) {
            Ok(granted) => {
                self.tally.upstream_requests += 1;
                self.tally.bytes_sent += body_bytes as u64;
                Ok(granted)
            }
            Err(Refusal::Denied(denial)) => Err(Error::Denied(self.denied(&denial))),
            Err(Refusal::Invalid(why)) => Err(Error::InvalidRequest(why)),
        }
    }

    /// Accounts for an answer and puts it in the guest's words.
    fn settle(&mut self, answer: Answer) -> Result<Response, Error> {
        let write = answer.access == Access::Write;
        let response = match answer.result {
            Ok(response) => response,
            Err(error) => {
                let sent = match &error {
                    SendError::Timeout { sent } | SendError::Unavailable { sent, .. } => *sent,
                    // It answered, but nobody read what.
                    SendError::TooLarge { .. } => true,
                    SendError::Denied(_) | SendError::RateLimited { .. } | SendError::ReauthRequired(_) => false,
                };
                if write && sent {
                    self.tally.write_outcome = WriteOutcome::Unknown;
                }
                return Err(self.refused(error));
            }
        };
        self.tally.bytes_received += response.body.len() as u64;
        if write && (200..300).contains(&response.status) {
            // An earlier unknown stays unknown: the later success does not tell what became of it.
            self.tally.write_outcome = self.tally.write_outcome.max(WriteOutcome::Applied);
        }
        if response.body.len() > self.limits().response_body_bytes_max {
            return Err(Error::TooLarge);
        }
        Ok(Response { status: response.status, headers: response.headers, body: response.body.into() })
    }

    fn refused(&mut self, error: SendError) -> Error {
        match error {
            SendError::Denied(text) => Error::Denied(self.denied_behind(&text)),
            SendError::TooLarge { .. } => Error::TooLarge,
            SendError::Timeout { .. } => Error::Timeout,
            SendError::Unavailable { detail, .. } => Error::Unavailable(detail),
            SendError::RateLimited { retry_after_ms } => Error::RateLimited(retry_after_ms),
            SendError::ReauthRequired(_) => Error::ReauthRequired,
        }
    }
}

/// Sends one request. While it is under way and could change something, the meter knows: a call that ends meanwhile
/// leaves the mark behind.
async fn send(ports: &Ports, context: &CallContext, meter: &Meter, granted: Granted<OutboundRequest>) -> Answer {
    let access = granted.access();
    let open = u32::from(access == Access::Write);
    if access == Access::Write && !context.gate.pass() {
        return Answer { access, result: Err(SendError::Denied("the call was taken back".to_owned())) };
    }
    meter.writes_open.fetch_add(open, Relaxed);
    let result = ports.egress.send(granted, context).await;
    meter.writes_open.fetch_sub(open, Relaxed);
    Answer { access, result }
}

fn outbound(request: Request) -> OutboundRequest {
    OutboundRequest {
        endpoint: request.endpoint,
        method: match request.method {
            Method::Get => http::Method::GET,
            Method::Head => http::Method::HEAD,
            Method::Post => http::Method::POST,
            Method::Put => http::Method::PUT,
            Method::Patch => http::Method::PATCH,
            Method::Delete => http::Method::DELETE,
        },
        path: request.path,
        query: request.query,
        headers: request.headers,
        body: request.body.map(Bytes::from),
        timeout: request.timeout_ms.map(|ms| Duration::from_millis(ms.into())),
        idempotent: request.idempotent,
    }
}
