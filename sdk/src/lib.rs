//! What a plugin author sees, and nothing that the host decides: grants, credentials, retries, deadlines, masking and the text
//! for the user are not here.
//!
#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

// The macros write `::jackfield_sdk`, also in this crate's own tests.
#[allow(unused_extern_crates, reason = "used by what the macros write")]
extern crate self as jackfield_sdk;

#[cfg(any(all(feature = "arena", target_family = "wasm"), test))]
mod allocator;
pub mod cache;
mod call;
pub mod codes;
pub mod connector;
mod decode;
pub mod events;
mod failure;
pub mod fields;
mod host;
pub mod http;
pub mod intents;
pub mod log;
pub mod odata;
pub mod ownership;
pub mod paging;
pub mod prelude;
pub mod query;
pub mod secrets;
pub mod settings;
pub mod settle;
#[cfg(not(target_family = "wasm"))]
pub mod testing;
pub mod time;

pub use jackfield_catalog as catalog;
pub use jackfield_sdk_macros::{Intent, connector, path};
pub use serde_json::{self, Value, json};

pub use self::{
    call::{Call, User},
    connector::{Connector, Effect},
    failure::{Failure, FailureKind, FieldError},
    settle::Settled,
};

/// What the macros' code names. No part of the public interface.
#[doc(hidden)]
pub mod __private {
    pub use crate::connector::{
        Effect, FromCatalogue, Intent, IntentDescription, OwnIntent, Probe, answer, is_among, schema, settled,
        settling, unknown_intent, writes,
    };
    pub use crate::http::with_slash;

    #[cfg(target_family = "wasm")]
    pub use crate::host::wit::bindings::{self, export};
}
