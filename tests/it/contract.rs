//! The time contract as a matrix: every fault that the simulated systems can make, at every request of every intent of
//! every connector. Whatever goes wrong, the call ends by its deadline with something fit for a person, what it says of a
//! write is true, nothing is written twice, and nothing secret is told.
//!
//! Connectors and intents are those of `plugins/`, faults those of `Kind::ALL`: a new one is in the matrix by being
//! there. An intent is asked as a case in `tests/cases` does, or as `contract/inputs.json` says.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Instant;

use futures_util::future::join_all;
use tokio::task::JoinSet;

mod cell;
mod judge;
mod place;
mod sample;
mod stage;

use cell::Cell;
use stage::Stage;

/// Cells on one host, all at once. Most of them wait for something that never comes.
const CELLS_PER_HOST: usize = 16;
/// Hosts at once.
const HOSTS: usize = 3;
/// Cells that are named of each kind of complaint.
const CELLS_SHOWN_MAX: usize = 200;
/// Cells that are shown with all that is known of them.
const EVIDENCE_MAX: usize = 2;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_in_every_intent_ends_in_time_and_honestly() {
    let began = Instant::now();
    let samples = sample::all().await;
    let mut cells: Vec<Cell> = samples.iter().flat_map(place::cells).collect();
    // For looking at some of them.
    let wanted = std::env::var("JACKFIELD_CELLS").unwrap_or_default();
    cells.retain(|cell| cell.to_string().contains(&wanted));
    // Neighbours differ, so that those that wait stand beside those that work.
    cells.sort_by_key(|cell| cell.place.number);
    let cells = Arc::new(cells);

    let next = Arc::new(AtomicUsize::new(0));
    let mut hosts = JoinSet::new();
    for _ in 0..HOSTS {
        let (next, cells) = (next.clone(), cells.clone());
        hosts.spawn(async move {
            let mut found = Found::default();
            loop {
                let from = next.fetch_add(CELLS_PER_HOST, Relaxed).min(cells.len());
                let some = &cells[from..(from + CELLS_PER_HOST).min(cells.len())];
                if some.is_empty() {
                    return found;
                }
                let stage = Stage::start(some.len()).await;
                let runs = some.iter().zip(&stage.tenants).map(|(cell, tenant)| cell.run(&stage.host, tenant));
                for run in join_all(runs).await {
                    *found.ends.entry(run.end()).or_default() += 1;
                    for why in run.complaints() {
                        found.wrong.entry(why).or_default().push(&run);
                    }
                }
            }
        });
    }
    let mut all = Found::default();
    while let Some(found) = hosts.join_next().await {
        all.add(found.unwrap());
    }
    eprintln!("{} cells of {} intents in {:?}: {:#?}", cells.len(), samples.len(), began.elapsed(), all.ends);
    let shown: Vec<_> = all.wrong.iter().map(|(why, which)| which.shown(why)).collect();
    assert!(shown.is_empty(), "{} kinds of complaints:\n{}", shown.len(), shown.join("\n"));
}

/// What was found in some cells.
#[derive(Default)]
struct Found {
    wrong: BTreeMap<String, Which>,
    /// How calls ended, and how many of them.
    ends: BTreeMap<String, usize>,
}

/// Where something is wrong. One defect is wrong in many cells.
#[derive(Default)]
struct Which {
    cells: Vec<String>,
    evidence: Vec<String>,
}

impl Which {
    fn push(&mut self, run: &cell::Run<'_>) {
        self.cells.push(run.cell.to_string());
        if self.evidence.len() < EVIDENCE_MAX {
            self.evidence.push(run.evidence());
        }
    }

    fn shown(&self, why: &str) -> String {
        let cells: Vec<_> = self.cells.iter().take(CELLS_SHOWN_MAX).map(|cell| format!("    {cell}")).collect();
        format!("{why}, in {} cells:\n{}\n{}", self.cells.len(), cells.join("\n"), self.evidence.join("\n"))
    }
}

impl Found {
    fn add(&mut self, other: Found) {
        for (why, mut which) in other.wrong {
            let known = self.wrong.entry(why).or_default();
            known.cells.append(&mut which.cells);
            known.evidence.append(&mut which.evidence);
            known.evidence.truncate(EVIDENCE_MAX);
        }
        for (end, count) in other.ends {
            *self.ends.entry(end).or_default() += count;
        }
    }
}
