//! The connector for SAP SuccessFactors: which function answers which intent, and nothing else.
//!
//! Addresses and grants stand in `connector.toml`, limits and sources in `README.md`.

mod faults;
mod names;
mod service;
mod settings;
mod time_type;
mod wire;
mod worker;

mod intents {
    pub(crate) mod benefits_summary;
    pub(crate) mod employee_lookup;
    pub(crate) mod pto_balance;
    pub(crate) mod pto_request;
}

use jackfield_sdk::prelude::*;

/// SAP SuccessFactors: Employee Central, Time Off and Global Benefits, by OData of version 2.
pub struct SapSuccessFactors;

#[connector]
impl SapSuccessFactors {
    fn pto_balance(&self, call: &Call, input: PtoBalanceInput) -> Result<TimeOffBalanceList, Failure> {
        intents::pto_balance::run(call, input)
    }

    fn benefits_summary(&self, call: &Call, input: BenefitsSummaryInput) -> Result<BenefitsSummary, Failure> {
        intents::benefits_summary::run(call, input)
    }

    fn employee_lookup(&self, call: &Call, input: EmployeeLookupInput) -> Result<EmployeeList, Failure> {
        intents::employee_lookup::run(call, input)
    }

    fn pto_request(&self, call: &Call, input: PtoRequestInput) -> Result<TimeOffRequest, Failure> {
        intents::pto_request::run(call, input)
    }

    fn pto_request_settle(&self, call: &Call, input: PtoRequestInput) -> Result<Settled<TimeOffRequest>, Failure> {
        intents::pto_request::settle(call, input)
    }
}
