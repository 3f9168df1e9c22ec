//! Intents and models from their JSON Schemas.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jackfield_catalog::definitions;
use serde_json::Value;

pub(super) fn body() -> String {
    let mut out = String::from(
        "The words that all connectors share. A bot sends `input` and gets `output`; the host checks both. Which of these a key \
         may call, and a connector's own intents beside them, `GET /v1/intents` tells.\n\n",
    );
    let mut models: BTreeMap<&str, &Value> = BTreeMap::new();
    let mut domain = "";
    for definition in definitions() {
        if definition.domain != domain {
            domain = definition.domain;
            let _ = writeln!(out, "## {domain}\n");
        }
        models.insert(definition.output_model, &definition.output_schema);
        let effect = format!("{:?}", definition.effect).to_lowercase();
        let _ = writeln!(
            out,
            "### `{}`\n\n{} Effect: {effect}. Output: [`{}`](#{}).\n",
            definition.name,
            definition.description,
            definition.output_model,
            definition.output_model.to_lowercase()
        );
        properties(&mut out, &definition.input_schema);
        let _ = writeln!(out, "```json\n{}\n```\n", definition.example);
    }
    out.push_str("## Models\n\nTimes are RFC 3339, amounts decimal numbers as text with an ISO 4217 currency.\n\n");
    for (name, schema) in models {
        let about = schema["description"].as_str().unwrap_or_default();
        let _ = writeln!(out, "### {name}\n\n{about}\n");
        properties(&mut out, schema);
    }
    out
}

/// A table of an object's members; those of objects inside stand below with their path.
pub(super) fn properties(out: &mut String, schema: &Value) {
    let mut rows = String::new();
    collect(&mut rows, schema, "", 0);
    if !rows.is_empty() {
        let _ = writeln!(out, "| member | type | needed | meaning |\n|---|---|---|---|\n{rows}");
    }
}

/// Objects inside objects that are shown; what lies deeper is in the schema itself.
const DEPTH_MAX: usize = 3;

fn collect(rows: &mut String, schema: &Value, path: &str, depth: usize) {
    let required = |name: &str| schema["required"].as_array().is_some_and(|all| all.iter().any(|n| n == name));
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        let needed = if required(name) { "yes" } else { "" };
        let about = member["description"].as_str().unwrap_or_default().replace('|', "\\|").replace('\n', " ");
        let mask = member["x-mask"].as_str().map(|mask| format!(" Masked ({mask}).")).unwrap_or_default();
        let _ = writeln!(rows, "| `{path}{name}` | {} | {needed} | {about}{mask} |", kind(member));
        if depth < DEPTH_MAX {
            collect(rows, member, &format!("{path}{name}."), depth + 1);
            collect(rows, &member["items"], &format!("{path}{name}[]."), depth + 1);
        }
    }
}

fn kind(schema: &Value) -> String {
    if let Some(words) = schema["enum"].as_array() {
        let words: Vec<_> = words.iter().map(|word| format!("`{}`", word.as_str().unwrap_or_default())).collect();
        return words.join(", ");
    }
    if let Some(model) = schema["$ref"].as_str() {
        return format!("`{}`", model.rsplit('/').next().unwrap_or_default());
    }
    match &schema["type"] {
        Value::String(kind) if kind == "array" => format!("list of {}", kind_of_items(&schema["items"])),
        Value::String(kind) => schema["x-format"].as_str().unwrap_or(kind).to_owned(),
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        _ => String::new(),
    }
}

fn kind_of_items(items: &Value) -> String {
    match items["type"].as_str() {
        Some("object") => "objects".to_owned(),
        _ => kind(items),
    }
}
