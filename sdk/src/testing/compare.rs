//! Two JSON values side by side: what differs, and where.

use serde_json::Value;

/// What differs, one line each, by JSON Pointer. Empty when the values are equal; the order of members does not count,
/// nor does `1` against `1.0`.
///
/// ```
/// use jackfield_sdk::{json, testing::differences};
///
/// let lines = differences(&json!({"a": [1, 2]}), &json!({"a": [1, 3], "b": null}));
/// assert_eq!(lines, ["/a/1: expected 2, found 3", "/b: unexpected null"]);
/// ```
pub fn differences(expected: &Value, found: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    compare("", expected, found, &mut lines);
    lines
}

fn compare(pointer: &str, expected: &Value, found: &Value, lines: &mut Vec<String>) {
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => {
            for (name, expected) in expected {
                let pointer = member(pointer, name);
                match found.get(name) {
                    Some(found) => compare(&pointer, expected, found, lines),
                    None => lines.push(format!("{pointer}: missing, expected {}", shown(expected))),
                }
            }
            for (name, found) in found.iter().filter(|(name, _)| !expected.contains_key(*name)) {
                lines.push(format!("{}: unexpected {}", member(pointer, name), shown(found)));
            }
        }
        (Value::Array(expected), Value::Array(found)) => {
            for at in 0..expected.len().max(found.len()) {
                let pointer = format!("{pointer}/{at}");
                match (expected.get(at), found.get(at)) {
                    (Some(expected), Some(found)) => compare(&pointer, expected, found, lines),
                    (Some(expected), None) => lines.push(format!("{pointer}: missing, expected {}", shown(expected))),
                    (None, Some(found)) => lines.push(format!("{pointer}: unexpected {}", shown(found))),
                    (None, None) => {}
                }
            }
        }
        (Value::Number(a), Value::Number(b)) if a.as_f64() == b.as_f64() => {}
        (expected, found) if expected == found => {}
        (expected, found) => {
            let pointer = if pointer.is_empty() { "(the whole)" } else { pointer };
            lines.push(format!("{pointer}: expected {}, found {}", shown(expected), shown(found)));
        }
    }
}

fn member(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(300) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
