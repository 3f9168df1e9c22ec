//! The system's types as they come: only the fields that are read. What may be absent is an `Option`.

use serde::Deserialize;

/// An order.
#[derive(Debug, Deserialize)]
pub(crate) struct Order {
    pub(crate) id: String,
    pub(crate) number: String,
    pub(crate) state: String,
    pub(crate) email: Option<String>,
    pub(crate) ordered_at: Option<String>,
}
