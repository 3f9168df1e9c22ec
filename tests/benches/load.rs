//! The load: keep-alive connections that send one request over and over, in a process of its own, so that neither its
//! scheduler nor its computing time is a server's. It reads no more of an answer than it must.

use std::process::Command;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::measure::{histogram, note};

/// The first argument of the process that makes the load.
pub(crate) const ARGUMENT: &str = "--make-load";

/// What is sent, how long, and how fast.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Load {
    /// `127.0.0.1:PORT`.
    pub(crate) address: String,
    /// JSON.
    pub(crate) body: String,
    /// Each has one request at a time.
    pub(crate) connections: usize,
    pub(crate) during: Duration,
    /// Requests a second, all connections together. Without it, as many as are answered.
    pub(crate) rate: Option<f64>,
}

/// What came of it.
pub(crate) struct Answered {
    pub(crate) per_second: f64,
    /// From when a request was due to its whole answer.
    pub(crate) latency: Histogram<u64>,
}

#[derive(Serialize, Deserialize)]
struct Told {
    seconds: f64,
    /// Each latency in nanoseconds with how often it was.
    latency: Vec<(u64, u64)>,
}

impl Load {
    /// Makes it in a process of its own.
    pub(crate) fn run(&self) -> Answered {
        let text = serde_json::to_string(self).expect("a load is JSON");
        let program = std::env::current_exe().expect("this program");
        let output = Command::new(program).args([ARGUMENT, &text]).output().expect("this program runs again");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let told: Told = serde_json::from_slice(&output.stdout).expect("the load tells what came of it");
        let mut latency = histogram();
        for (nanoseconds, times) in told.latency {
            latency.saturating_record_n(nanoseconds, times);
        }
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        Answered { per_second: latency.len() as f64 / told.seconds, latency }
    }
}

/// What the process does: `text` is a [`Load`]; prints what came of it.
pub(crate) fn make(text: &str) {
    let load: Load = serde_json::from_str(text).expect("a load");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (seconds, latency) = runtime.block_on(all(&load));
    let latency = latency.iter_recorded().map(|v| (v.value_iterated_to(), v.count_at_value())).collect();
    println!("{}", serde_json::to_string(&Told { seconds, latency }).expect("it is JSON"));
}

async fn all(load: &Load) -> (f64, Histogram<u64>) {
    let tasks = tokio::task::LocalSet::new();
    tasks
        .run_until(async {
            let begun = Instant::now();
            let one = |at| tokio::task::spawn_local(connection(load.clone(), at, begun));
            let running: Vec<_> = (0..load.connections).map(one).collect();
            let mut latency = histogram();
            for task in running {
                latency.add(task.await.expect("no task panics")).expect("same bounds");
            }
            (begun.elapsed().as_secs_f64(), latency)
        })
        .await
}

async fn connection(load: Load, at: usize, begun: Instant) -> Histogram<u64> {
    let request = format!(
        "POST /v1/intents/clerk.order HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer demo\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{}",
        load.address,
        load.body.len(),
        load.body
    );
    let mut stream = TcpStream::connect(&load.address).await.expect("the server listens");
    stream.set_nodelay(true).expect("a TCP socket");
    let mut latency = histogram();
    let mut buffer = vec![0; 64 << 10];
    #[expect(clippy::cast_precision_loss, reason = "a few connections")]
    let pause = load.rate.map(|rate| Duration::from_secs_f64(load.connections as f64 / rate));
    #[expect(clippy::cast_possible_truncation, reason = "a few connections")]
    let mut due = begun + pause.unwrap_or_default() * at as u32 / load.connections.max(1) as u32;
    while begun.elapsed() < load.during {
        if pause.is_some() {
            tokio::time::sleep_until(due.into()).await;
        } else {
            due = Instant::now();
        }
        stream.write_all(request.as_bytes()).await.expect("the server reads");
        answer(&mut stream, &mut buffer).await;
        note(&mut latency, due.elapsed());
        due += pause.unwrap_or_default();
    }
    latency
}

/// Reads one answer, which must be a success with a length.
async fn answer(stream: &mut TcpStream, buffer: &mut [u8]) {
    let (mut read, mut whole) = (0, usize::MAX);
    while read < whole {
        let more = stream.read(&mut buffer[read..]).await.expect("the server answers");
        assert!(more > 0, "the server closed the connection");
        read += more;
        if whole == usize::MAX
            && let Some(end) = buffer[..read].windows(4).position(|w| w == b"\r\n\r\n")
        {
            let head = String::from_utf8_lossy(&buffer[..end]).to_ascii_lowercase();
            assert!(head.starts_with("http/1.1 200"), "{}", String::from_utf8_lossy(&buffer[..read]));
            let length = head.lines().find_map(|l| l.strip_prefix("content-length: ")).expect("a length");
            whole = end + 4 + length.trim().parse::<usize>().expect("a number");
        }
    }
}
