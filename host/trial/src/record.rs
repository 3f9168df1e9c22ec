//! Records a case: its request goes through whatever ports the caller gives, to a business system that is really there,
//! and what happened becomes the case's three files. Nothing is written here, and no socket is opened.
//!
//! What comes out holds no secret and no person: secrets are taken out by the one who knows them (the host's scrubber),
//! personal data has stand-ins ([`personal`]), the system's own address is replaced by that of the manifest, and of
//! headers and settings only those stay without which the connector does something else. That is found by replaying,
//! not by guessing.

use std::sync::Arc;

use jackfield_core::failure::FailureKind;
use jackfield_core::grant::Grant;
use jackfield_core::normalise::{Locality, Normaliser};
use jackfield_fixtures::{Case, CaseFolder, CaseIntent, Exchange, Script, differences};
use jackfield_sandbox::Ports;
use serde_json::{Map, Value};

use crate::ask::{Ending, failure_json};
use crate::complaint::Complaint;
use crate::fixtures::broke;
use crate::journal::{CaseCache, Journal, Notes};
use crate::sample::first_error;
use crate::settings::{Unfit, connection};
use crate::stage::Mode;
use crate::trial::Trial;

mod exchange;
mod personal;
mod secret;
mod text;

use personal::Finder;
use secret::StandIns;

/// A connection to a business system that is really there.
pub struct Live {
    /// The way to it: a host's own ports.
    pub ports: Arc<Ports>,
    /// What may be reached.
    pub grant: Arc<Grant>,
    /// The connection's settings as the guest gets them.
    pub settings: Arc<str>,
    /// Whose connection it is.
    pub tenant: Arc<str>,
    /// Region for phone numbers without a country code.
    pub region: Option<String>,
    /// A text without any secret of the host.
    pub scrub: Box<dyn Fn(&str) -> String + Send + Sync>,
}

/// What a recording is made with.
#[derive(Clone, Debug, Default)]
pub struct RecordOptions {
    /// Identifies the call in the host's log.
    pub call_id: String,
    /// The time of the call where the case names none, in milliseconds since the Unix epoch.
    pub now_ms: u64,
    /// Members that hold personal data, beside those whose names are known.
    pub personal: Vec<String>,
}

/// A recorded case: the three files as values.
#[derive(Clone, Debug)]
pub struct Recording {
    /// The call, with everything pinned.
    pub request: Case,
    /// What was sent and answered.
    pub upstream: Vec<Exchange>,
    /// How it ended.
    pub reply: Value,
    /// Whether the masked recording, replayed, ends as recorded.
    pub holds: bool,
}

/// Bound of the parts that are tried one by one for whether they matter.
const PARTS_TRIED_MAX: usize = 300;

/// Settings that are the operator's own affair: where the system really is.
const PRIVATE_SETTINGS: [&str; 3] = ["base_url", "login_url", "_endpoints"];

impl Trial {
    /// The case as an operator's call would arrive: normalised, and fit for the intent.
    ///
    /// # Errors
    /// When the host would refuse it before any connector sees it.
    pub fn normalised(
        &self,
        folder: &CaseFolder,
        mut case: Case,
        region: Option<&str>,
    ) -> Result<Case, Box<Complaint>> {
        let Some((spec, _)) = self.outputs.iter().find(|(spec, _)| spec.name == folder.group) else {
            let known: Vec<_> = self.outputs.iter().map(|(spec, _)| format!("`{}`", spec.name)).collect();
            let message = format!("the connector has no intent `{}`", folder.group);
            return Err(Box::new(Complaint::new(message).hint(format!("it has {}", known.join(", ")))));
        };
        let zone = case.time_zone.as_deref().and_then(|zone| jiff::tz::TimeZone::get(zone).ok());
        let locality = Locality { region, time_zone: &zone.unwrap_or(jiff::tz::TimeZone::UTC) };
        Normaliser::new(&spec.input_schema).apply(&mut case.input, &locality);
        match first_error(&spec.input_schema, &case.input) {
            None => Ok(case),
            Some((pointer, error)) => {
                let complaint = Complaint::new(format!("the input breaks the intent's schema: {error}"));
                let pointer = format!("/input{pointer}");
                Err(Box::new(complaint.at(folder, jackfield_fixtures::REQUEST, pointer)))
            }
        }
    }

    /// Asks the system behind `live` and makes a recording of it.
    ///
    /// # Errors
    /// When the call does not come to an end that a fixture can hold: the connector broke, or something was refused that
    /// only the author or the operator can allow.
    pub async fn record(
        &self,
        folder: &CaseFolder,
        case: Case,
        live: &Live,
        options: &RecordOptions,
    ) -> Result<Recording, Box<Complaint>> {
        let mut case = self.normalised(folder, case, live.region.as_deref())?;
        if case.now.is_none() {
            case.now = i64::try_from(options.now_ms).ok().and_then(rfc3339);
        }
        let own: Vec<String> =
            case.settings.iter().filter_map(Value::as_object).flat_map(|own| own.keys().cloned()).collect();
        let told = told(&live.settings, &case);
        let mut prepared = self.prepare_live(folder, case.clone(), live)?;
        prepared.identity.call_id = options.call_id.as_str().into();
        let cache = Arc::new(CaseCache::new(prepared.props.cache.clone()));
        let journal = Journal::new(&live.ports, cache);
        let (ending, usage) = prepared.ask_through(&self.connector, &journal.ports()).await;
        let reply = match &ending {
            Ending::Fault(_) | Ending::NotJson(_) => return Err(Box::new(broke(&ending))),
            Ending::Reply(_) | Ending::Failure { .. } => ending.reply().unwrap_or_default(),
        };
        if let Some(denial) = usage.denials.first() {
            let denial = (live.scrub)(denial);
            let hint = "a refused request is no recording: grant it, or mend the connector";
            return Err(Box::new(Complaint::new(format!("the grant refused: {denial}")).hint(hint)));
        }
        if matches!(&ending, Ending::Failure { kind: FailureKind::ReauthRequired, .. }) {
            let hint = "check the secrets of the connection; a fixture of a refused credential is written by hand";
            return Err(Box::new(Complaint::new("the system refuses the credential").hint(hint)));
        }
        let notes = std::mem::take(&mut *journal.notes());
        let upstream =
            exchange::recorded(&notes.exchanges).map_err(|why| Box::new(Complaint::new((live.scrub)(&why))))?;
        let mut raw = Recording { request: case, upstream, reply, holds: false };
        let mut settings = self.written_settings(told);
        // What looks like a secret is not written, and would be no setting once it is scrubbed: a replay has a sample.
        settings.retain(|_, value| (live.scrub)(&value.to_string()) == *value.to_string());
        raw.request.settings = Some(Value::Object(settings));
        raw.request.intents = asked(&notes);
        self.pseudonymise(&mut raw, &notes, live, &options.personal, folder)?;
        Ok(self.minimise(folder, raw, &own).await)
    }

    /// What a fixture says of the connection: not where it is, and not what the manifest says already.
    fn written_settings(&self, mut told: Map<String, Value>) -> Map<String, Value> {
        let known = &self.connector.manifest().settings["properties"];
        told.retain(|name, value| {
            !PRIVATE_SETTINGS.contains(&name.as_str()) && known[name.as_str()].get("default") != Some(value)
        });
        told
    }

    /// Takes secrets, people and addresses out.
    fn pseudonymise(
        &self,
        raw: &mut Recording,
        notes: &Notes,
        live: &Live,
        personal: &[String],
        folder: &CaseFolder,
    ) -> Result<(), Box<Complaint>> {
        let stand_ins = StandIns::new(notes);
        raw.request.secrets.extend(stand_ins.secrets());
        raw.request.hmacs.extend(stand_ins.hmacs());
        let origins = self.origins(&raw.request, live).map_err(|unfit| {
            let complaint = Complaint::new(unfit.message).hint(unfit.hint);
            Box::new(complaint.at(folder, jackfield_fixtures::REQUEST, unfit.pointer))
        })?;
        text::each(raw, &mut |text| {
            let mut clean = stand_ins.replace(text);
            for (real, ours) in &origins {
                clean = clean.replace(real.as_str(), ours);
            }
            *text = (live.scrub)(&clean);
        });
        let mut said = String::new();
        text::each(raw, &mut |text| {
            said.push_str(&text.to_lowercase());
            said.push('\n');
        });
        let schemas = self.outputs.iter().find(|(spec, _)| spec.name == folder.group);
        let mut finder = Finder::new(personal, &said);
        if let Some((spec, _)) = schemas {
            finder.by_schema(&spec.input_schema, &raw.request.input);
            finder.by_schema(&spec.output_schema, &raw.reply["output"]);
        }
        text::find(raw, &mut finder);
        text::mask(raw, &finder.masks());
        Ok(())
    }

    /// Each real base URL and origin, and what the manifest would make of it in a replay; longer ones first.
    fn origins(&self, request: &Case, live: &Live) -> Result<Vec<(String, String)>, Unfit> {
        let replayed = connection(self.connector.manifest(), request)?;
        let mut pairs = Vec::new();
        for endpoint in live.grant.endpoints() {
            let Some(ours) = replayed.grant.endpoints().find(|ours| ours.name == endpoint.name) else { continue };
            let base = |url: &str| url.trim_end_matches('/').to_owned();
            pairs.push((base(endpoint.base.as_str()), base(ours.base.as_str())));
            pairs.push((endpoint.base.origin().ascii_serialization(), ours.base.origin().ascii_serialization()));
        }
        pairs.retain(|(real, ours)| real != ours);
        pairs.sort_by_key(|(real, _)| std::cmp::Reverse(real.len()));
        pairs.dedup();
        Ok(pairs)
    }

    /// Leaves out what makes no difference: headers of answers, settings.
    async fn minimise(&self, folder: &CaseFolder, mut recording: Recording, own: &[String]) -> Recording {
        recording.holds = self.holds(folder, &recording).await;
        if !recording.holds {
            recording.upstream.iter_mut().for_each(exchange::keep_usual_headers);
            return recording;
        }
        for part in parts(&recording, own).into_iter().take(PARTS_TRIED_MAX) {
            let mut without = recording.clone();
            if part.remove(&mut without) && self.holds(folder, &without).await {
                recording = without;
            }
        }
        recording
    }

    /// Whether a recording, replayed, asks for the same and ends the same.
    async fn holds(&self, folder: &CaseFolder, recording: &Recording) -> bool {
        let Ok(prepared) = self.prepare(folder, recording.request.clone()) else { return false };
        let asked = prepared.ask(&self.connector, Mode::Strict, Script::new(recording.upstream.clone())).await;
        let scene = asked.scene();
        scene.unexpected.is_empty()
            && scene.unexpected_intents.is_empty()
            && scene.script.unused().next().is_none()
            && asked.usage.denials.is_empty()
            && asked.ending.reply().is_some_and(|reply| differences(&recording.reply, &reply).is_empty())
    }
}

/// A part of a recording that may not matter.
enum Part {
    /// All headers of one answer.
    Headers(usize),
    /// One header of one answer.
    Header(usize, String),
    /// One setting.
    Setting(String),
}

/// What may be left out: what belongs together first. Settings that the author wrote stay.
fn parts(recording: &Recording, own: &[String]) -> Vec<Part> {
    let mut parts = Vec::new();
    for (at, exchange) in recording.upstream.iter().enumerate() {
        parts.push(Part::Headers(at));
        parts.extend(exchange.response.headers.keys().map(|name| Part::Header(at, name.clone())));
    }
    let settings = recording.request.settings.iter().filter_map(Value::as_object).flat_map(Map::keys);
    parts.extend(settings.filter(|name| !own.contains(name)).cloned().map(Part::Setting));
    parts
}

impl Part {
    /// Leaves it out; says whether it was there.
    fn remove(&self, recording: &mut Recording) -> bool {
        match self {
            Part::Headers(at) => {
                let headers = recording.upstream.get_mut(*at).map(|exchange| &mut exchange.response.headers);
                headers.is_some_and(|headers| !std::mem::take(headers).is_empty())
            }
            Part::Header(at, name) => {
                let headers = recording.upstream.get_mut(*at).map(|exchange| &mut exchange.response.headers);
                headers.is_some_and(|headers| headers.remove(name).is_some())
            }
            Part::Setting(name) => {
                let settings = recording.request.settings.as_mut().and_then(Value::as_object_mut);
                settings.is_some_and(|settings| settings.shift_remove(name).is_some())
            }
        }
    }
}

/// The connection's settings, and over them those of the case.
pub(crate) fn told(settings: &str, case: &Case) -> Map<String, Value> {
    let mut told = match serde_json::from_str(settings) {
        Ok(Value::Object(settings)) => settings,
        _ => Map::new(),
    };
    for (name, value) in case.settings.iter().filter_map(Value::as_object).flatten() {
        told.insert(name.clone(), value.clone());
    }
    told
}

/// How other connectors were asked, and what they answered.
fn asked(notes: &Notes) -> Vec<CaseIntent> {
    let one = |asked: &crate::journal::Asked| {
        let (output, failure) = match &asked.result {
            Ok(output) => (serde_json::from_str(output).ok(), None),
            Err(failure) => (None, Some(failure_json(&failure.kind))),
        };
        let input = serde_json::from_str(&asked.input).unwrap_or_default();
        CaseIntent { intent: asked.intent.clone(), input, output, failure }
    };
    notes.intents.iter().map(one).collect()
}

fn rfc3339(ms: i64) -> Option<String> {
    let at = jiff::Timestamp::from_millisecond(ms).ok()?;
    Some(at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}
