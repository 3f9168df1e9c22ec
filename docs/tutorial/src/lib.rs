//! Lantern: which function answers which intent, and nothing else.

use jackfield_sdk::prelude::*;

mod faults;
mod names;
mod wire;

mod intents {
    pub(crate) mod order_status;
    pub(crate) mod product_search;
}

/// The connector.
pub struct Lantern;

#[connector]
impl Lantern {
    fn order_status(&self, call: &Call, input: OrderStatusInput) -> Result<Order, Failure> {
        intents::order_status::run(call, input)
    }

    fn product_search(&self, call: &Call, input: ProductSearchInput) -> Result<ProductList, Failure> {
        intents::product_search::run(call, input)
    }
}
