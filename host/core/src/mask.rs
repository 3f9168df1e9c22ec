//! Hides personal data in answers where the schema says `x-mask`: enough stays for a person to recognise their own.

use serde_json::Value;

use crate::schema::Plan;

/// How much of a value stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mask {
    /// `j***@example.com`.
    Email,
    /// The last two digits.
    Phone,
    /// The last four characters.
    Last4,
    /// Nothing.
    All,
}

impl Mask {
    /// The masked text.
    pub fn mask(self, text: &str) -> String {
        let tail = |keep: usize| {
            let count = text.chars().count();
            // A short value would show too much of itself.
            let keep = if count > keep * 2 { keep } else { 0 };
            let tail: String = text.chars().skip(count - keep).collect();
            format!("***{tail}")
        };
        match self {
            Mask::Email => match text.split_once('@') {
                Some((local, domain)) => {
                    format!("{}***@{domain}", local.chars().next().map(String::from).unwrap_or_default())
                }
                None => "***".to_owned(),
            },
            Mask::Phone => tail(2),
            Mask::Last4 => tail(4),
            Mask::All => "***".to_owned(),
        }
    }
}

/// The masks of one output schema.
#[derive(Clone, Debug, PartialEq)]
pub struct Masks(Plan<Mask>);

impl Masks {
    /// Reads `x-mask`. A word that this host does not know hides everything: fail closed.
    pub fn new(schema: &Value) -> Masks {
        Masks(Plan::new(schema, &|schema| {
            Some(match schema.get("x-mask")?.as_str() {
                Some("email") => Mask::Email,
                Some("phone") => Mask::Phone,
                Some("last4") => Mask::Last4,
                _ => Mask::All,
            })
        }))
    }

    /// Whether the schema marks nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Masks in place. What is not a text is replaced whole, apart from null.
    pub fn apply(&self, output: &mut Value) {
        self.0.apply(output, &mut |mask, value| match value {
            Value::Null => {}
            Value::String(text) => *text = mask.mask(text),
            Value::Array(items) if items.iter().all(Value::is_string) => {
                for item in items {
                    *item = Value::String(mask.mask(item.as_str().unwrap_or_default()));
                }
            }
            other => *other = Value::String("***".to_owned()),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_kind_leaves_what_it_says() {
        let cases = [
            (Mask::Email, "jane@example.com", "j***@example.com"),
            (Mask::Email, "no address", "***"),
            (Mask::Phone, "+12025550143", "***43"),
            (Mask::Last4, "1Z999AA10123456784", "***6784"),
            (Mask::Last4, "123456", "***"),
            (Mask::All, "anything", "***"),
        ];
        for (mask, text, masked) in cases {
            assert_eq!(mask.mask(text), masked);
        }
    }

    #[test]
    fn masks_reach_into_lists_references_and_bags() {
        let schema = json!({
            "properties": {
                "people": { "type": "array", "items": { "$ref": "#/$defs/person" } },
                "bag": { "additionalProperties": { "x-mask": "all" } },
                "odd": { "x-mask": "whatever-comes-later" }
            },
            "$defs": { "person": { "properties": { "email": { "x-mask": "email" }, "age": { "x-mask": "all" } } } }
        });
        let mut output = json!({
            "people": [{ "email": "a@b.example", "age": 40, "name": "A" }, { "email": null }],
            "bag": { "x": "y" }, "odd": "z", "other": "stays"
        });
        Masks::new(&schema).apply(&mut output);
        assert_eq!(
            output,
            json!({
                "people": [{ "email": "a***@b.example", "age": "***", "name": "A" }, { "email": null }],
                "bag": { "x": "***" }, "odd": "***", "other": "stays"
            })
        );
    }
}
