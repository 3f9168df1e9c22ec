//! A whole host with real components, for tests and benches: mocks behind it, a client in front of it, all in one
//! process and on ports of their own.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use jackfield::app::{App, Options};
use jackfield::config::{Config, Source};
use jackfield::server;
use jackfield_mocks::{Mocks, credentials};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub mod client;
pub mod guests;
pub mod process;
pub mod reference;
pub mod stub;

pub use client::{Answer, Client, Event, Events};
pub use process::Process;
pub use stub::{Silent, Stub};

/// Root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_owned).unwrap_or_default()
}

/// A packaged connector that `make plugins` made.
pub fn plugin(id: &str) -> PathBuf {
    let path = root().join("dist/plugins").join(format!("{id}.wasm"));
    assert!(path.exists(), "{} is not there: run `make plugins`", path.display());
    path
}

/// A host that serves on a port of its own until it is dropped.
pub struct Host {
    /// What it was composed of.
    pub app: Arc<App>,
    /// Talks to it with the key `demo`.
    pub client: Client,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<Result<()>>,
    _dir: tempfile::TempDir,
}

impl Host {
    /// Serves a configuration's text. Relative paths in it are relative to a fresh directory.
    ///
    /// # Errors
    /// Every complaint of the configuration, as `jackfield check` prints it.
    pub async fn start(config: &str) -> Result<Host> {
        Host::start_as(config, Options::default()).await
    }

    /// The same as something else than a server that is well: with the store closed, for example.
    ///
    /// # Errors
    /// As [`Host::start`].
    pub async fn start_as(config: &str, options: Options) -> Result<Host> {
        let dir = tempfile::tempdir()?;
        let source = Source { path: dir.path().join("jackfield.toml"), text: config.to_owned() };
        // Compiling and TLS set-up take their time; a test's runtime has one thread.
        let app = tokio::task::spawn_blocking(move || {
            Config::draft(source).and_then(|draft| App::compose(draft, Options { demo: true, ..options }))
        })
        .await??;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let client = Client::new(&format!("http://{}", listener.local_addr()?), "demo");
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(server::serve(app.clone(), listener, async {
            let _ = stopped.await;
        }));
        Ok(Host { app, client, stop: Some(stop), serving, _dir: dir })
    }

    /// What SIGTERM does: drains, and comes back when everything under way has ended.
    ///
    /// # Errors
    /// When the server did not end well.
    pub async fn drain(mut self) -> Result<()> {
        drop(self.stop.take());
        (&mut self.serving).await.context("the server's task")?
    }

    /// As SIGTERM, without waiting.
    pub fn begin_drain(&mut self) {
        drop(self.stop.take());
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// The demo: every connector that has a simulated system, against it.
pub struct Demo {
    /// The systems behind.
    pub mocks: Mocks,
    /// The host in front.
    pub host: Host,
}

impl Demo {
    /// As `make run` starts it.
    ///
    /// # Errors
    /// When a part does not start.
    pub async fn start() -> Result<Demo> {
        Demo::start_with(|config| config).await
    }

    /// With a change to the configuration's text.
    ///
    /// # Errors
    /// When a part does not start.
    pub async fn start_with(change: impl FnOnce(String) -> String) -> Result<Demo> {
        let mocks = Mocks::start(([127, 0, 0, 1], 0).into()).await?;
        let config = change(demo_config(&mocks)?);
        Ok(Demo { host: Host::start(&config).await?, mocks })
    }
}

/// The demo's configuration with every address filled in; secrets come from files, since tests share an environment.
///
/// # Errors
/// When the template is not there, or a secret cannot be written.
pub fn demo_config(mocks: &Mocks) -> Result<String> {
    let secrets = root().join("target/test-secrets");
    std::fs::create_dir_all(&secrets)?;
    let template = std::fs::read_to_string(root().join("tests/demo/jackfield.toml.in"))?;
    let plugins = plugin("shopify").parent().map(Path::to_owned).unwrap_or_default();
    let mut config = template
        .replace("@LISTEN@", "127.0.0.1:0")
        .replace("@PLUGINS@", &plugins.display().to_string())
        .replace("@STORE@", "jackfield.db")
        .replace("@CACHE@", &cache_dir()?.display().to_string());
    for (mark, system) in [
        ("@SHOPIFY@", "shopify"),
        ("@ZENDESK@", "zendesk"),
        ("@SALESFORCE@", "salesforce"),
        ("@S4HANA@", "sap-s4hana"),
        ("@SUCCESSFACTORS@", "sap-successfactors"),
    ] {
        config = config.replace(mark, mocks.base_url(system));
    }
    for (source, name, value) in [
        ("env:DEMO_SHOPIFY_TOKEN", "shopify", credentials::SHOPIFY_TOKEN),
        ("env:DEMO_ZENDESK_TOKEN", "zendesk", credentials::ZENDESK_API_TOKEN),
        ("env:DEMO_SALESFORCE_SECRET", "salesforce", credentials::SALESFORCE_INTEGRATION_CLIENT_SECRET),
        ("env:DEMO_S4HANA_SECRET", "sap-s4hana", credentials::S4HANA_CLIENT_SECRET),
        ("file:@SUCCESSFACTORS_KEY@", "sap-successfactors", credentials::SUCCESSFACTORS_SAML_PRIVATE_KEY),
    ] {
        config = config.replace(source, &secret(&secrets, name, value)?);
    }
    Ok(config)
}

/// Where [`demo_config`] keeps the secret of a system.
pub fn demo_secret(system: &str) -> PathBuf {
    root().join("target/test-secrets").join(system)
}

/// A `file:` source with a value. Tests run at once, so a file that is there already is left alone.
fn secret(dir: &Path, name: &str, value: &str) -> Result<String> {
    let path = dir.join(name);
    if std::fs::read_to_string(&path).ok().as_deref() != Some(value) {
        let temporary = tempfile::NamedTempFile::new_in(dir)?;
        std::fs::write(temporary.path(), value)?;
        temporary.persist(&path)?;
    }
    Ok(format!("file:{}", path.display()))
}

/// Waits for a condition: asks until there is an answer, for half a minute at most.
///
/// # Panics
/// When there is none by then.
pub async fn until<T, F: Future<Output = Option<T>>>(ask: impl FnMut() -> F) -> T {
    until_within(Duration::from_secs(30), ask).await
}

/// As [`until`], for what takes longer, such as a compiler.
///
/// # Panics
/// When there is no answer by then.
pub async fn until_within<T, F: Future<Output = Option<T>>>(patience: Duration, mut ask: impl FnMut() -> F) -> T {
    let begun = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(begun.elapsed() < patience, "the condition did not come about");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Compiled connectors, shared by all tests so that each is compiled once.
///
/// # Errors
/// When the directory cannot be made.
pub fn cache_dir() -> Result<PathBuf> {
    use std::os::unix::fs::DirBuilderExt as _;
    let dir = root().join("target/test-cache");
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&dir)?;
    Ok(dir)
}
