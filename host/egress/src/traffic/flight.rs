//! One request on its way: past the breaker and the vendor's budget, and back with what came of it.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, Method};
use jackfield_core::breaker::{Ending, Permit};
use jackfield_core::grant::EndpointGrant;
use jackfield_core::manifest::Access;
use jackfield_core::port::SendError;
use jackfield_core::rate::{Claim, Take};
use tokio::time::Instant;

use crate::client::Connection;
use crate::retry::Stop;
use crate::traffic::{Failing, Purpose};
use crate::watch::{Bound, What};

/// A body over this many bytes is not searched for what it tells of the budget: the next one tells as much.
const TELLING_BODY_BYTES_MAX: usize = 1 << 20;

/// A request that wants to leave.
pub(crate) struct Asking<'a> {
    pub(crate) endpoint: &'a Arc<EndpointGrant>,
    /// Of the granted request. What the host asks of its own accord beside it, such as a session, is part of it.
    pub(crate) access: Access,
    pub(crate) method: &'a Method,
    /// Within the endpoint, without a query.
    pub(crate) path: &'a str,
    pub(crate) deadline: Instant,
    pub(crate) purpose: Purpose,
}

/// The right to send one request. Whatever becomes of it, also of the caller, its places are free afterwards.
pub(crate) struct Flight {
    connection: Arc<Connection>,
    endpoint: Arc<EndpointGrant>,
    access: Access,
    purpose: Purpose,
    claim: Claim,
    /// Absent when what came of it has been said.
    permit: Option<Permit>,
    begun: Instant,
    deadline: Instant,
}

impl Flight {
    /// Waits for room in the vendor's budget, unless the breaker says no or the room would come too late.
    ///
    /// # Errors
    /// `Unavailable` while the breaker is open, `RateLimited` where the budget has no room in time; nothing was sent.
    pub(crate) async fn begin(connection: &Arc<Connection>, asking: &Asking<'_>) -> Result<Flight, Stop> {
        let Asking { endpoint, access, method, path, deadline, purpose } = *asking;
        let (traffic, policy) = (connection.traffic(), connection.breaker());
        let segments = endpoint.segments(path);
        let segments = segments.as_ref().map(|segments| segments.decoded()).unwrap_or_default();
        let least = Duration::from_millis(connection.retry().attempt_ms_min);
        let wait_max = Duration::from_millis(endpoint.rate.wait_ms_max);
        let mut waited = Duration::ZERO;
        loop {
            // Before the budget, so that what the breaker refuses takes nothing of it; and again after each wait, since
            // the system may have failed meanwhile.
            let permit = traffic.admit(policy, access, purpose).map_err(Stop::Refused)?;
            let left = deadline.saturating_duration_since(Instant::now());
            // A wait must leave the request the time that it needs.
            let patience = match purpose {
                Purpose::Call => left.saturating_sub(least).min(wait_max.saturating_sub(waited)),
                // What calls are waiting for is not taken from them.
                Purpose::Probe => Duration::ZERO,
            };
            match traffic.take(endpoint, method, &segments, patience) {
                (claim, Take::Go) => {
                    if !waited.is_zero() {
                        traffic.tell(access, What::Waited { during: waited });
                    }
                    return Ok(Flight {
                        connection: connection.clone(),
                        endpoint: endpoint.clone(),
                        access,
                        purpose,
                        claim,
                        permit: Some(permit),
                        begun: Instant::now(),
                        deadline,
                    });
                }
                (_, Take::Wait(wait)) => {
                    // A probe's place is not kept while nothing is sent.
                    drop(permit);
                    tokio::time::sleep(wait).await;
                    waited += wait;
                }
                (_, Take::Refuse { retry_after }) => {
                    let retry_after_ms = u32::try_from(retry_after.as_millis()).unwrap_or(u32::MAX);
                    if purpose == Purpose::Call {
                        traffic.tell(access, What::Refused { by: Bound::Budget });
                        tracing::debug!(
                            event = "budget.refused",
                            connection = endpoint.connection(),
                            endpoint = &*endpoint.name,
                            retry_after_ms,
                            "the vendor's budget has no room in time"
                        );
                    }
                    return Err(Stop::Refused(SendError::RateLimited { retry_after_ms: Some(retry_after_ms) }));
                }
            }
        }
    }

    /// Has the budget learn from the head of an answer.
    pub(crate) fn heard(&self, status: u16, headers: &HeaderMap) {
        // Only what the manifest names is copied: an answer's headers may hold what must not lie about.
        let told: Vec<(String, String)> = headers
            .iter()
            .filter(|(name, _)| self.endpoint.rate.hears(name.as_str()))
            .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
            .collect();
        self.connection.traffic().observe(&self.endpoint, &self.claim, status, &told);
    }

    /// Has the budget learn from the body of an answer, where the manifest says that it tells anything.
    pub(crate) fn read(&self, body: &[u8]) {
        if !self.endpoint.rate.reads_bodies() || body.len() > TELLING_BODY_BYTES_MAX {
            return;
        }
        // One that is no JSON tells nothing.
        if let Ok(body) = serde_json::from_slice(body) {
            self.connection.traffic().learn(&self.endpoint, &body);
        }
    }

    /// The system answered, and as much of it as anybody wants was read.
    pub(crate) fn answered(mut self, status: u16) {
        let elapsed = self.begun.elapsed();
        self.end(Ending::Status(status), Some(elapsed), Failing::of_status(status));
        self.tell(What::Answered { status, elapsed }, elapsed, status < 500);
    }

    /// No whole answer came.
    pub(crate) fn failed(mut self, error: &SendError) {
        let elapsed = self.begun.elapsed();
        let (ending, measured) = match error {
            SendError::Timeout { .. } => (Ending::Timeout { had: elapsed }, Some(elapsed)),
            _ => (Ending::Unavailable, None),
        };
        self.end(ending, measured, Some(error.into()));
        self.tell(What::Failed { elapsed }, elapsed, false);
    }

    /// A bound or a policy of ours ended it, which says nothing of the system.
    pub(crate) fn kept(mut self, error: &SendError) {
        self.end(Ending::Ours, None, Some(error.into()));
    }

    fn end(&mut self, ending: Ending, elapsed: Option<Duration>, error: Option<Failing>) {
        let Some(permit) = self.permit.take() else { return };
        let (traffic, policy) = (self.connection.traffic(), self.connection.breaker());
        let verdict = policy.judge(ending);
        // The figures are those of what people asked. The breaker learns from both.
        if self.purpose == Purpose::Call {
            traffic.remember(elapsed, verdict, error);
        }
        traffic.settle(policy, self.access, permit, verdict);
    }

    fn tell(&self, what: What, elapsed: Duration, ok: bool) {
        let what = match self.purpose {
            Purpose::Call => what,
            Purpose::Probe => What::Probed { ok, elapsed },
        };
        self.connection.traffic().tell(self.access, what);
    }
}

impl Drop for Flight {
    /// A request that is dropped says nothing of the system, unless its time was up: the guest is stopped at the same
    /// moment at which the request would have ended by itself, and who comes first must not decide whether a system
    /// that hangs is known to hang.
    fn drop(&mut self) {
        if self.permit.is_some() && Instant::now() >= self.deadline {
            let had = self.begun.elapsed();
            self.end(Ending::Timeout { had }, Some(had), Some(Failing::Timeout));
            self.tell(What::Failed { elapsed: had }, had, false);
        }
    }
}
