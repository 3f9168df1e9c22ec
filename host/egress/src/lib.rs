//! The only opener of outbound sockets and of secret stores.
//!
//! A request comes in as `Granted<OutboundRequest>`, the grant's proof, and nothing else does. From there its story is
//! told by [`Egress::send`](jackfield_core::port::Egress::send): a place among the connection's requests, credential,
//! breaker and vendor's budget, dialling under the address policy, sending, judging whether the credential was accepted,
//! redirects, reading, and as much of it again as may be. Whether a request is allowed is not decided here (that is
//! `core::grant`), and neither is whether it is sent again (`core::backoff`) or the system asked at all
//! (`core::breaker`, `core::rate`).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use http::HeaderValue;
use jackfield_core::call::CallContext;
use jackfield_core::grant::{Granted, OutboundRequest};
use jackfield_core::port::{self, Audit, BoxFuture, SendError, Store, UpstreamResponse};
use tokio::time::Instant;

pub mod address;
mod authorize;
mod body;
mod client;
mod clock;
mod config;
mod credential;
mod dial;
mod exchange;
mod health;
mod ledger;
mod probe;
mod random;
mod redirect;
mod request;
mod response;
mod retry;
mod scrub;
mod secrets;
mod state;
mod tls;
mod token;
mod traffic;
mod vault;
mod watch;

pub use authorize::{Authorization, ConnectError};
pub use config::{ConnectionConfig, EgressConfig};
pub use dial::{Resolve, SystemResolver};
pub use health::{Breakers, Budget, Health};
pub use probe::{Report, Unserved};
pub use scrub::REDACTED;
pub use state::{Change, Observer, State, Status};
pub use tls::TlsError;
pub use traffic::{Failing, Figures, LastError};
pub use vault::{
    AppRole, Editor, FileProblem, Kubernetes, KvField, Listed, LoginSecret, MasterKey, MasterSource, OpenBao,
    OpenBaoAuth, OpenBaoConfig, OpenBaoProblem, Rekeyed, SealedError, SealedProblem, SealedVault, Sealer, SecretEntry,
    SecretProblem, SecretSource, SecretValue, Stores, Unsealed, ValueProblem, Vault, Why,
};
pub use watch::{Bound, Moment, Watcher, What};

use client::{Connection, Opener};
use credential::Credentials;
use credential::csrf::Sessions;
use exchange::Hop;
use ledger::Ledger;
use state::States;
use token::{Desk, Tokens};
use traffic::Purpose;
use watch::Watch;

/// A configuration that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("failed to set up TLS of connection `{connection}`")]
pub struct EgressError {
    /// Whose settings are wrong.
    pub connection: String,
    /// What is wrong with them.
    pub source: TlsError,
}

/// What the egress works with.
pub struct Parts {
    /// Where secrets come from.
    pub vault: Arc<Vault>,
    /// Where refresh tokens are kept; without one a scheme that needs them is refused.
    pub store: Option<Arc<dyn Store>>,
    /// Where uses of credentials are written down.
    pub audit: Arc<dyn Audit>,
    /// Looks names up. Its answers are judged, whatever it says.
    pub resolver: Arc<dyn Resolve>,
    /// Is told when the state of a connection changes.
    pub observer: Option<Observer>,
}

/// Sends granted requests to business systems.
pub struct Egress {
    connections: ArcSwap<HashMap<String, Arc<Connection>>>,
    vault: Arc<Vault>,
    resolver: Arc<dyn Resolve>,
    ledger: Arc<Ledger>,
    states: Arc<States>,
    watch: Arc<Watch>,
    credentials: Credentials,
    sessions: Sessions,
    user_agent: HeaderValue,
}

impl Egress {
    /// Reads the files that the configuration names; opens no socket.
    ///
    /// # Errors
    /// When a file is missing or not what it should be.
    pub fn new(config: &EgressConfig, parts: Parts) -> Result<Egress, EgressError> {
        let Parts { vault, store, audit, resolver, observer } = parts;
        let user_agent = HeaderValue::from_static(concat!("jackfield/", env!("CARGO_PKG_VERSION")));
        let ledger = Arc::new(Ledger::new(audit));
        let states = Arc::new(States::new(ledger.clone(), observer));
        let desk = Desk::new(vault.clone(), store, ledger.clone(), states.clone(), user_agent.clone());
        let credentials =
            Credentials { vault: vault.clone(), states: states.clone(), tokens: Tokens::new(Arc::new(desk)) };
        let connections = ArcSwap::default();
        let egress = Egress {
            connections,
            vault,
            resolver,
            ledger,
            states,
            watch: Arc::default(),
            credentials,
            sessions: Sessions::default(),
            user_agent,
        };
        egress.replace(config)?;
        Ok(egress)
    }

    /// Takes another configuration, whole or not at all. Requests under way end as they began, and connections whose
    /// settings and files are the same keep their pools.
    ///
    /// # Errors
    /// As [`Egress::new`]; the configuration of before stays in force.
    pub fn replace(&self, config: &EgressConfig) -> Result<(), EgressError> {
        let before = self.connections.load();
        let mut connections = HashMap::with_capacity(config.connections.len());
        let opener = Opener { resolver: &self.resolver, watch: &self.watch };
        for (name, settings) in &config.connections {
            let connection = Connection::open(name, settings, before.get(name), &opener)
                .map_err(|source| EgressError { connection: name.clone(), source })?;
            connections.insert(name.clone(), connection);
        }
        self.states.retain(|name| connections.contains_key(name));
        self.connections.store(Arc::new(connections));
        Ok(())
    }

    /// How a connection's credentials are doing.
    pub fn status(&self, connection: &str) -> Status {
        self.states.status(connection)
    }

    /// Has whoever counts told of the traffic of every connection. The first watcher stays.
    pub fn watch(&self, watcher: Watcher) {
        self.watch.begin(watcher);
    }

    fn connection(&self, name: &str) -> Result<Arc<Connection>, SendError> {
        let connections = self.connections.load();
        let found = connections.get(name).cloned();
        found.ok_or_else(|| SendError::Denied(format!("connection `{name}` is not configured any more")))
    }

    /// The request's story: one hop, and as many more as redirects within the grant ask for.
    async fn answer(
        &self,
        mut granted: Granted<OutboundRequest>,
        context: &CallContext,
        purpose: Purpose,
    ) -> Result<UpstreamResponse, SendError> {
        let deadline = deadline(granted.value().timeout, context);
        // By the proof's connection, not the context's: a credential goes where its own grant says and nowhere else.
        let connection = self.connection(granted.connection())?;
        // For as long as the request takes, waits included: what waits holds memory of the host as well.
        let _place = connection.enter(granted.endpoint(), granted.access())?;
        for hops in 0.. {
            let outcome = self.persist(&connection, &granted, context, hops, (deadline, purpose)).await;
            match outcome {
                Ok(Hop::Answer(response)) => return Ok(response),
                Ok(Hop::Redirect(_, next)) => granted = *next,
                // What was redirected was sent, whatever happened to what came after.
                Err(SendError::Timeout { sent }) => return Err(SendError::Timeout { sent: sent || hops > 0 }),
                Err(SendError::Unavailable { detail, sent }) => {
                    return Err(SendError::Unavailable { detail, sent: sent || hops > 0 });
                }
                Err(other) => return Err(other),
            }
        }
        Err(SendError::Denied("too many redirects".to_owned()))
    }
}

impl port::Egress for Egress {
    fn send<'a>(
        &'a self,
        request: Granted<OutboundRequest>,
        context: &'a CallContext,
    ) -> BoxFuture<'a, Result<UpstreamResponse, SendError>> {
        Box::pin(async move {
            self.answer(request, context, Purpose::Call).await.map_err(|error| scrubbed(&self.vault, error))
        })
    }
}

/// The call's end or the guest's own bound, whichever is first.
fn deadline(timeout: Option<Duration>, context: &CallContext) -> Instant {
    let end = Instant::from_std(context.deadline);
    // A bound too far away to be an instant is none.
    timeout.and_then(|bound| Instant::now().checked_add(bound)).map_or(end, |own| own.min(end))
}

/// Errors carry words of upstreams, resolvers and TLS; none of them may carry a secret on.
fn scrubbed(vault: &Vault, error: SendError) -> SendError {
    match error {
        SendError::Denied(detail) => SendError::Denied(vault.scrub(&detail).into_owned()),
        SendError::Unavailable { detail, sent } => {
            SendError::Unavailable { detail: vault.scrub(&detail).into_owned(), sent }
        }
        SendError::ReauthRequired(detail) => SendError::ReauthRequired(vault.scrub(&detail).into_owned()),
        other @ (SendError::TooLarge { .. } | SendError::Timeout { .. } | SendError::RateLimited { .. }) => other,
    }
}

/// One line per request for the operator: where to and how it went; never headers, bodies or the query.
fn report(
    vault: &Vault,
    granted: &Granted<OutboundRequest>,
    context: &CallContext,
    elapsed: Duration,
    outcome: &Result<Hop, SendError>,
) {
    if !tracing::enabled!(tracing::Level::DEBUG) && (outcome.is_ok() || !tracing::enabled!(tracing::Level::INFO)) {
        return;
    }
    let (call_id, connection, endpoint) = (&*context.call_id, granted.connection(), &*granted.endpoint().name);
    let (method, host) = (granted.value().method.as_str(), granted.url().host_str().unwrap_or_default());
    let path = vault.scrub(granted.url().path());
    let elapsed_ms = elapsed.as_secs_f64() * 1e3;
    match outcome {
        Ok(hop) => {
            let (status, body_bytes) = match hop {
                Hop::Answer(response) => (response.status, response.body.len()),
                Hop::Redirect(status, _) => (*status, 0),
            };
            tracing::debug!(
                call_id, connection, endpoint, method, host, %path, status, body_bytes, elapsed_ms,
                "upstream answered"
            );
        }
        Err(error) => {
            let error = error.to_string();
            let error = vault.scrub(&error);
            tracing::info!(
                call_id, connection, endpoint, method, host, %path, %error, elapsed_ms,
                "upstream gave no answer"
            );
        }
    }
}
