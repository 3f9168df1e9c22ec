//! Where faults happen: at each request of an intent's call, once; at each kind of request, always; and everywhere.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use jackfield_mocks::{Fault, Kind};

use super::cell::Cell;
use super::sample::Sample;

/// Statuses that a system may answer with for reasons of its own.
const STATUSES: [u16; 6] = [401, 403, 404, 409, 500, 503];
/// At every request to every system.
const EVERYWHERE: &str = "everywhere";
/// Far longer than any call here lasts.
const LATE_MS: u64 = 60_000;

/// One fault at one place.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// Cells of equal number are of the same kind.
    pub(super) number: usize,
    pub(super) kind: Kind,
    /// One, or one for each system.
    pub(super) faults: Vec<Fault>,
    wher: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = serde_json::to_value(self.kind).unwrap_or_default();
        let status = self.faults.first().and_then(|fault| fault.status).map(|status| format!(" {status}"));
        write!(f, "{}{} {}", kind.as_str().unwrap_or_default(), status.unwrap_or_default(), self.wher)
    }
}

/// Everything that can go wrong in the call of one intent.
pub(super) fn cells(sample: &Arc<Sample>) -> Vec<Cell> {
    let mut cells = Vec::new();
    for (wher, targets) in places(sample) {
        for kind in Kind::ALL {
            // Where nobody listens, that is so for every request.
            if kind == Kind::Refuse && wher != EVERYWHERE {
                continue;
            }
            for fault in variants(kind) {
                let faults = targets.iter().map(|target| Fault {
                    system: target.system.clone(),
                    method: target.method.clone(),
                    path: target.path.clone(),
                    nth: target.nth,
                    ..fault.clone()
                });
                let place = Place { number: cells.len(), kind, faults: faults.collect(), wher: wher.clone() };
                cells.push(Cell { sample: sample.clone(), place });
            }
        }
    }
    cells
}

/// A kind with all that it needs.
fn variants(kind: Kind) -> Vec<Fault> {
    let fault = Fault::new("", kind);
    match kind {
        Kind::Latency => vec![Fault { delay_ms: Some(LATE_MS), ..fault }],
        Kind::Status => STATUSES.iter().map(|status| Fault { status: Some(*status), ..fault.clone() }).collect(),
        Kind::Redirect => vec![Fault { location: Some("https://elsewhere.example/".to_owned()), ..fault }],
        _ => vec![fault],
    }
}

/// Which requests of a system.
#[derive(Default)]
struct Target {
    system: String,
    method: Option<String>,
    path: Option<String>,
    nth: Option<u64>,
}

fn places(sample: &Sample) -> Vec<(String, Vec<Target>)> {
    let mut places = Vec::new();
    let systems: BTreeSet<&str> = sample.requests.iter().map(|entry| entry.system.as_str()).collect();
    for system in &systems {
        let all = sample.requests.iter().filter(|entry| entry.system == *system);
        for nth in 1..=all.clone().count() as u64 {
            let target = Target { system: (*system).to_owned(), nth: Some(nth), ..Target::default() };
            places.push((format!("at request {nth} to {system}"), vec![target]));
        }
        let lines: BTreeSet<(&str, &str)> = all.map(|entry| (entry.method.as_str(), entry.path.as_str())).collect();
        for (method, path) in lines {
            let target = Target {
                system: (*system).to_owned(),
                method: Some(method.to_owned()),
                path: Some(path.to_owned()),
                nth: None,
            };
            places.push((format!("at every {method} {path}"), vec![target]));
        }
    }
    let everywhere = systems.iter().map(|system| Target { system: (*system).to_owned(), ..Target::default() });
    places.push((EVERYWHERE.to_owned(), everywhere.collect()));
    places
}
