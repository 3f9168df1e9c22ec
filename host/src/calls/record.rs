//! What is kept of a call that is answered later, and what there is to say of it at each moment. Two records, since they
//! have two owners in time: [`Job`] is what a host owes, with the request that it would have to carry out again; [`Ended`]
//! is what was said, without it.

use std::sync::Arc;

use jackfield_core::call::WriteOutcome;
use jackfield_core::idempotency::Answer;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Owner, Running};
use crate::admission::Received;
use crate::dispatch::idempotency::Mark;
use crate::error::Problem;

/// The version of the form in which records are written.
pub(super) const VERSION: u8 = 1;

/// A request as it was received, for a host that carries it out again.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    intent: String,
    body: String,
    idempotency_key: Option<String>,
    traceparent: Option<String>,
}

impl Request {
    /// A copy that outlives the connection it came on. What was admitted is JSON, and therefore text.
    pub fn of(received: &Received<'_>, traceparent: Option<&str>) -> Request {
        Request {
            intent: received.intent.to_owned(),
            body: String::from_utf8_lossy(received.body).into_owned(),
            idempotency_key: received.idempotency_key.map(str::to_owned),
            traceparent: traceparent.map(str::to_owned),
        }
    }

    /// As if it arrived now.
    pub(crate) fn received(&self) -> Received<'_> {
        Received { intent: &self.intent, body: self.body.as_bytes(), idempotency_key: self.idempotency_key.as_deref() }
    }

    /// The caller's trace.
    pub(crate) fn traceparent(&self) -> Option<&str> {
        self.traceparent.as_deref()
    }
}

/// A call that is owed an answer.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Job {
    pub(super) version: u8,
    pub(crate) owner: Owner,
    pub(crate) request: Request,
    /// Who answers it: chosen once, also where routes change meanwhile.
    pub(crate) connection: String,
    /// Whether its intent reads.
    pub(crate) is_read: bool,
    /// What its person is told for as long as it works, in their language.
    pub(super) text: String,
    /// The process that carries it out.
    pub(super) host: String,
    /// How many hosts took it up.
    pub(super) runs: u8,
    /// The record of its write.
    pub(crate) mark: Option<Mark>,
    /// Whether a write may have happened: from the moment before its guest runs.
    pub(crate) begun: bool,
}

impl Job {
    /// What is known of it where it cannot be carried out any more.
    pub(crate) fn at_worst(&self, problem: Problem) -> Problem {
        if self.begun { problem.outcome(WriteOutcome::Unknown) } else { problem }
    }
}

/// What was said in the end.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum End {
    /// An answer, good or bad, as it would have gone out to a caller who waited.
    Answered { answer: Answer },
    /// It was called off, and nothing was changed.
    Cancelled { text: String },
}

/// A call that has its answer.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ended {
    version: u8,
    pub(super) owner: Owner,
    pub(super) end: End,
    pub(super) settled: Option<Settled>,
}

/// What became of a write of which nobody knew at the end of its call.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settled {
    outcome: String,
    at: String,
    /// What the caller would have been told.
    answer: Value,
}

impl Settled {
    pub(super) fn new(outcome: WriteOutcome, answer: &Answer, now_ms: u64) -> Settled {
        let at = i64::try_from(now_ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok()).unwrap_or_default();
        Settled {
            outcome: crate::error::outcome_word(outcome).to_owned(),
            at: at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            answer: parsed(&answer.body),
        }
    }

    /// As it stands in an event and in the call.
    pub(super) fn shown(&self) -> Value {
        json!({ "outcome": self.outcome, "at": self.at, "text": self.answer["text"], "answer": self.answer })
    }
}

impl Ended {
    pub(super) fn new(owner: Owner, end: End) -> Ended {
        Ended { version: VERSION, owner, end, settled: None }
    }

    /// Its key: the id for whoever knows only that, and the owner, so that another's look-up finds nothing.
    pub(super) fn key(id: &str, owner: &Owner) -> String {
        format!("{id}.{}", owner.tag())
    }

    /// The answer as it would have gone out at the end: status and body.
    pub fn answer(&self) -> Option<&Answer> {
        match &self.end {
            End::Answered { answer } => Some(answer),
            End::Cancelled { .. } => None,
        }
    }

    /// Whether something may still be said of it: nobody knows what became of its write, and nobody said so since.
    pub(super) fn is_open(&self) -> bool {
        self.settled.is_none() && self.answer().is_some_and(|answer| parsed(&answer.body)["outcome"] == "unknown")
    }

    /// What stands in the event that ends it.
    pub(super) fn said(&self, call_id: &str) -> (&'static str, Value) {
        match &self.end {
            End::Answered { answer } => {
                let body = parsed(&answer.body);
                let name = match (answer.status, body["status"].as_str()) {
                    (200, Some("input_required")) => "input_required",
                    (200, _) => "result",
                    _ => "error",
                };
                (name, body)
            }
            End::Cancelled { .. } => ("result", self.shown(call_id)),
        }
    }

    /// The body of `GET /v1/calls/{id}`.
    pub fn shown(&self, call_id: &str) -> Value {
        let mut shown = match &self.end {
            End::Answered { answer } if answer.status == 200 => parsed(&answer.body),
            End::Answered { answer } => {
                let problem = parsed(&answer.body);
                json!({ "call_id": call_id, "status": "failed", "text": problem["text"], "problem": problem })
            }
            End::Cancelled { text } => {
                json!({ "call_id": call_id, "status": "cancelled", "text": text, "outcome": "none" })
            }
        };
        if let Some(settled) = &self.settled {
            shown["settled"] = settled.shown();
        }
        shown
    }
}

/// What there is to say of a call now.
#[derive(Clone)]
pub enum View {
    /// It is carried out, or waits for a host that does.
    Working {
        /// What to tell its person meanwhile.
        text: String,
        /// Whether it takes longer than usual.
        progressed: bool,
        /// Who carries it out, where that is here.
        running: Option<Arc<Running>>,
    },
    /// It has its answer.
    Ended(Arc<Ended>),
}

impl View {
    pub(super) fn of_running(running: &Arc<Running>) -> View {
        let stage = running.stage();
        match stage.ended {
            Some(ended) => View::Ended(ended),
            None => View::Working {
                text: running.progress_text(),
                progressed: stage.progressed,
                running: Some(running.clone()),
            },
        }
    }

    pub(super) fn of_job(job: &Job) -> View {
        View::Working { text: job.text.clone(), progressed: false, running: None }
    }

    /// Whether its answer is still to come.
    pub fn is_working(&self) -> bool {
        matches!(self, View::Working { .. })
    }

    /// The body of `GET /v1/calls/{id}`.
    pub fn shown(&self, call_id: &str) -> Value {
        match self {
            View::Working { text, .. } => working(call_id, text),
            View::Ended(ended) => ended.shown(call_id),
        }
    }
}

/// The body that says that an answer is still to come.
pub(crate) fn working(call_id: &str, text: &str) -> Value {
    json!({ "call_id": call_id, "status": "working", "text": text })
}

fn parsed(body: &str) -> Value {
    serde_json::from_str(body).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(status: u16, body: Value) -> Ended {
        let owner = Owner { caller: "bot".to_owned(), tenant: "acme".to_owned() };
        Ended::new(owner, End::Answered { answer: Answer { status, body: body.to_string() } })
    }

    #[test]
    fn every_state_is_told_by_its_word() {
        let of = |ended: Ended| View::Ended(Arc::new(ended)).shown("c")["status"].clone();
        assert_eq!(working("c", "wait")["status"], "working");
        for status in ["completed", "degraded", "input_required"] {
            assert_eq!(of(ended(200, json!({ "status": status }))), status);
        }
        assert_eq!(of(ended(404, json!({ "status": 404, "text": "no" }))), "failed");
        let owner = Owner { caller: "bot".to_owned(), tenant: "acme".to_owned() };
        assert_eq!(of(Ended::new(owner, End::Cancelled { text: "stopped".to_owned() })), "cancelled");
    }

    #[test]
    fn only_a_write_of_unknown_outcome_stays_open_until_it_is_settled() {
        assert!(!ended(200, json!({ "status": "completed" })).is_open());
        assert!(!ended(504, json!({ "outcome": "none" })).is_open());
        let mut unknown = ended(504, json!({ "outcome": "unknown", "text": "nobody knows" }));
        assert!(unknown.is_open());
        let answer = Answer { status: 200, body: json!({ "text": "It is done." }).to_string() };
        unknown.settled = Some(Settled::new(WriteOutcome::Applied, &answer, 0));
        assert!(!unknown.is_open());
        let settled = &unknown.shown("c")["settled"];
        assert_eq!((&settled["outcome"], &settled["text"]), (&json!("applied"), &json!("It is done.")));
        assert_eq!(settled["at"], "1970-01-01T00:00:00Z");
    }

    #[test]
    fn an_owners_key_is_nobody_elses() {
        let owner = |caller: &str, tenant: &str| Owner { caller: caller.to_owned(), tenant: tenant.to_owned() };
        let keys = [owner("a", "b"), owner("b", "a"), owner("ab", ""), owner("a", "c")].map(|o| Ended::key("1", &o));
        for (at, key) in keys.iter().enumerate() {
            assert!(!keys[at + 1..].contains(key));
        }
    }
}
