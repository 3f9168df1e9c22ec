//! Values on their way into a template: texts of a business system without anything that could fake structure or hide words.
//! What the operator wrote in a template is left alone.

use minijinja::Value;

/// Deeper than any model; a connector's own output may not make the renderer recurse without end.
const DEPTH_MAX: usize = 32;

/// A JSON value as a template sees it. Texts are cleaned, names that begin with `__` are the renderer's own.
pub(crate) fn value(json: &serde_json::Value) -> Value {
    nested(json, DEPTH_MAX)
}

fn nested(json: &serde_json::Value, depth: usize) -> Value {
    use serde_json::Value as Json;
    match json {
        Json::Null => Value::UNDEFINED,
        Json::Bool(flag) => (*flag).into(),
        Json::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(number), ..) => number.into(),
            (_, Some(number), _) => number.into(),
            (.., Some(number)) => number.into(),
            _ => number.to_string().into(),
        },
        Json::String(text) => self::text(text).into(),
        Json::Array(_) | Json::Object(_) if depth == 0 => Value::UNDEFINED,
        Json::Array(items) => items.iter().map(|item| nested(item, depth - 1)).collect(),
        Json::Object(fields) => Value::from_pairs(
            fields
                .iter()
                .filter(|(name, _)| !name.starts_with("__"))
                .map(|(name, field)| (name.clone(), nested(field, depth - 1))),
        ),
    }
}

/// A text on one line, without control characters and without characters that are there to deceive.
pub(crate) fn text(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_whitespace() && character != '\u{a0}' && character != '\u{202f}' || character.is_control() {
            if !clean.ends_with(' ') {
                clean.push(' ');
            }
        } else if !is_deceptive(character) {
            clean.push(character);
        }
    }
    clean.trim().to_owned()
}

/// Characters that turn the direction of the text around them, or that are invisible and could carry words for a language
/// model that no person sees. Joiners stay: scripts and emoji need them.
fn is_deceptive(character: char) -> bool {
    matches!(character,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}
