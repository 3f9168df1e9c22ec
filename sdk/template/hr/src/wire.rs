//! The system's types as they come: only the fields that are read. What may be absent is an `Option`.

use serde::Deserialize;

/// What is left of one kind of leave.
#[derive(Debug, Deserialize)]
pub(crate) struct Balance {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) days_left: f64,
    pub(crate) days_used: Option<f64>,
}
