//! Orders, whichever API they come from: whose they are, and what is told about them.
//!
//! Shopify's search by name is loose, and REST drops conditions that it does not know: what a search gives is a
//! suggestion, and what counts is the comparison here.

use jackfield_sdk::prelude::*;

use crate::names;

pub(crate) mod graphql;
mod number;
pub(crate) mod rest;

pub(crate) use number::OrderNumber;

/// An order that a search gave, as far as it must be known to judge it.
pub(crate) struct Hit<T> {
    name: String,
    owner: OrderOwner,
    order: T,
}

/// The one order that has this number and is proven to be theirs. A wrong number and a wrong proof are one answer.
fn proven<T>(hits: Vec<Hit<T>>, number: &OrderNumber, ownership: &Ownership) -> Result<T, Failure> {
    let mut theirs = hits.into_iter().filter(|hit| number.is(&hit.name) && ownership.proves(&hit.owner).is_ok());
    match (theirs.next(), theirs.next()) {
        (Some(hit), None) => Ok(hit.order),
        (None, _) => Err(Failure::not_found()),
        // After a change of prefix two orders may share a number. Both are theirs, so they may be told.
        (Some(_), Some(_)) => Err(Failure::rejected(
            "More than one of your orders has this number. Please give the whole order name, or ask our staff.",
        )),
    }
}

/// The number as the customer knows it.
pub(crate) fn number_of(name: &str) -> String {
    name.strip_prefix('#').unwrap_or(name).to_owned()
}

/// By when everything that is not sent yet should be: known only where each plan for it has a date. The day is the one
/// that the shop wrote.
fn ship_by<'p>(plans: impl Iterator<Item = (&'p str, Option<&'p str>)>) -> Option<Date> {
    let open = plans
        .filter(|(status, _)| !matches!(status.to_ascii_uppercase().as_str(), "CLOSED" | "CANCELLED" | "INCOMPLETE"));
    let dates: Option<Vec<Date>> = open.map(|(_, fulfill_by)| Some(Date::new(fulfill_by?))).collect();
    dates?.into_iter().max()
}

/// Whether a parcel has left: Shopify writes the time when the label was made.
fn is_sent(status: ShipmentStatus) -> bool {
    !matches!(status, ShipmentStatus::Preparing | ShipmentStatus::Cancelled)
}

/// Where an order stands as a whole, once its parts are known. `code` is the vendor's own word for it.
fn judge(order: &mut Order, code: &str) {
    let sent: Vec<Shipment> =
        order.shipments.iter().filter(|parcel| parcel.status != ShipmentStatus::Cancelled).cloned().collect();
    order.status = OrderStatus::of(order.cancelled, order.payment_status, order.fulfilment_status, &sent);
    if order.status == OrderStatus::Other {
        order.status_text = names::order_status_text(code);
    }
}
