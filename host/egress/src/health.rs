//! Answers for how a connection is doing, as its real traffic shows it: for `/v1/connections` and for whoever is called
//! at night. Whether its credentials work is `state.rs`'s business; nothing is sent to find anything out.

use std::time::Duration;

use jackfield_core::breaker::{self, Standing};
use jackfield_core::manifest::Access;
use jackfield_core::rate;
use serde::Serialize;

use crate::Egress;
use crate::traffic::{Figures, LastError};

/// How a connection is doing. It holds no secret value.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Health {
    /// How it has been answering.
    #[serde(flatten)]
    pub figures: Figures,
    /// Requests under way, waits and retries included.
    pub requests_in_flight: usize,
    /// Bytes of responses that are being read.
    pub response_bytes_in_flight: usize,
    /// The last error; absent when there has been none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<LastError>,
    /// Whether it is asked at all.
    pub breaker: Breakers,
    /// What is taken of the vendor's budget, for each endpoint that has been asked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub budget: Vec<Budget>,
}

/// How the breakers stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Breakers {
    /// That of reads.
    pub read: breaker::Standing,
    /// That of writes.
    pub write: breaker::Standing,
}

impl Breakers {
    /// Whether requests of both kinds pass.
    pub fn are_closed(&self) -> bool {
        [self.read, self.write].iter().all(|standing| *standing == Standing::Closed)
    }
}

/// How the vendor's budget at one endpoint stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Budget {
    /// Name of the endpoint.
    pub endpoint: String,
    /// Milliseconds for which the system asked to be left alone; 0 when it did not.
    pub paused_ms: u64,
    /// Its windows; none where the manifest counts nothing.
    pub windows: Vec<rate::Standing>,
}

impl Egress {
    /// How a connection is doing; nothing for one that is not configured.
    pub fn health(&self, connection: &str) -> Option<Health> {
        let connection = self.connections.load().get(connection).cloned()?;
        let traffic = connection.traffic();
        let (figures, last_error) = {
            let recent = traffic.recent();
            (recent.figures(tokio::time::Instant::now().into_std()), recent.last_error())
        };
        let [read, write] = traffic.breakers();
        let budget = traffic.budgets().into_iter().map(|budget| Budget {
            endpoint: budget.endpoint,
            paused_ms: u64::try_from(budget.paused.as_millis()).unwrap_or(u64::MAX),
            windows: budget.windows,
        });
        Some(Health {
            figures,
            requests_in_flight: traffic.bulkhead().requests(),
            response_bytes_in_flight: traffic.bulkhead().body_bytes(),
            last_error,
            breaker: Breakers { read, write },
            budget: budget.collect(),
        })
    }

    /// How long until a connection that is left alone is tried again. What writes may read before, so that for a write
    /// both breakers count. Nothing where it is asked.
    pub fn tried_again_in(&self, connection: &str, access: Access) -> Option<Duration> {
        let connection = self.connections.load().get(connection).cloned()?;
        let [read, write] = connection.traffic().breakers();
        let write = (access == Access::Write).then_some(write);
        let open = [Some(read), write].into_iter().flatten().filter_map(|standing| match standing {
            Standing::Open { retry_after_ms } => Some(Duration::from_millis(retry_after_ms)),
            Standing::Closed | Standing::HalfOpen => None,
        });
        open.max()
    }
}
