//! A granted connection and an egress to go with it.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jackfield_core::call::CallContext;
use jackfield_core::grant::{ConnectionGrant, Grant, GrantError, Granted, NetworkPolicy, OutboundRequest, Subject};
use jackfield_core::manifest::{Access, Manifest};
use jackfield_core::port::{BoxFuture, Egress as _, SendError, UpstreamResponse};
use jackfield_egress::{
    ConnectionConfig, Egress, EgressConfig, Resolve, SecretEntry, SecretSource, SystemResolver, Vault,
};
use tempfile::TempDir;

pub(crate) const CONNECTION: &str = "shop-eu";

/// What a test wants of its connection.
pub(crate) struct Wish {
    pub(crate) base_url: String,
    /// TOML after `auth = `.
    pub(crate) auth: Option<&'static str>,
    pub(crate) allow: Vec<&'static str>,
    pub(crate) insecure: bool,
    pub(crate) config: ConnectionConfig,
    pub(crate) resolver: Arc<dyn Resolve>,
    pub(crate) secrets: Vec<(&'static str, &'static str)>,
}

impl Wish {
    /// A connection to a base URL with the loopback interface allowed.
    pub(crate) fn to(base_url: &str) -> Wish {
        Wish {
            base_url: base_url.to_owned(),
            auth: None,
            allow: vec!["127.0.0.1/32"],
            insecure: true,
            config: ConnectionConfig::default(),
            resolver: Arc::new(SystemResolver),
            secrets: Vec::new(),
        }
    }

    pub(crate) fn auth(mut self, auth: &'static str, secrets: &[(&'static str, &'static str)]) -> Wish {
        self.auth = Some(auth);
        self.secrets = secrets.to_vec();
        self
    }

    pub(crate) fn body_bytes_max(mut self, bytes: usize) -> Wish {
        self.config.response_body_bytes_max = bytes;
        self
    }

    pub(crate) fn resolver(mut self, resolver: impl Resolve) -> Wish {
        self.resolver = Arc::new(resolver);
        self
    }

    pub(crate) fn grant(&self) -> Grant {
        self.try_grant().unwrap()
    }

    pub(crate) fn try_grant(&self) -> Result<Grant, GrantError> {
        let auth = self.auth.map(|auth| format!("auth = {auth}\n")).unwrap_or_default();
        let text = format!(
            r#"
            id = "probe"
            version = "1.0.0"
            title = "Probe"
            vendor_api = "1"
            intents = ["order.status"]
            [[secret]]
            name = "token"
            purpose = "tests"
            hmac = true
            [[secret]]
            name = "user"
            purpose = "tests"
            [endpoint.api]
            base_url = "https://api.example.com"
            allow = ["read GET /open/**", "read HEAD /open/**", "write POST /open/**", "write GET /changing/*"]
            {auth}
            "#
        );
        let manifest = Manifest::parse(&text).unwrap();
        let network = NetworkPolicy {
            allow_addresses: self.allow.iter().map(|net| net.parse().unwrap()).collect(),
            allow_insecure: self.insecure,
        };
        let connection = ConnectionGrant {
            name: CONNECTION,
            tenant: "acme",
            subject: Subject::Connection,
            place: "jackfield.toml:12",
            settings: &serde_json::json!({ "base_url": self.base_url }),
            access: Access::Write,
            auth: &BTreeMap::new(),
            secrets: &BTreeMap::from([("token".to_owned(), false), ("user".to_owned(), false)]),
            network,
        };
        Grant::resolve(&manifest, &connection)
    }

    pub(crate) fn build(self) -> NearSide {
        let folder = TempDir::new().unwrap();
        let entries = self.secrets.iter().map(|(name, value)| {
            let path = folder.path().join(name);
            write_secret(&path, value);
            SecretEntry {
                connection: CONNECTION.to_owned(),
                name: (*name).to_owned(),
                source: SecretSource::File(path),
            }
        });
        let vault = Arc::new(Vault::new(entries.collect::<Vec<_>>()));
        let config = EgressConfig { connections: HashMap::from([(CONNECTION.to_owned(), self.config.clone())]) };
        let egress = Egress::with_resolver(&config, vault.clone(), self.resolver.clone()).unwrap();
        NearSide { grant: self.grant(), egress, vault, folder }
    }
}

pub(crate) fn write_secret(path: &std::path::Path, value: &str) {
    std::fs::write(path, value).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

pub(crate) struct NearSide {
    pub(crate) grant: Grant,
    pub(crate) egress: Egress,
    pub(crate) vault: Arc<Vault>,
    pub(crate) folder: TempDir,
}

impl NearSide {
    pub(crate) fn granted(&self, request: OutboundRequest) -> Granted<OutboundRequest> {
        self.grant.check(request).unwrap()
    }

    pub(crate) async fn send(&self, request: OutboundRequest) -> Result<UpstreamResponse, SendError> {
        self.egress.send(self.granted(request), &context(Duration::from_secs(10))).await
    }

    /// Sends within `ms`, and sees to it that it took no longer.
    pub(crate) async fn send_within(&self, ms: u64, request: OutboundRequest) -> Result<UpstreamResponse, SendError> {
        let begun = Instant::now();
        let outcome = self.egress.send(self.granted(request), &context(Duration::from_millis(ms))).await;
        assert!(begun.elapsed() < Duration::from_millis(ms + 400), "took {:?}", begun.elapsed());
        outcome
    }

    pub(crate) async fn get(&self, path: &str) -> Result<UpstreamResponse, SendError> {
        self.send(get(path)).await
    }
}

pub(crate) fn context(left: Duration) -> CallContext {
    CallContext {
        call_id: "call-1".into(),
        connection: CONNECTION.into(),
        tenant: "acme".into(),
        deadline: Instant::now() + left,
        user: None,
        traceparent: None,
        ancestors: Arc::new([]),
    }
}

pub(crate) fn get(path: &str) -> OutboundRequest {
    OutboundRequest {
        endpoint: "api".to_owned(),
        method: "GET".parse().unwrap(),
        path: path.to_owned(),
        query: Vec::new(),
        headers: Vec::new(),
        body: None,
        timeout: None,
        idempotent: true,
    }
}

pub(crate) fn post(path: &str, body: &'static str) -> OutboundRequest {
    OutboundRequest { method: "POST".parse().unwrap(), body: Some(body.into()), idempotent: false, ..get(path) }
}

/// The values of a header, in order.
pub(crate) fn values<'r>(response: &'r UpstreamResponse, name: &str) -> Vec<&'r str> {
    response.headers.iter().filter(|(n, _)| n == name).map(|(_, v)| v.as_str()).collect()
}

/// A resolver that answers from a list, one entry per question; the last one for ever.
pub(crate) struct Scripted {
    answers: Mutex<Vec<Vec<SocketAddr>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Scripted {
    pub(crate) fn new(answers: &[&[&str]], port: u16) -> Scripted {
        let address = |ip: &&str| SocketAddr::new(ip.parse().unwrap(), port);
        let answers = answers.iter().rev().map(|answer| answer.iter().map(address).collect()).collect();
        Scripted { answers: Mutex::new(answers), asked: Arc::default() }
    }

    pub(crate) fn asked(&self) -> Arc<Mutex<Vec<String>>> {
        self.asked.clone()
    }
}

impl Resolve for Scripted {
    fn resolve<'a>(&'a self, host: &'a str, _port: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        Box::pin(async move {
            self.asked.lock().unwrap().push(host.to_owned());
            let mut answers = self.answers.lock().unwrap();
            let answer = if answers.len() > 1 { answers.pop().unwrap() } else { answers[0].clone() };
            Ok(answer)
        })
    }
}

/// A resolver that never answers.
pub(crate) struct Silent;

impl Resolve for Silent {
    fn resolve<'a>(&'a self, _host: &'a str, _port: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        Box::pin(std::future::pending())
    }
}
