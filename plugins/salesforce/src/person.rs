//! People, contacts and leads alike: found by id, e-mail address or telephone number, and only if there is one.

use jackfield_sdk::prelude::*;

use crate::{
    id::RecordId,
    names,
    phone::Phone,
    settings::Settings,
    soql::{self, Condition, Row},
    wire::{self, Record},
};

/// Somebody with an address and numbers.
pub(crate) trait Person: Record {
    fn email(&self) -> Option<&str>;
    fn phones(&self) -> [Option<&str>; 2];
    /// Whom to leave out; nobody where there is no such thing.
    fn left_out() -> Option<&'static str> {
        None
    }
}

impl Person for wire::Contact {
    fn email(&self) -> Option<&str> {
        self.email.as_deref()
    }

    fn phones(&self) -> [Option<&str>; 2] {
        [self.phone.as_deref(), self.mobile_phone.as_deref()]
    }
}

impl Person for wire::Lead {
    fn email(&self) -> Option<&str> {
        self.email.as_deref()
    }

    fn phones(&self) -> [Option<&str>; 2] {
        [self.phone.as_deref(), self.mobile_phone.as_deref()]
    }

    /// Who became a contact is found as one.
    fn left_out() -> Option<&'static str> {
        Some("IsConverted")
    }
}

/// Enough to see that there are several.
const SEVERAL: usize = 5;
/// More may look alike by their last digits than are alike.
pub(crate) const PHONE_CANDIDATES_MAX: usize = 50;

/// The contact with this id.
///
/// # Errors
/// `not-found` where there is none that the connector's user may see.
pub(crate) fn by_id(call: &Call, id: &RecordId) -> Result<Row<wire::Contact>, Failure> {
    let found = soql::find::<wire::Contact>(call, &Condition::equals("Id", id.as_str())?, 1)?;
    let is_it = |row: &Row<wire::Contact>| RecordId::parse(&row.record.id).as_ref() == Some(id);
    found.into_iter().find(is_it).ok_or_else(Failure::not_found)
}

/// Whoever has this e-mail address, or nobody.
///
/// # Errors
/// `invalid-input` on `/email` where several have it.
pub(crate) fn by_email<P: Person>(call: &Call, email: &str) -> Result<Option<Row<P>>, Failure> {
    let condition = Condition::equals("Email", email).map_err(|failure| failure.at("/email"))?;
    let found = soql::find::<P>(call, &condition_on::<P>(condition)?, SEVERAL)?;
    let theirs = found.into_iter().filter(|row| has_email(&row.record, email)).collect();
    only_one(theirs, "/email", "Several people have this e-mail address. Please give the id of the contact.")
}

/// Whoever has this telephone number, or nobody.
///
/// # Errors
/// `invalid-input` on `/phone` where several have it, and for a piece of a number.
pub(crate) fn by_phone<P: Person>(call: &Call, phone: &str) -> Result<Option<Row<P>>, Failure> {
    let phone = phone_given(phone)?;
    let found = soql::find::<P>(call, &condition_on::<P>(phone_condition(&phone)?)?, PHONE_CANDIDATES_MAX)?;
    let theirs = found.into_iter().filter(|row| has_phone(&row.record, &phone)).collect();
    only_one(theirs, "/phone", "Several people have this phone number. Please give the id of the contact.")
}

/// A number out of the input.
pub(crate) fn phone_given(phone: &str) -> Result<Phone, Failure> {
    Phone::parse(phone).ok_or_else(|| Failure::invalid("/phone", "Please give the whole phone number."))
}

/// Who may have this number, to be looked at with [`has_phone`].
pub(crate) fn phone_condition(phone: &Phone) -> Result<Condition, Failure> {
    Ok(Condition::ends_in_digits("Phone", phone.tail())?.or(Condition::ends_in_digits("MobilePhone", phone.tail())?))
}

pub(crate) fn has_email(person: &impl Person, email: &str) -> bool {
    person.email().is_some_and(|known| known.trim().to_lowercase() == email.trim().to_lowercase())
}

pub(crate) fn has_phone(person: &impl Person, phone: &Phone) -> bool {
    person.phones().into_iter().flatten().any(|known| phone.is(known))
}

fn condition_on<P: Person>(condition: Condition) -> Result<Condition, Failure> {
    Ok(match P::left_out() {
        Some(field) => condition.and(Condition::is_false(field)?),
        None => condition,
    })
}

fn only_one<P>(found: Vec<Row<P>>, pointer: &str, sentence: &str) -> Result<Option<Row<P>>, Failure> {
    let mut found = found.into_iter();
    match (found.next(), found.next()) {
        (one, None) => Ok(one),
        _ => Err(Failure::invalid(pointer, sentence)),
    }
}

/// A contact in the catalogue's words.
pub(crate) fn told(call: &Call, row: &Row<wire::Contact>) -> Result<Contact, Failure> {
    let contact = &row.record;
    let id = wire::id(&contact.id)?;
    let full_name = || {
        let parts = [contact.first_name.as_deref(), contact.last_name.as_deref()];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    };
    let refuses = [contact.do_not_call, contact.has_opted_out_of_email];
    Ok(Contact {
        url: Settings::of(call)?.page(&id),
        id: id.as_str().to_owned(),
        name: contact.name.clone().unwrap_or_else(full_name),
        first_name: contact.first_name.clone(),
        last_name: contact.last_name.clone(),
        email: contact.email.clone(),
        phone: contact.phone.clone().or_else(|| contact.mobile_phone.clone()),
        company: wire::name(contact.account.as_ref()),
        job_title: contact.title.clone(),
        city: contact.mailing_city.clone(),
        country: names::country(contact.mailing_country_code.as_ref(), contact.mailing_country.as_ref()),
        stage: None,
        owner: wire::name(contact.owner.as_ref()),
        // Who refuses calls, or mail, is not to be bothered by a bot in any other way either.
        do_not_contact: refuses.iter().any(Option::is_some).then(|| refuses.contains(&Some(true))),
        created_at: wire::timestamp(contact.created_date.as_ref()),
        updated_at: wire::timestamp(contact.last_modified_date.as_ref()),
        last_activity_at: contact.last_activity_date.as_deref().and_then(noon),
        vendor: row.custom(call),
    })
}

const HALF_A_DAY_MS: i64 = 43_200_000;

/// Salesforce tells a day and the model a time: at noon UTC it is that day nearly everywhere.
fn noon(day: &str) -> Option<Timestamp> {
    Some(Day::parse(day)?.midnight().plus_ms(HALF_A_DAY_MS).into())
}
