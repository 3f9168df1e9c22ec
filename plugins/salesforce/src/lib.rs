//! The connector for Salesforce Sales Cloud: which function answers which intent, and nothing else.
//!
//! Addresses, scopes and grants stand in `connector.toml`, limits and sources in `README.md`.

mod account;
mod api;
mod create;
mod custom_fields;
mod faults;
mod id;
mod names;
mod person;
mod phone;
mod settings;
mod soql;
mod stage;
mod wire;

mod intents {
    pub(crate) mod contact_update;
    pub(crate) mod customer_lookup;
    pub(crate) mod interaction_log;
    pub(crate) mod lead_create;
    pub(crate) mod opportunity_create;
}

use jackfield_sdk::prelude::*;

/// Salesforce Sales Cloud, REST API.
pub struct Salesforce;

#[connector]
impl Salesforce {
    fn customer_lookup(&self, call: &Call, input: CustomerLookupInput) -> Result<ContactList, Failure> {
        intents::customer_lookup::run(call, input)
    }

    fn contact_update(&self, call: &Call, input: ContactUpdateInput) -> Result<Contact, Failure> {
        intents::contact_update::run(call, input)
    }

    fn lead_create(&self, call: &Call, input: LeadCreateInput) -> Result<Lead, Failure> {
        intents::lead_create::run(call, input)
    }

    fn lead_create_settle(&self, call: &Call, input: LeadCreateInput) -> Result<Settled<Lead>, Failure> {
        intents::lead_create::settle(call, input)
    }

    fn opportunity_create(&self, call: &Call, input: OpportunityCreateInput) -> Result<Opportunity, Failure> {
        intents::opportunity_create::run(call, input)
    }

    fn opportunity_create_settle(
        &self,
        call: &Call,
        input: OpportunityCreateInput,
    ) -> Result<Settled<Opportunity>, Failure> {
        intents::opportunity_create::settle(call, input)
    }

    fn interaction_log(&self, call: &Call, input: InteractionLogInput) -> Result<Interaction, Failure> {
        intents::interaction_log::run(call, input)
    }

    fn interaction_log_settle(&self, call: &Call, input: InteractionLogInput) -> Result<Settled<Interaction>, Failure> {
        intents::interaction_log::settle(call, input)
    }
}
