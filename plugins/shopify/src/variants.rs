//! Whether a variant can be had: one rule for the search, the inventory and the cart.
//!
//! A band and no number: numbers age between the answer and the order, and the checkout has the last word.

use jackfield_sdk::prelude::*;

use crate::{settings::Settings, wire::product::Variant};

/// The band of a variant, as it is sold online.
pub(crate) fn availability(settings: &Settings, variant: &Variant) -> Availability {
    if !variant.available_for_sale {
        return Availability::OutOfStock;
    }
    if !variant.inventory_item.tracked {
        return Availability::Untracked;
    }
    let sold_without_stock = variant.inventory_policy == "CONTINUE";
    Availability::of(number(variant.sellable_online_quantity), f64::from(settings.low_stock_at), sold_without_stock)
}

/// The band of what is at one place. What could be ordered all the same is not there.
pub(crate) fn availability_at(settings: &Settings, quantity: i64) -> Availability {
    Availability::of(number(quantity), f64::from(settings.low_stock_at), false)
}

/// The exact quantity, where the operator wants it told. A debt of stock is none.
pub(crate) fn quantity(settings: &Settings, quantity: i64) -> Option<f64> {
    settings.quantities.then(|| number(quantity.max(0)))
}

/// The best of several: a product can be had when one of its variants can.
pub(crate) fn best(all: impl Iterator<Item = Availability>) -> Availability {
    let rank = |availability: &Availability| match availability {
        Availability::InStock => 0,
        Availability::Untracked => 1,
        Availability::LowStock => 2,
        Availability::Backorder => 3,
        Availability::OutOfStock => 4,
        Availability::Unknown => 5,
    };
    all.min_by_key(rank).unwrap_or_default()
}

/// Whether it can be ordered now.
pub(crate) fn can_be_ordered(availability: Availability) -> bool {
    !matches!(availability, Availability::OutOfStock | Availability::Unknown)
}

/// Whether a variant has this SKU. Shopify's search is word by word and SKUs are not unique: each hit is compared.
pub(crate) fn has_sku(variant: &Variant, sku: &str) -> bool {
    variant.sku.as_deref().is_some_and(|known| known.trim().eq_ignore_ascii_case(sku.trim()))
}

/// Whether its product is on sale at all; drafts and archived products are nobody's business.
pub(crate) fn is_active(variant: &Variant) -> bool {
    variant.product.as_ref().is_some_and(|product| product.status == "ACTIVE")
}

/// Quantities are far below 2^53.
fn number(quantity: i64) -> f64 {
    quantity as f64
}

/// Free text as a search: each word quoted, so that none is an operator or names a field; all have to be there.
pub(crate) fn words(text: &str, pointer: &str) -> Result<String, Failure> {
    const WORDS_MAX: usize = 10;
    let phrases: Result<Vec<String>, Failure> =
        text.split_whitespace().take(WORDS_MAX).map(query::shopify::phrase).collect();
    let phrases = phrases.map_err(|failure| failure.at(pointer))?;
    if phrases.is_empty() {
        return Err(Failure::invalid(pointer, "Please say what to look for."));
    }
    Ok(phrases.join(" AND "))
}
