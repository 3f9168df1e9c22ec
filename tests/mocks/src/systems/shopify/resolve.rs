//! Turns selected fields into values: scopes, relations between objects, and everything that is computed rather than
//! stored. The walk over the document is apollo-compiler's; roots and mutations are `root` and `mutations`.

use std::borrow::Cow;
use std::cell::RefCell;

use apollo_compiler::ast::Type;
use apollo_compiler::resolvers::{FieldError, ObjectValue, ResolveInfo, ResolvedValue};
use apollo_compiler::response::JsonMap;
use apollo_compiler::schema::ExtendedType;
use serde_json::{Value, json};

use super::filters::{self, Remarks};
use super::scopes::{self, Scopes};
use super::world::{World, by_id, cents, decimal, legacy, list, text};
use super::{connection, mutations, root};

/// One execution: the state it may change and what it has to tell afterwards.
pub(super) struct Run<'w> {
    pub(super) world: RefCell<&'w mut World>,
    pub(super) scopes: Scopes,
    pub(super) remarks: RefCell<Remarks>,
    /// Messages of the errors that are missing scopes, with the access they need.
    pub(super) denied: RefCell<Vec<(String, &'static str)>>,
}

impl Run<'_> {
    /// An error the vendor's documentation gives no reason to run into.
    pub(super) fn violation(&self, message: impl Into<String>) -> FieldError {
        let message = message.into();
        self.remarks.borrow_mut().violations.push(message.clone());
        FieldError { message }
    }
}

/// A field's arguments after the schema's coercion.
pub(super) struct Arguments<'a>(&'a JsonMap);

impl Arguments<'_> {
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    pub(super) fn integer(&self, name: &str) -> Option<i64> {
        self.0.get(name)?.as_i64()
    }

    pub(super) fn truth(&self, name: &str) -> bool {
        self.0.get(name).and_then(|value| value.as_bool()) == Some(true)
    }

    pub(super) fn value(&self, name: &str) -> Value {
        // Both are JSON: the conversion between the two libraries' types cannot fail.
        let value = self.0.get(name).map(serde_json::to_value);
        value.and_then(Result::ok).unwrap_or_default()
    }
}

/// An object on the way into an answer.
pub(super) struct Node<'n, 'w> {
    pub(super) run: &'n Run<'w>,
    pub(super) kind: &'n str,
    pub(super) value: Cow<'n, Value>,
}

impl ObjectValue for Node<'_, '_> {
    fn type_name(&self) -> &str {
        self.kind
    }

    fn resolve_field<'a>(&'a self, info: &'a ResolveInfo<'a>) -> Result<ResolvedValue<'a>, FieldError> {
        let name = info.field_name();
        let ty = &info.field_definition().ty;
        if let Err(required) = scopes::check(&self.run.scopes, self.kind, name, ty.inner_named_type()) {
            let message = format!("Access denied for {name} field.");
            let mut denied = self.run.denied.borrow_mut();
            denied.push((message.clone(), required));
            return Err(FieldError { message });
        }
        let arguments = Arguments(info.arguments());
        let value = match self.kind {
            "QueryRoot" => Cow::Owned(root::field(self.run, name, &arguments)?),
            "Mutation" => Cow::Owned(mutations::field(self.run, name, &arguments)?),
            kind if kind.ends_with("Connection") => connection::member(&self.value, name),
            kind => member(self.run, kind, &self.value, name, &arguments)?,
        };
        let value = if ty.inner_named_type().ends_with("Connection") {
            let items = match value.into_owned() {
                Value::Array(items) => items,
                _ => Vec::new(),
            };
            Cow::Owned(connection::page(items, &arguments).map_err(|message| self.run.violation(message))?)
        } else if let (Cow::Borrowed(Value::Array(items)), Some(first)) = (&value, arguments.integer("first")) {
            let first = usize::try_from(first).unwrap_or_default();
            Cow::Owned(items.iter().take(first).cloned().collect())
        } else {
            value
        };
        Ok(wrap(self.run, info, ty, value))
    }
}

/// Gives a plain value the form its declared type asks for.
fn wrap<'a>(run: &'a Run<'_>, info: &'a ResolveInfo<'a>, ty: &'a Type, value: Cow<'a, Value>) -> ResolvedValue<'a> {
    if value.is_null() {
        return ResolvedValue::null();
    }
    if ty.is_list() {
        let inner = ty.item_type();
        return match value {
            Cow::Borrowed(Value::Array(items)) => {
                ResolvedValue::list(items.iter().map(move |item| wrap(run, info, inner, Cow::Borrowed(item))))
            }
            Cow::Owned(Value::Array(items)) => {
                ResolvedValue::list(items.into_iter().map(move |item| wrap(run, info, inner, Cow::Owned(item))))
            }
            other => ResolvedValue::leaf(other.into_owned()),
        };
    }
    let kind = match info.schema().types.get(ty.inner_named_type()) {
        Some(ExtendedType::Object(object)) => object.name.as_str(),
        // The only interface a field has; its other implementation comes from exchanges, which this shop has none of.
        Some(ExtendedType::Interface(_)) => "ReturnLineItem",
        _ => return ResolvedValue::leaf(value.into_owned()),
    };
    ResolvedValue::object(Node { run, kind, value })
}

/// A field of an object below the root.
fn member<'v>(
    run: &Run<'_>,
    kind: &str,
    value: &'v Value,
    name: &str,
    arguments: &Arguments<'_>,
) -> Result<Cow<'v, Value>, FieldError> {
    let world = run.world.borrow();
    let owned = |value: Option<&Value>| Cow::Owned(value.cloned().unwrap_or_default());
    let variant_id = || text(value, "_variant");
    Ok(match (kind, name) {
        (_, "order") => owned(by_id(&world.orders, text(value, "_order"))),
        ("Order" | "DraftOrder", "customer") => owned(by_id(&world.customers, text(value, "_customer"))),
        (_, "variant") => owned(by_id(&world.variants, variant_id())),
        ("LineItem" | "DraftOrderLineItem", "product") => {
            let variant = by_id(&world.variants, variant_id());
            owned(variant.and_then(|variant| by_id(&world.products, text(variant, "_product"))))
        }
        ("ProductVariant", "product") => owned(by_id(&world.products, text(value, "_product"))),
        (_, "lineItem") => {
            let order = by_id(&world.orders, text(value, "_order"));
            owned(order.and_then(|order| by_id(list(order, "lineItems"), text(value, "_lineItem"))))
        }
        ("Fulfillment" | "InventoryLevel", "location") => owned(by_id(&world.locations, text(value, "_location"))),
        ("Order", "fulfillments") if arguments.text("query").is_some() => {
            return Err(run.violation("searching fulfillments is not simulated"));
        }
        ("Order", "fulfillmentsCount") => count(list(value, "fulfillments").len()),
        ("Order", "returnStatus") => Cow::Owned(filters::return_status(&world, value).into()),
        ("Order", "returns") => {
            Cow::Owned(world.returns.iter().filter(|entry| entry["_order"] == value["id"]).cloned().collect())
        }
        ("Customer", "orders" | "numberOfOrders" | "lastOrder") => {
            let mut orders: Vec<_> = world.orders.iter().filter(|order| order["_customer"] == value["id"]).collect();
            match name {
                "numberOfOrders" => Cow::Owned(orders.len().to_string().into()),
                "lastOrder" => {
                    orders.sort_by_key(|order| text(order, "processedAt"));
                    owned(orders.last().copied())
                }
                _ => Cow::Owned(root::orders(run, &world, orders.into_iter(), arguments)),
            }
        }
        ("LineItem", "suggestedReturnReasonDefinitions") => Cow::Owned(world.return_reasons.clone().into()),
        ("ReturnLineItem", "fulfillmentLineItem") => {
            let line = world.fulfilled_line(text(value, "_fulfillmentLineItem"));
            owned(line.map(|(_, _, line)| line))
        }
        ("Product", _) => product(&world, value, name),
        ("ProductVariant", _) => variant(&world, value, name),
        ("InventoryItem", _) => item(&world, value, name, arguments),
        ("InventoryLevel", "item") => {
            let variant = world.variants.iter().find(|variant| variant["_item"] == value["_item"]);
            Cow::Owned(variant.map_or(Value::Null, |variant| item_of(&world, variant)))
        }
        ("InventoryLevel", "quantities") => return quantities(run, value, arguments),
        ("Location", "inventoryLevels") => Cow::Owned(
            world.variants.iter().flat_map(levels).filter(|level| level["_location"] == value["id"]).collect(),
        ),
        _ => Cow::Borrowed(&value[name]),
    })
}

fn count(count: usize) -> Cow<'static, Value> {
    Cow::Owned(json!({ "count": count, "precision": "EXACT" }))
}

fn product<'v>(world: &World, product: &'v Value, name: &str) -> Cow<'v, Value> {
    let id = text(product, "id");
    let price = |highest: bool| {
        let prices = world.variants_of(id).filter_map(|variant| cents(text(variant, "price")));
        let price = if highest { prices.max() } else { prices.min() };
        json!({ "amount": decimal(price.unwrap_or_default()), "currencyCode": "USD" })
    };
    match name {
        "totalInventory" => {
            let total: i64 = world.variants_of(id).map(World::available).sum();
            Cow::Owned(total.into())
        }
        "hasOutOfStockVariants" => Cow::Owned(
            world.variants_of(id).any(|variant| variant["_tracked"] == true && World::available(variant) <= 0).into(),
        ),
        "priceRangeV2" => Cow::Owned(json!({
            "minVariantPrice": price(false),
            "maxVariantPrice": price(true),
        })),
        "variants" => Cow::Owned(world.variants_of(id).cloned().collect()),
        "variantsCount" => count(world.variants_of(id).count()),
        _ => Cow::Borrowed(&product[name]),
    }
}

fn variant<'v>(world: &World, variant: &'v Value, name: &str) -> Cow<'v, Value> {
    match name {
        "availableForSale" => Cow::Owned(world.for_sale(variant).into()),
        "inventoryQuantity" => Cow::Owned(World::available(variant).into()),
        "sellableOnlineQuantity" => Cow::Owned(World::available(variant).into()),
        "inventoryItem" => Cow::Owned(item_of(world, variant)),
        _ => Cow::Borrowed(&variant[name]),
    }
}

/// The inventory item of a variant: the shop keeps exactly one for each.
pub(super) fn item_of(world: &World, variant: &Value) -> Value {
    let id = text(variant, "_item");
    let same = world.variants.iter().filter(|other| other["sku"] == variant["sku"]).count();
    json!({
        "id": id,
        "legacyResourceId": legacy(id).unwrap_or_default().to_string(),
        "_variant": variant["id"],
        "sku": variant["sku"],
        "tracked": variant["_tracked"],
        "duplicateSkuCount": same - 1,
        "requiresShipping": true,
        "createdAt": variant["createdAt"],
        "updatedAt": variant["updatedAt"],
    })
}

/// The stock of a variant at each location.
pub(super) fn levels(variant: &Value) -> impl Iterator<Item = Value> {
    let item = text(variant, "_item");
    let item_number = legacy(item).unwrap_or_default();
    list(variant, "_levels").iter().map(move |level| {
        let location = text(level, "_location");
        let number = legacy(location).unwrap_or_default();
        json!({
            "id": format!("gid://shopify/InventoryLevel/{number}?inventory_item_id={item_number}"),
            "_item": item,
            "_location": location,
            "_quantities": level,
            "isActive": true,
            "createdAt": variant["createdAt"],
            "updatedAt": variant["updatedAt"],
        })
    })
}

fn item<'v>(world: &World, item: &'v Value, name: &str, arguments: &Arguments<'_>) -> Cow<'v, Value> {
    let variant = by_id(&world.variants, text(item, "_variant")).unwrap_or(&Value::Null);
    match name {
        "inventoryLevels" => Cow::Owned(levels(variant).collect()),
        "inventoryLevel" => Cow::Owned(
            levels(variant)
                .find(|level| Some(text(level, "_location")) == arguments.text("locationId"))
                .unwrap_or_default(),
        ),
        "locationsCount" => count(list(variant, "_levels").len()),
        "variants" => Cow::Owned(Value::Array(vec![variant.clone()])),
        _ => Cow::Borrowed(&item[name]),
    }
}

fn quantities<'v>(run: &Run<'_>, level: &Value, arguments: &Arguments<'_>) -> Result<Cow<'v, Value>, FieldError> {
    let names = arguments.value("names");
    let mut found = Vec::new();
    for name in names.as_array().into_iter().flatten() {
        let name = name.as_str().unwrap_or_default();
        let Some(quantity) = level["_quantities"][name].as_i64() else {
            return Err(run.violation(format!("unknown inventory state {name:?}")));
        };
        found.push(json!({
            "id": format!("gid://shopify/InventoryQuantity/{}?name={name}", text(level, "id").len()),
            "name": name,
            "quantity": quantity,
            "updatedAt": if name == "incoming" { Value::Null } else { level["updatedAt"].clone() },
        }));
    }
    Ok(Cow::Owned(found.into()))
}
