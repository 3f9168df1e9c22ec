//! Products and variants (Admin API, types `Product`, `ProductVariant`, `InventoryItem`, `InventoryLevel`).

use serde::Deserialize;

use super::{Amount, Nodes};

#[derive(Debug, Deserialize)]
pub(crate) struct Products<T> {
    pub(crate) products: Nodes<T>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProductVariants {
    pub(crate) product_variants: Nodes<Variant>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Product {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) description: Option<String>,
    pub(crate) status: String,
    pub(crate) vendor: Option<String>,
    pub(crate) product_type: Option<String>,
    /// Null where the product is not published.
    pub(crate) online_store_url: Option<String>,
    pub(crate) price_range_v2: Option<PriceRange>,
    #[serde(default)]
    pub(crate) variants: Nodes<Variant>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PriceRange {
    pub(crate) min_variant_price: Amount,
    pub(crate) max_variant_price: Amount,
}

/// A product of which only its variants are read.
#[derive(Debug, Deserialize)]
pub(crate) struct WithVariants {
    #[serde(default)]
    pub(crate) variants: Nodes<Variant>,
}

/// A variant; what is read of it depends on the document.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Variant {
    pub(crate) id: String,
    pub(crate) sku: Option<String>,
    pub(crate) title: String,
    pub(crate) display_name: String,
    /// Decimal, in the shop's currency.
    pub(crate) price: Option<String>,
    pub(crate) compare_at_price: Option<String>,
    pub(crate) available_for_sale: bool,
    pub(crate) inventory_policy: String,
    /// May be negative.
    pub(crate) sellable_online_quantity: i64,
    pub(crate) product: Option<Parent>,
    pub(crate) inventory_item: InventoryItem,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Parent {
    pub(crate) title: String,
    pub(crate) status: String,
    pub(crate) online_store_url: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct InventoryItem {
    pub(crate) tracked: bool,
    pub(crate) inventory_levels: Nodes<InventoryLevel>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InventoryLevel {
    pub(crate) updated_at: Option<String>,
    pub(crate) location: Option<Location>,
    #[serde(default)]
    pub(crate) quantities: Vec<Quantity>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Location {
    pub(crate) id: String,
    pub(crate) name: String,
}

/// Of the name `available`, the only one that is asked for.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Quantity {
    pub(crate) quantity: i64,
    pub(crate) updated_at: Option<String>,
}
