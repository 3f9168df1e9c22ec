//! What a trial found, and which part of it was asked for. How it is written is below: for people, and for CI.

use std::time::Duration;

use serde::Serialize;

use crate::complaint::Complaint;

mod junit;
mod text;

pub use junit::junit;
pub use text::{Paint, difference, text};

/// Where an outcome comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Suite {
    /// A case below `fixtures/`.
    Fixtures,
    /// A fault of the conformance kit.
    Conformance,
}

impl Suite {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Suite::Fixtures => "fixtures",
            Suite::Conformance => "conformance",
        }
    }
}

/// One case, or one fault injected everywhere it can be in one intent.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// Where it comes from.
    pub suite: Suite,
    /// The intent, or `receive`, or `poll`.
    pub intent: String,
    /// The case's folder, or the fault.
    pub case: String,
    /// Calls that were made.
    pub calls: usize,
    /// How long it took.
    #[serde(rename = "duration_ms", serialize_with = "ms")]
    pub duration: Duration,
    /// What went otherwise; empty when it passed.
    pub complaints: Vec<Complaint>,
}

impl Outcome {
    pub(crate) fn of(suite: Suite, intent: &str, case: &str) -> Outcome {
        let (intent, case) = (intent.to_owned(), case.to_owned());
        Outcome { suite, intent, case, calls: 1, duration: Duration::ZERO, complaints: Vec::new() }
    }

    pub(crate) fn complaining(mut self, complaint: Complaint) -> Outcome {
        self.complaints.push(complaint);
        self
    }

    /// Whether nothing went otherwise.
    pub fn passed(&self) -> bool {
        self.complaints.is_empty()
    }
}

/// Everything about one connector.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Its id.
    pub connector: String,
    /// Its version.
    pub version: String,
    /// How long all of it took, building and loading left out.
    #[serde(rename = "duration_ms", serialize_with = "ms")]
    pub duration: Duration,
    /// In the order in which they were run.
    pub outcomes: Vec<Outcome>,
}

impl Report {
    /// Whether everything passed, and there was anything.
    pub fn passed(&self) -> bool {
        self.outcomes.iter().all(Outcome::passed)
    }
}

/// Which cases are run.
#[derive(Clone, Debug, Default)]
pub struct Filter(Option<String>);

impl Filter {
    /// Those whose `intent/case` holds this text; all without one.
    pub fn new(text: Option<String>) -> Filter {
        Filter(text)
    }

    /// Whether a case is run.
    pub fn admits(&self, intent: &str, case: &str) -> bool {
        self.0.as_ref().is_none_or(|text| format!("{intent}/{case}").contains(text.as_str()))
    }
}

fn ms<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}
