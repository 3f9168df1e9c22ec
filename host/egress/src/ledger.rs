//! Answers for what the audit log is told of the use of credentials, and that nothing is used while it cannot be told.
//!
//! A record is made when the outcome is known. So the log may be found broken only after a request went out: that
//! record is kept and offered again, and no further request leaves before the log has taken it.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use http::Method;
use jackfield_core::audit::{Event, Record};
use jackfield_core::grant::{EndpointGrant, Granted, OutboundRequest};
use jackfield_core::manifest::Scheme;
use jackfield_core::port::{Audit, SendError};

use crate::clock;

/// Records kept while the log is broken: those of the requests that were under way when it broke.
const UNWRITTEN_MAX: usize = 4096;

/// Whose credential it is.
#[derive(Clone, Copy)]
pub(crate) struct Subject<'s> {
    pub(crate) tenant: &'s str,
    pub(crate) connection: &'s str,
    pub(crate) slot: &'s Arc<str>,
    /// The user's id, where the credential is theirs.
    pub(crate) user: Option<&'s str>,
}

/// The way to the audit log.
pub(crate) struct Ledger {
    audit: Arc<dyn Audit>,
    /// Whether `unwritten` has something in it: the usual answer costs no lock.
    broken: AtomicBool,
    unwritten: Mutex<VecDeque<Record>>,
}

impl Ledger {
    pub(crate) fn new(audit: Arc<dyn Audit>) -> Ledger {
        Ledger { audit, broken: AtomicBool::new(false), unwritten: Mutex::default() }
    }

    /// Whether a credential may be used now.
    ///
    /// # Errors
    /// `Unavailable` while the log does not take what it has to hold.
    pub(crate) fn ready(&self) -> Result<(), SendError> {
        if !self.broken.load(Ordering::Acquire) {
            return Ok(());
        }
        let mut unwritten = self.unwritten.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(record) = unwritten.front() {
            if let Err(why) = self.audit.record(record) {
                return Err(SendError::Unavailable {
                    detail: format!("no credential is used while the audit log does not take records: {why}"),
                    sent: false,
                });
            }
            unwritten.pop_front();
        }
        self.broken.store(false, Ordering::Release);
        Ok(())
    }

    /// Writes down what happened.
    pub(crate) fn note(&self, event: Event, subject: &Subject<'_>, call_id: Option<&str>, outcome: &str) {
        self.write(Record {
            at: clock::now_text(),
            event,
            tenant: subject.tenant.to_owned(),
            connection: subject.connection.to_owned(),
            call_id: call_id.map(str::to_owned),
            user: subject.user.map(str::to_owned),
            outcome: outcome.to_owned(),
        });
    }

    fn write(&self, record: Record) {
        if !self.broken.load(Ordering::Acquire) {
            match self.audit.record(&record) {
                Ok(()) => return,
                Err(why) => tracing::error!(event = "audit.broken", %why, "the audit log does not take records"),
            }
        }
        let mut unwritten = self.unwritten.lock().unwrap_or_else(PoisonError::into_inner);
        if unwritten.len() < UNWRITTEN_MAX {
            unwritten.push_back(record);
        } else {
            tracing::error!(event = "audit.lost", "a record is lost: too many wait for the audit log");
        }
        self.broken.store(true, Ordering::Release);
    }

    /// Begins the use of a credential on a request: whatever becomes of it, also of the caller, there is one record.
    pub(crate) fn using<'l>(
        &'l self,
        granted: &'l Granted<OutboundRequest>,
        method: Method,
        call_id: &'l str,
        user: Option<&'l str>,
    ) -> Using<'l> {
        Using { ledger: self, granted, method, call_id, user, outcome: "cancelled".into() }
    }
}

/// A credential in use.
pub(crate) struct Using<'l> {
    ledger: &'l Ledger,
    granted: &'l Granted<OutboundRequest>,
    /// Of the request itself: it may be one of the host's own beside the granted one.
    method: Method,
    call_id: &'l str,
    user: Option<&'l str>,
    outcome: Cow<'static, str>,
}

impl Using<'_> {
    /// The system answered.
    pub(crate) fn answered(mut self, status: u16) {
        self.outcome = status.to_string().into();
    }

    /// There was no answer.
    pub(crate) fn failed(mut self, error: &SendError) {
        self.outcome = outcome(error).into();
    }
}

impl Drop for Using<'_> {
    fn drop(&mut self) {
        let endpoint = self.granted.endpoint();
        if !is_told_of(endpoint) {
            return;
        }
        let event = Event::CredentialUsed {
            endpoint: endpoint.name.clone(),
            scheme: scheme(&endpoint.scheme).to_owned(),
            secrets: endpoint.scheme.secrets().into_iter().map(str::to_owned).collect(),
            method: self.method.as_str().to_owned(),
            origin: self.granted.url().origin().ascii_serialization(),
        };
        let subject = Subject {
            tenant: endpoint.tenant(),
            connection: endpoint.connection(),
            slot: &endpoint.slot,
            user: self.user,
        };
        self.ledger.note(event, &subject, Some(self.call_id), &self.outcome);
    }
}

/// Whether requests to an endpoint are in the log: without a credential there is no use of one.
pub(crate) fn is_told_of(endpoint: &EndpointGrant) -> bool {
    endpoint.scheme != Scheme::None || !endpoint.placements.is_empty()
}

/// The scheme's name, as the manifest writes it.
fn scheme(scheme: &Scheme) -> &'static str {
    match scheme {
        Scheme::Header { .. } => "header",
        Scheme::Query { .. } => "query",
        Scheme::Bearer { .. } => "bearer",
        Scheme::Basic { .. } => "basic",
        Scheme::OAuth2(_) => "oauth2",
        Scheme::OAuth1(_) => "oauth1",
        Scheme::None => "none",
    }
}

/// Why there was no answer, in one word.
fn outcome(error: &SendError) -> &'static str {
    match error {
        SendError::Denied(_) => "denied",
        SendError::TooLarge { .. } => "too_large",
        SendError::Timeout { .. } => "timeout",
        SendError::Unavailable { .. } => "unavailable",
        SendError::RateLimited { .. } => "rate_limited",
        SendError::ReauthRequired(_) => "reauth_required",
    }
}
