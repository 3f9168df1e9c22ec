//! `product.search`: what the shop sells, found by words.

use jackfield_sdk::prelude::*;

use crate::{
    admin::Admin,
    documents, names,
    variants::{availability, best, can_be_ordered, words},
    wire::product::{Product as Wire, Products, Variant},
};

/// Products told where the user says nothing about it.
const LIMIT: u32 = 5;
/// Products that one query may ask for without becoming too dear.
const READ_MAX: u32 = 20;

pub(crate) fn run(call: &Call, input: ProductSearchInput) -> Result<ProductList, Failure> {
    let admin = Admin::of(call)?;
    let limit = input.limit.unwrap_or(LIMIT).min(READ_MAX);
    // Some are left out for what no search can ask for, so more are read then.
    let first = if input.in_stock_only == Some(true) { READ_MAX } else { limit };
    let found: Products<Wire> =
        admin.graphql(documents::PRODUCT_SEARCH, &json!({ "query": search(&input)?, "first": first }))?;

    let on_sale = found.products.nodes.into_iter().filter(is_published);
    let mut products: Vec<Product> = on_sale.map(|product| told(&admin, product)).collect();
    products.retain(|product| fits(&input, product));
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = products.len() > limit || found.products.page_info.has_next_page;
    products.truncate(limit);
    Ok(ProductList { products, more })
}

fn search(input: &ProductSearchInput) -> Result<String, Failure> {
    let mut terms = vec!["status:active".to_owned(), "published_status:published".to_owned()];
    terms.push(words(&input.query, "/query")?);
    if let Some(category) = &input.category {
        let term = query::shopify::term("product_type", category);
        terms.push(term.map_err(|failure| failure.at("/category"))?);
    }
    // A number has no characters that could be syntax; `is_finite` keeps out `inf` and `NaN`.
    terms.extend(input.min_price.filter(|price| price.is_finite()).map(|price| format!("price:>={price}")));
    terms.extend(input.max_price.filter(|price| price.is_finite()).map(|price| format!("price:<={price}")));
    Ok(terms.join(" AND "))
}

/// A product without a page in the shop is not published, whatever the search says.
fn is_published(product: &Wire) -> bool {
    product.status == "ACTIVE" && product.online_store_url.is_some()
}

/// The search's conditions once more, and those that it does not have.
fn fits(input: &ProductSearchInput, product: &Product) -> bool {
    let amount = |money: &Option<Money>| money.as_ref()?.amount().parse::<f64>().ok();
    let price = product.price.clone().unwrap_or_default();
    let dear_enough = input.min_price.is_none_or(|min| amount(&price.max).is_none_or(|highest| highest >= min));
    let cheap_enough = input.max_price.is_none_or(|max| amount(&price.min).is_none_or(|lowest| lowest <= max));
    let to_be_had = input.in_stock_only != Some(true) || can_be_ordered(product.availability);
    dear_enough && cheap_enough && to_be_had
}

fn told(admin: &Admin<'_>, wire: Wire) -> Product {
    // A variant's price is written without a currency: it is the shop's, as in the range.
    let currency = wire.price_range_v2.as_ref().map(|range| range.min_variant_price.currency_code.clone());
    let price = wire
        .price_range_v2
        .map(|range| PriceRange { min: range.min_variant_price.money(), max: range.max_variant_price.money() });
    let money = |amount: &Option<String>| Money::new(amount.as_ref()?, currency.as_ref()?).ok();
    let variants: Vec<ProductVariant> = wire
        .variants
        .nodes
        .iter()
        .map(|variant: &Variant| ProductVariant {
            id: variant.id.clone(),
            title: variant.title.clone(),
            sku: variant.sku.clone().filter(|sku| !sku.is_empty()),
            price: money(&variant.price),
            compare_at_price: money(&variant.compare_at_price),
            availability: availability(&admin.settings, variant),
        })
        .collect();
    let only = (variants.len() == 1).then(|| variants.first()).flatten();
    Product {
        id: wire.id,
        title: wire.title,
        description: wire.description.filter(|text| !text.is_empty()),
        brand: wire.vendor.filter(|text| !text.is_empty()),
        category: wire.product_type.filter(|text| !text.is_empty()),
        sku: only.and_then(|variant| variant.sku.clone()),
        price,
        availability: best(variants.iter().map(|variant| variant.availability)),
        url: wire.online_store_url,
        // The only variant of a product has a name that says nothing, but its id is what the cart needs.
        variants: variants.into_iter().map(named).collect(),
        ..Product::default()
    }
}

fn named(variant: ProductVariant) -> ProductVariant {
    ProductVariant { title: names::variant_title(&variant.title).unwrap_or_default(), ..variant }
}
