//! The connector's own settings, as `connector.toml` declares them. Those that every connection has are the SDK's.

use jackfield_sdk::prelude::*;
use serde::Deserialize;

use crate::wire::Id;

#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub(crate) struct Settings {
    /// Tags of each new ticket, so that staff can tell where it came from.
    pub(crate) tags: Vec<String>,
    /// Tag of a ticket whose conversation a person shall take over.
    pub(crate) hand_off_tag: String,
    /// Form and brand of new tickets.
    pub(crate) ticket_form_id: Option<Id>,
    pub(crate) brand_id: Option<Id>,
    /// Page on which a customer can follow a ticket, with `{id}` in it.
    pub(crate) request_page: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            tags: vec!["chatbot".to_owned()],
            hand_off_tag: "needs_agent".to_owned(),
            ticket_form_id: None,
            brand_id: None,
            request_page: None,
        }
    }
}

impl Settings {
    pub(crate) fn of(call: &Call) -> Result<Self, Failure> {
        call.settings()
    }

    /// The page on which a customer can follow a ticket. The ticket's own `url` is one of the API.
    pub(crate) fn page(&self, id: Id) -> Option<String> {
        Some(self.request_page.as_ref()?.replace("{id}", &id.to_string()))
    }
}
