//! Answers for secret values: where each comes from, that it is fresh, and what may be done with it by name. Values
//! come in and never go out, but as a credential on a granted request, under `secrets.hmac`, or where the operator
//! wrote `reveal = true`. Who may use which name is the grant's decision and made before this module is asked.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use hmac::{Hmac, KeyInit, Mac};
use jackfield_core::port::HmacAlgorithm;
use zeroize::Zeroizing;

use crate::scrub::Scrubber;

mod env;
mod file;
mod openbao;
mod rotation;
mod sealed;
mod slot;
mod source;
mod value;

pub use file::FileProblem;
pub use openbao::{AppRole, Kubernetes, LoginSecret, OpenBao, OpenBaoAuth, OpenBaoConfig, OpenBaoProblem};
pub(crate) use rotation::Candidates;
pub use sealed::{
    Editor, Listed, MasterKey, MasterSource, Rekeyed, SealedError, SealedProblem, SealedVault, Sealer, Unsealed,
};
pub use source::{KvField, SecretSource};
pub use value::{SecretValue, ValueProblem};

use slot::Slot;

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
        let why = match &self.why {
            Why::Sealed(error) => error.problem.to_string(),
            other => other.to_string(),
        };
        format!("secret `{}` of connection `{}` ({kind}): {why}", self.name, self.connection)
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
    /// The sealed vault, or its key, is of no use.
    #[error(transparent)]
    Sealed(Box<SealedError>),
    /// The secret is in OpenBao, and nothing says where that is.
    #[error("no `[openbao]` is configured; add it with `address` and `auth`")]
    NoOpenBao,
    /// OpenBao gave nothing.
    #[error(transparent)]
    OpenBao(Box<OpenBaoProblem>),
    /// It is on another machine, and was asked for without the network.
    #[error("it is not on this machine")]
    NotLocal,
}

impl From<SealedError> for Why {
    fn from(error: SealedError) -> Why {
        Why::Sealed(Box::new(error))
    }
}

impl From<OpenBaoProblem> for Why {
    fn from(problem: OpenBaoProblem) -> Why {
        Why::OpenBao(Box::new(problem))
    }
}

/// The secrets of every connection.
pub struct Vault {
    slots: ArcSwap<Slots>,
    stores: Stores,
    scrubber: Scrubber,
}

/// Places that hold the values of many secrets.
#[derive(Default)]
pub struct Stores {
    /// Behind `vault:`.
    pub sealed: Option<Arc<SealedVault>>,
    /// Behind `openbao:`.
    pub openbao: Option<Arc<OpenBao>>,
}

/// By connection and name.
type Slots = HashMap<String, HashMap<String, Arc<Slot>>>;

impl Vault {
    /// Takes the configured secrets. Nothing is read before its first use; see [`Vault::check`].
    pub fn new(entries: impl IntoIterator<Item = SecretEntry>) -> Vault {
        Vault::with_stores(Stores::default(), entries)
    }

    /// As [`Vault::new`], with stores for the sources `vault:` and `openbao:`.
    pub fn with_stores(stores: Stores, entries: impl IntoIterator<Item = SecretEntry>) -> Vault {
        let vault = Vault { slots: ArcSwap::default(), stores, scrubber: Scrubber::default() };
        vault.replace(entries);
        vault
    }

    /// Takes another configuration. Values that were in use before stay scrubbed.
    pub fn replace(&self, entries: impl IntoIterator<Item = SecretEntry>) {
        let before = self.slots.load();
        let mut slots = Slots::new();
        for SecretEntry { connection, name, source } in entries {
            let same = before.get(&connection).and_then(|names| names.get(&name)).filter(|slot| slot.source == source);
            let fresh = || Arc::new(Slot::new(connection.clone(), name.clone(), source.clone()));
            let slot = same.cloned().unwrap_or_else(fresh);
            slots.entry(connection).or_default().insert(name, slot);
        }
        self.slots.store(Arc::new(slots));
    }

    /// Whether a secret could be used now, as far as this machine knows: of one in OpenBao, only whether there is a
    /// place to ask for it.
    ///
    /// # Errors
    /// What is wrong with it, for `jackfield check`.
    pub fn check(&self, connection: &str, name: &str) -> Result<(), SecretProblem> {
        let slot = self.slot(connection, name)?;
        let checked = match (&slot.source, &self.stores.openbao) {
            (SecretSource::OpenBao(_), Some(_)) => Ok(()),
            (SecretSource::OpenBao(_), None) => Err(Why::NoOpenBao),
            _ => slot.read_local(&self.stores, &self.scrubber).map(drop),
        };
        checked.map_err(|why| problem(&slot, why))
    }

    /// Whether a secret could be used now, wherever it is: asks over the network where that is needed.
    ///
    /// # Errors
    /// What is wrong with it, for `jackfield check --live`.
    pub async fn check_live(&self, connection: &str, name: &str) -> Result<(), SecretProblem> {
        self.read(connection, name).await.map(drop)
    }

    /// The value as it is now: a source that changed is read again, so that a rotation needs no restart.
    ///
    /// # Errors
    /// When there is none that could be used.
    pub(crate) async fn read(&self, connection: &str, name: &str) -> Result<Arc<SecretValue>, SecretProblem> {
        let slot = self.slot(connection, name)?;
        slot.read(&self.stores, &self.scrubber).await.map_err(|why| problem(&slot, why))
    }

    /// As [`Vault::read`], without asking over the network: nothing where that would be needed.
    pub(crate) fn read_local(&self, connection: &str, name: &str) -> Option<Arc<SecretValue>> {
        let slot = self.slot(connection, name).ok()?;
        match &slot.source {
            SecretSource::OpenBao(_) => None,
            _ => slot.read_local(&self.stores, &self.scrubber).ok(),
        }
    }

    /// The values that may be used now: during a rotation, the new one first.
    ///
    /// # Errors
    /// As [`Vault::read`].
    #[cfg_attr(not(test), expect(dead_code, reason = "how tests see what a rotation leaves alive"))]
    pub(crate) async fn candidates(&self, connection: &str, name: &str) -> Result<Candidates, SecretProblem> {
        let slot = self.slot(connection, name)?;
        slot.candidates(&self.stores, &self.scrubber).await.map_err(|why| problem(&slot, why))
    }

    /// The system took a value: if it is the current one, the one before it is retired for good.
    pub(crate) fn accepted(&self, connection: &str, name: &str, value: &SecretValue) {
        if let Ok(slot) = self.slot(connection, name) {
            slot.accepted(value);
        }
    }

    /// The system refused a value (401): another one, if there is one that is worth a single retry. The source is
    /// asked anew; what it says now counts first, then the value before a rotation.
    pub(crate) async fn refused(&self, connection: &str, name: &str, value: &SecretValue) -> Option<Arc<SecretValue>> {
        let slot = self.slot(connection, name).ok()?;
        slot.refused(value, &self.stores, &self.scrubber).await
    }

    /// What seals tokens before they are stored; nothing when there is no vault or it does not open.
    pub fn sealer(&self) -> Option<Arc<Sealer>> {
        Sealer::new(self.stores.sealed.clone()?).map(Arc::new)
    }

    fn slot(&self, connection: &str, name: &str) -> Result<Arc<Slot>, SecretProblem> {
        let slots = self.slots.load();
        slots.get(connection).and_then(|names| names.get(name)).cloned().ok_or_else(|| SecretProblem {
            connection: connection.to_owned(),
            name: name.to_owned(),
            at: None,
            why: Why::Unconfigured,
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

fn problem(slot: &Slot, why: Why) -> SecretProblem {
    SecretProblem { connection: slot.connection.clone(), name: slot.name.clone(), at: Some(slot.source.clone()), why }
}

/// For [`crate::Egress`] alone, which writes each use down.
impl Vault {
    /// HMAC of a message under a secret of the connection.
    pub(crate) async fn hmac(
        &self,
        connection: &str,
        name: &str,
        algorithm: HmacAlgorithm,
        message: &[u8],
    ) -> Result<Vec<u8>, String> {
        let value = self.read(connection, name).await.map_err(|p| p.brief())?;
        let key = value.expose().as_bytes();
        match algorithm {
            HmacAlgorithm::Sha1 => mac::<Hmac<sha1::Sha1>>(key, message),
            HmacAlgorithm::Sha256 => mac::<Hmac<sha2::Sha256>>(key, message),
            HmacAlgorithm::Sha512 => mac::<Hmac<sha2::Sha512>>(key, message),
        }
    }

    /// The value itself, for a guest that the operator lets see it.
    pub(crate) async fn reveal(&self, connection: &str, name: &str) -> Result<Zeroizing<String>, String> {
        let value = self.read(connection, name).await.map_err(|p| p.brief())?;
        Ok(Zeroizing::new(value.expose().to_owned()))
    }
}

fn mac<M: Mac + KeyInit>(key: &[u8], message: &[u8]) -> Result<Vec<u8>, String> {
    let mut mac = <M as KeyInit>::new_from_slice(key).map_err(|_| "the secret is no HMAC key".to_owned())?;
    mac.update(message);
    Ok(mac.finalize().into_bytes().to_vec())
}

#[cfg(test)]
mod tests;
