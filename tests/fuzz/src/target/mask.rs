//! Masking: of a text that stands where any part of the schema says `x-mask`, no more is left than the mask leaves. Where
//! that is, is told a second time here, by walking schema and answer side by side.

use arbitrary::{Result, Unstructured};
use jackfield_core::mask::Masks;
use serde_json::{Map, Value, json};

const NAMES: [&str; 4] = ["a", "b", "c", "d"];
const DEFINITIONS: [&str; 2] = ["#/$defs/a", "#/$defs/b"];
const MASKS: [&str; 5] = ["email", "phone", "last4", "all", "comes-later"];
const SCHEMA_DEPTH_MAX: usize = 5;
const VALUE_DEPTH_MAX: usize = 30;
const WIDTH_MAX: usize = 3;

/// What every text begins with, with its number: longer than any mask leaves.
const STEM: &str = "Kp7Qx2Wm9Zt4";

fn schema(u: &mut Unstructured<'_>, depth: usize) -> Result<Value> {
    let mut schema = Map::new();
    if u.ratio(1, 4)? {
        let mask = if u.ratio(1, 8)? { json!(u.arbitrary::<bool>()?) } else { json!(u.choose(&MASKS)?) };
        schema.insert("x-mask".to_owned(), mask);
    }
    if depth == SCHEMA_DEPTH_MAX {
        return Ok(Value::Object(schema));
    }
    for _ in 0..u.int_in_range(0..=2)? {
        let (key, value) = match u.int_in_range(0..=6)? {
            0 => ("$ref", json!(if u.ratio(1, 4)? { "#" } else { u.choose(&DEFINITIONS)? })),
            1 => ("items", self::schema(u, depth + 1)?),
            2 => ("additionalProperties", self::schema(u, depth + 1)?),
            3 => ("prefixItems", json!([self::schema(u, depth + 1)?])),
            4 => ("then", self::schema(u, depth + 1)?),
            5 => {
                let key = *u.choose(&["anyOf", "oneOf", "allOf"])?;
                let branches = (0..u.int_in_range(1..=WIDTH_MAX)?).map(|_| self::schema(u, depth + 1));
                (key, Value::Array(branches.collect::<Result<_>>()?))
            }
            _ => {
                let mut properties = Map::new();
                for _ in 0..u.int_in_range(1..=WIDTH_MAX)? {
                    properties.insert((*u.choose(&NAMES)?).to_owned(), self::schema(u, depth + 1)?);
                }
                ("properties", Value::Object(properties))
            }
        };
        schema.insert(key.to_owned(), value);
    }
    Ok(Value::Object(schema))
}

fn value(u: &mut Unstructured<'_>, depth: usize, texts: &mut usize) -> Result<Value> {
    let is_leaf = depth == VALUE_DEPTH_MAX || u.is_empty();
    Ok(match u.int_in_range(0..=if is_leaf { 1 } else { 5 })? {
        0 | 1 => {
            *texts += 1;
            json!(format!("{STEM}-{texts}-"))
        }
        2 => {
            let items = (0..u.int_in_range(0..=WIDTH_MAX)?).map(|_| value(u, depth + 1, texts));
            Value::Array(items.collect::<Result<_>>()?)
        }
        _ => {
            let mut members = Map::new();
            for _ in 0..u.int_in_range(1..=WIDTH_MAX)? {
                members.insert((*u.choose(&NAMES)?).to_owned(), value(u, depth + 1, texts)?);
            }
            Value::Object(members)
        }
    })
}

/// Every text at or below a marked place.
fn marked<'v>(root: &Value, schema: &Value, value: &'v Value, met: &mut Vec<*const Value>, hidden: &mut Vec<&'v str>) {
    let Some(map) = schema.as_object() else { return };
    // The same schema at the same place says nothing new.
    if met.contains(&std::ptr::from_ref(schema)) {
        return;
    }
    met.push(std::ptr::from_ref(schema));
    if map.contains_key("x-mask") {
        texts(value, hidden);
    }
    let target = map.get("$ref").and_then(Value::as_str).and_then(|to| root.pointer(to.strip_prefix('#')?));
    let branches = ["anyOf", "oneOf", "allOf"].iter().filter_map(|key| map.get(*key)?.as_array()).flatten();
    for other in target.into_iter().chain(branches).chain(map.get("then")) {
        marked(root, other, value, met, hidden);
    }
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let named = map.get("properties").and_then(|properties| properties.get(name));
                if let Some(sub) = named.or_else(|| map.get("additionalProperties")) {
                    marked(root, sub, member, &mut Vec::new(), hidden);
                }
            }
        }
        Value::Array(items) => {
            let first = map.get("prefixItems").and_then(|schemas| schemas.get(0));
            if let Some(sub) = map.get("items") {
                items.iter().for_each(|item| marked(root, sub, item, &mut Vec::new(), hidden));
            }
            if let (Some(sub), Some(item)) = (first, items.first()) {
                marked(root, sub, item, &mut Vec::new(), hidden);
            }
        }
        _ => {}
    }
}

fn texts<'v>(value: &'v Value, hidden: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => hidden.push(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, hidden)),
        Value::Object(members) => members.values().for_each(|member| texts(member, hidden)),
        _ => {}
    }
}

/// See the file.
pub fn run(data: &[u8]) {
    let _ = check(&mut Unstructured::new(data));
}

fn check(u: &mut Unstructured<'_>) -> Result<()> {
    let mut root = schema(u, 0)?;
    root["$defs"] = json!({ "a": schema(u, 2)?, "b": schema(u, 2)? });
    let answer = value(u, 0, &mut 0)?;
    let mut hidden = Vec::new();
    marked(&root, &root, &answer, &mut Vec::new(), &mut hidden);
    let mut masked = answer.clone();
    Masks::new(&root).apply(&mut masked);
    let shown = masked.to_string();
    for text in hidden {
        assert!(!shown.contains(text), "{text} of {answer} is left by {root}: {shown}");
    }
    Ok(())
}
