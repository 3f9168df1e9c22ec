//! The seed's customers and orders. Answers for data only; totals are sums of the lines.

use serde_json::{Value, json};

use super::{World, bag, by_id, cents, gid, text};

struct Parcel {
    id: u64,
    created: &'static str,
    status: &'static str,
    company: &'static str,
    number: &'static str,
    url: &'static str,
    estimated: Option<&'static str>,
    delivered: Option<&'static str>,
    /// Positions of the order's lines in this parcel, whole.
    lines: &'static [usize],
}

struct Order {
    number: u64,
    name: &'static str,
    customer: Option<u64>,
    address: Address,
    created: &'static str,
    /// SKU, quantity and, when the buyer saw euros, the unit price in cents of them.
    lines: &'static [(&'static str, i64, Option<i64>)],
    financial: &'static str,
    fulfillment: &'static str,
    parcels: &'static [Parcel],
    fulfill_by: Option<&'static str>,
    cancelled: Option<&'static str>,
    closed: Option<&'static str>,
}

#[derive(Clone, Copy)]
struct Address {
    name: [&'static str; 2],
    street: &'static str,
    city: &'static str,
    zip: &'static str,
    code: &'static str,
}

const CASEY: u64 = 207119551;
const JANE: u64 = 207119552;
const OTHER_JANE: u64 = 207119553;

const CASEY_HOME: Address =
    Address { name: ["Casey", "Customer"], street: "12 Main Street", city: "New York", zip: "10001", code: "US" };
const JANE_HOME: Address =
    Address { name: ["Jane", "Doe"], street: "Invalidenstraße 117", city: "Berlin", zip: "10115", code: "DE" };
const OTHER_HOME: Address =
    Address { name: ["Janet", "Fields"], street: "9 Lake Shore Drive", city: "Chicago", zip: "60601", code: "US" };

const ORDERS: &[Order] = &[
    Order {
        number: 1001,
        name: "#1001",
        customer: Some(CASEY),
        address: CASEY_HOME,
        created: "2026-01-20T15:04:05Z",
        lines: &[("BTS-M", 1, None), ("BJN-32", 1, None)],
        financial: "PAID",
        fulfillment: "FULFILLED",
        parcels: &[Parcel {
            id: 4255858001,
            created: "2026-01-21T10:00:00Z",
            status: "IN_TRANSIT",
            company: "UPS",
            number: "1Z999AA10123456784",
            url: "https://www.ups.com/track?tracknum=1Z999AA10123456784",
            estimated: Some("2026-01-25T17:00:00Z"),
            delivered: None,
            lines: &[0, 1],
        }],
        fulfill_by: None,
        cancelled: None,
        closed: None,
    },
    Order {
        number: 1002,
        name: "#1002",
        customer: Some(CASEY),
        address: CASEY_HOME,
        created: "2026-01-22T09:30:00Z",
        lines: &[("CSN-42", 1, None)],
        financial: "PAID",
        fulfillment: "UNFULFILLED",
        parcels: &[],
        fulfill_by: Some("2026-01-25T17:00:00Z"),
        cancelled: None,
        closed: None,
    },
    Order {
        number: 1003,
        name: "#1003",
        customer: Some(JANE),
        address: JANE_HOME,
        created: "2026-01-18T11:20:00Z",
        lines: &[("BTS-S", 1, Some(1860)), ("WBN-1", 1, Some(1350)), ("DLP-1", 1, Some(2780))],
        financial: "PAID",
        fulfillment: "PARTIALLY_FULFILLED",
        parcels: &[
            Parcel {
                id: 4255858002,
                created: "2026-01-19T08:00:00Z",
                status: "DELIVERED",
                company: "DHL",
                number: "00340434161094042557",
                url: "https://www.dhl.com/track?tracking-id=00340434161094042557",
                estimated: Some("2026-01-21T17:00:00Z"),
                delivered: Some("2026-01-21T12:40:00Z"),
                lines: &[0],
            },
            Parcel {
                id: 4255858003,
                created: "2026-01-20T08:00:00Z",
                status: "OUT_FOR_DELIVERY",
                company: "DHL",
                number: "00340434161094042564",
                url: "https://www.dhl.com/track?tracking-id=00340434161094042564",
                estimated: None,
                delivered: None,
                lines: &[1],
            },
        ],
        fulfill_by: None,
        cancelled: None,
        closed: None,
    },
    Order {
        number: 1004,
        name: "#1004",
        customer: Some(JANE),
        address: JANE_HOME,
        created: "2026-01-11T16:00:00Z",
        lines: &[("CSN-42", 1, None)],
        financial: "REFUNDED",
        fulfillment: "UNFULFILLED",
        parcels: &[],
        fulfill_by: None,
        cancelled: Some("2026-01-12T09:00:00Z"),
        closed: None,
    },
    Order {
        number: 1005,
        name: "#1005",
        customer: Some(CASEY),
        address: CASEY_HOME,
        created: "2025-12-01T13:00:00Z",
        lines: &[("WBN-1", 2, None)],
        financial: "PAID",
        fulfillment: "FULFILLED",
        parcels: &[Parcel {
            id: 4255858004,
            created: "2025-12-02T08:00:00Z",
            status: "DELIVERED",
            company: "UPS",
            number: "1Z999AA10123456785",
            url: "https://www.ups.com/track?tracknum=1Z999AA10123456785",
            estimated: None,
            delivered: Some("2025-12-05T15:30:00Z"),
            lines: &[0],
        }],
        fulfill_by: None,
        cancelled: None,
        closed: Some("2025-12-20T08:00:00Z"),
    },
    // Somebody else's order that a loose match of name:1001 and of the address's words finds too.
    Order {
        number: 1006,
        name: "#1001-A",
        customer: Some(OTHER_JANE),
        address: OTHER_HOME,
        created: "2026-01-23T10:00:00Z",
        lines: &[("SCK-1", 1, None)],
        financial: "PAID",
        fulfillment: "UNFULFILLED",
        parcels: &[],
        fulfill_by: None,
        cancelled: None,
        closed: None,
    },
    // A sale over the counter: no e-mail address, nothing but a postcode to know the buyer by.
    Order {
        number: 1007,
        name: "#1007",
        customer: None,
        address: OTHER_HOME,
        created: "2026-01-24T18:00:00Z",
        lines: &[("GFT-25", 1, None)],
        financial: "PENDING",
        fulfillment: "UNFULFILLED",
        parcels: &[],
        fulfill_by: None,
        cancelled: None,
        closed: None,
    },
];

pub(super) fn seed(world: &mut World) {
    world.customers = vec![
        customer(CASEY, "customer@example.com", Some("+12025550143"), CASEY_HOME),
        customer(JANE, "jane@example.com", Some("+4930901820"), JANE_HOME),
        customer(OTHER_JANE, "janet.customer@example.com", None, OTHER_HOME),
    ];
    for order in ORDERS {
        let value = order_of(world, order);
        world.orders.push(value);
    }
}

fn customer(id: u64, email: &str, phone: Option<&str>, address: Address) -> Value {
    let [first, last] = address.name;
    json!({
        "id": gid("Customer", id),
        "legacyResourceId": id.to_string(),
        "firstName": first,
        "lastName": last,
        "displayName": format!("{first} {last}"),
        "defaultEmailAddress": { "emailAddress": email, "validFormat": true },
        "defaultPhoneNumber": phone.map(|phone| json!({ "phoneNumber": phone })),
        "defaultAddress": address_of(id, address, phone),
        "createdAt": "2025-03-01T10:00:00Z",
        "updatedAt": "2026-01-22T09:30:00Z",
        "locale": if address.code == "DE" { "de" } else { "en" },
        "note": null,
        "tags": [],
        "verifiedEmail": true,
    })
}

fn address_of(id: u64, address: Address, phone: Option<&str>) -> Value {
    let [first, last] = address.name;
    let country = match address.code {
        "DE" => "Germany",
        _ => "United States",
    };
    json!({
        "id": gid("MailingAddress", id),
        "address1": address.street,
        "city": address.city,
        "country": country,
        "countryCodeV2": address.code,
        "firstName": first,
        "lastName": last,
        "name": format!("{first} {last}"),
        "phone": phone,
        "zip": address.zip,
        "formatted": [address.street, format!("{} {}", address.city, address.zip), country],
        "formattedArea": format!("{}, {country}", address.city),
    })
}

fn order_of(world: &World, order: &Order) -> Value {
    let id = 5_450_789_460_000 + order.number;
    let gid_ = gid("Order", id);
    let cancelled = order.cancelled.is_some();
    let shipped = |index: usize| order.parcels.iter().any(|p| p.lines.contains(&index));

    let mut total = 0;
    let mut shown_total = None;
    let lines: Vec<Value> = order
        .lines
        .iter()
        .enumerate()
        .map(|(index, &(sku, quantity, euros))| {
            let variant = world.variants.iter().find(|variant| variant["sku"] == sku);
            let variant = variant.unwrap_or(&Value::Null);
            let product = by_id(&world.products, text(variant, "_product"));
            let unit = cents(text(variant, "price")).unwrap_or_default();
            total += unit * quantity;
            if let Some(euros) = euros {
                *shown_total.get_or_insert(0) += euros * quantity;
            }
            let unit_bag = bag(unit, euros.map(|cents| (cents, "EUR")));
            let sum_bag = bag(unit * quantity, euros.map(|cents| (cents * quantity, "EUR")));
            let variant_title = match text(variant, "title") {
                "Default Title" => None,
                title => Some(title),
            };
            json!({
                "id": gid("LineItem", id * 10 + index as u64),
                "_order": gid_,
                "_variant": variant["id"],
                "title": product.map(|product| &product["title"]),
                "name": variant["displayName"],
                "variantTitle": variant_title,
                "sku": sku,
                "vendor": "Acme",
                "quantity": quantity,
                "currentQuantity": if cancelled { 0 } else { quantity },
                "refundableQuantity": if cancelled { 0 } else { quantity },
                "unfulfilledQuantity": if cancelled || shipped(index) { 0 } else { quantity },
                "nonFulfillableQuantity": if cancelled { quantity } else { 0 },
                "originalUnitPriceSet": unit_bag,
                "discountedUnitPriceSet": unit_bag,
                "originalTotalSet": sum_bag,
                "discountedTotalSet": sum_bag,
                "totalDiscountSet": zero(euros.is_some()),
                "customAttributes": [],
                "isGiftCard": sku.starts_with("GFT"),
                "requiresShipping": !sku.starts_with("GFT"),
                "restockable": true,
                "taxable": true,
            })
        })
        .collect();

    let euros = shown_total.is_some();
    let currency = if euros { "EUR" } else { "USD" };
    let nothing = zero(euros);
    let total_bag = bag(total, shown_total.map(|cents| (cents, "EUR")));
    let current = if cancelled { &nothing } else { &total_bag };
    let refunded = if cancelled { &total_bag } else { &nothing };
    let received = if order.financial == "PENDING" { &nothing } else { &total_bag };
    let outstanding = if order.financial == "PENDING" { &total_bag } else { &nothing };
    let quantity: i64 = order.lines.iter().map(|(_, quantity, _)| quantity).sum();

    let customer = order.customer.and_then(|id| by_id(&world.customers, &gid("Customer", id)));
    let email = customer.map(|customer| &customer["defaultEmailAddress"]["emailAddress"]);
    let phone = customer.and_then(|customer| customer["defaultPhoneNumber"]["phoneNumber"].as_str());
    let address = address_of(id, order.address, phone);
    let parcels: Vec<_> =
        order.parcels.iter().zip(1..).map(|(parcel, nth)| parcel_of(parcel, nth, &gid_, order, &lines)).collect();
    let refunds: Vec<_> = order
        .cancelled
        .iter()
        .map(|at| {
            json!({
                "id": gid("Refund", 509_562_969),
                "legacyResourceId": "509562969",
                "_order": gid_,
                "createdAt": at, "processedAt": at, "updatedAt": at,
                "note": "Order canceled",
                "totalRefundedSet": total_bag,
            })
        })
        .collect();

    json!({
        "id": gid_,
        "legacyResourceId": id.to_string(),
        "name": order.name,
        "number": order.number,
        "confirmationNumber": format!("QX{}K", order.number * 7919 % 1_000_000),
        "confirmed": true,
        "email": email,
        "phone": phone,
        "_customer": customer.map(|customer| &customer["id"]),
        "customerLocale": customer.map(|customer| &customer["locale"]),
        "createdAt": order.created,
        "processedAt": order.created,
        "updatedAt": order.cancelled.or(order.closed).unwrap_or(order.created),
        "cancelledAt": order.cancelled,
        "cancelReason": cancelled.then_some("CUSTOMER"),
        "closed": order.closed.is_some(),
        "closedAt": order.closed,
        "displayFinancialStatus": order.financial,
        "displayFulfillmentStatus": order.fulfillment,
        "currencyCode": "USD",
        "presentmentCurrencyCode": currency,
        "totalPriceSet": total_bag,
        "originalTotalPriceSet": total_bag,
        "subtotalPriceSet": total_bag,
        "currentTotalPriceSet": current,
        "currentSubtotalPriceSet": current,
        "currentTotalDiscountsSet": nothing,
        "currentTotalTaxSet": nothing,
        "totalDiscountsSet": nothing,
        "totalTaxSet": nothing,
        "totalShippingPriceSet": nothing,
        "totalReceivedSet": received,
        "totalOutstandingSet": outstanding,
        "totalRefundedSet": refunded,
        "subtotalLineItemsQuantity": quantity,
        "currentSubtotalLineItemsQuantity": if cancelled { 0 } else { quantity },
        "shippingAddress": address,
        "billingAddress": address,
        "lineItems": lines,
        "fulfillments": parcels,
        "fulfillmentOrders": fulfillment_orders(order, id, &lines),
        "refunds": refunds,
        "customAttributes": [],
        "discountCodes": [],
        "edited": false,
        "fulfillable": !cancelled && order.fulfillment != "FULFILLED",
        "fullyPaid": order.financial == "PAID",
        "unpaid": order.financial == "PENDING",
        "note": null,
        "paymentGatewayNames": ["shopify_payments"],
        "refundable": order.financial == "PAID",
        "requiresShipping": lines.iter().any(|line| line["requiresShipping"] == true),
        "sourceName": if customer.is_some() { "web" } else { "pos" },
        "statusPageUrl": format!("https://demo-shop.example/690933842/orders/{id:x}/authenticate?key=demo"),
        "tags": [],
        "taxExempt": false,
        "taxesIncluded": false,
        "test": false,
    })
}

fn zero(euros: bool) -> Value {
    bag(0, euros.then_some((0, "EUR")))
}

fn parcel_of(parcel: &Parcel, nth: u64, order: &str, seed: &Order, lines: &[Value]) -> Value {
    let items: Vec<_> = parcel
        .lines
        .iter()
        .filter_map(|&index| Some((index, lines.get(index)?)))
        .map(|(index, line)| {
            json!({
                "id": gid("FulfillmentLineItem", parcel.id * 10 + index as u64),
                "_order": order,
                "_lineItem": line["id"],
                "quantity": line["quantity"],
                "originalTotalSet": line["originalTotalSet"],
                "discountedTotalSet": line["discountedTotalSet"],
            })
        })
        .collect();
    let mut events = vec![event(parcel.id * 10, "CONFIRMED", parcel.created)];
    events.push(event(parcel.id * 10 + 1, parcel.status, parcel.delivered.unwrap_or("2026-01-22T06:10:00Z")));
    json!({
        "id": gid("Fulfillment", parcel.id),
        "legacyResourceId": parcel.id.to_string(),
        "_order": order,
        "_location": gid("Location", 487838321),
        "name": format!("{}-F{nth}", seed.name),
        "status": "SUCCESS",
        "displayStatus": parcel.status,
        "createdAt": parcel.created,
        "updatedAt": parcel.delivered.unwrap_or(parcel.created),
        "inTransitAt": parcel.created,
        "estimatedDeliveryAt": parcel.estimated,
        "deliveredAt": parcel.delivered,
        "requiresShipping": true,
        "totalQuantity": items.len(),
        "trackingInfo": [{ "company": parcel.company, "number": parcel.number, "url": parcel.url }],
        "events": events,
        "fulfillmentLineItems": items,
    })
}

fn event(id: u64, status: &str, at: &str) -> Value {
    json!({
        "id": gid("FulfillmentEvent", id),
        "status": status,
        "createdAt": at,
        "happenedAt": at,
        "message": null,
        "city": "Secaucus",
        "country": "US",
    })
}

/// One fulfilment order holds what has not been shipped, or all lines when everything has.
fn fulfillment_orders(order: &Order, id: u64, lines: &[Value]) -> Value {
    let done = order.cancelled.is_some() || order.fulfillment == "FULFILLED";
    let items: Vec<_> = lines
        .iter()
        .filter(|line| done || line["unfulfilledQuantity"] != 0)
        .enumerate()
        .map(|(index, line)| {
            json!({
                "id": gid("FulfillmentOrderLineItem", id * 10 + index as u64),
                "_order": gid("Order", id),
                "_lineItem": line["id"],
                "productTitle": line["title"],
                "variantTitle": line["variantTitle"],
                "sku": line["sku"],
                "vendor": line["vendor"],
                "remainingQuantity": line["unfulfilledQuantity"],
                "totalQuantity": line["quantity"],
                "requiresShipping": line["requiresShipping"],
                "_variant": line["_variant"],
            })
        })
        .collect();
    json!([{
        "id": gid("FulfillmentOrder", 6_774_170_000 + order.number),
        "_order": gid("Order", id),
        "orderId": gid("Order", id),
        "orderName": order.name,
        "orderProcessedAt": order.created,
        "createdAt": order.created,
        "updatedAt": order.created,
        "fulfillAt": order.created,
        "fulfillBy": order.fulfill_by,
        "requestStatus": "UNSUBMITTED",
        "status": if order.cancelled.is_some() { "CANCELLED" } else if done { "CLOSED" } else { "OPEN" },
        "lineItems": items,
    }])
}
