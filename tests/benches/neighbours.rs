//! What a connector that misbehaves without a pause costs the one beside it: a host as a process of its own, one caller
//! of the healthy connector, and one of each misbehaviour in turn, after one that behaves. Prints a table with ratios to
//! the quiet rounds between them; asserts nothing about time. That the neighbour is answered at all, and rightly, is tested in `tests/it`.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use jackfield_tests::{Client, Process, Stub, guests};
use serde_json::{Value, json};

/// Length of one round.
const ROUND: Duration = Duration::from_secs(1);
/// Rounds beside each of the others, a quiet one before each.
const ROUNDS: usize = 4;

const LIMITS: &str = "limits = { wall_ms = 2000, cpu_ms = 500 }";

/// Guest, input and what it is called in the table.
fn others() -> [(&'static str, Value, &'static str); 13] {
    [
        // What any second caller costs on this machine: the measure for the rest.
        ("healthy", json!({ "requests": 1 }), "behaves"),
        ("loop", json!({}), "computes for ever"),
        ("vandal", json!({ "do": "loop-allocating" }), "allocates for ever"),
        ("vandal", json!({ "do": "loop-asking" }), "asks the host for ever"),
        ("grow", json!({}), "takes 64 MiB"),
        ("recurse", json!({}), "recurses"),
        ("flood", json!({}), "answers 100 MB"),
        ("logger", json!({}), "logs lines of 1 MB"),
        ("vandal", json!({ "do": "stderr", "n": 25_000 }), "writes 100 MB to standard error"),
        ("vandal", json!({ "do": "deep", "n": 400_000 }), "answers 400,000 levels deep"),
        ("vandal", json!({ "do": "wide", "n": 400_000 }), "answers 400,000 numbers"),
        ("vandal", json!({ "do": "pollables", "n": 1_500 }), "hoards handles"),
        ("panic", json!({}), "panics"),
    ]
}

fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000, 3).expect("these bounds are fine")
}

/// Latency of the neighbour over one round, in microseconds.
async fn measure(client: &Client) -> Histogram<u64> {
    let begun = Instant::now();
    let mut latency = histogram();
    while begun.elapsed() < ROUND {
        let asked = Instant::now();
        assert_eq!(client.ask("healthy.run", json!({ "requests": 1 })).await.status, 200);
        latency.saturating_record(u64::try_from(asked.elapsed().as_micros()).unwrap_or(u64::MAX));
    }
    latency
}

/// The same while the other asks without a pause, with the number of calls that it got to.
async fn measure_beside(client: &Client, guest: &'static str, input: &Value) -> (Histogram<u64>, u64) {
    let over = Arc::new(AtomicBool::new(false));
    let other = tokio::spawn({
        let (client, over, input) = (Client::new(client.base(), "demo"), over.clone(), input.clone());
        async move {
            let mut calls = 0;
            while !over.load(Relaxed) {
                let status = client.ask(&format!("{guest}.run"), input.clone()).await.status;
                assert!(status == 502 || status == 200, "{guest}: {status}");
                calls += 1;
            }
            calls
        }
    });
    let latency = measure(client).await;
    over.store(true, Relaxed);
    (latency, other.await.expect("the other caller"))
}

fn main() {
    // `cargo test --benches` passes this; a bench is no test.
    if std::env::args().any(|a| a == "--test") {
        return;
    }
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime").block_on(run());
}

async fn run() {
    let dir = tempfile::tempdir().expect("a directory");
    let upstream = Stub::empty().await.expect("a port");
    let names = ["loop", "vandal", "grow", "recurse", "flood", "logger", "panic", "healthy"];
    let file = dir.path().join("jackfield.toml");
    std::fs::write(&file, guests::config(dir.path(), &names, &upstream.url, LIMITS)).expect("a file");
    let binary = Path::new(env!("CARGO_BIN_EXE_jackfield-under-test"));
    let host = Process::serve_logging(binary, &file, "info,access=warn,guest=off").await.expect("the host starts");
    let client = Client::new(host.client.base(), "demo");
    measure(&client).await;

    println!("one caller of the neighbour beside one of the other, which asks again at once\n");
    println!("| the other | its calls | neighbour p50 us | of quiet | neighbour p99 us | of quiet |");
    println!("|---|---|---|---|---|---|");
    for (guest, input, title) in others() {
        let (mut quiet, mut beside, mut calls) = (histogram(), histogram(), 0);
        for _ in 0..ROUNDS {
            quiet.add(measure(&client).await).expect("same bounds");
            let (latency, more) = measure_beside(&client, guest, &input).await;
            beside.add(latency).expect("same bounds");
            calls += more;
        }
        let row = |quantile: f64| {
            let (quiet, beside) = (quiet.value_at_quantile(quantile), beside.value_at_quantile(quantile));
            #[expect(clippy::cast_precision_loss, reason = "a ratio for people")]
            let ratio = beside as f64 / quiet.max(1) as f64;
            format!("{beside} | {ratio:.2}")
        };
        println!("| {title} | {calls} | {} | {} |", row(0.5), row(0.99));
    }
}
