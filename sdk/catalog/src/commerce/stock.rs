//! Whether something can be had, and where: the shop's inventory and, for `stock.check`, a warehouse's.

#[cfg(feature = "schema")]
use crate::shape;
use crate::{Date, Timestamp, Vendor};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Tells whether a product can be had now, and where. Needs the SKU or the product's name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(extend("anyOf" = shape::any_of(&["sku", "product"]))))]
pub struct InventoryCheckInput {
    /// Stock keeping unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Sku"))]
    pub sku: Option<String>,
    /// Name of the product, when the SKU is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Line"))]
    pub product: Option<String>,
    /// Which variant of it, such as "M / red".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Word"))]
    pub variant: Option<String>,
    /// Shop or warehouse to look in, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Line"))]
    pub location: Option<String>,
}

/// Stock of one or more products or variants.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct StockLevelList {
    /// One entry for each product or variant that matches.
    pub levels: Vec<StockLevel>,
    /// Whether there are more than these.
    pub more: bool,
}

/// How much of one product or variant there is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct StockLevel {
    /// Id in the business system.
    pub id: String,
    /// Stock keeping unit or material number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
    /// Name of the product.
    pub product: String,
    /// Which variant of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// Whether it can be had.
    pub availability: Availability,
    /// How much there is; left out where the operator shows bands only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Amount"))]
    pub quantity: Option<f64>,
    /// Unit of the quantities, such as pieces or kg.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The same by place.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub locations: Vec<StockLocation>,
    /// The day more is expected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restock_on: Option<Date>,
    /// When this was true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
    /// The product's page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Url"))]
    pub url: Option<String>,
    /// Fields of the business system beyond the model, as the operator mapped them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub vendor: Vendor,
}

/// How much there is at one place.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct StockLocation {
    /// Id in the business system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Name of the shop, plant or warehouse.
    pub name: String,
    /// Whether it can be had there.
    pub availability: Availability,
    /// How much there is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Amount"))]
    pub quantity: Option<f64>,
}

codes! {
    /// Whether something can be had: a band rather than a number, because numbers age between the answer and the order.
    pub enum Availability {
        /// There is enough.
        InStock = "in_stock", "in stock";
        /// Only a few are left.
        LowStock = "low_stock", "running low";
        /// None is left.
        OutOfStock = "out_of_stock", "out of stock";
        /// None is left, but it can be ordered and comes later.
        Backorder = "backorder", "available on backorder";
        /// The system does not count it: it can be ordered.
        Untracked = "untracked", "available";
    } else {
        /// The system does not tell.
        Unknown = "unknown", "of unknown availability";
    }
}

impl Availability {
    /// The band of a counted quantity.
    ///
    /// `low_at` is the largest quantity that still counts as a few; `backorder` says whether it can be ordered when none is left.
    pub fn of(quantity: f64, low_at: f64, backorder: bool) -> Self {
        if quantity > low_at {
            Self::InStock
        } else if quantity > 0.0 {
            Self::LowStock
        } else if backorder {
            Self::Backorder
        } else {
            Self::OutOfStock
        }
    }
}
