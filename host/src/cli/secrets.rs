//! `jackfield secrets`: the operator's hand on the sealed vault. A value comes from standard input or a prompt, never
//! from the command line, where every user of the machine could read it; and it is never printed.

use std::fmt::Write as _;
use std::io::{IsTerminal as _, Read as _};
use std::path::PathBuf;
use std::time::SystemTime;

use anyhow::Context as _;
use clap::Subcommand;
use jackfield_egress::{Listed, MasterSource, Rekeyed, SealedVault, SecretSource, SecretValue};
use serde_json::json;
use zeroize::Zeroizing;

use super::say;
use crate::config::{Complaints, Config, ConnectionSection};
use crate::exit::Exit;
use crate::secrets;

/// Bound of what is read from standard input, in bytes: more than any value may have.
const INPUT_BYTES_MAX: u64 = 128 << 10;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The configuration file.
    #[arg(long, short, global = true, default_value = "jackfield.toml", env = "JACKFIELD_CONFIG")]
    config: PathBuf,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make an empty vault, and its key file where there is none.
    Init,
    /// Set a value, from standard input or a prompt. One that was there before is live no more.
    Set {
        #[command(flatten)]
        place: Place,
        /// Also for a connection or a name that the configuration does not know yet.
        #[arg(long)]
        force: bool,
    },
    /// Show which secrets there are, where they come from and since when; never a value.
    List {
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Set a new value and keep the one before it live until the system took the new one, for a day at most.
    Rotate {
        #[command(flatten)]
        place: Place,
        /// End the rotation now: the value before it is live no more.
        #[arg(long)]
        done: bool,
    },
    /// Change the master key and seal every value anew, while hosts go on serving.
    Rekey {
        /// Source of the new key, such as `env:NAME` or `passphrase:prompt`; without it, the key file gets a new key.
        #[arg(long)]
        to: Option<String>,
    },
    /// Remove a secret with all of its values.
    Remove {
        #[command(flatten)]
        place: Place,
    },
}

/// A secret of a connection.
#[derive(Clone, Debug, clap::Args)]
struct Place {
    /// Name of the connection.
    connection: String,
    /// Name of the secret.
    name: String,
}

pub(super) fn run(args: Args) -> anyhow::Result<Exit> {
    // The rest of the configuration may be wrong, for want of the very secret that is being set.
    let config = match Config::read(&args.config) {
        // A `[vault]` that could not be read is not one that is missing.
        Ok(draft) if draft.config.vault.is_none() && !draft.complaints.list().is_empty() => {
            return Ok(refuse(&draft.complaints));
        }
        Ok(draft) => draft.config,
        Err(complaints) => return Ok(refuse(&complaints)),
    };
    let now_s = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs();
    execute(&config, args.verb, now_s, read_value)
}

/// Does what a verb says. `value` is asked only when everything else is in order.
fn execute(
    config: &Config,
    verb: Verb,
    now_s: u64,
    value: impl FnOnce(&Place) -> anyhow::Result<SecretValue>,
) -> anyhow::Result<Exit> {
    if let Verb::List { json } = verb {
        say(list(config, json, now_s)?)?;
        return Ok(Exit::Ok);
    }
    let Some(section) = &config.vault else {
        eprintln!("error: `{}` has no `[vault]`", config.source.path.display());
        eprintln!("help: add `[vault]` with `master_key = \"file:/etc/jackfield/master.key\"`");
        return Ok(Exit::Config);
    };
    let vault = match secrets::sealed(config, section.get_ref()) {
        Ok(vault) => vault,
        Err(why) => {
            let mut complaints = Complaints::new(config.source.clone());
            complaints.push_unquoted(section.span(), why, "see docs/secrets.md");
            return Ok(refuse(&complaints));
        }
    };
    match verb {
        Verb::Init => {
            vault.create()?;
            eprintln!("made {}", vault.path().display());
        }
        Verb::Set { place, force } => {
            if let (false, Err(Unknown { message, hint })) = (force, place.known(config)) {
                eprintln!("error: {message}\nhelp: {hint}, or use `--force`");
                return Ok(Exit::Usage);
            }
            // Before somebody types: a vault that does not open takes no value.
            vault.check()?;
            let value = value(&place)?;
            let mut editor = vault.edit()?;
            editor.set(&place.connection, &place.name, &value, now_s)?;
            editor.save()?;
            eprintln!("set `{}` of `{}`", place.name, place.connection);
        }
        Verb::Rotate { place, done: true } => {
            let mut editor = vault.edit()?;
            let ended = editor.retire(&place.connection, &place.name)?;
            editor.save()?;
            let what = if ended { "retired the value before" } else { "there was no value before" };
            eprintln!("{what}: `{}` of `{}`", place.name, place.connection);
        }
        Verb::Rotate { place, done: false } => {
            vault.check()?;
            let value = value(&place)?;
            let mut editor = vault.edit()?;
            editor.rotate(&place.connection, &place.name, &value, now_s)?;
            editor.save()?;
            let Place { connection, name } = place;
            eprintln!("rotated `{name}` of `{connection}`");
            eprintln!("once the old value is revoked: jackfield secrets rotate --done {connection} {name}");
        }
        Verb::Rekey { to } => return rekey(&vault, to.as_deref()),
        Verb::Remove { place } => {
            let mut editor = vault.edit()?;
            editor.remove(&place.connection, &place.name)?;
            editor.save()?;
            eprintln!("removed `{}` of `{}`", place.name, place.connection);
        }
        // Answered above: it needs no vault.
        Verb::List { .. } => {}
    }
    Ok(Exit::Ok)
}

fn refuse(complaints: &Complaints) -> Exit {
    eprint!("{complaints}");
    Exit::Config
}

fn rekey(vault: &SealedVault, to: Option<&str>) -> anyhow::Result<Exit> {
    let to = match to.map(MasterSource::parse).transpose() {
        Ok(to) => to,
        Err(why) => {
            eprintln!("error: `--to`: {why}");
            return Ok(Exit::Usage);
        }
    };
    let name = to.as_ref().map(ToString::to_string);
    let to = to.map(secrets::master_key).transpose().map_err(anyhow::Error::msg)?;
    match (vault.edit()?.rekey(to.as_ref())?, name) {
        (Rekeyed::OldKeysKept, Some(name)) => eprintln!(
            "the vault opens with `{name}` as well; add it to `master_key`, restart the hosts, and run this again to \
             drop the old key"
        ),
        _ => eprintln!("the vault opens with its new key, and not with the old one any more"),
    }
    Ok(Exit::Ok)
}

/// Why a name is refused.
struct Unknown {
    message: String,
    hint: String,
}

impl Place {
    /// Whether the configuration takes this secret from the vault, and the connector knows it.
    fn known(&self, config: &Config) -> Result<(), Unknown> {
        let Place { connection, name } = self;
        let Some(section) = config.connections.get(connection).map(toml::Spanned::get_ref) else {
            let known: Vec<_> = config.connections.keys().map(String::as_str).collect();
            let message = format!("there is no connection `{connection}`");
            return Err(Unknown { message, hint: format!("there are {}", known.join(", ")) });
        };
        if let Some(names) = names_of_manifest(config, section)
            && !names.contains(name)
        {
            let connector = section.connector.get_ref();
            let message = format!("connector `{connector}` does not use a secret `{name}`");
            return Err(Unknown { message, hint: format!("it uses {}", names.join(", ")) });
        }
        let source = section.secrets.get(name).map(|written| SecretSource::parse(written.get_ref().source()));
        if !matches!(source, Some(Ok(SecretSource::Vault))) {
            let message = format!("connection `{connection}` does not take `{name}` from the vault");
            let hint = format!("write `{name} = \"vault:\"` under `[connection.{connection}.secrets]`");
            return Err(Unknown { message, hint });
        }
        Ok(())
    }
}

/// The secrets that a connector names; nothing when its file is not there yet or does not read.
fn names_of_manifest(config: &Config, section: &ConnectionSection) -> Option<Vec<String>> {
    let connector = config.connectors.get(section.connector.get_ref())?.get_ref();
    let bytes = std::fs::read(config.source.resolve(connector.file.get_ref())).ok()?;
    let (_, manifest) = jackfield_sandbox::inspect(&bytes).ok()?.package.ok()?;
    Some(manifest.secrets.into_iter().map(|secret| secret.name).collect())
}

/// One line: what the configuration names, and what the vault has.
struct Row {
    connection: String,
    name: String,
    /// `env`, `file`, `vault`, `openbao`; `unused` for what the vault has and nobody names.
    source: &'static str,
    kept: Option<Listed>,
}

fn list(config: &Config, as_json: bool, now_s: u64) -> anyhow::Result<String> {
    let mut kept = match &config.vault {
        Some(section) => secrets::sealed(config, section.get_ref()).map_err(anyhow::Error::msg)?.list(now_s)?,
        None => Vec::new(),
    };
    let mut rows = Vec::new();
    for (connection, section) in &config.connections {
        for (name, written) in &section.get_ref().secrets {
            let source = SecretSource::parse(written.get_ref().source());
            let in_vault = matches!(source, Ok(SecretSource::Vault));
            let is_it = |listed: &mut Listed| in_vault && listed.connection == *connection && listed.name == *name;
            rows.push(Row {
                connection: connection.clone(),
                name: name.clone(),
                source: source.as_ref().map_or("malformed", SecretSource::kind),
                kept: kept.extract_if(.., is_it).next(),
            });
        }
    }
    rows.extend(kept.into_iter().map(|listed| Row {
        connection: listed.connection.clone(),
        name: listed.name.clone(),
        source: "unused",
        kept: Some(listed),
    }));
    if as_json { json_of(&rows) } else { table_of(&rows) }
}

fn json_of(rows: &[Row]) -> anyhow::Result<String> {
    let rows: Result<Vec<_>, anyhow::Error> = rows
        .iter()
        .map(|row| {
            let set_at = row.kept.as_ref().map(|kept| time(kept.set_at_s)).transpose()?;
            let until = row.kept.as_ref().and_then(|kept| kept.previous_until_s).map(time).transpose()?;
            Ok(json!({
                "connection": row.connection,
                "name": row.name,
                "source": row.source,
                "version": row.kept.as_ref().map(|kept| kept.version),
                "set_at": set_at,
                "previous_until": until,
            }))
        })
        .collect();
    Ok(serde_json::to_string_pretty(&rows?)? + "\n")
}

fn table_of(rows: &[Row]) -> anyhow::Result<String> {
    let mut out = String::new();
    for Row { connection, name, source, kept } in rows {
        write!(out, "{connection} {name} {source}")?;
        match kept {
            Some(kept) => {
                write!(out, ", version {} set {}", kept.version, time(kept.set_at_s)?)?;
                if let Some(until) = kept.previous_until_s {
                    write!(out, ", previous value live until {}", time(until)?)?;
                }
            }
            None if *source == "vault" => write!(out, ", not set")?,
            None => {}
        }
        out.push('\n');
    }
    Ok(out)
}

fn time(seconds: u64) -> anyhow::Result<String> {
    Ok(jiff::Timestamp::from_second(i64::try_from(seconds)?)?.to_string())
}

/// A value from standard input, or typed twice.
fn read_value(place: &Place) -> anyhow::Result<SecretValue> {
    let bytes = if std::io::stdin().is_terminal() {
        let ask = |what: &str| {
            let question = format!("{what} of `{}` for `{}`: ", place.name, place.connection);
            rpassword::prompt_password(question).map(Zeroizing::new).context("the terminal cannot be asked")
        };
        let (value, again) = (ask("value")?, ask("the same value again")?);
        anyhow::ensure!(value == again, "the two values are not the same; nothing was changed");
        Zeroizing::new(value.as_bytes().to_vec())
    } else {
        // Room for all of it at once, so that growing leaves no copy behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(INPUT_BYTES_MAX as usize + 1));
        std::io::stdin().take(INPUT_BYTES_MAX + 1).read_to_end(&mut bytes)?;
        bytes
    };
    Ok(SecretValue::new(bytes)?)
}

#[cfg(test)]
mod tests;
