//! The only opener of outbound sockets and of secret stores.
//!
//! A request comes in as `Granted<OutboundRequest>`, the grant's proof, and nothing else does. From there its story is
//! told by [`Egress::send`](jackfield_core::port::Egress::send): credential, dialling under the address policy,
//! sending, redirects, reading. Whether a request is allowed is not decided here (that is `core::grant`), and neither
//! is whether to try again.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use http::HeaderValue;
use jackfield_core::call::CallContext;
use jackfield_core::grant::{Granted, OutboundRequest};
use jackfield_core::port::{self, BoxFuture, SendError, UpstreamResponse};
use tokio::time::Instant;

pub mod address;
mod body;
mod client;
mod config;
mod credential;
mod dial;
mod redirect;
mod request;
mod response;
mod scrub;
mod tls;
mod vault;

pub use config::{ConnectionConfig, EgressConfig};
pub use dial::{Resolve, SystemResolver};
pub use scrub::REDACTED;
pub use tls::TlsError;
pub use vault::{FileProblem, SecretEntry, SecretProblem, SecretSource, SecretValue, ValueProblem, Vault, Why};

use client::Connection;

/// A configuration that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("failed to set up TLS of connection `{connection}`")]
pub struct EgressError {
    /// Whose settings are wrong.
    pub connection: String,
    /// What is wrong with them.
    pub source: TlsError,
}

/// Sends granted requests to business systems.
pub struct Egress {
    connections: ArcSwap<HashMap<String, Arc<Connection>>>,
    vault: Arc<Vault>,
    resolver: Arc<dyn Resolve>,
    user_agent: HeaderValue,
}

impl Egress {
    /// Reads the files that the configuration names; opens no socket.
    ///
    /// # Errors
    /// When a file is missing or not what it should be.
    pub fn new(config: &EgressConfig, vault: Arc<Vault>) -> Result<Egress, EgressError> {
        Egress::with_resolver(config, vault, Arc::new(SystemResolver))
    }

    /// As [`Egress::new`], with another way to look names up. Its answers are judged like any other.
    ///
    /// # Errors
    /// As [`Egress::new`].
    pub fn with_resolver(
        config: &EgressConfig,
        vault: Arc<Vault>,
        resolver: Arc<dyn Resolve>,
    ) -> Result<Egress, EgressError> {
        let user_agent = HeaderValue::from_static(concat!("jackfield/", env!("CARGO_PKG_VERSION")));
        let egress = Egress { connections: ArcSwap::default(), vault, resolver, user_agent };
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
        for (name, settings) in &config.connections {
            let connection = Connection::open(settings, before.get(name), &self.resolver)
                .map_err(|source| EgressError { connection: name.clone(), source })?;
            connections.insert(name.clone(), connection);
        }
        self.connections.store(Arc::new(connections));
        Ok(())
    }

    /// The request's story: one hop, and as many more as redirects within the grant ask for.
    async fn answer(
        &self,
        mut granted: Granted<OutboundRequest>,
        context: &CallContext,
    ) -> Result<UpstreamResponse, SendError> {
        let deadline = deadline(granted.value().timeout, context);
        // By the proof's connection, not the context's: a credential goes where its own grant says and nowhere else.
        let connection = self.connections.load().get(granted.connection()).cloned().ok_or_else(|| {
            SendError::Denied(format!("connection `{}` is not configured any more", granted.connection()))
        })?;
        for hops in 0.. {
            let begun = Instant::now();
            let outcome = self.hop(&connection, &granted, hops, deadline).await;
            report(&self.vault, &granted, context, begun.elapsed(), &outcome);
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

    /// One request and its response.
    async fn hop(
        &self,
        connection: &Connection,
        granted: &Granted<OutboundRequest>,
        hops: usize,
        deadline: Instant,
    ) -> Result<Hop, SendError> {
        // Last of all that is put on, so that nothing before could carry it elsewhere.
        let credential = credential::of(&self.vault, granted)?;
        let request = request::build(granted, credential, &self.user_agent)?;
        // Addresses are judged inside, when and only when a socket is opened.
        let response = connection.send(granted, request, deadline).await?;
        // Before the body, which nobody reads when there is another hop.
        if let Some(next) = redirect::next(granted, response.status(), response.headers(), hops)? {
            return Ok(Hop::Redirect(response.status().as_u16(), Box::new(next)));
        }
        let terms = response::Terms {
            connection: granted.connection(),
            method: &granted.value().method,
            body_bytes_max: connection.response_body_bytes_max(),
            deadline,
        };
        Ok(Hop::Answer(response::read(response, &terms, &self.vault).await?))
    }
}

/// What one request led to.
enum Hop {
    Answer(UpstreamResponse),
    Redirect(u16, Box<Granted<OutboundRequest>>),
}

impl port::Egress for Egress {
    fn send<'a>(
        &'a self,
        request: Granted<OutboundRequest>,
        context: &'a CallContext,
    ) -> BoxFuture<'a, Result<UpstreamResponse, SendError>> {
        Box::pin(async move { self.answer(request, context).await.map_err(|error| scrubbed(&self.vault, error)) })
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
