//! What the sandbox and what the host around it cost on the whole path, over HTTP: jackfield against itself with the
//! connector linked in, and against a bare axum handler that does the connector's JSON work. Every server and the load
//! is a process of its own; rounds are interleaved. Prints tables; asserts nothing about time.
//!
//! jackfield does more than the handler for each request: authentication, schemas in and out, masking, scrubbing, text
//! for the user, deadlines, an audit record for each use of a credential.

use std::time::Duration;

use hdrhistogram::Histogram;

mod load;
mod measure;
mod servers;

use load::{Answered, Load};
use measure::{Pace, Spread, micros, spread};
use servers::{Kind, Server};

/// Connections of the load, each with one request at a time.
const CONNECTIONS: usize = 32;

/// The servers that are compared; the others are measured against the last.
const COMPARED: [Kind; 3] = [Kind::Bare, Kind::Linked, Kind::Sandboxed];

/// One server's rounds.
#[derive(Default)]
struct Rounds {
    per_second: Vec<f64>,
    cpu_us: Vec<f64>,
    latency: Option<Histogram<u64>>,
}

impl Rounds {
    fn add(&mut self, answered: Answered, computed: Duration) {
        #[expect(clippy::cast_precision_loss, reason = "figures for people")]
        self.cpu_us.push(computed.as_secs_f64() * 1e6 / answered.latency.len().max(1) as f64);
        self.per_second.push(answered.per_second);
        match &mut self.latency {
            Some(all) => all.add(&answered.latency).expect("same bounds"),
            None => self.latency = Some(answered.latency),
        }
    }

    fn quantile_us(&self, quantile: f64) -> f64 {
        self.latency.as_ref().map_or(0.0, |latency| micros(latency, quantile))
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [load::ARGUMENT, text] => load::make(text),
        [servers::ARGUMENT, kind, upstream] => servers::serve(kind, upstream),
        // `cargo test --benches` passes this; a bench is no test.
        arguments if arguments.contains(&"--test") => {}
        _ => compare(Pace::of_environment()),
    }
}

fn compare(pace: Pace) {
    println!("{}\n", measure::machine());
    let upstream = Server::start(Kind::Upstream, "-");
    let servers: Vec<Server> = COMPARED.iter().map(|kind| Server::start(*kind, &upstream.address)).collect();
    for (work, asks_upstream) in [("local work", false), ("one upstream call", true)] {
        let rounds = measured(pace, &servers, &Plan { asks_upstream, rate: None });
        print(work, &rounds, false);
        // The same rate for all: half of what the slowest of them can do.
        let rate = rounds.last().map_or(0.0, |slowest| spread(slowest.per_second.clone()).median) / 2.0;
        let rounds = measured(pace, &servers, &Plan { asks_upstream, rate: Some(rate) });
        print(&format!("{work}, {rate:.0} requests/s each, which is half of jackfield's most"), &rounds, true);
    }
}

/// What the load of one table is.
struct Plan {
    asks_upstream: bool,
    rate: Option<f64>,
}

fn measured(pace: Pace, servers: &[Server], plan: &Plan) -> Vec<Rounds> {
    let (count, during) = pace.choose((7, Duration::from_secs(3)), (3, Duration::from_secs(1)));
    let load = |server: &Server| Load {
        address: server.address.clone(),
        body: servers::body(plan.asks_upstream),
        connections: CONNECTIONS,
        during,
        rate: plan.rate,
    };
    for server in servers {
        load(server).run();
    }
    let mut rounds: Vec<Rounds> = servers.iter().map(|_| Rounds::default()).collect();
    for _ in 0..count {
        for (server, rounds) in servers.iter().zip(&mut rounds) {
            let before = measure::computed(server.pid());
            let answered = load(server).run();
            rounds.add(answered, measure::computed(server.pid()).saturating_sub(before));
        }
    }
    rounds
}

fn print(title: &str, rounds: &[Rounds], paced: bool) {
    println!("### {title}\n");
    println!(
        "| server | requests/s | spread | of it jackfield has | CPU us a request | p50 us | p99 us | p99 of bare |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    let rate = |rounds: &Rounds| spread(rounds.per_second.iter().copied());
    let own = rounds.last().map_or(0.0, |last| rate(last).median);
    let bare = rounds.first().map_or(0.0, |first| first.quantile_us(0.99));
    for (kind, rounds) in COMPARED.iter().zip(rounds) {
        let Spread { median, low, high } = rate(rounds);
        let cpu = spread(rounds.cpu_us.iter().copied()).median;
        let (p50, p99) = (rounds.quantile_us(0.5), rounds.quantile_us(0.99));
        let share = if paced { "-".to_owned() } else { format!("{:.2}", own / median) };
        println!(
            "| {} | {median:.0} | {low:.0}-{high:.0} | {share} | {cpu:.1} | {p50:.0} | {p99:.0} | {:.1} |",
            kind.name(),
            p99 / bare
        );
    }
    println!();
}
