//! The return desk, a connector that asks other connectors: which function answers which intent, and nothing else.
//!
//! What it may ask for stands in `connector.toml`, what an operator has to route and what it cannot do in `README.md`.

mod attempt;
mod customer;
mod deadline;
mod faults;
mod items;
mod report;
mod settings;
mod standing;
mod words;

mod intents {
    pub(crate) mod return_desk_return_arrange;
}
/// What is asked of other connectors beyond finding the order and starting the return.
mod asks {
    pub(crate) mod interaction;
    pub(crate) mod ticket;
}

use jackfield_sdk::prelude::*;

use crate::{intents::return_desk_return_arrange::ReturnArrangeInput, report::Arranged};

/// Arranges returns across shop, helpdesk and CRM.
pub struct ReturnDesk;

#[connector]
impl ReturnDesk {
    fn return_arrange(&self, call: &Call, input: ReturnArrangeInput) -> Result<Arranged, Failure> {
        intents::return_desk_return_arrange::run(call, input)
    }
}
