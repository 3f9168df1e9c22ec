//! `jackfield messages list|show|retry|drop`: what people left for a helpdesk and what becomes of it. Works on the store,
//! while the host serves and when it does not; a host takes a change up at its next look.

use std::fmt::Write as _;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Subcommand;
use jackfield_core::message::{Errand, Message, State};
use jackfield_egress::{Stores, Vault};
use jackfield_store::{Embedded, Observer};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{ConfigFile, runtime, say};
use crate::audit::AuditLog;
use crate::config::{Config, Draft};
use crate::dispatch::envelope::Unkept;
use crate::dispatch::now_ms;
use crate::exit::Exit;
use crate::fallback::outbox::{Kept, Outbox};
use crate::metrics::MessageMeter;
use crate::secrets;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List messages, the oldest first, without what people wrote.
    List {
        #[command(flatten)]
        config: ConfigFile,
        /// Only those of this tenant.
        #[arg(long)]
        tenant: Option<String>,
        /// Only those that are `waiting`, `delivering`, `delivered`, `unknown`, `dead` or `dropped`.
        #[arg(long)]
        state: Option<String>,
        /// Print one JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Show one message with everything that the helpdesk is told. It holds what a person wrote.
    Show {
        #[command(flatten)]
        config: ConfigFile,
        /// As `list` prints it.
        reference: String,
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Deliver a message again that is `unknown` or `dead`. Of an `unknown` one look at the helpdesk first: it may be there.
    Retry {
        #[command(flatten)]
        config: ConfigFile,
        /// As `list` prints it.
        reference: String,
    },
    /// Drop a message: it is not delivered, and what the person wrote is deleted.
    Drop {
        #[command(flatten)]
        config: ConfigFile,
        /// As `list` prints it.
        reference: String,
    },
}

impl Verb {
    fn config(&self) -> &ConfigFile {
        match self {
            Verb::List { config, .. }
            | Verb::Show { config, .. }
            | Verb::Retry { config, .. }
            | Verb::Drop { config, .. } => config,
        }
    }
}

pub(super) fn run(args: Args) -> anyhow::Result<Exit> {
    let file = args.verb.config();
    // Looking makes no store where there is none.
    if let Err(exit) = file.observe_store().map(|_: Observer| ()) {
        return Ok(exit);
    }
    let config = match Config::read(&file.config).and_then(Draft::finish) {
        Ok(config) => config,
        Err(complaints) => return Ok(super::refuse(&complaints)),
    };
    let outbox = open(&config)?;
    runtime()?.block_on(async {
        match args.verb {
            Verb::List { tenant, state, json, .. } => list(&outbox.0, tenant.as_deref(), state.as_deref(), json).await,
            Verb::Show { reference, json, .. } => show(&outbox.0, &reference, json).await,
            Verb::Retry { reference, .. } => {
                let change = |message: &Message| message.retried(now_ms());
                let exit = change_one(&outbox, &reference, "retried", change).await?;
                if exit == Exit::Ok {
                    eprintln!("the host tries `{reference}` again within ten seconds");
                }
                Ok(exit)
            }
            Verb::Drop { reference, .. } => {
                let exit = change_one(&outbox, &reference, "dropped", |message| message.dropped(now_ms())).await?;
                if exit == Exit::Ok {
                    eprintln!("dropped `{reference}`");
                }
                Ok(exit)
            }
        }
    })
}

/// The messages, and the store that they are in.
fn open(config: &Config) -> anyhow::Result<(Outbox, Arc<Embedded>)> {
    let store = Embedded::open(&config.store_path(), jackfield_store::Options::default())
        .with_context(|| "the store does not open for writing")?;
    let sealed = config.vault.as_ref().map(|section| secrets::sealed(config, section.get_ref()));
    let sealed = sealed.transpose().map_err(anyhow::Error::msg)?.map(Arc::new);
    let vault = Arc::new(Vault::with_stores(Stores { sealed, openbao: None }, Vec::new()));
    let store = Arc::new(store);
    let audit = Arc::new(AuditLog::new(store.clone()));
    Ok((Outbox::new(store.clone(), vault, MessageMeter::default(), audit), store))
}

/// Every message that can be read, the oldest first. Of the others it is said that they are there.
async fn all(outbox: &Outbox) -> anyhow::Result<Vec<(String, Kept)>> {
    let mut all = Vec::new();
    for key in outbox.keys().await? {
        match outbox.get(&key).await {
            Ok(Some(kept)) => all.push((key, kept)),
            Ok(None) => {}
            Err(error @ Unkept::Unusable(_)) => eprintln!("warning: {error}"),
            Err(error) => return Err(error.into()),
        }
    }
    all.sort_by_key(|(_, kept)| kept.message.taken_ms);
    Ok(all)
}

async fn list(outbox: &Outbox, tenant: Option<&str>, state: Option<&str>, as_json: bool) -> anyhow::Result<Exit> {
    let mut out = String::new();
    for (_, Kept { message, .. }) in all(outbox).await? {
        let is_wanted = tenant.is_none_or(|wanted| wanted == message.tenant)
            && state.is_none_or(|wanted| wanted == message.state.as_str());
        if is_wanted {
            let line = if as_json { summary(&message).to_string() } else { line(&message) };
            writeln!(out, "{line}")?;
        }
    }
    say(out)?;
    Ok(Exit::Ok)
}

async fn show(outbox: &Outbox, reference: &str, as_json: bool) -> anyhow::Result<Exit> {
    let Some((_, Kept { message, .. })) = find(outbox, reference).await? else { return Ok(Exit::Usage) };
    if as_json {
        let mut value = summary(&message);
        value["create"] = message.content.as_ref().map_or(Value::Null, |content| content.create.clone());
        value["route"] = message.content.as_ref().and_then(|content| content.route.clone()).unwrap_or_default();
        say(serde_json::to_string_pretty(&value)? + "\n")?;
        return Ok(Exit::Ok);
    }
    let mut out = line(&message) + "\n";
    for (errand, input) in message
        .content
        .iter()
        .flat_map(|content| [(Errand::Create, Some(&content.create)), (Errand::Route, content.route.as_ref())])
    {
        if let Some(input) = input {
            // As JSON, which has nothing in it that a terminal would obey.
            writeln!(out, "{} {}", errand.intent(), serde_json::to_string_pretty(input)?)?;
        }
    }
    say(out)?;
    Ok(Exit::Ok)
}

async fn change_one(
    (outbox, store): &(Outbox, Arc<Embedded>),
    reference: &str,
    how: &'static str,
    change: impl Fn(&Message) -> Option<Message>,
) -> anyhow::Result<Exit> {
    use jackfield_core::port::Store as _;
    let Some((key, Kept { message, revision })) = find(outbox, reference).await? else { return Ok(Exit::Usage) };
    let Some(changed) = change(&message) else {
        eprintln!("error: `{reference}` is {} and cannot be {how}", message.state.as_str());
        return Ok(Exit::Failed);
    };
    match outbox.put(&key, &changed, revision).await {
        Ok(_) => outbox.tell(&changed, how, "ok"),
        Err(Unkept::Conflict) => {
            eprintln!("error: the host changed `{reference}` at this moment; look at it again");
            return Ok(Exit::Failed);
        }
        Err(error) => return Err(error.into()),
    }
    store.flush().await.context("the audit log is not written to its end")?;
    Ok(Exit::Ok)
}

/// The message of a reference.
async fn find(outbox: &Outbox, reference: &str) -> anyhow::Result<Option<(String, Kept)>> {
    let is_it = |(_, kept): &(String, Kept)| kept.message.reference.eq_ignore_ascii_case(reference);
    let mut found = all(outbox).await?.into_iter().filter(is_it);
    let first = found.next();
    match (&first, found.next()) {
        (Some(_), None) => Ok(first),
        (None, _) => {
            eprintln!("error: no message `{reference}`; see `jackfield messages list`");
            Ok(None)
        }
        // Forty bits are few enough for that to happen once in a lifetime.
        (Some(_), Some(_)) => {
            eprintln!("error: two messages have the reference `{reference}`");
            Ok(None)
        }
    }
}

/// What is known of a message, but for what people wrote.
fn summary(message: &Message) -> Value {
    let mut summary = json!({
        "reference": message.reference,
        "state": message.state.as_str(),
        "kind": message.kind,
        "tenant": message.tenant,
        "helpdesk": message.helpdesk,
        "taken_at": time(message.taken_ms),
        "call_id": message.call_id,
        "reason": message.reason,
        "ticket": message.ticket,
    });
    match &message.state {
        State::Waiting { attempts, due_ms } => {
            summary["attempts"] = json!(attempts);
            summary["due_at"] = json!(time(*due_ms));
        }
        State::Unknown { why, .. } | State::Dead { why, .. } => summary["why"] = json!(why),
        State::Delivering { .. } | State::Delivered { .. } | State::Dropped { .. } => {}
    }
    summary
}

/// The same for people: reference, state, time, helpdesk, then the rest by name. Without anything that a terminal would
/// obey.
fn line(message: &Message) -> String {
    let mut out = format!(
        "{} {:<10} {} {} tenant={} kind={} call_id={} reason={}",
        message.reference,
        message.state.as_str(),
        time(message.taken_ms),
        message.helpdesk,
        message.tenant.escape_debug(),
        message.kind.as_str(),
        message.call_id.escape_debug(),
        message.reason.escape_debug(),
    );
    let mut put = |name: &str, value: &str| out.push_str(&format!(" {name}={}", value.escape_debug()));
    if let Some(ticket) = &message.ticket {
        put("ticket", ticket);
    }
    match &message.state {
        State::Waiting { attempts, due_ms } => {
            put("attempts", &attempts.to_string());
            put("due", &time(*due_ms));
        }
        State::Unknown { why, .. } | State::Dead { why, .. } => put("why", why),
        State::Delivering { .. } | State::Delivered { .. } | State::Dropped { .. } => {}
    }
    out
}

fn time(ms: u64) -> String {
    let at = i64::try_from(ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok()).unwrap_or(Timestamp::MAX);
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
