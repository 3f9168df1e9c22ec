//! Values that a JSON Schema accepts: inputs and settings that nobody wrote. The first of `const`, `default`, `examples`
//! and `enum`, else the least that the type, the format and the pattern ask for.

use regex_syntax::hir::{Class, Hir, HirKind};
use serde_json::{Map, Value, json};

/// Bound of the walk: schemas that refer to themselves end here.
const DEPTH_MAX: usize = 12;

/// Texts that fit most formats that are written as patterns.
const TEXTS: [&str; 8] = [
    "sample",
    "1001",
    "ada@acme.example",
    "2026-01-15",
    "https://acme.example/{id}",
    "00000000-0000-4000-8000-000000000000",
    "EUR",
    "2026-01-15T12:00:00Z",
];

/// A value for a schema that refers to nothing outside of it.
pub(crate) fn sample(schema: &Value) -> Option<Value> {
    make(schema, schema, 0).filter(|value| accepts(schema, value))
}

/// The first thing that is wrong with a value: its pointer, and the reason.
pub(crate) fn first_error(schema: &Value, value: &Value) -> Option<(String, String)> {
    let validator = match compile(schema) {
        Ok(validator) => validator,
        Err(error) => return Some((String::new(), error)),
    };
    let error = validator.iter_errors(value).next()?;
    Some((error.instance_path().as_str().to_owned(), error.to_string()))
}

/// Compiles a schema as the host does: formats count, nothing is fetched.
pub(crate) fn compile(schema: &Value) -> Result<jsonschema::Validator, String> {
    jsonschema::draft202012::options().should_validate_formats(true).build(schema).map_err(|error| error.to_string())
}

fn accepts(schema: &Value, value: &Value) -> bool {
    compile(schema).is_ok_and(|validator| validator.is_valid(value))
}

fn make(root: &Value, schema: &Value, depth: usize) -> Option<Value> {
    if depth > DEPTH_MAX {
        return None;
    }
    let known = ["const", "default"].iter().find_map(|key| schema.get(*key));
    let listed = || ["examples", "enum"].iter().find_map(|key| schema.get(*key)?.get(0));
    if let Some(value) = known.or_else(listed) {
        return Some(value.clone());
    }
    if let Some(target) = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
        return make(root, root.pointer(target)?, depth + 1);
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().find(|kind| *kind != "null")?.as_str(),
        kind => kind.as_str(),
    };
    match kind {
        Some("object") => object(root, schema, depth),
        Some("array") => {
            let length = schema["minItems"].as_u64().unwrap_or(0);
            (0..length).map(|_| make(root, &schema["items"], depth + 1)).collect::<Option<Vec<_>>>().map(Value::Array)
        }
        Some("integer" | "number") => Some(schema.get("minimum").cloned().unwrap_or_else(|| json!(1))),
        Some("boolean") => Some(json!(false)),
        Some("string") => text(schema),
        _ => {
            let branches = ["anyOf", "oneOf"].iter().find_map(|key| schema.get(*key)?.as_array());
            branches?.iter().find_map(|branch| make(root, branch, depth + 1))
        }
    }
}

/// What is required, and what the first satisfiable alternative requires beside it.
fn object(root: &Value, schema: &Value, depth: usize) -> Option<Value> {
    let names = |schema: &Value| -> Vec<String> {
        let required = schema["required"].as_array().into_iter().flatten();
        required.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let properties = &schema["properties"];
    let complete = |names: &[String]| -> Option<Map<String, Value>> {
        names.iter().map(|name| Some((name.clone(), make(root, &properties[name.as_str()], depth + 1)?))).collect()
    };
    let required = names(schema);
    let branches = ["anyOf", "oneOf"].iter().find_map(|key| schema.get(*key)?.as_array());
    match branches {
        None => complete(&required).map(Value::Object),
        Some(branches) => branches.iter().find_map(|branch| {
            let all: Vec<String> = required.iter().cloned().chain(names(branch)).collect();
            complete(&all).map(Value::Object)
        }),
    }
}

fn text(schema: &Value) -> Option<Value> {
    let by_pattern = || Some(Value::String(matching(schema["pattern"].as_str()?)?));
    TEXTS.iter().map(|text| json!(text)).find(|text| accepts(schema, text)).or_else(by_pattern)
}

/// A short text that a pattern matches. What a regular expression of JSON Schema can say and this reader cannot (a look
/// ahead) gives none.
fn matching(pattern: &str) -> Option<String> {
    let mut out = String::new();
    write(&regex_syntax::parse(pattern).ok()?, &mut out)?;
    Some(out)
}

fn write(hir: &Hir, out: &mut String) -> Option<()> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => out.push_str(std::str::from_utf8(&literal.0).ok()?),
        HirKind::Class(Class::Unicode(class)) => {
            let usual = ['a', 'A', '1'].into_iter().find(|c| class.iter().any(|r| r.start() <= *c && *c <= r.end()));
            out.push(usual.or_else(|| class.iter().next().map(|range| range.start()))?);
        }
        HirKind::Class(Class::Bytes(class)) => out.push(char::from(class.iter().next()?.start())),
        HirKind::Repetition(repetition) => {
            for _ in 0..repetition.min {
                write(&repetition.sub, out)?;
            }
        }
        HirKind::Capture(capture) => write(&capture.sub, out)?,
        HirKind::Concat(parts) => parts.iter().try_for_each(|part| write(part, out))?,
        HirKind::Alternation(branches) => write(branches.first()?, out)?,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_what_the_schema_accepts() {
        for schema in [
            json!({ "type": "string", "pattern": "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", "maxLength": 63 }),
            json!({ "type": "string", "pattern": r"^\d{4}-(01|04|07|10)$" }),
            json!({ "type": "string", "pattern": r"^[^@\s:/]+@[^@\s:/]+$" }),
            json!({ "type": "string", "format": "date" }),
            json!({ "type": ["null", "integer"], "minimum": 7 }),
            json!({ "enum": ["graphql", "rest"] }),
            json!({ "type": "array", "items": { "type": "boolean" }, "minItems": 2 }),
            json!({
                "type": "object",
                "properties": { "n": { "$ref": "#/$defs/n" }, "email": { "type": "string", "format": "email" } },
                "required": ["n"],
                "anyOf": [{ "required": ["email"] }, { "required": ["phone"] }],
                "$defs": { "n": { "type": "integer", "minimum": 3 } }
            }),
        ] {
            assert!(sample(&schema).is_some(), "{schema}");
        }
    }

    #[test]
    fn what_cannot_be_made_is_not_made_up() {
        for schema in [json!({ "type": "string", "pattern": "(?=x)y" }), json!({ "$ref": "#" }), json!(false)] {
            assert_eq!(sample(&schema), None, "{schema}");
        }
    }
}
