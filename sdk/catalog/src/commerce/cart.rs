//! A cart that ends at the shop's own checkout page. Payment data never pass through here.

#[cfg(feature = "schema")]
use crate::shape;
use crate::{Money, Timestamp, Vendor};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Puts items into a new cart and gives a link to the shop's own checkout page, where the customer pays. Nothing is bought yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CartCreateInput {
    /// What to put into the cart.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 50)))]
    pub items: Vec<CartItemInput>,
    /// E-mail address of the customer, to fill in at checkout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Email"))]
    pub email: Option<String>,
    /// Discount code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Word"))]
    pub discount_code: Option<String>,
    /// A note for the shop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Note"))]
    pub note: Option<String>,
}

/// One item for the cart: named by its SKU or by the variant's id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(extend("anyOf" = shape::any_of(&["sku", "variant_id"]))))]
pub struct CartItemInput {
    /// Stock keeping unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Sku"))]
    pub sku: Option<String>,
    /// Id of the variant as `product.search` gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Id"))]
    pub variant_id: Option<String>,
    /// How many of them.
    #[cfg_attr(feature = "schema", schemars(with = "shape::Pieces"))]
    pub quantity: u32,
}

/// A cart, ready for checkout.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Cart {
    /// Id in the shop system.
    pub id: String,
    /// The shop's own page where the customer pays.
    #[cfg_attr(feature = "schema", schemars(with = "shape::Url"))]
    pub checkout_url: String,
    /// What is in the cart.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<CartItem>,
    /// What could not be put into the cart, in words for the customer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unavailable: Vec<String>,
    /// Price of the goods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subtotal: Option<Money>,
    /// What is taken off the price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discount_total: Option<Money>,
    /// Price in all, as far as it is known before delivery and taxes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<Money>,
    /// When the link stops working.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Fields of the business system beyond the model, as the operator mapped them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub vendor: Vendor,
}

/// What is in a cart: one line of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct CartItem {
    /// Id of the variant in the shop system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant_id: Option<String>,
    /// Stock keeping unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
    /// Name of the product.
    pub title: String,
    /// Which variant of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// How many of them.
    pub quantity: u32,
    /// Price of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit_price: Option<Money>,
    /// Price of the line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<Money>,
}
