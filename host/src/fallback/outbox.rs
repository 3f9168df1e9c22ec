//! Keeps what was taken down for a helpdesk, bounded for each tenant and sealed where the host has a vault, and knows
//! what is due. What a message is and what a delivery makes of it is decided by `core::message`.
//!
//! The store is what counts; beside it stands an index in memory, so that nobody reads every message to find the next.
//! It is made anew every now and then, since other hosts and the operator change messages too.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use jackfield_core::digest::{Digest, DigestBuilder};
use jackfield_core::message::{Message, Taken};
use jackfield_core::port::{Audit, Bucket, Expect, Store, StoreError};
use jackfield_egress::{Sealer, Vault};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use super::desk::Desk;
use crate::dispatch::envelope::Unkept;
use crate::dispatch::now_ms;
use crate::error::{Code, Problem};
use crate::metrics::MessageMeter;

/// Deliveries under way at once: a helpdesk that is back should not be run over.
pub const DELIVERIES_MAX: usize = 4;

/// A message at most, in bytes, as it is stored.
const MESSAGE_BYTES_MAX: usize = 256 << 10;

/// The owner of [`Bucket::Messages`].
pub struct Outbox {
    store: Arc<dyn Store>,
    vault: Arc<Vault>,
    index: Mutex<HashMap<String, Entry>>,
    meter: MessageMeter,
    audit: Arc<dyn Audit>,
    /// There may be something to do.
    wake: Notify,
    deliveries: Arc<Semaphore>,
}

/// What the index knows of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    /// The beginning of the key: whose it is.
    tenant: String,
    helpdesk: String,
    state: &'static str,
    is_open: bool,
    bytes: usize,
    /// When something is to be done, in milliseconds since the epoch.
    due_ms: Option<u64>,
    /// Somebody here is at it.
    is_held: bool,
}

/// Who delivers what is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// The worker, as soon as it can.
    No,
    /// Whoever takes it, who lets go of it afterwards.
    Yes,
}

/// Why a message is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Untaken {
    /// The tenant's messages are at their bound.
    #[error("as many messages wait for the helpdesk as may")]
    Full,
    /// The same id stands for another request.
    #[error("something else was taken under this id")]
    Used,
    /// The store takes nothing.
    #[error("{0}")]
    Unkept(Unkept),
}

impl Untaken {
    /// As a caller is told.
    pub fn problem(&self) -> Problem {
        match self {
            Untaken::Full => Problem::new(Code::Overloaded, self.to_string()),
            Untaken::Used => Problem::told(Code::IdempotencyMismatch, "this token was used for something else"),
            Untaken::Unkept(Unkept::Busy) => Problem::new(Code::Overloaded, self.to_string()).retry_after(1_000),
            Untaken::Unkept(_) => Problem::new(Code::Internal, self.to_string()),
        }
    }
}

/// A message that is being written, held by whoever writes it. Were they to go away meanwhile, nobody else would be at it.
struct Held<'o> {
    outbox: &'o Outbox,
    /// `None` once the store has said.
    key: Option<&'o str>,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.outbox.release(key, None);
        }
    }
}

/// What came of looking for room.
enum Reserved {
    /// There is.
    Ours,
    /// It has its room already.
    Known,
    /// There is none.
    Full,
}

/// A message in the store.
pub struct Kept {
    /// The message.
    pub message: Message,
    /// For the next change.
    pub revision: u64,
}

impl Outbox {
    /// In a store. Nothing is read yet.
    pub fn new(store: Arc<dyn Store>, vault: Arc<Vault>, meter: MessageMeter, audit: Arc<dyn Audit>) -> Outbox {
        Outbox {
            store,
            vault,
            index: Mutex::default(),
            meter,
            audit,
            wake: Notify::new(),
            deliveries: Arc::new(Semaphore::new(DELIVERIES_MAX)),
        }
    }

    /// Whether another message of the tenant would be taken.
    pub fn has_room(&self, tenant: &str, desk: &Desk) -> bool {
        fits(&self.index(), &beginning(tenant), desk, 1)
    }

    /// Takes a message down. It is durable when this returns. The same once more is the message that is there. Whoever
    /// waits for it no longer may find it there all the same, and then the worker delivers it.
    ///
    /// # Errors
    /// See [`Untaken`].
    pub async fn take(&self, taken: Taken, desk: &Desk, hold: Hold) -> Result<Message, Untaken> {
        let key = key(&taken.tenant, &taken.id);
        let message = Message::take(taken, now_ms());
        let bytes = self.sealed(&key, &message);
        if bytes.len() > MESSAGE_BYTES_MAX {
            return Err(Untaken::Unkept(Unkept::Unusable(format!("the message is over {MESSAGE_BYTES_MAX} bytes"))));
        }
        // Held while it is not durable, so that nobody delivers what may not be there.
        let entry = Entry { is_held: true, ..Entry::of(&key, &message, bytes.len()) };
        let is_ours = match self.reserve(&key, entry, desk) {
            Reserved::Ours => true,
            Reserved::Known => false,
            Reserved::Full => return self.before(&key, &message, Untaken::Full).await,
        };
        let mut held = is_ours.then(|| Held { outbox: self, key: Some(&key) });
        let put = self.store.put(Bucket::Messages, &key, bytes, Expect::Absent).await;
        if let Some(held) = &mut held {
            held.key = None;
        }
        match put {
            Ok(_) => {
                self.tell(&message, "taken", "ok");
                if hold == Hold::No {
                    self.release(&key, None);
                }
                Ok(message)
            }
            Err(error) => {
                if is_ours {
                    self.note(&key, None);
                }
                match error {
                    StoreError::Conflict => self.before(&key, &message, Untaken::Used).await,
                    error => Err(Untaken::Unkept(error.into())),
                }
            }
        }
    }

    /// The message that was taken before under the same key, if it is for the same.
    async fn before(&self, key: &str, message: &Message, otherwise: Untaken) -> Result<Message, Untaken> {
        match self.get(key).await.map_err(Untaken::Unkept)? {
            Some(kept) if kept.message.fingerprint == message.fingerprint => Ok(kept.message),
            _ => Err(otherwise),
        }
    }

    /// Takes the room that a message needs before it is written, so that many at once keep the bound.
    fn reserve(&self, key: &str, entry: Entry, desk: &Desk) -> Reserved {
        let mut index = self.index();
        if index.contains_key(key) {
            return Reserved::Known;
        }
        if !fits(&index, &entry.tenant, desk, entry.bytes) {
            return Reserved::Full;
        }
        self.meter.stands(&entry.helpdesk, entry.state, 1);
        index.insert(key.to_owned(), entry);
        Reserved::Ours
    }

    /// A message by its key.
    ///
    /// # Errors
    /// When the store does not work, or what it has cannot be read: that is never taken for none.
    pub async fn get(&self, key: &str) -> Result<Option<Kept>, Unkept> {
        let Some(found) = self.store.get(Bucket::Messages, key).await? else { return Ok(None) };
        let message = self.opened(key, &found.value)?;
        self.note(key, Some(Entry::of(key, &message, found.value.len())));
        Ok(Some(Kept { message, revision: found.revision }))
    }

    /// Replaces a message, on condition that it is still that one; its revision. It is durable then.
    ///
    /// # Errors
    /// `Conflict` where somebody else changed it.
    pub async fn put(&self, key: &str, message: &Message, revision: u64) -> Result<u64, Unkept> {
        let bytes = self.sealed(key, message);
        let entry = Entry::of(key, message, bytes.len());
        let revision = self.store.put(Bucket::Messages, key, bytes, Expect::Revision(revision)).await?;
        self.note(key, Some(entry));
        Ok(revision)
    }

    /// Looks at every message: what other hosts and the operator changed is known then, and what is over is deleted.
    ///
    /// # Errors
    /// When the store does not work.
    pub async fn scan(&self) -> Result<(), Unkept> {
        let keys = self.keys().await?;
        let known: HashSet<&String> = keys.iter().collect();
        // What is held is being written at this moment.
        let is_gone = |(key, entry): &(&String, &Entry)| !entry.is_held && !known.contains(*key);
        let gone: Vec<String> = self.index().iter().filter(is_gone).map(|(key, _)| key.clone()).collect();
        gone.iter().for_each(|key| self.note(key, None));
        for key in keys {
            match self.get(&key).await {
                Ok(Some(kept)) if kept.message.is_over(now_ms()) => {
                    if kept.message.state.is_open() {
                        tracing::warn!(
                            reference = kept.message.reference,
                            "a message that nobody looked after is dropped"
                        );
                    }
                    self.store.delete(Bucket::Messages, &key, Expect::Revision(kept.revision)).await.or_else(
                        |error| {
                            // Somebody changed it at this moment: the next look will tell.
                            if error == StoreError::Conflict { Ok(()) } else { Err(error) }
                        },
                    )?;
                    self.note(&key, None);
                }
                Ok(_) => {}
                Err(error @ Unkept::Unusable(_)) => tracing::warn!(%error, "a message is of no use"),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The keys of all messages, for the operator.
    ///
    /// # Errors
    /// When the store does not work.
    pub async fn keys(&self) -> Result<Vec<String>, Unkept> {
        Ok(self.store.keys(Bucket::Messages, "").await?)
    }

    /// Whoever is at a message found that there is none.
    pub(super) fn forget(&self, key: &str) {
        self.note(key, None);
    }

    /// One that is due and that nobody here is at; it is held from now on.
    pub(super) fn next_due(&self, now_ms: u64) -> Option<String> {
        let mut index = self.index();
        let due = |entry: &Entry| entry.due_ms.filter(|due_ms| !entry.is_held && *due_ms <= now_ms);
        let (_, key) = index.iter().filter_map(|(key, entry)| Some((due(entry)?, key.clone()))).min()?;
        index.get_mut(&key)?.is_held = true;
        Some(key)
    }

    /// When something is due that nobody here is at, in milliseconds since the epoch.
    pub(super) fn due_ms(&self) -> Option<u64> {
        self.index().values().filter(|entry| !entry.is_held).filter_map(|entry| entry.due_ms).min()
    }

    /// Lets go of a message, to be looked at again not before a time, where one is given.
    pub(super) fn release(&self, key: &str, not_before_ms: Option<u64>) {
        if let Some(entry) = self.index().get_mut(key) {
            entry.is_held = false;
            entry.due_ms = entry.due_ms.map(|due_ms| due_ms.max(not_before_ms.unwrap_or_default()));
        }
        self.wake.notify_one();
    }

    /// Waits until there may be something to do.
    pub(super) async fn woken(&self) {
        self.wake.notified().await;
    }

    /// A place for a delivery; `None` once the host is going down.
    pub(super) async fn delivery(&self) -> Option<OwnedSemaphorePermit> {
        self.deliveries.clone().acquire_owned().await.ok()
    }

    /// Begins no more deliveries, and waits for those under way.
    pub async fn finish(&self) {
        let all = u32::try_from(DELIVERIES_MAX).unwrap_or(u32::MAX);
        let _ = self.deliveries.acquire_many(all).await;
        self.deliveries.close();
    }

    /// Tells counters and audit log what happened to a message.
    pub fn tell(&self, message: &Message, how: &'static str, outcome: &str) {
        self.meter.happened(&message.helpdesk, how);
        // An audit log that takes nothing has said so itself.
        let _ = self.audit.record(&super::record(message, how, outcome));
    }

    fn index(&self) -> MutexGuard<'_, HashMap<String, Entry>> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Brings the index and the gauges up to what is stored. Who holds a message goes on holding it.
    fn note(&self, key: &str, entry: Option<Entry>) {
        let mut index = self.index();
        let before = index.remove(key);
        if let Some(before) = before.as_ref().filter(|before| before.is_open) {
            self.meter.stands(&before.helpdesk, before.state, -1);
        }
        if let Some(mut entry) = entry {
            if entry.is_open {
                self.meter.stands(&entry.helpdesk, entry.state, 1);
            }
            entry.is_held |= before.is_some_and(|before| before.is_held);
            index.insert(key.to_owned(), entry);
        }
    }

    fn sealed(&self, key: &str, message: &Message) -> Bytes {
        let plain = message.to_bytes();
        Bytes::from(match self.vault.sealer() {
            Some(sealer) => [&[SEALED], sealer.seal(&place(key), &plain).as_slice()].concat(),
            None => [&[PLAIN], plain.as_slice()].concat(),
        })
    }

    fn opened(&self, key: &str, bytes: &[u8]) -> Result<Message, Unkept> {
        let sealer: Option<Arc<Sealer>> = self.vault.sealer();
        let unusable = |why: String| Unkept::Unusable(format!("the message `{key}` cannot be read: {why}"));
        let read = |plain: &[u8]| Message::from_bytes(plain).map_err(|error| unusable(error.to_string()));
        match (bytes.split_first(), sealer) {
            (Some((&PLAIN, plain)), _) => read(plain),
            (Some((&SEALED, sealed)), Some(sealer)) => {
                read(&sealer.open(&place(key), sealed).map_err(|error| unusable(error.to_string()))?)
            }
            (Some((&SEALED, _)), None) => Err(unusable("it is sealed, and there is no vault that opens".to_owned())),
            _ => Err(unusable("it has a form that this host does not know".to_owned())),
        }
    }
}

/// Whether a tenant's messages have room for one more of this size.
fn fits(index: &HashMap<String, Entry>, tenant: &str, desk: &Desk, bytes: usize) -> bool {
    let open = index.values().filter(|entry| entry.tenant == tenant && entry.is_open);
    let (count, taken) =
        open.fold((0, 0_usize), |(count, taken), entry| (count + 1, taken.saturating_add(entry.bytes)));
    count < desk.messages_max && taken.saturating_add(bytes) <= desk.messages_bytes_max
}

impl Entry {
    fn of(key: &str, message: &Message, bytes: usize) -> Entry {
        Entry {
            tenant: key.split('.').next().unwrap_or_default().to_owned(),
            helpdesk: message.helpdesk.clone(),
            state: message.state.as_str(),
            is_open: message.state.is_open(),
            bytes,
            due_ms: message.due_ms(),
            is_held: false,
        }
    }
}

/// The first byte of what is stored: what follows is a message as it is, or a sealed one.
const PLAIN: u8 = 0;
const SEALED: u8 = 1;

/// What a sealed message is bound to: moved under another key it does not open.
fn place(key: &str) -> [&str; 2] {
    ["messages", key]
}

/// Where a message is kept: its tenant's beginning, then its own id.
pub fn key(tenant: &str, id: &Digest) -> String {
    format!("{}.{id}", beginning(tenant))
}

/// The id in a key.
pub(super) fn id_of(key: &str) -> Option<Digest> {
    key.split_once('.')?.1.parse().ok()
}

/// Sixteen digits that stand for a tenant, whose name may hold what a key may not.
fn beginning(tenant: &str) -> String {
    let digest = DigestBuilder::new("messages of").text(tenant).finish().to_string();
    digest.get(..16).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
