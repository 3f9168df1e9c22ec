//! `jackfield dev`: serves one connector while it is written. It answers by its fixtures or in front of a system, is
//! built again when its folder changes, and goes on answering by the last build that worked.
//!
//! It is an author's tool: it listens on this machine only, knows no API key and keeps nothing.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use jackfield_sandbox::{Sandbox, SandboxConfig};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::live::LiveArgs;
use super::runtime;
use crate::exit::Exit;

mod build;
mod call;
mod http;
mod say;
mod stand;
mod watch;

use build::Workshop;
use stand::Stand;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder of the connector.
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// Address of this machine and port to listen on.
    #[arg(long, default_value = "127.0.0.1:7878")]
    listen: SocketAddr,
    /// Ask this system instead of the fixtures: its URL, or the name of a connection in the configuration.
    #[arg(long, value_name = "URL|CONNECTION")]
    upstream: Option<String>,
    /// Where the package goes, as `ID.wasm`.
    #[arg(long, default_value = "dist")]
    out: PathBuf,
    #[command(flatten)]
    live: LiveArgs,
}

/// Places in the sandbox: calls of the build that answers and of those before it that still do.
const CALLS_IN_FLIGHT_MAX: u32 = 64;

pub(super) fn run(args: Args) -> anyhow::Result<Exit> {
    if !args.listen.ip().is_loopback() {
        eprintln!("error: `{}` can be reached from other machines", args.listen);
        eprintln!("help: `jackfield dev` knows no API key: listen on 127.0.0.1 or [::1], or use `jackfield serve`");
        return Ok(Exit::Usage);
    }
    // What packaging has compiled is not compiled again.
    let cache = tempfile::tempdir()?;
    let cache_dir = Some(cache.path().to_owned());
    let config = SandboxConfig { calls_in_flight_max: CALLS_IN_FLIGHT_MAX, cache_dir, ..SandboxConfig::default() };
    let stand = Arc::new(Stand::new(args.upstream.clone()));
    // Before anything is built: what changes meanwhile counts.
    let changes = watch::Watch::begin(&args.dir, &args.out)?;
    let workshop = Workshop { sandbox: Sandbox::new(&config)?, dir: args.dir, out: args.out, live: args.live, cache };
    let listen = args.listen;
    let runtime = runtime()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}"))?;
        let at = listener.local_addr()?;
        eprintln!("listening on http://{at}, {}", stand.behind());
        // Compiling takes a core for a while; a thread of its own, that ends with the process.
        let builder = std::thread::Builder::new().name("builder".to_owned());
        builder.spawn({
            let stand = stand.clone();
            move || workshop.work(&stand, &changes)
        })?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let stop = async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        };
        // Calls under way end with the process: nobody waits for them but the author, who asked for the end.
        tokio::select! {
            served = axum::serve(listener, http::router(stand.clone(), at)) => served?,
            () = stop => {}
        }
        Ok(Exit::Ok)
    })
}
