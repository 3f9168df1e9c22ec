//! `jackfield check`: everything that `serve` would refuse, without listening and without any network. With `--live`,
//! also whether the business systems accept the credentials.

use std::fmt::Write as _;
use std::time::Duration;

use super::{ConfigArgs, runtime, say};
use crate::app::App;
use crate::exit::Exit;
use crate::health::{self, Tested};

/// How long a test of one endpoint may take: a token and a probe.
const TEST_MAX: Duration = Duration::from_secs(20);

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArgs,
    /// Also get every connection's credential and send its probe: a cheap read that changes nothing.
    #[arg(long)]
    live: bool,
}

pub(super) fn run(args: Args) -> anyhow::Result<Exit> {
    let opened = if args.live { args.config.open_whole() } else { args.config.look() };
    let app = match opened {
        Ok(app) => app,
        Err(exit) => return Ok(exit),
    };
    let mut out = String::new();
    describe(&app, &mut out)?;
    let mut all_well = true;
    if args.live {
        let tested = runtime()?.block_on(async {
            let mut tested = Vec::new();
            for connection in app.registry.connections() {
                tested.push(health::test(app.egress(), connection, None, TEST_MAX).await);
            }
            app.flush().await;
            tested
        });
        for tested in &tested {
            all_well &= tested.ok;
            report(tested, &mut out)?;
        }
    }
    say(app.scrub(&out).as_bytes())?;
    Ok(if all_well { Exit::Ok } else { Exit::Config })
}

fn describe(app: &App, out: &mut String) -> std::fmt::Result {
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
    Ok(())
}

fn report(tested: &Tested, out: &mut String) -> std::fmt::Result {
    let verdict = if tested.ok { "works" } else { "does not work" };
    writeln!(out, "{} {verdict}", tested.connection)?;
    if let Some(reason) = &tested.reason {
        writeln!(out, "  {reason}")?;
    }
    for (endpoint, report) in &tested.endpoints {
        let probe = report.probe_status.map(|status| format!(", the probe is answered with {status}"));
        writeln!(out, "  {endpoint}: {}{}", report.state, probe.unwrap_or_default())?;
        if let Some(problem) = &report.problem {
            writeln!(out, "    {problem}")?;
        }
        if !report.missing_scopes.is_empty() {
            writeln!(out, "    missing scopes: {}", report.missing_scopes.join(", "))?;
        }
    }
    Ok(())
}
