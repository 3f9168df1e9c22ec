//! `lead.create`: somebody who may become a customer.

use jackfield_sdk::prelude::*;

use crate::{
    create::{self, Created},
    custom_fields, names,
    settings::Settings,
    wire::{self, Draft},
};

/// A lead needs a company. This is what Salesforce's own products write where a person gave none.
const NO_COMPANY: &str = "[not provided]";

pub(crate) fn run(call: &Call, input: LeadCreateInput) -> Result<Lead, Failure> {
    let settings = Settings::of(call)?;
    let draft = draft(call, &settings, &input)?;
    let created = create::once(call, &draft, |lead: &wire::Lead| &lead.id, is_same(&input))?;
    Ok(told(call, &settings, created, input))
}

/// Whether it was made.
pub(crate) fn settle(call: &Call, input: LeadCreateInput) -> Result<Settled<Lead>, Failure> {
    let settings = Settings::of(call)?;
    let found = create::settled(call, |lead: &wire::Lead| &lead.id, is_same(&input))?;
    Ok(found.map(|created| told(call, &settings, created, input)))
}

/// Whether a lead is the one that this input asks for.
fn is_same(input: &LeadCreateInput) -> impl Fn(&wire::Lead) -> bool {
    |lead| {
        let same = |known: &Option<String>, given: &Option<String>| match (known, given) {
            (Some(known), Some(given)) => known.to_lowercase() == given.to_lowercase(),
            (_, given) => given.is_none(),
        };
        same(&lead.last_name, &Some(input.last_name.clone())) && same(&lead.email, &input.email)
    }
}

fn draft(call: &Call, settings: &Settings, input: &LeadCreateInput) -> Result<Draft, Failure> {
    let standard = call.standard();
    let company = input.company.clone().or_else(|| standard.default_text("company"));
    let country = if settings.country_codes { "CountryCode" } else { "Country" };
    Ok(Draft::default()
        .set("LastName", input.last_name.as_str())
        .set_if("FirstName", input.first_name.clone())
        .set("Company", company.unwrap_or_else(|| NO_COMPANY.to_owned()))
        .set_if("Email", input.email.clone())
        .set_if("Phone", input.phone.clone())
        .set_if("Title", input.job_title.clone())
        .set_if(country, input.country.clone())
        .set_if("Description", input.interest.clone())
        .set_if("LeadSource", input.source.clone().or_else(|| standard.default_text("source")))
        // Without one the org's own first status is taken.
        .set_if("Status", standard.default_text("lead_status"))
        .with(custom_fields::write_new::<wire::Lead>(call, &input.fields, &[])?))
}

/// The lead as it was read, and as it was given where it could not be.
fn told(call: &Call, settings: &Settings, created: Created<wire::Lead>, input: LeadCreateInput) -> Lead {
    let Created { id, row } = created;
    let vendor = row.as_ref().map(|row| row.custom(call)).unwrap_or_default();
    let lead = row.map(|row| row.record);
    let given_name = || {
        let parts = [input.first_name.as_deref(), Some(input.last_name.as_str())];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    };
    let status_raw = lead.as_ref().and_then(|lead| lead.status.clone());
    let status = match (&lead, &status_raw) {
        (Some(lead), Some(raw)) => names::lead_status(call.status_names(), raw, lead.is_converted),
        // It was made a moment ago.
        _ => LeadStatus::New,
    };
    let company = lead.as_ref().and_then(|lead| lead.company.clone()).or(input.company.clone());
    Lead {
        url: settings.page(&id),
        id: id.as_str().to_owned(),
        name: lead.as_ref().and_then(|lead| lead.name.clone()).unwrap_or_else(given_name),
        email: input.email.clone(),
        phone: input.phone.clone(),
        company: company.filter(|company| company != NO_COMPANY),
        status,
        status_text: status_raw.clone().filter(|_| status == LeadStatus::Other),
        status_raw,
        source: lead.as_ref().and_then(|lead| lead.lead_source.clone()).or(input.source),
        owner: lead.as_ref().and_then(|lead| wire::name(lead.owner.as_ref())),
        created_at: lead.as_ref().and_then(|lead| wire::timestamp(lead.created_date.as_ref())),
        vendor,
    }
}
