//! `contact.update`: new details of a contact. Only what is named changes; of two who change the same field, the later
//! one counts.

use jackfield_sdk::prelude::*;

use crate::{
    account, api, create, custom_fields, faults,
    id::RecordId,
    person,
    settings::Settings,
    soql::Row,
    wire::{self, Draft},
};

pub(crate) fn run(call: &Call, input: ContactUpdateInput) -> Result<Contact, Failure> {
    let settings = Settings::of(call)?;
    let draft = draft(call, &settings, &input.changes)?;
    let contact = find(call, &input)?;
    let id = wire::id(&contact.record.id)?;
    let account = input.changes.company.as_deref().map(|name| account::by_name(call, name, "/changes/company"));
    let draft = draft.set_if("AccountId", account.transpose()?.map(|id| id.as_str().to_owned()));

    // The same values once more change nothing: it may be repeated.
    let request = call.http("api").patch(api::object::<wire::Contact>(call)?.segment(id.as_str())?)?.idempotent();
    let response = create::write(call, &settings, request, &draft)?.error_for(faults::failure)?;
    // An update is answered with 204 and nothing else ("Update a Record", REST API Developer Guide): any other success
    // is not the org's own, such as the page of a gateway.
    if response.status() != 204 {
        return Err(Failure::internal(format!("the update was answered with {}", response.status())));
    }

    match create::read_again(call, &id) {
        Some(now) => person::told(call, &now),
        None => Ok(changed(person::told(call, &contact)?, input.changes)),
    }
}

/// The contact with the id; with both given, only if the address is theirs as well.
fn find(call: &Call, input: &ContactUpdateInput) -> Result<Row<wire::Contact>, Failure> {
    match (&input.contact_id, &input.email) {
        (Some(id), email) => {
            let contact = person::by_id(call, &RecordId::given(id, "/contact_id")?)?;
            let is_theirs = email.as_ref().is_none_or(|email| person::has_email(&contact.record, email));
            if is_theirs { Ok(contact) } else { Err(Failure::not_found()) }
        }
        (None, Some(email)) => person::by_email(call, email)?.ok_or_else(Failure::not_found),
        (None, None) => Err(Failure::invalid("/email", "Please give the e-mail address of the contact.")),
    }
}

/// All but the company, which Salesforce must be asked for.
///
/// # Errors
/// `invalid-input` for fields that are not mapped, and where nothing is to change.
fn draft(call: &Call, settings: &Settings, changes: &ContactChanges) -> Result<Draft, Failure> {
    let country = if settings.country_codes { "MailingCountryCode" } else { "MailingCountry" };
    let draft = Draft::default()
        .set_if("FirstName", changes.first_name.clone())
        .set_if("LastName", changes.last_name.clone())
        .set_if("Email", changes.email.clone())
        .set_if("Phone", changes.phone.clone())
        .set_if("Title", changes.job_title.clone())
        .set_if("MailingStreet", changes.street.clone())
        .set_if("MailingCity", changes.city.clone())
        .set_if("MailingState", changes.region.clone())
        .set_if("MailingPostalCode", changes.postal_code.clone())
        .set_if(country, changes.country.clone())
        .with(custom_fields::write::<wire::Contact>(call, "/changes/fields", &changes.fields)?);
    let changes_nothing = draft.is_empty() && changes.company.is_none();
    if changes_nothing { Err(Failure::invalid("/changes", "Please say what is to change.")) } else { Ok(draft) }
}

/// What the contact must be now, where it could not be read again.
fn changed(before: Contact, changes: ContactChanges) -> Contact {
    let first_name = changes.first_name.or(before.first_name);
    let last_name = changes.last_name.or(before.last_name);
    let name = [first_name.as_deref(), last_name.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" ");
    Contact {
        name,
        first_name,
        last_name,
        email: changes.email.or(before.email),
        phone: changes.phone.or(before.phone),
        company: changes.company.or(before.company),
        job_title: changes.job_title.or(before.job_title),
        city: changes.city.or(before.city),
        country: changes.country.or(before.country),
        // When it changed is not known to the second, and a mapped field may be among the changes.
        updated_at: None,
        vendor: Vendor::default(),
        ..before
    }
}
