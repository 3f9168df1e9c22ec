//! What the system's errors mean. None of its texts reaches a user: only codes are read, and every sentence is ours.

use jackfield_sdk::prelude::*;

/// The failure behind an answer that is no success.
pub(crate) fn failure(response: &Response) -> Failure {
    match response.status() {
        // Put here what this system means by a status, where that is not the usual. An example: this one says 400 for
        // values that it does not like.
        400 => Failure::rejected("The system did not accept this request."),
        _ => response.failure(),
    }
}
