//! The world around one call: ports that answer from a script, and remember what reached them.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use jackfield_core::call::{Call, CallContext, WriteOutcome};
use jackfield_core::failure::{Failure, FailureKind};
use jackfield_core::grant::{Granted, OutboundRequest};
use jackfield_core::manifest::Access;
use jackfield_core::port::{
    Answered, BoxFuture, Cache, Egress, GuestLog, HmacAlgorithm, Intents, LogLevel, Secrets, SendError, TooLarge,
    UpstreamResponse,
};
use jackfield_fixtures::{Answer, Exchange, Fault, Miss, Script, Sent};
use jackfield_sandbox::Ports;
use serde_json::Value;
use zeroize::Zeroizing;

/// What a connector is told when it sends what no fixture expects.
pub(crate) const UNEXPECTED: &str = "not expected by the fixture";

/// The wait in a scripted `rate-limited`, in milliseconds: the same as in the SDK's tests.
const RATE_LIMITED_MS: u32 = 1_000;

/// How strictly the script is kept to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Anything else than the next exchange is a complaint.
    Strict,
    /// Something went wrong before: exchanges may be left out, and what does not fit is only unavailable.
    Lenient,
    /// Values differ: the exchange of the same form answers.
    Loose,
}

/// A request that left the guest and that the grant let through.
#[derive(Clone, Debug)]
pub(crate) struct Left {
    pub(crate) request: OutboundRequest,
    pub(crate) access: Access,
    /// Which exchange answered.
    pub(crate) at: Option<usize>,
}

/// A request that no exchange fits.
#[derive(Clone, Debug)]
pub(crate) struct Unexpected {
    pub(crate) shown: String,
    pub(crate) misses: Vec<Miss>,
}

/// What a case puts on the stage.
#[derive(Clone, Debug, Default)]
pub(crate) struct Props {
    pub(crate) revealed: BTreeMap<String, String>,
    pub(crate) digests: BTreeMap<String, Vec<u8>>,
    pub(crate) cache: HashMap<String, Bytes>,
    pub(crate) intents: Vec<(String, Value, Result<Value, FailureKind>)>,
}

/// What happened on it.
#[derive(Debug)]
pub(crate) struct Scene {
    mode: Mode,
    pub(crate) script: Script,
    pub(crate) left: Vec<Left>,
    pub(crate) unexpected: Vec<Unexpected>,
    pub(crate) unexpected_intents: Vec<String>,
    /// Intents that others were asked for, with their inputs.
    pub(crate) asked: Vec<(String, Value)>,
    pub(crate) lines: Vec<String>,
    props: Props,
}

/// All ports of one call.
pub(crate) struct Stage {
    scene: Mutex<Scene>,
}

impl Stage {
    pub(crate) fn new(mode: Mode, script: Script, props: Props) -> Arc<Stage> {
        let scene = Scene {
            mode,
            script,
            props,
            left: Vec::new(),
            unexpected: Vec::new(),
            unexpected_intents: Vec::new(),
            asked: Vec::new(),
            lines: Vec::new(),
        };
        Arc::new(Stage { scene: Mutex::new(scene) })
    }

    pub(crate) fn ports(self: &Arc<Self>) -> Arc<Ports> {
        Arc::new(Ports {
            egress: self.clone(),
            secrets: self.clone(),
            cache: self.clone(),
            intents: self.clone(),
            log: self.clone(),
        })
    }

    pub(crate) fn scene(&self) -> MutexGuard<'_, Scene> {
        self.scene.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Scene {
    fn answer(&mut self, request: &OutboundRequest, access: Access) -> Result<UpstreamResponse, SendError> {
        let sent = Sent {
            endpoint: &request.endpoint,
            method: request.method.as_str(),
            path: &request.path,
            query: &request.query,
            headers: &request.headers,
            body: request.body.as_deref(),
            idempotent: request.idempotent,
        };
        let taken = match self.mode {
            Mode::Strict => self.script.take(&sent),
            // What came after the fault may be left out, so that it is not a matter of turns.
            Mode::Lenient => self.script.take_where(|exchange| exchange.misfits(&sent).is_empty()).ok_or_else(Vec::new),
            Mode::Loose => self.script.take_where(|exchange| has_form_of(exchange, &sent)).ok_or_else(Vec::new),
        };
        self.left.push(Left { request: request.clone(), access, at: taken.as_ref().ok().copied() });
        match (taken, self.mode) {
            (Ok(at), _) => answer_of(&self.script.exchanges()[at]),
            (Err(misses), Mode::Strict) => {
                self.unexpected.push(Unexpected { shown: sent.shown(), misses });
                Err(SendError::Denied(UNEXPECTED.to_owned()))
            }
            (Err(_), _) => {
                Err(SendError::Unavailable { detail: "nothing is recorded for this request".to_owned(), sent: true })
            }
        }
    }
}

/// What an exchange answers.
pub(crate) fn answer_of(exchange: &Exchange) -> Result<UpstreamResponse, SendError> {
    let said = "said by the fixture".to_owned();
    match exchange.answer() {
        Ok(Answer { status, headers, body }) => Ok(UpstreamResponse { status, headers, body: body.into() }),
        Err(Fault::Timeout) => Err(SendError::Timeout { sent: true }),
        Err(Fault::Unavailable) => Err(SendError::Unavailable { detail: said, sent: true }),
        Err(Fault::RateLimited) => Err(SendError::RateLimited { retry_after_ms: Some(RATE_LIMITED_MS) }),
        Err(Fault::ReauthRequired) => Err(SendError::ReauthRequired(said)),
        Err(Fault::TooLarge) => Err(SendError::TooLarge { limit: 0 }),
        Err(Fault::Denied) => Err(SendError::Denied(said)),
    }
}

/// Whether an exchange is of the same form as a request, whatever the values: method, depth of the path, operation.
fn has_form_of(exchange: &Exchange, sent: &Sent<'_>) -> bool {
    let depth = |path: &str| path.split('/').count();
    let expected = &exchange.request;
    let operation = expected.graphql.as_ref().and_then(|graphql| graphql.operation.as_deref());
    let body = || serde_json::from_slice::<Value>(sent.body.unwrap_or_default()).unwrap_or_default();
    expected.method == sent.method
        && depth(&expected.path) == depth(sent.path)
        && expected.endpoint.as_deref().is_none_or(|endpoint| endpoint == sent.endpoint)
        && operation.is_none_or(|name| {
            let body = body();
            let document = body["query"].as_str().unwrap_or_default();
            jackfield_fixtures::operations(document).any(|known| known == name)
        })
}

impl Egress for Stage {
    fn send<'a>(
        &'a self,
        request: Granted<OutboundRequest>,
        _: &'a CallContext,
    ) -> BoxFuture<'a, Result<UpstreamResponse, SendError>> {
        let answer = self.scene().answer(request.value(), request.access());
        Box::pin(std::future::ready(answer))
    }
}

impl Secrets for Stage {
    fn hmac<'a>(
        &'a self,
        _: &'a CallContext,
        name: &'a str,
        _: HmacAlgorithm,
        _: &'a [u8],
    ) -> BoxFuture<'a, Result<Vec<u8>, String>> {
        let digest = self.scene().props.digests.get(name).cloned();
        Box::pin(std::future::ready(digest.ok_or_else(|| format!("the fixture gives no HMAC of `{name}`"))))
    }

    fn reveal<'a>(&'a self, _: &'a CallContext, name: &'a str) -> BoxFuture<'a, Result<Zeroizing<String>, String>> {
        let value = self.scene().props.revealed.get(name).cloned().map(Zeroizing::new);
        Box::pin(std::future::ready(value.ok_or_else(|| format!("the fixture does not reveal `{name}`"))))
    }

    /// What a fixture calls a secret is none.
    fn scrub<'t>(&self, text: &'t str) -> Cow<'t, str> {
        Cow::Borrowed(text)
    }
}

impl Cache for Stage {
    fn get(&self, _: &str, key: &str) -> Option<Bytes> {
        self.scene().props.cache.get(key).cloned()
    }

    fn put(&self, _: &str, key: &str, value: Bytes, _: u32) -> Result<(), TooLarge> {
        self.scene().props.cache.insert(key.to_owned(), value);
        Ok(())
    }

    fn delete(&self, _: &str, key: &str) {
        self.scene().props.cache.remove(key);
    }
}

impl Intents for Stage {
    fn call<'a>(&'a self, _: &'a CallContext, _: &'a Call, intent: String, input: String) -> BoxFuture<'a, Answered> {
        let mut scene = self.scene();
        let parsed: Value = serde_json::from_str(&input).unwrap_or_default();
        let mode = scene.mode;
        let named = |of: &&(String, Value, Result<Value, FailureKind>)| of.0 == intent;
        let mut all = scene.props.intents.iter().filter(named);
        let known = all.clone().find(|(_, known, _)| *known == parsed);
        // Where something went wrong before, or values differ, the input is another one.
        let known = known.or_else(|| all.next().filter(|_| mode != Mode::Strict));
        let reply = known.map(|(_, _, reply)| reply.clone());
        scene.asked.push((intent.clone(), parsed));
        let result = match reply {
            Some(Ok(output)) => Ok(output.to_string()),
            Some(Err(kind)) => Err(Failure::new(kind, "said by the fixture")),
            None => {
                scene.unexpected_intents.push(format!("{intent} {input}"));
                Err(Failure::new(FailureKind::Denied, UNEXPECTED))
            }
        };
        // A fixture says what was answered, not what was written below.
        Box::pin(std::future::ready(Answered { result, write_outcome: WriteOutcome::None }))
    }
}

impl GuestLog for Stage {
    fn write(&self, _: &CallContext, level: LogLevel, message: &str, fields: &[(String, String)]) {
        let fields: String = fields.iter().map(|(name, value)| format!(" {name}={value}")).collect();
        self.scene().lines.push(format!("{}: {message}{fields}", format!("{level:?}").to_lowercase()));
    }
}
