//! A granted connection and an egress to go with it.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use jackfield_core::audit::{Event, Record};
use jackfield_core::call::{CallContext, User, WriteGate};
use jackfield_core::grant::{ConnectionGrant, Grant, GrantError, Granted, NetworkPolicy, OutboundRequest, Subject};
use jackfield_core::manifest::{Access, Manifest};
use jackfield_core::port::{
    Audit, BoxFuture, Bucket, Egress as _, Entry, Expect, Log, SendError, Store, StoreError, UpstreamResponse,
    Versioned,
};
use jackfield_egress::{
    Change, ConnectionConfig, Egress, EgressConfig, MasterKey, MasterSource, Parts, Resolve, SealedVault, SecretEntry,
    SecretSource, Stores, SystemResolver, Vault,
};
use tempfile::TempDir;

pub(crate) const CONNECTION: &str = "shop-eu";

/// What a test wants of its connection.
pub(crate) struct Wish {
    /// Of the connection.
    pub(crate) name: &'static str,
    pub(crate) base_url: String,
    /// TOML after `auth = `.
    pub(crate) auth: Option<&'static str>,
    pub(crate) allow: Vec<&'static str>,
    pub(crate) insecure: bool,
    pub(crate) config: ConnectionConfig,
    pub(crate) resolver: Arc<dyn Resolve>,
    pub(crate) secrets: Vec<(&'static str, &'static str)>,
    /// TOML of the endpoint beside `auth`.
    pub(crate) endpoint: &'static str,
    pub(crate) subject: Subject,
    pub(crate) store: Option<Arc<Memory>>,
}

impl Wish {
    /// A connection to a base URL with the loopback interface allowed.
    pub(crate) fn to(base_url: &str) -> Wish {
        Wish {
            name: CONNECTION,
            base_url: base_url.to_owned(),
            auth: None,
            allow: vec!["127.0.0.1/32"],
            insecure: true,
            config: ConnectionConfig::default(),
            resolver: Arc::new(SystemResolver),
            secrets: Vec::new(),
            endpoint: "",
            subject: Subject::Connection,
            store: None,
        }
    }

    /// Each user has a credential of their own.
    pub(crate) fn for_users(mut self) -> Wish {
        self.subject = Subject::User;
        self
    }

    pub(crate) fn store(mut self, store: &Arc<Memory>) -> Wish {
        self.store = Some(store.clone());
        self
    }

    pub(crate) fn endpoint(mut self, toml: &'static str) -> Wish {
        self.endpoint = toml;
        self
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
            [[secret]]
            name = "user"
            purpose = "tests"
            [[secret]]
            name = "refresh"
            purpose = "tests"
            [[secret]]
            name = "key"
            purpose = "tests"
            [[secret]]
            name = "pin"
            purpose = "tests"
            [endpoint.api]
            base_url = "https://api.example.com"
            allow = ["read GET /open/**", "read HEAD /open/**", "write POST /open/**", "write GET /changing/*"]
            {auth}
            {}
            "#,
            self.endpoint
        );
        let manifest = Manifest::parse(&text).unwrap();
        let network = NetworkPolicy {
            allow_addresses: self.allow.iter().map(|net| net.parse().unwrap()).collect(),
            allow_insecure: self.insecure,
        };
        let connection = ConnectionGrant {
            name: self.name,
            tenant: "acme",
            subject: self.subject,
            place: "jackfield.toml:12",
            settings: &serde_json::json!({ "base_url": self.base_url, "login_url": self.base_url }),
            access: Access::Write,
            auth: &BTreeMap::new(),
            secrets: &["token", "user", "refresh", "key", "pin"].map(|name| (name.to_owned(), false)).into(),
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
        let stores = Stores { sealed: self.store.as_ref().map(|store| store.vault.clone()), openbao: None };
        let vault = Arc::new(Vault::with_stores(stores, entries.collect::<Vec<_>>()));
        let config = EgressConfig { connections: HashMap::from([(CONNECTION.to_owned(), self.config.clone())]) };
        let (audit, changes) = (Arc::new(Records::default()), Arc::new(Mutex::new(Vec::new())));
        let seen = changes.clone();
        let parts = Parts {
            vault: vault.clone(),
            store: self.store.clone().map(|store| store as Arc<dyn Store>),
            audit: audit.clone(),
            resolver: self.resolver.clone(),
            observer: Some(Arc::new(move |change: &Change| seen.lock().unwrap().push(change.clone()))),
        };
        let egress = Arc::new(Egress::new(&config, parts).unwrap());
        NearSide { grant: self.grant(), config: self.config, egress, vault, folder, audit, changes }
    }
}

pub(crate) fn write_secret(path: &std::path::Path, value: &str) {
    std::fs::write(path, value).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

pub(crate) struct NearSide {
    pub(crate) grant: Grant,
    pub(crate) config: ConnectionConfig,
    pub(crate) egress: Arc<Egress>,
    pub(crate) vault: Arc<Vault>,
    pub(crate) folder: TempDir,
    pub(crate) audit: Arc<Records>,
    pub(crate) changes: Arc<Mutex<Vec<Change>>>,
}

/// What an egress works with at the least.
pub(crate) fn parts(vault: Vault) -> Parts {
    Parts {
        vault: Arc::new(vault),
        store: None,
        audit: Arc::new(Records::default()),
        resolver: Arc::new(SystemResolver),
        observer: None,
    }
}

/// An audit log in memory, which can be broken.
#[derive(Default)]
pub(crate) struct Records {
    taken: Mutex<Vec<Record>>,
    broken: AtomicBool,
}

impl Audit for Records {
    fn record(&self, record: &Record) -> Result<(), String> {
        if self.broken.load(Ordering::SeqCst) {
            return Err("the disk is full".to_owned());
        }
        self.taken.lock().unwrap().push(record.clone());
        Ok(())
    }
}

impl Records {
    pub(crate) fn set_broken(&self, broken: bool) {
        self.broken.store(broken, Ordering::SeqCst);
    }

    pub(crate) fn all(&self) -> Vec<Record> {
        self.taken.lock().unwrap().clone()
    }

    /// Outcomes of the uses of credentials.
    pub(crate) fn uses(&self) -> Vec<String> {
        let all = self.all().into_iter();
        all.filter(|r| matches!(r.event, Event::CredentialUsed { .. })).map(|r| r.outcome).collect()
    }
}

/// A step of the store, for a test that wants to come in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Get,
    Put,
}

/// Whether a step is refused, given its number from 0.
pub(crate) type Gate = Box<dyn Fn(Step, usize) -> Option<StoreError> + Send + Sync>;

/// A store in memory: revisions and conditions as the port wants them.
pub(crate) struct Memory {
    /// What seals its tokens, shared by all hosts that share the store.
    vault: Arc<SealedVault>,
    _folder: TempDir,
    values: Mutex<(u64, BTreeMap<String, Versioned>)>,
    steps: AtomicUsize,
    gate: Mutex<Option<Gate>>,
}

impl Memory {
    pub(crate) fn new() -> Arc<Memory> {
        let folder = TempDir::new().unwrap();
        let key = MasterKey::new(MasterSource::Key(SecretSource::File(folder.path().join("master.key"))));
        let vault = SealedVault::new(folder.path().join("secrets.vault"), vec![key]);
        vault.create().unwrap();
        let (values, steps, gate) = Default::default();
        Arc::new(Memory { vault: Arc::new(vault), _folder: folder, values, steps, gate })
    }

    /// Everything that is kept, as bytes.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.values.lock().unwrap().1.values().flat_map(|v| v.value.to_vec()).collect()
    }

    /// Changes a byte of every value.
    pub(crate) fn spoil(&self) {
        for kept in self.values.lock().unwrap().1.values_mut() {
            let mut bytes = kept.value.to_vec();
            *bytes.last_mut().unwrap() ^= 1;
            kept.value = bytes.into();
        }
    }

    /// Puts each value where the next one was.
    pub(crate) fn shuffle(&self) {
        let mut values = self.values.lock().unwrap();
        let mut kept: Vec<_> = values.1.values().cloned().collect();
        kept.rotate_left(1);
        values.1.values_mut().zip(kept).for_each(|(place, value)| *place = value);
    }

    pub(crate) fn set_gate(&self, gate: Option<Gate>) {
        self.steps.store(0, Ordering::SeqCst);
        *self.gate.lock().unwrap() = gate;
    }

    fn pass(&self, step: Step) -> Result<(), StoreError> {
        let number = self.steps.fetch_add(1, Ordering::SeqCst);
        self.gate.lock().unwrap().as_ref().and_then(|gate| gate(step, number)).map_or(Ok(()), Err)
    }
}

impl Store for Memory {
    fn get<'a>(&'a self, _: Bucket, key: &'a str) -> BoxFuture<'a, Result<Option<Versioned>, StoreError>> {
        Box::pin(async move {
            self.pass(Step::Get)?;
            Ok(self.values.lock().unwrap().1.get(key).cloned())
        })
    }

    fn put<'a>(
        &'a self,
        _: Bucket,
        key: &'a str,
        value: Bytes,
        expect: Expect,
    ) -> BoxFuture<'a, Result<u64, StoreError>> {
        Box::pin(async move {
            self.pass(Step::Put)?;
            let mut values = self.values.lock().unwrap();
            let current = values.1.get(key).map(|v| v.revision);
            let holds = match expect {
                Expect::Any => true,
                Expect::Absent => current.is_none(),
                Expect::Revision(revision) => current == Some(revision),
            };
            if !holds {
                return Err(StoreError::Conflict);
            }
            values.0 += 1;
            let revision = values.0;
            values.1.insert(key.to_owned(), Versioned { revision, value });
            Ok(revision)
        })
    }

    fn delete<'a>(&'a self, _: Bucket, key: &'a str, _: Expect) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.values.lock().unwrap().1.remove(key);
            Ok(())
        })
    }

    fn keys<'a>(&'a self, _: Bucket, prefix: &'a str) -> BoxFuture<'a, Result<Vec<String>, StoreError>> {
        let keys = self.values.lock().unwrap().1.keys().filter(|k| k.starts_with(prefix)).cloned().collect();
        Box::pin(async move { Ok(keys) })
    }

    fn append(&self, _: Log, _: Bytes) -> Result<(), StoreError> {
        Ok(())
    }

    fn flush(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async { Ok(()) })
    }

    fn trim(&self, _: Log, _: u64) -> BoxFuture<'_, Result<(), StoreError>> {
        unreachable!("the egress trims no log")
    }

    fn entries<'a>(&'a self, _: Log, _: u64, _: usize) -> BoxFuture<'a, Result<Vec<Entry>, StoreError>> {
        Box::pin(async { Ok(Vec::new()) })
    }
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
        gate: WriteGate::default(),
    }
}

/// A call of a verified user.
pub(crate) fn of_user(id: &str, email: Option<&str>) -> CallContext {
    let user = User { id: id.to_owned(), email: email.map(str::to_owned), phone: None };
    CallContext { user: Some(Arc::new(user)), ..context(Duration::from_secs(10)) }
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
