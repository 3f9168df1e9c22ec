//! What is kept of a refresh token between two processes, and where: sealed, under one key of the store. Reading and
//! writing only; when to do which is `refresh.rs`.

use std::sync::Arc;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use jackfield_core::manifest::OAuth2;
use jackfield_core::port::{Bucket, Expect, Store, StoreError};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::{Ask, Fault};
use crate::random;
use crate::vault::{Sealer, SecretValue};

/// One step of the store is over after this time.
const STORE_MAX: Duration = Duration::from_secs(5);

/// The form that this version writes.
const FORMAT: u8 = 1;

/// Secrets of before that are remembered.
const FORMER_MAX: usize = 8;

/// A refresh token and what belongs to it. It can be serialised only to be sealed, in [`Shelf::put`].
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Record {
    format: u8,
    /// Token endpoint and client: a refresh token is shown to those that it came from and to nobody else.
    client: String,
    pub(super) refresh: Zeroizing<String>,
    /// The access token that came last, for a host that has none.
    pub(super) access: Option<Zeroizing<String>>,
    /// Milliseconds since the Unix epoch.
    pub(super) ends_ms: Option<u64>,
    /// The configured secret at the time when this began.
    descends: Option<Fingerprint>,
    /// Secrets that it took the place of: a host that still has one of them is behind, and does not bring it back.
    former: Vec<Fingerprint>,
    pub(super) lease: Option<Lease>,
    /// Leases that there were.
    pub(super) fence: u64,
    /// Why the token endpoint refuses it for good.
    pub(super) refused: Option<String>,
}

/// The right to use the refresh token. It runs out by itself, should its holder be gone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Lease {
    pub(super) holder: String,
    pub(super) fence: u64,
    /// Milliseconds since the Unix epoch.
    pub(super) until_ms: u64,
}

/// Tells whether a secret is the one of before, without keeping it.
#[derive(Clone, Serialize, Deserialize)]
struct Fingerprint {
    salt: String,
    mac: Vec<u8>,
}

impl Fingerprint {
    fn of(value: &SecretValue) -> Result<Fingerprint, Fault> {
        let salt = random::name().map_err(Fault::unavailable)?;
        let mac = digest(&salt, value).map(|mac| mac.finalize().into_bytes().to_vec());
        Ok(Fingerprint { salt, mac: mac.unwrap_or_default() })
    }

    fn matches(&self, value: &SecretValue) -> bool {
        digest(&self.salt, value).is_some_and(|mac| mac.verify_slice(&self.mac).is_ok())
    }
}

fn digest(salt: &str, value: &SecretValue) -> Option<Hmac<Sha256>> {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(salt.as_bytes()).ok()?;
    mac.update(value.expose().as_bytes());
    Some(mac)
}

impl Record {
    /// The beginning of a line of refresh tokens.
    pub(super) fn new(
        oauth2: &OAuth2,
        refresh: Zeroizing<String>,
        configured: Option<&SecretValue>,
    ) -> Result<Record, Fault> {
        let descends = configured.map(Fingerprint::of).transpose()?;
        Ok(Record {
            format: FORMAT,
            client: client(oauth2),
            refresh,
            access: None,
            ends_ms: None,
            descends,
            former: Vec::new(),
            lease: None,
            fence: 0,
            refused: None,
        })
    }

    /// Whether it is still what the configuration means: the same client at the same place, and no other secret than
    /// the one that it descends from.
    pub(super) fn is_of(&self, oauth2: &OAuth2, configured: Option<&SecretValue>) -> bool {
        let same_secret = match (&self.descends, configured) {
            // The operator may take the secret away once it has served.
            (_, None) => true,
            (Some(before), Some(now)) => before.matches(now) || self.former.iter().any(|former| former.matches(now)),
            (None, Some(_)) => false,
        };
        self.format == FORMAT && self.client == client(oauth2) && same_secret
    }

    /// Takes the place of a record that the operator has replaced.
    pub(super) fn succeed(&mut self, before: Record) {
        self.fence = before.fence;
        self.former = before.descends.into_iter().chain(before.former).take(FORMER_MAX).collect();
    }

    /// Whether it holds the same tokens.
    pub(super) fn is_same(&self, other: &Record) -> bool {
        self.refresh == other.refresh && self.access == other.access
    }
}

fn client(oauth2: &OAuth2) -> String {
    format!("{} {}", oauth2.client_id, oauth2.token_url)
}

/// Where the records are.
pub(super) struct Shelf {
    pub(super) store: Arc<dyn Store>,
    pub(super) sealer: Arc<Sealer>,
}

/// Why a record was not written.
pub(super) enum NotPut {
    /// Somebody else wrote.
    Conflict,
    Fault(Fault),
}

impl Shelf {
    /// The record and its revision.
    pub(super) async fn load(&self, ask: &Ask) -> Result<Option<(Record, u64)>, Fault> {
        let key = ask.key.text();
        let found = timeout(STORE_MAX, self.store.get(Bucket::Tokens, &key)).await;
        let found = found.unwrap_or_else(|_| Err(slow())).map_err(|error| fault(&error))?;
        let Some(found) = found else { return Ok(None) };
        let unusable = |why: &dyn std::fmt::Display| {
            Fault::missing(format!(
                "the stored token of connection `{}` is of no use: {why}; run `jackfield connect {0}`",
                ask.endpoint.connection()
            ))
        };
        let plain = self.sealer.open(&ask.place(), &found.value).map_err(|error| unusable(&error))?;
        let record = serde_json::from_slice(&plain).map_err(|_| unusable(&"it is of another version"))?;
        Ok(Some((record, found.revision)))
    }

    /// Writes a record; it is durable when this returns.
    pub(super) async fn put(&self, ask: &Ask, record: &Record, expect: Expect) -> Result<u64, NotPut> {
        let plain = serde_json::to_vec(record).map(Zeroizing::new);
        let plain = plain.map_err(|_| NotPut::Fault(Fault::unavailable("a token record cannot be written")))?;
        let sealed = self.sealer.seal(&ask.place(), &plain);
        if sealed.is_empty() {
            return Err(NotPut::Fault(Fault::unavailable("the vault does not seal")));
        }
        let key = ask.key.text();
        let put = self.store.put(Bucket::Tokens, &key, sealed.into(), expect);
        match timeout(STORE_MAX, put).await.unwrap_or_else(|_| Err(slow())) {
            Ok(revision) => Ok(revision),
            Err(StoreError::Conflict) => Err(NotPut::Conflict),
            Err(error) => Err(NotPut::Fault(fault(&error))),
        }
    }
}

fn slow() -> StoreError {
    StoreError::Unavailable(format!("no answer within {} s", STORE_MAX.as_secs()))
}

fn fault(error: &StoreError) -> Fault {
    Fault::unavailable(format!("the token store: {error}"))
}
