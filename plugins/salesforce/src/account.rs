//! Companies: Salesforce's accounts, found by their whole name. None is ever made.

use jackfield_sdk::prelude::*;

use crate::{
    id::RecordId,
    soql::{self, Condition},
    wire,
};

/// Enough to see that there are several.
const SEVERAL: usize = 5;

/// The account of this name.
///
/// # Errors
/// `invalid-input` under `pointer` where there is none, or several.
pub(crate) fn by_name(call: &Call, name: &str, pointer: &str) -> Result<RecordId, Failure> {
    let condition = Condition::equals("Name", name).map_err(|failure| failure.at(pointer))?;
    let found = soql::find::<wire::Account>(call, &condition, SEVERAL)?;
    let mut found = found.iter().filter(|row| is_named(row.record.name.as_deref(), name));
    match (found.next(), found.next()) {
        (Some(account), None) => wire::id(&account.record.id),
        (None, _) => Err(Failure::invalid(pointer, "The CRM has no company of this name.")),
        _ => Err(Failure::invalid(pointer, "The CRM has several companies of this name.")),
    }
}

/// Whether a company has this name, in any case.
pub(crate) fn is_named(known: Option<&str>, name: &str) -> bool {
    known.is_some_and(|known| known.trim().to_lowercase() == name.trim().to_lowercase())
}
