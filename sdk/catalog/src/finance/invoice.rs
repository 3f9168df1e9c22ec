//! Invoices: whether one is approved, due and paid.

#[cfg(feature = "schema")]
use crate::shape;
use crate::{Date, Money, Payment, Vendor};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Tells whether an invoice is approved, when it is due and whether it is paid.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct InvoiceStatusInput {
    /// Number of the invoice: the company's own or the supplier's.
    #[cfg_attr(feature = "schema", schemars(with = "shape::Number"))]
    pub invoice_number: String,
    /// Supplier or customer, by name or number, to tell invoices of the same number apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Line"))]
    pub party: Option<String>,
    /// Number of the purchase order it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Number"))]
    pub purchase_order_number: Option<String>,
    /// Fiscal year, where the company numbers its invoices by year.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1990, max = 2100)))]
    pub fiscal_year: Option<u32>,
    /// Company code or business unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Id"))]
    pub company_code: Option<String>,
    /// E-mail address of who asks, where invoices are shown to the other party; a verified user need not give it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Email"))]
    pub email: Option<String>,
}

/// An invoice.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Invoice {
    /// Id in the accounts.
    pub id: String,
    /// The company's own number.
    pub number: String,
    /// The supplier's number, where it differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Whether the company pays or is paid.
    pub side: InvoiceSide,
    /// Where the invoice stands.
    pub status: InvoiceStatus,
    /// The status as the business system writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_raw: Option<String>,
    /// The status in words for a person: set it when the operator renamed the status, or when `status` says no more than `other`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_text: Option<String>,
    /// Name of the supplier or customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub party: Option<String>,
    /// The day on the invoice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issued_on: Option<Date>,
    /// The day it is to be paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_on: Option<Date>,
    /// What is to be paid in all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<Money>,
    /// What is paid so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paid: Option<Money>,
    /// What is still to be paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub balance: Option<Money>,
    /// The day it was paid in full.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paid_on: Option<Date>,
    /// The day it is planned to be paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_planned_on: Option<Date>,
    /// How it is paid, such as "bank transfer".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_method: Option<String>,
    /// Terms, such as "30 days net".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_terms: Option<String>,
    /// Why it is not paid, in words for the one who asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold_reason: Option<String>,
    /// Name of who has to act next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting_for: Option<String>,
    /// Number of the purchase order it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purchase_order_number: Option<String>,
    /// The payments made for it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub payments: Vec<Payment>,
    /// Fields of the business system beyond the model, as the operator mapped them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub vendor: Vendor,
}

codes! {
    /// Whether the company pays an invoice or is paid.
    pub enum InvoiceSide {
        /// A supplier's invoice: the company pays.
        Payable = "payable", "supplier invoice";
        /// The company's invoice to a customer.
        Receivable = "receivable", "customer invoice";
    } else {
        /// The system does not tell.
        Other = "other", "invoice";
    }
}

codes! {
    /// Where an invoice stands.
    pub enum InvoiceStatus {
        /// Not complete yet.
        Draft = "draft", "a draft";
        /// Somebody has to approve it.
        AwaitingApproval = "awaiting_approval", "waiting for approval";
        /// Approved, not paid.
        Approved = "approved", "approved for payment";
        /// Stopped.
        OnHold = "on_hold", "on hold";
        /// Sent, not paid, not yet due.
        Open = "open", "open";
        /// Some of it is paid.
        PartiallyPaid = "partially_paid", "partially paid";
        /// All of it is paid.
        Paid = "paid", "paid";
        /// Should have been paid by now.
        Overdue = "overdue", "overdue";
        /// Refused.
        Rejected = "rejected", "rejected";
        /// Reversed or withdrawn.
        Cancelled = "cancelled", "cancelled";
    } else {
        /// A state of the accounts that is none of these.
        Other = "other", "being processed";
    }
}
