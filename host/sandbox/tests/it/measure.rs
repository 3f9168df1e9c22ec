//! What a fresh instance per call costs. Asserts nothing: a machine's speed is no property of the code.
//!
//! `cargo test -p jackfield-sandbox --release -- --ignored --nocapture`

use std::time::{Duration, Instant};

use jackfield_sandbox::{Sandbox, SandboxConfig};

use crate::stand::{Stand, packaged};

const CALLS: usize = 5_000;
const ROUNDS: usize = 5;

const INPUT: &str = r#"{"requests": 0, "order_number": "1001", "proof": {"email": "ada@example.com", "postal_code": "1010"},
    "note": "a sentence of the length that people write when they ask where their parcel is, more or less"}"#;

/// The median round's time per call, and its slowest hundredth.
async fn per_call(sandbox: &Sandbox, name: &str, input: &str, calls: usize) -> (Duration, Duration) {
    let connector = sandbox.load(&packaged(name)).unwrap();
    let stand = Stand::new();
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        // The grant is resolved before: a host does that once per connection, not per call.
        let invocations: Vec<_> = (0..calls).map(|_| stand.invocation(input)).collect();
        let mut times = Vec::with_capacity(calls);
        for invocation in invocations {
            let started = Instant::now();
            connector.handle(&stand.ports, invocation).await.result.unwrap();
            times.push(started.elapsed());
        }
        times.sort_unstable();
        rounds.push((times[calls / 2], times[calls * 99 / 100]));
    }
    rounds.sort_unstable();
    rounds[ROUNDS / 2]
}

#[tokio::test]
#[ignore = "prints figures; asserts nothing"]
async fn time_per_call() {
    for (label, config) in [
        ("as configured", SandboxConfig { calls_in_flight_max: 1_000, ..SandboxConfig::default() }),
        (
            "2 MiB kept resident",
            SandboxConfig { calls_in_flight_max: 1_000, memory_keep_resident: 2 << 20, ..SandboxConfig::default() },
        ),
    ] {
        let sandbox = Sandbox::new(&config).unwrap();
        for (name, input) in [("state", "null"), ("healthy", INPUT)] {
            let connector = sandbox.load(&packaged(name)).unwrap();
            let (median, p99) = per_call(&sandbox, name, input, CALLS).await;
            println!(
                "{label}: {name} ({} KiB initial memory): median {median:?}, p99 {p99:?}",
                connector.initial_memory_bytes() >> 10
            );
        }
    }
}
