//! The system's types as they come: only the fields that are read. What may be absent is an `Option`.

use serde::Deserialize;

/// A ticket.
#[derive(Debug, Deserialize)]
pub(crate) struct Ticket {
    pub(crate) id: String,
    pub(crate) subject: String,
    pub(crate) state: String,
    pub(crate) requester_email: Option<String>,
    pub(crate) team: Option<String>,
    pub(crate) opened_at: Option<String>,
}
