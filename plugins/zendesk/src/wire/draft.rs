//! What is sent to Zendesk: a ticket to be made, or what is to change in one. Absent members stay as they are.
//!
//! Source: `TicketCreateInput` and `TicketUpdateInput` of Zendesk's published description; `requester` by
//! developer.zendesk.com, "Tickets".

use serde::Serialize;

use super::{CustomField, Id};

/// The body of `POST /tickets` and `PUT /tickets/{id}`.
#[derive(Debug, Serialize)]
pub(crate) struct Envelope {
    pub(crate) ticket: Draft,
}

#[derive(Debug, Default, Serialize)]
pub(crate) struct Draft {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) subject: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) comment: Option<Comment>,
    /// Becomes a new user where the address is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) requester: Option<Author>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) priority: Option<&'static str>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) group_id: Option<Id>,
    /// `Some(None)` takes the ticket away from whoever has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) assignee_id: Option<Option<Id>>,
    /// All tags the ticket is to have: Zendesk replaces the list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tags: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) custom_fields: Vec<CustomField>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) external_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ticket_form_id: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) brand_id: Option<Id>,
    /// With `updated_stamp`: refuse the change if the ticket is no longer as it was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) safe_update: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) updated_stamp: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Comment {
    pub(crate) body: String,
    /// Always said: what the first comment was would otherwise be the default for all that follow.
    pub(crate) public: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) author_id: Option<Id>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Author {
    pub(crate) name: String,
    pub(crate) email: String,
}
