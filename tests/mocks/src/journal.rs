//! Remembers every request a set of mocks received, in order. Answers for nothing that was not received whole.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::exchange::Request;
use crate::fault::Kind;

/// Requests kept before the oldest are dropped, so that a long benchmark does not fill the memory.
const KEPT: usize = 100_000;

/// One received request and what became of it.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    /// Counts from 1 over all systems of one set of mocks.
    pub seq: u64,
    pub system: String,
    /// When the request was received, RFC 3339.
    pub at: String,
    pub method: String,
    pub path: String,
    /// The raw query, without the question mark.
    pub query: String,
    /// Names in lower case, values as received, repeats kept.
    pub headers: Vec<(String, String)>,
    /// The body as text, or base64 when it is not UTF-8.
    pub body: String,
    pub body_is_base64: bool,
    /// The body once more, when it parses as JSON.
    pub json: Option<Value>,
    /// The status sent; none when no status line was sent.
    pub status: Option<u16>,
    /// The status that the system itself came to, whether it was sent or not; none when the system had no part in it.
    pub processed: Option<u16>,
    pub fault: Option<Kind>,
    /// What the vendor's documentation does not know about this request.
    pub violation: Option<String>,
}

struct Record {
    seq: u64,
    system: &'static str,
    at: Timestamp,
    request: Arc<Request>,
    status: Option<u16>,
    processed: Option<u16>,
    fault: Option<Kind>,
    violation: Option<String>,
}

impl Record {
    fn entry(&self) -> Entry {
        let request = &self.request;
        let (body, body_is_base64) = match std::str::from_utf8(&request.body) {
            Ok(text) => (text.to_owned(), false),
            Err(_) => (BASE64_STANDARD.encode(&request.body), true),
        };
        Entry {
            seq: self.seq,
            system: self.system.to_owned(),
            at: self.at.to_string(),
            method: request.method.to_string(),
            path: request.path().to_owned(),
            query: request.query().to_owned(),
            headers: request
                .headers
                .iter()
                .map(|(name, value)| {
                    let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                    (name.to_string(), value)
                })
                .collect(),
            body,
            body_is_base64,
            json: request.json().ok(),
            status: self.status,
            processed: self.processed,
            fault: self.fault,
            violation: self.violation.clone(),
        }
    }
}

#[derive(Default)]
struct Pages {
    next: u64,
    records: VecDeque<Record>,
    /// Kept apart, so that no violation is lost when old records are dropped.
    violations: Vec<String>,
}

/// All requests of one set of mocks.
#[derive(Default)]
pub(crate) struct Journal {
    pages: Mutex<Pages>,
}

impl Journal {
    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a request as received and answers its number.
    pub(crate) fn open(&self, system: &'static str, request: Arc<Request>, fault: Option<Kind>) -> u64 {
        let mut pages = self.pages();
        pages.next += 1;
        let seq = pages.next;
        if pages.records.len() == KEPT {
            pages.records.pop_front();
        }
        pages.records.push_back(Record {
            seq,
            system,
            at: Timestamp::now(),
            request,
            status: None,
            processed: None,
            fault,
            violation: None,
        });
        seq
    }

    /// Notes what became of a request. A journal emptied in between has forgotten it, which is no error.
    pub(crate) fn close(&self, seq: u64, status: Option<u16>, processed: Option<u16>, violations: &[String]) {
        let mut pages = self.pages();
        let Some(first) = pages.records.front().map(|record| record.seq) else {
            return;
        };
        let Some(index) = seq.checked_sub(first).and_then(|index| usize::try_from(index).ok()) else {
            return;
        };
        let Some(record) = pages.records.get_mut(index) else {
            return;
        };
        record.status = status;
        record.processed = processed;
        if !violations.is_empty() {
            let violation = violations.join("; ");
            let line = format!("{} {} {}: {violation}", record.system, record.request.method, record.request.path());
            record.violation = Some(violation);
            pages.violations.push(line);
        }
    }

    pub(crate) fn entries(&self, system: Option<&str>) -> Vec<Entry> {
        self.pages()
            .records
            .iter()
            .filter(|record| system.is_none_or(|system| system == record.system))
            .map(Record::entry)
            .collect()
    }

    pub(crate) fn violations(&self) -> Vec<String> {
        self.pages().violations.clone()
    }

    /// Forgets everything; numbers go on, so that a late answer finds no wrong record.
    pub(crate) fn clear(&self) {
        let mut pages = self.pages();
        pages.records.clear();
        pages.violations.clear();
    }
}
