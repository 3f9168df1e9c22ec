//! What may be asked of a helpdesk: opening, finding, changing and routing tickets.

#[cfg(feature = "schema")]
use crate::shape;
use crate::{Fields, Priority, TicketStatus, TicketType, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Opens a ticket at the helpdesk.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TicketCreateInput {
    /// What it is about, in one line.
    #[cfg_attr(feature = "schema", schemars(with = "shape::Line"))]
    pub subject: String,
    /// What happened and what the customer wants, in a few sentences.
    #[cfg_attr(feature = "schema", schemars(with = "shape::Text"))]
    pub description: String,
    /// Name of the customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Line"))]
    pub requester_name: Option<String>,
    /// E-mail address of the customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Email"))]
    pub requester_email: Option<String>,
    /// How urgent it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Choice<Priority>"))]
    pub priority: Option<Priority>,
    /// What kind of request it is.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Choice<TicketType>"))]
    pub kind: Option<TicketType>,
    /// Team that should get it, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Line"))]
    pub team: Option<String>,
    /// Labels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Labels"))]
    pub tags: Vec<String>,
    /// Where the customer wrote, such as "web chat".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Word"))]
    pub channel: Option<String>,
    /// Id of the chat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Id"))]
    pub conversation_id: Option<String>,
    /// Further fields of the helpdesk system, by the names that the operator gave them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::ExtraFields"))]
    pub fields: Fields,
}

/// Tells where a ticket stands, who has it, what was promised and what was written last. Unless the user is already verified,
/// the e-mail address of the customer who opened it is needed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TicketStatusInput {
    /// Number or id of the ticket, such as 35436 or HELP-12.
    #[cfg_attr(feature = "schema", schemars(with = "shape::Number"))]
    pub ticket_id: String,
    /// E-mail address the ticket was opened with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Email"))]
    pub email: Option<String>,
}

/// Lists tickets that match words, a customer or a status, the one that changed last first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TicketSearchInput {
    /// Words to look for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Line"))]
    pub query: Option<String>,
    /// E-mail address of the customer who opened them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Email"))]
    pub email: Option<String>,
    /// Only tickets in this state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Choice<TicketStatus>"))]
    pub status: Option<TicketStatus>,
    /// Only tickets opened on or after this day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_after: Option<crate::Date>,
    /// At most this many tickets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Limit"))]
    pub limit: Option<u32>,
}

/// Adds a comment to a ticket or changes its status, priority or labels. Unless the user is already verified, the e-mail
/// address of the customer who opened it is needed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(extend("anyOf" = shape::any_of(&["comment", "status", "priority", "add_tags", "remove_tags", "fields"]))))]
pub struct TicketUpdateInput {
    /// Number or id of the ticket, such as 35436 or HELP-12.
    #[cfg_attr(feature = "schema", schemars(with = "shape::Number"))]
    pub ticket_id: String,
    /// E-mail address the ticket was opened with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Email"))]
    pub email: Option<String>,
    /// What to add to the conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Text"))]
    pub comment: Option<String>,
    /// Whether the customer can read the comment; yes when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public: Option<bool>,
    /// New status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Choice<TicketStatus>"))]
    pub status: Option<TicketStatus>,
    /// New priority.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Choice<Priority>"))]
    pub priority: Option<Priority>,
    /// Labels to add.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Labels"))]
    pub add_tags: Vec<String>,
    /// Labels to take away.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Labels"))]
    pub remove_tags: Vec<String>,
    /// Further fields of the helpdesk system, by the names that the operator gave them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::ExtraFields"))]
    pub fields: Fields,
}

/// Sends a ticket to a team or an agent, or hands the conversation over to a person with its transcript.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(extend("anyOf" = shape::any_of(&["team", "agent", "hand_off"]))))]
pub struct TicketRouteInput {
    /// Number or id of the ticket, such as 35436 or HELP-12.
    #[cfg_attr(feature = "schema", schemars(with = "shape::Number"))]
    pub ticket_id: String,
    /// Team that should have it, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Line"))]
    pub team: Option<String>,
    /// E-mail address of the agent who should have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::OpenEmail"))]
    pub agent: Option<String>,
    /// New priority.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Choice<Priority>"))]
    pub priority: Option<Priority>,
    /// Why, for the team only; the customer does not see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Text"))]
    pub note: Option<String>,
    /// What was said in the chat so far, for the team only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schemars(length(max = 200)))]
    pub transcript: Vec<TranscriptLine>,
    /// Whether a person shall take over the conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hand_off: Option<bool>,
    /// Id of the chat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Id"))]
    pub conversation_id: Option<String>,
}

/// One message of a chat.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TranscriptLine {
    /// Who wrote it.
    pub role: Speaker,
    /// When it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// What was written.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 4000), extend("x-normalize" = "trim")))]
    pub text: String,
}

codes! {
    /// Who wrote a message in a chat.
    pub enum Speaker {
        /// The customer.
        User = "user", "customer";
        /// The chatbot.
        Bot = "bot", "bot";
        /// A person of the team.
        Agent = "agent", "agent";
    } else {
        /// Anything else.
        System = "system", "system";
    }
}
