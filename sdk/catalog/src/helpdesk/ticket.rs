//! What is told about a ticket. What may be asked is in `actions.rs`.

#[cfg(feature = "schema")]
use crate::shape;
use crate::{Priority, Timestamp, Vendor};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Tickets, the one that changed last first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct TicketList {
    /// The tickets found.
    pub tickets: Vec<Ticket>,
    /// Whether there are more than these.
    pub more: bool,
}

/// A customer's request to the helpdesk.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Ticket {
    /// Id in the helpdesk system; what `ticket_id` of the other intents takes.
    pub id: String,
    /// Number as the customer knows it, where it differs from the id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// What it is about.
    pub subject: String,
    /// What the customer wrote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Where the ticket stands.
    pub status: TicketStatus,
    /// The status as the business system writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_raw: Option<String>,
    /// The status in words for a person: set it when the operator renamed the status, or when `status` says no more than `other`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_text: Option<String>,
    /// How urgent it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    /// What kind of request it is.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<TicketType>,
    /// Labels.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Name of the customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requester_name: Option<String>,
    /// E-mail address of the customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Email"))]
    pub requester_email: Option<String>,
    /// Team that has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Name of the agent who has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assignee: Option<String>,
    /// What was promised, and whether it was kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sla: Option<Sla>,
    /// What was written, oldest first; only what the customer may see.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub comments: Vec<TicketComment>,
    /// When it was opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// When it last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
    /// When it was solved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub solved_at: Option<Timestamp>,
    /// When it should be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
    /// Page where the customer can follow it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Url"))]
    pub url: Option<String>,
    /// Fields of the business system beyond the model, as the operator mapped them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub vendor: Vendor,
}

/// What was promised about a ticket, and whether it was kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Sla {
    /// Name of the promise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// When the first answer is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_response_due_at: Option<Timestamp>,
    /// When the first answer was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_response_at: Option<Timestamp>,
    /// When the next answer is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_response_due_at: Option<Timestamp>,
    /// When it should be solved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolution_due_at: Option<Timestamp>,
    /// Whether any of this was missed.
    pub breached: bool,
    /// Whether the clock is stopped, for example while the customer has to answer.
    pub paused: bool,
}

/// Something written in a ticket that the customer may see.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct TicketComment {
    /// Name of who wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// Whether an agent wrote it, not the customer.
    pub from_agent: bool,
    /// When it was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// What was written, in plain text.
    pub text: String,
}

/// Where a ticket was sent to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct TicketRouting {
    /// The ticket as it stands now, with `group` and `assignee`.
    pub ticket: Ticket,
    /// Whether a person takes over the conversation.
    pub handed_off: bool,
    /// How long until somebody is there, as far as the system tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait_minutes: Option<u32>,
}

codes! {
    /// Where a ticket stands.
    pub enum TicketStatus {
        /// With the helpdesk; new tickets too.
        #[serde(alias = "new")]
        Open = "open", "open";
        /// Waits for the customer's answer.
        Pending = "pending", "waiting for your reply";
        /// Waits for somebody else.
        OnHold = "on_hold", "on hold";
        /// The helpdesk is done; the customer can still answer.
        Solved = "solved", "solved";
        /// Done for good.
        Closed = "closed", "closed";
    } else {
        /// A state of the helpdesk system that is none of these.
        Other = "other", "being processed";
    }
}

codes! {
    /// What kind of request a ticket is.
    pub enum TicketType {
        /// The customer wants to know something.
        Question = "question", "question";
        /// Something does not work.
        Incident = "incident", "incident";
        /// The cause of several incidents.
        Problem = "problem", "problem";
        /// Something has to be done.
        Task = "task", "task";
        /// The customer wants something.
        Request = "request", "request";
    } else {
        /// A kind of the helpdesk system that is none of these.
        Other = "other", "other";
    }
}
