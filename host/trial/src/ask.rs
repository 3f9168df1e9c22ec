//! One call of the connector on a stage, and how it ended, in the words of `reply.json`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jackfield_core::budget::Limits;
use jackfield_core::call::{Call, CallContext, User, WriteGate};
use jackfield_core::failure::FailureKind;
use jackfield_core::grant::Grant;
use jackfield_core::settle::Settlement;
use jackfield_fixtures::{Case, LOCALE, NOON_SECONDS, REMAINING_MS, Script, TIME_ZONE};
use jackfield_sandbox::{Completed, Connector, Delivery, Ended, Event, Fault, Invocation, Ports, Usage};
use serde_json::{Value, json};

use crate::stage::{Mode, Props, Scene, Stage, UNEXPECTED};

/// What a connector may compute for one case, in milliseconds: ten times what a host gives it, since a test runs beside
/// compilers, and the time that they take from it is counted as its own.
const CPU_MS: u64 = 5_000;

/// The identity of every call here.
const CALL_ID: &str = "test-call";
const TENANT: &str = "test";

/// Everything about a case but its exchanges, ready to be asked as often as needed.
#[derive(Clone)]
pub(crate) struct Prepared {
    pub(crate) group: String,
    pub(crate) case: Arc<Case>,
    pub(crate) settings: Arc<str>,
    pub(crate) grant: Arc<Grant>,
    pub(crate) props: Props,
    pub(crate) now_ms: u64,
    pub(crate) identity: Identity,
}

/// Whose call it is, and what it is called in logs.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) call_id: Arc<str>,
    pub(crate) tenant: Arc<str>,
}

impl Default for Identity {
    fn default() -> Identity {
        Identity { call_id: CALL_ID.into(), tenant: TENANT.into() }
    }
}

/// How a call ended.
#[derive(Clone, Debug)]
pub(crate) enum Ending {
    /// `{"output": ..}`, `{"settled": ..}`, `{"events": ..}`, or a page.
    Reply(Value),
    /// The connector's own failure.
    Failure { kind: FailureKind, detail: String },
    /// It broke.
    Fault(Fault),
    /// It answered with what is no JSON.
    NotJson(String),
}

impl Ending {
    /// In the form of `reply.json`, where there is one.
    pub(crate) fn reply(&self) -> Option<Value> {
        match self {
            Ending::Reply(reply) => Some(reply.clone()),
            Ending::Failure { kind, .. } => Some(json!({ "failure": failure_json(kind) })),
            Ending::Fault(_) | Ending::NotJson(_) => None,
        }
    }

    /// What a look told of a write, where it was one.
    pub(crate) fn settled(&self) -> Option<&str> {
        match self {
            Ending::Reply(reply) => reply.get("settled")?.as_str(),
            _ => None,
        }
    }

    /// The answer to an intent.
    pub(crate) fn output(&self) -> Option<&Value> {
        match self {
            Ending::Reply(reply) => reply.get("output"),
            _ => None,
        }
    }
}

/// A call that ended, and everything it did.
pub(crate) struct Asked {
    pub(crate) ending: Ending,
    pub(crate) usage: Usage,
    pub(crate) stage: Arc<Stage>,
}

impl Asked {
    /// What happened on the stage.
    pub(crate) fn scene(&self) -> std::sync::MutexGuard<'_, Scene> {
        self.stage.scene()
    }

    /// What the grant refused. An unexpected request is a complaint of its own.
    pub(crate) fn denials(&self) -> impl Iterator<Item = &str> {
        self.usage.denials.iter().map(String::as_str).filter(|denial| !denial.contains(UNEXPECTED))
    }
}

impl Prepared {
    /// Reads what a case says of the world, beside its exchanges and settings.
    pub(crate) fn props(case: &Case) -> Result<Props, String> {
        let mut intents = Vec::with_capacity(case.intents.len());
        for other in &case.intents {
            let reply = match &other.failure {
                Some(failure) => Err(failure_kind(failure)
                    .map_err(|error| format!("the failure of the intent `{}`: {error}", other.intent))?),
                None => Ok(other.output.clone().unwrap_or_default()),
            };
            intents.push((other.intent.clone(), other.input.clone(), reply));
        }
        let cache = case.cache.iter().map(|(key, value)| (key.clone(), value.to_string().into())).collect();
        Ok(Props { revealed: case.secrets.clone(), digests: case.digests()?, cache, intents })
    }

    /// The time of a case, in milliseconds since the Unix epoch.
    pub(crate) fn now_ms(case: &Case) -> Result<u64, String> {
        let ms = match case.time() {
            None => NOON_SECONDS * 1_000,
            Some(text) => {
                let time: jiff::Timestamp = text.parse().map_err(|_| format!("`{text}` is no RFC 3339 time"))?;
                time.as_millisecond()
            }
        };
        u64::try_from(ms).map_err(|_| "the time is before 1970".to_owned())
    }

    /// Asks the connector once.
    pub(crate) async fn ask(&self, connector: &Connector, mode: Mode, script: Script) -> Asked {
        let stage = Stage::new(mode, script, self.props.clone());
        let (ending, usage) = self.ask_through(connector, &stage.ports()).await;
        Asked { ending, usage, stage }
    }

    /// Asks the connector once, with whatever stands behind the ports.
    pub(crate) async fn ask_through(&self, connector: &Connector, ports: &Arc<Ports>) -> (Ending, Usage) {
        match self.group.as_str() {
            "receive" => {
                let lower = |(name, value): (&String, &String)| (name.to_ascii_lowercase(), value.clone());
                let delivery = Delivery {
                    id: "test-delivery".to_owned(),
                    headers: self.case.headers.iter().map(lower).collect(),
                    body: self.case.body(),
                    received_ms: self.now_ms,
                };
                let Completed { result, usage } = connector.receive(ports, self.invocation(), delivery).await;
                (ended(result, |events| Some(json!({ "events": events_json(events)? }))), usage)
            }
            "poll" => {
                let Completed { result, usage } =
                    connector.poll(ports, self.invocation(), self.case.cursor.clone()).await;
                let page = |page: jackfield_sandbox::Page| {
                    let events = events_json(page.events)?;
                    Some(json!({ "events": events, "cursor": page.cursor, "more": page.more }))
                };
                (ended(result, page), usage)
            }
            _ if self.case.settle => {
                let Completed { result, usage } = connector.settle(ports, self.invocation()).await;
                (ended(result, settled_json), usage)
            }
            _ => {
                let Completed { result, usage } = connector.handle(ports, self.invocation()).await;
                let output = |text: String| Some(json!({ "output": serde_json::from_str::<Value>(&text).ok()? }));
                (ended(result, output), usage)
            }
        }
    }

    /// A host's own, and more time where the case asks for it: somebody may be looking.
    fn limits(&self) -> Limits {
        let usual = Limits::default();
        let wall_ms = usual.wall_ms.max(self.case.remaining_ms.unwrap_or(0));
        Limits { wall_ms, cpu_ms: CPU_MS, ..usual }
    }

    fn invocation(&self) -> Invocation {
        let case = &self.case;
        let user = case.user.as_ref().map(|user| User {
            id: user.id.clone(),
            email: user.email.clone(),
            phone: user.phone.clone(),
        });
        Invocation {
            context: CallContext {
                call_id: self.identity.call_id.clone(),
                connection: self.grant.connection().into(),
                tenant: self.identity.tenant.clone(),
                user: user.clone().map(Arc::new),
                deadline: Instant::now() + Duration::from_millis(case.remaining_ms.unwrap_or(REMAINING_MS)),
                traceparent: None,
                ancestors: Arc::new([]),
                gate: WriteGate::default(),
            },
            call: Call {
                intent: self.group.clone(),
                input: case.input.to_string(),
                settings: self.settings.clone(),
                user,
                locale: case.locale.clone().unwrap_or_else(|| LOCALE.to_owned()),
                time_zone: case.time_zone.clone().unwrap_or_else(|| TIME_ZONE.to_owned()),
                now_ms: self.now_ms,
                idempotency_key: case.idempotency_key.clone(),
            },
            // As a host asks: nothing can be written while looking.
            grant: if case.settle { Arc::new(self.grant.looking_back()) } else { self.grant.clone() },
            limits: Arc::new(self.limits()),
            permit: None,
        }
    }
}

fn ended<T>(result: Result<T, Ended>, reply: impl FnOnce(T) -> Option<Value>) -> Ending {
    match result {
        Ok(answer) => match reply(answer) {
            Some(reply) => Ending::Reply(reply),
            None => Ending::NotJson("the answer is not JSON".to_owned()),
        },
        Err(Ended::Failed(failure)) => Ending::Failure { kind: failure.kind, detail: failure.detail },
        Err(Ended::Fault(fault)) => Ending::Fault(fault),
    }
}

fn settled_json(told: Settlement) -> Option<Value> {
    Some(match told {
        Settlement::Applied(text) => {
            json!({ "settled": "applied", "output": serde_json::from_str::<Value>(&text).ok()? })
        }
        Settlement::NotApplied => json!({ "settled": "not-applied" }),
        Settlement::Unknown => json!({ "settled": "unknown" }),
    })
}

fn events_json(events: Vec<Event>) -> Option<Vec<Value>> {
    let one = |event: Event| {
        let data: Value = serde_json::from_str(&event.data).ok()?;
        let Event { id, kind, subject, time_ms, .. } = event;
        Some(json!({ "id": id, "kind": kind, "subject": subject, "time_ms": time_ms, "data": data }))
    };
    events.into_iter().map(one).collect()
}

/// A failure as fixtures write it: without what is not known, and the sentence as `text`.
pub(crate) fn failure_json(kind: &FailureKind) -> Value {
    let mut value = serde_json::to_value(kind).unwrap_or_default();
    if let Some(map) = value.as_object_mut() {
        map.retain(|_, value| !value.is_null());
        if let Some(sentence) = map.shift_remove("sentence") {
            map.insert("text".to_owned(), sentence);
        }
    }
    value
}

/// The kind of a failure, such as `not-found`.
pub(crate) fn code(kind: &FailureKind) -> String {
    failure_json(kind)["kind"].as_str().unwrap_or_default().to_owned()
}

/// The reverse of [`failure_json`].
fn failure_kind(value: &Value) -> Result<FailureKind, serde_json::Error> {
    let mut value = value.clone();
    if let Some(map) = value.as_object_mut()
        && let Some(text) = map.shift_remove("text")
    {
        map.insert("sentence".to_owned(), text);
    }
    serde_json::from_value(value)
}
