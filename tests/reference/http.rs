//! The HTTP API from its OpenAPI document.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;

pub(super) fn body(root: &Path) -> String {
    let text = std::fs::read_to_string(root.join("tests/golden/openapi.json")).expect("the golden OpenAPI document");
    let document: Value = serde_json::from_str(&text).expect("JSON");
    let mut out = String::from(
        "Every host serves its whole description as OpenAPI 3.1 at `/openapi.json`. `Authorization: Bearer KEY` is needed \
         wherever nothing else is said. Bodies are JSON; errors are [problems](problems.md).\n\n",
    );
    for (path, methods) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            let open = operation["security"].as_array().is_some_and(Vec::is_empty);
            let key = if open { " No key is needed." } else { "" };
            let summary = operation["summary"].as_str().unwrap_or_default();
            let _ = writeln!(out, "## `{} {path}`\n\n{summary}.{key}\n", method.to_uppercase());
            parameters(&mut out, &operation["parameters"]);
            responses(&mut out, &operation["responses"]);
        }
    }
    out.push_str("## Bodies\n\nMembers of what is sent and answered.\n\n");
    for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
        let _ = writeln!(out, "### `{name}`\n");
        if let Some(about) = schema["description"].as_str() {
            let _ = writeln!(out, "{about}\n");
        }
        super::catalogue::properties(&mut out, schema);
    }
    out
}

fn parameters(out: &mut String, parameters: &Value) {
    let Some(all) = parameters.as_array().filter(|all| !all.is_empty()) else { return };
    out.push_str("| parameter | in | meaning |\n|---|---|---|\n");
    for parameter in all {
        let text = |name: &str| parameter[name].as_str().unwrap_or_default();
        let words: Vec<_> = parameter["schema"]["enum"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(|word| format!("`{word}`"))
            .collect();
        let words = if words.is_empty() { String::new() } else { format!(" One of {}.", words.join(", ")) };
        let _ = writeln!(out, "| `{}` | {} | {}{words} |", text("name"), text("in"), text("description"));
    }
    out.push('\n');
}

fn responses(out: &mut String, responses: &Value) {
    out.push_str("| status | answer |\n|---|---|\n");
    for (status, response) in responses.as_object().into_iter().flatten() {
        let status = if status == "default" { "other" } else { status };
        let _ = writeln!(out, "| {status} | {} |", response["description"].as_str().unwrap_or_default());
    }
    out.push('\n');
}
