//! SIGKILL at random moments under a mixed load: reads, writes with keys, calls that are answered later, and messages for
//! the helpdesk. Whatever was accepted ends, nothing is written twice, and what callers were told is true. What counts is
//! what the business systems received.
//!
//! The load is a bot service as it should be: it asks again with the same key until it has an answer. The seed is
//! printed; `JACKFIELD_CHAOS_SEED` repeats a run as far as two runs can be alike, and `JACKFIELD_CHAOS_CALLS` says how many
//! calls there are.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jackfield_mocks::{Fault, Kind, Mocks};
use jackfield_tests::{Client, Process, demo_config, until};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

mod bot;
mod truth;

use bot::{Asked, Bot, Told};

const BINARY: &str = env!("CARGO_BIN_EXE_jackfield-under-test");
/// Calls, unless the environment says otherwise.
const CALLS: usize = 1_000;
/// Calls that have no end yet, at once: those that a dead host left behind, and what goes on beside them.
const CALLS_AT_ONCE: usize = 256;
/// Requests that the bot has under way at once.
const REQUESTS_AT_ONCE: usize = 24;
/// Calls that end between two kills, at least and at most.
const BETWEEN_KILLS: (u64, u64) = (80, 240);
/// A kill comes so much later, at most: somewhere within whatever is under way.
const KILL_JITTER: Duration = Duration::from_millis(60);

/// A dead host is known to be dead soon, writes are looked for at once, what fails for good is taken down, and no bound
/// stands in the way of the load.
const CONFIG: &str = r#"
[calls]
lease_ms = 1000
[settle]
waits_ms = [100, 500]
sure_after_ms = 2000
give_up_ms = 120000
[intent."stock.check"]
message = "take"
fallback = ["message"]
[connection.demo-help.resilience]
breaker.enabled = false
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigkill_at_any_moment_loses_nothing_that_was_accepted_and_doubles_nothing() {
    let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let count = number("JACKFIELD_CHAOS_CALLS").map_or(CALLS, |count| usize::try_from(count).unwrap());
    let seed = number("JACKFIELD_CHAOS_SEED").unwrap_or_else(|| u64::from(std::process::id()));
    eprintln!("{count} calls, seed {seed}");
    let mut dice = Dice(seed);

    let mocks = Mocks::start(([127, 0, 0, 1], 0).into()).await.unwrap();
    // What people ask this system is what they leave messages about.
    mocks.fault(Fault { status: Some(503), ..Fault::new("sap-s4hana", Kind::Status) });
    let before = mocks.census();
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("jackfield.toml");
    std::fs::write(&config, demo_config(&mocks).unwrap() + CONFIG).unwrap();
    let serve = async || Process::serve_logging(Path::new(BINARY), &config, "info").await.unwrap();

    let began = Instant::now();
    let mut host = serve().await;
    let (current, clients) = watch::channel(host.client.clone());
    let room = Arc::new(Semaphore::new(REQUESTS_AT_ONCE));
    let open = Arc::new(Semaphore::new(CALLS_AT_ONCE));
    let mut calls = JoinSet::new();
    for number in 0..count {
        let bot = Bot { clients: clients.clone(), room: room.clone() };
        let asked = Asked::new(number, dice.roll());
        let open = open.clone();
        calls.spawn(async move {
            let _open = open.acquire().await.unwrap();
            let told = bot.see_through(&asked).await;
            (asked, told)
        });
    }

    let mut told: Vec<(Asked, Told)> = Vec::new();
    let mut kills = 0;
    let mut next = dice.between(BETWEEN_KILLS);
    while let Some(one) = calls.join_next().await {
        told.push(one.unwrap());
        if told.len() as u64 == next {
            // Not on the beat of an answer, but anywhere within whatever is under way.
            tokio::time::sleep(KILL_JITTER.mul_f64(dice.share())).await;
            host.kill().await.unwrap();
            kills += 1;
            next += dice.between(BETWEEN_KILLS);
            host = serve().await;
            current.send_replace(host.client.clone());
        }
    }
    let took = began.elapsed();
    settle(&host.client).await;

    let mut ends: BTreeMap<String, usize> = BTreeMap::new();
    for (asked, told) in &told {
        *ends.entry(format!("{:?}: {}", asked.what, told.word())).or_default() += 1;
    }
    eprintln!("{kills} kills in {took:?}, settled after {:?}: {ends:#?}", began.elapsed());
    let mut wrong = truth::complaints(&mocks, &before, &told);
    wrong.sort_by_key(|why| !why.contains("lost"));
    assert!(kills > 0, "nothing was killed");
    assert!(
        wrong.is_empty(),
        "seed {seed}, {} complaints: {:#?}",
        wrong.len(),
        wrong.iter().take(40).collect::<Vec<_>>()
    );
}

/// Waits until the host owes nobody anything: no message waits, and no write is unsettled.
async fn settle(client: &Client) {
    let owed = |line: &&str| {
        let open = line.starts_with("jackfield_unsettled") || line.starts_with("jackfield_messages_open");
        open && !line.ends_with(" 0")
    };
    until(async || {
        let metrics = client.get("/metrics").await;
        let left: BTreeSet<_> = metrics.raw.lines().filter(owed).collect();
        left.is_empty().then_some(())
    })
    .await;
}

/// SplitMix64 (Steele, Lea and Flood, 2014): as good as a test needs, and the same from the same seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn between(&mut self, (least, most): (u64, u64)) -> u64 {
        least + self.roll() % (most - least)
    }

    /// From 0 to 1.
    fn share(&mut self) -> f64 {
        f64::from(u32::try_from(self.roll() >> 32).unwrap_or_default()) / f64::from(u32::MAX)
    }
}
