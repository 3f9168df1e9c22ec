//! The conformance kit: what every connector must do right in every intent, without a fixture written for it.
//!
//! A fixture's own call and its recorded answers are the ground: each exchange goes wrong in each way of [`TABLE`], and
//! each text of the input is replaced by hostile ones. Behind an exchange that is an error by itself nothing is injected:
//! there a connector recovers, and may tell of the first cause. A connector that asks others gets each failure from each
//! of them. An intent without a usable fixture is asked with a sample of its
//! input schema, and its first request goes wrong.

use std::sync::Arc;
use std::time::Instant;

use futures_util::{StreamExt as _, stream};
use jackfield_core::intent::IntentSpec;
use jackfield_fixtures::{Case, CaseFolder, CaseUser, Exchange, Script, groups, operations};
use serde_json::Value;

use crate::ask::{Ending, Prepared, code};
use crate::complaint::Complaint;
use crate::report::{Filter, Outcome, Suite};
use crate::sample::{compile, sample};
use crate::stage::{Left, Mode};
use crate::trial::Trial;

mod faults;
mod inputs;
mod judge;
mod others;
mod table;

use judge::{Baseline, judge};
use table::HOSTILE_INPUT;
pub use table::{Expectation, OutputRule, TABLE};

/// Fixtures of one intent that faults are injected into: those with the most different conversations.
const BASES_MAX: usize = 4;
/// The same of those that settle a write.
const SETTLING_BASES_MAX: usize = 2;
/// Complaints of one fault in one intent that are told; a connector that is wrong once is wrong everywhere.
const COMPLAINTS_MAX: usize = 3;

/// The verified address of who asks where nothing is recorded.
const SAMPLE_EMAIL: &str = "ada@acme.example";

/// A call that goes well, as far as anything is recorded of it.
struct Base {
    name: String,
    prepared: Prepared,
    exchanges: Vec<Exchange>,
    output: Value,
    left: Vec<Left>,
    /// Input and recorded answers, as JSON text.
    said: String,
}

/// An intent and its bases.
struct Subject {
    spec: IntentSpec,
    bases: Vec<Base>,
}

impl Trial {
    /// Runs the kit on every intent.
    pub async fn conformance(self: &Arc<Self>, filter: &Filter) -> Vec<Outcome> {
        let mut jobs = Vec::new();
        let mut outcomes = Vec::new();
        for (spec, _) in &self.outputs {
            let wanted = |fault: &str| filter.admits(&spec.name, fault);
            let rows: Vec<_> = TABLE.iter().chain([&HOSTILE_INPUT]).filter(|row| wanted(row.fault)).collect();
            if rows.is_empty() {
                continue;
            }
            match self.bases(spec).await {
                Ok(bases) => {
                    let subject = Arc::new(Subject { spec: spec.clone(), bases });
                    jobs.extend(rows.into_iter().map(|row| (subject.clone(), row)));
                }
                Err(complaint) => {
                    outcomes.push(
                        Outcome::of(Suite::Conformance, &spec.name, "a call to begin with").complaining(complaint),
                    );
                }
            }
        }
        let run = |(subject, row): (Arc<Subject>, &'static Expectation)| {
            let trial = self.clone();
            // A task each, so that they share the cores.
            tokio::spawn(async move { trial.inject(&subject, row).await })
        };
        let mut ran = stream::iter(jobs).map(run).buffered(self.concurrent);
        while let Some(outcome) = ran.next().await {
            match outcome {
                Ok(outcome) => outcomes.push(outcome),
                Err(error) => {
                    let complaint = Complaint::new(format!("the kit itself failed: {error}"));
                    outcomes.push(Outcome::of(Suite::Conformance, "kit", "kit").complaining(complaint));
                }
            }
        }
        // What no exchange of an intent gives a chance to happen is not reported as passed.
        outcomes.retain(|outcome| outcome.calls > 0);
        outcomes
    }

    /// The calls that faults are injected into.
    async fn bases(&self, spec: &IntentSpec) -> Result<Vec<Base>, Complaint> {
        let all = groups(&self.fixtures).unwrap_or_default();
        let cases = all.into_iter().filter(|(group, _)| *group == spec.name).flat_map(|(_, cases)| cases);
        let mut bases: Vec<(String, Base)> = Vec::new();
        for folder in cases {
            // A case that cannot be read is a complaint of the fixtures, not of the kit.
            let (Ok(case), Ok(exchanges)) = (folder.request(), folder.upstream()) else { continue };
            let asked = form(&exchanges) + &others_form(&case);
            let form = format!("{} {asked}", case.settle);
            if asked.is_empty() || bases.iter().any(|(known, _)| *known == form) {
                continue;
            }
            if let Some(base) = self.base(&folder, case, exchanges).await {
                bases.push((form, base));
            }
        }
        // The longest conversations have the most places to go wrong.
        bases.sort_by_key(|(_, base)| std::cmp::Reverse(base.exchanges.len() + base.prepared.props.intents.len()));
        let (mut settling, mut bases): (Vec<_>, Vec<_>) =
            bases.into_iter().partition(|(_, base)| base.prepared.case.settle);
        settling.truncate(SETTLING_BASES_MAX);
        bases.truncate(BASES_MAX);
        bases.append(&mut settling);
        if !bases.is_empty() {
            return Ok(bases.into_iter().map(|(_, base)| base).collect());
        }
        let input = jackfield_catalog::definition(&spec.name).map(|known| known.example.clone());
        let input = input.or_else(|| sample(&spec.input_schema)).ok_or_else(|| {
            Complaint::new("no call is known that goes well, and the input schema gives no sample")
                .hint("write a fixture whose reply is an output, or add `examples` to the input schema")
        })?;
        let folder = CaseFolder { group: spec.name.clone(), name: "sample".to_owned(), path: self.fixtures.clone() };
        // Somebody whom the bot service vouches for: what is shown to its owner only is not even asked for otherwise.
        let email = input["email"].as_str().unwrap_or(SAMPLE_EMAIL).to_owned();
        let user = CaseUser { id: "user-1".to_owned(), email: Some(email), phone: None };
        let prepared = self
            .prepare(&folder, Case { input, user: Some(user), ..Case::default() })
            .map_err(|complaint| *complaint)?;
        let asked = prepared.ask(&self.connector, Mode::Lenient, Script::default()).await;
        let left = std::mem::take(&mut asked.scene().left);
        // Nothing is known of the answers, but the first request is known: it can go wrong in every way.
        let exchanges = left.first().map(|left| Exchange::new(&left.request.method, &left.request.path));
        let exchanges = exchanges.into_iter().collect();
        let said = prepared.case.input.to_string();
        Ok(vec![Base { name: "sample".to_owned(), prepared, exchanges, output: Value::Null, left, said }])
    }

    /// A fixture as a base, when it goes as recorded and ends in an output.
    async fn base(&self, folder: &CaseFolder, case: Case, exchanges: Vec<Exchange>) -> Option<Base> {
        let prepared = self.prepare(folder, case).ok()?;
        let asked = prepared.ask(&self.connector, Mode::Strict, Script::new(exchanges.clone())).await;
        let output = asked.ending.output()?.clone();
        let left = std::mem::take(&mut asked.scene().left);
        let answers = exchanges.iter().filter_map(|exchange| exchange.response.json.as_ref());
        let said = std::iter::once(&prepared.case.input).chain(answers).map(Value::to_string).collect();
        Some(Base { name: folder.name.clone(), prepared, exchanges, output, left, said })
    }

    /// One fault in one intent, everywhere.
    async fn inject(&self, subject: &Subject, row: &'static Expectation) -> Outcome {
        let started = Instant::now();
        let mut outcome = Outcome::of(Suite::Conformance, &subject.spec.name, row.fault);
        outcome.calls = 0;
        for base in &subject.bases {
            if row.fault == HOSTILE_INPUT.fault {
                self.replace_inputs(subject, base, &mut outcome).await;
            } else {
                self.replace_answers(base, row, &mut outcome).await;
                self.fail_others(base, row, &mut outcome).await;
            }
        }
        let more = outcome.complaints.len().saturating_sub(COMPLAINTS_MAX);
        if more > 0 {
            outcome.complaints.truncate(COMPLAINTS_MAX);
            outcome.complaints.push(Complaint::new(format!("and {more} more of this kind")));
        }
        outcome.duration = started.elapsed();
        outcome
    }

    async fn replace_answers(&self, base: &Base, row: &'static Expectation, outcome: &mut Outcome) {
        let validator = self.output_validator(&outcome.intent);
        let baseline = Baseline { output: &base.output, validator, said: &base.said };
        for (at, recorded) in base.exchanges.iter().enumerate().take_while(|(_, exchange)| goes_well(exchange)) {
            for (place, exchange) in faults::inject(row.fault, recorded) {
                let mut script = Script::new(base.exchanges.clone());
                // What the exchange asks for stays; of a sample nothing is known but its method and path.
                script.replace(at, exchange);
                let mode = if base.output.is_null() { Mode::Loose } else { Mode::Lenient };
                let asked = base.prepared.ask(&self.connector, mode, script).await;
                outcome.calls += 1;
                for (message, hint) in judge(row, &baseline, &asked) {
                    let place = if place.is_empty() { String::new() } else { format!(", {place}") };
                    let message = format!("`{}`, exchange {}, {recorded}{place}: {message}", base.name, at + 1);
                    outcome.complaints.push(Complaint { hint, ..Complaint::new(message) });
                }
            }
        }
    }

    /// Each intent that the connector asks another for fails as it does when that one's system has this fault.
    async fn fail_others(&self, base: &Base, row: &'static Expectation, outcome: &mut Outcome) {
        let Some(kind) = others::failure(row.fault) else { return };
        for (at, (intent, _, answer)) in base.prepared.props.intents.iter().enumerate() {
            if answer.is_err() {
                continue;
            }
            let mut prepared = base.prepared.clone();
            prepared.props.intents[at].2 = Err(kind.clone());
            let asked = prepared.ask(&self.connector, Mode::Lenient, Script::new(base.exchanges.clone())).await;
            outcome.calls += 1;
            for (message, hint) in others::judge(self.output_validator(&outcome.intent), &asked) {
                let message = format!("`{}`, `{intent}` of another connector: {message}", base.name);
                outcome.complaints.push(Complaint { hint, ..Complaint::new(message) });
            }
        }
    }

    async fn replace_inputs(&self, subject: &Subject, base: &Base, outcome: &mut Outcome) {
        let Ok(schema) = compile(&subject.spec.input_schema) else { return };
        let input = &base.prepared.case.input;
        let mut pointers = Vec::new();
        inputs::texts(input, "", &mut pointers);
        for pointer in pointers {
            let original = input.pointer(&pointer).and_then(Value::as_str).unwrap_or_default();
            for hostile in inputs::HOSTILE {
                let mut input = input.clone();
                if let Some(place) = input.pointer_mut(&pointer) {
                    *place = Value::from(hostile);
                }
                // What the schema refuses never reaches a guest.
                if !schema.is_valid(&input) {
                    continue;
                }
                let mut prepared = base.prepared.clone();
                prepared.case = Arc::new(Case { input, ..(*base.prepared.case).clone() });
                let asked = prepared.ask(&self.connector, Mode::Loose, Script::new(base.exchanges.clone())).await;
                outcome.calls += 1;
                let mut found: Vec<(String, Option<String>)> = Vec::new();
                found.extend(asked.denials().map(|denial| (format!("it led outside the grant: {denial}"), None)));
                match &asked.ending {
                    Ending::Fault(_) | Ending::NotJson(_) => {
                        found.push((crate::fixtures::broke(&asked.ending).message, None));
                    }
                    Ending::Failure { kind, detail } if !HOSTILE_INPUT.kinds.contains(&code(kind).as_str()) => {
                        found.push((format!("the failure is `{}`", code(kind)), Some(detail.clone())));
                    }
                    Ending::Failure { .. } | Ending::Reply(_) => {}
                }
                let intrusions = inputs::intrusions(&base.left, original, &asked.scene().left);
                found.extend(intrusions.into_iter().map(|intrusion| (intrusion, None)));
                for (message, hint) in found {
                    let message = format!("`{}` with {pointer} = {hostile:?}: {message}", base.name);
                    outcome.complaints.push(Complaint { hint, ..Complaint::new(message) });
                }
            }
        }
    }
}

/// Whether an exchange is none of the things that are injected. That an object is not there is an answer.
fn goes_well(exchange: &Exchange) -> bool {
    let response = &exchange.response;
    let status = response.status.unwrap_or(200);
    response.error.is_none()
        && response.text.is_none()
        && ((200..300).contains(&status) || matches!(status, 304 | 404 | 410))
}

/// The same of the connectors that it asks.
fn others_form(case: &Case) -> String {
    case.intents.iter().map(|other| format!("{} {};", other.intent, other.failure.is_some())).collect()
}

/// What kind of conversation it is: fixtures of the same kind have the same places to go wrong.
fn form(exchanges: &[Exchange]) -> String {
    let one = |exchange: &Exchange| {
        let request = &exchange.request;
        let graphql = request.graphql.as_ref().and_then(|graphql| graphql.operation.as_deref());
        let document = request.json.as_ref().and_then(|json| operations(json["query"].as_str()?).next());
        let operation = graphql.or(document).unwrap_or_default();
        let depth = request.path.split('/').count();
        format!("{} {depth} {operation} {:?};", request.method, exchange.response.status.unwrap_or(200) / 100)
    };
    exchanges.iter().map(one).collect()
}
