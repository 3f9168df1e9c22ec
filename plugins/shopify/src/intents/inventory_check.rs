//! `inventory.check`: whether something can be had now, and where.

use jackfield_sdk::prelude::*;

use crate::{
    admin::Admin,
    documents, names,
    variants::{availability, availability_at, has_sku, is_active, quantity, words},
    wire::product::{InventoryLevel, ProductVariants, Products, Variant, WithVariants},
};

/// Variants told at most: a person asked.
const TOLD_MAX: usize = 10;

pub(crate) fn run(call: &Call, input: InventoryCheckInput) -> Result<StockLevelList, Failure> {
    let admin = Admin::of(call)?;
    if input.location.is_some() && !admin.settings.locations {
        return Err(Failure::invalid("/location", "Where something is in stock cannot be told here."));
    }
    let (mut found, mut more) = match (&input.sku, &input.product) {
        (Some(sku), _) => by_sku(&admin, sku)?,
        (None, Some(product)) => by_product(&admin, product)?,
        (None, None) => return Err(Failure::invalid("/sku", "Please give the SKU or the name of the product.")),
    };
    found.retain(|variant| is_active(variant) && is_meant(&input, variant));

    let mut levels: Vec<StockLevel> = found.into_iter().map(|variant| told(&admin, variant)).collect();
    if let Some(location) = &input.location {
        levels.iter_mut().for_each(|level| level.locations.retain(|place| names_place(&place.name, location)));
        let found = !levels.is_empty();
        // "In stock", somewhere else, would be the wrong answer to "is it in Berlin?".
        levels.retain(|level| !level.locations.is_empty());
        if found && levels.is_empty() {
            return Err(Failure::invalid("/location", "It is not kept in a place of this name."));
        }
    }
    more |= levels.len() > TOLD_MAX;
    levels.truncate(TOLD_MAX);
    Ok(StockLevelList { levels, more })
}

fn by_sku(admin: &Admin<'_>, sku: &str) -> Result<(Vec<Variant>, bool), Failure> {
    let search = query::shopify::term("sku", sku).map_err(|failure| failure.at("/sku"))?;
    let variables = json!({ "query": search, "locations": admin.settings.locations });
    let found: ProductVariants = admin.graphql(documents::STOCK_BY_SKU, &variables)?;
    let mut variants = found.product_variants.nodes;
    variants.retain(|variant| has_sku(variant, sku));
    Ok((variants, false))
}

fn by_product(admin: &Admin<'_>, product: &str) -> Result<(Vec<Variant>, bool), Failure> {
    let search = format!("status:active AND published_status:published AND {}", words(product, "/product")?);
    let variables = json!({ "query": search, "locations": admin.settings.locations });
    let found: Products<WithVariants> = admin.graphql(documents::STOCK_BY_PRODUCT, &variables)?;
    let more = found.products.page_info.has_next_page
        || found.products.nodes.iter().any(|product| product.variants.page_info.has_next_page);
    Ok((found.products.nodes.into_iter().flat_map(|product| product.variants.nodes).collect(), more))
}

/// Whether each word for the variant is in its name: `red m` means `M / red`.
fn is_meant(input: &InventoryCheckInput, variant: &Variant) -> bool {
    let words = |text: &str| {
        let text = text.to_lowercase();
        text.split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let name = words(&variant.title);
    input.variant.as_deref().is_none_or(|wanted| words(wanted).iter().all(|word| name.contains(word)))
}

fn names_place(name: &str, wanted: &str) -> bool {
    name.to_lowercase().contains(&wanted.trim().to_lowercase())
}

fn told(admin: &Admin<'_>, variant: Variant) -> StockLevel {
    let settings = &admin.settings;
    let availability = availability(settings, &variant);
    let tracked = variant.inventory_item.tracked;
    let levels = variant.inventory_item.inventory_levels.nodes;
    let product = variant.product.unwrap_or_default();
    StockLevel {
        sku: variant.sku.filter(|sku| !sku.is_empty()),
        variant: names::variant_title(&variant.title),
        availability,
        quantity: quantity(settings, variant.sellable_online_quantity).filter(|_| tracked),
        as_of: levels.iter().filter_map(changed).max().map(Timestamp::from),
        locations: levels.into_iter().filter_map(|level| place(admin, level, tracked)).collect(),
        id: variant.id,
        product: product.title,
        url: product.online_store_url,
        ..StockLevel::default()
    }
}

/// When a level last changed: what is told was true from then on.
fn changed(level: &InventoryLevel) -> Option<Instant> {
    let counted = level.quantities.iter().filter_map(|quantity| quantity.updated_at.as_deref());
    counted.chain(level.updated_at.as_deref()).filter_map(Instant::parse).max()
}

/// A location and what is there, where the operator lets locations be told.
fn place(admin: &Admin<'_>, level: InventoryLevel, tracked: bool) -> Option<StockLocation> {
    let location = level.location?;
    let available = level.quantities.first()?.quantity;
    Some(StockLocation {
        id: Some(location.id),
        name: location.name,
        availability: if tracked { availability_at(&admin.settings, available) } else { Availability::Untracked },
        quantity: quantity(&admin.settings, available).filter(|_| tracked),
    })
}
