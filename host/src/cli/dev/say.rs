//! Each call on the terminal: how it came out, what was sent and answered, and how long it took.

use jackfield_trial::{Came, Rehearsal, difference};
use serde_json::Value;

use super::stand::{Stand, State};

/// A call that came to an end.
pub(super) fn call(stand: &Stand, intent: &str, rehearsal: &Rehearsal, shown: &Value) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut lines = vec![format!(
        "#{} {intent} {} in {} ms, computing {} ms (build {}{})",
        shown["number"],
        text(&shown["status"]),
        shown["took_ms"],
        shown["cpu_ms"],
        shown["build"],
        if stand.state() == State::Ready { "" } else { ", the newest sources are not served" },
    )];
    for exchange in shown["exchanges"].as_array().into_iter().flatten() {
        lines.push(self::exchange(exchange));
    }
    for difference in rehearsal.told.iter().flat_map(|told| &told.differences) {
        lines.extend(difference_lines(difference));
    }
    for refused in &rehearsal.usage.denials {
        lines.push(format!("    refused: {refused}"));
    }
    match &rehearsal.came {
        Came::Output(_, errors) => lines.extend(errors.iter().map(|error| format!("    breaks its schema: {error}"))),
        Came::Failure(_) | Came::Broke(_) => lines.push(format!("    {}", text(&shown["detail"]))),
    }
    lines.extend(rehearsal.lines.iter().map(|line| format!("    log {line}")));
    // In one go: calls at the same time do not mix their lines.
    eprintln!("{}", crate::telemetry::clean(&lines.join("\n")));
}

/// A call that no connector was asked for.
pub(super) fn refused(number: u64, intent: &str, why: &str) {
    eprintln!("{}", crate::telemetry::clean(&format!("#{number} {intent} was not asked: {why}")));
}

fn exchange(exchange: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let query: Vec<String> = exchange["query"].as_array().into_iter().flatten().map(text).collect();
    let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
    let answer = match exchange["answer"]["status"].as_u64() {
        Some(status) => status.to_string(),
        None => text(&exchange["answer"]["error"]),
    };
    let from = match (exchange["fixture"].as_str(), exchange["missed"].as_bool()) {
        (Some(fixture), Some(true)) => format!("  no fixture; nearest {fixture}"),
        (Some(fixture), _) => format!("  {fixture}"),
        (None, Some(true)) => "  no fixture".to_owned(),
        (None, _) => String::new(),
    };
    let took = exchange["took_ms"].as_f64().map(|ms| format!(" {ms} ms")).unwrap_or_default();
    format!(
        "    {} {} {}{query} -> {answer}{took}{from}",
        text(&exchange["endpoint"]),
        text(&exchange["method"]),
        text(&exchange["path"])
    )
}

fn difference_lines(complaint: &jackfield_trial::Complaint) -> Vec<String> {
    difference(complaint).lines().map(|line| format!("    {line}")).collect()
}
