//! The connector's own settings, as `connector.toml` declares them: which steps are taken, and the ticket's team and
//! subject.

use jackfield_sdk::prelude::*;
use serde::Deserialize;

use crate::report::Step;

#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub(crate) struct Settings {
    /// Which steps are taken, beside looking up the order.
    steps: Vec<Step>,
    /// Team that gets the ticket.
    pub(crate) ticket_team: Option<String>,
    /// Subject of the ticket and of the CRM's entry, with `{order}` and `{return}` in it.
    pub(crate) ticket_subject: String,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            steps: vec![Step::ReturnStart, Step::TicketCreate, Step::InteractionLog],
            ticket_team: None,
            ticket_subject: "Return {return} for order #{order}".to_owned(),
        }
    }
}

impl Settings {
    pub(crate) fn of(call: &Call) -> Result<Self, Failure> {
        call.settings()
    }

    /// Whether a step is taken on this connection.
    pub(crate) fn takes(&self, step: Step) -> bool {
        self.steps.contains(&step)
    }
}
