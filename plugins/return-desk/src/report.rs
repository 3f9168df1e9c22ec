//! The answer: what became of the return, and which steps were done and which were not.

use jackfield_sdk::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{attempt::Attempt, faults, standing::Standing};

/// What a step that was not refused and not skipped says beside its status.
const EXISTED: &str = "it was there already";
const UNKNOWN: &str = "no answer came: it may have been done or not";

/// What was done about a return.
#[derive(Debug, Serialize)]
pub(crate) struct Arranged {
    order_number: String,
    outcome: Outcome,
    needs_follow_up: bool,
    #[serde(rename = "return", skip_serializing_if = "Option::is_none")]
    made: Option<MadeReturn>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket: Option<OpenedTicket>,
    steps: Vec<Taken>,
}

/// What became of the return, for the text and for the bot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    /// It is in the shop.
    Registered,
    /// It was in the shop before.
    AlreadyRegistered,
    /// Staff were asked to register it.
    HandedOver,
    /// It is in the shop, or with staff, or neither.
    Unknown,
}

/// The return, as far as a customer needs it.
#[derive(Debug, Default, Serialize)]
struct MadeReturn {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<ReturnStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instructions: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    return_by: Option<Date>,
}

/// The ticket, as far as a customer needs it.
#[derive(Debug, Default, Serialize)]
struct OpenedTicket {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<String>,
}

/// A step, by the intent that it asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Step {
    #[serde(rename = "order.status")]
    OrderStatus,
    #[serde(rename = "return.start")]
    ReturnStart,
    #[serde(rename = "ticket.create")]
    TicketCreate,
    #[serde(rename = "interaction.log")]
    InteractionLog,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum StepStatus {
    Done,
    /// Not tried.
    Skipped,
    /// Tried or due, and certainly not done.
    Failed,
    /// May have been done.
    Unknown,
}

/// A step and what came of it.
#[derive(Debug, Serialize)]
struct Taken {
    step: Step,
    status: StepStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'static str>,
}

/// The steps so far, in their order.
#[derive(Debug, Default)]
pub(crate) struct Steps(Vec<Taken>);

impl Steps {
    /// Writes down what came of a step; `id` tells that of what was made.
    pub(crate) fn note<T>(&mut self, step: Step, attempt: &Attempt<T>, id: impl Fn(&T) -> &str) {
        let (status, id, detail) = match attempt {
            Attempt::Done(made) => (StepStatus::Done, Some(id(made).to_owned()), None),
            Attempt::Existed(id) => (StepStatus::Done, id.clone(), Some(EXISTED)),
            Attempt::Refused(failure) => (StepStatus::Failed, None, Some(faults::in_words(failure))),
            Attempt::Unknown => (StepStatus::Unknown, None, Some(UNKNOWN)),
            Attempt::Skipped(why) => (StepStatus::Skipped, None, Some(*why)),
        };
        self.0.push(Taken { step, status, id: id.filter(|id| !id.is_empty()), detail });
    }

    /// The whole answer.
    pub(crate) fn report(self, order: &Order, standing: Standing, ticket: Attempt<Ticket>) -> Arranged {
        let outcome = match (&standing, &ticket) {
            (Standing::Registered(_), _) => Outcome::Registered,
            (Standing::Existed(_), _) => Outcome::AlreadyRegistered,
            (Standing::LeftToStaff, Attempt::Done(_) | Attempt::Existed(_)) => Outcome::HandedOver,
            (Standing::LeftToStaff | Standing::Unknown, _) => Outcome::Unknown,
        };
        // What is open stands in the ticket. Where the ticket was due and is not there, nobody knows of it; nor does
        // anybody look whether a return of before covers what is asked for now, where there are no tickets.
        let untold = match ticket {
            Attempt::Done(_) | Attempt::Existed(_) => false,
            Attempt::Refused(_) | Attempt::Unknown => true,
            Attempt::Skipped(_) => outcome == Outcome::AlreadyRegistered,
        };
        Arranged {
            order_number: order.number.clone(),
            needs_follow_up: untold || outcome == Outcome::Unknown,
            outcome,
            made: MadeReturn::of(standing),
            ticket: OpenedTicket::of(ticket),
            steps: self.0,
        }
    }
}

impl MadeReturn {
    fn of(standing: Standing) -> Option<Self> {
        match standing {
            Standing::Registered(made) => Some(MadeReturn {
                id: Some(made.id),
                number: made.number,
                status: Some(made.status),
                instructions: made.instructions,
                label_url: made.label_url,
                return_by: made.return_by,
            }),
            Standing::Existed(id) => Some(MadeReturn { id: Some(id?), ..MadeReturn::default() }),
            Standing::LeftToStaff | Standing::Unknown => None,
        }
    }
}

impl OpenedTicket {
    fn of(ticket: Attempt<Ticket>) -> Option<Self> {
        match ticket {
            Attempt::Done(ticket) => Some(OpenedTicket { id: Some(ticket.id), number: ticket.number }),
            Attempt::Existed(id) => Some(OpenedTicket { id: Some(id?), number: None }),
            Attempt::Refused(_) | Attempt::Unknown | Attempt::Skipped(_) => None,
        }
    }
}
