//! What thousands of calls that wait for a system which never answers cost the neighbours: a host as a process of its
//! own, two connections, and the latency of the second one before, during and after. Prints a table with ratios within
//! one run; asserts nothing about time. What must hold on any machine is in `tests/it/overload.rs`.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use jackfield::machine;
use jackfield_tests::{Client, Process, Silent, Stub, guests};
use serde_json::json;
use tokio::task::JoinSet;

/// Calls that wait, as the issue has it.
const PARKED: usize = 5_000;
/// Connections of the load generator, each with one request at a time.
const CONNECTIONS: usize = 4;
/// Length of one round of measuring.
const ROUND: Duration = Duration::from_secs(4);
/// Rounds before, during and after.
const ROUNDS: usize = 3;
/// Descriptors that this process has open besides: one for the caller's end and one for the system's end of each call.
const BESIDE: u64 = 256;

fn config(dir: &Path, silent: &str, quick: &str) -> String {
    let room = PARKED + 200;
    let mut config = format!(
        "[server]\nin_flight_max = {room}\ncaller_in_flight_max = {room}\nconnections_max = {}\n[limits]\nwall_ms = 600000\n",
        room + 100
    );
    let bounds = format!(
        "in_flight_max = {PARKED}\nresilience = {{ requests_in_flight_max = {PARKED}, sockets_per_origin_max = {PARKED} }}"
    );
    config += &guests::config(dir, &["healthy"], silent, &bounds);
    let _ = write!(
        config,
        "[connection.quick]\nconnector = \"healthy\"\ntenant = \"demo\"\nallow_insecure = true\n\
         allow_addresses = [\"127.0.0.1/32\"]\n[connection.quick.settings]\nbase_url = {quick:?}\n"
    );
    config
}

async fn ask(client: &Client, connection: &str) -> u16 {
    let body = json!({ "input": { "requests": 1 }, "connection": connection });
    client.post("/v1/intents/healthy.run", &body).await.status
}

/// Latency of the neighbour, in microseconds.
async fn measure(base: &str) -> Histogram<u64> {
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let client = Client::new(base, "demo");
        tasks.spawn(async move {
            let mut latency = histogram();
            while begun.elapsed() < ROUND {
                let asked = Instant::now();
                assert_eq!(ask(&client, "quick").await, 200);
                latency.saturating_record(u64::try_from(asked.elapsed().as_micros()).unwrap_or(u64::MAX));
            }
            latency
        });
    }
    let mut all = histogram();
    for latency in tasks.join_all().await {
        all.add(latency).expect("same bounds");
    }
    all
}

async fn rounds(base: &str) -> Histogram<u64> {
    let mut all = histogram();
    for _ in 0..ROUNDS {
        all.add(measure(base).await).expect("same bounds");
    }
    all
}

fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000, 3).expect("these bounds are fine")
}

/// What the host's process holds.
struct Held {
    resident_kib: u64,
    descriptors: usize,
    mappings: usize,
}

impl Held {
    fn of(process: &Process) -> Held {
        let proc = format!("/proc/{}", process.id().expect("it runs"));
        let status = std::fs::read_to_string(format!("{proc}/status")).unwrap_or_default();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
        Held {
            resident_kib: resident.trim().trim_end_matches(" kB").parse().unwrap_or_default(),
            descriptors: std::fs::read_dir(format!("{proc}/fd")).map(Iterator::count).unwrap_or_default(),
            mappings: std::fs::read_to_string(format!("{proc}/maps"))
                .map(|maps| maps.lines().count())
                .unwrap_or_default(),
        }
    }
}

fn main() {
    // `cargo test --benches` passes this; a bench is no test.
    if std::env::args().any(|a| a == "--test") {
        return;
    }
    let limit = machine::raise_descriptors();
    if limit.is_some_and(|limit| limit < 2 * PARKED as u64 + BESIDE) {
        println!("skipped: {PARKED} calls need more file descriptors than the hard limit allows");
        return;
    }
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime").block_on(run());
}

async fn run() {
    let dir = tempfile::tempdir().expect("a directory");
    let (silent, quick) = (Silent::start().await.expect("a port"), Stub::empty().await.expect("a port"));
    let file = dir.path().join("jackfield.toml");
    std::fs::write(&file, config(dir.path(), &silent.url, &quick.url)).expect("a file");
    let binary = Path::new(env!("CARGO_BIN_EXE_jackfield-under-test"));
    let host = Process::serve_logging(binary, &file, "info,access=warn").await.expect("the host starts");
    let base = host.client.base().to_owned();

    measure(&base).await;
    let (idle, before) = (Held::of(&host), rounds(&base).await);
    let begun = Instant::now();
    let mut parked = JoinSet::new();
    for _ in 0..PARKED {
        let client = Client::new(&base, "demo");
        parked.spawn(async move { ask(&client, "healthy").await });
    }
    while silent.taken() < PARKED {
        assert!(parked.try_join_next().is_none(), "a call ended that should hang:\n{}", host.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let arrival = begun.elapsed();
    let over = ask(&Client::new(&base, "demo"), "healthy").await;
    let (full, during) = (Held::of(&host), rounds(&base).await);
    parked.shutdown().await;
    let metric = "jackfield_connection_in_flight{connection=\"healthy\"} 0";
    while !host.client.get("/metrics").await.raw.contains(metric) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let after = rounds(&base).await;

    println!("{PARKED} calls in flight on a system that never answers; one more is answered {over}");
    println!(
        "they arrived within {:.1} s, {CONNECTIONS} connections measure the neighbour, same cores\n",
        arrival.as_secs_f64()
    );
    println!("| neighbour | requests | p50 us | p99 us | p99 of unloaded |");
    println!("|---|---|---|---|---|");
    let mut unloaded = before.clone();
    unloaded.add(&after).expect("same bounds");
    for (name, latency) in [("before", &before), ("during", &during), ("after", &after)] {
        let (p50, p99) = (latency.value_at_quantile(0.5), latency.value_at_quantile(0.99));
        #[expect(clippy::cast_precision_loss, reason = "a ratio for people")]
        let ratio = p99 as f64 / unloaded.value_at_quantile(0.99) as f64;
        println!("| {name} | {} | {p50} | {p99} | {ratio:.2} |", latency.len());
    }
    let each = full.resident_kib.saturating_sub(idle.resident_kib) / PARKED as u64;
    println!("\nfor each call: {each} KiB resident");
    println!(
        "descriptors {} before, {} during; mappings {} before, {} during",
        idle.descriptors, full.descriptors, idle.mappings, full.mappings
    );
}
