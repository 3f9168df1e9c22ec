//! The words that host and connectors share: intents, models, their schemas and the texts made from them.
//!
//! Pure data. What an intent means in a particular business system is the connector's affair; what the host
//! does with an annotation is the host's.
//!
//! - An intent is the type of its input ([`Intent`]); the table of all of them is in `intents.rs`.
//! - A model is a struct with public fields and a `Default`, so that a connector writes
//!   `Order { id, number, ..Default::default() }` and later versions may add fields.
//! - A closed list of words is an enum made by the `codes!` macro ([`Coded`]); each has a word for "something else",
//!   so that a value this version does not know never fails a call.
//! - With the feature `schema` (host and packaging tool; connectors do without, to stay small) every intent also has
//!   a [`Definition`]: JSON Schemas made from the types and their doc comments, an English text template, an example.

#![deny(missing_docs)]

use serde::{Deserialize, Serialize, de::DeserializeOwned};

#[macro_use]
mod codes;
pub mod commerce;
pub mod crm;
pub mod erp;
pub mod finance;
pub mod helpdesk;
pub mod hr;
mod intents;
pub mod it;
pub mod money;
#[cfg(feature = "schema")]
mod schema;
#[cfg(feature = "schema")]
mod shape;
pub mod status;
pub mod time;

pub use codes::Coded;
pub use commerce::*;
pub use crm::*;
pub use erp::*;
pub use finance::*;
pub use helpdesk::*;
pub use hr::*;
pub use it::*;
pub use money::{Money, MoneyError};
#[cfg(feature = "schema")]
pub use schema::{Definition, definition, definitions};
pub use status::*;
pub use time::{Date, Timestamp};

/// Fields of the business system beyond the model, by the names that the connection's `field_map` gives them.
///
/// A connector puts here only what the operator asked for: nothing in it is masked.
pub type Vendor = std::collections::BTreeMap<String, serde_json::Value>;

/// Values for fields of the business system beyond the intent's own, by the names in the connection's `field_map`.
/// Each is a text, a number or a truth value.
pub type Fields = std::collections::BTreeMap<String, serde_json::Value>;

/// What an intent may do to the business system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Looks, and changes nothing.
    Read,
    /// Makes a new object.
    Create,
    /// Changes an object.
    Update,
    /// Removes an object.
    Delete,
}

impl Effect {
    /// Whether it leaves the business system as it was.
    pub const fn is_read(self) -> bool {
        matches!(self, Effect::Read)
    }
}

/// A named thing a bot may ask for. Implemented by the type of its input, so that a function
/// `fn(&self, &Call, OrderStatusInput) -> Result<Order, Failure>` says by its types which intent it answers.
pub trait Intent: DeserializeOwned {
    /// The type of the answer.
    type Output: Serialize;
    /// Such as `order.status`.
    const NAME: &'static str;
    /// Mandatory on every intent.
    const EFFECT: Effect;
}
