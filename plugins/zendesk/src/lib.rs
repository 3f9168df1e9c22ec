//! The connector for Zendesk Support: which function answers which intent, and nothing else.
//!
//! Addresses, scopes and grants stand in `connector.toml`, limits and sources in `README.md`.

mod agent;
mod custom_fields;
mod custom_statuses;
mod faults;
mod names;
mod note;
mod settings;
mod sla;
mod team;
mod ticket;
mod wire;

mod intents {
    pub(crate) mod ticket_create;
    pub(crate) mod ticket_route;
    pub(crate) mod ticket_search;
    pub(crate) mod ticket_status;
    pub(crate) mod ticket_update;
}

use jackfield_sdk::prelude::*;

/// Zendesk Support, Ticketing API v2.
pub struct Zendesk;

#[connector]
impl Zendesk {
    fn ticket_create(&self, call: &Call, input: TicketCreateInput) -> Result<Ticket, Failure> {
        intents::ticket_create::run(call, input)
    }

    fn ticket_status(&self, call: &Call, input: TicketStatusInput) -> Result<Ticket, Failure> {
        intents::ticket_status::run(call, input)
    }

    fn ticket_search(&self, call: &Call, input: TicketSearchInput) -> Result<TicketList, Failure> {
        intents::ticket_search::run(call, input)
    }

    fn ticket_update(&self, call: &Call, input: TicketUpdateInput) -> Result<Ticket, Failure> {
        intents::ticket_update::run(call, input)
    }

    fn ticket_update_settle(&self, call: &Call, input: TicketUpdateInput) -> Result<Settled<Ticket>, Failure> {
        intents::ticket_update::settle(call, input)
    }

    fn ticket_route(&self, call: &Call, input: TicketRouteInput) -> Result<TicketRouting, Failure> {
        intents::ticket_route::run(call, input)
    }

    fn ticket_route_settle(&self, call: &Call, input: TicketRouteInput) -> Result<Settled<TicketRouting>, Failure> {
        intents::ticket_route::settle(call, input)
    }
}
