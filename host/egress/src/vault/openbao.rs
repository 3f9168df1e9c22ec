//! Secrets in the key-value engine (version 2) of OpenBao or HashiCorp Vault: cached for a time, asked for by one at a
//! time, and used for a while longer when the server is down. What goes over the wire is `openbao/client.rs`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::source::KvField;
use super::value::{SecretValue, ValueProblem};
use crate::scrub::Scrubber;

mod client;
mod config;

pub use config::{AppRole, Kubernetes, LoginSecret, OpenBaoAuth, OpenBaoConfig};

use client::{Client, Fields};

/// How long a value is used beyond its time while the server is down.
const STALE_MAX: Duration = Duration::from_secs(60 * 60);

/// How long after a failure the server is not asked again, so that a server that is down costs one call in a while
/// its timeout and not every call.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// A secret is not asked for again within this time, however often the business system refuses its value.
const REREAD_AFTER: Duration = Duration::from_secs(2);

/// Why OpenBao gave nothing. Its own words are not repeated: they may hold anything.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenBaoProblem {
    /// `address` is no URL that could be used.
    #[error("`address` of `[openbao]` is not usable: {0}")]
    Address(String),
    /// The certificate authority's file is of no use.
    #[error("`ca_file` of `[openbao]` is not usable: {0}")]
    Tls(String),
    /// A secret that the login needs has no value.
    #[error("the login to OpenBao lacks `{at}`: {why}")]
    Login {
        /// Where it should be.
        at: Box<str>,
        /// What is wrong with it.
        why: Box<str>,
    },
    /// The server did not answer, or not in time.
    #[error("OpenBao does not answer: {0}")]
    Unavailable(String),
    /// The login or the token is refused.
    #[error("OpenBao refuses the login (status {0}); check `auth` of `[openbao]` and the role's policy")]
    LoginRefused(u16),
    /// The policy does not allow it.
    #[error("OpenBao denies access (status 403); allow `read` on `{0}` in the policy of the login")]
    Denied(String),
    /// No such secret, or its newest version is deleted.
    #[error("OpenBao has no `{0}`; write it, or mend the path in the source")]
    NoPath(String),
    /// The secret is there and has no such field.
    #[error("the secret in OpenBao has no field `{0}` that is a text")]
    NoField(String),
    /// The field's value is of no use.
    #[error(transparent)]
    Value(ValueProblem),
    /// An answer that is none of KV version 2.
    #[error("OpenBao's answer is not understood (status {0}); is the mount a KV engine of version 2?")]
    Unexpected(u16),
}

impl OpenBaoProblem {
    /// Whether the server may be right again without anybody mending anything.
    fn is_outage(&self) -> bool {
        matches!(self, OpenBaoProblem::Unavailable(_))
    }
}

/// Where secrets are asked for over the network.
pub struct OpenBao {
    client: Client,
    ttl: Duration,
    paths: Mutex<HashMap<(String, String), Arc<Path>>>,
}

/// One secret of the engine, with all of its fields.
#[derive(Default)]
struct Path {
    known: Mutex<Known>,
    /// One asks, the others take what it got.
    asking: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Known {
    read: Option<(Arc<Fields>, Instant)>,
    failed: Option<(OpenBaoProblem, Instant)>,
}

/// A value, and until when it counts without asking again.
pub(super) struct Read {
    pub(super) value: SecretValue,
    pub(super) until: Instant,
}

impl OpenBao {
    /// Reads the certificate authority's file; opens no socket.
    ///
    /// # Errors
    /// When address or file cannot be used.
    pub fn new(config: &OpenBaoConfig) -> Result<OpenBao, OpenBaoProblem> {
        Ok(OpenBao { client: Client::new(config)?, ttl: Duration::from_secs(config.ttl_s), paths: Mutex::default() })
    }

    /// A field's value, from memory while it is young enough.
    pub(super) async fn read(&self, field: &KvField, scrubber: &Scrubber) -> Result<Read, OpenBaoProblem> {
        self.read_younger(field, self.ttl, scrubber).await
    }

    /// A field's value as the server has it now; from memory if that was a moment ago.
    pub(super) async fn read_again(&self, field: &KvField, scrubber: &Scrubber) -> Result<Read, OpenBaoProblem> {
        self.read_younger(field, REREAD_AFTER.min(self.ttl), scrubber).await
    }

    async fn read_younger(
        &self,
        field: &KvField,
        age_max: Duration,
        scrubber: &Scrubber,
    ) -> Result<Read, OpenBaoProblem> {
        let path = self.path(field);
        if let Some(fields) = path.younger(age_max) {
            return self.pick(fields, field);
        }
        let _asking = path.asking.lock().await;
        // Whoever waited finds what the one before was told.
        if let Some(fields) = path.younger(age_max) {
            return self.pick(fields, field);
        }
        if let Some(problem) = path.failed_lately() {
            return path.stale().map_or(Err(problem), |fields| self.pick(fields, field));
        }
        match self.client.read(&field.mount, &field.path, scrubber).await {
            Ok(fields) => {
                let read = (Arc::new(fields), Instant::now());
                *path.known() = Known { read: Some(read.clone()), failed: None };
                self.pick(read, field)
            }
            Err(problem) if problem.is_outage() => {
                path.known().failed = Some((problem.clone(), Instant::now()));
                let Some((fields, at)) = path.stale() else { return Err(problem) };
                tracing::warn!(
                    mount = field.mount, path = field.path, age_s = at.elapsed().as_secs(), %problem,
                    "OpenBao is down; the value that was read before is used"
                );
                self.pick((fields, at), field)
            }
            Err(problem) => {
                // It answered, and the answer is no: what was known is not true any more.
                *path.known() = Known::default();
                Err(problem)
            }
        }
    }

    fn path(&self, field: &KvField) -> Arc<Path> {
        // As many as the configuration names.
        let mut paths = self.paths.lock().unwrap_or_else(PoisonError::into_inner);
        paths.entry((field.mount.clone(), field.path.clone())).or_default().clone()
    }

    fn pick(&self, (fields, at): (Arc<Fields>, Instant), field: &KvField) -> Result<Read, OpenBaoProblem> {
        let text = fields.get(&field.field).ok_or_else(|| OpenBaoProblem::NoField(field.field.clone()))?;
        let value = SecretValue::new(Zeroizing::new(text.as_bytes().to_vec())).map_err(OpenBaoProblem::Value)?;
        // A value beyond its time is in use because the server is down; it is asked again soon.
        let until = (at + self.ttl).max(Instant::now() + RETRY_AFTER.min(self.ttl));
        Ok(Read { value, until })
    }
}

impl Path {
    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn younger(&self, age_max: Duration) -> Option<(Arc<Fields>, Instant)> {
        self.known().read.clone().filter(|(_, at)| at.elapsed() < age_max)
    }

    /// What may be used while the server is down.
    fn stale(&self) -> Option<(Arc<Fields>, Instant)> {
        self.younger(STALE_MAX)
    }

    fn failed_lately(&self) -> Option<OpenBaoProblem> {
        let known = self.known();
        known.failed.as_ref().filter(|(_, at)| at.elapsed() < RETRY_AFTER).map(|(problem, _)| problem.clone())
    }
}

#[cfg(test)]
impl Path {
    /// As if what is known had been read, and had failed, that much earlier.
    fn age_for_test(&self, by: Duration) {
        let mut known = self.known();
        known.read = known.read.take().map(|(fields, at)| (fields, at.checked_sub(by).unwrap()));
        known.failed = known.failed.take().map(|(problem, at)| (problem, at.checked_sub(by).unwrap()));
    }
}

#[cfg(test)]
mod tests;
