//! The audit log: records become entries of the store's chained log, one line of JSON each. What stands in a record is
//! decided in `core::audit`; how entries hang together and survive is the store's business.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use jackfield_core::audit::Record;
use jackfield_core::port::{Audit, Log, Store};

/// Writes records into a store.
pub struct AuditLog {
    store: Arc<dyn Store>,
    /// Whether the last record was refused: an outage is one line in the host's log, however many calls it ends.
    is_out: AtomicBool,
}

impl AuditLog {
    /// On a store.
    pub fn new(store: Arc<dyn Store>) -> AuditLog {
        AuditLog { store, is_out: AtomicBool::new(false) }
    }
}

impl Audit for AuditLog {
    fn record(&self, record: &Record) -> Result<(), String> {
        let line = serde_json::to_vec(record).map_err(|error| error.to_string())?;
        match self.store.append(Log::Audit, Bytes::from(line)) {
            Ok(()) => {
                if self.is_out.swap(false, Ordering::Relaxed) {
                    tracing::info!("the audit log takes records again");
                }
                Ok(())
            }
            Err(error) => {
                if !self.is_out.swap(true, Ordering::Relaxed) {
                    tracing::error!(%error, "the audit log takes no records: calls that need a credential are refused");
                }
                Err(error.to_string())
            }
        }
    }
}

/// A digest as people note it: hexadecimal.
pub fn hex(digest: &[u8; 32]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
