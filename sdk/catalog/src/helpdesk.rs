//! What a customer or an agent may ask of a helpdesk, and its words. Requests inside a company are in `it` and `hr`.

mod actions;
mod ticket;

pub use actions::{
    Speaker, TicketCreateInput, TicketRouteInput, TicketSearchInput, TicketStatusInput, TicketUpdateInput,
    TranscriptLine,
};
pub use ticket::{Sla, Ticket, TicketComment, TicketList, TicketRouting, TicketStatus, TicketType};
