//! A readable text without a template: the fields of an output by their names. For connectors' own intents that bring no text,
//! and for when a template fails.

use crate::{
    call::{Call, When},
    clean,
    reflow::Page,
};
use serde_json::{Map, Value};
use std::io::Write;

/// Items shown of one list.
const ITEMS_MAX: usize = 10;
/// Objects inside objects shown.
const DEPTH_MAX: usize = 2;

/// Fields that say nothing to a person.
fn is_hidden(name: &str) -> bool {
    name == "id"
        || name == "vendor"
        || name == "more"
        || name.ends_with("_id")
        || name.ends_with("_raw")
        || name.starts_with('_')
}

/// How much of a value is shown.
#[derive(Clone, Copy)]
struct Extent {
    /// Objects inside objects.
    depth: usize,
    /// Ids too.
    is_whole: bool,
}

impl Extent {
    fn inside(self) -> Extent {
        Extent { depth: self.depth.saturating_sub(1), ..self }
    }

    fn shows(self, name: &str) -> bool {
        self.is_whole || !is_hidden(name)
    }
}

/// The fields of an input, a line each. None is left out: who says yes to a ticket's number must see it.
pub(crate) fn details(input: &Value, call: &Call) -> String {
    block(input, call, Extent { depth: DEPTH_MAX, is_whole: true })
}

pub(crate) fn text(output: &Value, call: &Call) -> String {
    let mut page = Page::default();
    // The page refuses what is too long; what it has is the text then.
    let _ = write!(page, "{}", block(output, call, Extent { depth: DEPTH_MAX, is_whole: false }));
    let text = page.finish();
    if text.is_empty() { "Done.".to_owned() } else { text }
}

/// The fields of an object, a line each; lists of objects as items.
fn block(value: &Value, call: &Call, extent: Extent) -> String {
    let fields = match value {
        Value::Object(fields) if !is_money(fields) => fields,
        Value::Array(items) if items.iter().any(Value::is_object) => return item_lines(items, call, extent),
        other => return short("", other, call, extent),
    };
    let mut lines = Vec::new();
    for (name, field) in fields.iter().filter(|(name, _)| extent.shows(name)) {
        match field {
            Value::Array(items) if items.iter().any(Value::is_object) && extent.depth > 0 => {
                lines.push(format!("{}:\n{}", label(name), item_lines(items, call, extent.inside())));
            }
            field => {
                let text = short(name, field, call, extent);
                if !text.is_empty() {
                    lines.push(format!("- {}: {text}", label(name)));
                }
            }
        }
    }
    lines.join("\n")
}

fn item_lines(items: &[Value], call: &Call, extent: Extent) -> String {
    let mut lines: Vec<String> = items
        .iter()
        .take(ITEMS_MAX)
        .map(|item| short("", item, call, extent))
        .filter(|line| !line.is_empty())
        .map(|line| format!("- {line}"))
        .collect();
    if items.len() > ITEMS_MAX {
        lines.push(format!("- … ({})", call.formats.number(&format!("{}", items.len() - ITEMS_MAX))));
    }
    lines.join("\n")
}

/// A value on one line.
fn short(name: &str, value: &Value, call: &Call, extent: Extent) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Number(number) => call.formats.number(&number.to_string()),
        Value::String(text) => {
            let text = clean::text(text);
            match (call.words.known(name, &text), call.when(&text)) {
                (Some(words), _) => words.to_owned(),
                (_, Some(When::Day(_))) => call.date(&text),
                (_, Some(When::Instant(_))) => call.datetime(&text),
                _ => text,
            }
        }
        Value::Array(items) => {
            let texts: Vec<String> = items
                .iter()
                .take(ITEMS_MAX)
                .map(|item| short(name, item, call, extent.inside()))
                .filter(|text| !text.is_empty())
                .collect();
            call.formats.list(&texts, false)
        }
        Value::Object(fields) if is_money(fields) => {
            let field = |name: &str| fields.get(name).and_then(Value::as_str).map(clean::text).unwrap_or_default();
            call.formats.money(&field("amount"), &field("currency"))
        }
        Value::Object(_) if extent.depth == 0 => String::new(),
        Value::Object(fields) => {
            let texts = fields.iter().filter(|(name, _)| extent.shows(name)).filter_map(|(name, field)| {
                let text = short(name, field, call, extent.inside());
                (!text.is_empty()).then(|| format!("{} {text}", label(name).to_lowercase()))
            });
            texts.collect::<Vec<_>>().join(", ")
        }
    }
}

fn is_money(fields: &Map<String, Value>) -> bool {
    fields.len() == 2
        && fields.get("amount").is_some_and(Value::is_string)
        && fields.get("currency").is_some_and(Value::is_string)
}

/// `expected_on` as a person reads it.
fn label(name: &str) -> String {
    let words = clean::text(&name.replace(['_', '-', '.'], " "));
    let mut characters = words.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}
