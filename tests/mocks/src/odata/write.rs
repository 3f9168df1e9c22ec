//! Checks the JSON of a creation against an entity type. Answers for names, types and lengths, not for business rules.

use serde_json::Value;

use super::schema::{Edm, Entity, Property};
use super::{Refusal, Row, instant, wrong};

/// The properties of a body, checked; navigations are left out.
///
/// # Errors
///
/// For a member the type does not have, one that nobody writes, a wrong JSON type, or a text that is too long.
pub(crate) fn checked(entity: &Entity, body: &Value) -> Result<Row, Refusal> {
    let Some(members) = body.as_object() else {
        return Err(wrong("The body is no JSON object"));
    };
    let mut row = Row::new();
    for (name, value) in members {
        if name == "__metadata" || entity.navigation(name).is_some() {
            continue;
        }
        let Some(property) = entity.property(name) else {
            return Err(wrong(format!("Property {name} not found in type {}", entity.type_name)));
        };
        if !property.writable {
            return Err(wrong(format!("Property {name} of {} cannot be written", entity.type_name)));
        }
        typed(property, value)?;
        row.insert(name.clone(), value.clone());
    }
    let missing = entity.properties.iter().find(|property| {
        property.required && row.get(&property.name).is_none_or(|value| value.is_null() || value == "")
    });
    match missing {
        Some(property) => {
            Err(Refusal { status: 400, message: format!("{} is required", property.name), violation: true })
        }
        None => Ok(row),
    }
}

/// The rows a body brings along below a navigation: `{"results": [...]}`, or the list without its wrapper.
pub(crate) fn nested(body: &Value, navigation: &str) -> Result<Vec<Value>, Refusal> {
    match &body[navigation] {
        Value::Null => Ok(Vec::new()),
        Value::Array(items) => Ok(items.clone()),
        wrapper => wrapper["results"].as_array().cloned().ok_or_else(|| wrong(format!("{navigation} is no list"))),
    }
}

fn typed(property: &Property, value: &Value) -> Result<(), Refusal> {
    let text = value.as_str();
    let fits = value.is_null()
        || match property.kind {
            Edm::String | Edm::Guid => value.is_string(),
            Edm::Boolean => value.is_boolean(),
            // These two are texts, so that no digit is lost.
            Edm::Decimal | Edm::Int64 => text.is_some_and(|text| text.parse::<f64>().is_ok()),
            Edm::DateTime | Edm::DateTimeOffset => text.is_some_and(|text| instant(text).is_some()),
            Edm::Time => text.is_some_and(|text| text.starts_with("PT")),
        };
    if !fits {
        return Err(wrong(format!("Invalid value for property {}", property.name)));
    }
    match (property.length, text) {
        (Some(length), Some(text)) if text.chars().count() > length => {
            Err(wrong(format!("The value of property {} is longer than {length}", property.name)))
        }
        _ => Ok(()),
    }
}
