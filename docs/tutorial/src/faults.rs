//! What Lantern's errors mean. None of its texts reaches a user: only codes are read, and every sentence is ours.

use jackfield_sdk::prelude::*;
use serde::Deserialize;

/// `{"error": {"code": "shop_closed"}}`
#[derive(Deserialize)]
struct Fault {
    error: Error,
}

#[derive(Deserialize)]
struct Error {
    code: String,
}

/// The failure behind an answer that is no success.
pub(crate) fn failure(response: &Response) -> Failure {
    let code = response.json::<Fault>().map(|fault| fault.error.code).unwrap_or_default();
    match (response.status(), code.as_str()) {
        (400, "shop_closed") => Failure::rejected("The shop is closed for holidays."),
        _ => response.failure(),
    }
}
