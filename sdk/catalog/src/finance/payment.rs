//! Payments: whether money has gone out or come in. Account numbers show their end only.

#[cfg(feature = "schema")]
use crate::shape;
use crate::{Date, Money, Vendor};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Tells whether a payment was made, when and how. Needs the number of the payment or of an invoice it pays; the latest payment
/// is told when an invoice has several.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(extend("anyOf" = shape::any_of(&["payment_number", "invoice_number"]))))]
pub struct PaymentStatusInput {
    /// Number of the payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Number"))]
    pub payment_number: Option<String>,
    /// Number of an invoice it pays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Number"))]
    pub invoice_number: Option<String>,
    /// Supplier or customer, by name or number, to tell payments apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Line"))]
    pub party: Option<String>,
    /// Fiscal year, where the company numbers its documents by year.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1990, max = 2100)))]
    pub fiscal_year: Option<u32>,
    /// Company code or business unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Id"))]
    pub company_code: Option<String>,
    /// E-mail address of who asks, where payments are shown to the other party; a verified user need not give it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Email"))]
    pub email: Option<String>,
}

/// A payment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Payment {
    /// Id in the accounts.
    pub id: String,
    /// Number of the payment.
    pub number: String,
    /// Where the payment stands.
    pub status: PaymentStatus,
    /// The status as the business system writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_raw: Option<String>,
    /// The status in words for a person: set it when the operator renamed the status, or when `status` says no more than `other`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_text: Option<String>,
    /// How much.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// Who gets it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payee: Option<String>,
    /// The day it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paid_on: Option<Date>,
    /// The day it is planned, or should arrive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_on: Option<Date>,
    /// How it is made, such as "bank transfer".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Account it goes to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Last4"))]
    pub account: Option<String>,
    /// Text or number that comes with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Numbers of the invoices it pays.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub invoices: Vec<String>,
    /// Fields of the business system beyond the model, as the operator mapped them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub vendor: Vendor,
}

codes! {
    /// Where a payment stands.
    pub enum PaymentStatus {
        /// Not started.
        Pending = "pending", "pending";
        /// Planned for a day.
        Scheduled = "scheduled", "scheduled";
        /// Given to the bank.
        InProgress = "in_progress", "on its way";
        /// Done.
        Completed = "completed", "completed";
        /// The bank refused it.
        Failed = "failed", "failed";
        /// Stopped.
        OnHold = "on_hold", "on hold";
        /// Withdrawn or reversed.
        Cancelled = "cancelled", "cancelled";
    } else {
        /// A state of the accounts that is none of these.
        Other = "other", "being processed";
    }
}
