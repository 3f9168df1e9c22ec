//! A business system made of all fixtures at once: each request is answered by the recorded exchange that fits it,
//! whichever case it stands in. What fits none is unavailable, and told beside the exchange that comes nearest.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jackfield_core::call::CallContext;
use jackfield_core::grant::{Granted, OutboundRequest};
use jackfield_core::port::{BoxFuture, Egress, SendError, UpstreamResponse};
use jackfield_fixtures::{CaseFolder, Exchange, Misfit, Sent, UPSTREAM, groups};

use crate::complaint::Complaint;
use crate::stage::answer_of;

/// Parts of a request that must fit: what asks for something else gets no answer to it. Of the rest of a body and of
/// headers the nearest does.
const KEYS: [&str; 5] = ["/request/method", "/request/path", "/request/endpoint", "/request/query", "/request/graphql"];

/// One request, and where its answer came from.
#[derive(Clone, Debug)]
pub struct Told {
    /// The exchange, such as `fixtures/order.status/found/upstream.json#/0`; the nearest one, where none fits.
    pub exchange: Option<String>,
    /// Whether it answered.
    pub answered: bool,
    /// In what the request differs from it.
    pub differences: Vec<Complaint>,
}

/// A recorded exchange and whose it is.
struct Kept {
    folder: CaseFolder,
    at: usize,
    exchange: Exchange,
}

/// Every exchange, for one call.
pub(super) struct Shelf {
    kept: Vec<Kept>,
    /// The case that the call began with: its fixtures come first, then those of its intent.
    own: CaseFolder,
    told: Mutex<Memory>,
}

#[derive(Default)]
struct Memory {
    told: Vec<Told>,
    used: Vec<usize>,
}

impl Shelf {
    /// Reads what is there now: a fixture that was just changed counts at once. Cases that cannot be read are left out;
    /// `jackfield test` complains of them.
    pub(super) fn read(fixtures: &std::path::Path, own: &CaseFolder) -> Shelf {
        let folders = groups(fixtures).unwrap_or_default().into_iter().flat_map(|(_, cases)| cases);
        let kept = folders.flat_map(|folder| {
            let exchanges = folder.upstream().unwrap_or_default();
            let one = move |(at, exchange)| Kept { folder: folder.clone(), at, exchange };
            exchanges.into_iter().enumerate().map(one).collect::<Vec<_>>()
        });
        Shelf { kept: kept.collect(), own: own.clone(), told: Mutex::default() }
    }

    /// What was told of each request, in their order.
    pub(super) fn told(&self) -> Vec<Told> {
        self.memory().told.clone()
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, request: &OutboundRequest) -> Result<UpstreamResponse, SendError> {
        let sent = Sent {
            endpoint: &request.endpoint,
            method: request.method.as_str(),
            path: &request.path,
            query: &request.query,
            headers: &request.headers,
            body: request.body.as_deref(),
            idempotent: request.idempotent,
        };
        let mut memory = self.memory();
        let last = memory.used.last().map(|at| &self.kept[*at].folder.path);
        let judged = self.kept.iter().enumerate().map(|(at, kept)| {
            let misfits = kept.exchange.misfits(&sent);
            let is_fit = misfits.iter().all(|misfit| !KEYS.iter().any(|key| misfit.pointer.starts_with(key)));
            // The call's own case, the conversation that was begun, what was not said yet, and what goes well come first.
            let near = (kept.folder.path != self.own.path, kept.folder.group != self.own.group);
            let elsewhere = last.is_some_and(|last| *last != kept.folder.path);
            let response = &kept.exchange.response;
            let goes_ill = response.error.is_some() || response.status.is_some_and(|status| status >= 300);
            let order = (near, elsewhere, memory.used.contains(&at), goes_ill);
            ((!is_fit, distance(&misfits, &sent, &kept.exchange), order), at, misfits)
        });
        let Some(((missed, ..), at, misfits)) = judged.min_by_key(|(rank, at, _)| (*rank, *at)) else {
            memory.told.push(Told { exchange: None, answered: false, differences: Vec::new() });
            return Err(unavailable());
        };
        let kept = &self.kept[at];
        let place = |pointer: &str| format!("/{}{pointer}", kept.at);
        let complaint = |misfit: Misfit| {
            let what = misfit.line.split([':', ' ']).next().unwrap_or_default().to_owned();
            let complaint = Complaint::new(format!("the {what} differs"));
            complaint.at(&kept.folder, UPSTREAM, place(&misfit.pointer)).sides(misfit.expected, misfit.found)
        };
        memory.told.push(Told {
            exchange: Some(format!("fixtures/{}/{}/{UPSTREAM}#/{}", kept.folder.group, kept.folder.name, kept.at)),
            answered: !missed,
            differences: misfits.into_iter().map(complaint).collect(),
        });
        if missed {
            return Err(unavailable());
        }
        memory.used.push(at);
        answer_of(&kept.exchange)
    }
}

fn unavailable() -> SendError {
    SendError::Unavailable { detail: "no fixture answers this request".to_owned(), sent: false }
}

/// How far an exchange is from a request: first by method and path, then by how much else differs.
fn distance(misfits: &[Misfit], sent: &Sent<'_>, exchange: &Exchange) -> (usize, usize) {
    let differs = |key: &str| misfits.iter().any(|misfit| misfit.pointer.starts_with(key));
    let (ours, theirs): (Vec<_>, Vec<_>) = (sent.path.split('/').collect(), exchange.request.path.split('/').collect());
    let apart = ours.len().abs_diff(theirs.len()) + ours.iter().zip(&theirs).filter(|(a, b)| a != b).count();
    let method = usize::from(differs("/request/method"));
    (if differs("/request/path") { apart.max(1) } else { 0 } + method, misfits.len())
}

impl Egress for Shelf {
    fn send<'a>(
        &'a self,
        request: Granted<OutboundRequest>,
        _: &'a CallContext,
    ) -> BoxFuture<'a, Result<UpstreamResponse, SendError>> {
        Box::pin(std::future::ready(self.answer(request.value())))
    }
}
