//! Acme Desk: which function answers which intent, and nothing else.

use jackfield_sdk::prelude::*;

mod faults;
mod names;
mod wire;

mod intents {
    pub(crate) mod stock_check;
}

/// The connector.
pub struct AcmeDesk;

#[connector]
impl AcmeDesk {
    fn stock_check(&self, call: &Call, input: StockCheckInput) -> Result<StockLevelList, Failure> {
        intents::stock_check::run(call, input)
    }
}
