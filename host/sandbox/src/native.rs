//! A connector that is linked into the host, for benches alone: the same invocation, ports, grant, bounds on requests
//! and deadline as a guest has, and no sandbox around it. What it is quicker by is what the sandbox costs.
//!
//! Only the feature `bench` compiles this, and no crate but the benches' turns it on (`tests/imports.sh`).

use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use jackfield_core::call::{Call, WriteOutcome};
use jackfield_core::failure::Failure;
use jackfield_core::port::BoxFuture;

use crate::engine::Shared;
use crate::instance::{Completed, Ended, HostState, Invocation, Ports, Usage};
use crate::trap::Fault;
use crate::world::v1::jackfield::connector::http::{Host as _, Method, Request};

/// What a linked connector does with a call.
pub type Work = for<'c> fn(&'c mut Native<'_>, &'c Call) -> BoxFuture<'c, Result<String, Failure>>;

/// Id of a connector and what stands in for it.
static LINKED: OnceLock<(String, Work)> = OnceLock::new();

/// Has every connector with this id that is loaded from now on answered by `work`. The first one stays.
pub fn link(id: &str, work: Work) {
    let _ = LINKED.set((id.to_owned(), work));
}

/// What stands in for this connector.
pub(crate) fn linked(id: &str) -> Option<Work> {
    LINKED.get().filter(|(linked, _)| linked == id).map(|(_, work)| *work)
}

/// What a linked connector reaches of the host.
pub struct Native<'s>(&'s mut HostState);

impl Native<'_> {
    /// A GET through grant and egress, as a guest's; status and body come back.
    pub async fn get(&mut self, endpoint: &str, path: String, query: Vec<(String, String)>) -> Option<(u16, Vec<u8>)> {
        let request = Request {
            endpoint: endpoint.to_owned(),
            method: Method::Get,
            path,
            query,
            headers: vec![("accept".to_owned(), "application/json".to_owned())],
            body: None,
            timeout_ms: None,
            idempotent: false,
        };
        let response = self.0.send(request).await.ok()?.ok()?;
        Some((response.status, response.body))
    }
}

/// One call from beginning to end, as `Guest::run` without an instance.
pub(crate) async fn run(
    work: Work,
    shared: &Shared,
    ports: &Arc<Ports>,
    mut invocation: Invocation,
) -> Completed<String> {
    let started = Instant::now();
    let Some(_permit) = invocation.permit.take().or_else(|| shared.permits.try_take()) else {
        let max = shared.permits.max();
        return Completed { result: Err(Fault::Overloaded { max }.into()), usage: Usage::default() };
    };
    let by_limit = started.checked_add(invocation.limits.wall());
    let deadline = by_limit.map_or(invocation.context.deadline, |end| end.min(invocation.context.deadline));
    invocation.context.deadline = deadline;
    let mut state = HostState::new(ports.clone(), invocation, started, shared);
    let (meter, invocation) = (state.meter.clone(), state.invocation.clone());
    let working = async { work(&mut Native(&mut state), &invocation.call).await };
    let answered = tokio::time::timeout_at(deadline.into(), meter.computing(&shared.ticker, working)).await;
    let result = match answered {
        Ok(answered) => answered.map_err(Ended::Failed),
        Err(_elapsed) => Err(Ended::Fault(state.wall_exceeded())),
    };
    if meter.writes_open.load(Relaxed) > 0 {
        state.tally.write_outcome = WriteOutcome::Unknown;
    }
    Completed { result, usage: state.usage(started) }
}
