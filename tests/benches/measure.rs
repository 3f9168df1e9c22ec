//! What a measurement says about itself: machine, commit, medians and spread; and the computing time of a process.
#![allow(dead_code, reason = "each bench uses a part of this")]

use std::process::Command;
use std::time::Duration;

use hdrhistogram::Histogram;

/// How long a bench may take.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// Figures to publish.
    Full,
    /// `make bench-quick`: once compiled, it ends in two minutes.
    Quick,
}

impl Pace {
    /// As `JACKFIELD_BENCH` says: `quick`, or anything else.
    pub(crate) fn of_environment() -> Pace {
        if std::env::var_os("JACKFIELD_BENCH").is_some_and(|pace| pace == "quick") { Pace::Quick } else { Pace::Full }
    }

    /// One of the two.
    pub(crate) fn choose<T>(self, full: T, quick: T) -> T {
        if self == Pace::Full { full } else { quick }
    }
}

/// Machine and commit, for the head of a table.
pub(crate) fn machine() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|l| l.strip_prefix("model name")).unwrap_or_default();
    let model = model.trim_start_matches([' ', '\t', ':']).split('@').next().unwrap_or_default().trim_end();
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default().to_owned();
    format!("{model}, {cores} cores, Linux {}, load {load} at the start; commit {}", kernel.trim(), commit())
}

fn commit() -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").arg("-C").arg(jackfield_tests::root()).args(arguments).output();
        output.map(|o| String::from_utf8_lossy(&o.stdout).trim().to_owned()).unwrap_or_default()
    };
    let changed = !git(&["status", "--porcelain", "--untracked-files=no"]).is_empty();
    format!("{}{}", git(&["rev-parse", "--short", "HEAD"]), if changed { " with changes" } else { "" })
}

/// Median, least and greatest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

/// Of some rounds, at least one.
pub(crate) fn spread(values: impl IntoIterator<Item = f64>) -> Spread {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let at = |i: usize| values.get(i).copied().unwrap_or_default();
    Spread { median: at(values.len() / 2), low: at(0), high: at(values.len().saturating_sub(1)) }
}

/// For nanoseconds up to a minute.
pub(crate) fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000_000, 3).expect("these bounds are fine")
}

/// Notes how long something took.
pub(crate) fn note(histogram: &mut Histogram<u64>, taken: Duration) {
    histogram.saturating_record(u64::try_from(taken.as_nanos()).unwrap_or(u64::MAX));
}

/// A quantile in microseconds.
pub(crate) fn micros(histogram: &Histogram<u64>, quantile: f64) -> f64 {
    Duration::from_nanos(histogram.value_at_quantile(quantile)).as_secs_f64() * 1e6
}

/// Time that a process computed so far, all of its threads that live, in the kernel and out of it.
pub(crate) fn computed(pid: u32) -> Duration {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let of_task = |task: std::fs::DirEntry| {
        let text = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    };
    Duration::from_nanos(tasks.filter_map(of_task).sum())
}
