//! Expenses: whether an employee's money comes back.

#[cfg(feature = "schema")]
use crate::shape;
use crate::{Date, Money, Vendor};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Tells where expense reports stand: one by its number, or an employee's recent ones. A verified user asks about themselves; the
/// employee need not be named then.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ExpenseStatusInput {
    /// Number of the expense report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Number"))]
    pub report_number: Option<String>,
    /// Number of the employee.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Id"))]
    pub employee_id: Option<String>,
    /// Work e-mail address of the employee.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::OpenEmail"))]
    pub email: Option<String>,
    /// Only reports in this state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Choice<ExpenseStatus>"))]
    pub status: Option<ExpenseStatus>,
    /// At most this many reports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Limit"))]
    pub limit: Option<u32>,
}

/// Expense reports, newest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct ExpenseList {
    /// The reports found.
    pub expenses: Vec<Expense>,
    /// Whether there are more than these.
    pub more: bool,
}

/// An expense report.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Expense {
    /// Id in the system.
    pub id: String,
    /// Number as the employee knows it.
    pub number: String,
    /// What it was for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Where the report stands.
    pub status: ExpenseStatus,
    /// The status as the business system writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_raw: Option<String>,
    /// The status in words for a person: set it when the operator renamed the status, or when `status` says no more than `other`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_text: Option<String>,
    /// What is in it in all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<Money>,
    /// What the employee gets back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reimbursable: Option<Money>,
    /// Name of the employee.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub employee_name: Option<String>,
    /// The day it was sent in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub submitted_on: Option<Date>,
    /// The day it was approved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approved_on: Option<Date>,
    /// The day it was paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paid_on: Option<Date>,
    /// The day it is planned to be paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_expected_on: Option<Date>,
    /// Name of who has to act next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting_for: Option<String>,
    /// Why it was sent back or refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What is in it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<ExpenseItem>,
    /// Fields of the business system beyond the model, as the operator mapped them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub vendor: Vendor,
}

/// One entry of an expense report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct ExpenseItem {
    /// What it was.
    pub description: String,
    /// Who was paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merchant: Option<String>,
    /// The day of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<Date>,
    /// How much.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
}

codes! {
    /// Where an expense report stands.
    pub enum ExpenseStatus {
        /// Written, not sent in.
        Draft = "draft", "a draft";
        /// Sent in, nobody has looked at it.
        Submitted = "submitted", "submitted";
        /// Somebody has to approve it.
        AwaitingApproval = "awaiting_approval", "waiting for approval";
        /// Approved, not paid.
        Approved = "approved", "approved";
        /// The employee has to correct it.
        SentBack = "sent_back", "sent back for correction";
        /// Refused.
        Rejected = "rejected", "rejected";
        /// Paid.
        Paid = "paid", "paid";
        /// Withdrawn.
        Cancelled = "cancelled", "cancelled";
    } else {
        /// A state of the system that is none of these.
        Other = "other", "being processed";
    }
}
