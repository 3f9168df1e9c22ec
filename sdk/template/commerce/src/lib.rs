//! Acme Desk: which function answers which intent, and nothing else.

use jackfield_sdk::prelude::*;

mod faults;
mod names;
mod wire;

mod intents {
    pub(crate) mod order_status;
}

/// The connector.
pub struct AcmeDesk;

#[connector]
impl AcmeDesk {
    fn order_status(&self, call: &Call, input: OrderStatusInput) -> Result<Order, Failure> {
        intents::order_status::run(call, input)
    }
}
