//! The command line. Data goes to standard output, talk to standard error; exit codes are in [`crate::exit`].

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use jackfield_store::Observer;

use crate::app::{App, Options};
use crate::config::{Complaints, Config, Draft};
use crate::exit::Exit;
use crate::telemetry::{self, LogFormat};

mod audit;
mod build;
mod call;
mod check;
mod connect;
mod dev;
mod docs;
mod inspect;
mod key;
mod live;
mod messages;
mod new;
mod secrets;
mod serve;
mod store;
mod test;

/// A WebAssembly plugin host for chatbot connectors.
#[derive(Debug, Parser)]
#[command(name = "jackfield", version, about, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    verb: Verb,
    /// How log lines on standard error look.
    #[arg(long, global = true, value_enum, default_value_t, env = "JACKFIELD_LOG_FORMAT")]
    log_format: LogFormat,
    /// Which log lines: `warn`, `info`, `info,guest=debug`.
    #[arg(long, global = true, default_value = "info", env = "JACKFIELD_LOG")]
    log: String,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Serve intents over HTTP.
    Serve(serve::Args),
    /// Check configuration, connectors, grants and secrets; without any network, unless asked.
    Check(check::Args),
    /// Ask somebody's consent in a browser and keep what it gives.
    Connect(connect::Args),
    /// Ask one connection for one intent, as the operator.
    Call(call::Args),
    /// Prove and read what was done with credentials.
    Audit(audit::Args),
    /// Look after what waits for a helpdesk.
    Messages(messages::Args),
    /// Look after the file that holds tokens and the audit log.
    Store(store::Args),
    /// Begin a connector: a folder that builds, tests and answers at once.
    New(new::Args),
    /// Compile and package connectors.
    Build(build::Args),
    /// Run a connector against its fixtures and against a business system that misbehaves.
    Test(test::Args),
    /// Serve a connector alone while it is written: by its fixtures, or in front of a system. Builds again on save.
    Dev(dev::Args),
    /// Show what a connector is, what it asks for and what it imports; or what a newer version of it changes.
    Inspect(inspect::Args),
    /// Make an API key and the configuration line for it.
    Key(key::Args),
    /// Keep secret values in the sealed vault: init, set, list, rotate, rekey, remove.
    Secrets(secrets::Args),
    /// Print completions for a shell.
    Completions(docs::CompletionsArgs),
    /// Print the man page.
    Man,
}

/// Where the configuration is.
#[derive(Debug, clap::Args)]
pub(crate) struct ConfigArgs {
    /// The configuration file.
    #[arg(long, short, default_value = "jackfield.toml", env = "JACKFIELD_CONFIG")]
    config: PathBuf,
    /// Accept the API key `demo` for the tenant `demo`: for trying out, never for real data.
    #[arg(long)]
    demo: bool,
}

impl ConfigArgs {
    /// Composes the host that the configuration describes, or prints everything that is wrong with it. Connections whose
    /// credentials are no use are left out and logged.
    fn open(&self, listen: Option<SocketAddr>) -> Result<Arc<App>, Exit> {
        self.compose(listen, Options { demo: self.demo, partial: true, dry: false })
    }

    fn compose(&self, listen: Option<SocketAddr>, options: Options) -> Result<Arc<App>, Exit> {
        let composed = Config::read(&self.config).and_then(|mut draft| {
            let server = &mut draft.config.server;
            server.listen = listen.unwrap_or(server.listen);
            App::compose(draft, options)
        });
        let app = composed.map_err(|complaints| refuse(&complaints))?;
        let vault = app.vault().clone();
        telemetry::scrub_with(move |text| vault.scrub(text));
        Ok(app)
    }

    /// As [`ConfigArgs::open`], or not at all: what is wrong with one connection's credential is reported too.
    fn open_whole(&self) -> Result<Arc<App>, Exit> {
        self.compose(None, Options { demo: self.demo, ..Options::default() })
    }

    /// As [`ConfigArgs::open`], only to be looked at: nothing is opened that would leave a trace.
    fn look(&self) -> Result<Arc<App>, Exit> {
        self.compose(None, Options { demo: self.demo, partial: false, dry: true })
    }
}

/// Where the configuration is, for verbs that need nothing else of the host.
#[derive(Debug, clap::Args)]
pub(crate) struct ConfigFile {
    /// The configuration file.
    #[arg(long, short, default_value = "jackfield.toml", env = "JACKFIELD_CONFIG")]
    config: PathBuf,
}

impl ConfigFile {
    /// Opens the store that the configuration names, or prints what is wrong. Connectors and secrets are not looked at.
    fn observe_store(&self) -> Result<Observer, Exit> {
        Observer::open(&self.store_path()?).map_err(|error| {
            eprintln!("error: {error}\nhelp: {}", error.fault.hint());
            Exit::Failed
        })
    }

    /// The store's file.
    fn store_path(&self) -> Result<PathBuf, Exit> {
        let config = Config::read(&self.config).and_then(Draft::finish).map_err(|complaints| refuse(&complaints))?;
        Ok(config.store_path())
    }
}

fn refuse(complaints: &Complaints) -> Exit {
    eprint!("{complaints}");
    Exit::Config
}

/// Parses the command line and does what it says.
pub fn main() -> Exit {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Ok };
        }
    };
    if let Err(error) = telemetry::start(cli.log_format, &cli.log) {
        eprintln!("error: `--log {}`: {error}", cli.log);
        return Exit::Usage;
    }
    let result = match cli.verb {
        Verb::Serve(args) => serve::run(args),
        Verb::Check(args) => check::run(args),
        Verb::Connect(args) => connect::run(args),
        Verb::Call(args) => call::run(args),
        Verb::Audit(args) => audit::run(args),
        Verb::Messages(args) => messages::run(args),
        Verb::Store(args) => store::run(args),
        Verb::New(args) => new::run(args),
        Verb::Build(args) => build::run(args),
        Verb::Test(args) => test::run(args),
        Verb::Dev(args) => dev::run(args),
        Verb::Inspect(args) => inspect::run(args),
        Verb::Key(args) => key::run(args),
        Verb::Secrets(args) => secrets::run(args),
        Verb::Completions(args) => docs::completions(args),
        Verb::Man => docs::man(),
    };
    result.unwrap_or_else(|error| {
        eprintln!("error: {}", telemetry::clean(&format!("{error:#}")));
        Exit::Failed
    })
}

/// Writes data to standard output. A reader that has seen enough (`| head`) is no failure.
fn say(data: impl AsRef<[u8]>) -> anyhow::Result<()> {
    match std::io::stdout().write_all(data.as_ref()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// The runtime for verbs that call connectors.
fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}
