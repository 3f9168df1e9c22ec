//! The mutations: requesting a return, and draft orders with their invoice (Shopify Admin API 2026-10). Business
//! refusals are `userErrors` and no violations; only what the schema cannot say and the vendor forbids is.

use apollo_compiler::resolvers::FieldError;
use serde_json::{Map, Value, json};

use super::resolve::{Arguments, Run};
use super::root::{global_id, identifier};
use super::world::{World, bag, by_id, cents, decimal, gid, list, now, text};

pub(super) fn field(run: &Run<'_>, name: &str, arguments: &Arguments<'_>) -> Result<Value, FieldError> {
    match name {
        "returnRequest" => return_request(run, &arguments.value("input")),
        "draftOrderCreate" => {
            let made = draft(&mut run.world.borrow_mut(), &arguments.value("input"));
            made.map_err(|message| run.violation(message))
        }
        "draftOrderInvoiceSend" => {
            let id = identifier(run, arguments.text("id"), "DraftOrder")?;
            Ok(send(&mut run.world.borrow_mut(), &id, &arguments.value("email")))
        }
        _ => Ok(Value::Null),
    }
}

fn refused(object: &str, code: Option<&str>, field: &[String], message: &str) -> Value {
    let field = if field.is_empty() { Value::Null } else { field.into() };
    let mut error = json!({ "field": field, "message": message });
    if let Some(code) = code {
        error["code"] = code.into();
    }
    json!({ object: null, "userErrors": [error] })
}

fn at(members: &[&str]) -> Vec<String> {
    members.iter().map(|member| (*member).to_owned()).collect()
}

fn return_request(run: &Run<'_>, input: &Value) -> Result<Value, FieldError> {
    let no = |code: &str, field: Vec<String>, message: &str| Ok(refused("return", Some(code), &field, message));
    let order_id = identifier(run, input["orderId"].as_str(), "Order")?;
    let mut world = run.world.borrow_mut();
    let Some(order) = by_id(&world.orders, &order_id) else {
        return no("NOT_FOUND", at(&["input", "orderId"]), "Order does not exist.");
    };
    let name = format!(
        "{}-R{}",
        text(order, "name"),
        world.returns.iter().filter(|entry| entry["_order"] == order_id.as_str()).count() + 1
    );
    let wanted = list(input, "returnLineItems");
    if wanted.is_empty() {
        return no("BLANK", at(&["input", "returnLineItems"]), "At least one return line item is required.");
    }
    let mut asked: Map<String, Value> = Map::new();
    let mut lines = Vec::new();
    for (index, line) in wanted.iter().enumerate() {
        let place = |member: &str| at(&["input", "returnLineItems", &index.to_string(), member]);
        let id = identifier(run, line["fulfillmentLineItemId"].as_str(), "FulfillmentLineItem")?;
        let Some((_, _, fulfilled)) =
            world.fulfilled_line(&id).filter(|(owner, _, _)| owner["id"] == order_id.as_str())
        else {
            return no(
                "NOT_FOUND",
                place("fulfillmentLineItemId"),
                "Fulfillment line item does not exist or is not fulfilled.",
            );
        };
        let quantity = line["quantity"].as_i64().unwrap_or_default();
        if quantity < 1 {
            return no("GREATER_THAN", place("quantity"), "Quantity must be greater than 0.");
        }
        let before = asked.get(&id).and_then(Value::as_i64).unwrap_or_default();
        if before + quantity > world.returnable(fulfilled) {
            return no("INVALID", place("quantity"), "Return line item has an invalid quantity.");
        }
        if text(line, "customerNote").chars().count() > 300 {
            return no("TOO_LONG", place("customerNote"), "Customer note is too long (maximum is 300 characters).");
        }
        let definition = match line["returnReasonDefinitionId"].as_str() {
            None => Value::Null,
            Some(id) => match by_id(&world.return_reasons, id) {
                Some(definition) => definition.clone(),
                None => {
                    return no(
                        "NOT_FOUND",
                        place("returnReasonDefinitionId"),
                        "Return reason definition does not exist.",
                    );
                }
            },
        };
        let reason = match (line["returnReason"].as_str(), &definition) {
            (Some(reason), _) => reason.to_owned(),
            (None, Value::Null) => {
                return no("BLANK", place("returnReasonDefinitionId"), "Return reason can't be blank.");
            }
            (None, definition) => text(definition, "handle").to_uppercase().replace('-', "_"),
        };
        asked.insert(id.clone(), (before + quantity).into());
        lines.push(json!({
            "_fulfillmentLineItem": id,
            "quantity": quantity,
            "processableQuantity": 0,
            "processedQuantity": 0,
            "unprocessedQuantity": quantity,
            "refundableQuantity": 0,
            "refundedQuantity": 0,
            "returnReason": reason,
            "returnReasonDefinition": definition,
            "returnReasonNote": "",
            "customerNote": line["customerNote"],
            "withCodeDiscountedTotalPriceSet": fulfilled["discountedTotalSet"],
        }));
    }
    for line in &mut lines {
        line["id"] = gid("ReturnLineItem", world.next_id()).into();
    }
    let total: i64 = lines.iter().filter_map(|line| line["quantity"].as_i64()).sum();
    let entry = json!({
        "id": gid("Return", world.next_id()),
        "_order": order_id,
        "name": name,
        "status": "REQUESTED",
        "createdAt": now(),
        "closedAt": null,
        "requestApprovedAt": null,
        "totalQuantity": total,
        "returnLineItems": lines,
    });
    world.returns.push(entry.clone());
    Ok(json!({ "return": entry, "userErrors": [] }))
}

/// Makes a draft order. The error is a violation; REST makes drafts here too.
pub(super) fn draft(world: &mut World, input: &Value) -> Result<Value, String> {
    let no = |field: &[&str], message: &str| Ok(refused("draftOrder", None, &at(field), message));
    let wanted = list(input, "lineItems");
    if wanted.is_empty() {
        return no(&[], "Add at least 1 product");
    }
    if wanted.len() > 250 {
        return Err("an input list has more than 250 items".to_owned());
    }
    let email = input["email"].as_str();
    if let Some(email) = email
        && !email.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
    {
        return no(&["email"], "Email is invalid");
    }
    if !matches!(input["presentmentCurrencyCode"].as_str(), None | Some("USD")) {
        return Err("only drafts in USD are simulated".to_owned());
    }
    let priced = |value: &Value| !value["appliedDiscount"].is_null() || !value["priceOverride"].is_null();
    if priced(input) || wanted.iter().any(priced) {
        return Err("discounts and price overrides are not simulated".to_owned());
    }
    let mut total = 0;
    let mut lines = Vec::new();
    for (index, line) in wanted.iter().enumerate() {
        let index = index.to_string();
        let quantity = line["quantity"].as_i64().unwrap_or_default();
        if quantity < 1 {
            return no(&["lineItems", &index, "quantity"], "Quantity must be greater than or equal to 1");
        }
        let draft = match line["variantId"].as_str() {
            Some(id) => {
                let id = global_id(id, "ProductVariant")?;
                match by_id(&world.variants, &id) {
                    Some(variant) => draft_line(world, variant, quantity),
                    None => {
                        let number = super::world::legacy(&id).unwrap_or_default();
                        let message = format!("Product with ID {number} is no longer available.");
                        return no(&[], &message);
                    }
                }
            }
            None => match (line["title"].as_str(), &line["originalUnitPriceWithCurrency"]) {
                (Some(title), Value::Object(price)) => custom_line(title, price, line, quantity),
                (None, _) => return no(&["lineItems", &index, "title"], "Title can't be blank"),
                _ => return no(&["lineItems", &index, "originalUnitPrice"], "Price can't be blank"),
            },
        };
        let (mut draft, sum) = draft;
        total += sum;
        draft["id"] = gid("DraftOrderLineItem", world.next_id()).into();
        draft["uuid"] = format!("00000000-0000-4000-8000-{:012}", world.next_id()).into();
        draft["customAttributes"] = input_list(line, "customAttributes");
        lines.push(draft);
    }
    let customer = input["purchasingEntity"]["customerId"]
        .as_str()
        .and_then(|id| by_id(&world.customers, id))
        .or_else(|| {
            world.customers.iter().find(|customer| {
                email.is_some_and(|email| {
                    text(&customer["defaultEmailAddress"], "emailAddress").eq_ignore_ascii_case(email)
                })
            })
        })
        .map(|customer| customer["id"].clone());
    let number = world.drafts.len() + 1;
    let id = world.next_id();
    let stamp = now();
    let sum = bag(total, None);
    let nothing = bag(0, None);
    let quantity: i64 = lines.iter().filter_map(|line| line["quantity"].as_i64()).sum();
    let draft = json!({
        "id": gid("DraftOrder", id),
        "legacyResourceId": id.to_string(),
        "name": format!("#D{number}"),
        "status": "OPEN",
        "ready": true,
        "invoiceUrl": format!("https://demo-shop.myshopify.com/invoices/{:032x}", u128::from(id) * 0x9e37_79b9_7f4a_7c15),
        "invoiceSentAt": null,
        "completedAt": null,
        "createdAt": stamp,
        "updatedAt": stamp,
        "currencyCode": "USD",
        "presentmentCurrencyCode": "USD",
        "email": email,
        "phone": input["phone"],
        "note2": input["note"],
        "poNumber": input["poNumber"],
        "reserveInventoryUntil": input["reserveInventoryUntil"],
        "tags": input_list(input, "tags"),
        "customAttributes": input_list(input, "customAttributes"),
        "_customer": customer,
        "lineItems": lines,
        "subtotalPriceSet": sum,
        "totalLineItemsPriceSet": sum,
        "totalPriceSet": sum,
        "totalDiscountsSet": nothing,
        "totalShippingPriceSet": nothing,
        "totalTaxSet": nothing,
        "totalQuantityOfLineItems": quantity,
        "taxExempt": input["taxExempt"] == true,
        "taxesIncluded": false,
        "visibleToCustomer": input["visibleToCustomer"] != false,
    });
    world.drafts.push(draft.clone());
    Ok(json!({ "draftOrder": draft, "userErrors": [] }))
}

fn input_list(input: &Value, member: &str) -> Value {
    list(input, member).to_vec().into()
}

/// A line of the catalogue: price and names come from the shop, never from the request.
fn draft_line(world: &World, variant: &Value, quantity: i64) -> (Value, i64) {
    let product = by_id(&world.products, text(variant, "_product")).unwrap_or(&Value::Null);
    let unit = cents(text(variant, "price")).unwrap_or_default();
    let variant_title = match text(variant, "title") {
        "Default Title" => None,
        title => Some(title),
    };
    let line = json!({
        "custom": false,
        "_variant": variant["id"],
        "title": product["title"],
        "name": variant["displayName"],
        "variantTitle": variant_title,
        "sku": variant["sku"],
        "vendor": product["vendor"],
        "quantity": quantity,
        "requiresShipping": true,
        "taxable": true,
        "originalUnitPriceSet": bag(unit, None),
        "originalUnitPriceWithCurrency": { "amount": decimal(unit), "currencyCode": "USD" },
        "originalTotalSet": bag(unit * quantity, None),
        "discountedTotalSet": bag(unit * quantity, None),
    });
    (line, unit * quantity)
}

fn custom_line(title: &str, price: &Map<String, Value>, line: &Value, quantity: i64) -> (Value, i64) {
    let amount = match price.get("amount") {
        Some(Value::String(amount)) => cents(amount),
        Some(other) => cents(&other.to_string()),
        None => None,
    };
    let unit = amount.unwrap_or_default();
    let line = json!({
        "custom": true,
        "title": title,
        "name": title,
        "sku": line["sku"],
        "quantity": quantity,
        "requiresShipping": line["requiresShipping"] == true,
        "taxable": line["taxable"] != false,
        "originalUnitPriceSet": bag(unit, None),
        "originalUnitPriceWithCurrency": { "amount": decimal(unit), "currencyCode": "USD" },
        "originalTotalSet": bag(unit * quantity, None),
        "discountedTotalSet": bag(unit * quantity, None),
    });
    (line, unit * quantity)
}

/// Marks a draft as sent, when there is somebody to send it to; REST sends here too.
pub(super) fn send(world: &mut World, id: &str, email: &Value) -> Value {
    let Some(draft) = world.drafts.iter_mut().find(|draft| draft["id"] == id) else {
        return refused("draftOrder", None, &at(&["id"]), "Draft order not found");
    };
    if email["to"].as_str().or(draft["email"].as_str()).is_none() {
        return refused("draftOrder", None, &[], "To can't be blank");
    }
    let stamp = now();
    draft["status"] = "INVOICE_SENT".into();
    draft["invoiceSentAt"] = stamp.clone().into();
    draft["updatedAt"] = stamp.into();
    json!({ "draftOrder": draft, "userErrors": [] })
}
