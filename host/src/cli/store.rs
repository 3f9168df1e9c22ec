//! `jackfield store check|backup|compact`: looks after the store's file. The first two work while the host serves.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Subcommand;
use jackfield_store::observer::Report;
use serde_json::{Map, json};

use super::{ConfigFile, say};
use crate::exit::Exit;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Read the whole file, say whether it is sound, and count what is in it.
    Check(Check),
    /// Copy the store as it is at this moment into a new file, and check the copy.
    Backup(Backup),
    /// Write the file anew without what is free in it. Stop the host first: it cannot write meanwhile.
    Compact(Compact),
}

#[derive(Debug, clap::Args)]
struct Check {
    #[command(flatten)]
    config: ConfigFile,
    /// Print as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct Backup {
    #[command(flatten)]
    config: ConfigFile,
    /// The copy. A file that is there already is left alone.
    file: PathBuf,
}

#[derive(Debug, clap::Args)]
struct Compact {
    #[command(flatten)]
    config: ConfigFile,
}

pub(super) fn run(args: Args) -> anyhow::Result<Exit> {
    match args.verb {
        Verb::Check(args) => check(&args),
        Verb::Backup(args) => backup(&args),
        Verb::Compact(args) => compact(&args),
    }
}

fn check(args: &Check) -> anyhow::Result<Exit> {
    let observer = match args.config.observe_store() {
        Ok(observer) => observer,
        Err(exit) => return Ok(exit),
    };
    let report = observer.check()?;
    if args.json {
        let counts = |list: &[(String, u64)]| list.iter().map(|(n, c)| (n.clone(), json!(c))).collect::<Map<_, _>>();
        let value = json!({
            "problems": report.problems,
            "bytes": report.bytes,
            "free_bytes": report.free_bytes,
            "buckets": counts(&report.buckets),
            "logs": counts(&report.logs),
        });
        say(value.to_string() + "\n")?;
    } else {
        say(sentences(&report)?)?;
    }
    Ok(if report.problems.is_empty() { Exit::Ok } else { Exit::Failed })
}

fn sentences(report: &Report) -> Result<String, std::fmt::Error> {
    let mut out = String::new();
    writeln!(out, "{} KiB, {} KiB of it free", report.bytes.div_ceil(1024), report.free_bytes / 1024)?;
    for (bucket, count) in &report.buckets {
        writeln!(out, "bucket {bucket}: {count} values")?;
    }
    for (log, count) in &report.logs {
        writeln!(out, "log {log}: {count} entries")?;
    }
    for problem in &report.problems {
        writeln!(out, "damaged: {problem}")?;
    }
    if report.problems.is_empty() {
        writeln!(out, "sound")?;
    }
    Ok(out)
}

fn backup(args: &Backup) -> anyhow::Result<Exit> {
    let observer = match args.config.observe_store() {
        Ok(observer) => observer,
        Err(exit) => return Ok(exit),
    };
    let report = observer.backup(&args.file)?;
    eprintln!("{}: {} KiB, checked", args.file.display(), report.bytes.div_ceil(1024));
    Ok(Exit::Ok)
}

fn compact(args: &Compact) -> anyhow::Result<Exit> {
    // Only a store that is there: nothing is made by mistake.
    let path = match args.config.observe_store().and_then(|_| args.config.store_path()) {
        Ok(path) => path,
        Err(exit) => return Ok(exit),
    };
    match jackfield_store::compact(&path, &jackfield_store::Options::default()) {
        Ok(done) => {
            eprintln!(
                "{}: {} KiB, {} KiB before",
                path.display(),
                done.after.div_ceil(1024),
                done.before.div_ceil(1024)
            );
            Ok(Exit::Ok)
        }
        Err(error) => {
            eprintln!("error: {error}\nhelp: {}", error.fault.hint());
            Ok(Exit::Failed)
        }
    }
}
