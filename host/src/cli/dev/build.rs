//! From sources to a build that answers, again and again.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use jackfield_core::mask::Masks;
use jackfield_render::{Renderer, TemplateKey};
use jackfield_sandbox::Sandbox;
use jackfield_trial::Trial;
use tempfile::TempDir;

use super::stand::{Stand, State};
use super::watch::Watch;
use crate::cli::build;
use crate::cli::live::{Door, LiveArgs};

/// A connector that answers.
pub(super) struct Build {
    /// Counts those that worked.
    pub(super) number: u64,
    /// The connector, its schemas and its fixtures.
    pub(super) trial: Arc<Trial>,
    /// Words for users.
    pub(super) renderer: Renderer,
    /// By intent.
    pub(super) masks: HashMap<String, Masks>,
    /// The way to the system; none where the fixtures play it.
    pub(super) door: Option<Door>,
    digest: String,
}

/// Where builds are made.
pub(super) struct Workshop {
    pub(super) sandbox: Sandbox,
    pub(super) dir: PathBuf,
    pub(super) out: PathBuf,
    pub(super) live: LiveArgs,
    /// Compiled forms, for as long as the process lives.
    pub(super) cache: TempDir,
}

impl Workshop {
    /// Builds now, and whenever something changed, for as long as the process lives.
    pub(super) fn work(&self, stand: &Stand, changes: &Watch) {
        loop {
            stand.set(State::Building);
            let began = Instant::now();
            match self.build(stand) {
                Ok(Some(build)) => {
                    let (number, manifest) = (build.number, build.trial.manifest());
                    let seconds = began.elapsed().as_secs_f64();
                    eprintln!("build {number}: {} {} answers, after {seconds:.1} s", manifest.id, manifest.version);
                    stand.swap(build);
                }
                Ok(None) => {
                    eprintln!("nothing is another: the same build answers");
                    stand.set(State::Ready);
                }
                Err(error) => {
                    if let Some(error) = error {
                        build::complain(&error);
                    }
                    match stand.current() {
                        Some(build) => eprintln!("build {} goes on answering", build.number),
                        None => eprintln!("nothing answers until it builds"),
                    }
                    stand.set(State::Broken);
                }
            }
            if !changes.wait() {
                return;
            }
        }
    }

    /// The next build; none where it would be the same. An error without words was told already.
    fn build(&self, stand: &Stand) -> Result<Option<Build>, Option<anyhow::Error>> {
        let file = build::make(&self.sandbox, &self.dir, None, &self.out)?;
        let before = stand.current();
        let digest = jackfield_sandbox::inspect(&std::fs::read(&file).map_err(anyhow::Error::from)?)
            .map_err(|error| build::explain(&self.dir, &file.display().to_string(), error))?
            .digest;
        if before.as_ref().is_some_and(|before| before.digest == digest) {
            return Ok(None);
        }
        let door = match stand.upstream() {
            // Says itself what is wrong.
            Some(upstream) => {
                let (_, manifest) = build::manifest(&self.dir).map_err(anyhow::Error::from)?;
                let cache = Some(self.cache.path());
                Some(Door::open(&self.live, upstream, &file, &manifest, cache).map_err(|_| None)?)
            }
            None => None,
        };
        let connector = match &door {
            Some(door) => door.connector(),
            None => self
                .sandbox
                .load_file(&file)
                .map_err(|error| build::explain(&self.dir, &file.display().to_string(), error))?,
        };
        let trial = Arc::new(Trial::new(connector, &self.dir).map_err(anyhow::Error::from)?);
        let own = trial.intents().filter_map(|spec| {
            let is_catalogues = jackfield_catalog::definition(&spec.name).is_some();
            let text = spec.template.clone().filter(|_| !is_catalogues)?;
            Some((TemplateKey { intent: spec.name.clone(), locale: "en".to_owned() }, text))
        });
        let mut renderer = Renderer::new(own).map_err(anyhow::Error::from)?;
        trial.intents().for_each(|spec| renderer.describe(&spec.name, &spec.output_schema));
        let masks = trial.intents().map(|spec| (spec.name.clone(), Masks::new(&spec.output_schema))).collect();
        let number = before.map_or(0, |before| before.number) + 1;
        Ok(Some(Build { number, trial, renderer, masks, door, digest }))
    }
}
