//! Acme Desk: which function answers which intent, and nothing else.

use jackfield_sdk::prelude::*;

mod faults;
mod names;
mod wire;

mod intents {
    pub(crate) mod pto_balance;
}

/// The connector.
pub struct AcmeDesk;

#[connector]
impl AcmeDesk {
    fn pto_balance(
        &self,
        call: &Call,
        input: PtoBalanceInput,
    ) -> Result<TimeOffBalanceList, Failure> {
        intents::pto_balance::run(call, input)
    }
}
