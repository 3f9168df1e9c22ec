//! One call to look at, as `jackfield dev` shows it: everything that the connector said, asked and was answered. Its
//! business system is all fixtures at once, or one that is really there.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jackfield_core::failure::Failure;
use jackfield_fixtures::{Case, CaseFolder, Script, groups};
use jackfield_sandbox::{Ports, Usage};
use serde_json::Value;

use crate::ask::{Ending, Identity, Prepared};
use crate::complaint::Complaint;
use crate::journal::{Journal, Noted};
use crate::record::{Live, told};
use crate::stage::{Mode, Stage};
use crate::trial::Trial;

mod shelf;

use shelf::Shelf;
pub use shelf::Told;

/// How a call came out.
#[derive(Clone, Debug)]
pub enum Came {
    /// An answer, and what is wrong with it by the intent's schema.
    Output(Value, Vec<String>),
    /// The connector's own failure.
    Failure(Failure),
    /// It broke: a sentence for its author.
    Broke(String),
}

/// A call that was looked at.
#[derive(Debug)]
pub struct Rehearsal {
    /// How it came out.
    pub came: Came,
    /// What was sent and answered, in order.
    pub exchanges: Vec<Noted>,
    /// Of each exchange, which fixture answered; empty with a system that is really there.
    pub told: Vec<Told>,
    /// What the connector logged.
    pub lines: Vec<String>,
    /// What it used; its `denials` say what was refused and what would allow it.
    pub usage: Usage,
    /// From the first to the last.
    pub took: Duration,
}

impl Trial {
    /// Answers one call; `folder` says of which intent, and which of its cases it began with. The case must be [`normalised`](Trial::normalised).
    ///
    /// # Errors
    /// When the case is none that a host could bring about.
    pub async fn rehearse(
        &self,
        folder: &CaseFolder,
        case: Case,
        live: Option<&Live>,
        call_id: &str,
    ) -> Result<Rehearsal, Box<Complaint>> {
        let began = Instant::now();
        let mut prepared = match live {
            None => self.prepare(folder, case)?,
            Some(live) => self.prepare_live(folder, case, live)?,
        };
        prepared.identity.call_id = call_id.into();
        let stage = Stage::new(Mode::Strict, Script::default(), prepared.props.clone());
        let shelf = Arc::new(Shelf::read(&self.fixtures, folder));
        let behind = match live {
            Some(live) => live.ports.clone(),
            None => {
                let Ports { secrets, cache, intents, log, .. } = &*stage.ports();
                let (secrets, cache, intents, log) = (secrets.clone(), cache.clone(), intents.clone(), log.clone());
                Arc::new(Ports { egress: shelf.clone(), secrets, cache, intents, log })
            }
        };
        let journal = Journal::new(&behind, behind.cache.clone());
        let (ending, usage) = prepared.ask_through(&self.connector, &journal.ports()).await;
        let came = match ending {
            Ending::Reply(reply) => {
                let output = reply["output"].clone();
                let errors = self.output_validator(&folder.group).map(|validator| {
                    let told = |error: jsonschema::ValidationError<'_>| format!("{}: {error}", error.instance_path());
                    validator.iter_errors(&output).map(told).collect()
                });
                Came::Output(output, errors.unwrap_or_default())
            }
            Ending::Failure { kind, detail } => Came::Failure(Failure::new(kind, detail)),
            Ending::Fault(fault) => Came::Broke(fault.to_string()),
            Ending::NotJson(why) => Came::Broke(why),
        };
        let notes = std::mem::take(&mut *journal.notes());
        let told = if live.is_some() { Vec::new() } else { shelf.told() };
        Ok(Rehearsal { came, exchanges: notes.exchanges, told, lines: notes.lines, usage, took: began.elapsed() })
    }

    /// Where a case of an intent is, or would be.
    pub fn folder(&self, intent: &str, name: &str) -> CaseFolder {
        let path = self.fixtures.join(intent).join(name);
        CaseFolder { group: intent.to_owned(), name: name.to_owned(), path }
    }

    /// The cases of an intent, in alphabetical order.
    pub fn case_names(&self, intent: &str) -> Vec<String> {
        let groups = groups(&self.fixtures).unwrap_or_default().into_iter();
        groups.filter(|(group, _)| group == intent).flat_map(|(_, cases)| cases).map(|case| case.name).collect()
    }

    /// A case under a connection that is really there.
    pub(crate) fn prepare_live(
        &self,
        folder: &CaseFolder,
        case: Case,
        live: &Live,
    ) -> Result<Prepared, Box<Complaint>> {
        let at = |message: String| Box::new(Complaint::new(message).at(folder, jackfield_fixtures::REQUEST, ""));
        Ok(Prepared {
            group: folder.group.clone(),
            settings: Value::Object(told(&live.settings, &case)).to_string().into(),
            grant: live.grant.clone(),
            props: Prepared::props(&case).map_err(at)?,
            now_ms: Prepared::now_ms(&case).map_err(at)?,
            identity: Identity { tenant: live.tenant.clone(), ..Identity::default() },
            case: Arc::new(case),
        })
    }
}
