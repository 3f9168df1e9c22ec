//! Answers for how a connection is opened: resolve the name, judge every address, dial exactly the addresses that
//! passed. Nothing resolves a second time between the judgement and the dialling, so an answer that changes in
//! between (DNS rebinding) changes nothing. TLS on top of the socket is `tls.rs`, what travels over it `client.rs`.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use http::Uri;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::rt::TokioIo;
use ipnet::IpNet;
use jackfield_core::port::BoxFuture;
use tokio::net::TcpStream;
use tower::Service;

use crate::address::{self, Special, Verdict};

mod socket;

pub(crate) use socket::{Socket, Sockets};

/// Addresses of one name that are tried; a resolver that answers with more is up to no good.
const ADDRESSES_MAX: usize = 8;

/// How long one address has before the next is tried beside it (RFC 8305, "Happy Eyeballs").
const STAGGER: Duration = Duration::from_millis(250);

/// Looks names up. The answer is judged before it is used, whoever gives it.
pub trait Resolve: Send + Sync + 'static {
    /// Addresses of a host name, in the order in which to try them.
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>>;
}

/// The operating system's resolver.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        Box::pin(async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) })
    }
}

/// Why no connection came about. In every case no byte of a request was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DialError {
    #[error("{0}")]
    Denied(String),
    #[error("{0}")]
    Unreachable(String),
    #[error("{0}")]
    NoSocket(String),
}

/// Opens TCP connections for one connection under its address policy.
#[derive(Clone)]
pub(crate) struct Dialler {
    policy: Arc<DialPolicy>,
}

/// What a dialler goes by.
pub(crate) struct DialPolicy {
    /// Name of the connection, for messages.
    pub(crate) connection: String,
    /// Where the connection is configured, for messages.
    pub(crate) place: String,
    /// Special addresses that the operator listed.
    pub(crate) allow: Vec<IpNet>,
    /// Looks names up.
    pub(crate) resolver: Arc<dyn Resolve>,
    /// How many may be open.
    pub(crate) sockets: Sockets,
    /// For how long a system may take nothing of what is sent to it.
    pub(crate) write_stall: Duration,
}

impl Dialler {
    pub(crate) fn new(policy: DialPolicy) -> Dialler {
        Dialler { policy: Arc::new(policy) }
    }
}

impl Service<Uri> for Dialler {
    type Response = TokioIo<Socket>;
    type Error = DialError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, DialError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), DialError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let policy = self.policy.clone();
        Box::pin(async move {
            let host = uri.host().ok_or_else(|| DialError::Unreachable("the URL has no host".to_owned()))?;
            let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("http") { 80 } else { 443 });
            // Before the look-up, so that who waits here holds nothing of the system's but a place in the line.
            let place = policy.sockets.place(host, port).await?;
            let addresses = policy.checked_addresses(host, port).await?;
            let stream = connect_any(host, addresses).await?;
            // Requests are small and answered at once: waiting to fill a segment only costs time.
            stream.set_nodelay(true).map_err(|e| DialError::Unreachable(format!("`{host}`: {e}")))?;
            Ok(TokioIo::new(Socket::new(stream, place, policy.write_stall)))
        })
    }
}

impl DialPolicy {
    /// The addresses of a host that may be dialled, at least one.
    async fn checked_addresses(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, DialError> {
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        let found = match literal {
            Ok(ip) => vec![SocketAddr::new(ip, port)],
            Err(_) => (self.resolver.resolve(host, port).await)
                .map_err(|e| DialError::Unreachable(format!("the name `{host}` does not resolve: {e}")))?,
        };
        let mut refused = None;
        let mut passed = Vec::with_capacity(found.len().min(ADDRESSES_MAX));
        for address in found {
            match address::judge(address.ip(), &self.allow) {
                Verdict::Public | Verdict::Listed => {
                    if passed.len() < ADDRESSES_MAX {
                        // The port is the URL's, whatever the resolver says.
                        passed.push(with_port(address, port));
                    }
                }
                Verdict::Refused(special) => refused = refused.or(Some((address.ip(), special))),
            }
        }
        match refused {
            _ if !passed.is_empty() => Ok(passed),
            Some((ip, special)) => Err(DialError::Denied(self.denial(host, ip, special))),
            None => Err(DialError::Unreachable(format!("the name `{host}` has no address"))),
        }
    }

    /// Says which line would allow the address.
    fn denial(&self, host: &str, ip: IpAddr, special: Special) -> String {
        let bits = if ip.is_ipv4() { 32 } else { 128 };
        let (place, connection) = (&self.place, &self.connection);
        let place = if place.is_empty() { String::new() } else { format!("{place}: ") };
        format!(
            "`{host}` is at {ip}, which is {special}; \
             {place}set `allow_addresses = [\"{ip}/{bits}\"]` in `[connection.{connection}]`"
        )
    }
}

fn with_port(mut address: SocketAddr, port: u16) -> SocketAddr {
    address.set_port(port);
    address
}

/// The first of the addresses that answers; each gets a head start of [`STAGGER`] on the next.
async fn connect_any(host: &str, addresses: Vec<SocketAddr>) -> Result<TcpStream, DialError> {
    let mut waiting = addresses.into_iter();
    let mut attempts = FuturesUnordered::new();
    let mut failure = None;
    loop {
        if let Some(address) = waiting.next() {
            attempts.push(async move { TcpStream::connect(address).await.map_err(|e| (address, e)) });
        } else if attempts.is_empty() {
            let why = match failure {
                Some((address, error)) => format!("no connection to `{host}` at {address}: {error}"),
                None => format!("the name `{host}` has no address"),
            };
            return Err(DialError::Unreachable(why));
        }
        let head_start =
            async { if waiting.len() == 0 { std::future::pending().await } else { tokio::time::sleep(STAGGER).await } };
        tokio::select! {
            Some(outcome) = attempts.next() => match outcome {
                Ok(stream) => return Ok(stream),
                Err(error) => failure = Some(error),
            },
            () = head_start => {}
        }
    }
}

/// A dialler with TLS on top, bounded in time as a whole.
#[derive(Clone)]
pub(crate) struct Connector {
    inner: HttpsConnector<Dialler>,
    timeout: Duration,
}

impl Connector {
    pub(crate) fn new(inner: HttpsConnector<Dialler>, timeout: Duration) -> Connector {
        Connector { inner, timeout }
    }
}

impl Service<Uri> for Connector {
    type Response = MaybeHttpsStream<TokioIo<Socket>>;
    type Error = DialError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, DialError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), DialError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let host = uri.host().unwrap_or_default().to_owned();
        let connecting = self.inner.call(uri);
        let timeout = self.timeout;
        Box::pin(async move {
            match tokio::time::timeout(timeout, connecting).await {
                Ok(Ok(stream)) => Ok(stream),
                Ok(Err(error)) => Err(match error.downcast::<DialError>() {
                    Ok(dial) => *dial,
                    Err(tls) => DialError::Unreachable(format!("no TLS with `{host}`: {tls}")),
                }),
                Err(_) => {
                    let ms = timeout.as_millis();
                    Err(DialError::Unreachable(format!("no connection to `{host}` within {ms} ms")))
                }
            }
        })
    }
}
