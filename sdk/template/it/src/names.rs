//! The system's codes in the catalogue's words. An operator can say otherwise in `status_names`.

use jackfield_sdk::prelude::*;

codes! {
    /// `state` of a request.
    pub(crate) fn status: RequestStatus {
        "new" => Submitted,
        "approval" => AwaitingApproval,
        "working" => InProgress,
        "waiting" => WaitingForRequester,
        "done" => Completed,
        "refused" => Rejected,
        _ => Other,
    }
}
