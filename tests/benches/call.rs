//! What a fresh instance per call costs: two guests called straight through the sandbox, no HTTP around them and nothing
//! behind their ports. Prints a table; asserts nothing about time.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hdrhistogram::Histogram;
use jackfield_core::budget::Limits;
use jackfield_core::call::{Call, CallContext, WriteGate, WriteOutcome};
use jackfield_core::failure::{Failure, FailureKind};
use jackfield_core::grant::{ConnectionGrant, Grant, Granted, NetworkPolicy, OutboundRequest, Subject};
use jackfield_core::manifest::{Access, Manifest};
use jackfield_core::port::{
    Answered, BoxFuture, Cache, Egress, GuestLog, HmacAlgorithm, Intents, LogLevel, Secrets, SendError, TooLarge,
    UpstreamResponse,
};
use jackfield_sandbox::{Connector, Invocation, Ports, Sandbox, SandboxConfig};
use jackfield_tests::guests;
use tokio::runtime::Runtime;
use zeroize::Zeroizing;

/// Calls in one round, one after the other.
const CALLS: usize = 5_000;
/// Rounds per guest; the table shows the median round.
const ROUNDS: usize = 5;

/// What `healthy` reads and gives back; `state` reads nothing.
const INPUT: &str = r#"{"requests": 0, "order_number": "1001", "proof": {"email": "ada@example.com", "postal_code": "1010"},
    "note": "a sentence of the length that people write when they ask where their parcel is, more or less"}"#;

/// Ports behind which there is nobody: no guest here asks for anything.
struct Nobody;

impl Egress for Nobody {
    fn send<'a>(
        &'a self,
        _: Granted<OutboundRequest>,
        _: &'a CallContext,
    ) -> BoxFuture<'a, Result<UpstreamResponse, SendError>> {
        Box::pin(async { Err(SendError::Denied("nobody is there".to_owned())) })
    }
}

impl Secrets for Nobody {
    fn hmac<'a>(
        &'a self,
        _: &'a CallContext,
        _: &'a str,
        _: HmacAlgorithm,
        _: &'a [u8],
    ) -> BoxFuture<'a, Result<Vec<u8>, String>> {
        Box::pin(async { Err("nobody is there".to_owned()) })
    }

    fn reveal<'a>(&'a self, _: &'a CallContext, _: &'a str) -> BoxFuture<'a, Result<Zeroizing<String>, String>> {
        Box::pin(async { Err("nobody is there".to_owned()) })
    }

    fn scrub<'t>(&self, text: &'t str) -> Cow<'t, str> {
        Cow::Borrowed(text)
    }
}

impl Cache for Nobody {
    fn get(&self, _: &str, _: &str) -> Option<Bytes> {
        None
    }

    fn put(&self, _: &str, _: &str, _: Bytes, _: u32) -> Result<(), TooLarge> {
        Err(TooLarge)
    }

    fn delete(&self, _: &str, _: &str) {}
}

impl Intents for Nobody {
    fn call<'a>(&'a self, _: &'a CallContext, _: &'a Call, _: String, _: String) -> BoxFuture<'a, Answered> {
        Box::pin(async {
            let result = Err(Failure::new(FailureKind::Unsupported, "nobody is there"));
            Answered { result, write_outcome: WriteOutcome::None }
        })
    }
}

impl GuestLog for Nobody {
    fn write(&self, _: &CallContext, _: LogLevel, _: &str, _: &[(String, String)]) {}
}

/// A connection of one guest: what a host has in hand before a call comes.
struct Connection {
    connector: Arc<Connector>,
    ports: Arc<Ports>,
    grant: Arc<Grant>,
    limits: Arc<Limits>,
    input: &'static str,
}

impl Connection {
    fn new(sandbox: &Sandbox, name: &str, input: &'static str) -> Connection {
        let connection = ConnectionGrant {
            name: "bench",
            tenant: "acme",
            subject: Subject::Connection,
            place: "jackfield.toml:1",
            settings: &serde_json::json!({}),
            access: Access::Read,
            auth: &BTreeMap::new(),
            secrets: &BTreeMap::new(),
            network: NetworkPolicy::default(),
        };
        let manifest = Manifest::parse(&guests::manifest(name)).expect("the manifest of a guest");
        let nobody = || Arc::new(Nobody);
        let ports = Ports { egress: nobody(), secrets: nobody(), cache: nobody(), intents: nobody(), log: nobody() };
        Connection {
            connector: sandbox.load(&guests::package(name)).expect("it loads"),
            ports: Arc::new(ports),
            grant: Arc::new(Grant::resolve(&manifest, &connection).expect("a grant")),
            limits: Arc::new(Limits::default()),
            input,
        }
    }

    fn invocation(&self) -> Invocation {
        Invocation {
            call: Call {
                intent: "bench.run".to_owned(),
                input: self.input.to_owned(),
                settings: "{}".into(),
                user: None,
                locale: "en".to_owned(),
                time_zone: "UTC".to_owned(),
                now_ms: 1_700_000_000_000,
                idempotency_key: None,
            },
            context: CallContext {
                call_id: "call-1".into(),
                connection: "bench".into(),
                tenant: "demo".into(),
                deadline: Instant::now() + Duration::from_secs(60),
                user: None,
                traceparent: None,
                ancestors: Arc::new([]),
                gate: WriteGate::default(),
            },
            grant: self.grant.clone(),
            limits: self.limits.clone(),
            permit: None,
        }
    }

    /// One round: nanoseconds per call, from the invocation in hand to the answer in hand.
    async fn round(&self) -> Histogram<u64> {
        let mut times = Histogram::new_with_bounds(1, 60_000_000_000, 3).expect("these bounds are fine");
        for _ in 0..CALLS {
            let invocation = self.invocation();
            let begun = Instant::now();
            let completed = self.connector.handle(&self.ports, invocation).await;
            let taken = begun.elapsed();
            completed.result.expect("the guest answers");
            times.saturating_record(u64::try_from(taken.as_nanos()).unwrap_or(u64::MAX));
        }
        times
    }
}

fn main() {
    // `cargo test --benches` passes this; a bench is no test.
    if std::env::args().any(|a| a == "--test") {
        return;
    }
    let runtime = Runtime::new().expect("a runtime");
    println!("{CALLS} calls one after the other, median of {ROUNDS} rounds\n");
    println!("| memory kept resident | guest | initial memory KiB | p50 us | p99 us |");
    println!("|---|---|---|---|---|");
    let configured = SandboxConfig { calls_in_flight_max: 1_000, ..SandboxConfig::default() };
    let resident = SandboxConfig { memory_keep_resident: 2 << 20, ..configured.clone() };
    for (label, config) in [("as configured", configured), ("2 MiB", resident)] {
        let sandbox = Sandbox::new(&config).expect("a sandbox");
        for (name, input) in [("state", "null"), ("healthy", INPUT)] {
            let connection = Connection::new(&sandbox, name, input);
            let memory = connection.connector.initial_memory_bytes() >> 10;
            let (p50, p99) = runtime.block_on(measured(&connection));
            println!("| {label} | {name} | {memory} | {p50:.1} | {p99:.1} |");
        }
    }
}

/// The round of the median p50: its p50 and its p99, in microseconds.
async fn measured(connection: &Connection) -> (f64, f64) {
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let times = connection.round().await;
        rounds.push((times.value_at_quantile(0.5), times.value_at_quantile(0.99)));
    }
    rounds.sort_unstable();
    let (p50, p99) = rounds[ROUNDS / 2];
    let us = |ns: u64| Duration::from_nanos(ns).as_secs_f64() * 1e6;
    (us(p50), us(p99))
}
