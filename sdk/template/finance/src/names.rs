//! The system's codes in the catalogue's words. An operator can say otherwise in `status_names`.

use jackfield_sdk::prelude::*;

codes! {
    /// `state` of an invoice.
    pub(crate) fn status: InvoiceStatus {
        "draft" => Draft,
        "open" => Open,
        "part" => PartiallyPaid,
        "paid" => Paid,
        "late" => Overdue,
        "void" => Cancelled,
        _ => Other,
    }
}
