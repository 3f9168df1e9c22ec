//! OData v2 as SAP's products speak it: metadata tables, addresses, query options, JSON. Answers for reading and for
//! the shape of what is written; data, permissions and error bodies are each system's own. Source: OData 2.0 (URI
//! Conventions; JSON Format); SAP Gateway and SuccessFactors OData API guides.

mod address;
mod filter;
mod options;
mod read;
mod schema;
mod value;
mod write;

use serde_json::{Map, Value};

pub(crate) use read::Reader;
#[cfg(test)]
pub(crate) use schema::Entity;
pub(crate) use schema::{Service, services};
pub(crate) use value::{date, date_time_offset, instant};
pub(crate) use write::{checked, nested};

/// A row as it is stored, in the forms of the JSON format. Members that begin with an underscore never leave the
/// system.
pub(crate) type Row = Map<String, Value>;

/// Why a request is not answered with data.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) message: String,
    /// Whether the documentation does not allow the request, rather than the data not holding what it asks for.
    pub(crate) violation: bool,
}

/// What the documentation does not allow.
pub(crate) fn wrong(message: impl Into<String>) -> Refusal {
    Refusal { status: 400, message: message.into(), violation: true }
}

/// The rows that the caller may see.
pub(crate) trait Source {
    fn rows(&self, set: &str) -> Vec<&Row>;
}
