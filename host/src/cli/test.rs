//! `jackfield test`: builds a connector, then tries the real component in the real sandbox, without network or account:
//! every fixture, and the conformance kit. What is tried and judged is in `jackfield-trial`.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use jackfield_sandbox::{Sandbox, SandboxConfig};
use jackfield_trial::{Filter, Paint, Report, Trial};

use super::{build, runtime, say};
use crate::exit::Exit;

mod record;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder of the connector.
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// Only cases whose `intent/case` holds this text.
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
    /// Write the report as JUnit XML, too.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Take the package as it is in `--out`.
    #[arg(long)]
    no_build: bool,
    /// Package this component of another language instead of compiling with cargo.
    #[arg(long, value_name = "FILE", conflicts_with = "no_build")]
    component: Option<PathBuf>,
    /// Leave the fixtures out.
    #[arg(long, conflicts_with = "fixtures_only")]
    conformance_only: bool,
    /// Leave the conformance kit out.
    #[arg(long)]
    fixtures_only: bool,
    /// Where the package is put or taken from, as `ID.wasm`.
    #[arg(long, default_value = "dist")]
    out: PathBuf,
    #[command(flatten)]
    record: record::RecordArgs,
}

/// Calls that the sandbox has room for: more than any machine runs at once here.
const CALLS_IN_FLIGHT_MAX: u32 = 64;

pub(super) fn run(args: Args) -> anyhow::Result<Exit> {
    // What packaging has compiled is not compiled again.
    let cache = tempfile::tempdir()?;
    let cache_dir = Some(cache.path().to_owned());
    let config = SandboxConfig { calls_in_flight_max: CALLS_IN_FLIGHT_MAX, cache_dir, ..SandboxConfig::default() };
    let sandbox = Sandbox::new(&config)?;
    let file = if args.no_build {
        packaged(&args.dir, &args.out)
    } else {
        build::make(&sandbox, &args.dir, args.component.as_deref(), &args.out)
    };
    let mut recorded = None;
    let load = |file: PathBuf| {
        let refused = |error| build::explain(&args.dir, &file.display().to_string(), error);
        if args.record.record {
            let (cases, connector) = match record::run(&args.record, args.filter.as_deref(), &args.dir, &file)? {
                Ok(done) => done,
                Err(exit) => return Ok(Err(exit)),
            };
            recorded = Some(cases);
            return Ok(Ok(connector));
        }
        Ok(Ok(sandbox.load_file(&file).map_err(refused)?))
    };
    let connector = match file.and_then(load) {
        Ok(Ok(connector)) => connector,
        Ok(Err(exit)) => return Ok(exit),
        Err(error) => {
            build::complain(&error);
            return Ok(Exit::Build);
        }
    };
    let manifest = connector.manifest();
    let (id, version) = (manifest.id.clone(), manifest.version.clone());
    let trial = match Trial::new(connector, &args.dir) {
        Ok(trial) => Arc::new(trial),
        Err(error) => {
            eprintln!("error: {error}");
            return Ok(Exit::Build);
        }
    };
    let filter = Filter::new(args.filter);
    let started = Instant::now();
    let outcomes = runtime()?.block_on(async {
        let mut outcomes = Vec::new();
        if let Some(cases) = recorded {
            return trial.cases(cases).await;
        }
        if !args.conformance_only {
            outcomes.extend(trial.fixtures(&filter).await);
        }
        if !args.fixtures_only {
            outcomes.extend(trial.conformance(&filter).await);
        }
        outcomes
    });
    let report = Report { connector: id, version, duration: started.elapsed(), outcomes };

    if let Some(file) = &args.junit {
        let xml = jackfield_trial::junit(&report).map_err(anyhow::Error::msg)?;
        std::fs::write(file, xml).with_context(|| format!("cannot write {}", file.display()))?;
    }
    if args.json {
        say(serde_json::to_string_pretty(&report)? + "\n")?;
    } else {
        let paint = if std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty())
        {
            Paint::coloured()
        } else {
            Paint::plain()
        };
        say(jackfield_trial::text(&report, paint))?;
        writeln!(
            std::io::stderr(),
            "{} {} in {:.2} s",
            report.connector,
            report.version,
            report.duration.as_secs_f64()
        )?;
    }
    if report.outcomes.is_empty() {
        eprintln!("error: no case is called so: `intent/case` is what `--filter` looks into");
        return Ok(Exit::Usage);
    }
    Ok(if report.passed() { Exit::Ok } else { Exit::Tests })
}

/// Where `jackfield build` has put the package of this folder.
fn packaged(dir: &Path, out: &Path) -> anyhow::Result<PathBuf> {
    let (_, manifest) = build::manifest(dir)?;
    let file = out.join(format!("{}.wasm", manifest.id));
    anyhow::ensure!(file.exists(), "{} is not there: leave out `--no-build`, or give `--out`", file.display());
    Ok(file)
}
