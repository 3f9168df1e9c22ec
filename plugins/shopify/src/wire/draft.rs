//! Draft orders (Admin API, type `DraftOrder`).

use serde::Deserialize;

use super::{MoneyBag, Nodes, UserError};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DraftOrderCreate {
    pub(crate) draft_order_create: Payload,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Payload {
    pub(crate) draft_order: Option<DraftOrder>,
    #[serde(default)]
    pub(crate) user_errors: Vec<UserError>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OneDraftOrder {
    pub(crate) draft_order: Option<DraftOrder>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DraftOrder {
    pub(crate) id: String,
    pub(crate) ready: bool,
    pub(crate) invoice_url: Option<String>,
    pub(crate) subtotal_price_set: Option<MoneyBag>,
    pub(crate) total_discounts_set: Option<MoneyBag>,
    pub(crate) total_price_set: Option<MoneyBag>,
    #[serde(default)]
    pub(crate) line_items: Nodes<LineItem>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LineItem {
    pub(crate) title: String,
    pub(crate) variant_title: Option<String>,
    pub(crate) sku: Option<String>,
    pub(crate) quantity: u32,
    pub(crate) original_unit_price_set: Option<MoneyBag>,
    pub(crate) discounted_total_set: Option<MoneyBag>,
    pub(crate) variant: Option<VariantId>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct VariantId {
    pub(crate) id: String,
}
