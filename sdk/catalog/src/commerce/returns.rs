//! Sending something back: asking for it, and what is told about it. Refunds are decided by the shop's staff.

#[cfg(feature = "schema")]
use crate::shape;
use crate::{Date, Money, Timestamp, Vendor};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Asks the shop to take back items of an order. The shop decides about the request. Unless the user is already verified, the
/// e-mail address, phone number or postal code that was used for the order is needed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ReturnStartInput {
    /// Order number as the customer knows it, such as 1001 or #1001.
    #[cfg_attr(feature = "schema", schemars(with = "shape::Number"))]
    pub order_number: String,
    /// E-mail address the order was placed with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Email"))]
    pub email: Option<String>,
    /// Phone number the order was placed with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Phone"))]
    pub phone: Option<String>,
    /// Postal code of the delivery or billing address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::PostalCode"))]
    pub postal_code: Option<String>,
    /// What shall go back.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 20)))]
    pub items: Vec<ReturnItemInput>,
    /// What the customer would like instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Choice<ReturnResolution>"))]
    pub resolution: Option<ReturnResolution>,
    /// Anything else the customer wants to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Note"))]
    pub note: Option<String>,
}

/// One item to send back: named by its SKU or its title.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(extend("anyOf" = shape::any_of(&["sku", "title"]))))]
pub struct ReturnItemInput {
    /// Stock keeping unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Sku"))]
    pub sku: Option<String>,
    /// Name of the product as it stands in the order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Line"))]
    pub title: Option<String>,
    /// How many of them.
    #[cfg_attr(feature = "schema", schemars(with = "shape::Pieces"))]
    pub quantity: u32,
    /// Why it goes back.
    #[cfg_attr(feature = "schema", schemars(with = "shape::Choice<ReturnReason>"))]
    pub reason: ReturnReason,
    /// The reason in the customer's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 300), extend("x-normalize" = "trim")))]
    pub note: Option<String>,
}

/// A return of items of an order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Return {
    /// Id in the shop system.
    pub id: String,
    /// Number as the customer knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Number of the order, without a leading #.
    pub order_number: String,
    /// Where the return stands.
    pub status: ReturnStatus,
    /// The status as the business system writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_raw: Option<String>,
    /// The status in words for a person: set it when the operator renamed the status, or when `status` says no more than `other`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_text: Option<String>,
    /// What goes back.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<ReturnItem>,
    /// What the customer gets instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolution: Option<ReturnResolution>,
    /// What the customer has to do now, in plain text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
    /// Where to get the shipping label.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Url"))]
    pub label_url: Option<String>,
    /// The day by which the items must be sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub return_by: Option<Date>,
    /// What will be, or was, paid back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refund_total: Option<Money>,
    /// When the return was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// Page where the customer can follow the return.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Url"))]
    pub url: Option<String>,
    /// Fields of the business system beyond the model, as the operator mapped them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub vendor: Vendor,
}

/// One item that goes back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct ReturnItem {
    /// Stock keeping unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
    /// Name of the product.
    pub title: String,
    /// How many of them.
    pub quantity: u32,
    /// Why it goes back.
    pub reason: ReturnReason,
    /// The reason in the customer's own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

codes! {
    /// Why something goes back.
    pub enum ReturnReason {
        /// Too small.
        TooSmall = "too_small", "too small";
        /// Too large.
        TooLarge = "too_large", "too large";
        /// Broken or faulty.
        Defective = "defective", "defective";
        /// Damaged on its way.
        DamagedInTransit = "damaged_in_transit", "damaged in transit";
        /// Something else was sent.
        WrongItem = "wrong_item", "wrong item";
        /// Not as the shop described it.
        NotAsDescribed = "not_as_described", "not as described";
        /// Came too late.
        ArrivedLate = "arrived_late", "arrived too late";
        /// The customer does not like the style or colour.
        Style = "style", "style or colour";
        /// The customer does not want it any more.
        Unwanted = "unwanted", "no longer wanted";
        /// Another reason, told in the note.
        Unspecified = "unspecified", "another reason";
    } else {
        /// A reason of the shop system that is none of these.
        Other = "other", "other";
    }
}

codes! {
    /// What a customer gets for what goes back.
    pub enum ReturnResolution {
        /// The money back.
        Refund = "refund", "a refund";
        /// Another item.
        Exchange = "exchange", "an exchange";
        /// A credit in the shop.
        StoreCredit = "store_credit", "store credit";
        /// The item repaired.
        Repair = "repair", "a repair";
    } else {
        /// Something else.
        Other = "other", "other";
    }
}

codes! {
    /// Where a return stands.
    pub enum ReturnStatus {
        /// The shop has yet to decide.
        Requested = "requested", "waiting for the shop's approval";
        /// The items may be sent.
        Approved = "approved", "approved";
        /// The shop refused.
        Declined = "declined", "declined";
        /// The items are on their way.
        InTransit = "in_transit", "on its way back";
        /// The items have arrived.
        Received = "received", "received";
        /// All is settled.
        Completed = "completed", "completed";
        /// Withdrawn.
        Cancelled = "cancelled", "cancelled";
    } else {
        /// A state of the shop system that is none of these.
        Other = "other", "being processed";
    }
}
