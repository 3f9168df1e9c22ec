//! Runs the simulated systems until it is told to stop. All behaviour is the library's.

use std::net::SocketAddr;

use anyhow::Context;
use clap::Parser;
use jackfield_mocks::Mocks;
use serde_json::{Map, Value, json};
use tokio::signal::unix::{SignalKind, signal};

/// Business systems, simulated strictly from vendor documentation.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    /// Where the control listens; the systems take the ports after it (port 0: any ports).
    #[arg(long, default_value = "127.0.0.1:9100")]
    listen: SocketAddr,
    /// Print the addresses as one JSON object.
    #[arg(long)]
    json: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let mut terminate = signal(SignalKind::terminate())?;
    let mocks = Mocks::start(arguments.listen)
        .await
        .with_context(|| format!("cannot listen on {} and after", arguments.listen))?;
    if arguments.json {
        let systems: Map<_, _> = mocks.systems().map(|(name, url)| (name.to_owned(), Value::from(url))).collect();
        println!("{}", json!({ "control": mocks.control_url(), "systems": systems }));
    } else {
        println!("control {}", mocks.control_url());
        for (name, url) in mocks.systems() {
            println!("{name} {url}");
        }
    }
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = terminate.recv() => {}
    }
    mocks.stop().await;
    Ok(())
}
