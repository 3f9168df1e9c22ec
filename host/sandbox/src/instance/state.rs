//! What the host knows of one call while it runs: the data of its store.

use std::sync::Arc;
use std::time::Instant;

use jackfield_core::budget::Limits;
use jackfield_core::call::WriteOutcome;
use jackfield_core::grant::{Denial, Grant};

use super::{Invocation, Ports, Usage};
use crate::capability::cut;
use crate::capability::wasi::Wasi;
use crate::engine::Shared;
use crate::limits::Bounds;
use crate::meter::Meter;
use crate::trap::{Fault, Stop};

/// Denials that are kept of one call; a guest that tries a thousand doors needs no thousand lines.
const DENIALS_MAX: usize = 16;
const DENIAL_BYTES_MAX: usize = 1 << 10;

/// What a guest hands over beside bodies and answers, in bytes: names, headers, the host's own structures.
const TRANSFER_SLACK_BYTES: usize = 64 << 10;

/// One call's state. Dropped with its store: nothing of it reaches another call.
pub(crate) struct HostState {
    pub(crate) ports: Arc<Ports>,
    pub(crate) invocation: Arc<Invocation>,
    pub(crate) meter: Arc<Meter>,
    pub(crate) bounds: Bounds,
    pub(crate) tally: Tally,
    /// Made when the guest first uses WASI.
    pub(crate) wasi: Option<Box<Wasi>>,
    /// What a host call is waiting for, for the sentence about a call that took too long.
    pub(crate) waiting_for: Option<&'static str>,
    /// What a guest may hand over in one host call, in bytes.
    pub(crate) transfer_bytes_max: usize,
    pub(crate) calls_in_flight_max: usize,
    started: Instant,
}

/// What is counted on the way.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) host_calls: u32,
    pub(crate) upstream_requests: u32,
    pub(crate) intents_asked: u32,
    pub(crate) bytes_sent: u64,
    pub(crate) bytes_received: u64,
    pub(crate) log_lines: u32,
    pub(crate) log_lines_dropped: u32,
    pub(crate) write_outcome: WriteOutcome,
    denials: Vec<String>,
}

impl HostState {
    pub(crate) fn new(ports: Arc<Ports>, invocation: Invocation, started: Instant, shared: &Shared) -> HostState {
        let limits = &invocation.limits;
        let bodies = limits.request_body_bytes_max.saturating_mul(limits.upstream_concurrent_max.max(1));
        let transfer_bytes_max = bodies.max(limits.output_bytes_max).saturating_add(TRANSFER_SLACK_BYTES);
        HostState {
            bounds: Bounds::new(limits.memory_bytes_max, limits.table_elements_max),
            meter: Arc::new(Meter::new(started)),
            ports,
            invocation: Arc::new(invocation),
            tally: Tally::default(),
            wasi: None,
            waiting_for: None,
            transfer_bytes_max,
            calls_in_flight_max: shared.permits.max(),
            started,
        }
    }

    /// Stands first in every import of the contract.
    ///
    /// # Errors
    /// Ends the guest when it has called too often.
    pub(crate) fn begin(&mut self) -> wasmtime::Result<()> {
        self.tally.host_calls = self.tally.host_calls.saturating_add(1);
        if self.tally.host_calls > self.limits().host_calls_max {
            return Err(Stop::HostCalls.into());
        }
        Ok(())
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.invocation.limits
    }

    pub(crate) fn grant(&self) -> &Grant {
        &self.invocation.grant
    }

    pub(crate) fn connection(&self) -> &str {
        &self.invocation.context.connection
    }

    /// Remembers a denial for the operator, and gives the sentence for the guest: with the remedy, since a guest that
    /// logs it helps its author, and without the place, which is the operator's.
    pub(crate) fn denied(&mut self, denial: &Denial) -> String {
        self.record_denial(&denial.to_string());
        denial.for_guest()
    }

    /// The same for what was denied behind the grant, where the host's own words name the place in front of a remedy.
    pub(crate) fn denied_behind(&mut self, text: &str) -> String {
        self.record_denial(text);
        text.replace(&format!("{}: ", self.grant().place()), "")
    }

    fn record_denial(&mut self, text: &str) {
        if self.tally.denials.len() < DENIALS_MAX {
            self.tally.denials.push(cut(text, DENIAL_BYTES_MAX).to_owned());
        }
    }

    pub(crate) fn wall_exceeded(&self) -> Fault {
        let had = self.invocation.context.deadline.saturating_duration_since(self.started);
        Fault::WallExceeded { limit_ms: had.as_millis() as u64, waiting_for: self.waiting_for }
    }

    /// What the guest wrote to standard error before it gave up.
    pub(crate) fn last_words(&self) -> Option<String> {
        let words = self.wasi.as_ref()?.finish();
        (!words.is_empty()).then_some(words)
    }

    /// Hands over what is left of the guest's output.
    pub(super) fn finish(&mut self) {
        if let Some(wasi) = &self.wasi {
            wasi.finish();
        }
    }

    pub(crate) fn usage(self, started: Instant) -> Usage {
        let now = Instant::now();
        let tally = self.tally;
        Usage {
            cpu: self.meter.spent(now),
            wall: now.saturating_duration_since(started),
            memory_bytes_peak: self.bounds.memory_bytes_peak,
            host_calls: tally.host_calls,
            upstream_requests: tally.upstream_requests,
            bytes_sent: tally.bytes_sent,
            bytes_received: tally.bytes_received,
            log_lines: tally.log_lines,
            log_lines_dropped: tally.log_lines_dropped,
            write_outcome: tally.write_outcome,
            denials: tally.denials,
        }
    }
}
