//! Fixture folders: each case is a call, the exchanges it needs and the reply, as JSON files.

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    time::Duration,
};

use jackfield_fixtures::{Case, CaseFolder, CaseIntent, CaseUser, Exchange, REPLY, groups};
use serde_json::{Value, json};

use super::{Host, differences};
use crate::{
    connector::Connector,
    failure::{Failure, FailureKind},
    settle::Settled,
};

/// Runs every case below a folder of fixtures through the connector and compares the replies; the formats are in the
/// [module's documentation](super).
///
/// Beyond the cases themselves it asks that there is at least one for every intent that the connector describes, one with
/// `"settle": true` for every intent that it settles, and that no single exchange that goes wrong (no answer, an error page, an empty or a strange body) makes the connector
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
    let groups = groups(folder).unwrap_or_else(|error| panic!("failed to read `{}`: {error}", folder.display()));
    for intent in C::new().describe().intents {
        if !groups.iter().any(|(group, _)| group == intent.name) {
            complaints.push(format!("{}: no fixture for this intent", intent.name));
        }
        let cases = groups.iter().filter(|(group, _)| group == intent.name).flat_map(|(_, cases)| cases);
        if intent.settles && !cases.into_iter().any(|case| case.request().is_ok_and(|request| request.settle)) {
            complaints.push(format!("{}: no fixture with `\"settle\": true` for this intent", intent.name));
        }
    }
    for (group, cases) in groups {
        if cases.is_empty() {
            complaints.push(format!("{group}: no case in this folder"));
        }
        for case in cases {
            let run = || replay_case::<C>(&case);
            let lines = catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| vec!["panicked, see above".to_owned()]);
            if !lines.is_empty() {
                complaints.push(format!("{group}/{}:\n  {}", case.name, lines.join("\n  ")));
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

fn replay_case<C: Connector>(folder: &CaseFolder) -> Vec<String> {
    let prepared = folder.request().and_then(|case| {
        let host = host(&case, folder.upstream()?)?;
        Ok((Replay { case }, host))
    });
    let (replay, host) = match prepared {
        Ok(prepared) => prepared,
        Err(complaint) => return vec![complaint],
    };
    let (reply, mut lines) = replay.ask::<C>(&folder.group, host.clone());
    lines.extend(compare_reply(folder, &reply));
    lines.extend(replay.inject_faults::<C>(&folder.group, &host));
    lines
}

/// The host that a case describes.
fn host(case: &Case, exchanges: Vec<Exchange>) -> Result<Host, String> {
    let mut host = Host::new();
    if let Some(settings) = &case.settings {
        host = host.settings(settings.clone());
    }
    if let Some(CaseUser { id, email, phone }) = &case.user {
        host = host.user(id, email.as_deref(), phone.as_deref());
    }
    host.locale = case.locale.clone().unwrap_or(host.locale);
    host.time_zone = case.time_zone.clone().unwrap_or(host.time_zone);
    host.remaining = case.remaining_ms.map_or(host.remaining, Duration::from_millis);
    host.idempotency_key = case.idempotency_key.clone();
    if let Some(now) = case.time() {
        host.world.now = crate::time::Instant::parse(now).ok_or_else(|| format!("`{now}` is no RFC 3339 time"))?;
    }
    for (name, value) in &case.secrets {
        host = host.secret(name, value);
    }
    for (name, digest) in &case.digests()? {
        host = host.hmac(name, digest);
    }
    for (key, value) in &case.cache {
        host = host.cached(key, value);
    }
    for CaseIntent { intent, input, output, failure } in &case.intents {
        let reply = match failure {
            Some(kind) => {
                let kind: FailureKind = serde_json::from_value(kind.clone())
                    .map_err(|error| format!("the failure of the intent `{intent}`: {error}"))?;
                Err(Failure::new(kind))
            }
            None => Ok(output.clone().unwrap_or_default()),
        };
        host = host.intent(intent, input.clone(), reply);
    }
    Ok(exchanges.into_iter().fold(host, Host::expect))
}

/// A case, to be asked as often as there are faults to inject.
struct Replay {
    case: Case,
}

impl Replay {
    /// The reply in the form of `reply.json`, and what went otherwise with the exchanges.
    fn ask<C: Connector>(&self, group: &str, host: Host) -> (Value, Vec<String>) {
        let failed = |failure: Failure| {
            let kind = serde_json::to_value(&failure.kind).unwrap_or_default();
            (json!({ "failure": kind }), failure.detail)
        };
        let headers: Vec<(&str, &str)> =
            self.case.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let body = self.case.body();
        let call = host.call(group);
        let delivery = host.delivery(&headers, &body);
        let poll = host.poll_request(self.case.cursor.as_deref());
        let json_of = |output: String| -> Value {
            serde_json::from_str(&output).unwrap_or_else(|error| panic!("the output is not JSON: {error}"))
        };
        let input = || self.case.input.to_string();
        let (reply, problems) = host.world.observe(|| match group {
            "receive" => C::new().receive(&delivery).map(|events| json!({ "events": events })),
            "poll" => C::new().poll(&poll).map(|page| json!(page)),
            _ if self.case.settle => C::new().settle(&call, &input()).map(|settled| match settled {
                Settled::Applied(output) => json!({ "settled": "applied", "output": json_of(output) }),
                Settled::NotApplied => json!({ "settled": "not-applied" }),
                Settled::Unknown => json!({ "settled": "unknown" }),
            }),
            _ => C::new().handle(&call, &input()).map(|output| json!({ "output": json_of(output) })),
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
        for (at, good) in host.world.script.exchanges().iter().enumerate() {
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
                host.world.script.replace(at, exchange);
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

fn compare_reply(folder: &CaseFolder, reply: &Value) -> Vec<String> {
    let lines = match folder.reply() {
        Ok(expected) => differences(&expected, reply),
        Err(complaint) => vec![complaint, format!("the reply was {reply}")],
    };
    if !lines.is_empty() && std::env::var_os("JACKFIELD_BLESS").is_some() {
        let text = serde_json::to_string_pretty(reply).unwrap_or_default() + "\n";
        return match fs::write(folder.path.join(REPLY), text) {
            Ok(()) => Vec::new(),
            Err(error) => vec![format!("failed to write {REPLY}: {error}")],
        };
    }
    lines
}
