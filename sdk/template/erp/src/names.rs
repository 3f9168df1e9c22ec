//! The system's codes in the catalogue's words. An operator can say otherwise in `status_names`.

use jackfield_sdk::prelude::*;

codes! {
    /// `stock` of a material.
    pub(crate) fn availability: Availability {
        "plenty" => InStock,
        "few" => LowStock,
        "none" => OutOfStock,
        "ordered" => Backorder,
        _ => Unknown,
    }
}
