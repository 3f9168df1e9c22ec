//! Orders by the older REST API, for apps that still work with it: found by name or customer, told in canonical words.
//!
//! `name` is a loose match there, and a parameter that Shopify does not know is dropped without a word, which gives
//! the first orders of the shop: nothing counts that was not compared.

use jackfield_sdk::prelude::*;

use super::{Hit, OrderNumber, graphql::vendor, is_sent, judge, number_of, proven, ship_by};
use crate::{
    admin::Admin,
    names,
    wire::rest::{Customers, Fulfillment, FulfillmentOrders, LineItem, Order as Wire, Orders, money},
};

/// What is read of an order. Without it everything comes, payment details included.
const FIELDS: &str = "id,name,email,phone,processed_at,updated_at,cancelled_at,cancel_reason,financial_status,\
                      fulfillment_status,current_subtotal_price_set,current_total_discounts_set,\
                      current_total_tax_set,current_total_price_set,total_shipping_price_set,shipping_address,\
                      billing_address,note_attributes,line_items,fulfillments";

/// Finds and reads the order of a number, if it is theirs.
pub(crate) fn read(admin: &Admin<'_>, number: &OrderNumber, ownership: &Ownership) -> Result<Order, Failure> {
    let name = number.name();
    // Without `status=any` archived orders are invisible.
    let query = [("status", "any"), ("name", &name), ("limit", "10"), ("fields", FIELDS)];
    let found: Orders = admin.rest(path!("admin/api" / admin.version() / "orders.json"), &query)?;
    let wire = proven(found.orders.into_iter().map(Wire::into_hit).collect(), number, ownership)?;
    let id = wire.id;
    let mut order = told(admin.call, wire);
    if admin.settings.ship_by && order.status == OrderStatus::Pending {
        let path = path!("admin/api" / admin.version() / "orders" / id / "fulfillment_orders.json");
        let plans: FulfillmentOrders = admin.rest(path, &[])?;
        let plans = plans.fulfillment_orders.iter();
        order.ship_by = ship_by(plans.map(|plan| (plan.status.as_str(), plan.fulfill_by.as_deref())));
    }
    Ok(order)
}

/// The orders of the customer with this verified contact point: `email` or `phone`. Orders themselves cannot be
/// searched by one here.
pub(crate) fn by_contact(
    admin: &Admin<'_>,
    ownership: &Ownership,
    field: &'static str,
    contact: &str,
) -> Result<OrderList, Failure> {
    let search = query::shopify::term(field, contact)?;
    let query = [("query", search.as_str()), ("limit", "5"), ("fields", "id,email,phone")];
    let found: Customers = admin.rest(path!("admin/api" / admin.version() / "customers" / "search.json"), &query)?;
    let mut theirs = found.customers.into_iter().filter(|customer| {
        let owner = OrderOwner::new().email(customer.email.as_deref()).phone(customer.phone.as_deref());
        ownership.proves(&owner).is_ok()
    });
    let (customer, another) = (theirs.next(), theirs.next());
    let Some(customer) = customer else { return Ok(OrderList::default()) };
    if another.is_some() {
        return Err(Failure::rejected(
            "There is more than one customer account for you. Please ask our staff for help.",
        ));
    }
    let path = path!("admin/api" / admin.version() / "customers" / customer.id / "orders.json");
    let mut orders = admin.rest::<Orders>(path, &[("status", "any")])?.orders;
    // The customer is proven; an order that was placed with another address is told only if that is theirs, too.
    orders.retain(|order| order.email.is_none() || ownership.proves(&order.owner()).is_ok());
    orders.sort_by_key(|order| std::cmp::Reverse(order.processed_at.as_deref().and_then(Instant::parse)));
    Ok(OrderList { orders: orders.into_iter().map(|order| told(admin.call, order)).collect(), more: false })
}

impl Wire {
    fn owner(&self) -> OrderOwner {
        let mut owner = OrderOwner::new().email(self.email.as_deref()).phone(self.phone.as_deref());
        for address in [&self.shipping_address, &self.billing_address].into_iter().flatten() {
            owner = owner.phone(address.phone.as_deref()).postal_code(address.zip.as_deref());
        }
        owner
    }

    fn into_hit(self) -> Hit<Self> {
        Hit { name: self.name.clone(), owner: self.owner(), order: self }
    }
}

/// An order in canonical words. Its id is the one that GraphQL gives it, so that both APIs tell the same.
fn told(call: &Call, wire: Wire) -> Order {
    let names = call.status_names();
    let fulfilment = wire.fulfillment_status.clone().unwrap_or_else(|| "unfulfilled".to_owned());
    let mut order = Order {
        id: format!("gid://shopify/Order/{}", wire.id),
        number: number_of(&wire.name),
        payment_status: wire.financial_status.as_deref().map(|code| names::payment_status(names, code)),
        fulfilment_status: Some(names::fulfilment_status(names, &fulfilment)),
        placed_at: wire.processed_at.map(Timestamp::new),
        updated_at: wire.updated_at.map(Timestamp::new),
        cancelled: wire.cancelled_at.is_some(),
        cancelled_at: wire.cancelled_at.map(Timestamp::new),
        cancel_reason: wire.cancel_reason.as_deref().and_then(names::cancel_reason),
        line_items: line_items(wire.line_items),
        shipments: wire.fulfillments.into_iter().flat_map(|parcel| shipments(call, parcel)).collect(),
        subtotal: money(&wire.current_subtotal_price_set),
        discount_total: money(&wire.current_total_discounts_set).filter(|amount| !amount.is_zero()),
        shipping_total: money(&wire.total_shipping_price_set),
        tax_total: money(&wire.current_total_tax_set),
        total: money(&wire.current_total_price_set),
        email: wire.email,
        phone: wire.phone,
        ship_to: wire.shipping_address.map(|place| Place {
            city: place.city,
            region: place.province_code,
            country: place.country_code,
        }),
        vendor: vendor(call, wire.note_attributes.into_iter().map(|entry| (entry.name, entry.value))),
        ..Order::default()
    };
    judge(&mut order, &fulfilment);
    order.status_raw = wire.fulfillment_status;
    order
}

/// What is still ordered; of an order that was cancelled or sent back as a whole, what was ordered.
fn line_items(wire: Vec<LineItem>) -> Vec<jackfield_sdk::catalog::LineItem> {
    let left = |line: &LineItem| line.current_quantity.unwrap_or(line.quantity);
    let nothing_left = wire.iter().all(|line| left(line) == 0);
    let told = wire.into_iter().map(|line| {
        let quantity = if nothing_left { line.quantity } else { left(&line) };
        let sent = line.fulfillable_quantity.map(|unsent| quantity.saturating_sub(unsent));
        jackfield_sdk::catalog::LineItem {
            id: Some(format!("gid://shopify/LineItem/{}", line.id)),
            sku: line.sku.filter(|sku| !sku.is_empty()),
            title: line.title,
            variant: line.variant_title.as_deref().and_then(names::variant_title),
            quantity,
            fulfilled_quantity: sent.filter(|_| !nothing_left),
            unit_price: money(&line.price_set),
            ..Default::default()
        }
    });
    told.filter(|line| line.quantity > 0).collect()
}

/// The parcels of a fulfilment: one for each tracking number, or one that nobody tracks.
fn shipments(call: &Call, wire: Fulfillment) -> Vec<Shipment> {
    let code = wire.shipment_status.or(wire.status).unwrap_or_default();
    let status = names::shipment_status(call.status_names(), &code);
    let parcels = wire.tracking_numbers.len().max(1);
    let items = wire.line_items.into_iter().map(|item| ShippedItem {
        sku: item.sku.filter(|sku| !sku.is_empty()),
        title: item.title,
        quantity: item.quantity,
    });
    let parcel = Shipment {
        id: Some(format!("gid://shopify/Fulfillment/{}", wire.id)),
        status,
        status_text: names::shipment_status_text(&code),
        status_raw: Some(code),
        carrier: wire.tracking_company,
        shipped_at: wire.created_at.filter(|_| is_sent(status)).map(Timestamp::new),
        // Of several parcels nobody says what is in which.
        items: if parcels == 1 { items.collect() } else { Vec::new() },
        ..Shipment::default()
    };
    let each = (0..parcels).map(|at| Shipment {
        tracking_number: wire.tracking_numbers.get(at).cloned(),
        tracking_url: wire.tracking_urls.get(at).cloned(),
        ..parcel.clone()
    });
    each.collect()
}
