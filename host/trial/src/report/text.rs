//! A report for people: only what failed, each place with what was expected and what was there, and a line of numbers.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use super::{Outcome, Report, Suite};
use crate::complaint::Complaint;

/// Lines around a change that stay visible in a diff.
const CONTEXT_LINES: usize = 3;
/// Bound of the lines that are shown of one difference.
const DIFF_LINES_MAX: usize = 60;

/// Whether there is colour.
#[derive(Clone, Copy, Debug)]
pub struct Paint {
    colour: bool,
}

impl Paint {
    /// For files, pipes and tests.
    pub fn plain() -> Paint {
        Paint { colour: false }
    }

    /// For a terminal.
    pub fn coloured() -> Paint {
        Paint { colour: true }
    }

    fn with(self, style: Style, text: &str) -> String {
        if self.colour { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    fn removed(self, text: &str) -> String {
        self.with(AnsiColor::Red.on_default(), text)
    }

    fn added(self, text: &str) -> String {
        self.with(AnsiColor::Green.on_default(), text)
    }

    fn strong(self, text: &str) -> String {
        self.with(Style::new().bold(), text)
    }

    fn faint(self, text: &str) -> String {
        self.with(Style::new().dimmed(), text)
    }
}

/// The whole report.
pub fn text(report: &Report, paint: Paint) -> String {
    let mut out = String::new();
    for outcome in report.outcomes.iter().filter(|outcome| !outcome.passed()) {
        let name = format!("{} {}/{}", outcome.suite.name(), outcome.intent, outcome.case);
        let _ = writeln!(out, "{} {}", paint.removed("FAIL"), paint.strong(&name));
        out.push_str(&complaints(outcome, paint));
        out.push('\n');
    }
    for suite in [Suite::Fixtures, Suite::Conformance] {
        let outcomes = || report.outcomes.iter().filter(|outcome| outcome.suite == suite);
        let (all, failed) = (outcomes().count(), outcomes().filter(|outcome| !outcome.passed()).count());
        if all > 0 {
            let calls: usize = outcomes().map(|outcome| outcome.calls).sum();
            let failed = format!("{failed} failed");
            let failed = if failed.starts_with("0 ") { failed } else { paint.removed(&failed) };
            let passed = paint.added(&format!("{} passed", all - outcomes().filter(|o| !o.passed()).count()));
            let _ = writeln!(out, "{:<12} {passed}, {failed}, {calls} calls", suite.name());
        }
    }
    out
}

/// One complaint by itself, without colour.
pub fn difference(complaint: &Complaint) -> String {
    let mut out = String::new();
    write_complaint(complaint, Paint::plain(), &mut out);
    out
}

/// What went otherwise in one outcome.
pub(super) fn complaints(outcome: &Outcome, paint: Paint) -> String {
    let mut out = String::new();
    for complaint in &outcome.complaints {
        write_complaint(complaint, paint, &mut out);
    }
    out
}

fn write_complaint(complaint: &Complaint, paint: Paint, out: &mut String) {
    for (at, line) in complaint.message.lines().enumerate() {
        let _ = writeln!(out, "  {}{line}", if at == 0 { "" } else { "  " });
    }
    if let Some(file) = &complaint.file {
        let pointer = complaint.pointer.as_deref().filter(|pointer| !pointer.is_empty());
        let file = complaint.line.map_or_else(|| file.clone(), |line| format!("{file}:{line}"));
        let place = pointer.map_or_else(|| file.clone(), |pointer| format!("{file}#{pointer}"));
        let _ = writeln!(out, "    {} {}", paint.faint("at"), place);
    }
    for line in diff(complaint.expected.as_ref(), complaint.found.as_ref()) {
        let line = match line.chars().next() {
            Some('-') => paint.removed(&line),
            Some('+') => paint.added(&line),
            _ => paint.faint(&line),
        };
        let _ = writeln!(out, "    {line}");
    }
    for line in complaint.hint.iter().flat_map(|hint| hint.lines()) {
        let _ = writeln!(out, "    {} {line}", paint.faint("="));
    }
}

/// `-` before what was expected, `+` before what was there; of larger values only what differs, with some lines around.
fn diff(expected: Option<&Value>, found: Option<&Value>) -> Vec<String> {
    let side = |value: Option<&Value>| match value {
        None => String::new(),
        // A text of several lines is compared line by line; any other is shown as JSON, so that its type is seen.
        Some(Value::String(text)) if text.contains('\n') => format!("{text}\n"),
        Some(value) => serde_json::to_string_pretty(value).unwrap_or_default() + "\n",
    };
    let (expected, found) = (side(expected), side(found));
    let diff = TextDiff::from_lines(&expected, &found);
    let mut lines = Vec::new();
    for (at, group) in diff.grouped_ops(CONTEXT_LINES).iter().enumerate() {
        if at > 0 {
            lines.push("  ...".to_owned());
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let sign = match change.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            };
            lines.push(format!("{sign} {}", change.value().trim_end_matches('\n')));
        }
    }
    if lines.len() > DIFF_LINES_MAX {
        let more = lines.len() - DIFF_LINES_MAX;
        lines.truncate(DIFF_LINES_MAX);
        lines.push(format!("  ... and {more} more lines"));
    }
    lines
}
