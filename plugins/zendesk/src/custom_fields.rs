//! Custom ticket fields by the names that the operator gave them: the settings `field_map` and `defaults`.
//!
//! Zendesk knows a custom field by its number only; one that is not mapped is neither read nor written.

use jackfield_sdk::prelude::*;

use crate::wire::{CustomField, Ticket as WireTicket};

/// In `field_map`: `loyalty_tier = "360042"`, or `"ticket.loyalty_tier"` where other objects have such a name too.
const OBJECT: &str = "ticket";

/// The mapped fields of a ticket under their names.
pub(crate) fn read(call: &Call, ticket: &WireTicket) -> Vendor {
    let fields = ticket.custom_fields.as_deref().unwrap_or_default();
    call.field_map().read_with(OBJECT, |number| {
        let number: i64 = number.parse().ok()?;
        fields.iter().find(|field| field.id == number).map(|field| field.value.clone())
    })
}

/// What a bot gave, ready to be sent.
///
/// # Errors
/// `invalid-input` for a name that is not mapped, `internal` for a mapping that is no number.
pub(crate) fn write(call: &Call, fields: &Fields) -> Result<Vec<CustomField>, Failure> {
    let record = call.field_map().write(OBJECT, "/fields", fields)?;
    let field = |(number, value): (String, _)| match number.parse() {
        Ok(id) => Ok(CustomField { id, value }),
        Err(_) => {
            Err(Failure::internal(format!("`field_map` has `{number}` where the number of a field should stand")))
        }
    };
    record.into_iter().map(field).collect()
}

/// The same for a new ticket: where the bot says nothing, what the operator wrote under `defaults`; and what the
/// conversation is known by, where these names are mapped.
pub(crate) fn write_new(call: &Call, input: &TicketCreateInput) -> Result<Vec<CustomField>, Failure> {
    let mut fields = input.fields.clone();
    let known = [("channel", &input.channel), ("conversation_id", &input.conversation_id)];
    let known = known.into_iter().filter_map(|(name, value)| Some((name, json!(value.as_ref()?))));
    let defaults = call.standard().defaults.iter().map(|(name, value)| (name.as_str(), value.clone()));
    for (name, value) in known.chain(defaults) {
        if call.field_map().field(OBJECT, name).is_some() {
            fields.entry(name.to_owned()).or_insert(value);
        }
    }
    write(call, &fields)
}
