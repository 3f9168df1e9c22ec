//! What a host keeps: small values that change under a condition, and logs that only grow. One port for an engine in
//! the process and for one that several hosts share, so nothing here is more than both can do.

use bytes::Bytes;

use super::BoxFuture;

/// A namespace of values. Each has one owner in the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bucket {
    /// Access and refresh tokens, sealed by the egress.
    Tokens,
    /// Writes and their answers, kept by the host's dispatch.
    Idempotency,
    /// Confirmations that were used up, kept by the host's dispatch.
    Confirmations,
    /// Writes whose end nobody heard, kept by the host's dispatch until they are settled.
    Settlements,
    /// Answers to reads, kept by the host's dispatch for when the system fails. They may be forgotten.
    Answers,
    /// Calls that were accepted and are not answered yet, kept by the host's calls.
    Jobs,
    /// Calls that were accepted and are answered, kept by the host's calls.
    Calls,
    /// What was taken down for a helpdesk, kept by the host's fallbacks.
    Messages,
}

impl Bucket {
    /// As the engine names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Bucket::Tokens => "tokens",
            Bucket::Idempotency => "idempotency",
            Bucket::Confirmations => "confirmations",
            Bucket::Settlements => "settlements",
            Bucket::Answers => "answers",
            Bucket::Jobs => "jobs",
            Bucket::Calls => "calls",
            Bucket::Messages => "messages",
        }
    }
}

/// A log that only grows. The engine chains its entries: see [`crate::audit::link`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Log {
    /// What was done with whose credential.
    Audit,
}

impl Log {
    /// As the engine names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Log::Audit => "audit",
        }
    }
}

/// A value and which one it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versioned {
    /// Grows with every change of the key, also across a deletion.
    pub revision: u64,
    /// What was put.
    pub value: Bytes,
}

/// Under which condition a value is put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// None.
    Any,
    /// There is no value.
    Absent,
    /// It is still this one: compare and set.
    Revision(u64),
}

/// An entry of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// From 1, without gaps; a log that was trimmed begins later.
    pub sequence: u64,
    /// The digest of everything up to and with this entry.
    pub digest: [u8; 32],
    /// What was appended.
    pub body: Bytes,
}

/// Why the store did not do it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The condition did not hold; nothing changed.
    #[error("somebody else changed it")]
    Conflict,
    /// Its queue is full; nothing changed.
    #[error("the store is behind")]
    Busy,
    /// It cannot be read or written: a full disk, a file that is read-only or broken. For the operator.
    #[error("the store is not usable: {0}")]
    Unavailable(String),
}

/// Keeps what must survive the process.
pub trait Store: Send + Sync {
    /// The value of a key.
    fn get<'a>(&'a self, bucket: Bucket, key: &'a str) -> BoxFuture<'a, Result<Option<Versioned>, StoreError>>;

    /// Changes a key under a condition and gives its new revision. It is durable when this returns.
    fn put<'a>(
        &'a self,
        bucket: Bucket,
        key: &'a str,
        value: Bytes,
        expect: Expect,
    ) -> BoxFuture<'a, Result<u64, StoreError>>;

    /// Forgets a key under a condition. It is durable when this returns.
    fn delete<'a>(&'a self, bucket: Bucket, key: &'a str, expect: Expect) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Keys with this beginning, in order.
    fn keys<'a>(&'a self, bucket: Bucket, prefix: &'a str) -> BoxFuture<'a, Result<Vec<String>, StoreError>>;

    /// Takes an entry into a bounded queue and returns at once; it is written with the next commit.
    ///
    /// # Errors
    /// `Busy` when the queue is full, `Unavailable` after a write failed and none has succeeded since.
    fn append(&self, log: Log, body: Bytes) -> Result<(), StoreError>;

    /// Waits until everything appended before is durable.
    fn flush(&self) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Forgets the entries of a log up to and with this one. The digest of the last of them is kept, so that what is left
    /// can be verified from there. It is durable when this returns; a number that is not there is no error.
    fn trim(&self, log: Log, through: u64) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Entries after a sequence number, the oldest first.
    fn entries<'a>(&'a self, log: Log, after: u64, limit: usize) -> BoxFuture<'a, Result<Vec<Entry>, StoreError>>;
}
