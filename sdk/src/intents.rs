//! Orchestration: a connector that asks others. Each intent is granted on its own; deadline and user stay the same.
//!
//! Depth is bounded and a cycle is refused, by the host.

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    connector::Intent,
    decode,
    failure::Failure,
    host::{self, Host as _},
};

/// Asks for another intent: the input's type says which.
///
/// # Errors
/// Those of the other connector, `denied` when the intent is not granted, `internal` when its answer does not fit.
pub fn call<I>(input: &I) -> Result<I::Output, Failure>
where
    I: Intent + Serialize,
    I::Output: DeserializeOwned,
{
    call_named(I::NAME, input)
}

/// The same for an intent that this connector has no type for.
///
/// # Errors
/// Like those of [`call`].
pub fn call_named<O: DeserializeOwned>(intent: &str, input: &impl Serialize) -> Result<O, Failure> {
    let input = serde_json::to_string(input)
        .map_err(|error| Failure::internal(format!("failed to write the input of `{intent}`: {error}")))?;
    let output = host::current().intents_call(intent, &input)?;
    decode::read(&output)
        .map_err(|mismatch| Failure::internal(format!("failed to read the answer of `{intent}`: {mismatch}")))
}
