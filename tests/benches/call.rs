//! What a fresh instance per call costs: guests called straight through the sandbox, no HTTP around them and nothing
//! behind their ports; and what each of the engine's settings is worth. Prints tables; asserts nothing about time.

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
use jackfield_sandbox::{Connector, Invocation, Ports, Sandbox, SandboxConfig, Variant};
use jackfield_tests::guests;
use tokio::runtime::Runtime;
use zeroize::Zeroizing;

mod measure;
#[path = "../guests/clerk/src/work.rs"]
mod work;

use measure::{Pace, micros, note, spread};

/// Calls in one round, one after the other.
const CALLS: usize = 2_000;

/// What `healthy` and `clerk` read; `state` reads nothing.
const HEALTHY: &str = r#"{"requests": 0, "order_number": "1001", "proof": {"email": "ada@example.com", "postal_code": "1010"},
    "note": "a sentence of the length that people write when they ask where their parcel is, more or less"}"#;
const CLERK: &str = r#"{"order_number": "1001", "email": "ada@example.com", "upstream": false,
    "note": "a sentence of the length that people write when they ask where their parcel is, more or less"}"#;

/// Guests with their intents and inputs: one that does nothing, one without the SDK's arena, one as connectors are.
const GUESTS: [(&str, &str, &str); 3] =
    [("state", "state.run", "null"), ("healthy", "healthy.run", HEALTHY), ("clerk", "clerk.order", CLERK)];

/// The engine's settings that are tried, each alone.
const VARIANTS: [(&str, Variant); 9] = [
    ("as shipped", Variant::Shipped),
    ("no pool", Variant::OnDemand),
    ("pool that keeps nothing resident", Variant::NothingKept),
    ("tables given back", Variant::TablesGivenBack),
    ("page map scanned instead of memory overwritten", Variant::PagemapScan),
    ("component-model concurrency on", Variant::Concurrency),
    ("stacks not overwritten", Variant::StacksAsTheyAre),
    ("images copied, not mapped", Variant::NoCopyOnWrite),
    ("tables filled eagerly", Variant::EagerTables),
];

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
    intent: &'static str,
    input: &'static str,
}

impl Connection {
    fn new(sandbox: &Sandbox, (name, intent, input): (&str, &'static str, &'static str)) -> Connection {
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
            intent,
            input,
        }
    }

    fn invocation(&self) -> Invocation {
        Invocation {
            call: Call {
                intent: self.intent.to_owned(),
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
        let mut times = measure::histogram();
        for _ in 0..CALLS {
            let invocation = self.invocation();
            let begun = Instant::now();
            let completed = self.connector.handle(&self.ports, invocation).await;
            note(&mut times, begun.elapsed());
            completed.result.expect("the guest answers");
        }
        times
    }
}

/// A subject of a table and what was measured of it.
struct Row {
    name: String,
    memory_kib: u64,
    connection: Connection,
    p50_us: Vec<f64>,
    p99_us: Vec<f64>,
    faults: Vec<f64>,
}

impl Row {
    fn new(name: String, connection: Connection) -> Row {
        let memory_kib = connection.connector.initial_memory_bytes() >> 10;
        Row { name, memory_kib, connection, p50_us: Vec::new(), p99_us: Vec::new(), faults: Vec::new() }
    }

    fn measure(&mut self, runtime: &Runtime) {
        let before = faults();
        let times = runtime.block_on(self.connection.round());
        #[expect(clippy::cast_precision_loss, reason = "figures for people")]
        self.faults.push(faults().saturating_sub(before) as f64 / CALLS as f64);
        self.p50_us.push(micros(&times, 0.5));
        self.p99_us.push(micros(&times, 0.99));
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --benches` passes this; a bench is no test.
    if arguments.iter().any(|a| a == "--test") {
        return;
    }
    let runtime = Runtime::new().expect("a runtime");
    // For a profiler: nothing but calls of one guest.
    if let [flag, name, calls] = arguments.as_slice()
        && flag == "--only"
    {
        let guest = *GUESTS.iter().find(|(guest, ..)| guest == name).expect("a guest of this bench");
        let sandbox = Sandbox::new(&config(Variant::Shipped)).expect("a sandbox");
        let connection = Connection::new(&sandbox, guest);
        for _ in 0..calls.parse::<usize>().expect("a number").div_ceil(CALLS) {
            runtime.block_on(connection.round());
        }
        return;
    }
    let rounds = Pace::of_environment().choose(9, 3);
    println!("{}\n", measure::machine());
    println!("{CALLS} calls one after the other, medians of {rounds} interleaved rounds.\n");

    println!("### A call of each guest\n");
    let sandbox = Sandbox::new(&config(Variant::Shipped)).expect("a sandbox");
    let rows = GUESTS.iter().map(|guest| Row::new(guest.0.to_owned(), Connection::new(&sandbox, *guest))).collect();
    print(measured(rows, rounds, &runtime));
    println!("The work of `clerk` done natively: {:.2} us.\n", native());

    println!("### A call of `clerk`, one setting changed\n");
    let mut rows = Vec::new();
    for (name, variant) in VARIANTS {
        match Sandbox::new(&config(variant)) {
            Ok(sandbox) => rows.push(Row::new(name.to_owned(), Connection::new(&sandbox, GUESTS[2]))),
            Err(error) => println!("{name}: not on this machine ({error})\n"),
        }
    }
    print(measured(rows, rounds, &runtime));
}

fn config(variant: Variant) -> SandboxConfig {
    SandboxConfig { calls_in_flight_max: 100, variant, ..SandboxConfig::default() }
}

fn measured(mut rows: Vec<Row>, rounds: usize, runtime: &Runtime) -> Vec<Row> {
    // The first call of a place maps its memory.
    rows.iter().for_each(|row| drop(runtime.block_on(row.connection.round())));
    for _ in 0..rounds {
        rows.iter_mut().for_each(|row| row.measure(runtime));
    }
    rows
}

fn print(rows: Vec<Row>) {
    println!("| | initial memory KiB | p50 us | spread | p99 us | page faults |");
    println!("|---|---|---|---|---|---|");
    for row in rows {
        let (p50, p99, faults) = (spread(row.p50_us), spread(row.p99_us), spread(row.faults));
        println!(
            "| {} | {} | {:.1} | {:.1}-{:.1} | {:.1} | {:.2} |",
            row.name, row.memory_kib, p50.median, p50.low, p50.high, p99.median, faults.median
        );
    }
    println!();
}

/// Microseconds for what `clerk` does, without a guest.
fn native() -> f64 {
    let mut times = measure::histogram();
    for _ in 0..CALLS {
        let begun = Instant::now();
        let input = std::hint::black_box(CLERK);
        let input: work::Input = serde_json::from_str(input).expect("an input");
        assert!(!input.upstream, "nobody is there to be asked for {}", input.order_number);
        let order = serde_json::from_str(std::hint::black_box(work::ORDER)).expect("an order");
        let answer = work::order(&input, order).map(|order| serde_json::to_string(&order).expect("it is JSON"));
        std::hint::black_box(answer);
        note(&mut times, begun.elapsed());
    }
    micros(&times, 0.5)
}

/// Page faults of this process so far that needed no disk.
fn faults() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Behind the name, which may hold anything: state, five ids, flags, minflt.
    let rest = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    rest.split(' ').nth(7).and_then(|n| n.parse().ok()).unwrap_or_default()
}
