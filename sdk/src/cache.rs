//! A small store that outlives the call: per connection, bounded, and allowed to forget.
//!
//! For things that are the same for every user and change seldom, such as a list of statuses or the id of a pipeline.
//! What belongs to one person does not belong here.

use std::{fmt, time::Duration};

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    decode,
    failure::Failure,
    host::{self, Host as _},
};

/// The key or the value is larger than the connection allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge;

/// What was put under this key, if it is still there and still of this type.
pub fn get<T: DeserializeOwned>(key: &str) -> Option<T> {
    let bytes = host::current().cache_get(key)?;
    decode::read_bytes(&bytes).ok()
}

/// Puts a value under a key for some time.
///
/// # Errors
/// When it is larger than the connection allows; a value that has no JSON form counts as too large for any store.
pub fn put<T: Serialize>(key: &str, value: &T, ttl: Duration) -> Result<(), TooLarge> {
    let bytes = serde_json::to_vec(value).map_err(|_| TooLarge)?;
    host::current().cache_put(key, &bytes, u32::try_from(ttl.as_millis()).unwrap_or(u32::MAX))
}

/// Forgets a key.
pub fn delete(key: &str) {
    host::current().cache_delete(key);
}

/// What is under the key, or else what `fetch` gives, kept for next time. A value that is too large to keep is given
/// all the same.
///
/// # Errors
/// Those of `fetch`.
pub fn get_or_fetch<T, E>(key: &str, ttl: Duration, fetch: impl FnOnce() -> Result<T, E>) -> Result<T, E>
where
    T: Serialize + DeserializeOwned,
{
    if let Some(known) = get(key) {
        return Ok(known);
    }
    let fetched = fetch()?;
    let _ = put(key, &fetched, ttl);
    Ok(fetched)
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("larger than the connection's cache allows")
    }
}

impl std::error::Error for TooLarge {}

impl From<TooLarge> for Failure {
    fn from(error: TooLarge) -> Self {
        Failure::internal(error.to_string())
    }
}
