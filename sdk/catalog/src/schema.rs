//! Definitions of intents: schemas made from the types, with the text template and a sample. Only with the feature `schema`.
//! Checking a value against a schema is the host's affair.

use crate::{Effect, Intent, intents::ROWS};
use schemars::{JsonSchema, Schema, generate::SchemaSettings};
use serde_json::Value;
use std::sync::LazyLock;

/// Everything there is to know about an intent of the catalogue.
#[derive(Clone, Debug)]
pub struct Definition {
    /// Such as `order.status`.
    pub name: &'static str,
    /// What it may do to the business system.
    pub effect: Effect,
    /// The part of the catalogue: `crm`, `helpdesk`, `commerce`, `hr`, `it`, `finance` or `erp`.
    pub domain: &'static str,
    /// A few words for a list.
    pub title: &'static str,
    /// What it does and what it needs: the text a language model chooses by.
    pub description: String,
    /// JSON Schema (2020-12) of the input. `properties` stand in the order in which errors are reported.
    pub input_schema: Value,
    /// The type of the output, by which a connector's own intent may refer to it.
    pub output_model: &'static str,
    /// JSON Schema (2020-12) of the output.
    pub output_schema: Value,
    /// The English text for the user, a minijinja template over the output.
    pub template: &'static str,
    /// An input, for documentation and tests.
    pub example: Value,
    /// An output, for documentation and tests.
    pub sample: Value,
}

/// Every intent of the catalogue, in the order of the table.
pub fn definitions() -> &'static [Definition] {
    static DEFINITIONS: LazyLock<Vec<Definition>> = LazyLock::new(|| ROWS.iter().map(Row::definition).collect());
    &DEFINITIONS
}

/// The intent of that name.
pub fn definition(name: &str) -> Option<&'static Definition> {
    definitions().iter().find(|definition| definition.name == name)
}

/// A row of the table in `intents.rs`.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) effect: Effect,
    pub(crate) domain: &'static str,
    pub(crate) title: &'static str,
    pub(crate) output_model: &'static str,
    pub(crate) schemas: fn() -> Schemas,
    pub(crate) template: &'static str,
    /// A JSON text with `input` and `output`.
    pub(crate) sample: &'static str,
}

/// The schemas of an intent's input and output.
pub(crate) struct Schemas {
    input: Value,
    output: Value,
}

/// Makes the schemas of an intent from its types.
pub(crate) fn of<I>() -> Schemas
where
    I: Intent + JsonSchema,
    I::Output: JsonSchema,
{
    let mut settings = SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    let input = settings.clone().for_deserialize().into_generator().into_root_schema_for::<I>();
    let output = settings.for_serialize().into_generator().into_root_schema_for::<I::Output>();
    Schemas { input: plain(input), output: plain(output) }
}

impl Row {
    fn definition(&self) -> Definition {
        let mut schemas = (self.schemas)();
        // The doc comment of the input type describes the intent, so it stands there once and not in the schema as well.
        let description = take_text(&mut schemas.input, "description");
        // A sample that is no JSON is found by the tests of this crate; here it is merely missing.
        let mut sample: Value = serde_json::from_str(self.sample).unwrap_or_default();
        Definition {
            name: self.name,
            effect: self.effect,
            domain: self.domain,
            title: self.title,
            description,
            input_schema: schemas.input,
            output_model: self.output_model,
            output_schema: schemas.output,
            template: self.template,
            example: sample["input"].take(),
            sample: sample["output"].take(),
        }
    }
}

fn take_text(schema: &mut Value, keyword: &str) -> String {
    match schema.as_object_mut().and_then(|schema| schema.shift_remove(keyword)) {
        Some(Value::String(text)) => text,
        _ => String::new(),
    }
}

/// The schema without what follows from Rust rather than from the meaning: type names, integer widths, defaults of
/// serde, and `null` for what is simply left out.
fn plain(schema: Schema) -> Value {
    let mut value = schema.to_value();
    tidy(&mut value);
    value
}

fn tidy(schema: &mut Value) {
    let Some(object) = schema.as_object_mut() else { return };
    collapse_null(object);
    for keyword in ["title", "default"] {
        object.shift_remove(keyword);
    }
    if matches!(object.get("format").and_then(Value::as_str), Some("uint32" | "double")) {
        object.shift_remove("format");
    }
    if let Some(Value::String(text)) = object.shift_remove("description") {
        // Doc comments break lines where the source does.
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        object.shift_insert(0, "description".into(), text.into());
    }
    if let Some(Value::Object(properties)) = object.get_mut("properties") {
        properties.values_mut().for_each(tidy);
    }
    for keyword in ["items", "additionalProperties"] {
        if let Some(inner) = object.get_mut(keyword) {
            tidy(inner);
        }
    }
}

/// An optional field is left out, it is not `null`: schemars says "or null", which bots would have to read around.
fn collapse_null(object: &mut serde_json::Map<String, Value>) {
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            object.insert("type".into(), only);
        }
    }
    if let Some(Value::Array(codes)) = object.get_mut("enum") {
        codes.retain(|code| !code.is_null());
    }
    let is_null = |schema: &Value| schema["type"] == "null";
    let Some(Value::Array(choices)) = object.get("anyOf") else { return };
    if choices.len() == 2 && choices.iter().any(is_null) {
        let inner = choices.iter().find(|schema| !is_null(schema)).and_then(Value::as_object).cloned();
        object.shift_remove("anyOf");
        for (keyword, value) in inner.into_iter().flatten() {
            // What the field says about itself wins over what its type says.
            object.entry(keyword).or_insert(value);
        }
    }
}
