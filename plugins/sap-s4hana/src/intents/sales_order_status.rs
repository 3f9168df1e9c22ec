//! `sales_order.status`: where an order stands, what is in it, and when the rest is expected.

use jackfield_sdk::prelude::*;

use crate::{
    partner::{Asker, Side},
    sales_order,
    settings::Settings,
    wire,
};

pub(crate) fn run(call: &Call, input: SalesOrderStatusInput) -> Result<SalesOrder, Failure> {
    let settings = Settings::of(call)?;
    let asker = Asker::of(call, &settings, Side::Customer, input.customer.as_deref(), input.email.as_deref(), None)?;
    let (order, customer) = find(call, &settings, &asker, &input)?;

    let schedule = match sales_order::is_done(call, &order) {
        true => Vec::new(),
        false => sales_order::schedule(call, &settings, &order),
    };
    Ok(sales_order::told(call, &settings, &order, customer, &schedule))
}

fn find(
    call: &Call,
    settings: &Settings,
    asker: &Asker<'_>,
    input: &SalesOrderStatusInput,
) -> Result<(wire::SalesOrder, Option<String>), Failure> {
    let reference = input.customer_reference.as_deref().map(str::trim);
    let orders = match (input.order_number.as_deref(), reference) {
        (Some(number), reference) => {
            let order =
                sales_order::by_number(call, settings, number).map_err(|failure| failure.at("/order_number"))?;
            let is_meant = |order: &wire::SalesOrder| {
                reference.is_none_or(|reference| order.purchase_order_by_customer.get() == Some(reference))
            };
            order.into_iter().filter(is_meant).collect()
        }
        (None, Some(reference)) => sales_order::by_reference(call, settings, reference, asker.named_number())
            .map_err(|failure| failure.at("/customer_reference"))?,
        (None, None) => return Err(Failure::invalid("/order_number", "Please give the number of the order.")),
    };
    sales_order::only_one(call, settings, asker, orders)
}
