//! The system's codes in the catalogue's words. An operator can say otherwise in `status_names`.

use jackfield_sdk::prelude::*;

codes! {
    /// `kind` of leave.
    pub(crate) fn kind: LeaveKind {
        "holiday" => Vacation,
        "sick" => Sick,
        "parental" => Parental,
        "unpaid" => Unpaid,
        _ => Other,
    }
}
