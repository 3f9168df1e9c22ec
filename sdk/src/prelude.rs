//! What a connector's files begin with: `use jackfield_sdk::prelude::*;`. The catalogue's types are in it.

pub use crate::{
    Value, cache,
    call::{Call, User},
    codes,
    connector::{Connector, Effect, Intent},
    debug, error,
    events::{Delivery, Event, EventPage, Poll},
    failure::{Failure, FailureKind, FieldError},
    fields::FieldMap,
    http::{self, Endpoint, GraphQlError, Path, Request, Response},
    info, json,
    ownership::{OrderOwner, Ownership},
    paging, path, query, secrets,
    settle::Settled,
    time::{self, Day, Instant},
    trace, warn,
};
/// All intents' inputs, all models, all canonical words.
pub use jackfield_catalog::*;
// The derive beside the trait of the same name, and the attribute beside its module.
pub use crate::{Intent, connector};

#[cfg(not(target_family = "wasm"))]
pub use crate::testing;
