//! The gate: who calls, whether they may, whether there is room, and whether what they say is sound.
//!
//! Only this module makes an [`Admitted`]; routing and everything behind it takes nothing else.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use jackfield_core::call::User;
use jackfield_core::failure::FieldError;
use jackfield_core::intent::{covers, is_intent_name};
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::Value;

use crate::config::Config;
use crate::error::{Code, Problem};

mod envelope;
mod guessing;
pub mod json;
mod quota;
mod validate;
mod vet;

pub use envelope::{Context, ContextBody, Received, context, is_locale, read};
pub use quota::{Place, Quota};
pub use validate::Validator;
pub use vet::{Vetted, enter, sound, vet};

use guessing::Guessing;

/// A bot service, known by its key.
#[derive(Debug)]
pub struct Caller {
    /// Name in the configuration.
    pub name: String,
    /// Whose connections it reaches.
    pub tenant: Arc<str>,
    /// What it may do.
    scopes: Vec<String>,
    quota: Quota,
}

impl Caller {
    /// A caller with its scopes and its bound.
    pub fn new(name: &str, tenant: &str, scopes: Vec<String>, in_flight_max: usize) -> Caller {
        Caller { name: name.to_owned(), tenant: tenant.into(), scopes, quota: Quota::new(in_flight_max) }
    }

    /// Whether it may ask for an intent.
    pub fn may_ask(&self, intent: &str) -> bool {
        self.scopes.iter().filter_map(|s| s.strip_prefix("intent:")).any(|pattern| covers(pattern, intent))
    }

    /// Whether it has a scope other than an intent's.
    pub fn has(&self, scope: &str) -> bool {
        self.scopes.iter().any(|s| s == scope)
    }
}

/// Whether a text is a scope.
pub fn is_scope(scope: &str) -> bool {
    match scope.strip_prefix("intent:") {
        Some("*") => true,
        Some(pattern) => {
            let stem = pattern.strip_suffix(".*").map(|s| format!("{s}.x"));
            is_intent_name(stem.as_deref().unwrap_or(pattern))
        }
        None => matches!(scope, "connections:read" | "connections:test" | "audit:read"),
    }
}

/// The gate with its keys and its bounds.
#[derive(Debug)]
pub struct Admission {
    /// By SHA-256 of the key: the look-up compares digests, so its timing says nothing about a key.
    callers: HashMap<[u8; 32], Arc<Caller>>,
    guessing: Guessing,
    host: Quota,
}

/// A request that passed the gate. It holds its places in both bounds until it is dropped.
#[derive(Debug)]
pub struct Admitted {
    /// Who asks.
    pub caller: Arc<Caller>,
    /// A well-formed intent name that the caller may ask for.
    pub intent: String,
    /// Not yet held against a schema: which one depends on the route.
    pub input: Value,
    /// A connection named by the caller.
    pub connection: Option<String>,
    /// Conversation, user, language and zone.
    pub context: Context,
    /// The token of a question that was answered with yes.
    pub confirmation: Option<String>,
    /// A shorter deadline, in milliseconds.
    pub deadline_ms: Option<u64>,
    /// How old a kept answer may be at most, in milliseconds: less than the intent's policy allows. Zero refuses them.
    pub max_stale_ms: Option<u64>,
    /// For writes: stable for retries of the same message.
    pub idempotency_key: Option<String>,
    /// In the caller's, the host's and, once it is known, the connection's bound.
    places: Vec<Place>,
}

impl Admission {
    /// Reads callers from a configuration. `demo` adds the key `demo`, for trying out.
    pub fn new(config: &Config, demo: Option<&str>) -> Admission {
        let mut callers = HashMap::new();
        for (name, section) in &config.callers {
            let Some(digest) = parse_digest(section.key_sha256.get_ref()) else { continue };
            let bound = section.in_flight_max.unwrap_or(config.server.caller_in_flight_max);
            let scopes = section.scopes.get_ref().clone();
            callers.insert(digest, Arc::new(Caller::new(name, &section.tenant, scopes, bound)));
        }
        if let Some(tenant) = demo {
            let scopes = ["intent:*", "connections:read", "connections:test", "audit:read"].map(str::to_owned).to_vec();
            let caller = Caller::new("demo", tenant, scopes, config.server.caller_in_flight_max);
            callers.insert(digest("demo"), Arc::new(caller));
        }
        let server = &config.server;
        let guessing = Guessing::new(server.key_failures_max, server.key_failures_total_max);
        Admission { callers, guessing, host: Quota::new(server.in_flight_max as usize) }
    }

    /// Who holds this `Authorization` header.
    ///
    /// # Errors
    /// `unauthenticated`, the same for a missing, malformed and unknown key.
    pub fn authenticate(&self, authorization: Option<&str>) -> Result<Arc<Caller>, Problem> {
        shown(authorization).and_then(|key| self.callers.get(&key)).cloned().ok_or_else(unauthenticated)
    }

    /// Who holds this `Authorization` header that came from this address.
    ///
    /// # Errors
    /// As [`Admission::authenticate`]; `rate-limited` after too many wrong keys, and then the key was not looked at.
    pub fn identify(&self, authorization: Option<&str>, address: IpAddr) -> Result<Arc<Caller>, Problem> {
        // Who shows none does not guess.
        let key = shown(authorization).ok_or_else(unauthenticated)?;
        let now = Instant::now();
        self.guessing.may_try(address, &key, now).map_err(|left| {
            let ms = u32::try_from(left.as_millis()).unwrap_or(u32::MAX);
            Problem::told(Code::RateLimited, "too many wrong API keys came from here").retry_after(ms)
        })?;
        match self.callers.get(&key) {
            Some(caller) => {
                self.guessing.right(address, &key);
                Ok(caller.clone())
            }
            None => {
                self.guessing.wrong(address, now);
                Err(unauthenticated())
            }
        }
    }

    /// Lets a request in, or says why not. In the order of cost: scope, room, then the body.
    ///
    /// # Errors
    /// `forbidden`, `rate-limited`, `overloaded`, `malformed` or `invalid-input`.
    pub fn admit(&self, caller: Arc<Caller>, received: Received<'_>) -> Result<Admitted, Problem> {
        covered(&caller, received)?;
        let places = self.enter(&caller)?;
        admitted(caller, received, places)
    }

    /// Lets a request in again that was let in and accepted before. It was promised an answer, so it waits for room.
    ///
    /// # Errors
    /// What may have changed since: `forbidden`, where the caller or its scope is gone.
    pub async fn readmit(&self, caller: &str, tenant: &str, received: Received<'_>) -> Result<Admitted, Problem> {
        let known = self.callers.values().find(|known| known.name == caller && *known.tenant == *tenant).cloned();
        let gone = || Problem::told(Code::Forbidden, format!("caller `{caller}` is not there any more"));
        let caller = known.ok_or_else(gone)?;
        covered(&caller, received)?;
        match (caller.quota.wait().await, self.host.wait().await) {
            (Some(in_caller), Some(in_host)) => admitted(caller, received, [in_caller, in_host]),
            _ => Err(Problem::new(Code::Internal, "a bound is closed")),
        }
    }

    /// Calls that may be under way in the host.
    pub fn in_flight_max(&self) -> usize {
        self.host.max()
    }

    /// Takes a place in the caller's bound and in the host's.
    ///
    /// # Errors
    /// `rate-limited` or `overloaded`.
    pub fn enter(&self, caller: &Caller) -> Result<[Place; 2], Problem> {
        let in_caller = caller.quota.take().ok_or_else(|| {
            Problem::told(Code::RateLimited, format!("caller `{}` has its calls in flight", caller.name))
                .retry_after(1_000)
        })?;
        let in_host = self
            .host
            .take()
            .ok_or_else(|| Problem::told(Code::Overloaded, "the host has its calls in flight").retry_after(1_000))?;
        Ok([in_caller, in_host])
    }

    /// Calls under way in the host.
    pub fn in_flight(&self) -> usize {
        self.host.taken()
    }
}

/// The digest of the key that a header shows.
fn shown(authorization: Option<&str>) -> Option<[u8; 32]> {
    let (scheme, key) = authorization?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| digest(key.trim()))
}

/// The same for a missing, a malformed and an unknown key.
fn unauthenticated() -> Problem {
    Problem::told(Code::Unauthenticated, "send `Authorization: Bearer` with an API key")
}

/// Whether the caller may ask for this at all.
fn covered(caller: &Caller, received: Received<'_>) -> Result<(), Problem> {
    // An intent that the key does not cover is forbidden whether or not it exists: names cannot be probed.
    if !caller.may_ask(received.intent) {
        let detail = format!("caller `{}` has no scope that covers `{}`", caller.name, received.intent);
        return Err(Problem::told(Code::Forbidden, detail));
    }
    if !is_intent_name(received.intent) {
        return Err(Problem::told(Code::UnknownIntent, "not an intent name"));
    }
    Ok(())
}

/// Reads the envelope of a request that has its places.
fn admitted(caller: Arc<Caller>, received: Received<'_>, places: [Place; 2]) -> Result<Admitted, Problem> {
    let envelope = envelope::parse(received.body)?;
    let context = envelope::context(envelope.context)?;
    let options = envelope.options.unwrap_or_default();
    let idempotency_key = received.idempotency_key.map(envelope::idempotency_key).transpose()?;
    Ok(Admitted {
        caller,
        intent: received.intent.to_owned(),
        input: envelope.input,
        connection: envelope.connection,
        context,
        confirmation: envelope.confirmation.map(|confirmation| confirmation.token),
        deadline_ms: options.deadline_ms,
        max_stale_ms: options.max_stale_ms,
        idempotency_key,
        places: places.into(),
    })
}

/// SHA-256 of an API key. Keys are random and long, so one round is enough and look-ups stay cheap.
pub fn digest(key: &str) -> [u8; 32] {
    use sha2::Digest;
    sha2::Sha256::digest(key.as_bytes()).into()
}

/// 64 hexadecimal digits.
pub(crate) fn parse_digest(text: &str) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (i, byte) in digest.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * i..2 * i + 2], 16).ok()?;
    }
    Some(digest)
}

#[cfg(test)]
mod tests;
