//! `[server]`: where the host listens, who may connect, and the bounds of what one of them may take.

use serde::Deserialize;
use toml::Spanned;

use super::Complaints;
use super::resilience::check_number;
use crate::server::{is_host, is_origin};

/// `[server]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// Address and port to listen on.
    pub listen: std::net::SocketAddr,
    /// Open connections of callers; above it new ones wait in the listener's backlog.
    pub connections_max: usize,
    /// Calls under way in the whole host; above it a call is answered 503 at once.
    pub in_flight_max: u32,
    /// Calls under way for one caller, unless the caller says otherwise; above it 429 at once.
    pub caller_in_flight_max: usize,
    /// Body of one request, in bytes.
    pub body_bytes_max: usize,
    /// How long calls under way may take after SIGTERM, in milliseconds.
    pub drain_ms: u64,
    /// How long a caller may take to send its headers, in milliseconds, and as long again for a body.
    pub header_read_ms: u64,
    /// How long nothing may move on a caller's connection, in milliseconds; then it is closed, within as long again.
    pub idle_ms: Spanned<u64>,
    /// Names by which this host is asked, beside those of loopback. Where none is written, a host on loopback is asked
    /// by no others, and any other by all.
    pub hosts: Vec<Spanned<String>>,
    /// Origins whose pages may ask, such as `https://desk.example.com`. None unless written.
    pub origins: Vec<Spanned<String>>,
    /// Wrong API keys of one address in a minute; above it 429 at once.
    pub key_failures_max: u32,
    /// Wrong API keys of all addresses together in a minute; above it 429 at once for whoever is not known.
    pub key_failures_total_max: u32,
}

impl Default for Server {
    fn default() -> Self {
        Server {
            listen: std::net::SocketAddr::from(([127, 0, 0, 1], 8080)),
            connections_max: 10_000,
            in_flight_max: 1_000,
            caller_in_flight_max: 500,
            body_bytes_max: 1 << 20,
            drain_ms: 20_000,
            header_read_ms: 10_000,
            idle_ms: Spanned::new(0..0, 60_000),
            hosts: Vec::new(),
            origins: Vec::new(),
            key_failures_max: 20,
            key_failures_total_max: 1_000,
        }
    }
}

/// How long nothing may move on a connection, in milliseconds. With less than 15 000, streams are cut between two signs of
/// life.
const IDLE_MS: std::ops::RangeInclusive<u64> = 100..=24 * 60 * 60 * 1_000;

impl Server {
    /// Judges the numbers and the names.
    pub(super) fn check(&self, complaints: &mut Complaints) {
        check_number("`[server]`", "idle_ms", Some(&self.idle_ms), IDLE_MS, complaints);
        for host in self.hosts.iter().filter(|host| !is_host(host.get_ref())) {
            let message = format!("`{}` is not a host", host.get_ref());
            complaints.push(Some(host.span()), message, "a name or an address without scheme and port");
        }
        for origin in self.origins.iter().filter(|origin| !is_origin(origin.get_ref())) {
            let message = format!("`{}` is not an origin", origin.get_ref());
            complaints.push(Some(origin.span()), message, "as browsers write it, such as `https://desk.example.com`");
        }
    }
}
