//! A store that is not opened: for a host that is composed only to be looked at. It makes no file and keeps nothing.

use bytes::Bytes;
use jackfield_core::port::{BoxFuture, Bucket, Entry, Expect, Log, Store, StoreError, Versioned};

/// Answers everything with `Unavailable`.
#[derive(Clone, Copy, Debug)]
pub struct Closed;

fn closed() -> StoreError {
    StoreError::Unavailable("it was not opened".to_owned())
}

impl Store for Closed {
    fn get<'a>(&'a self, _: Bucket, _: &'a str) -> BoxFuture<'a, Result<Option<Versioned>, StoreError>> {
        Box::pin(async { Err(closed()) })
    }

    fn put<'a>(&'a self, _: Bucket, _: &'a str, _: Bytes, _: Expect) -> BoxFuture<'a, Result<u64, StoreError>> {
        Box::pin(async { Err(closed()) })
    }

    fn delete<'a>(&'a self, _: Bucket, _: &'a str, _: Expect) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async { Err(closed()) })
    }

    fn keys<'a>(&'a self, _: Bucket, _: &'a str) -> BoxFuture<'a, Result<Vec<String>, StoreError>> {
        Box::pin(async { Err(closed()) })
    }

    fn append(&self, _: Log, _: Bytes) -> Result<(), StoreError> {
        Err(closed())
    }

    fn flush(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        // Nothing was taken, so nothing waits.
        Box::pin(async { Ok(()) })
    }

    fn trim(&self, _: Log, _: u64) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async { Err(closed()) })
    }

    fn entries<'a>(&'a self, _: Log, _: u64, _: usize) -> BoxFuture<'a, Result<Vec<Entry>, StoreError>> {
        Box::pin(async { Err(closed()) })
    }
}
