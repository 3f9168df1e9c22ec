//! Ports that remember: what one call asked of the world, what it was answered, and when. Who answers stands behind.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use jackfield_core::call::{Call, CallContext};
use jackfield_core::failure::Failure;
use jackfield_core::grant::{Granted, OutboundRequest};
use jackfield_core::port::{
    Answered, BoxFuture, Cache, Egress, GuestLog, HmacAlgorithm, Intents, LogLevel, Secrets, SendError, TooLarge,
    UpstreamResponse,
};
use jackfield_sandbox::Ports;
use zeroize::Zeroizing;

/// One request to the business system, and what came back.
#[derive(Clone, Debug)]
pub struct Noted {
    /// As the connector sent it.
    pub request: OutboundRequest,
    /// When it was sent, from the beginning of the call.
    pub began: Duration,
    /// How long it took; nothing while it is under way, or when the call ended before.
    pub took: Option<Duration>,
    /// What came back.
    pub answer: Option<Result<UpstreamResponse, SendError>>,
    /// Whether another was under way at the same time.
    pub abreast: bool,
}

/// A question to another connector, and its answer.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) intent: String,
    pub(crate) input: String,
    pub(crate) result: Result<String, Failure>,
}

/// What one call did.
#[derive(Default)]
pub(crate) struct Notes {
    pub(crate) exchanges: Vec<Noted>,
    pub(crate) intents: Vec<Asked>,
    pub(crate) lines: Vec<String>,
    /// Values that the connector was shown.
    pub(crate) revealed: BTreeMap<String, Zeroizing<String>>,
    /// Digests that it was given, by secret.
    pub(crate) digests: BTreeMap<String, BTreeSet<Vec<u8>>>,
}

/// The ports of one call.
pub(crate) struct Journal {
    began: Instant,
    notes: Mutex<Notes>,
    egress: Arc<dyn Egress>,
    secrets: Arc<dyn Secrets>,
    intents: Arc<dyn Intents>,
    cache: Arc<dyn Cache>,
}

impl Journal {
    /// Who answers, and who remembers between calls.
    pub(crate) fn new(behind: &Ports, cache: Arc<dyn Cache>) -> Arc<Journal> {
        Arc::new(Journal {
            began: Instant::now(),
            notes: Mutex::default(),
            egress: behind.egress.clone(),
            secrets: behind.secrets.clone(),
            intents: behind.intents.clone(),
            cache,
        })
    }

    pub(crate) fn ports(self: &Arc<Self>) -> Arc<Ports> {
        Arc::new(Ports {
            egress: self.clone(),
            secrets: self.clone(),
            cache: self.cache.clone(),
            intents: self.clone(),
            log: self.clone(),
        })
    }

    pub(crate) fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a request that leaves.
    fn begin(&self, request: &OutboundRequest) -> usize {
        let mut notes = self.notes();
        let mut abreast = false;
        for other in notes.exchanges.iter_mut().filter(|other| other.answer.is_none()) {
            other.abreast = true;
            abreast = true;
        }
        let began = self.began.elapsed();
        notes.exchanges.push(Noted { request: request.clone(), began, took: None, answer: None, abreast });
        notes.exchanges.len() - 1
    }

    fn end(&self, at: usize, answer: &Result<UpstreamResponse, SendError>) {
        let elapsed = self.began.elapsed();
        if let Some(noted) = self.notes().exchanges.get_mut(at) {
            noted.took = Some(elapsed.saturating_sub(noted.began));
            noted.answer = Some(answer.clone());
        }
    }
}

impl Egress for Journal {
    fn send<'a>(
        &'a self,
        request: Granted<OutboundRequest>,
        context: &'a CallContext,
    ) -> BoxFuture<'a, Result<UpstreamResponse, SendError>> {
        Box::pin(async move {
            let at = self.begin(request.value());
            let answer = self.egress.send(request, context).await;
            self.end(at, &answer);
            answer
        })
    }
}

impl Secrets for Journal {
    fn hmac<'a>(
        &'a self,
        context: &'a CallContext,
        name: &'a str,
        algorithm: HmacAlgorithm,
        message: &'a [u8],
    ) -> BoxFuture<'a, Result<Vec<u8>, String>> {
        Box::pin(async move {
            let digest = self.secrets.hmac(context, name, algorithm, message).await?;
            self.notes().digests.entry(name.to_owned()).or_default().insert(digest.clone());
            Ok(digest)
        })
    }

    fn reveal<'a>(
        &'a self,
        context: &'a CallContext,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Zeroizing<String>, String>> {
        Box::pin(async move {
            let value = self.secrets.reveal(context, name).await?;
            self.notes().revealed.insert(name.to_owned(), value.clone());
            Ok(value)
        })
    }

    fn scrub<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.secrets.scrub(text)
    }
}

impl Intents for Journal {
    fn call<'a>(
        &'a self,
        parent: &'a CallContext,
        caller: &'a Call,
        intent: String,
        input: String,
    ) -> BoxFuture<'a, Answered> {
        Box::pin(async move {
            let answered = self.intents.call(parent, caller, intent.clone(), input.clone()).await;
            self.notes().intents.push(Asked { intent, input, result: answered.result.clone() });
            answered
        })
    }
}

impl GuestLog for Journal {
    fn write(&self, _: &CallContext, level: LogLevel, message: &str, fields: &[(String, String)]) {
        let fields: String = fields.iter().map(|(name, value)| format!(" {name}={value}")).collect();
        self.notes().lines.push(format!("{}: {message}{fields}", format!("{level:?}").to_lowercase()));
    }
}

/// A cache that begins with what a case says, and ends with the call.
#[derive(Default)]
pub(crate) struct CaseCache(Mutex<BTreeMap<String, Bytes>>);

impl CaseCache {
    pub(crate) fn new(entries: impl IntoIterator<Item = (String, Bytes)>) -> CaseCache {
        CaseCache(Mutex::new(entries.into_iter().collect()))
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<String, Bytes>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cache for CaseCache {
    fn get(&self, _: &str, key: &str) -> Option<Bytes> {
        self.entries().get(key).cloned()
    }

    fn put(&self, _: &str, key: &str, value: Bytes, _: u32) -> Result<(), TooLarge> {
        self.entries().insert(key.to_owned(), value);
        Ok(())
    }

    fn delete(&self, _: &str, key: &str) {
        self.entries().remove(key);
    }
}
