//! Where the return stands in the shop after the desk asked for it: everything that follows depends on this.

use jackfield_sdk::prelude::*;

use crate::{attempt::Attempt, faults};

/// What became of the return.
#[derive(Debug)]
pub(crate) enum Standing {
    /// The shop made it.
    Registered(Box<Return>),
    /// There was one for these items already, under this id where the shop tells it.
    Existed(Option<String>),
    /// The desk does not start returns here: staff shall.
    LeftToStaff,
    /// No answer came: it may be there or not.
    Unknown,
}

impl Standing {
    /// What follows from asking the shop.
    ///
    /// # Errors
    /// The shop's refusal: nothing was done, and nothing is begun after it.
    pub(crate) fn of(asked: Attempt<Return>, names_items: bool) -> Result<Self, Failure> {
        match asked {
            Attempt::Done(made) if made.status == ReturnStatus::Declined => {
                Err(Failure::rejected("I'm sorry, the shop declined this return."))
            }
            Attempt::Done(made) => Ok(Standing::Registered(Box::new(made))),
            Attempt::Existed(id) => Ok(Standing::Existed(id)),
            Attempt::Skipped(_) => Ok(Standing::LeftToStaff),
            Attempt::Unknown => Ok(Standing::Unknown),
            Attempt::Refused(failure) => Err(faults::outward(failure, names_items)),
        }
    }

    /// The number by which customer and shop know the return.
    pub(crate) fn number(&self) -> Option<&str> {
        match self {
            Standing::Registered(made) => made.number.as_deref(),
            Standing::Existed(_) | Standing::LeftToStaff | Standing::Unknown => None,
        }
    }

    /// In a line for staff.
    pub(crate) fn in_words(&self) -> String {
        match self {
            Standing::Registered(made) => {
                let number = made.number.as_deref().map(|number| format!("{number}, ")).unwrap_or_default();
                let status = made.status_text.as_deref().unwrap_or(made.status.text());
                format!("{number}id {}, {status}", made.id)
            }
            Standing::Existed(Some(id)) => format!("there was one already, id {id}; no other was started"),
            Standing::Existed(None) => "there was one already; no other was started".to_owned(),
            Standing::LeftToStaff => "not started".to_owned(),
            Standing::Unknown => "not known".to_owned(),
        }
    }

    /// What is left for staff to do in the shop.
    pub(crate) fn open(&self) -> &'static str {
        match self {
            Standing::Registered(made) => match made.status {
                ReturnStatus::Requested => "Decide about the return and tell the customer.",
                ReturnStatus::Approved => "Wait for the items.",
                _ => "See where the return stands in the shop.",
            },
            Standing::Existed(_) => "See whether the return that was there covers what the customer asks for.",
            Standing::LeftToStaff => "Register the return in the shop: the desk did not.",
            Standing::Unknown => "See whether the return was registered in the shop.",
        }
    }
}
