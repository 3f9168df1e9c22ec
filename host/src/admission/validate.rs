//! Holds a value against a JSON Schema and says what is wrong with it, field by field, in the order of the schema and
//! in words that may be shown to a person. A message never quotes the value: it may be somebody's data.

use jackfield_core::failure::FieldError;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use serde_json::Value;

use super::envelope::pointer;

/// A compiled schema.
#[derive(Debug)]
pub struct Validator {
    compiled: jsonschema::Validator,
    schema: Value,
}

/// Bound of the field errors in one problem.
const ERRORS_MAX: usize = 32;

impl Validator {
    /// Compiles a schema. No reference is ever fetched.
    ///
    /// # Errors
    /// When it is not a JSON Schema 2020-12.
    pub fn new(schema: &Value) -> Result<Validator, String> {
        let compiled = jsonschema::draft202012::options()
            .should_validate_formats(true)
            .build(schema)
            .map_err(|e| e.to_string())?;
        Ok(Validator { compiled, schema: schema.clone() })
    }

    /// Whether a value is as the schema says: the quick way, for the usual case.
    pub fn accepts(&self, value: &Value) -> bool {
        self.compiled.is_valid(value)
    }

    /// What is wrong with a value, in the order of the schema's fields; pointers begin with `prefix`.
    pub fn errors(&self, value: &Value, prefix: &str) -> Vec<FieldError> {
        let mut found = Vec::new();
        for error in self.compiled.iter_errors(value) {
            self.explain(&error, &mut found);
        }
        found.sort_by_cached_key(|(pointer, _)| self.position(pointer));
        found.dedup_by(|a, b| a.0 == b.0);
        found
            .into_iter()
            .take(ERRORS_MAX)
            .map(|(pointer, detail)| FieldError { pointer: format!("{prefix}{pointer}"), detail })
            .collect()
    }

    fn explain(&self, error: &jsonschema::ValidationError<'_>, found: &mut Vec<(String, String)>) {
        let at = error.instance_path().as_str().to_owned();
        let detail = match error.kind() {
            ValidationErrorKind::Required { property } => {
                let name = property.as_str().unwrap_or_default();
                found.push((format!("{at}{}", pointer(name)), "is required".to_owned()));
                return;
            }
            ValidationErrorKind::AdditionalProperties { unexpected }
            | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
                for name in unexpected {
                    found.push((format!("{at}{}", pointer(name)), "is not a known field".to_owned()));
                }
                return;
            }
            // Of the alternatives, "one of these is required" is what a person can act on.
            ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
                let missing: Vec<&str> = context
                    .iter()
                    .filter_map(|branch| match branch.as_slice() {
                        [only] => match only.kind() {
                            ValidationErrorKind::Required { property } => property.as_str(),
                            _ => None,
                        },
                        _ => None,
                    })
                    .collect();
                if missing.len() == context.len() {
                    format!("needs at least one of {}", missing.join(", "))
                } else {
                    "has none of the allowed forms".to_owned()
                }
            }
            ValidationErrorKind::Type { kind } => match kind {
                TypeKind::Single(one) => format!("must be of type {one}"),
                TypeKind::Multiple(_) => "has the wrong type".to_owned(),
            },
            ValidationErrorKind::Enum { options } => {
                let words: Vec<String> = options
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter(|o| !o.is_null())
                    .map(|o| o.as_str().map_or_else(|| o.to_string(), str::to_owned))
                    .collect();
                format!("must be one of {}", words.join(", "))
            }
            ValidationErrorKind::MaxLength { limit } => format!("must have at most {limit} characters"),
            ValidationErrorKind::MinLength { limit: 1 } => "must not be empty".to_owned(),
            ValidationErrorKind::MinLength { limit } => format!("must have at least {limit} characters"),
            ValidationErrorKind::MaxItems { limit } => format!("must have at most {limit} entries"),
            ValidationErrorKind::MinItems { limit } => format!("must have at least {limit} entries"),
            ValidationErrorKind::Maximum { limit } => format!("must be at most {limit}"),
            ValidationErrorKind::Minimum { limit } => format!("must be at least {limit}"),
            ValidationErrorKind::ExclusiveMaximum { limit } => format!("must be below {limit}"),
            ValidationErrorKind::ExclusiveMinimum { limit } => format!("must be above {limit}"),
            ValidationErrorKind::MinProperties { .. } => "needs at least one more field".to_owned(),
            ValidationErrorKind::MaxProperties { limit } => format!("must have at most {limit} fields"),
            ValidationErrorKind::UniqueItems => "must not repeat an entry".to_owned(),
            ValidationErrorKind::Format { format } => format!("must be a valid {format}"),
            ValidationErrorKind::Pattern { .. } => "does not have the right form".to_owned(),
            _ => "is not valid".to_owned(),
        };
        found.push((at, detail));
    }

    /// Where a field stands in the schema: the index of each step among its siblings. Unknown fields come last.
    fn position(&self, at: &str) -> (Vec<usize>, String) {
        let mut schema = Some(&self.schema);
        let mut steps = Vec::new();
        for step in at.split('/').skip(1) {
            let properties = schema.and_then(|s| s.get("properties")).and_then(Value::as_object);
            let index = properties.and_then(|p| p.keys().position(|k| pointer(k)[1..] == *step));
            match (index, step.parse::<usize>()) {
                (Some(index), _) => {
                    steps.push(index);
                    schema = properties.and_then(|p| p.values().nth(index));
                }
                (None, Ok(item)) => {
                    steps.push(item);
                    schema = schema.and_then(|s| s.get("items"));
                }
                (None, Err(_)) => {
                    steps.push(usize::MAX);
                    schema = None;
                }
            }
        }
        (steps, at.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn errors(schema: Value, value: Value) -> Vec<(String, String)> {
        let validator = Validator::new(&schema).unwrap();
        let errors: Vec<_> = validator.errors(&value, "/input").into_iter().map(|e| (e.pointer, e.detail)).collect();
        assert_eq!(errors.is_empty(), validator.accepts(&value));
        errors
    }

    fn said(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(p, d)| ((*p).to_owned(), (*d).to_owned())).collect()
    }

    #[test]
    fn errors_stand_in_the_order_of_the_schema_not_of_the_alphabet_or_the_input() {
        let schema = json!({
            "type": "object",
            "properties": {
                "zip": { "type": "string", "minLength": 1 },
                "amount": { "type": "integer", "maximum": 5 },
                "kind": { "enum": ["a", "b"] },
                "items": { "type": "array", "items": { "properties": { "sku": { "type": "string" } } } },
                "name": { "type": "string" }
            },
            "required": ["name", "zip"],
            "additionalProperties": false
        });
        let value =
            json!({ "surprise": 1, "kind": "c", "items": [{ "sku": "x" }, { "sku": 1 }], "amount": 9, "zip": "" });
        assert_eq!(
            errors(schema, value),
            said(&[
                ("/input/zip", "must not be empty"),
                ("/input/amount", "must be at most 5"),
                ("/input/kind", "must be one of a, b"),
                ("/input/items/1/sku", "must be of type string"),
                ("/input/name", "is required"),
                ("/input/surprise", "is not a known field"),
            ])
        );
    }

    #[test]
    fn alternatives_are_told_as_a_choice() {
        let schema = json!({ "type": "object", "anyOf": [{ "required": ["email"] }, { "required": ["phone"] }] });
        assert_eq!(errors(schema.clone(), json!({})), said(&[("/input", "needs at least one of email, phone")]));
        assert_eq!(errors(schema, json!({ "phone": 1 })), said(&[]));
    }

    #[test]
    fn a_value_is_never_quoted() {
        let schema =
            json!({ "properties": { "a": { "pattern": "^x$" }, "b": { "format": "email" }, "c": { "const": 1 } } });
        for (pointer, detail) in errors(schema, json!({ "a": "s3cret", "b": "s3cret", "c": "s3cret" })) {
            assert!(!detail.contains("s3cret"), "{pointer} {detail}");
        }
    }

    #[test]
    fn a_broken_or_remote_schema_is_refused() {
        assert!(Validator::new(&json!({ "type": 5 })).is_err());
        assert!(Validator::new(&json!({ "$ref": "https://example.com/schema.json" })).is_err());
    }
}
