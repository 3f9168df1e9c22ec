//! The query root: how objects are found. Their own fields are `resolve`'s.

use apollo_compiler::resolvers::FieldError;
use serde_json::{Value, json};

use super::filters;
use super::resolve::{Arguments, Run, item_of, levels};
use super::scopes;
use super::world::{World, by_id, cents, gid, list, text};

/// The versions the vendor supports, oldest first.
pub(super) const VERSIONS: [&str; 4] = ["2026-01", "2026-04", "2026-07", "2026-10"];

pub(super) fn field(run: &Run<'_>, name: &str, arguments: &Arguments<'_>) -> Result<Value, FieldError> {
    let world = run.world.borrow();
    let of = |kind: &str, items: &[Value]| -> Result<Value, FieldError> {
        let id = identifier(run, arguments.text("id"), kind)?;
        Ok(by_id(items, &id).cloned().unwrap_or_default())
    };
    Ok(match name {
        "shop" => world.shop.clone(),
        "publicApiVersions" => VERSIONS
            .iter()
            .map(|handle| json!({ "handle": handle, "displayName": handle, "supported": true }))
            .collect(),
        "currentAppInstallation" => json!({
            "id": gid("AppInstallation", 1),
            "launchUrl": "https://demo-shop.example/apps/chat",
            "accessScopes": run.scopes.iter()
                .map(|scope| json!({ "handle": scope, "description": scopes::describe(scope) }))
                .collect::<Vec<_>>(),
        }),
        "order" => of("Order", &world.orders)?,
        "orderByIdentifier" => {
            let (member, value) = only(run, &arguments.value("identifier"))?;
            let id = identifier(run, Some(&value), "Order")?;
            debug_assert_eq!(member, "id");
            by_id(&world.orders, &id).cloned().unwrap_or_default()
        }
        "orders" => orders(run, &world, world.orders.iter(), arguments),
        "product" => of("Product", &world.products)?,
        "productByIdentifier" => {
            let (member, value) = only(run, &arguments.value("identifier"))?;
            world.products.iter().find(|product| product[&member] == value).cloned().unwrap_or_default()
        }
        "products" => {
            let found = search(run, &world, world.products.iter(), arguments, filters::product);
            sorted(found, arguments, |product, key| match key {
                "TITLE" => Key::Text(text(product, "title").to_lowercase()),
                "VENDOR" => Key::Text(text(product, "vendor").to_lowercase()),
                "PRODUCT_TYPE" => Key::Text(text(product, "productType").to_lowercase()),
                "CREATED_AT" => Key::Text(text(product, "createdAt").to_owned()),
                "UPDATED_AT" => Key::Text(text(product, "updatedAt").to_owned()),
                "PUBLISHED_AT" => Key::Text(text(product, "publishedAt").to_owned()),
                "INVENTORY_TOTAL" => Key::Number(world.variants_of(text(product, "id")).map(World::available).sum()),
                _ => Key::AsStored,
            })
        }
        "productVariant" => of("ProductVariant", &world.variants)?,
        "productVariants" => {
            let found = search(run, &world, world.variants.iter(), arguments, filters::variant);
            sorted(found, arguments, |variant, key| match key {
                "SKU" => Key::Text(text(variant, "sku").to_lowercase()),
                "TITLE" => Key::Text(text(variant, "title").to_lowercase()),
                "NAME" | "FULL_TITLE" => Key::Text(text(variant, "displayName").to_lowercase()),
                "INVENTORY_QUANTITY" => Key::Number(World::available(variant)),
                _ => Key::AsStored,
            })
        }
        "inventoryItem" => {
            let id = identifier(run, arguments.text("id"), "InventoryItem")?;
            let variant = world.variants.iter().find(|variant| variant["_item"] == id);
            variant.map_or(Value::Null, |variant| item_of(&world, variant))
        }
        "inventoryItems" => {
            let found = search(run, &world, world.variants.iter(), arguments, filters::inventory_item);
            found.into_iter().map(|variant| item_of(&world, variant)).collect()
        }
        "inventoryLevel" => {
            let id = identifier(run, arguments.text("id"), "InventoryLevel")?;
            let mut all = world.variants.iter().flat_map(levels);
            all.find(|level| level["id"] == id).unwrap_or_default()
        }
        "location" => match arguments.text("id") {
            None => world.locations.first().cloned().unwrap_or_default(),
            Some(_) => of("Location", &world.locations)?,
        },
        "locations" => {
            let found = search(run, &world, world.locations.iter(), arguments, filters::nothing);
            sorted(found, arguments, |location, key| match key {
                "NAME" => Key::Text(text(location, "name").to_lowercase()),
                _ => Key::AsStored,
            })
        }
        "customerByIdentifier" => {
            let (member, value) = only(run, &arguments.value("identifier"))?;
            let matches = |customer: &&Value| match member.as_str() {
                "id" => customer["id"] == value,
                "emailAddress" => text(&customer["defaultEmailAddress"], "emailAddress").eq_ignore_ascii_case(&value),
                _ => text(&customer["defaultPhoneNumber"], "phoneNumber") == value,
            };
            let found = world.customers.iter().find(matches);
            found.cloned().unwrap_or_default()
        }
        "customers" => {
            let found = search(run, &world, world.customers.iter(), arguments, filters::customer);
            sorted(found, arguments, |_, _| Key::AsStored)
        }
        "draftOrder" => of("DraftOrder", &world.drafts)?,
        "draftOrders" => {
            let found = search(run, &world, world.drafts.iter(), arguments, filters::draft);
            sorted(found, arguments, |_, _| Key::AsStored)
        }
        "fulfillment" => {
            let id = identifier(run, arguments.text("id"), "Fulfillment")?;
            let mut all = world.orders.iter().flat_map(|order| list(order, "fulfillments"));
            all.find(|item| item["id"] == id).cloned().unwrap_or_default()
        }
        "refund" => {
            let id = identifier(run, arguments.text("id"), "Refund")?;
            let mut all = world.orders.iter().flat_map(|order| list(order, "refunds"));
            all.find(|item| item["id"] == id).cloned().unwrap_or_default()
        }
        "return" => of("Return", &world.returns)?,
        "returnReasonDefinitions" => {
            let wanted = |argument: &str, held: &Value| match arguments.value(argument) {
                Value::Array(wanted) => wanted.contains(held),
                _ => true,
            };
            let found = search(run, &world, world.return_reasons.iter(), arguments, filters::nothing);
            found
                .into_iter()
                .filter(|reason| wanted("ids", &reason["id"]))
                .filter(|reason| wanted("handles", &reason["handle"]))
                .cloned()
                .collect()
        }
        "returnableFulfillments" => returnable(run, &world, arguments)?,
        _ => Value::Null,
    })
}

/// A global id of the wanted type; anything else is a top-level error at the vendor.
pub(super) fn identifier(run: &Run<'_>, id: Option<&str>, kind: &str) -> Result<String, FieldError> {
    global_id(id.unwrap_or_default(), kind).map_err(|message| run.violation(message))
}

pub(super) fn global_id(id: &str, kind: &str) -> Result<String, String> {
    let number = id
        .strip_prefix("gid://shopify/")
        .and_then(|rest| rest.strip_prefix(kind))
        .and_then(|rest| rest.strip_prefix('/'))
        .and_then(|rest| rest.split('?').next());
    match number.map(str::parse::<u64>) {
        Some(Ok(_)) => Ok(id.to_owned()),
        _ => Err(format!("Invalid global id '{id}'")),
    }
}

/// The one member of a @oneOf input.
fn only(run: &Run<'_>, input: &Value) -> Result<(String, String), FieldError> {
    let members: Vec<_> = input.as_object().into_iter().flatten().collect();
    match members.as_slice() {
        [(name, Value::String(value))] => Ok(((*name).clone(), value.clone())),
        _ => Err(run.violation("exactly one member of a @oneOf input has to be given")),
    }
}

fn search<'a>(
    run: &Run<'_>,
    world: &World,
    items: impl Iterator<Item = &'a Value>,
    arguments: &Arguments<'_>,
    field: fn(&World, &Value, &str, &super::search::Term) -> Option<bool>,
) -> Vec<&'a Value> {
    let query = arguments.text("query").unwrap_or_default();
    filters::find(world, items, query, field, &mut run.remarks.borrow_mut())
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    AsStored,
    Number(i64),
    Text(String),
}

/// The seed is stored in the order of ids, which is also the order of relevance here.
fn sorted(mut found: Vec<&Value>, arguments: &Arguments<'_>, key: impl Fn(&Value, &str) -> Key) -> Value {
    if let Some(name) = arguments.text("sortKey") {
        found.sort_by_cached_key(|item| key(item, name));
    }
    found.into_iter().cloned().collect()
}

pub(super) fn orders<'a>(
    run: &Run<'_>,
    world: &World,
    orders: impl Iterator<Item = &'a Value>,
    arguments: &Arguments<'_>,
) -> Value {
    let found = search(run, world, orders, arguments, filters::order);
    let amount = |order: &Value, member: &str| {
        Key::Number(cents(text(&order[member]["shopMoney"], "amount")).unwrap_or_default())
    };
    sorted(found, arguments, |order, key| match key {
        "CREATED_AT" => Key::Text(text(order, "createdAt").to_owned()),
        "PROCESSED_AT" => Key::Text(text(order, "processedAt").to_owned()),
        "UPDATED_AT" => Key::Text(text(order, "updatedAt").to_owned()),
        "ORDER_NUMBER" => Key::Number(order["number"].as_i64().unwrap_or_default()),
        "TOTAL_PRICE" => amount(order, "totalPriceSet"),
        "CURRENT_TOTAL_PRICE" => amount(order, "currentTotalPriceSet"),
        "FINANCIAL_STATUS" => Key::Text(text(order, "displayFinancialStatus").to_owned()),
        "FULFILLMENT_STATUS" => Key::Text(text(order, "displayFulfillmentStatus").to_owned()),
        _ => Key::AsStored,
    })
}

fn returnable(run: &Run<'_>, world: &World, arguments: &Arguments<'_>) -> Result<Value, FieldError> {
    let id = identifier(run, arguments.text("orderId"), "Order")?;
    let Some(order) = by_id(&world.orders, &id) else {
        return Ok(Value::Array(Vec::new()));
    };
    let mut found = Vec::new();
    for fulfillment in list(order, "fulfillments") {
        let lines: Vec<_> = list(fulfillment, "fulfillmentLineItems")
            .iter()
            .map(|line| (line, world.returnable(line)))
            .filter(|(_, left)| *left > 0)
            .map(|(line, left)| json!({ "fulfillmentLineItem": line, "quantity": left }))
            .collect();
        if !lines.is_empty() {
            let number = super::world::legacy(text(fulfillment, "id")).unwrap_or_default();
            found.push(json!({
                "id": gid("ReturnableFulfillment", number),
                "fulfillment": fulfillment,
                "returnableFulfillmentLineItems": lines,
            }));
        }
    }
    Ok(found.into())
}
