//! Acme Desk: which function answers which intent, and nothing else.

use jackfield_sdk::prelude::*;

mod faults;
mod names;
mod wire;

mod intents {
    pub(crate) mod it_request_status;
}

/// The connector.
pub struct AcmeDesk;

#[connector]
impl AcmeDesk {
    fn it_request_status(
        &self,
        call: &Call,
        input: ItRequestStatusInput,
    ) -> Result<ItRequest, Failure> {
        intents::it_request_status::run(call, input)
    }
}
