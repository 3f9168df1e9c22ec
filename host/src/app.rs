//! The composition root: the only place that knows sandbox, egress and renderer at once and plugs them together.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use jackfield_core::port::{Audit, Store};
use jackfield_egress::{ConnectionConfig, Egress, EgressConfig, Parts, SystemResolver, Vault};
use jackfield_render::Renderer;
use jackfield_sandbox::{Ports, Sandbox, SandboxConfig};
use jackfield_store::{Closed, Embedded};

use crate::admission::Admission;
use crate::audit::AuditLog;
use crate::cache::GuestCache;
use crate::calls::Calls;
use crate::config::{Complaints, Config, Draft, Resilience};
use crate::dispatch::fresh::Answers;
use crate::dispatch::fresh::answers::Tenancy;
use crate::dispatch::settle::Schedule;
use crate::fallback::Fallbacks;
use crate::guest_log::TracingLog;
use crate::metrics::Metrics;
use crate::orchestrate::Orchestrator;
use crate::registry::Registry;
use crate::secrets;
use crate::token_seal::TokenSeal;

mod words;

/// A host, ready to answer. Everything in it is decided before the first request.
pub struct App {
    /// As read.
    pub config: Config,
    /// The gate.
    pub admission: Admission,
    /// Connectors and connections.
    pub registry: Registry,
    /// Words for users.
    pub renderer: Renderer,
    /// Counters.
    pub metrics: Metrics,
    /// What survives the process.
    pub store: Arc<dyn Store>,
    /// What is done with whose credential.
    pub audit: Arc<dyn Audit>,
    /// What was answered and may be given again.
    pub answers: Arc<Answers>,
    /// Calls that are answered later.
    pub calls: Calls,
    /// Seals the tokens of questions and offers to users.
    pub tokens: TokenSeal,
    /// What there is where a business system fails.
    pub fallbacks: Fallbacks,
    /// When to look for writes whose end nobody heard.
    pub settlements: Arc<Schedule>,
    sandbox: Arc<Sandbox>,
    vault: Arc<Vault>,
    egress: Arc<Egress>,
    ports: Arc<Ports>,
}

/// What starts besides the configuration.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Accept the API key `demo`, for the tenant `demo`.
    pub demo: bool,
    /// Start without those connections whose credentials are no use, instead of not at all: what a server does, since
    /// one expired certificate must not take every other system away.
    pub partial: bool,
    /// Compose only to be looked at: the store is not opened, and no file is made.
    pub dry: bool,
}

impl App {
    /// Plugs a host together. Nothing listens and nothing is sent yet.
    ///
    /// # Errors
    /// Everything that is wrong with configuration, connectors, secrets and templates, in one go.
    pub fn compose(draft: Draft, options: Options) -> Result<Arc<App>, Complaints> {
        let Draft { config, mut complaints } = draft;
        let sandbox = Arc::new(sandbox(&config)?);
        let vault = Arc::new(secrets::vault(&config, &mut complaints));
        if let Err(error) = jackfield_store::preflight(&config.store_path()) {
            complain_of_store(&config, &error, &mut complaints);
        }
        let registry = match Registry::build(&config, &sandbox) {
            Ok(registry) => Some(registry),
            Err(more) => {
                complaints.extend(more);
                None
            }
        };
        let renderer = registry.as_ref().and_then(|registry| words::renderer(&config, registry, &mut complaints));
        // As late as can be: a configuration that is refused leaves no file behind.
        let store = store(&config, options, &mut complaints);
        let audit: Arc<dyn Audit> = Arc::new(AuditLog::new(store.clone()));
        let metrics = Metrics::default();
        let parts = Parts {
            vault: vault.clone(),
            store: Some(store.clone()),
            audit: audit.clone(),
            resolver: Arc::new(SystemResolver),
            observer: Some(metrics.observer()),
        };
        let egress = egress(&config, parts, &mut complaints);
        if let (Some(registry), Some(egress)) = (&registry, &egress) {
            check_schemes(&config, registry, egress, &mut complaints);
        }
        let meter = metrics.messages();
        let fallbacks = registry.as_ref().map(|registry| {
            let (store, vault, audit) = (store.clone(), vault.clone(), audit.clone());
            Fallbacks::new(&config, registry, store, vault, meter, audit, &mut complaints)
        });
        let disabled = options.partial.then(|| complaints.take_credentials());
        complaints.check()?;
        let (Some(mut registry), Some(renderer), Some(egress), Some(fallbacks)) =
            (registry, renderer, egress, fallbacks)
        else {
            return Err(complaints);
        };
        for complaint in disabled.iter().flat_map(Complaints::list) {
            let connection = complaint.connection.as_deref().unwrap_or_default();
            tracing::error!(connection, problem = complaint.message, hint = complaint.hint, "connection disabled");
            registry.disable(connection, &complaint.message);
        }
        let tokens = TokenSeal::new()
            .map_err(|why| Complaints::file(&config.source.path, why, "look at the system's random numbers"))?;
        let answers = answers(&config, &registry, &metrics);
        let egress = Arc::new(egress);
        egress.watch(metrics.watcher());
        let admission = Admission::new(&config, options.demo.then_some("demo"));
        let calls = Calls::new(&config, store.clone(), vault.clone(), metrics.calls());
        Ok(Arc::new_cyclic(|app| {
            let ports = Arc::new(Ports {
                egress: egress.clone(),
                secrets: egress.clone(),
                cache: Arc::new(GuestCache::new(registry.connections().map(|c| c.name.clone()))),
                intents: Arc::new(Orchestrator::new(app.clone())),
                log: Arc::new(TracingLog),
            });
            App {
                config,
                admission,
                registry,
                renderer,
                metrics,
                store,
                audit,
                answers,
                calls,
                tokens,
                fallbacks,
                settlements: Arc::default(),
                sandbox,
                vault,
                egress,
                ports,
            }
        }))
    }

    /// Looks what is stored for each connection, so that their states are right before the first call.
    pub async fn prepare(&self) {
        for connection in self.registry.connections() {
            let endpoints: Vec<_> = connection.grant.endpoints().cloned().collect();
            self.egress.prepare(&connection.name, &endpoints).await;
        }
    }

    /// Waits until what was recorded so far is durable.
    pub async fn flush(&self) {
        if let Err(error) = self.store.flush().await {
            tracing::error!(%error, "the last records are not durable");
        }
    }

    /// Sends requests to business systems, and knows how connections are doing.
    pub fn egress(&self) -> &Egress {
        &self.egress
    }

    /// What guests reach the outside by.
    pub fn ports(&self) -> &Arc<Ports> {
        &self.ports
    }

    /// The engine.
    pub fn sandbox(&self) -> &Arc<Sandbox> {
        &self.sandbox
    }

    /// Secret values: where they come from, and texts without them.
    pub fn vault(&self) -> &Arc<Vault> {
        &self.vault
    }

    /// A text without any secret value in any encoding.
    pub fn scrub<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.vault.scrub(text)
    }
}

fn sandbox(config: &Config) -> Result<Sandbox, Complaints> {
    // The pool's slots must hold what the most generous connection allows.
    let own = config.connections.values().filter_map(|c| config.limits_of(c.get_ref()).ok());
    let limits: Vec<_> = own.chain([config.limits.clone()]).collect();
    let settings = SandboxConfig {
        calls_in_flight_max: config.server.in_flight_max,
        memory_bytes_max: limits.iter().map(|l| l.memory_bytes_max).max().unwrap_or_default(),
        table_elements_max: limits.iter().map(|l| l.table_elements_max).max().unwrap_or_default(),
        cache_dir: config.sandbox.cache_dir.as_ref().map(|dir| config.source.resolve(dir)),
        ..SandboxConfig::default()
    };
    Sandbox::new(&settings).map_err(|error| {
        Complaints::file(&config.source.path, format!("the sandbox does not start: {error:#}"), "see `[sandbox]`")
    })
}

/// The store; a closed one where nothing may be left behind.
fn store(config: &Config, options: Options, complaints: &mut Complaints) -> Arc<dyn Store> {
    let is_refused = complaints.list().iter().any(|complaint| complaint.connection.is_none());
    if options.dry || is_refused {
        return Arc::new(Closed);
    }
    let options = jackfield_store::Options {
        file_bytes_max: config.store.file_bytes_max.as_ref().map(|bytes| *bytes.get_ref()),
        ..jackfield_store::Options::default()
    };
    match Embedded::open(&config.store_path(), options) {
        Ok(store) => Arc::new(store),
        Err(error) => {
            complain_of_store(config, &error, complaints);
            Arc::new(Closed)
        }
    }
}

/// The place of each connection for what it answered.
fn answers(config: &Config, registry: &Registry, metrics: &Metrics) -> Arc<Answers> {
    let tenancies = registry.connections().map(|connection| Tenancy {
        connection: connection.name.clone(),
        tenant: connection.tenant.clone(),
        asks_others: !connection.connector.manifest().calls.is_empty(),
    });
    Answers::new(tenancies, config.cache, metrics.answers().clone())
}

fn complain_of_store(config: &Config, error: &jackfield_store::OpenError, complaints: &mut Complaints) {
    let span = config.store.file.as_ref().map(toml::Spanned::span);
    complaints.push(span, error.to_string(), error.fault.hint());
}

/// The egress, without the connections whose certificates are no use.
fn egress(config: &Config, parts: Parts, complaints: &mut Complaints) -> Option<Egress> {
    let resolve = |path: &Option<std::path::PathBuf>| path.as_deref().map(|p: &Path| config.source.resolve(p));
    let mut connections = HashMap::with_capacity(config.connections.len());
    for (name, written) in &config.connections {
        let section = written.get_ref();
        let limits = config.limits_of(section).unwrap_or_default();
        let transport = ConnectionConfig {
            ca_file: resolve(&section.ca_file),
            client_cert_file: resolve(&section.client_certificate_file),
            client_key_file: resolve(&section.client_key_file),
            response_body_bytes_max: limits.response_body_bytes_max,
            ..transport(config.resilience_of(section))
        };
        match transport.check() {
            Ok(()) => {
                connections.insert(name.clone(), transport);
            }
            Err(why) => complaints.push_credential(
                name,
                Some(written.span()),
                format!("failed to set up TLS of connection `{name}`: {why}"),
                "check the certificate files of the connection",
            ),
        }
    }
    match Egress::new(&EgressConfig { connections }, parts) {
        Ok(egress) => Some(egress),
        Err(error) => {
            // A file that was good a moment ago.
            let span = config.connections.get(&error.connection).map(toml::Spanned::span);
            complaints.push(span, format!("{error}: {}", error.source), "start again");
            None
        }
    }
}

/// What the operator says of a connection's patience and of its share of the host.
fn transport(resilience: Resilience) -> ConnectionConfig {
    ConnectionConfig {
        retry: resilience.retry,
        breaker: resilience.breaker,
        requests_in_flight_max: resilience.requests_in_flight_max,
        sockets_per_origin_max: resilience.sockets_per_origin_max,
        response_bytes_in_flight_max: resilience.response_bytes_in_flight_max,
        connect_timeout_ms: resilience.connect_timeout_ms,
        ..ConnectionConfig::default()
    }
}

/// What a scheme needs beyond its secrets: a key that signs, a place to keep tokens.
fn check_schemes(config: &Config, registry: &Registry, egress: &Egress, complaints: &mut Complaints) {
    for connection in registry.connections() {
        for endpoint in connection.grant.endpoints() {
            if let Err(problem) = egress.check(endpoint) {
                let section = config.connections.get(&*connection.name);
                let secrets = section.map(|section| &section.get_ref().secrets);
                let to_blame = problem.secret.as_ref().and_then(|name| secrets?.get(name)).map(toml::Spanned::span);
                let span = to_blame.or_else(|| section.map(toml::Spanned::span));
                let hint = "see docs/credentials.md on what each auth scheme needs";
                complaints.push_credential(&connection.name, span, problem.why, hint);
            }
        }
    }
}
