//! What the operator may set for the egress of one connection. Reading the configuration file is the host's business;
//! address policy and authentication arrive with each granted request and are not repeated here.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use jackfield_core::backoff::RetryPolicy;
use jackfield_core::breaker::BreakerPolicy;
use serde::Deserialize;

use crate::tls::{Material, TlsError};

/// Egress settings of every connection that exists. A connection that is not listed cannot send.
#[derive(Clone, Debug, Default)]
pub struct EgressConfig {
    /// By name of the connection.
    pub connections: HashMap<String, ConnectionConfig>,
}

/// Transport of one connection.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConnectionConfig {
    /// PEM file with certificates that are trusted beside the public roots.
    pub ca_file: Option<PathBuf>,
    /// PEM file with the certificate chain shown to the business system.
    pub client_cert_file: Option<PathBuf>,
    /// PEM file with the private key of `client_cert_file`.
    pub client_key_file: Option<PathBuf>,
    /// Idle connections kept per origin.
    pub pool_idle_max: usize,
    /// How long an idle connection is kept, in milliseconds. Shorter than what business systems keep, so that a
    /// write seldom meets a connection that the far side is closing.
    pub pool_idle_timeout_ms: u64,
    /// Name resolution, TCP and TLS together, in milliseconds.
    pub connect_timeout_ms: u64,
    /// For how long the system may take nothing of what is sent to it, in milliseconds; then the socket is closed.
    pub write_stall_ms: u64,
    /// One request to a token endpoint with its answer, in milliseconds; 6 000 unless written, 10 000 at most.
    pub token_timeout_ms: u64,
    /// Decompressed body of one response, in bytes.
    pub response_body_bytes_max: usize,
    /// Header section of one response, in bytes; 8 KiB at least.
    pub response_header_bytes_max: usize,
    /// Requests under way at once, their retries and waits included. One more is refused at once.
    pub requests_in_flight_max: usize,
    /// Sockets open at once to one origin, idle ones included. A request that needs one more waits for one of them, no
    /// longer than half of `connect_timeout_ms`.
    pub sockets_per_origin_max: usize,
    /// Bytes of response bodies that are being read at once, decompressed, over all requests. A body that would need
    /// more is refused at once.
    pub response_bytes_in_flight_max: usize,
    /// How often and how patiently a request is sent again, where that does no harm.
    pub retry: RetryPolicy,
    /// When the system is left alone for a while; reads and writes are judged apart.
    pub breaker: BreakerPolicy,
}

/// Bound of one request to a token endpoint, in milliseconds. While it lasts, other hosts wait for its outcome.
const TOKEN_TIMEOUT_MS_MAX: u64 = 10_000;

impl Default for ConnectionConfig {
    fn default() -> Self {
        ConnectionConfig {
            ca_file: None,
            client_cert_file: None,
            client_key_file: None,
            pool_idle_max: 32,
            pool_idle_timeout_ms: 20_000,
            connect_timeout_ms: 5_000,
            write_stall_ms: 10_000,
            // A lease that has to be waited out ends inside of a call's fifteen seconds.
            token_timeout_ms: 6_000,
            response_body_bytes_max: 8 << 20,
            response_header_bytes_max: 64 << 10,
            requests_in_flight_max: 512,
            sockets_per_origin_max: 256,
            response_bytes_in_flight_max: 64 << 20,
            retry: RetryPolicy::default(),
            breaker: BreakerPolicy::default(),
        }
    }
}

impl ConnectionConfig {
    /// Whether the files that it names are there and make sense.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn check(&self) -> Result<(), TlsError> {
        Material::read(self)?.client_config(self).map(drop)
    }

    /// Bound of resolving, connecting and the TLS handshake together.
    pub fn connect_timeout(&self) -> Duration {
        Duration::from_millis(self.connect_timeout_ms)
    }

    /// Bound of one request to a token endpoint.
    pub fn token_timeout(&self) -> Duration {
        Duration::from_millis(self.token_timeout_ms.min(TOKEN_TIMEOUT_MS_MAX))
    }

    /// How long an idle connection is kept.
    pub fn pool_idle_timeout(&self) -> Duration {
        Duration::from_millis(self.pool_idle_timeout_ms)
    }
}
