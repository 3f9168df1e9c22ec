//! What a company's customers, buyers and planners may ask of the ERP system, and its words. Shop orders are in `commerce`.

#[cfg(feature = "schema")]
use crate::shape;
use crate::{Date, Money, Progress, Shipment, Vendor};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Tells where a sales order stands: delivery, billing, expected day. Needs the company's order number or the customer's reference.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(extend("anyOf" = shape::any_of(&["order_number", "customer_reference"]))))]
pub struct SalesOrderStatusInput {
    /// Number of the sales order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Number"))]
    pub order_number: Option<String>,
    /// The customer's own order number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Number"))]
    pub customer_reference: Option<String>,
    /// Customer, by name or number, to tell orders apart or to prove that it is theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Line"))]
    pub customer: Option<String>,
    /// E-mail address of who asks; a verified user need not give it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Email"))]
    pub email: Option<String>,
}

/// A sales order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct SalesOrder {
    /// Id in the ERP system.
    pub id: String,
    /// Number of the order.
    pub number: String,
    /// The customer's own order number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_reference: Option<String>,
    /// Where the order stands.
    pub status: SalesOrderStatus,
    /// The status as the business system writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_raw: Option<String>,
    /// The status in words for a person: set it when the operator renamed the status, or when `status` says no more than `other`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_text: Option<String>,
    /// How far the delivery is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery_status: Option<Progress>,
    /// How far the billing is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub billing_status: Option<Progress>,
    /// Name of the customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    /// The day it was ordered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ordered_on: Option<Date>,
    /// The day the customer wants it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requested_delivery_on: Option<Date>,
    /// The day it should arrive or leave, as confirmed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_delivery_on: Option<Date>,
    /// Price in all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<Money>,
    /// Why it is stopped, in words for the customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold_reason: Option<String>,
    /// What was ordered.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub line_items: Vec<DocumentLine>,
    /// What was sent so far.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shipments: Vec<Shipment>,
    /// Fields of the business system beyond the model, as the operator mapped them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub vendor: Vendor,
}

codes! {
    /// Where a sales order stands.
    pub enum SalesOrderStatus {
        /// Not complete yet.
        Draft = "draft", "a draft";
        /// Somebody has to approve it.
        AwaitingApproval = "awaiting_approval", "waiting for approval";
        /// Accepted, nothing delivered yet.
        Open = "open", "open";
        /// Stopped.
        OnHold = "on_hold", "on hold";
        /// Some of it is delivered.
        PartiallyDelivered = "partially_delivered", "partially delivered";
        /// All of it is delivered.
        Delivered = "delivered", "delivered";
        /// Delivered and billed.
        Completed = "completed", "completed";
        /// Refused.
        Rejected = "rejected", "rejected";
        /// Withdrawn.
        Cancelled = "cancelled", "cancelled";
    } else {
        /// A state of the ERP system that is none of these.
        Other = "other", "being processed";
    }
}

/// Tells where a purchase order stands: approval, receipt, invoice, expected day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PurchaseOrderStatusInput {
    /// Number of the purchase order.
    #[cfg_attr(feature = "schema", schemars(with = "shape::Number"))]
    pub order_number: String,
    /// Supplier, by name or number, to tell orders apart or to prove that it is theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Line"))]
    pub supplier: Option<String>,
    /// E-mail address of who asks; a verified user need not give it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Email"))]
    pub email: Option<String>,
}

/// A purchase order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct PurchaseOrder {
    /// Id in the ERP system.
    pub id: String,
    /// Number of the order.
    pub number: String,
    /// Where the order stands.
    pub status: PurchaseOrderStatus,
    /// The status as the business system writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_raw: Option<String>,
    /// The status in words for a person: set it when the operator renamed the status, or when `status` says no more than `other`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_text: Option<String>,
    /// How much of it has arrived.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt_status: Option<Progress>,
    /// How much of it is invoiced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invoice_status: Option<Progress>,
    /// Name of the supplier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supplier: Option<String>,
    /// Name of the buyer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub buyer: Option<String>,
    /// Name of who has to act next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting_for: Option<String>,
    /// The day it was ordered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ordered_on: Option<Date>,
    /// The day it should arrive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_delivery_on: Option<Date>,
    /// Price in all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<Money>,
    /// Why it is stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold_reason: Option<String>,
    /// What was ordered.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub line_items: Vec<DocumentLine>,
    /// Fields of the business system beyond the model, as the operator mapped them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub vendor: Vendor,
}

codes! {
    /// Where a purchase order stands.
    pub enum PurchaseOrderStatus {
        /// Not complete yet.
        Draft = "draft", "a draft";
        /// Somebody has to approve it.
        AwaitingApproval = "awaiting_approval", "waiting for approval";
        /// Approved or sent to the supplier.
        Open = "open", "open";
        /// Stopped.
        OnHold = "on_hold", "on hold";
        /// Some of it has arrived.
        PartiallyReceived = "partially_received", "partially received";
        /// All of it has arrived.
        Received = "received", "received";
        /// Arrived, invoiced, done.
        Closed = "closed", "closed";
        /// Refused.
        Rejected = "rejected", "rejected";
        /// Withdrawn.
        Cancelled = "cancelled", "cancelled";
    } else {
        /// A state of the ERP system that is none of these.
        Other = "other", "being processed";
    }
}

/// What is ordered: one line of a sales or purchase order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct DocumentLine {
    /// Number of the line.
    pub line: String,
    /// Stock keeping unit or material number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
    /// What it is.
    pub description: String,
    /// How much was ordered.
    #[cfg_attr(feature = "schema", schemars(with = "shape::Amount"))]
    pub quantity: f64,
    /// Unit of the quantities, such as pieces or kg.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// How much was delivered or has arrived.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Amount"))]
    pub fulfilled_quantity: Option<f64>,
    /// How far the line is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
    /// The day it should be there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_on: Option<Date>,
    /// Price of the line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<Money>,
}

/// Tells how much of a material is in stock, and where.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(extend("anyOf" = shape::any_of(&["sku", "product"]))))]
pub struct StockCheckInput {
    /// Stock keeping unit or material number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Sku"))]
    pub sku: Option<String>,
    /// Name of the product, when the number is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Line"))]
    pub product: Option<String>,
    /// Plant or warehouse to look in, by name or code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Line"))]
    pub location: Option<String>,
    /// How much is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Amount"))]
    pub quantity: Option<f64>,
}
