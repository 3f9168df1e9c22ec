//! Queries: made of constants, names that were checked and values that were escaped, and of nothing else.
//!
//! A [`Condition`] cannot be made of text, so that nothing a user says becomes part of the language. What comes back is
//! looked at again by whoever asked: `=` and `LIKE` do not mind case, and a wildcard fits more than was meant.

use std::time::Duration;

use jackfield_sdk::{Value, prelude::*};

use crate::{
    api, custom_fields, faults,
    settings::Settings,
    wire::{Record, Records},
};

/// What a record must be like.
#[derive(Clone, Debug)]
pub(crate) struct Condition(String);

/// As many digits as a telephone number has at most (ITU-T E.164).
const PHONE_DIGITS_MAX: usize = 15;

impl Condition {
    /// The field has this value, in any case.
    pub(crate) fn equals(field: &str, value: &str) -> Result<Self, Failure> {
        Ok(Condition(format!("{} = {}", query::field_name(field)?, query::soql::string(value)?)))
    }

    /// The text of the field contains the value, in any case.
    pub(crate) fn contains(field: &str, value: &str) -> Result<Self, Failure> {
        Ok(Condition(format!("{} LIKE {}", query::field_name(field)?, query::soql::like_contains(value)?)))
    }

    /// The field ends in these digits, with anything between them: telephone numbers are kept as somebody typed them.
    pub(crate) fn ends_in_digits(field: &str, digits: &str) -> Result<Self, Failure> {
        let digits = query::digits(digits, PHONE_DIGITS_MAX)?;
        let pattern: String = digits.chars().flat_map(|digit| ['%', digit]).collect();
        Ok(Condition(format!("{} LIKE '{pattern}'", query::field_name(field)?)))
    }

    /// The field says yes.
    pub(crate) fn is_true(field: &str) -> Result<Self, Failure> {
        Ok(Condition(format!("{} = true", query::field_name(field)?)))
    }

    /// The field does not say yes.
    pub(crate) fn is_false(field: &str) -> Result<Self, Failure> {
        Ok(Condition(format!("{} = false", query::field_name(field)?)))
    }

    pub(crate) fn or(self, other: Condition) -> Self {
        Condition(format!("({} OR {})", self.0, other.0))
    }

    pub(crate) fn and(self, other: Condition) -> Self {
        Condition(format!("{} AND {}", self.0, other.0))
    }
}

/// A record, with the fields that the operator mapped beside those that the connector knows.
#[derive(Clone, Debug)]
pub(crate) struct Row<R> {
    pub(crate) record: R,
    all: Value,
}

impl<R: Record> Row<R> {
    /// The mapped fields under their names.
    pub(crate) fn custom(&self, call: &Call) -> Vendor {
        custom_fields::read::<R>(call, &self.all)
    }
}

/// The records that fit, at most this many.
///
/// # Errors
/// Those of Salesforce; `internal` where the configuration names fields that cannot be.
pub(crate) fn find<R: Record>(call: &Call, condition: &Condition, limit: usize) -> Result<Vec<Row<R>>, Failure> {
    rows(request::<R>(call, condition, limit)?)
}

/// The same for one record, with an end of its own: for a look at what a write has become, which must not cost the
/// write its answer.
pub(crate) fn find_soon<R: Record>(
    call: &Call,
    condition: &Condition,
    timeout: Duration,
) -> Result<Option<Row<R>>, Failure> {
    Ok(rows(request::<R>(call, condition, 1)?.timeout(timeout))?.into_iter().next())
}

fn request<R: Record>(call: &Call, condition: &Condition, limit: usize) -> Result<Request, Failure> {
    let mut columns = R::columns(&Settings::of(call)?);
    // A field that is selected twice is an error.
    for column in custom_fields::columns::<R>(call)? {
        if !columns.iter().any(|known| known.eq_ignore_ascii_case(column)) {
            columns.push(column);
        }
    }
    let order = R::ORDER.map(|order| format!(" ORDER BY {order}")).unwrap_or_default();
    let Condition(condition) = condition;
    let query = format!("SELECT {} FROM {} WHERE {condition}{order} LIMIT {limit}", columns.join(", "), R::OBJECT);
    Ok(call.http("api").get(api::query(call)?)?.query("q", query))
}

fn rows<R: Record>(request: Request) -> Result<Vec<Row<R>>, Failure> {
    let response = request.send()?.error_for(|response| match response.status() {
        // There is no record in the path that could be missing.
        404 => Failure::internal("no such resource: are the settings `my_domain` and `api_version` right?"),
        _ => faults::failure(response),
    })?;
    let records = response.json::<Records<R>>()?.records;
    let all = response.json::<Records<Value>>()?.records;
    Ok(records.into_iter().zip(all).map(|(record, all)| Row { record, all }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(condition: Result<Condition, Failure>) -> String {
        condition.unwrap().0
    }

    #[test]
    fn no_value_leaves_its_quotes() {
        assert_eq!(text(Condition::equals("Email", r"' OR Name != '")), r"Email = '\' OR Name != \''");
        assert_eq!(text(Condition::contains("Name", r"100%_\")), r"Name LIKE '%100\%\_\\%'");
        assert_eq!(text(Condition::ends_in_digits("Phone", "1234567")), "Phone LIKE '%1%2%3%4%5%6%7'");
        for hostile in ["12345' OR Id != '", "%", ""] {
            assert!(Condition::ends_in_digits("Phone", hostile).is_err(), "{hostile}");
        }
    }

    #[test]
    fn no_name_becomes_more_than_a_name() {
        for hostile in ["Email = 'a' OR Email", "(SELECT Id FROM Tasks)", "Key__c, Secret__c", ""] {
            assert_eq!(Condition::equals(hostile, "a").unwrap_err().kind.code(), "internal", "{hostile}");
        }
    }

    #[test]
    fn conditions_keep_together_what_belongs_together() {
        let email = || Condition::equals("Email", "a@b.example").unwrap();
        let either = Condition::is_false("IsConverted").unwrap().or(email());
        assert_eq!(either.and(email()).0, "(IsConverted = false OR Email = 'a@b.example') AND Email = 'a@b.example'");
    }
}
