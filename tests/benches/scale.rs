//! What many calls at once and a start cost: memory and memory maps of calls that wait for a business system, beyond what
//! a bare handler needs for them, and the time from the process's start to its first answer. Prints tables; asserts
//! nothing about time.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

mod measure;
mod servers;

use measure::{Pace, spread, status_kib};
use servers::{Kind, Server};

/// Calls that wait, most first: later ones find places that earlier ones have used.
const WAITING: [usize; 3] = [100, 900, 9_500];

/// Sockets that a server needs for one waiting call, its caller's included, and files that everything else needs.
const SOCKETS_PER_CALL: usize = 2;
const FILES_ELSEWHERE: usize = 200;

/// How long a server may take to have all calls under way.
const PATIENCE: Duration = Duration::from_secs(60);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [servers::ARGUMENT, kind, upstream] => servers::serve(kind, upstream),
        // `cargo test --benches` passes this; a bench is no test.
        arguments if arguments.contains(&"--test") => {}
        _ => {
            println!("{}\n", measure::machine());
            waiting();
            starts(Pace::of_environment());
        }
    }
}

fn waiting() {
    let files = files_max();
    println!("### Calls that wait for a business system\n");
    println!("| calls | server | KiB resident a call | beyond the bare handler | maps a call |");
    println!("|---|---|---|---|---|");
    let runtime = Runtime::new().expect("a runtime");
    for calls in WAITING {
        if calls * SOCKETS_PER_CALL + FILES_ELSEWHERE > files {
            println!("| {calls} | not here: a process may open {files} files | | | |");
            continue;
        }
        let mut bare = 0.0;
        for kind in [Kind::Bare, Kind::Sandboxed] {
            // Each alone, so that no place has been used before.
            let upstream = Server::start(Kind::Silent, "-");
            let server = Server::start(kind, &upstream.address);
            // What a first call makes once is not counted.
            runtime.block_on(parked(&server, &upstream, 1));
            let (kib, maps) = (status_kib(server.pid(), "VmRSS"), maps(server.pid()));
            let waiting = runtime.block_on(parked(&server, &upstream, calls));
            #[expect(clippy::cast_precision_loss, reason = "figures for people")]
            let each = |after: u64, before: u64| after.saturating_sub(before) as f64 / calls as f64;
            let (kib, maps) = (each(status_kib(server.pid(), "VmRSS"), kib), each(self::maps(server.pid()), maps));
            println!("| {calls} | {} | {kib:.1} | {:.1} | {maps:.1} |", kind.name(), kib - bare);
            bare = kib;
            drop(waiting);
        }
    }
    println!();
}

/// Connections with a call each, all of which wait for the business system.
async fn parked(server: &Server, upstream: &Server, calls: usize) -> Vec<TcpStream> {
    let begun = Instant::now();
    let before = sockets(upstream.pid());
    let mut streams = Vec::with_capacity(calls);
    for at in 0..calls {
        let request = request(&servers::body(true, at % servers::CONNECTIONS));
        let mut stream = TcpStream::connect(&server.address).await.expect("the server listens");
        stream.write_all(request.as_bytes()).await.expect("the server reads");
        streams.push(stream);
    }
    // Each call has a connection of its own to a system that does not answer.
    while sockets(upstream.pid()) < before + calls {
        assert!(begun.elapsed() < PATIENCE, "{} of {calls} calls are under way", sockets(upstream.pid()) - before);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    streams
}

fn request(body: &str) -> String {
    format!(
        "POST /v1/intents/clerk.order HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer demo\r\ncontent-type: \
         application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// From a process's start to its first answer.
fn starts(pace: Pace) {
    let runtime = Runtime::new().expect("a runtime");
    println!("### From the start of the process to the first answer\n");
    println!("| server | ms | spread |");
    println!("|---|---|---|");
    for kind in [Kind::Bare, Kind::Linked, Kind::Sandboxed] {
        let times = (0..pace.choose(9, 3)).map(|_| {
            let begun = Instant::now();
            let server = Server::start(kind, "127.0.0.1:1");
            runtime.block_on(async {
                let request = request(&servers::body(false, 0));
                let mut stream = TcpStream::connect(&server.address).await.expect("the server listens");
                stream.write_all(request.as_bytes()).await.expect("the server reads");
                let mut answer = String::new();
                stream.read_to_string(&mut answer).await.expect("the server answers");
                assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
            });
            begun.elapsed().as_secs_f64() * 1e3
        });
        let times = spread(times);
        println!("| {} | {:.1} | {:.1}-{:.1} |", kind.name(), times.median, times.low, times.high);
    }
    println!("\njackfield finds its connector in the cache of compiled ones.");
}

/// Files that a process of ours may have open.
fn files_max() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|l| l.strip_prefix("Max open files")).unwrap_or_default();
    line.split_whitespace().next().and_then(|n| n.parse().ok()).unwrap_or(1_024)
}

fn maps(pid: u32) -> u64 {
    std::fs::read_to_string(format!("/proc/{pid}/maps")).unwrap_or_default().lines().count() as u64
}

fn sockets(pid: u32) -> usize {
    std::fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count)
}
