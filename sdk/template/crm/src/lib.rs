//! Acme Desk: which function answers which intent, and nothing else.

use jackfield_sdk::prelude::*;

mod faults;
mod names;
mod wire;

mod intents {
    pub(crate) mod customer_lookup;
}

/// The connector.
pub struct AcmeDesk;

#[connector]
impl AcmeDesk {
    fn customer_lookup(
        &self,
        call: &Call,
        input: CustomerLookupInput,
    ) -> Result<ContactList, Failure> {
        intents::customer_lookup::run(call, input)
    }
}
