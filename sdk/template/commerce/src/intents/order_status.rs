//! `order.status`: where an order stands, told only to who proves that it is theirs.

use jackfield_sdk::prelude::*;

use crate::{faults, names, wire};

pub(crate) fn run(call: &Call, input: OrderStatusInput) -> Result<Order, Failure> {
    // Who gives no proof is asked for one before anything is sent.
    let ownership = Ownership::from(
        call,
        input.email.as_deref(),
        input.phone.as_deref(),
        input.postal_code.as_deref(),
    )?;
    let found: Vec<wire::Order> = call
        .http("api")
        .get(path!("v1/orders"))?
        .query("number", &input.order_number)
        .send()?
        .error_for(faults::failure)?
        .json()?;
    // Systems search more loosely than people ask.
    let order = found
        .into_iter()
        .find(|order| order.number == input.order_number)
        .ok_or_else(Failure::not_found)?;
    // A mismatch is the same failure as an order that does not exist.
    ownership.proves(&OrderOwner::new().email(order.email.as_deref()))?;

    let status = names::status(call.status_names(), &order.state);
    Ok(Order {
        id: order.id,
        number: order.number,
        cancelled: status == OrderStatus::Cancelled,
        status,
        status_raw: Some(order.state),
        placed_at: order.ordered_at.map(Timestamp::new),
        ..Order::default()
    })
}
