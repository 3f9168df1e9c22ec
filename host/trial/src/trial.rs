//! A connector on trial: what is known of it before anything is asked.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jackfield_core::intent::IntentSpec;
use jackfield_core::manifest::Manifest;
use jackfield_fixtures::{Case, CaseFolder, REQUEST};
use jackfield_sandbox::Connector;

use crate::ask::{Identity, Prepared};
use crate::complaint::Complaint;
use crate::settings::connection;

/// A loaded connector and its folder.
pub struct Trial {
    pub(crate) connector: Arc<Connector>,
    pub(crate) fixtures: PathBuf,
    pub(crate) outputs: Vec<(IntentSpec, jsonschema::Validator)>,
    /// Calls that run at once.
    pub(crate) concurrent: usize,
}

/// Why a trial does not begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrialError(pub String);

impl std::fmt::Display for TrialError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TrialError {}

impl Trial {
    /// Takes a connector and its folder, which need not have fixtures.
    ///
    /// # Errors
    /// When a schema of the connector is not usable.
    pub fn new(connector: Arc<Connector>, folder: &Path) -> Result<Trial, TrialError> {
        let mut outputs = Vec::new();
        for intent in &connector.package().intents {
            let validator = crate::sample::compile(&intent.output_schema).map_err(|error| {
                TrialError(format!("the output schema of `{}` is not usable: {error}", intent.name))
            })?;
            outputs.push((intent.clone(), validator));
        }
        let concurrent = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Trial { connector, fixtures: folder.join("fixtures"), outputs, concurrent })
    }

    /// What the connector asks for.
    pub fn manifest(&self) -> &Manifest {
        self.connector.manifest()
    }

    /// The intents, with schemas and effects.
    pub fn intents(&self) -> impl Iterator<Item = &IntentSpec> {
        self.outputs.iter().map(|(spec, _)| spec)
    }

    /// Calls that may run at once: places that the sandbox must have.
    pub fn concurrent(&self) -> usize {
        self.concurrent
    }

    pub(crate) fn output_validator(&self, intent: &str) -> Option<&jsonschema::Validator> {
        self.outputs.iter().find(|(spec, _)| spec.name == intent).map(|(_, validator)| validator)
    }

    /// A case with the connection that it runs under.
    pub(crate) fn prepare(&self, folder: &CaseFolder, case: Case) -> Result<Prepared, Box<Complaint>> {
        let at = |message: String, pointer: &str| Box::new(Complaint::new(message).at(folder, REQUEST, pointer));
        let connection = connection(self.connector.manifest(), &case)
            .map_err(|unfit| Box::new(at(unfit.message, &unfit.pointer).hint(unfit.hint)))?;
        Ok(Prepared {
            group: folder.group.clone(),
            settings: connection.settings,
            grant: connection.grant,
            props: Prepared::props(&case).map_err(|message| at(message, ""))?,
            now_ms: Prepared::now_ms(&case).map_err(|message| at(message, ""))?,
            case: Arc::new(case),
            identity: Identity::default(),
        })
    }
}
