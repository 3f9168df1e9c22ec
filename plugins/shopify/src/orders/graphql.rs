//! Orders by GraphQL: found by name or contact point, read by id, told in canonical words.

use jackfield_sdk::{Value, prelude::*};

use super::{Hit, OrderNumber, is_sent, judge, number_of, proven, ship_by};
use crate::{
    admin::Admin,
    documents, names,
    wire::{
        Nodes, money,
        order::{
            Fulfillment, FulfillmentLineItem, LineItem, OneCustomer, OneOrder, Order as Wire, Orders, Owned,
            TrackingInfo,
        },
    },
};

/// An order that is proven to be theirs. Made by [`find`] alone.
pub(crate) struct Proven {
    pub(crate) id: String,
    pub(crate) name: String,
}

/// Finds the order of a number, if it is theirs. Nothing but the proof is read of orders that are not.
pub(crate) fn find(admin: &Admin<'_>, number: &OrderNumber, ownership: &Ownership) -> Result<Proven, Failure> {
    let search = query::shopify::term("name", &number.name()).map_err(|failure| failure.at("/order_number"))?;
    let found: Orders<Owned> = admin.graphql(documents::ORDER_LOOKUP, &json!({ "query": search }))?;
    proven(found.orders.nodes.into_iter().map(Owned::into_hit).collect(), number, ownership)
}

/// Reads the order in full.
pub(crate) fn read(admin: &Admin<'_>, proven: &Proven) -> Result<Order, Failure> {
    let variables = json!({ "id": proven.id, "shipBy": admin.settings.ship_by });
    let read: OneOrder = admin.graphql(documents::ORDER_STATUS, &variables)?;
    // Gone since it was found.
    let wire = read.order.ok_or_else(Failure::not_found)?;
    Ok(told(admin.call, wire))
}

/// The newest orders of one verified e-mail address. `narrowing` are further terms of the search.
pub(crate) fn by_email(
    admin: &Admin<'_>,
    ownership: &Ownership,
    email: &str,
    narrowing: &[String],
    first: u32,
) -> Result<OrderList, Failure> {
    let mut terms = vec![query::shopify::term("email", email)?];
    terms.extend_from_slice(narrowing);
    let variables = json!({ "query": terms.join(" AND "), "first": first, "shipBy": admin.settings.ship_by });
    let found: Orders<Wire> = admin.graphql(documents::ORDERS_BY_EMAIL, &variables)?;
    // An e-mail address is searched word by word: others may be among the hits.
    let is_theirs = |order: &Wire| ownership.proves(&OrderOwner::new().email(order.email.as_deref())).is_ok();
    Ok(list(admin.call, found.orders, is_theirs))
}

/// The same for a verified phone number.
pub(crate) fn by_phone(
    admin: &Admin<'_>,
    ownership: &Ownership,
    phone: &str,
    narrowing: &[String],
    first: u32,
) -> Result<OrderList, Failure> {
    let search = (!narrowing.is_empty()).then(|| narrowing.join(" AND "));
    let variables = json!({ "phone": phone, "query": search, "first": first, "shipBy": admin.settings.ship_by });
    let found: OneCustomer = admin.graphql(documents::ORDERS_BY_PHONE, &variables)?;
    let Some(customer) = found.customer_by_identifier else { return Ok(OrderList::default()) };
    let customers_own = customer.default_phone_number.map(|number| number.phone_number);
    let is_theirs = |order: &Wire| {
        let owner = OrderOwner::new().phone(customers_own.as_deref()).phone(order.phone.as_deref());
        ownership.proves(&owner).is_ok()
    };
    Ok(list(admin.call, customer.orders, is_theirs))
}

fn list(call: &Call, found: Nodes<Wire>, is_theirs: impl Fn(&Wire) -> bool) -> OrderList {
    let theirs = found.nodes.into_iter().filter(is_theirs).map(|order| told(call, order));
    OrderList { orders: theirs.collect(), more: found.page_info.has_next_page }
}

impl Owned {
    fn into_hit(self) -> Hit<Proven> {
        let mut owner = OrderOwner::new().email(self.email.as_deref()).phone(self.phone.as_deref());
        for address in [&self.shipping_address, &self.billing_address].into_iter().flatten() {
            owner = owner.phone(address.phone.as_deref()).postal_code(address.zip.as_deref());
        }
        Hit { name: self.name.clone(), owner, order: Proven { id: self.id, name: self.name } }
    }
}

/// An order in canonical words.
fn told(call: &Call, wire: Wire) -> Order {
    let names = call.status_names();
    let plans = wire.fulfillment_orders.nodes.iter();
    let ship_by = ship_by(plans.map(|plan| (plan.status.as_str(), plan.fulfill_by.as_deref())));
    let fulfilment = wire.display_fulfillment_status.clone().unwrap_or_default();
    let mut order = Order {
        number: number_of(&wire.name),
        payment_status: wire.display_financial_status.as_deref().map(|code| names::payment_status(names, code)),
        fulfilment_status: Some(names::fulfilment_status(names, &fulfilment)),
        return_status: wire.return_status.as_deref().map(|code| names::order_return_status(names, code)),
        placed_at: wire.processed_at.map(Timestamp::new),
        updated_at: wire.updated_at.map(Timestamp::new),
        ship_by,
        cancelled: wire.cancelled_at.is_some(),
        cancelled_at: wire.cancelled_at.map(Timestamp::new),
        cancel_reason: wire.cancel_reason.as_deref().and_then(names::cancel_reason),
        line_items: line_items(wire.line_items.nodes),
        shipments: wire.fulfillments.into_iter().flat_map(|parcel| shipments(call, parcel)).collect(),
        subtotal: money(&wire.current_subtotal_price_set),
        discount_total: money(&wire.current_total_discounts_set).filter(|amount| !amount.is_zero()),
        shipping_total: money(&wire.total_shipping_price_set),
        tax_total: money(&wire.current_total_tax_set),
        total: money(&wire.current_total_price_set),
        refunded_total: money(&wire.total_refunded_set).filter(|amount| !amount.is_zero()),
        ship_to: wire.shipping_address.map(|place| Place {
            city: place.city,
            region: place.province_code,
            country: place.country_code_v2,
        }),
        vendor: vendor(call, wire.custom_attributes.into_iter().map(|entry| (entry.key, json!(entry.value)))),
        id: wire.id,
        email: wire.email,
        phone: wire.phone,
        ..Order::default()
    };
    judge(&mut order, &fulfilment);
    order.status_raw = wire.display_fulfillment_status;
    order
}

/// Custom attributes that the operator mapped.
pub(super) fn vendor(call: &Call, attributes: impl Iterator<Item = (String, Value)>) -> Vendor {
    let attributes: Vec<(String, Value)> = attributes.collect();
    let lookup = |field: &str| Some(attributes.iter().find(|(key, _)| key == field)?.1.clone());
    call.field_map().read_with("order", lookup).into_iter().collect()
}

/// What is still ordered; of an order that was cancelled or sent back as a whole, what was ordered.
fn line_items(wire: Vec<LineItem>) -> Vec<jackfield_sdk::catalog::LineItem> {
    let nothing_left = wire.iter().all(|line| line.current_quantity == 0);
    let told = wire.into_iter().map(|line| {
        let quantity = if nothing_left { line.quantity } else { line.current_quantity };
        jackfield_sdk::catalog::LineItem {
            quantity,
            fulfilled_quantity: (!nothing_left).then(|| quantity.saturating_sub(line.unfulfilled_quantity)),
            unit_price: money(&line.discounted_unit_price_set),
            // Shopify's total is that of the quantity first ordered.
            total: money(&line.discounted_total_set).filter(|_| quantity == line.quantity),
            variant: line.variant_title.as_deref().and_then(names::variant_title),
            id: Some(line.id),
            sku: line.sku.filter(|sku| !sku.is_empty()),
            title: line.title,
            ..Default::default()
        }
    });
    told.filter(|line| line.quantity > 0).collect()
}

/// The parcels of a fulfilment: one for each tracking number, or one that nobody tracks.
fn shipments(call: &Call, wire: Fulfillment) -> Vec<Shipment> {
    let code = wire.display_status.unwrap_or(wire.status);
    let status = names::shipment_status(call.status_names(), &code);
    let mut tracking = wire.tracking_info;
    if tracking.is_empty() {
        tracking.push(TrackingInfo::default());
    }
    // Of several parcels nobody says what is in which.
    let items: Vec<ShippedItem> = match tracking.len() {
        1 => wire.fulfillment_line_items.nodes.into_iter().map(FulfillmentLineItem::into_item).collect(),
        _ => Vec::new(),
    };
    let parcel = Shipment {
        id: Some(wire.id),
        status,
        status_text: names::shipment_status_text(&code),
        status_raw: Some(code),
        shipped_at: wire.created_at.filter(|_| is_sent(status)).map(Timestamp::new),
        estimated_delivery: wire.estimated_delivery_at.map(Date::new),
        delivered_at: wire.delivered_at.map(Timestamp::new),
        items,
        ..Shipment::default()
    };
    let each = tracking.into_iter().map(|info| Shipment {
        carrier: info.company,
        tracking_number: info.number,
        tracking_url: info.url,
        ..parcel.clone()
    });
    each.collect()
}

impl FulfillmentLineItem {
    fn into_item(self) -> ShippedItem {
        ShippedItem {
            sku: self.line_item.sku.filter(|sku| !sku.is_empty()),
            title: self.line_item.title,
            quantity: self.quantity.unwrap_or_default(),
        }
    }
}
