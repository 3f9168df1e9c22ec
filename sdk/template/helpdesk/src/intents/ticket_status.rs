//! `ticket.status`: where a ticket stands, told only to who opened it.

use jackfield_sdk::prelude::*;

use crate::{faults, names, wire};

pub(crate) fn run(call: &Call, input: TicketStatusInput) -> Result<Ticket, Failure> {
    // Who gives no proof is asked for one before anything is sent.
    let sentence = "Please give the e-mail address that the ticket was opened with.";
    let ownership = Ownership::by_email(call, input.email.as_deref(), sentence)?;
    let found: wire::Ticket = call
        .http("api")
        .get(path!("v1/tickets" / input.ticket_id).map_err(|failure| failure.at("/ticket_id"))?)?
        .send()?
        .error_for(faults::failure)?
        .json()?;
    // A mismatch is the same failure as a ticket that does not exist.
    ownership.proves(&OrderOwner::new().email(found.requester_email.as_deref()))?;

    Ok(Ticket {
        id: found.id,
        subject: found.subject,
        status: names::status(call.status_names(), &found.state),
        status_raw: Some(found.state),
        group: found.team,
        created_at: found.opened_at.map(Timestamp::new),
        ..Ticket::default()
    })
}
