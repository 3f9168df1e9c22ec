//! What the sandbox costs on the whole path: a native axum handler and jackfield do the same JSON work, with and
//! without one upstream call, in interleaved rounds of one run. Prints a table; asserts nothing about time.
//!
//! jackfield does more than the handler on each request (authentication, schema validation in and out, masking,
//! scrubbing, rendering, an access log line that is filtered out): the ratio is the price of all of it.

use std::io::Write as _;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use bytes::Bytes;
use hdrhistogram::Histogram;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use jackfield_tests::{Client, Host, Stub, guests};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// Connections of the load generator, each with one request at a time.
const CONNECTIONS: usize = 32;
/// Rounds per server; the table shows medians.
const ROUNDS: usize = 5;
/// Length of one round.
const ROUND: Duration = Duration::from_secs(2);
/// Calls parked on a slow upstream while memory is measured.
const PARKED: usize = 500;

/// What the guest `healthy` answers, done natively: parse the input, ask upstream, build the reply.
#[derive(Clone)]
struct Native {
    upstream: String,
    pool: Pool<HttpConnector, Full<Bytes>>,
}

async fn native(State(native): State<Native>, Json(body): Json<Value>) -> Json<Value> {
    let input = &body["input"];
    let mut answers = Vec::new();
    for number in 1..=input["requests"].as_u64().unwrap_or_default() {
        let uri = format!("{}/orders/{number}?fields=id%2Cstatus", native.upstream);
        let request = Request::get(uri).header("accept", "application/json").body(Full::default());
        let Ok(request) = request else { continue };
        if let Ok(response) = native.pool.request(request).await {
            let status = response.status().as_u16();
            let bytes = response.into_body().collect().await.map(|c| c.to_bytes()).unwrap_or_default();
            answers.push(json!({ "status": status, "body": String::from_utf8_lossy(&bytes) }));
        }
    }
    Json(json!({ "intent": "healthy.run", "locale": "en", "input": input, "answers": answers }))
}

fn order() -> Response<Full<Bytes>> {
    let order = json!({
        "id": "1001", "status": "shipped", "placed_at": "2026-01-20T15:04:05Z",
        "items": [{ "title": "Blue T-Shirt", "quantity": 1, "price": "19.99" }, { "title": "Black Jeans", "quantity": 1, "price": "59.00" }],
        "tracking": { "carrier": "UPS", "number": "1Z999AA10123456784" },
    });
    Response::new(Full::from(order.to_string()))
}

struct Round {
    per_second: f64,
    latency: Histogram<u64>,
}

/// Closed loop on a runtime of its own, so that the servers' schedulers are not the generator's.
fn load(runtime: &Runtime, base: &str, input: &Value) -> Round {
    let body = json!({ "input": input });
    runtime.block_on(async {
        let begun = Instant::now();
        let mut tasks = Vec::new();
        for _ in 0..CONNECTIONS {
            let (client, body) = (Client::new(base, "demo"), body.clone());
            tasks.push(tokio::spawn(async move {
                let mut latency = new_histogram();
                while begun.elapsed() < ROUND {
                    let asked = Instant::now();
                    let answer = client.post("/v1/intents/healthy.run", &body).await;
                    assert_eq!(answer.status, 200, "{}", answer.raw);
                    latency.saturating_record(u64::try_from(asked.elapsed().as_micros()).unwrap_or(u64::MAX));
                }
                latency
            }));
        }
        let mut latency = new_histogram();
        for task in tasks {
            latency.add(task.await.expect("the load generator does not panic")).expect("same bounds");
        }
        let seconds = begun.elapsed().as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        Round { per_second: latency.len() as f64 / seconds, latency }
    })
}

fn new_histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000, 3).expect("these bounds are fine")
}

fn main() {
    // `cargo test --benches` passes this; a bench is no test.
    if std::env::args().any(|a| a == "--test") {
        return;
    }
    let servers = Runtime::new().expect("a runtime");
    let generator =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let dir = tempfile::tempdir().expect("a directory");
    let (upstream, host, native_url) = servers.block_on(async {
        let upstream = Stub::start(|_| order()).await.expect("a port");
        let config = guests::config(dir.path(), &["healthy"], &upstream.url, "");
        let host = Host::start(&config).await.expect("the host starts");
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let state =
            Native { upstream: upstream.url.clone(), pool: Pool::builder(TokioExecutor::new()).build(connector) };
        let router = Router::new().route("/v1/intents/healthy.run", post(native)).with_state(state);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, router).await });
        (upstream, host, url)
    });

    let local = json!({ "requests": 0, "note": "where is my order 1001?", "lines": ["Blue T-Shirt", "Black Jeans"] });
    let one = json!({ "requests": 1, "note": "where is my order 1001?", "lines": ["Blue T-Shirt", "Black Jeans"] });
    let host_url = host.client.base().to_owned();
    let setups = [
        ("native, local work", native_url.as_str(), &local),
        ("jackfield, local work", host_url.as_str(), &local),
        ("native, one upstream call", native_url.as_str(), &one),
        ("jackfield, one upstream call", host_url.as_str(), &one),
    ];
    let mut rounds: Vec<Vec<Round>> = setups.iter().map(|_| Vec::new()).collect();
    for (_, url, input) in &setups {
        load(&generator, url, input);
    }
    for _ in 0..ROUNDS {
        for (i, (_, url, input)) in setups.iter().enumerate() {
            rounds[i].push(load(&generator, url, input));
        }
    }

    println!("{}", machine());
    println!(
        "{CONNECTIONS} connections, {ROUNDS} interleaved rounds of {ROUND:?}, medians; generator on the same cores\n"
    );
    println!("| server | requests/s | spread | p50 us | p99 us | of native |");
    println!("|---|---|---|---|---|---|");
    let rates: Vec<f64> = rounds.iter().map(|r| median(r.iter().map(|r| r.per_second).collect())).collect();
    for (i, (name, _, _)) in setups.iter().enumerate() {
        let mut all = new_histogram();
        for round in &rounds[i] {
            all.add(&round.latency).expect("same bounds");
        }
        let low = rounds[i].iter().map(|r| r.per_second).fold(f64::MAX, f64::min);
        let high = rounds[i].iter().map(|r| r.per_second).fold(0.0, f64::max);
        let ratio = rates[i] / rates[i - i % 2];
        println!(
            "| {name} | {:.0} | {low:.0}-{high:.0} | {} | {} | {ratio:.2} |",
            rates[i],
            all.value_at_quantile(0.5),
            all.value_at_quantile(0.99)
        );
    }
    println!();
    memory(&servers, dir.path());
    starts(dir.path());
    drop((upstream, host));
}

/// Resident memory of calls that wait for an upstream.
fn memory(servers: &Runtime, dir: &std::path::Path) {
    servers.block_on(async {
        let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", silent.local_addr().expect("an address"));
        let waiting = tokio::spawn(async move {
            let mut kept = Vec::new();
            while let Ok((stream, _)) = silent.accept().await {
                kept.push(stream);
            }
        });
        let host = Host::start(&guests::config(dir, &["healthy"], &url, "")).await.expect("the host starts");
        let before = resident_kib();
        let mut parked = Vec::new();
        for _ in 0..PARKED {
            let client = Client::new(host.client.base(), "demo");
            parked.push(tokio::spawn(async move { client.ask("healthy.run", json!({ "requests": 1 })).await }));
        }
        while host.app.admission.in_flight() < PARKED {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        let each = resident_kib().saturating_sub(before) / PARKED as u64;
        println!("{PARKED} calls parked on a silent upstream: {each} KiB resident each, client and sockets included");
        parked.iter().for_each(tokio::task::JoinHandle::abort);
        waiting.abort();
    });
}

/// Compiling against loading from the cache.
fn starts(dir: &std::path::Path) {
    let package = guests::package("healthy");
    let file = guests::write(dir, "healthy", &package);
    let cache = dir.join("cache");
    std::os::unix::fs::DirBuilderExt::mode(&mut std::fs::DirBuilder::new(), 0o700).create(&cache).expect("a directory");
    let mut times = Vec::new();
    for _ in 0..2 {
        let begun = Instant::now();
        let settings = jackfield_sandbox::SandboxConfig { cache_dir: Some(cache.clone()), ..Default::default() };
        let sandbox = jackfield_sandbox::Sandbox::new(&settings).expect("a sandbox");
        let engine = begun.elapsed();
        let connector = sandbox.load_file(&file).expect("it loads");
        times.push((engine, begun.elapsed() - engine, connector.size()));
    }
    for (what, (engine, load, size)) in ["compiled", "from the cache"].iter().zip(times) {
        println!("start {what}: engine {:.1} ms, connector of {} KiB {:.1} ms", ms(engine), size / 1024, ms(load));
    }
    let _ = std::io::stdout().flush();
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().unwrap_or_default()
}

fn machine() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|l| l.strip_prefix("model name")).unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!(
        "{} cores,{}",
        cores,
        model.trim_start_matches([' ', '\t', ':']).split('@').next().unwrap_or_default().trim_end()
    )
    .replace(",", ", ")
}
