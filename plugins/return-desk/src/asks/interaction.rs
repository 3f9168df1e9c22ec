//! What `interaction.log` is asked: the conversation as the CRM keeps it, with what came of it in one line.

use jackfield_sdk::prelude::*;

use crate::{
    asks::ticket::{self, Case},
    attempt::Attempt,
    settings::Settings,
    standing::Standing,
    words::{cut, line},
};

/// Bound of the catalogue for one line, in characters.
const LINE_CHARS_MAX: usize = 200;

/// `None` where there is nobody to file it under.
pub(crate) fn input(settings: &Settings, case: &Case<'_>, opened: &Attempt<Ticket>) -> Option<InteractionLogInput> {
    let (email, phone) = (case.customer.email.clone(), case.customer.phone.clone());
    if email.is_none() && phone.is_none() {
        return None;
    }
    let outcome = format!("{}; {}.", became_of_return(case.standing), became_of_ticket(opened));
    Some(InteractionLogInput {
        // The number only where it must do: a system that compares both finds fewer.
        phone: phone.filter(|_| email.is_none()),
        email,
        channel: case.input.channel,
        subject: ticket::subject(settings, case),
        summary: case.input.summary.clone().or_else(|| case.input.note.clone()),
        outcome: Some(cut(&line(&outcome), LINE_CHARS_MAX)),
        conversation_id: case.input.conversation_id.clone(),
        ..InteractionLogInput::default()
    })
}

fn became_of_return(standing: &Standing) -> String {
    match standing {
        Standing::Registered(made) => format!("Return {} registered", made.number.as_deref().unwrap_or(&made.id)),
        Standing::Existed(_) => "A return was there already".to_owned(),
        Standing::LeftToStaff => "Return left to staff".to_owned(),
        Standing::Unknown => "Return not known to be registered".to_owned(),
    }
}

fn became_of_ticket(opened: &Attempt<Ticket>) -> String {
    match opened {
        Attempt::Done(ticket) => format!("ticket {} opened", ticket.number.as_deref().unwrap_or(&ticket.id)),
        Attempt::Existed(Some(id)) => format!("ticket {id} was there already"),
        Attempt::Existed(None) => "a ticket was there already".to_owned(),
        Attempt::Refused(_) => "the ticket could not be opened".to_owned(),
        Attempt::Unknown => "not known whether a ticket was opened".to_owned(),
        Attempt::Skipped(_) => "no ticket".to_owned(),
    }
}
