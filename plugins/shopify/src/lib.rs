//! Shopify: which function answers which intent. How each does it is in `intents/`.

use jackfield_sdk::prelude::*;

mod admin;
mod documents;
mod faults;
mod intents;
mod names;
mod orders;
mod settings;
mod variants;
mod wire;

/// The connector for one Shopify shop, by its Admin API.
pub struct Shopify;

#[connector]
impl Shopify {
    fn order_status(&self, call: &Call, input: OrderStatusInput) -> Result<Order, Failure> {
        intents::order_status::run(call, input)
    }

    fn order_search(&self, call: &Call, input: OrderSearchInput) -> Result<OrderList, Failure> {
        intents::order_search::run(call, input)
    }

    fn product_search(&self, call: &Call, input: ProductSearchInput) -> Result<ProductList, Failure> {
        intents::product_search::run(call, input)
    }

    fn inventory_check(&self, call: &Call, input: InventoryCheckInput) -> Result<StockLevelList, Failure> {
        intents::inventory_check::run(call, input)
    }

    fn return_start(&self, call: &Call, input: ReturnStartInput) -> Result<Return, Failure> {
        intents::return_start::run(call, input)
    }

    fn return_start_settle(&self, call: &Call, input: ReturnStartInput) -> Result<Settled<Return>, Failure> {
        intents::return_start::settle(call, input)
    }

    fn cart_create(&self, call: &Call, input: CartCreateInput) -> Result<Cart, Failure> {
        intents::cart_create::run(call, input)
    }
}
