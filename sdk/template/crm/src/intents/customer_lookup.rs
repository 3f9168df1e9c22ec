//! `customer.lookup`: who a customer is, by e-mail address, phone number, name or id.

use jackfield_sdk::prelude::*;

use crate::{faults, names, wire};

/// People that are told, where the call does not say.
const LIMIT: u32 = 5;

pub(crate) fn run(call: &Call, input: CustomerLookupInput) -> Result<ContactList, Failure> {
    let limit = input.limit.unwrap_or(LIMIT);
    let found: Vec<wire::Contact> = call
        .http("api")
        .get(path!("v1/contacts"))?
        .query_if("id", input.id)
        .query_if("email", input.email)
        .query_if("phone", input.phone)
        .query_if("name", input.name)
        .query_if("company", input.company)
        // One more than is told, to know whether there are more.
        .query("limit", limit + 1)
        .send()?
        .error_for(faults::failure)?
        .json()?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = found.len() > limit;
    let contacts = found.into_iter().take(limit).map(contact).collect();
    Ok(ContactList { contacts, more })
}

fn contact(found: wire::Contact) -> Contact {
    Contact {
        id: found.id,
        name: found.name,
        email: found.email,
        phone: found.phone,
        company: found.company,
        stage: found.phase.as_deref().map(names::stage),
        ..Contact::default()
    }
}
