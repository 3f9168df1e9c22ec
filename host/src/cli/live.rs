//! A connector in front of a business system that is really there, for its author: an operator's connection, or a URL
//! with everything else from the command line. Both are configurations, so that secrets, addresses and requests go the
//! same way as on a server.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jackfield_core::manifest::Manifest;
use jackfield_sandbox::Connector;
use jackfield_trial::Live;
use toml::{Table, Value};

use crate::app::{App, Options};
use crate::config::{Complaints, Config, Source};
use crate::exit::Exit;
use crate::registry::Connection;
use crate::telemetry;

/// How the system is reached.
#[derive(Debug, clap::Args)]
pub(super) struct LiveArgs {
    /// The configuration that the connection stands in.
    #[arg(long, default_value = "jackfield.toml", env = "JACKFIELD_CONFIG")]
    config: PathBuf,
    /// With a URL: where a secret comes from, such as `api_token=env:TOKEN` or `api_token=file:/path`.
    #[arg(long = "secret", value_name = "NAME=SOURCE")]
    secrets: Vec<String>,
    /// With a URL: a setting, as JSON or as plain text.
    #[arg(long = "setting", value_name = "NAME=VALUE")]
    settings: Vec<String>,
    /// With a URL: which auth scheme of an endpoint, where it has several.
    #[arg(long = "auth", value_name = "ENDPOINT=SCHEME")]
    auth: Vec<String>,
    /// Ask for intents that change the system, too.
    #[arg(long)]
    pub(super) writes: bool,
}

/// The name of the connection to a URL, and of its tenant.
const NAME: &str = "live";
/// What stands for the configuration's file in messages.
const COMMAND_LINE: &str = "the command line";
/// Calls at once: one author.
const IN_FLIGHT_MAX: i64 = 16;

/// A host with one connection of interest.
pub(super) struct Door {
    app: Arc<App>,
    connection: Arc<Connection>,
    /// Where a URL's host keeps its state; gone with it.
    _dir: Option<tempfile::TempDir>,
}

impl Door {
    /// Composes the host. `target` is a URL or the name of a connection, `package` the connector to use in it, `cache`
    /// where its compiled form may be found.
    ///
    /// # Errors
    /// After printing what is wrong.
    pub(super) fn open(
        args: &LiveArgs,
        target: &str,
        package: &Path,
        manifest: &Manifest,
        cache: Option<&Path>,
    ) -> Result<Door, Exit> {
        let refuse = |complaints: Complaints| {
            eprint!("{complaints}");
            Exit::Config
        };
        let package = package.canonicalize().map_err(|error| {
            eprintln!("error: {}: {error}", package.display());
            Exit::Failed
        })?;
        let (draft, name, dir) = if target.contains("://") {
            let dir = tempfile::tempdir().map_err(|error| {
                eprintln!("error: no place for the tokens of this run: {error}");
                Exit::Failed
            })?;
            let text = args.configuration(target, &package, manifest, dir.path()).map_err(|(message, hint)| {
                eprintln!("error: {message}\nhelp: {hint}");
                Exit::Usage
            })?;
            let mut draft = Config::draft(Source { path: PathBuf::from(COMMAND_LINE), text }).map_err(refuse)?;
            draft.config.sandbox.cache_dir = cache.map(Path::to_owned);
            (draft, NAME.to_owned(), Some(dir))
        } else {
            let mut draft = Config::read(&args.config).map_err(refuse)?;
            // The operator's connection, with the connector that is being worked on.
            draft.config.sandbox.cache_dir = cache.map(Path::to_owned).or(draft.config.sandbox.cache_dir);
            if let Some(section) = draft.config.connectors.get_mut(&manifest.id) {
                *section.get_mut().file.get_mut() = package;
            }
            (draft, target.to_owned(), None)
        };
        let app = App::compose(draft, Options { partial: true, ..Options::default() }).map_err(refuse)?;
        let vault = app.vault().clone();
        telemetry::scrub_with(move |text| vault.scrub(text));
        let Some(connection) = app.registry.connection(&name).cloned() else {
            let known: Vec<_> = app.registry.connections().map(|known| format!("`{}`", known.name)).collect();
            eprintln!(
                "error: {} has no connection `{name}`\nhelp: it has {}; a system is given by its URL",
                args.config.display(),
                known.join(", ")
            );
            return Err(Exit::Usage);
        };
        if connection.connector.manifest().id != manifest.id {
            let other = &connection.connector.manifest().id;
            eprintln!("error: the connection `{name}` is one of `{other}`, not of `{}`", manifest.id);
            return Err(Exit::Usage);
        }
        if let Some(why) = &connection.disabled {
            eprintln!("error: the connection `{name}` cannot be used: {}", app.scrub(why));
            return Err(Exit::Config);
        }
        Ok(Door { app, connection, _dir: dir })
    }

    /// The ports that lead through this host.
    pub(super) fn live(&self) -> Live {
        let app = self.app.clone();
        Live {
            ports: self.app.ports().clone(),
            grant: self.connection.grant.clone(),
            settings: self.connection.settings.clone(),
            tenant: self.connection.tenant.clone(),
            region: self.connection.region.clone(),
            scrub: Box::new(move |text| app.scrub(text).into_owned()),
        }
    }

    /// The connector, as this host has loaded it.
    pub(super) fn connector(&self) -> Arc<Connector> {
        self.connection.connector.clone()
    }

    /// Looks what is stored for the connection, before the first call.
    pub(super) async fn prepare(&self) {
        self.app.prepare().await;
    }

    /// Waits until what was done with credentials is on record.
    pub(super) async fn flush(&self) {
        self.app.flush().await;
    }

    /// A text without any secret.
    pub(super) fn scrub(&self, text: &str) -> String {
        self.app.scrub(text).into_owned()
    }
}

impl LiveArgs {
    /// A configuration for one URL.
    fn configuration(
        &self,
        target: &str,
        package: &Path,
        manifest: &Manifest,
        dir: &Path,
    ) -> Result<String, (String, &'static str)> {
        let url: url::Url = target.parse().map_err(|error| {
            (format!("`{target}` is no URL: {error}"), "such as `http://127.0.0.1:9101`, or the name of a connection")
        })?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err((format!("`{target}` is no address of a system"), "it begins with `https://` or `http://`"));
        }
        let mut settings = Table::new();
        for pair in &self.settings {
            let (name, value) = split(pair)?;
            let json: serde_json::Value = serde_json::from_str(value).unwrap_or_else(|_| value.into());
            let value =
                Value::try_from(json).map_err(|error| (format!("`{pair}`: {error}"), "a setting is no null"))?;
            settings.insert(name.to_owned(), value);
        }
        for name in ["base_url", "login_url"] {
            settings.entry(name).or_insert_with(|| text(target.trim_end_matches('/')));
        }
        let pairs = |pairs: &[String]| -> Result<Table, (String, &'static str)> {
            pairs.iter().map(|pair| split(pair).map(|(name, value)| (name.to_owned(), text(value)))).collect()
        };
        let mut connection = Table::new();
        connection.insert("connector".to_owned(), text(&manifest.id));
        connection.insert("tenant".to_owned(), text(NAME));
        connection.insert("access".to_owned(), text(if self.writes { "write" } else { "read" }));
        connection.insert("allow_insecure".to_owned(), Value::Boolean(url.scheme() == "http"));
        connection
            .insert("allow_addresses".to_owned(), Value::Array(addresses(&url).iter().map(|a| text(a)).collect()));
        connection.insert("settings".to_owned(), Value::Table(settings));
        connection.insert("secrets".to_owned(), Value::Table(pairs(&self.secrets)?));
        connection.insert("auth".to_owned(), Value::Table(pairs(&self.auth)?));

        let one = |name: &str, value: Value| Value::Table(Table::from_iter([(name.to_owned(), value)]));
        let path = |path: &Path| text(&path.display().to_string());
        let config = Table::from_iter([
            ("server".to_owned(), one("in_flight_max", Value::Integer(IN_FLIGHT_MAX))),
            ("store".to_owned(), one("file", path(&dir.join("jackfield.db")))),
            ("connector".to_owned(), one(&manifest.id, one("file", path(package)))),
            ("connection".to_owned(), one(NAME, Value::Table(connection))),
        ]);
        Ok(config.to_string())
    }
}

/// The addresses that a URL of this machine or of a bare address needs: who writes one means it. Names are looked up
/// and judged as always.
fn addresses(url: &url::Url) -> Vec<String> {
    match url.host() {
        Some(url::Host::Ipv4(address)) => vec![format!("{}/32", IpAddr::V4(address))],
        Some(url::Host::Ipv6(address)) => vec![format!("{}/128", IpAddr::V6(address))],
        Some(url::Host::Domain("localhost")) => vec!["127.0.0.0/8".to_owned(), "::1/128".to_owned()],
        _ => Vec::new(),
    }
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

/// Never repeats the value: it may be a secret in the wrong place.
fn split(pair: &str) -> Result<(&str, &str), (String, &'static str)> {
    pair.split_once('=').ok_or_else(|| {
        (
            "`--secret`, `--setting` and `--auth` take a pair".to_owned(),
            "write `NAME=VALUE`, such as `api_token=env:TOKEN`",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_that_were_written_are_allowed() {
        for (url, allowed) in [
            ("http://127.0.0.1:9101", &["127.0.0.1/32"][..]),
            ("http://[::1]:9101/x", &["::1/128"]),
            ("http://localhost:9101", &["127.0.0.0/8", "::1/128"]),
            ("https://shop.example", &[]),
        ] {
            assert_eq!(addresses(&url.parse().unwrap()), allowed, "{url}");
        }
    }

    #[test]
    fn a_pair_that_is_none_is_not_repeated() {
        let (message, _) = split("s3cr3t-value").unwrap_err();
        assert!(!message.contains("s3cr3t"), "{message}");
    }
}
