//! What one call may use. All of it configurable, all of it enforced; the numbers are DESIGN's defaults.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The limits of one call, armed when the call leaves the queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Wall time of the whole call, in milliseconds: waiting for upstreams included.
    pub wall_ms: u64,
    /// Time the guest may compute, in milliseconds: waiting for upstreams not included.
    pub cpu_ms: u64,
    /// Linear memory, in bytes, summed over the component's memories.
    pub memory_bytes_max: usize,
    /// Elements in one of the component's tables.
    pub table_elements_max: usize,
    /// Calls into the host of any kind.
    pub host_calls_max: u32,
    /// Requests to the business system, and again as many calls of other connectors: each of those has requests and
    /// computing time of its own.
    pub upstream_requests_max: u32,
    /// Requests of one `send-all` that are under way at once.
    pub upstream_concurrent_max: usize,
    /// Body of one request, in bytes.
    pub request_body_bytes_max: usize,
    /// Decompressed body of one response, in bytes.
    pub response_body_bytes_max: usize,
    /// The answer of the guest, in bytes of JSON.
    pub output_bytes_max: usize,
    /// Lines in the guest's log.
    pub log_lines_max: u32,
    /// Bytes of one log line; what is longer is cut.
    pub log_line_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            wall_ms: 15_000,
            cpu_ms: 500,
            memory_bytes_max: 64 << 20,
            table_elements_max: 20_000,
            host_calls_max: 2_000,
            upstream_requests_max: 32,
            upstream_concurrent_max: 8,
            request_body_bytes_max: 1 << 20,
            response_body_bytes_max: 8 << 20,
            output_bytes_max: 1 << 20,
            log_lines_max: 200,
            log_line_bytes_max: 4 << 10,
        }
    }
}

impl Limits {
    /// Wall time as a duration.
    pub fn wall(&self) -> Duration {
        Duration::from_millis(self.wall_ms)
    }

    /// Computing time as a duration.
    pub fn cpu(&self) -> Duration {
        Duration::from_millis(self.cpu_ms)
    }
}
