//! Every fixture, each in the real sandbox: what was sent, and what came of it, against what the case says.

use std::sync::Arc;
use std::time::Instant;

use futures_util::{StreamExt as _, stream};
use jackfield_fixtures::{CaseFolder, Miss, REPLY, REQUEST, Script, UPSTREAM, differences, groups};
use jackfield_sandbox::Fault;
use serde_json::Value;

use crate::ask::{Asked, Ending};
use crate::complaint::Complaint;
use crate::report::{Filter, Outcome, Suite};
use crate::stage::Mode;
use crate::trial::Trial;

impl Trial {
    /// Runs every case below `fixtures/`, and asks that each intent has one.
    pub async fn fixtures(self: &Arc<Self>, filter: &Filter) -> Vec<Outcome> {
        let groups = match groups(&self.fixtures) {
            Ok(groups) => groups,
            Err(error) => {
                let complaint = Complaint::new(format!("failed to read {}: {error}", self.fixtures.display()))
                    .hint("each intent needs a case: fixtures/<intent>/<case>/request.json, upstream.json, reply.json");
                return vec![Outcome::of(Suite::Fixtures, "fixtures", "folder").complaining(complaint)];
            }
        };
        let mut outcomes = Vec::new();
        for intent in &self.connector.manifest().intents {
            let missing = !groups.iter().any(|(group, cases)| group == intent && !cases.is_empty());
            if missing && filter.admits(intent, "") {
                let hint = format!("make fixtures/{intent}/<case>/ with request.json, upstream.json and reply.json");
                let complaint = Complaint::new("no fixture for this intent").hint(hint);
                outcomes.push(Outcome::of(Suite::Fixtures, intent, "at least one case").complaining(complaint));
            }
        }
        for intent in &self.connector.package().settles {
            let cases = groups.iter().filter(|(group, _)| group == intent).flat_map(|(_, cases)| cases);
            let missing = !cases.into_iter().any(|case| case.request().is_ok_and(|request| request.settle));
            if missing && filter.admits(intent, "") {
                let hint = "add `\"settle\": true` to the request.json of one case; its reply is `{\"settled\": ..}`";
                let complaint = Complaint::new("no fixture of how this intent is settled").hint(hint);
                outcomes.push(Outcome::of(Suite::Fixtures, intent, "at least one settled").complaining(complaint));
            }
        }
        let cases = groups.into_iter().flat_map(|(_, cases)| cases);
        let cases = cases.filter(|case| filter.admits(&case.group, &case.name));
        outcomes.extend(self.cases(cases.collect()).await);
        outcomes
    }

    /// Runs these cases.
    pub async fn cases(&self, cases: Vec<CaseFolder>) -> Vec<Outcome> {
        stream::iter(cases).map(|case| self.fixture(case)).buffered(self.concurrent).collect().await
    }

    async fn fixture(&self, folder: CaseFolder) -> Outcome {
        let started = Instant::now();
        let outcome = Outcome::of(Suite::Fixtures, &folder.group, &folder.name);
        let complaints = match self.replay(&folder).await {
            Ok(complaints) => complaints,
            Err(complaint) => vec![complaint],
        };
        Outcome { complaints, duration: started.elapsed(), ..outcome }
    }

    async fn replay(&self, folder: &CaseFolder) -> Result<Vec<Complaint>, Complaint> {
        let unreadable = |message: String| {
            let file = message.split_whitespace().nth(3).unwrap_or_default().trim_end_matches(':').to_owned();
            Complaint::new(message).at(folder, &file, "")
        };
        let case = folder.request().map_err(unreadable)?;
        let exchanges = folder.upstream().map_err(unreadable)?;
        let prepared = self.prepare(folder, case).map_err(|complaint| *complaint)?;
        let asked = prepared.ask(&self.connector, Mode::Strict, Script::new(exchanges)).await;

        let mut complaints: Vec<Complaint> = asked.denials().map(refused).collect();
        complaints.extend(exchanges_complaints(folder, &asked));
        complaints.extend(reply_complaints(folder, &asked));
        if let (Some(output), Some(validator)) = (asked.ending.output(), self.output_validator(&folder.group)) {
            for error in validator.iter_errors(output).take(ERRORS_MAX) {
                let pointer = format!("/output{}", error.instance_path().as_str());
                let complaint = Complaint::new(format!("the output breaks the intent's schema: {error}"));
                complaints.push(complaint.at(folder, REPLY, pointer).hint("a host refuses such an answer"));
            }
        }
        // Only with something to explain: what the operator's log would say of it.
        if let Some(first) = complaints.first_mut() {
            let told = told(&asked);
            if !told.is_empty() {
                let hint = first.hint.take().map(|hint| format!("{hint}\n")).unwrap_or_default();
                first.hint = Some(format!("{hint}{}", told.join("\n")));
            }
        }
        Ok(complaints)
    }
}

/// Bound of the schema errors that are told of one output.
const ERRORS_MAX: usize = 5;
/// Bound of the guest's log lines that are told of one case.
const LINES_MAX: usize = 5;

/// What the grant refused, and apart from it the line that would allow it.
fn refused(denial: &str) -> Complaint {
    match denial.split_once("; ") {
        Some((reason, remedy)) => Complaint::new(format!("the grant refused a request: {reason}")).hint(remedy),
        None => Complaint::new(format!("the grant refused a request: {denial}")),
    }
}

fn exchanges_complaints(folder: &CaseFolder, asked: &Asked) -> Vec<Complaint> {
    let scene = asked.scene();
    let mut complaints = Vec::new();
    for unexpected in &scene.unexpected {
        let sent = format!("unexpected request: {}", unexpected.shown);
        if unexpected.misses.is_empty() {
            let end = scene.script.exchanges().len();
            complaints.push(Complaint::new(sent).at(folder, UPSTREAM, format!("/{end}")).hint("no exchange is left"));
            continue;
        }
        complaints.push(Complaint::new(sent));
        for Miss { at, misfits } in &unexpected.misses {
            for misfit in misfits {
                let exchange = &scene.script.exchanges()[*at];
                let what = misfit.line.split(':').next().unwrap_or_default();
                let what = what.split_whitespace().next().unwrap_or_default();
                let message = format!("it is not exchange {}, {exchange}: the {what} differs", at + 1);
                let complaint = Complaint::new(message).at(folder, UPSTREAM, format!("/{at}{}", misfit.pointer));
                complaints.push(complaint.sides(misfit.expected.clone(), misfit.found.clone()));
            }
        }
    }
    // Those that an unexpected request was held against have been told of.
    let told = |at: usize| scene.unexpected.iter().flat_map(|unexpected| &unexpected.misses).any(|miss| miss.at == at);
    for (at, exchange) in scene.script.unused().filter(|(at, _)| !told(*at)) {
        let message = format!("exchange {} was not used: {exchange}", at + 1);
        complaints.push(Complaint::new(message).at(folder, UPSTREAM, format!("/{at}")));
    }
    for intent in &scene.unexpected_intents {
        complaints.push(Complaint::new(format!("unexpected intent: {intent}")));
    }
    complaints
}

/// What to do about a reply that is another.
const BLESS: &str = "mend the connector; or, if this is what it should say, `JACKFIELD_BLESS=1 cargo test` writes it";

fn reply_complaints(folder: &CaseFolder, asked: &Asked) -> Vec<Complaint> {
    let Some(reply) = asked.ending.reply() else { return vec![broke(&asked.ending).at(folder, REQUEST, "")] };
    match folder.reply() {
        Err(message) => {
            vec![Complaint::new(message).at(folder, REPLY, "").sides(None, Some(reply)).hint(BLESS)]
        }
        Ok(expected) if kind_of(&expected) != kind_of(&reply) => {
            let message = format!("the reply is {} instead of {}", kind_of(&reply), kind_of(&expected));
            vec![Complaint::new(message).at(folder, REPLY, "").sides(Some(expected), Some(reply)).hint(BLESS)]
        }
        Ok(expected) => {
            let differences = differences(&expected, &reply).into_iter();
            let complaint = |difference| Complaint::differs(folder, REPLY, "the reply", difference);
            let mut complaints: Vec<Complaint> = differences.map(complaint).collect();
            if let Some(last) = complaints.pop() {
                complaints.push(last.hint(BLESS));
            }
            complaints
        }
    }
}

/// A connector that broke instead of answering.
pub(crate) fn broke(ending: &Ending) -> Complaint {
    match ending {
        Ending::Fault(fault) => {
            let complaint = Complaint::new(fault.to_string());
            match fault {
                Fault::Panic { .. } | Fault::Trap { .. } => complaint
                    .hint("`cargo test` runs the same fixtures natively, where a debugger and a backtrace work"),
                _ => complaint.hint(
                    "`jackfield test` gives what a host gives by default (`[limits]`), and ten times its `cpu_ms`",
                ),
            }
        }
        Ending::NotJson(why) => Complaint::new(why.clone()),
        Ending::Reply(_) | Ending::Failure { .. } => Complaint::new("the connector answered"),
    }
}

/// What a reply is, before its members are looked at.
fn kind_of(reply: &Value) -> String {
    match (reply["failure"]["kind"].as_str(), reply["settled"].as_str()) {
        (Some(kind), _) => format!("the failure `{kind}`"),
        (None, Some(settled)) => format!("settled as `{settled}`"),
        (None, None) => "an answer".to_owned(),
    }
}

/// What only the operator's log would say.
fn told(asked: &Asked) -> Vec<String> {
    let scene = asked.scene();
    // The last words of a panic are in the message already.
    let logged: &[String] = if matches!(asked.ending, Ending::Fault(_)) { &[] } else { &scene.lines };
    let lines = logged.iter().take(LINES_MAX).map(|line| format!("the connector logged {line}"));
    let detail = match &asked.ending {
        Ending::Failure { detail, .. } if !detail.is_empty() => Some(format!("the failure's detail: {detail}")),
        _ => None,
    };
    detail.into_iter().chain(lines).collect()
}
