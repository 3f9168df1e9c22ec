//! What is sent to Salesforce: the fields of a record to be made, or those that are to change in one. Absent ones stay
//! as they are.

use jackfield_sdk::Value;
use serde::Serialize;
use serde_json::Map;

/// A record by its fields. One field stands in it once, whatever the operator mapped to it.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(transparent)]
pub(crate) struct Draft(Map<String, Value>);

impl Draft {
    pub(crate) fn set(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.0.insert(field.to_owned(), value.into());
        self
    }

    pub(crate) fn set_if(self, field: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.set(field, value),
            None => self,
        }
    }

    /// Adds custom fields. What the intent itself says about a field counts more.
    pub(crate) fn with(mut self, custom: Map<String, Value>) -> Self {
        for (field, value) in custom {
            self.0.entry(field).or_insert(value);
        }
        self
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
