//! Lantern's codes in the catalogue's words. An operator can say otherwise in `status_names`.

use jackfield_sdk::prelude::*;

codes! {
    /// `state` of an order.
    pub(crate) fn status: OrderStatus {
        "received" | "packing" => Pending,
        "on_its_way" => Shipped,
        "handed_over" => Delivered,
        "called_off" => Cancelled,
        _ => Other,
    }
}
