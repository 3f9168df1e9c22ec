//! Salesforce's errors as failures. Their texts go nowhere: they quote what was sent, and the rules of the org.
//!
//! Bodies are lists of errors; whatever stands before the API answers with a page. Source: developer.salesforce.com,
//! "Status Codes and Error Responses", and the code list of "Core Data Types Used in API Calls" (`StatusCode`).

use std::collections::BTreeSet;

use jackfield_sdk::prelude::*;

use crate::{
    id::RecordId,
    wire::{DuplicateResult, Fault},
};

/// What users read when a rule of the org says no.
const REFUSED: [(&str, &str); 15] = [
    ("REQUIRED_FIELD_MISSING", "The CRM needs further details that were not given."),
    ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "A rule of the CRM does not accept these details."),
    ("FIELD_FILTER_VALIDATION_EXCEPTION", "A rule of the CRM does not accept these details."),
    ("FIELD_INTEGRITY_EXCEPTION", "Some of these details do not fit together in the CRM."),
    ("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "An automation of the CRM does not accept these details."),
    ("CANNOT_EXECUTE_FLOW_TRIGGER", "An automation of the CRM does not accept these details."),
    ("INVALID_EMAIL_ADDRESS", "The CRM did not accept this e-mail address."),
    ("STRING_TOO_LONG", "One of these texts is too long for the CRM."),
    ("NUMBER_OUTSIDE_VALID_RANGE", "One of these numbers is too large or too small for the CRM."),
    ("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "The CRM does not know one of these choices."),
    ("INVALID_TYPE_ON_FIELD_IN_RECORD", "One of these details is not of the kind that the CRM expects."),
    ("INACTIVE_OWNER_OR_USER", "The colleague who looks after this no longer works in the CRM."),
    ("ENTITY_IS_LOCKED", "This record is locked in the CRM at the moment."),
    ("STORAGE_LIMIT_EXCEEDED", "The CRM cannot take new records at the moment."),
    ("FIELD_NOT_UPDATABLE", "One of these details cannot be changed in the CRM."),
];

/// What an error answer means.
pub(crate) fn failure(response: &Response) -> Failure {
    let Ok(faults) = response.json::<Vec<Fault>>() else {
        return without_a_list(response);
    };
    let fault = faults.into_iter().next().unwrap_or_default();
    let failure = match fault.error_code.as_str() {
        "INVALID_SESSION_ID" | "INVALID_AUTH_HEADER" | "INVALID_OPERATION_WITH_EXPIRED_PASSWORD" => {
            Failure::reauth_required()
        }
        // How long is not told: the allocation is for any 24 hours, and a lack of places passes by itself.
        "REQUEST_LIMIT_EXCEEDED" => Failure::rate_limited(response.retry_after()),
        "SERVER_UNAVAILABLE" => Failure::unavailable(),
        "QUERY_TIMEOUT" => Failure::timeout(),
        "UNABLE_TO_LOCK_ROW" => Failure::conflict(),
        "DUPLICATES_DETECTED" => duplicate(fault.duplicate_result.as_ref().and_then(only_match)),
        "DUPLICATE_VALUE" => duplicate(id_in(&fault.message)),
        "NOT_FOUND" | "ENTITY_IS_DELETED" | "INVALID_CROSS_REFERENCE_KEY" | "MALFORMED_ID" => Failure::not_found(),
        // What field-level security hides is, to this user, not there.
        "INVALID_FIELD" | "INVALID_FIELD_FOR_INSERT_UPDATE" | "INVALID_TYPE" => Failure::denied(),
        "API_DISABLED_FOR_ORG" | "API_CURRENTLY_DISABLED" => Failure::denied(),
        code if code.starts_with("INSUFFICIENT_ACCESS") => Failure::denied(),
        "FUNCTIONALITY_NOT_ENABLED" => Failure::unsupported(),
        // Ours or the configuration's, with a code that means much else in other places.
        _ if response.status() == 410 => return retired(),
        code => match REFUSED.iter().find(|(known, _)| *known == code) {
            Some((_, sentence)) => Failure::rejected(*sentence),
            None => response.failure(),
        },
    };
    failure.detail(for_the_log(response.status(), &fault))
}

/// Whether the first error is this one.
pub(crate) fn is(response: &Response, code: &str) -> bool {
    response.json::<Vec<Fault>>().is_ok_and(|faults| faults.first().is_some_and(|fault| fault.error_code == code))
}

fn without_a_list(response: &Response) -> Failure {
    match response.status() {
        300 => Failure::internal("several records have this external id: is its field marked as unique?"),
        410 => retired(),
        // The API itself answers with a list; a page is what stands where there is no such org.
        404 => Failure::internal("404 without a list of errors: is the setting `my_domain` right?"),
        _ => response.failure(),
    }
}

fn retired() -> Failure {
    Failure::internal("this API version is retired: raise the setting `api_version`")
}

fn duplicate(existing: Option<RecordId>) -> Failure {
    existing.map_or_else(Failure::duplicate, |id| Failure::duplicate_of(id.as_str()))
}

/// The one record that all rules found. Of several, none is the existing one.
fn only_match(result: &DuplicateResult) -> Option<RecordId> {
    let matches = result.match_results.iter().flat_map(|result| &result.match_records);
    let ids: BTreeSet<RecordId> = matches.filter_map(|found| RecordId::parse(found.record.id.as_ref()?)).collect();
    let mut ids = ids.into_iter();
    ids.next().filter(|_| ids.next().is_none())
}

/// The id in `duplicate value found: Key__c duplicates value on record with id: 00Q..`. Nothing but an id is taken.
fn id_in(message: &str) -> Option<RecordId> {
    let (_, after) = message.rsplit_once("record with id:")?;
    RecordId::parse(after.trim().trim_end_matches('.'))
}

/// Names of fields in one line of the log.
const FIELDS_MAX: usize = 10;
/// Longer ones than these are prose.
const NAME_CHARS_MAX: usize = 80;

/// Salesforce's word for it and the fields it is about: names, and nothing of the text.
fn for_the_log(status: u16, fault: &Fault) -> String {
    let is_name = |name: &&str| name.len() <= NAME_CHARS_MAX && query::field_name(name).is_ok();
    let code = Some(fault.error_code.as_str()).filter(is_name).unwrap_or("no code");
    // A query that asks for too much says so in its text alone.
    let hidden = fault.message.split_once("No such column '").and_then(|(_, after)| after.split('\'').next());
    let fields = fault.fields.iter().map(String::as_str).chain(hidden).filter(is_name).take(FIELDS_MAX);
    let fields = fields.collect::<Vec<_>>().join(", ");
    let hint = match (code, fields.as_str()) {
        ("INVALID_FIELD" | "INVALID_FIELD_FOR_INSERT_UPDATE", _) => {
            ": hidden by field-level security, or misspelt in `field_map` or `external_ids`"
        }
        ("INVALID_TYPE", _) => ": no permission for the object",
        _ => "",
    };
    match fields.as_str() {
        "" => format!("Salesforce answered with status {status} `{code}`{hint}"),
        fields => format!("Salesforce answered with status {status} `{code}` about {fields}{hint}"),
    }
}

#[cfg(test)]
mod tests;
