//! Acme Desk: which function answers which intent, and nothing else.

use jackfield_sdk::prelude::*;

mod faults;
mod names;
mod wire;

mod intents {
    pub(crate) mod invoice_status;
}

/// The connector.
pub struct AcmeDesk;

#[connector]
impl AcmeDesk {
    fn invoice_status(&self, call: &Call, input: InvoiceStatusInput) -> Result<Invoice, Failure> {
        intents::invoice_status::run(call, input)
    }
}
