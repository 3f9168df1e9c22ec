//! `ticket.update`: the customer adds to their ticket, or changes what state it is in.

use jackfield_sdk::prelude::*;

use crate::{
    custom_fields, names, note,
    ticket::{self, Asker, Found, Wanted},
    wire::{self, Draft, NewComment},
};

pub(crate) fn run(call: &Call, input: TicketUpdateInput) -> Result<Ticket, Failure> {
    let id = ticket::id(&input.ticket_id)?;
    let asker = Asker::customer(call, input.email.as_deref())?;
    let change = Change::of(call, &input)?;
    let found = Found::read(call, id, asker)?;

    let found = found.change(call, |ticket| change.draft(ticket))?;
    Ok(found.told(call, None))
}

/// Whether it was changed.
pub(crate) fn settle(call: &Call, input: TicketUpdateInput) -> Result<Settled<Ticket>, Failure> {
    let id = ticket::id(&input.ticket_id)?;
    let asker = Asker::customer(call, input.email.as_deref())?;
    let change = Change::of(call, &input)?;
    let found = Found::read(call, id, asker)?;
    let wanted = Wanted { comment: change.draft(&found.ticket).comment, is_so: &|ticket| change.is_made(ticket) };
    Ok(found.settled(call, &wanted)?.map(|found| found.told(call, None)))
}

/// What is to change, checked before anything is asked of Zendesk.
struct Change<'i> {
    input: &'i TicketUpdateInput,
    status: Option<&'static str>,
    priority: Option<&'static str>,
    custom_fields: Vec<wire::CustomField>,
}

impl<'i> Change<'i> {
    fn of(call: &Call, input: &'i TicketUpdateInput) -> Result<Self, Failure> {
        let codes = call.status_names();
        let no_such = |pointer| Failure::invalid(pointer, "The helpdesk has nothing like this.");
        let status = input.status.map(|wanted| names::status_code(codes, wanted).ok_or_else(|| no_such("/status")));
        let priority =
            input.priority.map(|wanted| names::priority_code(codes, wanted).ok_or_else(|| no_such("/priority")));
        Ok(Change {
            input,
            status: status.transpose()?,
            priority: priority.transpose()?,
            custom_fields: custom_fields::write(call, &input.fields)?,
        })
    }

    /// Whether a ticket is as it was to become.
    fn is_made(&self, ticket: &wire::Ticket) -> bool {
        // What a custom field has become is Zendesk's to say: it may be kept in another form than it was sent.
        self.custom_fields.is_empty()
            && self.status.is_none_or(|wanted| ticket.status() == wanted)
            && self.priority.is_none_or(|wanted| ticket.priority.as_deref() == Some(wanted))
            && names::tags_after(ticket.tags.as_deref(), &self.input.add_tags, &self.input.remove_tags).is_none()
    }

    /// The change to this state of the ticket: all tags are sent, so they are made from those it has.
    fn draft(&self, ticket: &wire::Ticket) -> Draft {
        let public = self.input.public.unwrap_or(true);
        let comment = self.input.comment.as_ref().map(|text| NewComment {
            body: note::harmless(text),
            public,
            // What the customer says must not look like an answer of the helpdesk, nor count as one. Notes between
            // colleagues cannot come from a customer.
            author_id: ticket.requester_id.filter(|_| public),
        });
        Draft {
            comment,
            status: self.status,
            priority: self.priority,
            tags: names::tags_after(ticket.tags.as_deref(), &self.input.add_tags, &self.input.remove_tags),
            custom_fields: self.custom_fields.clone(),
            ..Draft::default()
        }
    }
}
