//! Two versions of one connector side by side, in words. What differs is judged in `core::upgrade`.

use std::fmt::Write as _;
use std::path::Path;

use jackfield_core::upgrade::{Ask, Change, IntentChange, Release, Side, Upgrade, What};
use jackfield_sandbox::Inspection;
use serde_json::json;

use crate::cli::say;
use crate::exit::Exit;

/// Prints what the newer file asks for and changes.
pub(super) fn run(older: (&Path, &[u8]), newer: (&Path, &[u8]), as_json: bool) -> anyhow::Result<Exit> {
    let (old, new) = (jackfield_sandbox::inspect(older.1)?, jackfield_sandbox::inspect(newer.1)?);
    let (Some(old), Some(new)) = (release(older.0, &old), release(newer.0, &new)) else { return Ok(Exit::Failed) };
    let upgrade = Upgrade::between(old, new);
    if as_json {
        let mut value = serde_json::to_value(&upgrade)?;
        value["asks_for_more"] = json!(upgrade.asks_for_more());
        value["breaks"] = json!(upgrade.breaks());
        say(serde_json::to_string_pretty(&value)? + "\n")?;
    } else {
        say(text(&upgrade)?)?;
    }
    Ok(if upgrade.asks_for_more() || upgrade.breaks() { Exit::Upgrade } else { Exit::Ok })
}

/// What can be compared of a file; says why where nothing can.
fn release<'i>(file: &Path, inspection: &'i Inspection) -> Option<Release<'i>> {
    match &inspection.package {
        Ok((package, manifest)) => Some(Release { package, manifest, imports: &inspection.imports }),
        Err(problem) => {
            eprintln!("error: {} is not loadable: {problem}", file.display());
            None
        }
    }
}

fn text(upgrade: &Upgrade) -> Result<String, std::fmt::Error> {
    let mut out = String::new();
    let Upgrade { from, to, .. } = upgrade;
    writeln!(out, "{} {} -> {} {}", from.id, from.version, to.id, to.version)?;
    if from.id != to.id {
        writeln!(out, "  BREAKS these are two connectors: `{}` and `{}`", from.id, to.id)?;
    }
    if from.contract != to.contract {
        writeln!(out, "contract {} instead of {}", to.contract, from.contract)?;
    }
    asks(&mut out, "asks for more", '+', &upgrade.asks)?;
    asks(&mut out, "does not ask any more", '-', &upgrade.drops)?;
    if !upgrade.intents.is_empty() {
        writeln!(out, "intents")?;
    }
    for change in &upgrade.intents {
        intent(&mut out, change)?;
    }
    if !upgrade.settings.is_empty() {
        writeln!(out, "settings")?;
    }
    for change in &upgrade.settings {
        writeln!(out, "  {}{} {}", mark(change.breaks), change.pointer, change.text)?;
    }
    let verdict = match (upgrade.asks_for_more(), upgrade.breaks()) {
        (false, false) => "it asks for nothing more and breaks nothing",
        (true, false) => "it asks for more",
        (false, true) => "it breaks who relies on the older version",
        (true, true) => "it asks for more, and breaks who relies on the older version",
    };
    writeln!(out, "{verdict}")?;
    Ok(out)
}

fn asks(out: &mut String, title: &str, sign: char, asks: &[Ask]) -> std::fmt::Result {
    if !asks.is_empty() {
        writeln!(out, "{title}")?;
    }
    for ask in asks {
        writeln!(out, "  {sign} {}: {}", ask.place, ask.text)?;
    }
    Ok(())
}

fn intent(out: &mut String, change: &IntentChange) -> std::fmt::Result {
    let effect = format!("{:?}", change.effect).to_lowercase();
    let IntentChange { intent, .. } = change;
    match change.what {
        What::Added => writeln!(out, "  + {intent} ({effect})")?,
        What::Removed => writeln!(out, "  {}{intent} is gone", mark(true))?,
        // What is listed below says more; an effect is no place in a schema.
        What::Changed if change.changes.iter().all(|change| !change.breaks) && change.breaks => {
            writeln!(out, "  {}{intent} has another effect: {effect}", mark(true))?;
        }
        What::Changed if change.changes.is_empty() => writeln!(out, "  ~ {intent} has other words")?,
        What::Changed => writeln!(out, "  ~ {intent}")?,
    }
    for Change { side, pointer, text, breaks } in &change.changes {
        let side = match side {
            Side::Input => "input",
            Side::Output => "output",
        };
        writeln!(out, "    {}{side}#{pointer} {text}", mark(*breaks))?;
    }
    Ok(())
}

fn mark(breaks: bool) -> &'static str {
    if breaks { "BREAKS " } else { "" }
}
