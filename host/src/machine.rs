//! What the machine gives a host, and whether that is enough for what its configuration allows: file descriptors and
//! memory mappings. Found out at the start, since a host that runs out of either under load fails calls in ways that
//! nobody would look for there.

use std::path::Path;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::config::Config;

/// Descriptors that a host has open besides: the store, the log, the listener, the runtime, files of secrets.
const DESCRIPTORS_BESIDE: u64 = 128;

/// Mappings of one call: its memory, its stack and their guards, and what it has written to. Measured with 5,000 calls
/// in flight (`tests/benches/overload.rs`).
const MAPPINGS_PER_CALL: u64 = 6;

/// Mappings of the rest of the process.
const MAPPINGS_BESIDE: u64 = 2_000;

/// How many mappings Linux lets a process have.
const MAPPINGS_MAX: &str = "/proc/sys/vm/max_map_count";

/// Raises the soft limit of file descriptors to the hard one, and gives what holds then; nothing where there is no limit.
/// The soft limit of most systems is 1,024, a number from the time of `select`.
pub fn raise_descriptors() -> Option<u64> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current == maximum {
        return current;
    }
    match setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        Ok(()) => maximum,
        // Some systems have a hard limit that they do not give.
        Err(error) => {
            tracing::warn!(%error, limit = current, "the limit of file descriptors cannot be raised");
            current
        }
    }
}

/// Says what there is, and what to do where it may not be enough. `descriptors` is what [`raise_descriptors`] gave.
pub fn report(descriptors: Option<u64>, config: &Config) {
    let needed = descriptors_needed(config);
    match descriptors {
        Some(limit) if limit < needed => tracing::warn!(
            limit,
            needed,
            "file descriptors may run out under load: raise the limit (`ulimit -n`, `LimitNOFILE=`), or lower \
             `[server] connections_max` or `sockets_per_origin_max`"
        ),
        limit => tracing::info!(limit, needed, "file descriptors"),
    }
    let needed = mappings_needed(config);
    match mappings(Path::new(MAPPINGS_MAX)) {
        Some(limit) if limit < needed => tracing::warn!(
            limit,
            needed,
            "memory mappings may run out under load: raise the limit (`sysctl vm.max_map_count`), or lower `[server] \
             in_flight_max`"
        ),
        limit => tracing::debug!(limit, needed, "memory mappings"),
    }
}

/// Descriptors that a configuration may come to need: every caller's connection and every socket, all at once.
fn descriptors_needed(config: &Config) -> u64 {
    let sockets = config.connections.values().map(|c| config.resilience_of(c.get_ref()).sockets_per_origin_max as u64);
    let beside = DESCRIPTORS_BESIDE.saturating_add(config.server.connections_max as u64);
    sockets.fold(beside, u64::saturating_add)
}

/// Mappings that a configuration may come to need.
fn mappings_needed(config: &Config) -> u64 {
    u64::from(config.server.in_flight_max) * MAPPINGS_PER_CALL + MAPPINGS_BESIDE
}

/// The limit; nothing where the system has none that can be read.
fn mappings(file: &Path) -> Option<u64> {
    std::fs::read_to_string(file).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Draft, Source};

    #[test]
    fn every_connection_adds_its_sockets_and_every_call_its_mappings() {
        let text = "[server]\nconnections_max = 1000\nin_flight_max = 10\n[connector.a]\nfile = \"a.wasm\"\n\
                    [resilience]\nsockets_per_origin_max = 50\n[connection.one]\nconnector = \"a\"\ntenant = \"t\"\n\
                    [connection.two]\nconnector = \"a\"\ntenant = \"t\"\nresilience.sockets_per_origin_max = 7\n";
        let source = Source { path: "jackfield.toml".into(), text: text.to_owned() };
        let config = Config::draft(source).and_then(Draft::finish).unwrap();
        assert_eq!(descriptors_needed(&config), 1_000 + 50 + 7 + DESCRIPTORS_BESIDE);
        assert_eq!(mappings_needed(&config), 60 + MAPPINGS_BESIDE);
    }

    #[test]
    fn the_soft_limit_becomes_the_hard_one() {
        let hard = getrlimit(Resource::Nofile).maximum;
        assert_eq!(raise_descriptors(), hard);
        assert_eq!(getrlimit(Resource::Nofile).current, hard);
    }

    #[test]
    fn a_system_that_tells_no_limit_has_none() {
        assert_eq!(mappings(Path::new("/nowhere")), None);
    }
}
