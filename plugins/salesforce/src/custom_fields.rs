//! Custom fields by the names that the operator gave them: the settings `field_map` and `defaults`.
//!
//! A field that is not mapped is neither read nor written. One of a record that this one refers to, such as
//! `Account.Region__c`, can be read and not written.

use jackfield_sdk::{Value, prelude::*};
use serde_json::Map;

use crate::wire::Record;

/// The mapped fields of an object, to be asked for.
///
/// # Errors
/// `internal` for a mapping to what is no name: it would become part of the query.
pub(crate) fn columns<R: Record>(call: &Call) -> Result<Vec<&str>, Failure> {
    call.field_map().of(R::NAME).map(|(_, field)| query::field_name(field)).collect()
}

/// The mapped fields of a record under their names.
pub(crate) fn read<R: Record>(call: &Call, record: &Value) -> Vendor {
    call.field_map()
        .read_with(R::NAME, |field| field.split('.').try_fold(record, |record, name| record.get(name)).cloned())
}

/// What a bot gave under `pointer`, ready to be sent.
///
/// # Errors
/// `invalid-input` for a name that is not mapped, `internal` for a mapping that cannot be written.
pub(crate) fn write<R: Record>(call: &Call, pointer: &str, fields: &Fields) -> Result<Map<String, Value>, Failure> {
    let record = call.field_map().write(R::NAME, pointer, fields)?;
    for field in record.keys() {
        if query::field_name(field)?.contains('.') {
            return Err(Failure::internal(format!("`field_map` has `{field}`, which belongs to another record")));
        }
    }
    Ok(record)
}

/// The same for a new record: where the bot says nothing, what the conversation is known by, and what the operator
/// wrote under `defaults`, as far as these names are mapped.
pub(crate) fn write_new<R: Record>(
    call: &Call,
    given: &Fields,
    known: &[(&str, Option<&str>)],
) -> Result<Map<String, Value>, Failure> {
    let mut fields = given.clone();
    let known = known.iter().filter_map(|(name, value)| Some((*name, json!(value.as_ref()?))));
    let defaults = call.standard().defaults.iter().map(|(name, value)| (name.as_str(), value.clone()));
    for (name, value) in known.chain(defaults) {
        if call.field_map().field(R::NAME, name).is_some() {
            fields.entry(name.to_owned()).or_insert(value);
        }
    }
    write::<R>(call, "/fields", &fields)
}
