//! File descriptors: each caller's connection and each socket to a business system takes one, and a host that runs out
//! of them can neither accept nor ask. The soft limit of most systems is 1,024, a number from the time of `select`.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::config::Config;

/// Descriptors that a host has open besides: the store, the log, the listener, the runtime, files of secrets.
const BESIDE: u64 = 128;

/// Raises the soft limit to the hard one, and gives what holds then; nothing where there is no limit.
pub fn raise() -> Option<u64> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current == maximum {
        return current;
    }
    match setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        Ok(()) => {
            tracing::debug!(before = current, now = maximum, "file descriptors");
            maximum
        }
        // Some systems have a hard limit that they do not give.
        Err(error) => {
            tracing::warn!(%error, limit = current, "the limit of file descriptors cannot be raised");
            current
        }
    }
}

/// Descriptors that a configuration may come to need: every caller's connection and every socket, all at once.
pub fn needed(config: &Config) -> u64 {
    let sockets = config.connections.values().map(|c| config.resilience_of(c.get_ref()).sockets_per_origin_max as u64);
    sockets.fold(BESIDE.saturating_add(config.server.connections_max as u64), u64::saturating_add)
}

/// Says at the start what is there, and what to do where it may not be enough.
pub fn report(limit: Option<u64>, config: &Config) {
    let needed = needed(config);
    match limit {
        Some(limit) if limit < needed => tracing::warn!(
            limit,
            needed,
            "file descriptors may run out under load: raise the limit (`ulimit -n`, `LimitNOFILE=`), or lower \
             `[server] connections_max` or `sockets_per_origin_max`"
        ),
        limit => tracing::info!(limit, needed, "file descriptors"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Draft, Source};

    #[test]
    fn every_connection_adds_its_sockets() {
        let text = "[server]\nconnections_max = 1000\n[connector.a]\nfile = \"a.wasm\"\n[resilience]\n\
                    sockets_per_origin_max = 50\n[connection.one]\nconnector = \"a\"\ntenant = \"t\"\n\
                    [connection.two]\nconnector = \"a\"\ntenant = \"t\"\nresilience.sockets_per_origin_max = 7\n";
        let source = Source { path: "jackfield.toml".into(), text: text.to_owned() };
        let config = Config::draft(source).and_then(Draft::finish).unwrap();
        assert_eq!(needed(&config), 1_000 + 50 + 7 + BESIDE);
    }

    #[test]
    fn the_soft_limit_becomes_the_hard_one() {
        let hard = getrlimit(Resource::Nofile).maximum;
        assert_eq!(raise(), hard);
        assert_eq!(getrlimit(Resource::Nofile).current, hard);
    }
}
