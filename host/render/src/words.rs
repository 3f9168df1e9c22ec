//! The friendly words for canonical codes, read from the `x-codes` of an output schema. Which codes there are is the catalogue's affair.

use serde_json::Value;
use std::collections::BTreeMap;

/// Field and code to words. Fields of the same name in one output share their words.
#[derive(Debug, Default)]
pub(crate) struct Words(BTreeMap<String, BTreeMap<String, String>>);

impl Words {
    pub(crate) fn of(output_schema: &Value) -> Self {
        let mut words = Self::default();
        words.read("", output_schema);
        words
    }

    fn read(&mut self, field: &str, schema: &Value) {
        if let Some(codes) = schema["x-codes"].as_object() {
            let known = self.0.entry(field.to_owned()).or_default();
            for (code, text) in codes {
                known.entry(code.clone()).or_insert_with(|| text.as_str().unwrap_or(code).to_owned());
            }
        }
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            self.read(name, property);
        }
        if schema["items"].is_object() {
            self.read(field, &schema["items"]);
        }
    }

    /// The words for a code of that field, or of any field where none is named; the code itself, legibly, where there are none.
    pub(crate) fn text(&self, field: Option<&str>, code: &str) -> String {
        let found = match field {
            Some(field) => self.0.get(field).and_then(|codes| codes.get(code)),
            None => self.0.values().find_map(|codes| codes.get(code)),
        };
        found.cloned().unwrap_or_else(|| code.replace('_', " "))
    }

    /// The words for a code of that field, where the schema has some.
    pub(crate) fn known(&self, field: &str, code: &str) -> Option<&str> {
        self.0.get(field)?.get(code).map(String::as_str)
    }
}
