//! The test stand: one sandbox, the guests from disk, and ports that remember what reached them.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use jackfield_core::budget::Limits;
use jackfield_core::call::{Call, CallContext, WriteGate, WriteOutcome};
use jackfield_core::failure::{Failure, FailureKind};
use jackfield_core::grant::{ConnectionGrant, Grant, Granted, NetworkPolicy, OutboundRequest, Subject};
use jackfield_core::manifest::{Access, Manifest};
use jackfield_core::port::{
    Answered, BoxFuture, Cache, Egress, GuestLog, HmacAlgorithm, Intents, LogLevel, Secrets, SendError, TooLarge,
    UpstreamResponse,
};
use jackfield_core::settle::Settlement;
use jackfield_sandbox::{Completed, Connector, Ended, Fault, Invocation, Ports, Sandbox, SandboxConfig, embed};
use zeroize::Zeroizing;

pub(crate) const MANIFEST: &str = r#"
id = "probe"
version = "0.1.0"
title = "Probe"
vendor_api = "2026-01"
intents = ["probe.run"]
calls = ["order.status"]

[endpoint.api]
base_url = "https://api.example.com"
allow = [
    "read GET /orders/*",
    "read GET /slow",
    "read GET /huge",
    "write POST /slow",
    "write POST /orders",
    "write POST /broken/*",
]

[[secret]]
name = "signing_key"
purpose = "signs"
hmac = true

[[secret]]
name = "token"
purpose = "is shown"

[[secret]]
name = "hidden"
purpose = "is not shown"
"#;

/// How often a message is gone over for its digest.
const HASHING_ROUNDS: u64 = 50;

/// The value behind every secret of the stand.
pub(crate) const SECRET: &str = "s3cr3t-v4lue";

pub(crate) fn package_json(contract: &str) -> String {
    package_of(contract, "read", &[])
}

fn package_of(contract: &str, effect: &str, settles: &[&str]) -> String {
    serde_json::json!({
        "format": 1,
        "contract": contract,
        "manifest": MANIFEST,
        "settles": settles,
        "intents": [{
            "name": "probe.run", "effect": effect, "title": "Probe", "description": "Does as it is told.",
            "input_schema": true, "output_schema": true, "template": null,
        }],
    })
    .to_string()
}

/// A component as it was built, without a package.
pub(crate) fn guest(name: &str) -> Vec<u8> {
    let built = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../dist/guests"));
    let dir = std::env::var_os("JACKFIELD_GUESTS").map_or(built, PathBuf::from);
    let path = dir.join(format!("{name}.wasm"));
    std::fs::read(&path).unwrap_or_else(|e| {
        panic!(
            "`{}`: {e}; build the guests with `make guests`, or name their folder in JACKFIELD_GUESTS",
            path.display()
        )
    })
}

pub(crate) fn packaged(name: &str) -> Vec<u8> {
    let package = match name {
        "contract-1-0" => package_of("1.0.0", "create", &["probe.run"]),
        "settler" => package_of("1.1.0", "create", &["probe.run"]),
        _ => package_json("1.1.0"),
    };
    embed(&guest(name), package.as_bytes()).unwrap()
}

pub(crate) fn small() -> SandboxConfig {
    SandboxConfig { calls_in_flight_max: 32, ..SandboxConfig::default() }
}

static SANDBOX: LazyLock<Sandbox> = LazyLock::new(|| Sandbox::new(&small()).unwrap());

/// Compiled once for all tests.
pub(crate) fn connector(name: &str) -> Arc<Connector> {
    static LOADED: Mutex<BTreeMap<String, Arc<Connector>>> = Mutex::new(BTreeMap::new());
    let mut loaded = LOADED.lock().unwrap_or_else(|e| e.into_inner());
    loaded.entry(name.to_owned()).or_insert_with(|| SANDBOX.load(&packaged(name)).unwrap()).clone()
}

/// One line of the guest's log: level, message, fields.
type Line = (LogLevel, String, Vec<(String, String)>);

/// What reached the ports.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) sent: Mutex<Vec<String>>,
    pub(crate) open: AtomicUsize,
    pub(crate) open_max: AtomicUsize,
    pub(crate) lines: Mutex<Vec<Line>>,
    pub(crate) kept: Mutex<HashMap<String, Bytes>>,
    pub(crate) asked: Mutex<Vec<String>>,
    /// How long `/slow` takes; without it, for ever.
    pub(crate) slow: Mutex<Option<Duration>>,
}

/// One test's ports and limits.
pub(crate) struct Stand {
    pub(crate) ports: Arc<Ports>,
    pub(crate) seen: Arc<Seen>,
    pub(crate) limits: Limits,
    pub(crate) access: Access,
}

impl Stand {
    pub(crate) fn new() -> Stand {
        let seen = Arc::new(Seen::default());
        let fake = || Arc::new(Fake(seen.clone()));
        let ports = Ports { egress: fake(), secrets: fake(), cache: fake(), intents: fake(), log: fake() };
        Stand { ports: Arc::new(ports), seen, limits: Limits::default(), access: Access::Write }
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut Limits)) -> Stand {
        change(&mut self.limits);
        self
    }

    pub(crate) fn invocation(&self, input: &str) -> Invocation {
        let secrets = BTreeMap::from([
            ("signing_key".to_owned(), false),
            ("token".to_owned(), true),
            ("hidden".to_owned(), false),
        ]);
        let connection = ConnectionGrant {
            name: "probe-eu",
            tenant: "acme",
            subject: Subject::Connection,
            place: "jackfield.toml:7",
            settings: &serde_json::json!({}),
            access: self.access,
            auth: &BTreeMap::new(),
            secrets: &secrets,
            network: NetworkPolicy::default(),
        };
        let manifest = Manifest::parse(MANIFEST).unwrap();
        Invocation {
            call: Call {
                intent: "probe.run".to_owned(),
                input: input.to_owned(),
                settings: "{}".into(),
                user: None,
                locale: "en".to_owned(),
                time_zone: "UTC".to_owned(),
                now_ms: 1_700_000_000_000,
                idempotency_key: None,
            },
            context: CallContext {
                call_id: "call-1".into(),
                connection: "probe-eu".into(),
                tenant: "acme".into(),
                deadline: Instant::now() + Duration::from_secs(60),
                user: None,
                traceparent: None,
                ancestors: Arc::new([]),
                gate: WriteGate::default(),
            },
            grant: Arc::new(Grant::resolve(&manifest, &connection).unwrap()),
            limits: Arc::new(self.limits.clone()),
            permit: None,
        }
    }

    pub(crate) async fn call(&self, name: &str, input: &str) -> Completed<String> {
        connector(name).handle(&self.ports, self.invocation(input)).await
    }

    /// A look at what became of a write, as a host asks for it.
    pub(crate) async fn settle(&self, name: &str, input: &str) -> Completed<Settlement> {
        let mut invocation = self.invocation(input);
        invocation.grant = Arc::new(invocation.grant.looking_back());
        invocation.call.idempotency_key = Some("k-1".to_owned());
        connector(name).settle(&self.ports, invocation).await
    }

    /// The answer as JSON, where there must be one.
    pub(crate) async fn answer(&self, name: &str, input: &str) -> serde_json::Value {
        let completed = self.call(name, input).await;
        let text = completed.result.unwrap_or_else(|ended| panic!("{name} did not answer: {ended}"));
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("{name} answered `{text}`: {e}"))
    }

    /// The fault, where there must be one, while a healthy guest beside it answers.
    pub(crate) async fn fault(&self, name: &str, input: &str) -> Fault {
        let healthy = Stand::new();
        let (completed, ()) = tokio::join!(self.call(name, input), healthy.is_served());
        healthy.is_served().await;
        match completed.result {
            Err(Ended::Fault(fault)) => fault,
            other => panic!("{name} ended as {other:?}"),
        }
    }

    pub(crate) async fn is_served(&self) {
        let answer = self.answer("healthy", r#"{"requests": 1}"#).await;
        assert_eq!(answer["answers"][0]["status"], 200);
    }
}

struct Fake(Arc<Seen>);

/// Counts requests under way, also when they are dropped.
struct Open<'s>(&'s Seen);

impl<'s> Open<'s> {
    fn new(seen: &'s Seen) -> Self {
        let open = seen.open.fetch_add(1, SeqCst) + 1;
        seen.open_max.fetch_max(open, SeqCst);
        Open(seen)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, SeqCst);
    }
}

impl Egress for Fake {
    fn send<'a>(
        &'a self,
        request: Granted<OutboundRequest>,
        context: &'a CallContext,
    ) -> BoxFuture<'a, Result<UpstreamResponse, SendError>> {
        Box::pin(async move {
            assert_eq!(&*context.connection, "probe-eu");
            let _open = Open::new(&self.0);
            self.0.sent.lock().unwrap().push(format!("{} {}", request.value().method, request.url()));
            let path = request.value().path.as_str();
            let body = match path {
                "/slow" => {
                    let slow = *self.0.slow.lock().unwrap();
                    match slow {
                        Some(slow) => tokio::time::sleep(slow).await,
                        None => std::future::pending().await,
                    }
                    Bytes::from_static(b"at last")
                }
                "/huge" => Bytes::from(vec![b'x'; 9 << 20]),
                "/broken/sent" => return Err(SendError::Timeout { sent: true }),
                "/broken/unsent" => {
                    return Err(SendError::Unavailable { detail: "no route".to_owned(), sent: false });
                }
                "/broken/private" => {
                    return Err(SendError::Denied(
                        "`api.example.com` is at 10.0.0.1, which is private; \
                         jackfield.toml:7: set `allow_addresses = [\"10.0.0.1/32\"]` in `[connection.probe-eu]`"
                            .to_owned(),
                    ));
                }
                "/broken/refused" => return Err(SendError::Denied("the address is private".to_owned())),
                "/broken/status" => {
                    return Ok(UpstreamResponse { status: 500, headers: Vec::new(), body: Bytes::new() });
                }
                _ => {
                    // The later ones answer first: order must come from the request, not from the answer.
                    let n: u64 = path.rsplit('/').next().and_then(|n| n.parse().ok()).unwrap_or(0);
                    tokio::time::sleep(Duration::from_millis(40u64.saturating_sub(n))).await;
                    Bytes::from(format!("{{\"id\":{n}}}"))
                }
            };
            let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
            Ok(UpstreamResponse { status: 200, headers, body })
        })
    }
}

impl Secrets for Fake {
    fn hmac<'a>(
        &'a self,
        context: &'a CallContext,
        name: &'a str,
        _: HmacAlgorithm,
        message: &'a [u8],
    ) -> BoxFuture<'a, Result<Vec<u8>, String>> {
        assert_eq!(&*context.connection, "probe-eu");
        Box::pin(async move {
            // Hashing takes time, which somebody must be charged for.
            for round in 0..HASHING_ROUNDS {
                std::hint::black_box(message.iter().fold(round, |sum, byte| sum.wrapping_mul(31) ^ u64::from(*byte)));
            }
            Ok([name.as_bytes(), message].concat())
        })
    }

    fn reveal<'a>(&'a self, _: &'a CallContext, _: &'a str) -> BoxFuture<'a, Result<Zeroizing<String>, String>> {
        Box::pin(async { Ok(Zeroizing::new(SECRET.to_owned())) })
    }

    fn scrub<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if text.contains(SECRET) { Cow::Owned(text.replace(SECRET, "[secret]")) } else { Cow::Borrowed(text) }
    }
}

impl Cache for Fake {
    fn get(&self, connection: &str, key: &str) -> Option<Bytes> {
        self.0.kept.lock().unwrap().get(&format!("{connection}/{key}")).cloned()
    }

    fn put(&self, connection: &str, key: &str, value: Bytes, ttl_ms: u32) -> Result<(), TooLarge> {
        assert_eq!(ttl_ms, 60_000);
        if key.len() > 8 {
            return Err(TooLarge);
        }
        self.0.kept.lock().unwrap().insert(format!("{connection}/{key}"), value);
        Ok(())
    }

    fn delete(&self, connection: &str, key: &str) {
        self.0.kept.lock().unwrap().remove(&format!("{connection}/{key}"));
    }
}

impl Intents for Fake {
    fn call<'a>(
        &'a self,
        parent: &'a CallContext,
        caller: &'a Call,
        intent: String,
        input: String,
    ) -> BoxFuture<'a, Answered> {
        Box::pin(async move {
            let line = format!("{} asks {intent} with {input} for {}", caller.intent, parent.tenant);
            self.0.asked.lock().unwrap().push(line);
            match input.as_str() {
                "\"missing\"" => {
                    let result = Err(Failure::new(FailureKind::NotFound, "table `orders` has no such row"));
                    Answered { result, write_outcome: WriteOutcome::None }
                }
                "\"lost\"" => {
                    let result = Err(Failure::new(FailureKind::Timeout, "no answer"));
                    Answered { result, write_outcome: WriteOutcome::Unknown }
                }
                _ => Answered { result: Ok("{\"status\":\"open\"}".to_owned()), write_outcome: WriteOutcome::Applied },
            }
        })
    }
}

impl GuestLog for Fake {
    fn write(&self, context: &CallContext, level: LogLevel, message: &str, fields: &[(String, String)]) {
        assert_eq!(&*context.call_id, "call-1");
        self.0.lines.lock().unwrap().push((level, message.to_owned(), fields.to_vec()));
    }
}
