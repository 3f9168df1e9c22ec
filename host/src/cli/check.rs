//! `jackfield check`: everything that `serve` would refuse, without listening and without any network.

use std::fmt::Write as _;

use super::{ConfigArgs, say};
use crate::exit::Exit;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArgs,
}

pub(super) fn run(args: Args) -> anyhow::Result<Exit> {
    let app = match args.config.look() {
        Ok(app) => app,
        Err(exit) => return Ok(exit),
    };
    let mut out = String::new();
    for connection in app.registry.connections() {
        let manifest = connection.connector.manifest();
        writeln!(
            out,
            "{}: {} {} ({}), tenant {}",
            connection.name,
            manifest.id,
            manifest.version,
            connection.grant.access(),
            connection.tenant
        )?;
        for endpoint in connection.grant.endpoints() {
            writeln!(out, "  {} -> {}", endpoint.name, endpoint.base)?;
            for rule in &endpoint.rules {
                writeln!(out, "    {}", rule.text)?;
            }
        }
        let served = manifest.intents.iter().filter(|i| connection.intents.contains_key(*i));
        writeln!(out, "  serves {}", served.cloned().collect::<Vec<_>>().join(", "))?;
    }
    say(out)?;
    Ok(Exit::Ok)
}
