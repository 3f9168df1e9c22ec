//! Does a small connector's work, to be measured: reads a question, reads an order, answers with what a person wants to
//! know of it. Written with the SDK, as connectors are.

use jackfield_sdk::prelude::*;

mod work;

use work::{Input, ORDER, Order, WireOrder};

struct Clerk;

impl jackfield_sdk::connector::Intent for Input {
    type Output = Order;
    const NAME: &'static str = "clerk.order";
    const EFFECT: Effect = Effect::Read;
}

#[connector]
impl Clerk {
    fn order(&self, call: &Call, input: Input) -> Result<Order, Failure> {
        let found: WireOrder = if input.upstream {
            let path = path!("orders" / input.order_number);
            call.http("api").get(path)?.query("fields", "id,name,line_items").send()?.ok()?.json()?
        } else {
            serde_json::from_str(ORDER).map_err(|error| Failure::internal(error.to_string()))?
        };
        work::order(&input, found).ok_or_else(Failure::not_found)
    }
}
