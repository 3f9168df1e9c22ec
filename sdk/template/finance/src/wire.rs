//! The system's types as they come: only the fields that are read. What may be absent is an `Option`.

use serde::Deserialize;

/// An invoice to a customer.
#[derive(Debug, Deserialize)]
pub(crate) struct Invoice {
    pub(crate) id: String,
    pub(crate) number: String,
    pub(crate) state: String,
    pub(crate) email: Option<String>,
    pub(crate) due_on: Option<String>,
    /// As decimal text: a number would lose cents.
    pub(crate) total: Option<String>,
    pub(crate) currency: Option<String>,
}
