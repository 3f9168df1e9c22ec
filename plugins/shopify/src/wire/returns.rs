//! Returns and what can be returned (Admin API, types `Return`, `ReturnableFulfillment`, `FulfillmentLineItem`).

use serde::Deserialize;

use super::{Nodes, UserError};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReturnableItems {
    pub(crate) returnable_fulfillments: Nodes<ReturnableFulfillment>,
    pub(crate) order: Option<OrderReturns>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct OpenReturns {
    pub(crate) order: Option<OrderReturns>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReturnableFulfillment {
    pub(crate) returnable_fulfillment_line_items: Nodes<ReturnableLine>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReturnableLine {
    pub(crate) quantity: u32,
    pub(crate) fulfillment_line_item: FulfilledLine,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FulfilledLine {
    pub(crate) id: String,
    pub(crate) line_item: LineItem,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LineItem {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) variant_title: Option<String>,
    pub(crate) sku: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct OrderReturns {
    /// Never taken for none where it is missing: that would say that nothing was asked for.
    pub(crate) returns: Nodes<Return>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Return {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) status: String,
    pub(crate) created_at: Option<String>,
    /// Absent where a return has only just been made.
    #[serde(default)]
    pub(crate) return_line_items: Nodes<ReturnLine>,
}

/// Empty where the line is of a kind that names no fulfilled item.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReturnLine {
    pub(crate) fulfillment_line_item: Option<FulfilledLine>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReturnRequest {
    pub(crate) return_request: Payload,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Payload {
    #[serde(rename = "return")]
    pub(crate) made: Option<Return>,
    #[serde(default)]
    pub(crate) user_errors: Vec<UserError>,
}
