//! The map between canonical field names and a vendor's custom fields: the setting `field_map`.
//!
//! It is also an allow-list: a custom field that the operator has not mapped is neither read nor written.

use std::collections::BTreeMap;

use jackfield_catalog::{Fields, Vendor};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::failure::{Failure, FieldError};

/// Canonical name to vendor field, for all objects or for one.
///
/// ```toml
/// [connection.crm.settings.field_map]
/// region = "Region__c"                  # on every object
/// "contact.loyalty_tier" = "Tier__c"    # on contacts only
/// ```
///
/// ```
/// use jackfield_sdk::fields::FieldMap;
/// use serde_json::json;
///
/// let map: FieldMap = serde_json::from_value(json!({"contact.loyalty_tier": "Tier__c"})).unwrap();
/// let record = json!({"Id": "003", "Tier__c": "gold"});
/// let vendor = map.read("contact", record.as_object().unwrap());
/// assert_eq!(vendor["loyalty_tier"], "gold");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct FieldMap(BTreeMap<String, String>);

impl FieldMap {
    /// Canonical name and vendor field of everything that is mapped for this object.
    pub fn of<'a>(&'a self, object: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.iter().filter_map(move |(name, field)| {
            let name = match name.split_once('.') {
                None => name.as_str(),
                Some((of, name)) if of == object => name,
                Some(_) => return None,
            };
            Some((name, field.as_str()))
        })
    }

    /// The vendor field for a canonical name; what is said for this object comes before what is said for all.
    pub fn field(&self, object: &str, name: &str) -> Option<&str> {
        self.0.get(&format!("{object}.{name}")).or_else(|| self.0.get(name)).map(String::as_str)
    }

    /// The mapped fields of a vendor's record under their canonical names: what belongs into a model's `vendor` bag.
    /// Absent and null fields are left out.
    pub fn read(&self, object: &str, record: &Map<String, Value>) -> Vendor {
        self.read_with(object, |field| record.get(field).cloned())
    }

    /// The same where a vendor keeps custom fields otherwise, such as a list of id and value: `lookup` gives the value
    /// of a vendor field.
    pub fn read_with(&self, object: &str, mut lookup: impl FnMut(&str) -> Option<Value>) -> Vendor {
        let found = self.of(object).filter_map(|(name, field)| {
            let value = lookup(field).filter(|value| !value.is_null())?;
            Some((name.to_owned(), value))
        });
        found.collect()
    }

    /// Canonical fields under the vendor's names, ready to be sent. A name that is not mapped is the caller's mistake:
    /// `invalid-input` under `pointer` (such as `/fields`), for each of them.
    pub fn write(&self, object: &str, pointer: &str, fields: &Fields) -> Result<Map<String, Value>, Failure> {
        let mut unknown = Vec::new();
        let mut record = Map::new();
        for (name, value) in fields {
            match self.field(object, name) {
                Some(field) => {
                    record.insert(field.to_owned(), value.clone());
                }
                None => unknown.push(FieldError {
                    pointer: format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1")),
                    detail: "There is no such field here.".to_owned(),
                }),
            }
        }
        if unknown.is_empty() { Ok(record) } else { Err(Failure::invalid_fields(unknown)) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn map() -> FieldMap {
        serde_json::from_value(json!({"region": "Region__c", "contact.tier": "Tier__c", "lead.tier": "LeadTier__c"}))
            .unwrap()
    }

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    fn bag(value: Value) -> Vendor {
        object(value).into_iter().collect()
    }

    #[test]
    fn only_mapped_fields_are_read_and_nulls_are_left_out() {
        let record = object(json!({"Region__c": null, "Tier__c": 3, "LeadTier__c": 4, "Secret__c": 5}));
        assert_eq!(map().read("contact", &record), bag(json!({"tier": 3})));
        assert_eq!(map().read("lead", &record), bag(json!({"tier": 4})));
    }

    #[test]
    fn fields_of_a_list_are_read_through_a_lookup() {
        let list = [("Tier__c", json!("gold"))];
        let found = map().read_with("contact", |field| Some(list.iter().find(|(name, _)| *name == field)?.1.clone()));
        assert_eq!(found, bag(json!({"tier": "gold"})));
    }

    #[test]
    fn an_unmapped_name_cannot_be_written() {
        let fields = bag(json!({"tier": 1, "region": "eu"}));
        assert_eq!(map().write("contact", "/fields", &fields), Ok(object(json!({"Tier__c": 1, "Region__c": "eu"}))));
        let failure = map().write("contact", "/fields", &bag(json!({"Owner/Id": 1}))).unwrap_err();
        assert_eq!(failure, Failure::invalid("/fields/Owner~1Id", "There is no such field here."));
    }
}
