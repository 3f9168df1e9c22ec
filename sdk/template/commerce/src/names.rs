//! The system's codes in the catalogue's words. An operator can say otherwise in `status_names`.

use jackfield_sdk::prelude::*;

codes! {
    /// `state` of an order.
    pub(crate) fn status: OrderStatus {
        "new" | "packing" => Pending,
        "sent" => Shipped,
        "delivered" => Delivered,
        "cancelled" => Cancelled,
        _ => Other,
    }
}
