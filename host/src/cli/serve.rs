//! `jackfield serve`.

use std::net::SocketAddr;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::{ConfigArgs, runtime};
use crate::exit::Exit;
use crate::machine;
use crate::server;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArgs,
    /// Listen here instead of where the configuration says.
    #[arg(long)]
    listen: Option<SocketAddr>,
}

pub(super) fn run(args: Args) -> anyhow::Result<Exit> {
    let descriptors = machine::raise_descriptors();
    let app = match args.config.open(args.listen) {
        Ok(app) => app,
        Err(exit) => return Ok(exit),
    };
    machine::report(descriptors, &app.config);
    runtime()?.block_on(async {
        app.prepare().await;
        let listen = app.config.server.listen;
        let listener = TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}"))?;
        if args.config.demo {
            tracing::warn!("the API key `demo` is accepted: for trying out only");
        }
        tracing::info!(
            "listening on http://{}, {} connectors, {} connections",
            listener.local_addr()?,
            app.registry.connectors().count(),
            app.registry.connections().count()
        );
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let stop = async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        };
        let store = app.store.clone();
        server::serve(app, listener, stop).await?;
        store.flush().await.context("the audit log is not written to its end")?;
        tracing::info!("stopped");
        Ok(Exit::Ok)
    })
}
