//! Which search fields orders, products, variants, customers and draft orders have, and what they look at (Shopify
//! Admin API 2026-10, the `query` arguments). The grammar itself is `search`'s.

use serde_json::Value;

use super::search::{Expression, Term};
use super::world::{World, by_id, cents, legacy, list, text};

/// What the caller has to be told about a search.
#[derive(Default)]
pub(super) struct Remarks {
    pub(super) violations: Vec<String>,
    /// Fields the vendor ignores with a warning in `extensions.search`.
    pub(super) ignored: Vec<String>,
}

/// Looks up one field of one object. None: there is no such field.
type Field = fn(&World, &Value, &str, &Term) -> Option<bool>;

/// The objects a query finds. An unknown field does not narrow the result: the vendor ignores it.
pub(super) fn find<'a>(
    world: &World,
    items: impl Iterator<Item = &'a Value>,
    query: &str,
    field: Field,
    remarks: &mut Remarks,
) -> Vec<&'a Value> {
    let items: Vec<_> = items.collect();
    if query.trim().is_empty() {
        return items;
    }
    let (expression, oddities) = Expression::parse(query);
    remarks.violations.extend(oddities.into_iter().map(|oddity| format!("search query {query:?} has {oddity}")));
    for term in expression.terms() {
        let Some(name) = &term.field else { continue };
        if term.value.is_empty() && !term.prefix {
            remarks.violations.push(format!("search field {name} has no value"));
        }
        if field(world, &Value::Null, name, term).is_none() {
            remarks.ignored.push(name.clone());
            remarks.violations.push(format!("unknown search field {name}"));
        }
    }
    items
        .into_iter()
        .filter(|item| {
            expression.matches(&mut |term| {
                let name = term.field.as_deref().unwrap_or("default");
                field(world, item, name, term).unwrap_or(true)
            })
        })
        .collect()
}

fn number(term: &Term, held: Option<i64>) -> bool {
    match (held, term.value.parse::<i64>()) {
        (Some(held), Ok(wanted)) => term.compares(&held, &wanted),
        _ => false,
    }
}

fn id(term: &Term, item: &Value) -> bool {
    let held = legacy(text(item, "id")).and_then(|id| i64::try_from(id).ok());
    number(term, held)
}

fn truth(term: &Term, held: bool) -> bool {
    term.value.parse() == Ok(held)
}

fn tagged(term: &Term, item: &Value) -> bool {
    list(item, "tags").iter().filter_map(Value::as_str).any(|tag| term.matches_keyword(tag))
}

fn amount(term: &Term, held: &str) -> bool {
    match (cents(held), cents(&term.value)) {
        (Some(held), Some(wanted)) => term.compares(&held, &wanted),
        _ => false,
    }
}

pub(super) fn order(world: &World, order: &Value, name: &str, term: &Term) -> Option<bool> {
    let customer = || by_id(&world.customers, text(order, "_customer"));
    let lower = |member: &str| text(order, member).to_lowercase();
    Some(match name {
        "default" => {
            let names = customer().map(|customer| text(customer, "displayName"));
            let address = &order["shippingAddress"];
            [
                text(order, "name"),
                text(order, "email"),
                text(order, "confirmationNumber"),
                names.unwrap_or_default(),
                text(address, "name"),
                text(address, "zip"),
                text(address, "city"),
            ]
            .iter()
            .any(|held| term.matches_words(held))
        }
        "name" => term.matches_words(text(order, "name")),
        "email" => term.matches_words(text(order, "email")),
        "confirmation_number" => term.matches_keyword(text(order, "confirmationNumber")),
        "customer_id" => number(
            term,
            customer().and_then(|customer| legacy(text(customer, "id"))).and_then(|id| i64::try_from(id).ok()),
        ),
        "created_at" => term.matches_time(text(order, "createdAt")),
        "processed_at" => term.matches_time(text(order, "processedAt")),
        "updated_at" => term.matches_time(text(order, "updatedAt")),
        "status" => {
            let closed = order["closed"] == true;
            let cancelled = order["cancelledAt"].is_string();
            let has = |status: &str| match status {
                "open" => !closed && !cancelled,
                "closed" => closed,
                "cancelled" => cancelled,
                "not_closed" => !closed,
                // Documented for REST; here it is a word like any other and finds nothing.
                _ => false,
            };
            term.value.to_lowercase().split(',').any(has)
        }
        "financial_status" => term.matches_keyword(&lower("displayFinancialStatus")),
        "fulfillment_status" => {
            let held = lower("displayFulfillmentStatus");
            let aliases: &[&str] = match held.as_str() {
                "fulfilled" => &["fulfilled", "shipped"],
                "partially_fulfilled" => &["partial"],
                "unfulfilled" => &["unfulfilled", "unshipped"],
                other => &[other],
            };
            aliases.iter().any(|alias| term.matches_keyword(alias))
        }
        "return_status" => term.matches_keyword(&return_status(world, order).to_lowercase()),
        "sku" => list(order, "lineItems").iter().any(|line| term.matches_keyword(text(line, "sku"))),
        "tag" => tagged(term, order),
        "tag_not" => !tagged(term, order),
        "id" => id(term, order),
        "test" => truth(term, order["test"] == true),
        "po_number" => term.matches_keyword(text(order, "poNumber")),
        "source_name" => term.matches_keyword(text(order, "sourceName")),
        "gateway" => list(order, "paymentGatewayNames")
            .iter()
            .filter_map(Value::as_str)
            .any(|gateway| term.matches_keyword(gateway)),
        _ => return None,
    })
}

/// What the order's returns amount to.
pub(super) fn return_status(world: &World, order: &Value) -> &'static str {
    let mut status = "NO_RETURN";
    for entry in world.returns.iter().filter(|entry| entry["_order"] == order["id"]) {
        match text(entry, "status") {
            "OPEN" => return "IN_PROGRESS",
            "REQUESTED" => status = "RETURN_REQUESTED",
            _ => {}
        }
    }
    status
}

fn published(term: &Term, product: &Value) -> bool {
    let online = product["onlineStoreUrl"].is_string();
    match term.value.as_str() {
        "published" | "visible" => online,
        "unpublished" | "unavailable" => !online,
        "online_store_channel" => true,
        _ => false,
    }
}

pub(super) fn product(world: &World, product: &Value, name: &str, term: &Term) -> Option<bool> {
    let id_of = text(product, "id");
    let any_variant = |holds: &dyn Fn(&Value) -> bool| world.variants_of(id_of).any(holds);
    let total: i64 = world.variants_of(id_of).map(World::available).sum();
    Some(match name {
        "default" => {
            ["title", "productType", "vendor", "handle"].iter().any(|member| term.matches_words(text(product, member)))
                || list(product, "tags").iter().filter_map(Value::as_str).any(|tag| term.matches_words(tag))
                || any_variant(&|variant| {
                    term.matches_words(text(variant, "title")) || term.matches_keyword(text(variant, "sku"))
                })
        }
        "title" => term.matches_words(text(product, "title")),
        "handle" => term.matches_keyword(text(product, "handle")),
        "vendor" => term.matches_keyword(text(product, "vendor")),
        "product_type" => term.matches_keyword(text(product, "productType")),
        "status" => term.matches_keyword(text(product, "status")),
        "published_status" => published(term, product),
        "tag" => tagged(term, product),
        "tag_not" => !tagged(term, product),
        "sku" => any_variant(&|variant| term.matches_keyword(text(variant, "sku"))),
        "barcode" => any_variant(&|variant| term.matches_keyword(text(variant, "barcode"))),
        "variant_title" => any_variant(&|variant| term.matches_words(text(variant, "title"))),
        "variant_id" => any_variant(&|variant| id(term, variant)),
        "price" => any_variant(&|variant| amount(term, text(variant, "price"))),
        "is_price_reduced" => truth(term, any_variant(&|variant| variant["compareAtPrice"].is_string())),
        "inventory_total" => number(term, Some(total)),
        "tracks_inventory" => truth(term, product["tracksInventory"] == true),
        "out_of_stock_somewhere" => truth(
            term,
            any_variant(&|variant| {
                variant["_tracked"] == true
                    && list(variant, "_levels").iter().any(|level| level["available"].as_i64() <= Some(0))
            }),
        ),
        "gift_card" => truth(term, product["isGiftCard"] == true),
        "collection_id" => false,
        "created_at" => term.matches_time(text(product, "createdAt")),
        "updated_at" => term.matches_time(text(product, "updatedAt")),
        "published_at" => term.matches_time(text(product, "publishedAt")),
        "id" => id(term, product),
        _ => return None,
    })
}

pub(super) fn variant(world: &World, variant: &Value, name: &str, term: &Term) -> Option<bool> {
    let product = by_id(&world.products, text(variant, "_product")).unwrap_or(&Value::Null);
    Some(match name {
        "default" => {
            term.matches_words(text(variant, "displayName"))
                || term.matches_keyword(text(variant, "sku"))
                || term.matches_keyword(text(variant, "barcode"))
        }
        "sku" => term.matches_keyword(text(variant, "sku")),
        "barcode" => term.matches_keyword(text(variant, "barcode")),
        "title" => term.matches_words(text(variant, "title")),
        "option1" => term.matches_words(text(variant, "title")),
        "id" => id(term, variant),
        "product_id" => id(term, product),
        "product_ids" => {
            legacy(text(product, "id")).is_some_and(|id| term.value.split(',').any(|wanted| wanted == id.to_string()))
        }
        "product_status" => term.matches_keyword(text(product, "status")),
        "product_type" => term.matches_keyword(text(product, "productType")),
        "published_status" => published(term, product),
        "vendor" => term.matches_keyword(text(product, "vendor")),
        "tag" => tagged(term, product),
        "tag_not" => !tagged(term, product),
        "gift_card" => truth(term, product["isGiftCard"] == true),
        "inventory_quantity" => number(term, Some(World::available(variant))),
        "location_id" => list(variant, "_levels").iter().any(|level| {
            let location = legacy(text(level, "_location"));
            number(term, location.and_then(|id| i64::try_from(id).ok()))
        }),
        "managed" => truth(term, variant["_tracked"] == true),
        "taxable" => truth(term, variant["taxable"] == true),
        "updated_at" => term.matches_time(text(variant, "updatedAt")),
        _ => return None,
    })
}

pub(super) fn inventory_item(_: &World, variant: &Value, name: &str, term: &Term) -> Option<bool> {
    Some(match name {
        "default" | "sku" => term.matches_keyword(text(variant, "sku")),
        "id" => {
            let held = legacy(text(variant, "_item")).and_then(|id| i64::try_from(id).ok());
            number(term, held)
        }
        "created_at" => term.matches_time(text(variant, "createdAt")),
        "updated_at" => term.matches_time(text(variant, "updatedAt")),
        _ => return None,
    })
}

pub(super) fn customer(_: &World, customer: &Value, name: &str, term: &Term) -> Option<bool> {
    let email = text(&customer["defaultEmailAddress"], "emailAddress");
    let phone = text(&customer["defaultPhoneNumber"], "phoneNumber");
    Some(match name {
        "default" => {
            term.matches_words(text(customer, "displayName")) || term.matches_words(email) || term.matches_words(phone)
        }
        "email" => term.matches_words(email),
        "phone" => term.matches_keyword(phone),
        "first_name" => term.matches_words(text(customer, "firstName")),
        "last_name" => term.matches_words(text(customer, "lastName")),
        "tag" => tagged(term, customer),
        "tag_not" => !tagged(term, customer),
        "id" => id(term, customer),
        "updated_at" => term.matches_time(text(customer, "updatedAt")),
        _ => return None,
    })
}

pub(super) fn draft(_: &World, draft: &Value, name: &str, term: &Term) -> Option<bool> {
    Some(match name {
        "default" => term.matches_words(text(draft, "name")) || term.matches_words(text(draft, "email")),
        "status" => term.matches_keyword(text(draft, "status")),
        "tag" => tagged(term, draft),
        "id" => id(term, draft),
        "created_at" => term.matches_time(text(draft, "createdAt")),
        "updated_at" => term.matches_time(text(draft, "updatedAt")),
        _ => return None,
    })
}

/// For lists the vendor documents no search fields of.
pub(super) fn nothing(_: &World, _: &Value, _: &str, _: &Term) -> Option<bool> {
    None
}
