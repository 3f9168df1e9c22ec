//! The system's types as they come: only the fields that are read. What may be absent is an `Option`.

use serde::Deserialize;

/// Something that was asked for.
#[derive(Debug, Deserialize)]
pub(crate) struct Request {
    pub(crate) id: String,
    pub(crate) number: String,
    pub(crate) subject: String,
    pub(crate) state: String,
    pub(crate) email: Option<String>,
    pub(crate) due_at: Option<String>,
}
