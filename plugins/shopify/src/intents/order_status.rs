//! `order.status`: one order by its number, to who proves that it is theirs.

use jackfield_sdk::prelude::*;

use crate::{
    admin::Admin,
    orders::{self, OrderNumber},
    settings::OrderApi,
};

pub(crate) fn run(call: &Call, input: OrderStatusInput) -> Result<Order, Failure> {
    // Before the first request: who gives no proof is asked for one whether the order exists or not.
    let (email, phone) = (input.email.as_deref(), input.phone.as_deref());
    let ownership = Ownership::from(call, email, phone, input.postal_code.as_deref())?;
    let admin = Admin::of(call)?;
    let number = OrderNumber::parse(&input.order_number, &admin.settings)?;
    match admin.settings.order_api {
        OrderApi::Graphql => {
            let proven = orders::graphql::find(&admin, &number, &ownership)?;
            orders::graphql::read(&admin, &proven)
        }
        OrderApi::Rest => orders::rest::read(&admin, &number, &ownership),
    }
}
