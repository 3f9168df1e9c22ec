//! The one seam between the SDK and whatever is on the other side: the host's imports in a component, the fake host
//! of [`testing`](crate::testing) in a native test.
//!
//! Everything else in this crate is the same code on both.

use crate::{
    cache,
    failure::Failure,
    http::{self, Request, Response},
    log::Level,
    secrets::{self, Algorithm},
};

/// The imports of the WIT world, in the SDK's own types.
pub(crate) trait Host {
    fn send(&self, request: Request) -> Result<Response, http::Error>;
    fn send_all(&self, requests: Vec<Request>) -> Vec<Result<Response, http::Error>>;
    fn secrets_granted(&self) -> Vec<String>;
    fn secrets_hmac(&self, name: &str, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, secrets::Error>;
    fn secrets_reveal(&self, name: &str) -> Result<String, secrets::Error>;
    fn cache_get(&self, key: &str) -> Option<Vec<u8>>;
    fn cache_put(&self, key: &str, value: &[u8], ttl_ms: u32) -> Result<(), cache::TooLarge>;
    fn cache_delete(&self, key: &str);
    fn intents_call(&self, intent: &str, input: &str) -> Result<String, Failure>;
    fn log(&self, level: Level, message: &str, fields: &[(String, String)]);
}

#[cfg(target_family = "wasm")]
pub(crate) mod wit;

/// Who is on the other side.
pub(crate) fn current() -> impl Host {
    #[cfg(target_family = "wasm")]
    return wit::Imports;
    #[cfg(not(target_family = "wasm"))]
    return crate::testing::Installed;
}
