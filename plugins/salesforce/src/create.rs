//! New records: made once, also when the same write comes twice.
//!
//! Salesforce takes no idempotency key. Where the operator names a field of the org that is an external id, the key is
//! kept in it and the record is upserted by it: two tries at one time, or a try that the host repeats, make one record.
//! Before that the key is looked for, since an upsert would put back what staff have changed meanwhile, and would put
//! one caller's record in the place of another's where both chose the same key.

use std::time::Duration;

use jackfield_sdk::prelude::*;

use crate::{
    api, faults,
    id::RecordId,
    settings::Settings,
    soql::{self, Condition, Row},
    wire::{self, Draft, Record, Saved},
};

/// A look at what a write has become must not cost the write its answer.
const SECOND_LOOK_TIMEOUT: Duration = Duration::from_secs(3);
/// A key is looked for in a query, and a text field could hold little more (255 characters).
const KEY_CHARS_MAX: usize = query::VALUE_CHARS_MAX;

/// A record that exists now, with what could be read of it: flows and triggers have had their say about it.
#[derive(Debug)]
pub(crate) struct Created<R> {
    pub(crate) id: RecordId,
    pub(crate) row: Option<Row<R>>,
}

/// Makes a record, or finds the one that an earlier try has made. `is_same` tells whether a record is what this call
/// wants to make.
///
/// # Errors
/// `conflict` where the key belongs to another record, `duplicate` by the org's rules, and what else Salesforce says.
pub(crate) fn once<R: Record>(
    call: &Call,
    draft: &Draft,
    id_of: impl Fn(&R) -> &str,
    is_same: impl Fn(&R) -> bool,
) -> Result<Created<R>, Failure> {
    let settings = Settings::of(call)?;
    let Some((field, key)) = external_id::<R>(call, &settings) else {
        let response = write(call, &settings, call.http("api").post(api::object::<R>(call)?)?, draft)?;
        return made(call, response);
    };
    let known = Condition::equals(field, &key)?;
    let earlier = || match soql::find::<R>(call, &known, 1)?.into_iter().next() {
        None => Ok(None),
        Some(row) if is_same(&row.record) => {
            info!("this record had been made by an earlier try");
            Ok(Some(Created { id: wire::id(id_of(&row.record))?, row: Some(row) }))
        }
        Some(_) => Err(Failure::conflict().detail("the key of this write belongs to another record")),
    };
    if let Some(created) = earlier()? {
        return Ok(created);
    }
    let path = api::object::<R>(call)?.segment(field)?.segment(&key)?;
    let response = write(call, &settings, call.http("api").patch(path)?.idempotent(), draft)?;
    // Versions before v46.0 give no body for an update. An upsert that is repeated updates, and some fields are for new
    // records only; of two at one time, the later one may find the key taken. In all of these the record is there.
    let repeats = ["INVALID_FIELD_FOR_INSERT_UPDATE", "DUPLICATE_VALUE"];
    if (response.status() == 204 || repeats.iter().any(|code| faults::is(&response, code)))
        && let Some(created) = earlier()?
    {
        return Ok(created);
    }
    made(call, response)
}

/// Looks whether an earlier try has made the record: by its key, which queries see as soon as the record is there. Where
/// the org has no field for it, two records of one person and one minute look alike, and nobody can tell.
pub(crate) fn settled<R: Record>(
    call: &Call,
    id_of: impl Fn(&R) -> &str,
    is_same: impl Fn(&R) -> bool,
) -> Result<Settled<Created<R>>, Failure> {
    let settings = Settings::of(call)?;
    let Some((field, key)) = external_id::<R>(call, &settings) else { return Ok(Settled::Unknown) };
    match soql::find::<R>(call, &Condition::equals(field, &key)?, 1)?.into_iter().next() {
        None => Ok(Settled::NotApplied),
        Some(row) if is_same(&row.record) => {
            let id = wire::id(id_of(&row.record))?;
            Ok(Settled::Applied(Created { id, row: Some(row) }))
        }
        Some(_) => Ok(Settled::Unknown),
    }
}

/// What was made, out of the answer to the write.
fn made<R: Record>(call: &Call, response: Response) -> Result<Created<R>, Failure> {
    let response = response.error_for(|response| match response.status() {
        // No record is named here that could be missing.
        404 if faults::is(response, "NOT_FOUND") => Failure::denied()
            .detail("no permission for the object, or `external_ids` has a field that is hidden or no external id"),
        _ => faults::failure(response),
    })?;
    let id = wire::id(&response.json::<Saved>()?.id)?;
    let row = read_again(call, &id);
    Ok(Created { id, row })
}

/// The field that makes this write repeatable, and what stands in it. `None` without a field or without a key, and for
/// a key that no field could hold.
fn external_id<'c, R: Record>(call: &Call, settings: &'c Settings) -> Option<(&'c str, String)> {
    let field = settings.external_ids.of(R::NAME)?;
    let key = in_a_path(call.idempotency_key()?);
    if key.len() > KEY_CHARS_MAX {
        warn!("this key is too long for an external id, the write is not repeatable");
        return None;
    }
    Some((field, key))
}

/// A key as letters, digits, `-` and escapes. A slash would need its own permission in a path, and Salesforce takes
/// what follows a dot for a file's extension; two keys never become one.
fn in_a_path(key: &str) -> String {
    let mut plain = String::with_capacity(key.len());
    for byte in key.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' => plain.push(char::from(byte)),
            other => plain.push_str(&format!("_{other:02x}")),
        }
    }
    plain
}

/// Sends a record, with what is to happen about duplicates.
pub(crate) fn write(call: &Call, settings: &Settings, request: Request, draft: &Draft) -> Result<Response, Failure> {
    let request = request.header_if(api::DUPLICATE_RULE, api::duplicate_rule(call, settings));
    Ok(request.json(draft).send()?)
}

/// The record as it is now. Without it where that fails: the write has happened all the same.
pub(crate) fn read_again<R: Record>(call: &Call, id: &RecordId) -> Option<Row<R>> {
    let look = || soql::find_soon::<R>(call, &Condition::equals("Id", id.as_str())?, SECOND_LOOK_TIMEOUT);
    match look() {
        Ok(row) => row,
        Err(failure) => {
            info!("the record was not read again after the write"; failure);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_one_plain_segment_and_no_two_keys_are_one() {
        assert_eq!(in_a_path("8f14e45f-ceea-467f"), "8f14e45f-ceea-467f");
        assert_eq!(in_a_path("chat/1.inc"), "chat_2f1_2einc");
        assert_ne!(in_a_path("a_2f"), in_a_path("a/"));
        for key in ["..", "%2e%2e", "a'b", "a b", "_"] {
            assert!(in_a_path(key).bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')));
        }
    }
}
