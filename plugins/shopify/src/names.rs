//! Shopify's words and the canonical ones. An operator's `status_names` come before each table here.
//!
//! GraphQL writes codes in capitals, REST in small letters and sometimes otherwise: both are in one table.
//! Source: the enums of the Admin API 2026-10; shopify.dev, resources Order and Fulfillment for REST.

use jackfield_sdk::{codes::StatusNames, prelude::*};

codes! {
    /// `OrderDisplayFinancialStatus`; REST `financial_status`.
    pub(crate) fn payment_status: OrderPaymentStatus {
        "PENDING" | "pending" => Unpaid,
        "AUTHORIZED" | "authorized" => Authorized,
        "PARTIALLY_PAID" | "partially_paid" => PartiallyPaid,
        "PAID" | "paid" => Paid,
        "PARTIALLY_REFUNDED" | "partially_refunded" => PartiallyRefunded,
        "REFUNDED" | "refunded" => Refunded,
        "VOIDED" | "voided" | "EXPIRED" | "expired" => Voided,
        _ => Other,
    }

    /// `OrderDisplayFulfillmentStatus`; REST `fulfillment_status`, where `unfulfilled` stands for null.
    pub(crate) fn fulfilment_status: FulfilmentStatus {
        "UNFULFILLED" | "unfulfilled" | "OPEN" | "PENDING_FULFILLMENT" | "SCHEDULED" | "IN_PROGRESS" => Unfulfilled,
        "PARTIALLY_FULFILLED" | "partial" => PartiallyFulfilled,
        "FULFILLED" | "fulfilled" => Fulfilled,
        "ON_HOLD" => OnHold,
        _ => Other,
    }

    /// `FulfillmentDisplayStatus`, and `FulfillmentStatus` where that is null; REST `shipment_status` and `status`.
    /// A parcel that nobody tracks is on its way as far as anybody knows.
    pub(crate) fn shipment_status: ShipmentStatus {
        "LABEL_PURCHASED" | "label_purchased" | "LABEL_PRINTED" | "label_printed" | "SUBMITTED" | "CONFIRMED"
            | "confirmed" | "OPEN" | "open" | "PENDING" | "pending" => Preparing,
        "CARRIER_PICKED_UP" | "IN_TRANSIT" | "in_transit" | "ATTEMPTED_DELIVERY" | "attempted_delivery" | "FULFILLED"
            | "MARKED_AS_FULFILLED" | "SUCCESS" | "success" => InTransit,
        "DELAYED" | "delayed" => Delayed,
        "OUT_FOR_DELIVERY" | "out_for_delivery" => OutForDelivery,
        "READY_FOR_PICKUP" | "ready_for_pickup" => ReadyForPickup,
        "DELIVERED" | "delivered" | "PICKED_UP" => Delivered,
        "NOT_DELIVERED" | "FAILURE" | "failure" | "ERROR" | "error" => Failed,
        "CANCELED" | "CANCELLED" | "cancelled" | "LABEL_VOIDED" => Cancelled,
        _ => Other,
    }

    /// `OrderReturnStatus`.
    pub(crate) fn order_return_status: OrderReturnStatus {
        "NO_RETURN" => None,
        "RETURN_REQUESTED" => Requested,
        "IN_PROGRESS" | "INSPECTION_COMPLETE" => InProgress,
        "RETURNED" => Returned,
        _ => Other,
    }

    /// `ReturnStatus`.
    pub(crate) fn return_status: ReturnStatus {
        "REQUESTED" => Requested,
        "OPEN" => Approved,
        "CLOSED" => Completed,
        "DECLINED" => Declined,
        "CANCELED" => Cancelled,
        _ => Other,
    }
}

/// What a person reads where the canonical status of an order says no more than `other`. A code that is not known here
/// gets no text: the host's own for `other` is the better one.
pub(crate) fn order_status_text(code: &str) -> Option<String> {
    let text = match code {
        "RESTOCKED" | "restocked" => "back in stock and will not be sent",
        "REQUEST_DECLINED" => "being looked at by our staff",
        _ => return None,
    };
    Some(text.to_owned())
}

/// The same for a parcel, and where the canonical status leaves out what a customer wants to know.
pub(crate) fn shipment_status_text(code: &str) -> Option<String> {
    matches!(code, "ATTEMPTED_DELIVERY" | "attempted_delivery")
        .then(|| "on its way after a first delivery attempt".to_owned())
}

/// Why an order was cancelled, in words for the customer. A suspicion of fraud is told to nobody, and `OTHER` is no
/// reason.
pub(crate) fn cancel_reason(code: &str) -> Option<String> {
    let text = match code {
        "CUSTOMER" | "customer" => "it was cancelled at the customer's request",
        "DECLINED" | "declined" => "the payment was declined",
        "INVENTORY" | "inventory" => "there was not enough stock",
        "STAFF" | "staff" => "it was entered by mistake",
        _ => return None,
    };
    Some(text.to_owned())
}

/// `ReturnReason` for a canonical reason: what the operator wrote in `status_names.return_reason`, else this table.
pub(crate) fn return_reason_code(names: &StatusNames, reason: ReturnReason) -> &str {
    names.vendor_code("return_reason", reason).unwrap_or(match reason {
        ReturnReason::TooSmall => "SIZE_TOO_SMALL",
        ReturnReason::TooLarge => "SIZE_TOO_LARGE",
        ReturnReason::Defective | ReturnReason::DamagedInTransit => "DEFECTIVE",
        ReturnReason::WrongItem => "WRONG_ITEM",
        ReturnReason::NotAsDescribed => "NOT_AS_DESCRIBED",
        ReturnReason::Style => "STYLE",
        ReturnReason::Unwanted => "UNWANTED",
        ReturnReason::ArrivedLate | ReturnReason::Unspecified | ReturnReason::Other => "OTHER",
    })
}

/// The name of a variant, unless it is the one that Shopify gives to the only variant of a product.
pub(crate) fn variant_title(title: &str) -> Option<String> {
    (!title.is_empty() && title != "Default Title").then(|| title.to_owned())
}
