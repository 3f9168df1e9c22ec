//! The shop's range: searching it, and what is told about a product. Stock is in `stock.rs`.

#[cfg(feature = "schema")]
use crate::shape;
use crate::{Availability, Money, Vendor};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Searches the shop's products by words and tells their prices, availability and pages.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ProductSearchInput {
    /// Words to look for, such as "blue cotton shirt".
    #[cfg_attr(feature = "schema", schemars(with = "shape::Line"))]
    pub query: String,
    /// Category or collection to look in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Word"))]
    pub category: Option<String>,
    /// Lowest price, in the shop's currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Amount"))]
    pub min_price: Option<f64>,
    /// Highest price, in the shop's currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Amount"))]
    pub max_price: Option<f64>,
    /// Leave out what cannot be ordered now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_stock_only: Option<bool>,
    /// At most this many products.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Limit"))]
    pub limit: Option<u32>,
}

/// Products, best match first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct ProductList {
    /// The products found.
    pub products: Vec<Product>,
    /// Whether there are more than these.
    pub more: bool,
}

/// A product of the shop.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Product {
    /// Id in the shop system.
    pub id: String,
    /// Name.
    pub title: String,
    /// Short description, plain text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Maker.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub brand: Option<String>,
    /// Category.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Stock keeping unit, when there is only one variant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
    /// What it costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<PriceRange>,
    /// Whether it can be had.
    pub availability: Availability,
    /// The product's page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Url"))]
    pub url: Option<String>,
    /// A picture of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Url"))]
    pub image_url: Option<String>,
    /// Sizes, colours and the like.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<ProductVariant>,
    /// Fields of the business system beyond the model, as the operator mapped them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub vendor: Vendor,
}

/// Lowest and highest price; both are the same when there is one price.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct PriceRange {
    /// Lowest price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<Money>,
    /// Highest price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<Money>,
}

/// One form in which a product is sold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct ProductVariant {
    /// Id in the shop system; `cart.create` takes it as `variant_id`.
    pub id: String,
    /// Name of the variant, such as "M / red".
    pub title: String,
    /// Stock keeping unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
    /// Price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<Money>,
    /// Price before a reduction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compare_at_price: Option<Money>,
    /// Whether it can be had.
    pub availability: Availability,
}
