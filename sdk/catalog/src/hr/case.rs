//! Questions to the personnel department. Cases are confidential: what others wrote in them is not told.

#[cfg(feature = "schema")]
use crate::shape;
use crate::{Fields, Priority, RequestStatus, Timestamp, Vendor};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Opens a confidential case with the personnel department.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct HrCaseCreateInput {
    /// What it is about, in one line.
    #[cfg_attr(feature = "schema", schemars(with = "shape::Line"))]
    pub subject: String,
    /// The question or wish, in a few sentences.
    #[cfg_attr(feature = "schema", schemars(with = "shape::Text"))]
    pub description: String,
    /// Field of the question as the department calls it, such as "payroll" or "benefits".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Word"))]
    pub category: Option<String>,
    /// Number of the employee; a verified user asks for themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Id"))]
    pub employee_id: Option<String>,
    /// Work e-mail address of the employee.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::OpenEmail"))]
    pub email: Option<String>,
    /// How urgent it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Choice<Priority>"))]
    pub priority: Option<Priority>,
    /// Id of the chat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Id"))]
    pub conversation_id: Option<String>,
    /// Further fields of the system, by the names that the operator gave them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::ExtraFields"))]
    pub fields: Fields,
}

/// Tells where a case with the personnel department stands. Only who opened it may ask.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct HrCaseStatusInput {
    /// Number of the case, such as HRC0001234.
    #[cfg_attr(feature = "schema", schemars(with = "shape::Number"))]
    pub case_number: String,
    /// Work e-mail address of the employee who opened it; a verified user need not give it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::OpenEmail"))]
    pub email: Option<String>,
}

/// A case with the personnel department.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct HrCase {
    /// Id in the system.
    pub id: String,
    /// Number as the employee knows it.
    pub number: String,
    /// What it is about.
    pub subject: String,
    /// Where the case stands.
    pub status: RequestStatus,
    /// The status as the business system writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_raw: Option<String>,
    /// The status in words for a person: set it when the operator renamed the status, or when `status` says no more than `other`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_text: Option<String>,
    /// Field of the question.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// How urgent it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    /// Team that has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Name of who has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assignee: Option<String>,
    /// When it was opened.
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
