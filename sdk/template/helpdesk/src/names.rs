//! The system's codes in the catalogue's words. An operator can say otherwise in `status_names`.

use jackfield_sdk::prelude::*;

codes! {
    /// `state` of a ticket.
    pub(crate) fn status: TicketStatus {
        "new" | "open" => Open,
        "waiting" => Pending,
        "parked" => OnHold,
        "solved" => Solved,
        "closed" => Closed,
        _ => Other,
    }
}
