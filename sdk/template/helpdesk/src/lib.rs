//! Acme Desk: which function answers which intent, and nothing else.

use jackfield_sdk::prelude::*;

mod faults;
mod names;
mod wire;

mod intents {
    pub(crate) mod ticket_status;
}

/// The connector.
pub struct AcmeDesk;

#[connector]
impl AcmeDesk {
    fn ticket_status(&self, call: &Call, input: TicketStatusInput) -> Result<Ticket, Failure> {
        intents::ticket_status::run(call, input)
    }
}
