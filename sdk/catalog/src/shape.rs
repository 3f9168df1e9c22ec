//! What texts and numbers look like in the schemas: bounds, patterns and the host's annotations, by meaning.
//! A field names its shape with `schemars(with = "shape::Email")`. Only the feature `schema` has this.
//!
//! An input shape says how long a value may be and how admission tidies it (`x-normalize`); an output shape says how it is shown
//! (`x-format`) and what is masked (`x-mask`). Input is what is made for deserialising, output what is made for serialising.

use crate::Coded;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};
use std::{borrow::Cow, marker::PhantomData};

/// The schema of a canonical list of words.
pub(crate) fn code_list<T: Coded>(generator: &SchemaGenerator) -> Schema {
    let codes: Vec<&str> = T::ALL.iter().map(|value| value.code()).collect();
    if generator.contract().is_deserialize() {
        return json_schema!({ "type": "string", "enum": codes });
    }
    let texts: Map<String, Value> = T::ALL.iter().map(|value| (value.code().into(), value.text().into())).collect();
    json_schema!({ "type": "string", "enum": codes, "x-codes": texts })
}

/// A canonical word that a user may choose: all but the list's own "something else".
pub(crate) struct Choice<T>(PhantomData<T>);

impl<T: Coded> JsonSchema for Choice<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Choice".into()
    }

    fn schema_id() -> Cow<'static, str> {
        format!("Choice<{}>", std::any::type_name::<T>()).into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let choices = &T::ALL[..T::ALL.len() - 1];
        let codes: Vec<&str> = choices.iter().map(|value| value.code()).collect();
        json_schema!({ "type": "string", "enum": codes })
    }
}

/// Makes the carrier types: `Name = (schema of the input, schema of the output)`.
macro_rules! shapes {
    ($( $(#[$doc:meta])* $name:ident { in $input:tt out $output:tt } )+) => { $(
        $(#[$doc])*
        pub(crate) enum $name {}

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                if generator.contract().is_deserialize() {
                    json_schema!($input)
                } else {
                    json_schema!($output)
                }
            }
        }
    )+ };
}

/// Names of things in business systems: letters, digits and the punctuation that vendors use in ids, nothing that
/// could end a quoted string or a path segment by itself.
const ID: &str = r"^[\p{L}\p{N}][\p{L}\p{N} ._/:=@+#-]*$";
/// The same for numbers that people write with a `#` in front, which admission takes away: a caller may check before that.
const NUMBER: &str = r"^#?[\p{L}\p{N}][\p{L}\p{N} ._/:=@+#-]*$";
const DATE: &str = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$";
const DATE_TIME: &str =
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})$";

shapes! {
    /// One line: a name, a title, a subject.
    Line {
        in { "type": "string", "minLength": 1, "maxLength": 200, "x-normalize": "trim" }
        out { "type": "string" }
    }
    /// A short word or label.
    Word {
        in { "type": "string", "minLength": 1, "maxLength": 60, "x-normalize": "trim" }
        out { "type": "string" }
    }
    /// A note of a few sentences.
    Note {
        in { "type": "string", "minLength": 1, "maxLength": 1000, "x-normalize": "trim" }
        out { "type": "string" }
    }
    /// A long text of several paragraphs.
    Text {
        in { "type": "string", "minLength": 1, "maxLength": 10000, "x-normalize": "trim" }
        out { "type": "string" }
    }
    /// An id or number of an object that is not written with a `#`.
    Id {
        in { "type": "string", "minLength": 1, "maxLength": 100, "pattern": ID, "x-normalize": "trim" }
        out { "type": "string" }
    }
    /// A number people write with or without a leading `#`: order, ticket, invoice.
    Number {
        in { "type": "string", "minLength": 1, "maxLength": 64, "pattern": NUMBER, "x-normalize": "order_number" }
        out { "type": "string" }
    }
    /// A stock keeping unit. Vendors allow nearly any character.
    Sku {
        in { "type": "string", "minLength": 1, "maxLength": 100, "x-normalize": "trim" }
        out { "type": "string" }
    }
    /// An e-mail address of a private person: masked on its way out.
    Email {
        in { "type": "string", "format": "email", "minLength": 3, "maxLength": 254, "pattern": r"^[^\s@]+@[^\s@]+$", "x-normalize": "email" }
        out { "type": "string", "x-format": "email", "x-mask": "email" }
    }
    /// An e-mail address that is meant to be given out, such as a colleague's at work.
    OpenEmail {
        in { "type": "string", "format": "email", "minLength": 3, "maxLength": 254, "pattern": r"^[^\s@]+@[^\s@]+$", "x-normalize": "email" }
        out { "type": "string", "x-format": "email" }
    }
    /// A telephone number of a private person: masked on its way out.
    Phone {
        in { "type": "string", "minLength": 3, "maxLength": 32, "pattern": r"^\+?[0-9(][0-9 ()./-]*$", "x-normalize": "phone" }
        out { "type": "string", "x-format": "phone", "x-mask": "phone" }
    }
    /// A telephone number that is meant to be given out, such as a colleague's at work.
    OpenPhone {
        in { "type": "string", "minLength": 3, "maxLength": 32, "pattern": r"^\+?[0-9(][0-9 ()./-]*$", "x-normalize": "phone" }
        out { "type": "string", "x-format": "phone" }
    }
    /// A postal code.
    PostalCode {
        in { "type": "string", "minLength": 2, "maxLength": 16, "pattern": r"^[\p{L}\p{N}][\p{L}\p{N} -]*$", "x-normalize": "trim" }
        out { "type": "string", "x-mask": "all" }
    }
    /// A number of which a person needs the end only: a bank account, a membership.
    Last4 {
        in { "type": "string", "minLength": 1, "maxLength": 64, "x-normalize": "trim" }
        out { "type": "string", "x-mask": "last4" }
    }
    /// A link that a person may open.
    Url {
        in { "type": "string", "format": "uri", "minLength": 8, "maxLength": 2000, "pattern": "^https?://", "x-normalize": "trim" }
        out { "type": "string", "x-format": "url" }
    }
    /// A calendar day.
    Day {
        in { "type": "string", "format": "date", "maxLength": 10, "pattern": DATE, "x-normalize": "date" }
        out { "type": "string", "x-format": "date" }
    }
    /// An instant.
    Instant {
        in { "type": "string", "format": "date-time", "maxLength": 40, "pattern": DATE_TIME, "x-normalize": "trim" }
        out { "type": "string", "x-format": "date-time" }
    }
    /// ISO 3166-1 alpha-2.
    Country {
        in { "type": "string", "minLength": 2, "maxLength": 2, "pattern": "^[A-Za-z]{2}$", "x-normalize": ["trim", "upper"] }
        out { "type": "string" }
    }
    /// How many results at most.
    Limit {
        in { "type": "integer", "minimum": 1, "maximum": 50 }
        out { "type": "integer" }
    }
    /// How many pieces.
    Pieces {
        in { "type": "integer", "minimum": 1, "maximum": 1000 }
        out { "type": "integer", "minimum": 0 }
    }
    /// An amount of something that may come in parts: hours, kilograms.
    Amount {
        in { "type": "number", "minimum": 0, "maximum": 1_000_000_000 }
        out { "type": "number", "x-format": "number" }
    }
    /// Values for fields of the business system beyond the intent's own.
    ExtraFields {
        in {
            "type": "object", "maxProperties": 20, "propertyNames": { "maxLength": 64, "pattern": "^[A-Za-z][A-Za-z0-9_.-]*$" },
            "additionalProperties": { "type": ["string", "number", "boolean"], "maxLength": 1000, "minimum": -1_000_000_000_000_000_i64, "maximum": 1_000_000_000_000_000_i64 }
        }
        out { "type": "object" }
    }
    /// Free labels.
    Labels {
        in {
            "type": "array", "maxItems": 20,
            "items": { "type": "string", "minLength": 1, "maxLength": 60, "x-normalize": "trim" }
        }
        out { "type": "array", "items": { "type": "string" } }
    }
}

/// The schema of [`crate::Money`].
pub(crate) fn money(generator: &SchemaGenerator) -> Schema {
    let amount = if generator.contract().is_deserialize() {
        json!({ "type": "string", "maxLength": 32, "pattern": r"^[0-9]{1,18}(\.[0-9]{1,9})?$", "x-normalize": "trim",
            "description": "Decimal number, such as 59.90." })
    } else {
        json!({ "type": "string", "pattern": r"^-?[0-9]{1,18}(\.[0-9]{1,9})?$", "description": "Decimal number, such as 59.90." })
    };
    let mut currency = json!({ "type": "string", "minLength": 3, "maxLength": 3, "pattern": "^[A-Z]{3}$",
        "description": "ISO 4217 code, such as EUR." });
    if generator.contract().is_deserialize() {
        currency["x-normalize"] = json!(["trim", "upper"]);
    }
    let mut schema = json_schema!({
        "type": "object",
        "properties": { "amount": amount, "currency": currency },
        "required": ["amount", "currency"],
        "additionalProperties": false,
    });
    if generator.contract().is_serialize() {
        schema.insert("x-format".into(), "money".into());
    }
    schema
}

/// The rule that at least one of some optional fields must be there.
pub(crate) fn any_of(fields: &[&str]) -> Value {
    fields.iter().map(|field| json!({ "required": [field] })).collect()
}
