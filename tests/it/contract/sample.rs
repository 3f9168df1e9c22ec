//! One call of each intent that goes well, and what the systems received of it: the ground on which things go wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use http::Method;
use jackfield_mocks::{Entry, Mocks};
use jackfield_tests::{Answer, Client, root};
use serde_json::{Value, json};

use super::stage::{Stage, Tenant};

/// Numbers of objects in the systems that a call added, by kind.
pub(super) type Added = BTreeMap<String, usize>;

/// A request as a bot service sends it.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) intent: String,
    pub(super) input: Value,
    pub(super) context: Value,
    /// What later steps need of its answer: a name, and where it stands.
    save: BTreeMap<String, String>,
}

/// One intent, and all that is known of a call to it.
#[derive(Debug)]
pub(super) struct Sample {
    /// What must have happened before.
    pub(super) before: Vec<Step>,
    pub(super) step: Step,
    pub(super) is_read: bool,
    /// Whether anything can be learnt of a write afterwards.
    pub(super) is_settled: bool,
    /// Whether it asks other connectors, and may be done in part.
    pub(super) orchestrates: bool,
    /// What the systems received, in order.
    pub(super) requests: Vec<Entry>,
    pub(super) output: Value,
    pub(super) added: Added,
}

/// One for each intent of each connector, or several where it has several ways.
pub(super) async fn all() -> Vec<Arc<Sample>> {
    let cases = cases();
    let inputs = std::fs::read_to_string(root().join("tests/it/contract/inputs.json")).unwrap();
    let inputs: BTreeMap<String, Vec<Value>> = serde_json::from_str(&inputs).unwrap();
    let mut samples = Vec::new();
    let mut missing = BTreeSet::new();
    let stage = Stage::start(1).await;
    for (_, connector) in stage.host.app.registry.connectors() {
        let (package, manifest) = (connector.package(), connector.manifest());
        for spec in &package.intents {
            let written = inputs.get(&spec.name).into_iter().flatten();
            let mut asked: Vec<_> = written.map(|input| (Vec::new(), Step::of(&spec.name, input))).collect();
            if asked.is_empty() {
                asked.extend(cases.get(&spec.name).cloned());
            }
            if asked.is_empty() {
                missing.insert(spec.name.clone());
            }
            samples.extend(asked.into_iter().map(|(before, step)| Sample {
                before,
                step,
                is_read: spec.effect.is_read(),
                is_settled: package.settles.contains(&spec.name) || manifest.repeats.contains_key(&spec.name),
                orchestrates: !manifest.calls.is_empty(),
                requests: Vec::new(),
                output: Value::Null,
                added: Added::new(),
            }));
        }
    }
    assert!(missing.is_empty(), "{missing:?}: no case asks them; write one, or an input into contract/inputs.json");
    let stage = Stage::start(samples.len()).await;
    for (sample, tenant) in samples.iter_mut().zip(&stage.tenants) {
        sample.goes_well(tenant).await;
    }
    samples.into_iter().map(Arc::new).collect()
}

impl Sample {
    /// Asks as it is.
    async fn goes_well(&mut self, tenant: &Tenant) {
        let step = self.prepare(tenant).await;
        let (before, seen) = (tenant.mocks.census(), seen(&tenant.mocks));
        let answer = step.ask(&tenant.client, "sample", &[]).await;
        assert_eq!((answer.status, answer.text("/status")), (200, "completed"), "{}: {}", step.intent, answer.raw);
        self.requests = journal(&tenant.mocks, seen);
        self.output = answer.body["output"].clone();
        self.added = added(&tenant.mocks, &before);
    }

    /// Does what must have happened before, and fills in what came of it.
    pub(super) async fn prepare(&self, tenant: &Tenant) -> Step {
        let mut saved = BTreeMap::new();
        for (number, step) in self.before.iter().enumerate() {
            let step = step.filled(&saved);
            let answer = step.ask(&tenant.client, &format!("before-{number}"), &[]).await;
            assert_eq!(answer.status, 200, "{}: {}", step.intent, answer.raw);
            for (name, pointer) in &step.save {
                saved.insert(name.clone(), answer.text(pointer).to_owned());
            }
        }
        self.step.filled(&saved)
    }
}

impl Step {
    fn of(intent: &str, input: &Value) -> Step {
        Step { intent: intent.to_owned(), input: input.clone(), context: json!({}), save: BTreeMap::new() }
    }

    fn filled(&self, saved: &BTreeMap<String, String>) -> Step {
        let text = saved
            .iter()
            .fold(self.input.to_string(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value));
        Step { input: serde_json::from_str(&text).unwrap(), ..self.clone() }
    }

    /// Sends it, with members for the context or for the whole.
    pub(super) async fn ask(&self, client: &Client, key: &str, members: &[(&str, Value)]) -> Answer {
        let mut body = json!({ "input": self.input, "context": self.context });
        for (pointer, value) in members {
            match pointer.strip_prefix("context.") {
                Some(name) => body["context"][name] = value.clone(),
                None => body[*pointer] = value.clone(),
            }
        }
        let headers = [("content-type", "application/json"), ("idempotency-key", key)];
        client.send(Method::POST, &format!("/v1/intents/{}", self.intent), &headers, body.to_string()).await
    }
}

/// From the cases: for each intent the step that needs the fewest before it, and of those the one that says most.
fn cases() -> BTreeMap<String, (Vec<Step>, Step)> {
    let mut best: BTreeMap<String, (usize, usize, Vec<Step>, Step)> = BTreeMap::new();
    let mut files: Vec<_> =
        std::fs::read_dir(root().join("tests/cases")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files {
        let case: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        if case.get("config").is_some() {
            continue;
        }
        let mut before: Vec<Step> = Vec::new();
        for step in case["steps"].as_array().unwrap() {
            let well = step["expect"]["status"] == 200
                && ["fault", "connection", "options"].iter().all(|name| step.get(*name).is_none());
            if !well {
                continue;
            }
            let mut asked = Step::of(step["ask"].as_str().unwrap(), &step["input"]);
            if asked.input.is_null() {
                asked.input = json!({});
            }
            if let Some(context) = step.get("context") {
                asked.context = context.clone();
            }
            asked.save = serde_json::from_value(step["save"].clone()).unwrap_or_default();
            let needed: Vec<Step> = before.iter().filter(|earlier| asked.needs(earlier)).cloned().collect();
            let says = step["expect"].to_string().len();
            let better = best
                .get(&asked.intent)
                .is_none_or(|(count, said, ..)| (needed.len(), usize::MAX - says) < (*count, usize::MAX - said));
            if better {
                best.insert(asked.intent.clone(), (needed.len(), says, needed, asked.clone()));
            }
            before.push(asked);
        }
    }
    best.into_iter().map(|(intent, (_, _, before, step))| (intent, (before, step))).collect()
}

impl Step {
    /// Whether it names something that the other one saves.
    fn needs(&self, earlier: &Step) -> bool {
        let input = self.input.to_string();
        earlier.save.keys().any(|name| input.contains(&format!("{{{name}}}")))
    }
}

/// How much each system received so far.
pub(super) fn seen(mocks: &Mocks) -> u64 {
    journal(mocks, 0).last().map_or(0, |entry| entry.seq)
}

/// What all systems received since, in order.
pub(super) fn journal(mocks: &Mocks, since: u64) -> Vec<Entry> {
    let mut all: Vec<Entry> = mocks.systems().flat_map(|(name, _)| mocks.journal(name)).collect();
    all.retain(|entry| entry.seq > since);
    all.sort_by_key(|entry| entry.seq);
    all
}

/// What there is more of than before.
pub(super) fn added(mocks: &Mocks, before: &BTreeMap<String, usize>) -> Added {
    let now = mocks.census().into_iter();
    now.filter_map(|(kind, count)| {
        let more = count.saturating_sub(before.get(&kind).copied().unwrap_or_default());
        (more > 0).then_some((kind, more))
    })
    .collect()
}
