//! Runs every conversation in `tests/cases`: each file is one, step by step, against a fresh host and fresh mocks. A
//! new case needs no Rust.
//!
//! ```json
//! { "why": "one sentence", "config": { "access = \"write\"": "access = \"read\"" },
//!   "steps": [ { "ask": "order.status", "input": {}, "context": {}, "connection": "…", "headers": {},
//!                "fault": { "system": "shopify", "kind": "reset" },
//!                "expect": { "status": 200, "text": "…", "body": {}, "absent": ["/output/email"] },
//!                "upstream": [ { "system": "shopify", "method": "POST", "path": "/…", "json": {} } ],
//!                "save": { "ticket": "/output/id" } } ] }
//! ```
//!
//! `body` and `json` are compared as subsets: members that are not named may be anything, `"*"` is any value but null,
//! a list must have as many entries. `{ticket}` stands for what an earlier step saved. Texts are compared without the
//! years of their days.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use http::Method;
use jackfield_mocks::Fault;
use jackfield_tests::{Demo, root};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    why: String,
    #[serde(default)]
    config: BTreeMap<String, String>,
    /// Requests that a vendor's documentation does not know: expected only where a case is about them.
    #[serde(default)]
    violations: usize,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    ask: String,
    #[serde(default = "object")]
    input: Value,
    context: Option<Value>,
    connection: Option<String>,
    options: Option<Value>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    fault: Option<Fault>,
    expect: Expect,
    upstream: Option<Vec<Upstream>>,
    #[serde(default)]
    save: BTreeMap<String, String>,
}

fn object() -> Value {
    json!({})
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    status: u16,
    text: Option<String>,
    body: Option<Value>,
    #[serde(default)]
    absent: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Upstream {
    system: String,
    method: String,
    path: String,
    json: Option<Value>,
}

#[tokio::test]
async fn every_conversation_goes_as_written() {
    let mut files: Vec<_> =
        std::fs::read_dir(root().join("tests/cases")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() > 10, "the cases are gone");
    let mut failures = String::new();
    for file in &files {
        if let Err(why) = run(file).await {
            let _ = writeln!(failures, "{}: {why}\n", file.file_name().unwrap_or_default().display());
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

async fn run(file: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(file).map_err(|e| e.to_string())?;
    let case: Case = serde_json::from_str(&text).map_err(|e| e.to_string())?;
    let demo = Demo::start_with(|config| {
        case.config.iter().fold(config, |config, (from, to)| {
            assert!(config.contains(from), "{}: the configuration has no {from:?}", file.display());
            config.replace(from, to)
        })
    })
    .await
    .map_err(|e| format!("the host does not start: {e:#}"))?;
    let mut saved = BTreeMap::new();
    for (number, step) in case.steps.iter().enumerate() {
        play(&demo, step, &mut saved)
            .await
            .map_err(|why| format!("step {} ({}), {}\n{why}", number + 1, step.ask, case.why))?;
    }
    let violations = demo.mocks.violations();
    if violations.len() != case.violations {
        return Err(format!("the systems received what their vendors do not document: {violations:#?}"));
    }
    Ok(())
}

async fn play(demo: &Demo, step: &Step, saved: &mut BTreeMap<String, String>) -> Result<(), String> {
    let before: BTreeMap<&str, usize> =
        demo.mocks.systems().map(|(name, _)| (name, demo.mocks.journal(name).len())).collect();
    if let Some(fault) = &step.fault {
        demo.mocks.fault(fault.clone());
    }
    let mut body = json!({ "input": filled(&step.input, saved) });
    for (name, value) in [
        ("context", step.context.clone()),
        ("connection", step.connection.clone().map(Value::String)),
        ("options", step.options.clone()),
    ] {
        if let Some(value) = value {
            body[name] = value;
        }
    }
    let mut headers = vec![("content-type", "application/json")];
    headers.extend(step.headers.iter().map(|(n, v)| (n.as_str(), v.as_str())));
    let path = format!("/v1/intents/{}", step.ask);
    let answer = demo.host.client.send(Method::POST, &path, &headers, body.to_string()).await;
    demo.mocks.clear_faults();

    let mut wrong = Vec::new();
    if answer.status != step.expect.status {
        wrong.push(format!("status {} instead of {}", answer.status, step.expect.status));
    }
    if let Some(text) = step.expect.text.as_ref().map(|text| fill(text, saved))
        && without_years(answer.text("/text")) != without_years(&text)
    {
        wrong.push(format!("text {:?}\ninstead of {text:?}", answer.text("/text")));
    }
    if let Some(expected) = &step.expect.body {
        differences("", &filled(expected, saved), &answer.body, &mut wrong);
    }
    for pointer in &step.expect.absent {
        if let Some(value) = answer.body.pointer(pointer) {
            wrong.push(format!("{pointer} is there: {value}"));
        }
    }
    if let Some(expected) = &step.upstream {
        let mut received = Vec::new();
        for (system, seen) in &before {
            received.extend(demo.mocks.journal(system).into_iter().skip(*seen).map(|entry| (*system, entry)));
        }
        if received.len() != expected.len() {
            let list: Vec<_> = received.iter().map(|(s, e)| format!("{s} {} {}", e.method, e.path)).collect();
            wrong.push(format!("{} upstream requests instead of {}: {list:?}", received.len(), expected.len()));
        }
        for (wanted, (system, got)) in expected.iter().zip(&received) {
            let line = format!("{system} {} {}", got.method, got.path);
            let wanted_line = format!("{} {} {}", wanted.system, wanted.method, wanted.path);
            if line != wanted_line {
                wrong.push(format!("upstream received {line} instead of {wanted_line}"));
            }
            if let Some(json) = &wanted.json {
                let got = got.json.clone().unwrap_or_default();
                differences("upstream", &filled(json, saved), &got, &mut wrong);
            }
        }
    }
    for (name, pointer) in &step.save {
        match answer.body.pointer(pointer).and_then(Value::as_str) {
            Some(value) => {
                saved.insert(name.clone(), value.to_owned());
            }
            None => wrong.push(format!("nothing to save at {pointer}")),
        }
    }
    if wrong.is_empty() {
        return Ok(());
    }
    let shown = serde_json::to_string_pretty(&answer.body).unwrap_or_default();
    Err(format!("{}\nthe answer was {shown}", wrong.join("\n")))
}

/// A text without the years of its days, such as the one in `January 25th, 2026`: a day that is far from today shows its
/// year and a near one does not, and a case holds on every day.
fn without_years(text: &str) -> String {
    const YEAR_DIGITS: usize = 4;
    let is_year = |part: &str| part.bytes().take_while(u8::is_ascii_digit).count() == YEAR_DIGITS;
    let mut parts = text.split(", ");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match is_year(part) {
            true => plain.push_str(&part[YEAR_DIGITS..]),
            false => {
                plain.push_str(", ");
                plain.push_str(part);
            }
        }
    }
    plain
}

/// What an earlier step saved, put in for `{name}`.
fn fill(text: &str, saved: &BTreeMap<String, String>) -> String {
    saved.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

/// The same for every text in a value.
fn filled(value: &Value, saved: &BTreeMap<String, String>) -> Value {
    match value {
        Value::String(text) => Value::String(
            saved.iter().fold(text.clone(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value)),
        ),
        Value::Array(items) => Value::Array(items.iter().map(|item| filled(item, saved)).collect()),
        Value::Object(map) => Value::Object(map.iter().map(|(k, v)| (k.clone(), filled(v, saved))).collect()),
        other => other.clone(),
    }
}

fn differences(at: &str, expected: &Value, got: &Value, wrong: &mut Vec<String>) {
    match (expected, got) {
        (Value::String(any), got) if any == "*" && !got.is_null() => {}
        (Value::Object(expected), Value::Object(got)) => {
            for (name, value) in expected {
                differences(&format!("{at}/{name}"), value, got.get(name).unwrap_or(&Value::Null), wrong);
            }
        }
        (Value::Array(expected), Value::Array(got)) if expected.len() == got.len() => {
            for (i, (expected, got)) in expected.iter().zip(got).enumerate() {
                differences(&format!("{at}/{i}"), expected, got, wrong);
            }
        }
        (expected, got) if expected == got => {}
        (expected, got) => wrong.push(format!("{at}: {got} instead of {expected}")),
    }
}
