//! How the shop's objects look in REST: snake case, numeric ids, lower-case statuses and the shop's own time zone.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::super::world::{World, by_id, cents, legacy, list, money, text};

/// New York, as a rule instead of a database: the machine may have none.
const ZONE: &str = "EST5EDT,M3.2.0,M11.1.0";

fn id(gid: &Value) -> Value {
    json!(gid.as_str().and_then(legacy))
}

fn time(value: &Value) -> Value {
    let local = || {
        let at: Timestamp = value.as_str()?.parse().ok()?;
        let zone = TimeZone::posix(ZONE).ok()?;
        Some(at.to_zoned(zone).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string())
    };
    json!(local())
}

fn lower(value: &Value) -> Value {
    json!(value.as_str().map(str::to_lowercase))
}

fn amount(bag: &Value, which: &str) -> Value {
    json!(cents(text(&bag[which], "amount")).map(money))
}

fn set(bag: &Value) -> Value {
    let side = |which: &str| json!({ "amount": amount(bag, which), "currency_code": bag[which]["currencyCode"] });
    json!({ "shop_money": side("shopMoney"), "presentment_money": side("presentmentMoney") })
}

/// Null means unfulfilled.
pub(super) fn fulfillment_status(order: &Value) -> Option<&'static str> {
    match text(order, "displayFulfillmentStatus") {
        "FULFILLED" => Some("fulfilled"),
        "PARTIALLY_FULFILLED" => Some("partial"),
        "RESTOCKED" => Some("restocked"),
        _ => None,
    }
}

fn address(address: &Value) -> Value {
    json!({
        "first_name": address["firstName"],
        "last_name": address["lastName"],
        "name": address["name"],
        "address1": address["address1"],
        "address2": address["address2"],
        "city": address["city"],
        "zip": address["zip"],
        "country": address["country"],
        "country_code": address["countryCodeV2"],
        "phone": address["phone"],
    })
}

pub(super) fn order(world: &World, order: &Value) -> Value {
    let status = fulfillment_status(order);
    let number = order["number"].as_i64().unwrap_or_default();
    let lines: Vec<_> = list(order, "lineItems").iter().map(|line| line_item(world, line)).collect();
    let fulfillments: Vec<_> = list(order, "fulfillments").iter().map(|item| fulfillment(order, item)).collect();
    let refunds: Vec<_> = list(order, "refunds").iter().map(refund).collect();
    json!({
        "id": id(&order["id"]),
        "admin_graphql_api_id": order["id"],
        "name": order["name"],
        // The shop's own count; the number customers know begins at 1001.
        "number": number - 1000,
        "order_number": number,
        "confirmation_number": order["confirmationNumber"],
        "email": order["email"],
        "phone": order["phone"],
        "created_at": time(&order["createdAt"]),
        "processed_at": time(&order["processedAt"]),
        "updated_at": time(&order["updatedAt"]),
        "cancelled_at": time(&order["cancelledAt"]),
        "cancel_reason": lower(&order["cancelReason"]),
        "closed_at": time(&order["closedAt"]),
        "financial_status": lower(&order["displayFinancialStatus"]),
        "fulfillment_status": status,
        "currency": order["currencyCode"],
        "presentment_currency": order["presentmentCurrencyCode"],
        "total_price": amount(&order["totalPriceSet"], "shopMoney"),
        "total_price_set": set(&order["totalPriceSet"]),
        "current_total_price": amount(&order["currentTotalPriceSet"], "shopMoney"),
        "current_total_price_set": set(&order["currentTotalPriceSet"]),
        "order_status_url": order["statusPageUrl"],
        "shipping_address": address(&order["shippingAddress"]),
        "billing_address": address(&order["billingAddress"]),
        "line_items": lines,
        "fulfillments": fulfillments,
        "refunds": refunds,
        "note": order["note"],
        "source_name": order["sourceName"],
        "tags": "",
        "test": false,
    })
}

fn line_item(world: &World, line: &Value) -> Value {
    let variant = by_id(&world.variants, text(line, "_variant")).unwrap_or(&Value::Null);
    let status = (line["unfulfilledQuantity"] == 0).then_some("fulfilled");
    json!({
        "id": id(&line["id"]),
        "admin_graphql_api_id": line["id"],
        "variant_id": id(&variant["id"]),
        "product_id": id(&variant["_product"]),
        "title": line["title"],
        "name": line["name"],
        "variant_title": line["variantTitle"],
        "sku": line["sku"],
        "vendor": line["vendor"],
        "quantity": line["quantity"],
        "current_quantity": line["currentQuantity"],
        "fulfillable_quantity": line["unfulfilledQuantity"],
        "fulfillment_status": status,
        "price": amount(&line["originalUnitPriceSet"], "shopMoney"),
        "price_set": set(&line["originalUnitPriceSet"]),
        "requires_shipping": line["requiresShipping"],
    })
}

pub(super) fn fulfillment(order: &Value, item: &Value) -> Value {
    let tracking =
        |member: &str| -> Vec<Value> { list(item, "trackingInfo").iter().map(|info| info[member].clone()).collect() };
    let (companies, numbers, urls) = (tracking("company"), tracking("number"), tracking("url"));
    let lines: Vec<_> = list(item, "fulfillmentLineItems")
        .iter()
        .filter_map(|part| by_id(list(order, "lineItems"), text(part, "_lineItem")))
        .map(|line| json!({ "id": id(&line["id"]), "title": line["title"], "quantity": line["quantity"] }))
        .collect();
    json!({
        "id": id(&item["id"]),
        "admin_graphql_api_id": item["id"],
        "order_id": id(&order["id"]),
        "name": item["name"],
        "status": lower(&item["status"]),
        "shipment_status": lower(&item["displayStatus"]),
        "location_id": id(&item["_location"]),
        "tracking_company": companies.first(),
        "tracking_number": numbers.first(),
        "tracking_numbers": numbers,
        "tracking_url": urls.first(),
        "tracking_urls": urls,
        "created_at": time(&item["createdAt"]),
        "updated_at": time(&item["updatedAt"]),
        "line_items": lines,
    })
}

pub(super) fn event(event: &Value) -> Value {
    json!({
        "id": id(&event["id"]),
        "status": lower(&event["status"]),
        "message": event["message"],
        "happened_at": time(&event["happenedAt"]),
        "city": event["city"],
        "country": event["country"],
    })
}

pub(super) fn fulfillment_order(order: &Value) -> Value {
    let lines: Vec<_> = list(order, "lineItems")
        .iter()
        .map(|line| {
            json!({
                "id": id(&line["id"]),
                "line_item_id": id(&line["_lineItem"]),
                "quantity": line["totalQuantity"],
                "fulfillable_quantity": line["remainingQuantity"],
            })
        })
        .collect();
    json!({
        "id": id(&order["id"]),
        "order_id": id(&order["orderId"]),
        "status": lower(&order["status"]),
        "request_status": lower(&order["requestStatus"]),
        "fulfill_at": time(&order["fulfillAt"]),
        "fulfill_by": time(&order["fulfillBy"]),
        "created_at": time(&order["createdAt"]),
        "updated_at": time(&order["updatedAt"]),
        "line_items": lines,
    })
}

pub(super) fn refund(refund: &Value) -> Value {
    json!({
        "id": id(&refund["id"]),
        "order_id": id(&refund["_order"]),
        "created_at": time(&refund["createdAt"]),
        "processed_at": time(&refund["processedAt"]),
        "note": refund["note"],
        "refund_line_items": [],
        "transactions": [],
    })
}

pub(super) fn customer(customer: &Value) -> Value {
    json!({
        "id": id(&customer["id"]),
        "admin_graphql_api_id": customer["id"],
        "email": customer["defaultEmailAddress"]["emailAddress"],
        "phone": customer["defaultPhoneNumber"]["phoneNumber"],
        "first_name": customer["firstName"],
        "last_name": customer["lastName"],
        "verified_email": customer["verifiedEmail"],
        "created_at": time(&customer["createdAt"]),
        "updated_at": time(&customer["updatedAt"]),
        "tags": "",
        "currency": "USD",
    })
}

pub(super) fn product(world: &World, product: &Value) -> Value {
    let variants: Vec<_> = world.variants_of(text(product, "id")).map(variant).collect();
    let options: Vec<_> = list(product, "options")
        .iter()
        .map(|option| {
            json!({
                "id": id(&option["id"]),
                "product_id": id(&product["id"]),
                "name": option["name"],
                "position": option["position"],
                "values": option["values"],
            })
        })
        .collect();
    let tags: Vec<_> = list(product, "tags").iter().filter_map(Value::as_str).collect();
    json!({
        "id": id(&product["id"]),
        "admin_graphql_api_id": product["id"],
        "title": product["title"],
        "handle": product["handle"],
        "body_html": product["descriptionHtml"],
        "vendor": product["vendor"],
        "product_type": product["productType"],
        "status": lower(&product["status"]),
        "tags": tags.join(", "),
        "created_at": time(&product["createdAt"]),
        "updated_at": time(&product["updatedAt"]),
        "published_at": time(&product["publishedAt"]),
        "options": options,
        "variants": variants,
    })
}

pub(super) fn variant(variant: &Value) -> Value {
    json!({
        "id": id(&variant["id"]),
        "admin_graphql_api_id": variant["id"],
        "product_id": id(&variant["_product"]),
        "title": variant["title"],
        "sku": variant["sku"],
        "barcode": variant["barcode"],
        "price": variant["price"],
        "compare_at_price": variant["compareAtPrice"],
        "position": variant["position"],
        "inventory_item_id": id(&variant["_item"]),
        "inventory_policy": lower(&variant["inventoryPolicy"]),
        "inventory_management": (variant["_tracked"] == true).then_some("shopify"),
        "inventory_quantity": World::available(variant),
        "option1": variant["title"],
        "option2": null,
        "option3": null,
        "taxable": variant["taxable"],
        "created_at": time(&variant["createdAt"]),
        "updated_at": time(&variant["updatedAt"]),
    })
}

pub(super) fn inventory_item(variant: &Value) -> Value {
    json!({
        "id": id(&variant["_item"]),
        "admin_graphql_api_id": variant["_item"],
        "sku": variant["sku"],
        "tracked": variant["_tracked"],
        "requires_shipping": true,
        "created_at": time(&variant["createdAt"]),
        "updated_at": time(&variant["updatedAt"]),
    })
}

/// What is not tracked has no number.
pub(super) fn level(variant: &Value, level: &Value) -> Value {
    let available = match variant["_tracked"] == true {
        true => level["_quantities"]["available"].clone(),
        false => Value::Null,
    };
    json!({
        "inventory_item_id": id(&level["_item"]),
        "location_id": id(&level["_location"]),
        "available": available,
        "updated_at": time(&level["updatedAt"]),
        "admin_graphql_api_id": level["id"],
    })
}

pub(super) fn location(location: &Value) -> Value {
    let address = &location["address"];
    json!({
        "id": id(&location["id"]),
        "admin_graphql_api_id": location["id"],
        "name": location["name"],
        "address1": address["address1"],
        "city": address["city"],
        "zip": address["zip"],
        "country": address["countryCode"],
        "country_code": address["countryCode"],
        "country_name": address["country"],
        "active": location["isActive"],
        "legacy": false,
        "created_at": time(&location["createdAt"]),
        "updated_at": time(&location["updatedAt"]),
    })
}

pub(super) fn shop(shop: &Value) -> Value {
    json!({
        "id": id(&shop["id"]),
        "name": shop["name"],
        "email": shop["email"],
        "domain": shop["primaryDomain"]["host"],
        "myshopify_domain": shop["myshopifyDomain"],
        "currency": shop["currencyCode"],
        "iana_timezone": shop["ianaTimezone"],
        "timezone": "(GMT-05:00) America/New_York",
        "created_at": time(&shop["createdAt"]),
        "updated_at": time(&shop["updatedAt"]),
    })
}

pub(super) fn draft(world: &World, draft: &Value) -> Value {
    let lines: Vec<_> = list(draft, "lineItems")
        .iter()
        .map(|line| {
            let variant = by_id(&world.variants, text(line, "_variant")).unwrap_or(&Value::Null);
            json!({
                "id": id(&line["id"]),
                "variant_id": id(&variant["id"]),
                "product_id": id(&variant["_product"]),
                "title": line["title"],
                "variant_title": line["variantTitle"],
                "sku": line["sku"],
                "quantity": line["quantity"],
                "price": amount(&line["originalUnitPriceSet"], "shopMoney"),
            })
        })
        .collect();
    let tags: Vec<_> = list(draft, "tags").iter().filter_map(Value::as_str).collect();
    json!({
        "id": id(&draft["id"]),
        "admin_graphql_api_id": draft["id"],
        "name": draft["name"],
        "status": lower(&draft["status"]),
        "email": draft["email"],
        "note": draft["note2"],
        "currency": draft["currencyCode"],
        "invoice_url": draft["invoiceUrl"],
        "invoice_sent_at": time(&draft["invoiceSentAt"]),
        "total_price": amount(&draft["totalPriceSet"], "shopMoney"),
        "subtotal_price": amount(&draft["subtotalPriceSet"], "shopMoney"),
        "total_tax": amount(&draft["totalTaxSet"], "shopMoney"),
        "tags": tags.join(", "),
        "line_items": lines,
        "created_at": time(&draft["createdAt"]),
        "updated_at": time(&draft["updatedAt"]),
    })
}
