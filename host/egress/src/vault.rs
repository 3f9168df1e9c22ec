//! Answers for secret values: where each comes from, that it is fresh, and what may be done with it by name. Values
//! come in and never go out, but as a credential on a granted request, under `secrets.hmac`, or where the operator
//! wrote `reveal = true`. Who may use which name is the grant's decision and made before this module is asked.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::{ArcSwap, ArcSwapOption};
use hmac::{Hmac, KeyInit, Mac};
use jackfield_core::call::CallContext;
use jackfield_core::port::{self, BoxFuture, HmacAlgorithm};
use zeroize::Zeroizing;

use crate::scrub::Scrubber;

mod env;
mod file;
mod source;
mod value;

pub use file::FileProblem;
pub use source::SecretSource;
pub use value::{SecretValue, ValueProblem};

/// A secret of a connection, as the configuration names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretEntry {
    /// Name of the connection.
    pub connection: String,
    /// Name of the secret in the manifest.
    pub name: String,
    /// Where its value is.
    pub source: SecretSource,
}

/// Why a secret has no value. Names the secret and its source, never the value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("secret `{name}` of connection `{connection}`{}: {why}", from(at))]
pub struct SecretProblem {
    /// Name of the connection.
    pub connection: String,
    /// Name of the secret.
    pub name: String,
    /// Where its value should be; absent when the configuration does not say.
    pub at: Option<SecretSource>,
    /// What is wrong.
    pub why: Why,
}

fn from(at: &Option<SecretSource>) -> String {
    at.as_ref().map(|s| format!(" from `{s}`")).unwrap_or_default()
}

impl SecretProblem {
    /// The problem without the path or the variable: for messages that travel further than the operator's terminal.
    pub fn brief(&self) -> String {
        let kind = self.at.as_ref().map_or("no source", SecretSource::kind);
        format!("secret `{}` of connection `{}` ({kind}): {}", self.name, self.connection, self.why)
    }
}

/// What is wrong with a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// No such name in the configuration.
    #[error("the configuration gives it no source")]
    Unconfigured,
    /// The environment variable is not set.
    #[error("the environment variable is not set")]
    Unset,
    /// The file is of no use.
    #[error(transparent)]
    File(#[from] FileProblem),
    /// The value is of no use.
    #[error(transparent)]
    Value(#[from] ValueProblem),
}

/// The secrets of every connection.
pub struct Vault {
    slots: ArcSwap<Slots>,
    scrubber: Scrubber,
}

/// By connection and name.
type Slots = HashMap<String, HashMap<String, Arc<Slot>>>;

/// One secret and the value that was last read.
struct Slot {
    connection: String,
    name: String,
    source: SecretSource,
    loaded: ArcSwapOption<Loaded>,
}

/// A value and how to see whether it is still the one.
struct Loaded {
    value: Arc<SecretValue>,
    /// Absent for sources that do not change while the host runs.
    stamp: Option<file::Stamp>,
}

impl Vault {
    /// Takes the configured secrets. Nothing is read before its first use; see [`Vault::check`].
    pub fn new(entries: impl IntoIterator<Item = SecretEntry>) -> Vault {
        let vault = Vault { slots: ArcSwap::default(), scrubber: Scrubber::default() };
        vault.replace(entries);
        vault
    }

    /// Takes another configuration. Values that were in use before stay scrubbed.
    pub fn replace(&self, entries: impl IntoIterator<Item = SecretEntry>) {
        let before = self.slots.load();
        let mut slots = Slots::new();
        for SecretEntry { connection, name, source } in entries {
            let same = before.get(&connection).and_then(|names| names.get(&name)).filter(|slot| slot.source == source);
            let slot = same.cloned().unwrap_or_else(|| {
                let (connection, name) = (connection.clone(), name.clone());
                Arc::new(Slot { connection, name, source, loaded: ArcSwapOption::empty() })
            });
            slots.entry(connection).or_default().insert(name, slot);
        }
        self.slots.store(Arc::new(slots));
    }

    /// Whether a secret could be used now.
    ///
    /// # Errors
    /// What is wrong with it, for `jackfield check`.
    pub fn check(&self, connection: &str, name: &str) -> Result<(), SecretProblem> {
        self.read(connection, name).map(drop)
    }

    /// The value as it is now: a file that changed is read again, so that a rotation needs no restart.
    ///
    /// # Errors
    /// When there is none that could be used.
    pub(crate) fn read(&self, connection: &str, name: &str) -> Result<Arc<SecretValue>, SecretProblem> {
        let slots = self.slots.load();
        let Some(slot) = slots.get(connection).and_then(|names| names.get(name)) else {
            let (connection, name) = (connection.to_owned(), name.to_owned());
            return Err(SecretProblem { connection, name, at: None, why: Why::Unconfigured });
        };
        slot.read(&self.scrubber).map_err(|why| SecretProblem {
            connection: slot.connection.clone(),
            name: slot.name.clone(),
            at: Some(slot.source.clone()),
            why,
        })
    }

    /// Has a text that was made of a secret scrubbed like the secret, such as the pair of basic authentication.
    pub(crate) fn learn(&self, connection: &str, slot: &str, derived: &str) {
        self.scrubber.learn(connection, slot, derived);
    }

    /// The text with every value in use, of whatever connection, replaced.
    pub fn scrub<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.scrubber.scrub(text)
    }

    /// What an upstream sent, without the connection's own values; nothing when there are none in it.
    pub(crate) fn scrub_upstream(&self, connection: &str, bytes: &[u8]) -> Option<Vec<u8>> {
        self.scrubber.scrub_upstream(connection, bytes)
    }
}

impl Slot {
    fn read(&self, scrubber: &Scrubber) -> Result<Arc<SecretValue>, Why> {
        let known = self.loaded.load();
        let (value, stamp) = match &self.source {
            SecretSource::Env(variable) => match known.as_deref() {
                Some(loaded) => return Ok(loaded.value.clone()),
                None => (env::read(variable)?, None),
            },
            SecretSource::File(path) => {
                let stamp = file::Stamp::of(path)?;
                if let Some(loaded) = known.as_deref()
                    && loaded.stamp.as_ref().is_some_and(|s| s.still(&stamp))
                {
                    return Ok(loaded.value.clone());
                }
                let (value, stamp) = file::read(path)?;
                (value, Some(stamp))
            }
        };
        // First known to the scrubber, then in use: there is no moment at which a value could pass unseen.
        scrubber.learn(&self.connection, &self.name, value.expose());
        let value = match known.as_deref() {
            Some(loaded) if *loaded.value == value => loaded.value.clone(),
            _ => Arc::new(value),
        };
        self.loaded.store(Some(Arc::new(Loaded { value: value.clone(), stamp })));
        Ok(value)
    }
}

impl port::Secrets for Vault {
    fn hmac<'a>(
        &'a self,
        context: &'a CallContext,
        name: &'a str,
        algorithm: HmacAlgorithm,
        message: &'a [u8],
    ) -> BoxFuture<'a, Result<Vec<u8>, String>> {
        Box::pin(async move {
            let value = self.read(&context.connection, name).map_err(|p| p.brief())?;
            let key = value.expose().as_bytes();
            match algorithm {
                HmacAlgorithm::Sha1 => mac::<Hmac<sha1::Sha1>>(key, message),
                HmacAlgorithm::Sha256 => mac::<Hmac<sha2::Sha256>>(key, message),
                HmacAlgorithm::Sha512 => mac::<Hmac<sha2::Sha512>>(key, message),
            }
        })
    }

    fn reveal<'a>(
        &'a self,
        context: &'a CallContext,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Zeroizing<String>, String>> {
        Box::pin(async move {
            let value = self.read(&context.connection, name).map_err(|p| p.brief())?;
            Ok(Zeroizing::new(value.expose().to_owned()))
        })
    }

    fn scrub<'t>(&self, text: &'t str) -> Cow<'t, str> {
        Vault::scrub(self, text)
    }
}

fn mac<M: Mac + KeyInit>(key: &[u8], message: &[u8]) -> Result<Vec<u8>, String> {
    let mut mac = <M as KeyInit>::new_from_slice(key).map_err(|_| "the secret is no HMAC key".to_owned())?;
    mac.update(message);
    Ok(mac.finalize().into_bytes().to_vec())
}

#[cfg(test)]
mod tests;
