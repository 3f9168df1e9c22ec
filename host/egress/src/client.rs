//! Answers for one connection's HTTP client: its pool, its TLS settings and its address policy, shared with no other
//! connection. One call here is one request and the head of its response, within a deadline.

use std::error::Error as _;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::capture_connection;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use jackfield_core::backoff::RetryPolicy;
use jackfield_core::breaker::BreakerPolicy;
use jackfield_core::grant::{EndpointGrant, NetworkPolicy};
use jackfield_core::manifest::Access;
use jackfield_core::port::SendError;
use rustls::ClientConfig;
use tokio::time::{Duration, Instant, timeout_at};

use crate::config::ConnectionConfig;
use crate::dial::{Connector, DialError, DialPolicy, Dialler, Resolve, Sockets};
use crate::retry::Stop;
use crate::tls::{Material, TlsError};
use crate::traffic::{BodyRoom, Place, Traffic};
use crate::watch::{Bound, Watch, What};

/// Smallest header section that hyper can be bounded to, in bytes.
const HEADER_BYTES_MIN: usize = 8 << 10;

/// How often an HTTP/2 connection in use is asked whether it lives, and how long it may take to say so.
const PING_INTERVAL: Duration = Duration::from_secs(20);
const PING_TIMEOUT: Duration = Duration::from_secs(5);

type HttpClient = legacy::Client<Connector, Full<Bytes>>;

/// A connection as it is configured.
pub(crate) struct Connection {
    config: ConnectionConfig,
    material: Material,
    tls: ClientConfig,
    resolver: Arc<dyn Resolve>,
    pool: ArcSwapOption<Pool>,
    traffic: Arc<Traffic>,
}

/// What every connection of an egress is opened with.
pub(crate) struct Opener<'o> {
    pub(crate) resolver: &'o Arc<dyn Resolve>,
    pub(crate) watch: &'o Arc<Watch>,
}

/// A client and the policy under which all of its connections were dialled.
struct Pool {
    network: NetworkPolicy,
    client: HttpClient,
}

impl Connection {
    /// Reads the files of a configuration. `before` is taken over, with its open connections, when nothing changed; what
    /// is known of the system's behaviour is taken over in any case.
    pub(crate) fn open(
        name: &str,
        config: &ConnectionConfig,
        before: Option<&Arc<Connection>>,
        opener: &Opener<'_>,
    ) -> Result<Arc<Connection>, TlsError> {
        let material = Material::read(config)?;
        if let Some(same) = before.filter(|b| b.config == *config && b.material == material) {
            return Ok(same.clone());
        }
        let tls = material.client_config(config)?;
        let (config, resolver) = (config.clone(), opener.resolver.clone());
        let traffic =
            before.map_or_else(|| Arc::new(Traffic::new(name, opener.watch)), |before| before.traffic.clone());
        Ok(Arc::new(Connection { config, material, tls, resolver, pool: ArcSwapOption::empty(), traffic }))
    }

    /// What is known and held of its traffic.
    pub(crate) fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// When a request is sent again.
    pub(crate) fn retry(&self) -> &RetryPolicy {
        &self.config.retry
    }

    /// When the system is left alone.
    pub(crate) fn breaker(&self) -> &BreakerPolicy {
        &self.config.breaker
    }

    /// A place for one request of this connection, retries and redirects included.
    ///
    /// # Errors
    /// `Unavailable` at once when all are taken: a system that hangs holds no more of the host than these.
    pub(crate) fn enter(&self, endpoint: &EndpointGrant, access: Access) -> Result<Place<'_>, SendError> {
        let max = self.config.requests_in_flight_max;
        self.traffic.bulkhead().enter(max).ok_or_else(|| {
            self.traffic.tell(access, What::Refused { by: Bound::Requests });
            let detail = format!(
                "connection `{}` has {max} requests under way, which is its `requests_in_flight_max`",
                endpoint.connection()
            );
            SendError::Unavailable { detail, sent: false }
        })
    }

    /// Room for the body of one answer.
    pub(crate) fn body_room(&self) -> BodyRoom<'_> {
        self.traffic.bulkhead().body(self.config.response_bytes_in_flight_max)
    }

    /// A body did not get the room that it needs. Another try would need it as well.
    pub(crate) fn no_room(&self, endpoint: &EndpointGrant, access: Access) -> Stop {
        self.traffic.tell(access, What::Refused { by: Bound::ResponseBytes });
        let detail = format!(
            "connection `{}` is reading {} bytes of responses, which is its `response_bytes_in_flight_max`",
            endpoint.connection(),
            self.config.response_bytes_in_flight_max
        );
        Stop::Final(SendError::Unavailable { detail, sent: true })
    }

    /// Bound of a decompressed response body, in bytes.
    pub(crate) fn response_body_bytes_max(&self) -> usize {
        self.config.response_body_bytes_max
    }

    /// Bound of one request to a token endpoint.
    pub(crate) fn token_timeout(&self) -> Duration {
        self.config.token_timeout()
    }

    /// Sends one request and waits for the head of its response. `endpoint` says under which policy addresses are dialled;
    /// what the request is and where it goes has been checked by whoever made it.
    pub(crate) async fn send(
        &self,
        endpoint: &EndpointGrant,
        mut request: Request<Full<Bytes>>,
        deadline: Instant,
    ) -> Result<Response<Incoming>, Stop> {
        // A timeout polls what it bounds once before it looks at the clock; that once could write.
        if Instant::now() >= deadline {
            return Err(SendError::Timeout { sent: false }.into());
        }
        let pool = self.pool(endpoint);
        let chosen = capture_connection(&mut request);
        // Until the pool has handed out a connection, no byte of the request can have been written.
        let sent = || chosen.connection_metadata().is_some();
        match timeout_at(deadline, pool.client.request(request)).await {
            Err(_) => Err(SendError::Timeout { sent: sent() }.into()),
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(fault(&error, sent())),
        }
    }

    /// The pool for the policy that the request was granted under. A connection that was dialled under another
    /// policy is never used: after an address is taken off the list, nothing goes there any more.
    fn pool(&self, endpoint: &EndpointGrant) -> Arc<Pool> {
        let network = &endpoint.network;
        if let Some(pool) = self.pool.load().as_ref().filter(|pool| pool.network == *network) {
            return pool.clone();
        }
        let client = self.client(DialPolicy {
            connection: endpoint.connection().to_owned(),
            place: endpoint.place().to_owned(),
            allow: network.allow_addresses.clone(),
            resolver: self.resolver.clone(),
            // Half of the time that a connection has, so that the other half is left to make one.
            sockets: Sockets::new(self.config.sockets_per_origin_max, self.config.connect_timeout() / 2),
            write_stall: Duration::from_millis(self.config.write_stall_ms),
        });
        let pool = Arc::new(Pool { network: network.clone(), client });
        self.pool.store(Some(pool.clone()));
        pool
    }

    fn client(&self, policy: DialPolicy) -> HttpClient {
        let header_bytes_max = self.config.response_header_bytes_max.max(HEADER_BYTES_MIN);
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(self.tls.clone())
            // Whether plain HTTP may be used at all is the grant's decision, made when it was resolved.
            .https_or_http()
            .enable_all_versions()
            .wrap_connector(Dialler::new(policy));
        legacy::Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(self.config.pool_idle_timeout())
            .pool_max_idle_per_host(self.config.pool_idle_max)
            // Sends once more only what never left the queue of a connection that died; a body that was begun is
            // never sent again.
            .retry_canceled_requests(true)
            .http1_max_buf_size(header_bytes_max)
            .http2_max_header_list_size(u32::try_from(header_bytes_max).unwrap_or(u32::MAX))
            .http2_keep_alive_interval(PING_INTERVAL)
            .http2_keep_alive_timeout(PING_TIMEOUT)
            .build(Connector::new(https, self.config.connect_timeout()))
    }
}

/// What the client's error means for whoever asked.
fn fault(error: &legacy::Error, sent: bool) -> Stop {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(dial) = cause.downcast_ref::<DialError>() {
            return match dial.clone() {
                DialError::Denied(detail) => Stop::Final(SendError::Denied(detail)),
                DialError::Unreachable(detail) => Stop::Failed(SendError::Unavailable { detail, sent: false }),
                DialError::NoSocket(detail) => Stop::Final(SendError::Unavailable { detail, sent: false }),
            };
        }
        if let Some(http) = cause.downcast_ref::<hyper::Error>() {
            return SendError::Unavailable { detail: words(http), sent: sent && !error.is_connect() }.into();
        }
        source = cause.source();
    }
    SendError::Unavailable { detail: "the connection failed".to_owned(), sent: sent && !error.is_connect() }.into()
}

/// hyper's words with the operating system's reason, where there is one.
fn words(error: &hyper::Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
