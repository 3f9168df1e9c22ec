//! What is sent to SAP: a sales order to be made, with its items in one body ("deep insert").
//!
//! Source: SAP's published description of API_SALES_ORDER_SRV, `A_SalesOrder` for creation.

use serde::Serialize;

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Draft {
    pub(crate) sales_order_type: String,
    pub(crate) sales_organization: String,
    pub(crate) distribution_channel: String,
    pub(crate) organization_division: String,
    pub(crate) sold_to_party: String,
    pub(crate) purchase_order_by_customer: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) requested_delivery_date: Option<String>,
    #[serde(rename = "to_Item")]
    pub(crate) items: DraftItems,
}

#[derive(Debug, Serialize)]
pub(crate) struct DraftItems {
    pub(crate) results: Vec<DraftItem>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DraftItem {
    pub(crate) material: String,
    /// `Edm.Decimal` is a text in JSON.
    pub(crate) requested_quantity: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) requested_quantity_unit: Option<String>,
}
