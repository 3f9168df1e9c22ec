//! Changing a ticket without trampling on what somebody else did to it meanwhile.
//!
//! Source: developer.zendesk.com, "Protecting against ticket update collisions" (`safe_update`, `updated_stamp`, 409).

use jackfield_sdk::prelude::*;

use super::Found;
use crate::{
    faults,
    wire::{Draft, Envelope, Ticket, TicketAnswer},
};

impl Found {
    /// Makes a change that is drawn up from the ticket as it stands. Where somebody was quicker, the ticket is read
    /// again, with the same check on who asks, and the change is drawn up and made once more.
    ///
    /// # Errors
    /// `rejected` for a closed ticket, `conflict` when somebody is quicker twice.
    pub(crate) fn change(self, call: &Call, draft: impl Fn(&Ticket) -> Draft) -> Result<Found, Failure> {
        match self.try_change(call, &draft)? {
            Attempt::Made(found) => Ok(found),
            Attempt::Overtaken(Found { ticket, asker, .. }) => {
                info!("somebody changed the ticket meanwhile, trying once more"; ticket = ticket.id);
                match Found::read(call, ticket.id, asker)?.try_change(call, &draft)? {
                    Attempt::Made(found) => Ok(found),
                    Attempt::Overtaken(_) => Err(Failure::conflict().detail("the ticket was changed twice meanwhile")),
                }
            }
        }
    }

    fn try_change(mut self, call: &Call, draft: &impl Fn(&Ticket) -> Draft) -> Result<Attempt, Failure> {
        if self.ticket.status() == "closed" {
            let sentence = "This ticket is closed and cannot be changed any more. Please open a new one.";
            return Err(Failure::rejected(sentence));
        }
        let safe_update = self.ticket.updated_at.is_some().then_some(true);
        let ticket = Draft { safe_update, updated_stamp: self.ticket.updated_at.clone(), ..draft(&self.ticket) };
        // Not marked as idempotent, although the stamp would stop a repetition: its 409 would look like somebody
        // else's change, and the comment would be added again.
        let request = call.http("api").put(path!("api/v2/tickets" / self.ticket.id))?.json(&Envelope { ticket });
        let response = request.send()?;
        if response.status() == 409 {
            return Ok(Attempt::Overtaken(self));
        }
        let answer: TicketAnswer = response.error_for(faults::failure)?.json()?;
        // The answer has no side-loads: people and groups stay who they were, promises may be other ones now.
        self.ticket = answer.ticket;
        Ok(Attempt::Made(self))
    }
}

enum Attempt {
    Made(Found),
    Overtaken(Found),
}
