//! Fixture folders: each case is a call, the exchanges it needs and the reply, as JSON files.

use std::{
    collections::BTreeMap,
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    time::Duration,
};

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{Exchange, Host, compare::differences};
use crate::{
    connector::Connector,
    failure::{Failure, FailureKind},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    #[serde(default)]
    input: Value,
    settings: Option<Value>,
    user: Option<CaseUser>,
    locale: Option<String>,
    time_zone: Option<String>,
    now: Option<String>,
    remaining_ms: Option<u64>,
    idempotency_key: Option<String>,
    #[serde(default)]
    secrets: BTreeMap<String, String>,
    #[serde(default)]
    hmacs: BTreeMap<String, String>,
    #[serde(default)]
    cache: BTreeMap<String, Value>,
    #[serde(default)]
    intents: Vec<CaseIntent>,
    // Of a delivery.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    json: Option<Value>,
    text: Option<String>,
    received: Option<String>,
    // Of a poll.
    cursor: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseUser {
    id: String,
    email: Option<String>,
    phone: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseIntent {
    intent: String,
    input: Value,
    output: Option<Value>,
    failure: Option<FailureKind>,
}

/// Runs every case below a folder of fixtures through the connector and compares the replies; the formats are in the
/// [module's documentation](super).
///
/// Beyond the cases themselves it asks that there is at least one for every intent that the connector describes, and
/// that no single exchange that goes wrong (no answer, an error page, an empty or a strange body) makes the connector
/// panic.
///
/// With `JACKFIELD_BLESS=1` in the environment it writes `reply.json` where it is missing or different: read the change
/// before you keep it.
///
/// ```no_run
/// # use jackfield_sdk::{prelude::*, connector::Description};
/// # struct Shopify;
/// # impl Connector for Shopify {
/// #     fn new() -> Self { Self }
/// #     fn describe(&self) -> Description { Description::new(vec![]) }
/// #     fn handle(&self, _: &Call, _: &str) -> Result<String, Failure> { Err(Failure::unsupported()) }
/// # }
/// #[test]
/// fn every_fixture_is_answered_as_recorded() {
///     testing::replay_folder::<Shopify>("fixtures");
/// }
/// ```
///
/// # Panics
/// With all differences, when there are any.
pub fn replay_folder<C: Connector>(folder: impl AsRef<Path>) {
    let folder = folder.as_ref();
    let mut complaints = Vec::new();
    let groups = subfolders(folder).unwrap_or_else(|error| panic!("failed to read `{}`: {error}", folder.display()));
    for intent in C::new().describe().intents {
        if !groups.iter().any(|group| group == intent.name) {
            complaints.push(format!("{}: no fixture for this intent", intent.name));
        }
    }
    for group in groups {
        let cases = subfolders(&folder.join(&group)).unwrap_or_default();
        if cases.is_empty() {
            complaints.push(format!("{group}: no case in this folder"));
        }
        for case in cases {
            let path = folder.join(&group).join(&case);
            let run = || replay_case::<C>(&group, &path);
            let lines = catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| vec!["panicked, see above".to_owned()]);
            if !lines.is_empty() {
                complaints.push(format!("{group}/{case}:\n  {}", lines.join("\n  ")));
            }
        }
    }
    assert!(
        complaints.is_empty(),
        "fixtures in `{}` went otherwise:\n\n{}\n",
        folder.display(),
        complaints.join("\n\n")
    );
}

fn replay_case<C: Connector>(group: &str, path: &Path) -> Vec<String> {
    let (case, exchanges) = match read_case(path) {
        Ok(case) => case,
        Err(complaint) => return vec![complaint],
    };
    let host = match case.host(&exchanges) {
        Ok(host) => host,
        Err(complaint) => return vec![complaint],
    };
    let (reply, mut lines) = case.ask::<C>(group, host.clone());
    lines.extend(compare_reply(path, &reply));
    lines.extend(case.inject_faults::<C>(group, &host));
    lines
}

fn read_case(path: &Path) -> Result<(Case, Vec<Exchange>), String> {
    let case = read(&path.join("request.json"))?;
    let upstream = path.join("upstream.json");
    let exchanges = if upstream.exists() { read(&upstream)? } else { Vec::new() };
    Ok((case, exchanges))
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T, String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let text = fs::read(path).map_err(|error| format!("failed to read {name}: {error}"))?;
    serde_json::from_slice(&text).map_err(|error| format!("failed to read {name}: {error}"))
}

impl Case {
    fn host(&self, exchanges: &[Exchange]) -> Result<Host, String> {
        let mut host = Host::new();
        if let Some(settings) = &self.settings {
            host = host.settings(settings.clone());
        }
        if let Some(CaseUser { id, email, phone }) = &self.user {
            host = host.user(id, email.as_deref(), phone.as_deref());
        }
        host.locale = self.locale.clone().unwrap_or(host.locale);
        host.time_zone = self.time_zone.clone().unwrap_or(host.time_zone);
        host.remaining = self.remaining_ms.map_or(host.remaining, Duration::from_millis);
        host.idempotency_key = self.idempotency_key.clone();
        if let Some(now) = self.now.as_deref().or(self.received.as_deref()) {
            host.world.now = crate::time::Instant::parse(now).ok_or_else(|| format!("`{now}` is no RFC 3339 time"))?;
        }
        for (name, value) in &self.secrets {
            host = host.secret(name, value);
        }
        for (name, digest) in &self.hmacs {
            host = host.hmac(name, &unhex(digest).ok_or_else(|| format!("the HMAC of `{name}` is not hexadecimal"))?);
        }
        for (key, value) in &self.cache {
            host = host.cached(key, value);
        }
        for CaseIntent { intent, input, output, failure } in &self.intents {
            let reply = match failure {
                Some(kind) => Err(Failure::new(kind.clone())),
                None => Ok(output.clone().unwrap_or_default()),
            };
            host = host.intent(intent, input.clone(), reply);
        }
        Ok(exchanges.iter().cloned().fold(host, Host::expect))
    }

    /// The reply in the form of `reply.json`, and what went otherwise with the exchanges.
    fn ask<C: Connector>(&self, group: &str, host: Host) -> (Value, Vec<String>) {
        let failed = |failure: Failure| {
            let kind = serde_json::to_value(&failure.kind).unwrap_or_default();
            (json!({ "failure": kind }), failure.detail)
        };
        let headers: Vec<(&str, &str)> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let body = match (&self.json, &self.text) {
            (Some(json), _) => json.to_string(),
            (None, text) => text.clone().unwrap_or_default(),
        };
        let call = host.call(group);
        let delivery = host.delivery(&headers, body.as_bytes());
        let poll = host.poll_request(self.cursor.as_deref());
        let (reply, problems) = host.world.observe(|| match group {
            "receive" => C::new().receive(&delivery).map(|events| json!({ "events": events })),
            "poll" => C::new().poll(&poll).map(|page| json!(page)),
            _ => C::new().handle(&call, &self.input.to_string()).map(|output| {
                let output: Value =
                    serde_json::from_str(&output).unwrap_or_else(|error| panic!("the output is not JSON: {error}"));
                json!({ "output": output })
            }),
        });
        match reply {
            Ok(reply) => (reply, problems),
            Err(failure) => {
                let (reply, detail) = failed(failure);
                // The detail is not compared, but it is what one wants to read when something is wrong.
                let problems = problems.into_iter().map(|line| line + "\n  the failure's detail: " + &detail).collect();
                (reply, problems)
            }
        }
    }

    /// Asks again, once for each exchange and each way in which it can go wrong: whatever comes of it, it is no panic.
    fn inject_faults<C: Connector>(&self, group: &str, host: &Host) -> Vec<String> {
        let mut lines = Vec::new();
        for at in 0..host.world.exchanges.len() {
            let Some(good) = host.world.exchanges.get(at) else { continue };
            let faults = [
                ("no answer in time", good.clone().times_out()),
                ("no connection", good.clone().is_down()),
                ("status 500 with a page", good.clone().without_reply().reply_text(500, "<html>oops</html>")),
                ("status 401", good.clone().without_reply().reply_json(401, json!({}))),
                ("status 404", good.clone().without_reply().reply_json(404, json!({}))),
                (
                    "status 429",
                    good.clone().without_reply().reply_json(429, json!({})).reply_header("retry-after", "1"),
                ),
                ("an empty body", good.clone().without_reply().reply(200)),
                ("the body `{}`", good.clone().without_reply().reply_json(200, json!({}))),
                ("the body `[]`", good.clone().without_reply().reply_json(200, json!([]))),
                ("the body `null`", good.clone().without_reply().reply_json(200, Value::Null)),
            ];
            for (fault, exchange) in faults {
                let mut host = host.clone();
                host.world.exchanges[at] = exchange;
                host.world.lenient = true;
                let run = || self.ask::<C>(group, host);
                if catch_unwind(AssertUnwindSafe(run)).is_err() {
                    lines.push(format!("panicked (see above) when exchange {} gave {fault}", at + 1));
                }
            }
        }
        lines
    }
}

fn compare_reply(path: &Path, reply: &Value) -> Vec<String> {
    let file = path.join("reply.json");
    let expected = read::<Value>(&file);
    let lines = match &expected {
        Ok(expected) => differences(expected, reply),
        Err(complaint) => vec![complaint.clone(), format!("the reply was {reply}")],
    };
    if !lines.is_empty() && std::env::var_os("JACKFIELD_BLESS").is_some() {
        let text = serde_json::to_string_pretty(reply).unwrap_or_default() + "\n";
        return match fs::write(&file, text) {
            Ok(()) => Vec::new(),
            Err(error) => vec![format!("failed to write reply.json: {error}")],
        };
    }
    lines
}

/// The folders in a folder, in alphabetical order.
fn subfolders(folder: &Path) -> std::io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let byte = |at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    (0..text.len()).step_by(2).map(byte).collect()
}
