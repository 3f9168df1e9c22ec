//! A customer's order in a shop: asking for one, searching, and what is told about it.

#[cfg(feature = "schema")]
use crate::shape;
use crate::{Date, Money, Timestamp, Vendor};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Finds one order by its number and tells its status, contents, shipments, tracking numbers and expected delivery. Unless the
/// user is already verified, the order is shown only together with the e-mail address, phone number or postal code that was
/// used for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct OrderStatusInput {
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
}

/// Lists a customer's recent orders, newest first. Unless the user is already verified, an e-mail address or phone number is
/// needed to know whose orders are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct OrderSearchInput {
    /// E-mail address the orders were placed with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Email"))]
    pub email: Option<String>,
    /// Phone number the orders were placed with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Phone"))]
    pub phone: Option<String>,
    /// Only orders in this state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Choice<OrderStatus>"))]
    pub status: Option<OrderStatus>,
    /// Only orders placed on or after this day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placed_after: Option<Date>,
    /// Only orders placed on or before this day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placed_before: Option<Date>,
    /// At most this many orders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Limit"))]
    pub limit: Option<u32>,
}

/// Orders, newest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct OrderList {
    /// The orders found.
    pub orders: Vec<Order>,
    /// Whether there are more than these.
    pub more: bool,
}

/// A customer's order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Order {
    /// Id in the shop system.
    pub id: String,
    /// Number as the customer knows it, without a leading #.
    pub number: String,
    /// Where the order stands as a whole.
    pub status: OrderStatus,
    /// The status as the business system writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_raw: Option<String>,
    /// The status in words for a person: set it when the operator renamed the status, or when `status` says no more than `other`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_text: Option<String>,
    /// Whether it is paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_status: Option<OrderPaymentStatus>,
    /// Whether it is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fulfilment_status: Option<FulfilmentStatus>,
    /// Whether something of it comes back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub return_status: Option<OrderReturnStatus>,
    /// When the customer placed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub placed_at: Option<Timestamp>,
    /// When it last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
    /// The day by which the shop expects to send it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ship_by: Option<Date>,
    /// Whether it was cancelled.
    pub cancelled: bool,
    /// When it was cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancelled_at: Option<Timestamp>,
    /// Why it was cancelled, in words for the customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancel_reason: Option<String>,
    /// What was ordered.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub line_items: Vec<LineItem>,
    /// The parcels sent so far.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shipments: Vec<Shipment>,
    /// Price of the goods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subtotal: Option<Money>,
    /// What was taken off the price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discount_total: Option<Money>,
    /// Price of the delivery.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping_total: Option<Money>,
    /// Taxes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_total: Option<Money>,
    /// What the customer pays in all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<Money>,
    /// What has been paid back so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refunded_total: Option<Money>,
    /// Name of the customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_name: Option<String>,
    /// E-mail address of the customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Email"))]
    pub email: Option<String>,
    /// Phone number of the customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Phone"))]
    pub phone: Option<String>,
    /// Where it goes; no street, a chat does not need it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ship_to: Option<Place>,
    /// Page where the customer can follow the order.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Url"))]
    pub url: Option<String>,
    /// Fields of the business system beyond the model, as the operator mapped them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub vendor: Vendor,
}

/// What was ordered: one line of an order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct LineItem {
    /// Id in the shop system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Stock keeping unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
    /// Name of the product.
    pub title: String,
    /// Which variant of it, such as "M / red".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// How many were ordered and not removed since.
    pub quantity: u32,
    /// How many of them have been sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fulfilled_quantity: Option<u32>,
    /// How many of them came back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub returned_quantity: Option<u32>,
    /// Price of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit_price: Option<Money>,
    /// Price of the line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<Money>,
}

/// One parcel.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Shipment {
    /// Id in the shop system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Where the parcel is.
    pub status: ShipmentStatus,
    /// The status as the business system writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_raw: Option<String>,
    /// The status in words for a person: set it when the operator renamed the status, or when `status` says no more than `other`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_text: Option<String>,
    /// Who carries it, such as UPS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carrier: Option<String>,
    /// Number to track it with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracking_number: Option<String>,
    /// Page to track it on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Url"))]
    pub tracking_url: Option<String>,
    /// When it was handed to the carrier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipped_at: Option<Timestamp>,
    /// The day it should arrive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimated_delivery: Option<Date>,
    /// When it arrived.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivered_at: Option<Timestamp>,
    /// What is in it; empty when the shop does not tell.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<ShippedItem>,
}

/// What is in a parcel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct ShippedItem {
    /// Stock keeping unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
    /// Name of the product.
    pub title: String,
    /// How many.
    pub quantity: u32,
}

/// A place, as exact as a customer needs to recognise it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Place {
    /// City.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// State, province or county.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Country, ISO 3166-1 alpha-2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
}

codes! {
    /// Where an order stands as a whole.
    pub enum OrderStatus {
        /// Not paid yet: nothing will be sent before.
        AwaitingPayment = "awaiting_payment", "waiting for payment";
        /// Accepted, nothing sent yet.
        Pending = "pending", "pending shipment";
        /// Stopped for a check, or because the customer or the shop asked.
        OnHold = "on_hold", "on hold";
        /// Part of it is on its way.
        PartiallyShipped = "partially_shipped", "partially shipped";
        /// All of it is on its way.
        Shipped = "shipped", "shipped";
        /// Waits for the customer in a shop or locker.
        ReadyForPickup = "ready_for_pickup", "ready for pickup";
        /// All of it has arrived.
        Delivered = "delivered", "delivered";
        /// Will not be sent.
        Cancelled = "cancelled", "cancelled";
        /// All of the money went back.
        Refunded = "refunded", "refunded";
    } else {
        /// A state of the shop system that is none of these.
        Other = "other", "being processed";
    }
}

impl OrderStatus {
    /// The state of an order as a whole, from what shops tell about its parts: the same rule for all of them.
    ///
    /// A delivery counts only when every shipment has arrived; `shipments` may be empty.
    pub fn of(
        cancelled: bool,
        payment: Option<OrderPaymentStatus>,
        fulfilment: Option<FulfilmentStatus>,
        shipments: &[Shipment],
    ) -> Self {
        let all = |status| !shipments.is_empty() && shipments.iter().all(|shipment| shipment.status == status);
        if cancelled || payment == Some(OrderPaymentStatus::Voided) {
            return Self::Cancelled;
        }
        if payment == Some(OrderPaymentStatus::Refunded) {
            return Self::Refunded;
        }
        match fulfilment {
            Some(FulfilmentStatus::Cancelled) => Self::Cancelled,
            Some(FulfilmentStatus::Delivered) => Self::Delivered,
            Some(FulfilmentStatus::Fulfilled) if all(ShipmentStatus::Delivered) => Self::Delivered,
            Some(FulfilmentStatus::Fulfilled) if all(ShipmentStatus::ReadyForPickup) => Self::ReadyForPickup,
            Some(FulfilmentStatus::Fulfilled) => Self::Shipped,
            Some(FulfilmentStatus::ReadyForPickup) => Self::ReadyForPickup,
            Some(FulfilmentStatus::PartiallyFulfilled) => Self::PartiallyShipped,
            Some(FulfilmentStatus::OnHold) => Self::OnHold,
            Some(FulfilmentStatus::Unfulfilled) if payment == Some(OrderPaymentStatus::Unpaid) => Self::AwaitingPayment,
            Some(FulfilmentStatus::Unfulfilled) => Self::Pending,
            Some(FulfilmentStatus::Other) | None => Self::Other,
        }
    }
}

codes! {
    /// Whether an order is paid.
    pub enum OrderPaymentStatus {
        /// No money yet.
        Unpaid = "unpaid", "not paid yet";
        /// The money is reserved.
        Authorized = "authorized", "authorised";
        /// Some of it is paid.
        PartiallyPaid = "partially_paid", "partially paid";
        /// All of it is paid.
        Paid = "paid", "paid";
        /// Some of the money went back.
        PartiallyRefunded = "partially_refunded", "partially refunded";
        /// All of the money went back.
        Refunded = "refunded", "refunded";
        /// The reservation was given up, or the payment ran out of time.
        Voided = "voided", "voided";
    } else {
        /// A state of the shop system that is none of these.
        Other = "other", "being processed";
    }
}

codes! {
    /// Whether an order is sent.
    pub enum FulfilmentStatus {
        /// Nothing sent yet.
        Unfulfilled = "unfulfilled", "not shipped yet";
        /// Stopped.
        OnHold = "on_hold", "on hold";
        /// Some of it is sent.
        PartiallyFulfilled = "partially_fulfilled", "partially shipped";
        /// All of it is sent.
        Fulfilled = "fulfilled", "shipped";
        /// Waits for the customer in a shop or locker.
        ReadyForPickup = "ready_for_pickup", "ready for pickup";
        /// All of it has arrived.
        Delivered = "delivered", "delivered";
        /// Will not be sent.
        Cancelled = "cancelled", "cancelled";
    } else {
        /// A state of the shop system that is none of these.
        Other = "other", "being processed";
    }
}

codes! {
    /// Whether something of an order comes back.
    pub enum OrderReturnStatus {
        /// Nothing comes back.
        None = "none", "no return";
        /// The customer asked to send something back.
        Requested = "requested", "return requested";
        /// Something is on its way back.
        InProgress = "in_progress", "return in progress";
        /// Some of it came back.
        PartiallyReturned = "partially_returned", "partially returned";
        /// All of it came back.
        Returned = "returned", "returned";
    } else {
        /// A state of the shop system that is none of these.
        Other = "other", "being processed";
    }
}

codes! {
    /// Where a parcel is.
    pub enum ShipmentStatus {
        /// Being packed; the carrier does not have it yet.
        Preparing = "preparing", "being prepared";
        /// The carrier has it.
        InTransit = "in_transit", "on its way";
        /// Arrives today.
        OutForDelivery = "out_for_delivery", "out for delivery";
        /// Waits for the customer.
        ReadyForPickup = "ready_for_pickup", "ready for pickup";
        /// Has arrived.
        Delivered = "delivered", "delivered";
        /// Later than it should be.
        Delayed = "delayed", "delayed";
        /// Could not be delivered.
        Failed = "failed", "could not be delivered";
        /// Went back to the shop.
        Returned = "returned", "returned";
        /// Will not be sent.
        Cancelled = "cancelled", "cancelled";
    } else {
        /// A state of the carrier that is none of these.
        Other = "other", "being processed";
    }
}
