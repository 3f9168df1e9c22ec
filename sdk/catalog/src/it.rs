//! What employees may ask of the IT department, and its words: ordering from its catalogue, and where an order stands.

#[cfg(feature = "schema")]
use crate::shape;
use crate::{ApprovalStatus, Date, Fields, Priority, RequestStatus, Timestamp, Vendor};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Asks the IT department for something: a device, access, software, help.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ItRequestCreateInput {
    /// What it is about, in one line.
    #[cfg_attr(feature = "schema", schemars(with = "shape::Line"))]
    pub subject: String,
    /// What is needed and why, in a few sentences.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Text"))]
    pub description: Option<String>,
    /// Name or id of the item in the IT department's catalogue, such as "Standard laptop".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Line"))]
    pub item: Option<String>,
    /// How many; one when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 100)))]
    pub quantity: Option<u32>,
    /// Field of the request as the department calls it, such as "hardware".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Word"))]
    pub category: Option<String>,
    /// How urgent it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Choice<Priority>"))]
    pub priority: Option<Priority>,
    /// Work e-mail address of who needs it, when it is somebody else; a verified user asks for themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::OpenEmail"))]
    pub requested_for: Option<String>,
    /// Why it is needed, for the approver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Note"))]
    pub justification: Option<String>,
    /// The day by which it is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needed_by: Option<Date>,
    /// Id of the chat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Id"))]
    pub conversation_id: Option<String>,
    /// Questions of the catalogue item with their answers, by the names that the operator gave them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::ExtraFields"))]
    pub fields: Fields,
}

/// Tells where a request to the IT department stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ItRequestStatusInput {
    /// Number of the request, such as REQ0010012.
    #[cfg_attr(feature = "schema", schemars(with = "shape::Number"))]
    pub request_number: String,
    /// Work e-mail address of who asked for it; a verified user need not give it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::OpenEmail"))]
    pub email: Option<String>,
}

/// A request to the IT department.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct ItRequest {
    /// Id in the system.
    pub id: String,
    /// Number as the employee knows it.
    pub number: String,
    /// What it is about.
    pub subject: String,
    /// Where the request stands.
    pub status: RequestStatus,
    /// The status as the business system writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_raw: Option<String>,
    /// The status in words for a person: set it when the operator renamed the status, or when `status` says no more than `other`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_text: Option<String>,
    /// What the approvers said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval: Option<ApprovalStatus>,
    /// The step it is in, as the department calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// How urgent it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    /// What was ordered.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<ItRequestItem>,
    /// Name of who needs it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requested_for: Option<String>,
    /// Team that has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Name of who has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assignee: Option<String>,
    /// When it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// When it last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
    /// When it should be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
    /// Page where the employee can follow it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Url"))]
    pub url: Option<String>,
    /// Fields of the business system beyond the model, as the operator mapped them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub vendor: Vendor,
}

/// One thing of a request to the IT department.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct ItRequestItem {
    /// Number of the item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Name in the catalogue.
    pub name: String,
    /// How many.
    pub quantity: u32,
    /// Where it stands.
    pub status: RequestStatus,
    /// The status as the business system writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_raw: Option<String>,
    /// The status in words for a person: set it when the operator renamed the status, or when `status` says no more than `other`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_text: Option<String>,
    /// When it should be there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
}
