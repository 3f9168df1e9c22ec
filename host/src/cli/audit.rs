//! `jackfield audit verify|show`: proves that the audit log is what was written, and shows it. Only the file is looked
//! at, so both work while the host serves and when it does not.

use std::fmt::Write as _;

use anyhow::Context as _;
use clap::Subcommand;
use jackfield_core::port::{Entry, Log};
use jackfield_store::Observer;
use jackfield_store::observer::Verification;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::{ConfigFile, say};
use crate::audit::hex;
use crate::exit::Exit;

/// Entries read from the store at once.
const ENTRIES_AT_ONCE: usize = 1_000;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Prove that no record was changed, dropped or moved.
    ///
    /// Prints how many records there are and the head, a digest of all of them. Note the head where nobody who can write
    /// the store can change it; with `--head` a later run proves that everything up to there is as it was.
    Verify(Verify),
    /// Print records, the newest last.
    Show(Show),
}

#[derive(Debug, clap::Args)]
struct Verify {
    #[command(flatten)]
    config: ConfigFile,
    /// A head that was noted earlier.
    #[arg(long, value_name = "HEX", value_parser = digest)]
    head: Option<[u8; 32]>,
    /// Print as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct Show {
    #[command(flatten)]
    config: ConfigFile,
    /// Only records of this connection.
    #[arg(long)]
    connection: Option<String>,
    /// Only records since then: `2026-01-20`, which begins in UTC, or `2026-01-20T10:00:00Z`.
    #[arg(long, value_name = "TIME", value_parser = instant)]
    since: Option<Timestamp>,
    /// How many records at most: the newest.
    #[arg(long, default_value_t = 100)]
    limit: usize,
    /// Print one JSON object a line.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: Args) -> anyhow::Result<Exit> {
    match args.verb {
        Verb::Verify(args) => verify(&args),
        Verb::Show(args) => show(&args),
    }
}

fn digest(text: &str) -> Result<[u8; 32], String> {
    crate::admission::parse_digest(text).ok_or_else(|| "a head is 64 hexadecimal digits".to_owned())
}

fn instant(text: &str) -> Result<Timestamp, String> {
    let day = || text.parse::<Date>()?.to_zoned(TimeZone::UTC).map(|zoned| zoned.timestamp());
    text.parse().or_else(|_| day()).map_err(|error: jiff::Error| error.to_string())
}

fn verify(args: &Verify) -> anyhow::Result<Exit> {
    let observer = match args.config.observe_store() {
        Ok(observer) => observer,
        Err(exit) => return Ok(exit),
    };
    let found = observer.verify(Log::Audit, args.head)?;
    let is_proven = found.broken.is_none() && (args.head.is_none() || found.found.is_some());
    let out = if args.json { report(&found, args.head).to_string() + "\n" } else { sentences(&found, args.head)? };
    say(out)?;
    Ok(if is_proven { Exit::Ok } else { Exit::Failed })
}

fn report(found: &Verification, wanted: Option<[u8; 32]>) -> Value {
    let mut report = json!({
        "count": found.count,
        "trimmed": found.trimmed,
        "head": hex(&found.head),
        "broken": found.broken.map(|broken| json!({ "sequence": broken.sequence(), "why": broken.to_string() })),
    });
    if wanted.is_some() {
        report["found_at"] = json!(found.found);
    }
    report
}

fn sentences(found: &Verification, wanted: Option<[u8; 32]>) -> Result<String, std::fmt::Error> {
    let mut out = String::new();
    match found.broken {
        None => {
            writeln!(out, "{} records, unbroken", found.count)?;
            if found.trimmed > 0 {
                writeln!(out, "the {} records before them are kept no longer", found.trimmed)?;
            }
            writeln!(out, "head {}", hex(&found.head))?;
        }
        Some(broken) => writeln!(out, "broken: {broken}\nthe {} records before it are unbroken", found.count)?,
    }
    match (wanted, found.found) {
        (None, _) => {}
        (Some(_), None) if found.trimmed > 0 => writeln!(
            out,
            "the head given is not in the log: it is that of a record which is kept no longer, or records were cut off or \
             written anew"
        )?,
        (Some(_), Some(at)) => writeln!(out, "the head given is that of record {at}: nothing up to it has changed")?,
        (Some(_), None) => writeln!(out, "the head given is not in the log: records were cut off or written anew")?,
    }
    Ok(out)
}

fn show(args: &Show) -> anyhow::Result<Exit> {
    let observer = match args.config.observe_store() {
        Ok(observer) => observer,
        Err(exit) => return Ok(exit),
    };
    let mut out = String::new();
    for (entry, record) in wanted(&observer, args)?.into_iter().rev() {
        if args.json {
            let mut shown = Map::new();
            shown.insert("sequence".to_owned(), json!(entry.sequence));
            shown.insert("digest".to_owned(), json!(hex(&entry.digest)));
            shown.extend(record);
            writeln!(out, "{}", Value::Object(shown))?;
        } else {
            writeln!(out, "{}", line(&entry, record))?;
        }
    }
    say(out)?;
    Ok(Exit::Ok)
}

/// The newest records that are asked for, the newest first. Read from the end, so that a long log costs no more.
fn wanted(observer: &Observer, args: &Show) -> anyhow::Result<Vec<(Entry, Map<String, Value>)>> {
    let mut found = Vec::new();
    let mut before = u64::MAX;
    loop {
        let entries = observer.entries_before(Log::Audit, before, ENTRIES_AT_ONCE)?;
        let Some(last) = entries.last() else { return Ok(found) };
        before = last.sequence;
        for entry in entries {
            if found.len() >= args.limit {
                return Ok(found);
            }
            // Whatever a newer version writes is shown as well: an operator sees all there is.
            let record: Map<String, Value> = serde_json::from_slice(&entry.body).with_context(|| {
                format!("record {} is no JSON object; see `jackfield audit verify`", entry.sequence)
            })?;
            let text = |name: &str| record.get(name).and_then(Value::as_str).unwrap_or_default();
            // Hosts that share a store have clocks of their own, so an older record does not end the search.
            let is_recent = args.since.is_none_or(|since| text("at").parse::<Timestamp>().is_ok_and(|at| at >= since));
            if is_recent && args.connection.as_deref().is_none_or(|wanted| wanted == text("connection")) {
                found.push((entry, record));
            }
        }
    }
}

/// A record for people: number, time, connection, event, outcome, then the rest by name.
fn line(entry: &Entry, mut record: Map<String, Value>) -> String {
    let mut take = |name: &str| record.shift_remove(name).map(|value| plain(&value)).unwrap_or_default();
    let (at, connection, event, outcome) = (take("at"), take("connection"), take("event"), take("outcome"));
    let rest: String = record.iter().map(|(name, value)| format!(" {name}={}", plain(value))).collect();
    format!("{:>6} {at} {connection} {event} {outcome}{rest}", entry.sequence)
}

/// A value without anything that a terminal would obey: ids come from a bot service.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.escape_debug().to_string(),
        Value::Array(list) => list.iter().map(plain).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use jackfield_store::observer::Broken;

    use super::*;

    #[test]
    fn times_are_days_or_instants() {
        assert_eq!(instant("2026-01-20").unwrap(), "2026-01-20T00:00:00Z".parse().unwrap());
        assert_eq!(instant("2026-01-20T10:00:00+01:00").unwrap(), "2026-01-20T09:00:00Z".parse().unwrap());
        assert!(instant("yesterday").is_err());
    }

    #[test]
    fn a_line_obeys_nothing_that_a_terminal_would() {
        let entry = Entry { sequence: 7, digest: [0; 32], body: Bytes::new() };
        let Value::Object(record) = json!({ "at": "2026-01-20T10:00:00.000Z", "event": "secret_used", "secret": "key",
            "connection": "crm", "user": "u\u{1b}[2J\nx", "outcome": "ok", "secrets": ["a", "b"] })
        else {
            unreachable!()
        };
        assert_eq!(
            line(&entry, record),
            "     7 2026-01-20T10:00:00.000Z crm secret_used ok secret=key user=u\\u{1b}[2J\\nx secrets=a,b"
        );
    }

    #[test]
    fn a_verdict_says_what_broke_and_what_a_head_proves() {
        let mut found = Verification { count: 3, trimmed: 0, head: [1; 32], found: None, broken: None };
        let text = sentences(&found, None).unwrap();
        assert!(text.starts_with("3 records, unbroken\nhead 0101"), "{text}");
        assert!(sentences(&found, Some([2; 32])).unwrap().contains("is not in the log"));
        found.found = Some(2);
        assert!(sentences(&found, Some([2; 32])).unwrap().contains("that of record 2"));
        found.trimmed = 40;
        let text = sentences(&found, None).unwrap();
        assert!(
            text.starts_with("3 records, unbroken\nthe 40 records before them are kept no longer\nhead "),
            "{text}"
        );
        found.found = None;
        assert!(sentences(&found, Some([2; 32])).unwrap().contains("that of a record which is kept no longer, or"));
        found.broken = Some(Broken::Gap { expected: 4, found: 6 });
        assert!(sentences(&found, None).unwrap().starts_with("broken: entry 4 is missing"));
        assert_eq!(report(&found, None)["broken"]["sequence"], 4);
    }
}
