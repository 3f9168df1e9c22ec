//! `order.status`: where an order stands, told only to who proves that it is theirs.

use jackfield_sdk::prelude::*;

use crate::{faults, names, wire};

pub(crate) fn run(call: &Call, input: OrderStatusInput) -> Result<Order, Failure> {
    // Who gives no proof is asked for one before anything is sent.
    let ownership =
        Ownership::from(call, input.email.as_deref(), input.phone.as_deref(), input.postal_code.as_deref())?;
    let order: wire::Order = call
        .http("api")
        .get(path!("api/orders" / input.order_number).map_err(|failure| failure.at("/order_number"))?)?
        .send()?
        .error_for(faults::failure)?
        .json()?;
    // A mismatch is the same failure as an order that does not exist.
    let buyer = order.buyer.as_ref().and_then(|buyer| buyer.email.as_deref());
    ownership.proves(&OrderOwner::new().email(buyer))?;

    let status = names::status(call.status_names(), &order.state);
    Ok(Order {
        id: order.id,
        number: order.number,
        cancelled: status == OrderStatus::Cancelled,
        status,
        status_raw: Some(order.state),
        placed_at: order.ordered_at.map(Timestamp::new),
        line_items: order.lines.into_iter().map(line).collect(),
        ..Order::default()
    })
}

fn line(line: wire::Line) -> LineItem {
    LineItem { unit_price: line.price.money(), title: line.name, quantity: line.pieces, ..LineItem::default() }
}
