//! `jackfield test --record`: asks a system that is really there, and writes what came of it as fixtures. Which text of a
//! recording must not be written is judged in `jackfield-trial`; here a last look finds no secret, or nothing is written.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use jackfield_core::intent::IntentSpec;
use jackfield_fixtures::{CaseFolder, REPLY, REQUEST, UPSTREAM, groups};
use jackfield_sandbox::Connector;
use jackfield_trial::{Complaint, Filter, RecordOptions, Recording, Trial};
use serde::Serialize;
use ulid::Ulid;

use crate::cli::live::{Door, LiveArgs};
use crate::cli::{build, runtime};
use crate::exit::Exit;

/// How fixtures are recorded.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct RecordArgs {
    /// Ask a system that is really there, and write its answers as fixtures: for the cases that have only a
    /// `request.json`.
    #[arg(long, requires = "against", conflicts_with = "conformance_only")]
    pub(super) record: bool,
    /// The system: its URL, or the name of a connection in the configuration.
    #[arg(long, value_name = "URL|CONNECTION", requires = "record")]
    against: Option<String>,
    /// The input of the one case that `--filter` names as `intent/case`, instead of its `request.json`.
    #[arg(long, value_name = "JSON", requires = "record")]
    input: Option<String>,
    /// Record cases again that have been recorded.
    #[arg(long, requires = "record")]
    force: bool,
    /// A member that holds personal data, beside those whose names say so.
    #[arg(long = "personal", value_name = "MEMBER", requires = "record")]
    personal: Vec<String>,
    #[command(flatten)]
    live: LiveArgs,
}

/// Cases that were recorded, and the connector to try them with.
type Recorded = (Vec<CaseFolder>, Arc<Connector>);

/// Records; an exit code where something was refused.
pub(super) fn run(
    args: &RecordArgs,
    filter: Option<&str>,
    dir: &Path,
    file: &Path,
) -> anyhow::Result<Result<Recorded, Exit>> {
    let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let refused = |error| build::explain(dir, &file.display().to_string(), error);
    let (package, manifest) =
        jackfield_sandbox::inspect(&bytes).and_then(|inspection| inspection.package).map_err(refused)?;
    let cases = match cases(args, filter, dir, &package.intents) {
        Ok(cases) => cases,
        Err((message, hint)) => {
            eprintln!("error: {message}\nhelp: {hint}");
            return Ok(Err(Exit::Usage));
        }
    };
    let door = match Door::open(&args.live, args.against.as_deref().unwrap_or_default(), file, &manifest, None) {
        Ok(door) => door,
        Err(exit) => return Ok(Err(exit)),
    };
    let trial = Trial::new(door.connector(), dir)?;
    let live = door.live();
    let mut refused = false;
    let runtime = runtime()?;
    runtime.block_on(door.prepare());
    for folder in &cases {
        let recorded = runtime.block_on(async {
            let case = request(args, folder)?;
            let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
            let options = RecordOptions {
                call_id: Ulid::from_datetime(SystemTime::now()).to_string(),
                now_ms: u64::try_from(now_ms).unwrap_or(u64::MAX),
                personal: args.personal.clone(),
            };
            let recorded = trial.record(folder, case, &live, &options).await;
            // What was done with a credential is on record before its outcome is shown.
            door.flush().await;
            recorded
        });
        match recorded {
            Ok(recording) => {
                write(folder, &recording, &|text| door.scrub(text))?;
                let exchanges = recording.upstream.len();
                eprintln!("recorded {}/{}, {exchanges} exchanges", folder.group, folder.name);
                if !recording.holds {
                    eprintln!("  replayed without personal data it goes another way: see below, and mend it by hand");
                }
            }
            Err(complaint) => {
                refused = true;
                tell(folder, &complaint, &door);
            }
        }
    }
    Ok(if refused { Err(Exit::Failed) } else { Ok((cases, door.connector())) })
}

fn tell(folder: &CaseFolder, complaint: &Complaint, door: &Door) {
    let message = door.scrub(&complaint.message);
    eprintln!("error: {}/{} was not recorded: {message}", folder.group, folder.name);
    if let Some(hint) = &complaint.hint {
        eprintln!("help: {hint}");
    }
}

/// The cases that are to be recorded.
fn cases(
    args: &RecordArgs,
    filter: Option<&str>,
    dir: &Path,
    intents: &[IntentSpec],
) -> Result<Vec<CaseFolder>, (String, String)> {
    let admits = Filter::new(filter.map(str::to_owned));
    let all = groups(&dir.join("fixtures")).unwrap_or_default().into_iter().flat_map(|(_, cases)| cases);
    let mut cases: Vec<CaseFolder> = all.filter(|case| admits.admits(&case.group, &case.name)).collect();
    if args.input.is_some() {
        let known = |intent: &str| intents.iter().any(|spec| spec.name == intent);
        let named = filter.and_then(|filter| filter.split_once('/'));
        let Some((intent, name)) = named.filter(|(intent, name)| known(intent) && is_tidy(name)) else {
            let hint = "name it: `--filter intent/case`; its folder is made where it is not there";
            return Err(("`--input` is for one case".to_owned(), hint.to_owned()));
        };
        let path = dir.join("fixtures").join(intent).join(name);
        cases = vec![CaseFolder { group: intent.to_owned(), name: name.to_owned(), path }];
    }
    let is_recorded = |case: &CaseFolder| case.path.join(UPSTREAM).exists() || case.path.join(REPLY).exists();
    let before = cases.len();
    if !args.force {
        cases.retain(|case| !is_recorded(case));
    }
    let effect = |case: &CaseFolder| intents.iter().find(|spec| spec.name == case.group).map(|spec| spec.effect);
    if let Some(writing) = cases.iter().find(|case| effect(case).is_some_and(|effect| !effect.is_read()))
        && !args.live.writes
    {
        let message = format!("`{}` changes the system", writing.group);
        return Err((message, "add `--writes` if it may, or leave the case out with `--filter`".to_owned()));
    }
    if cases.is_empty() {
        return Err(match before {
            0 => (
                "there is no case to record".to_owned(),
                "write fixtures/<intent>/<case>/request.json with the `input`, or give `--filter intent/case --input JSON`"
                    .to_owned(),
            ),
            _ => (
                format!("{before} cases are there and have been recorded already"),
                "nothing is overwritten: add `--force` to record them again".to_owned(),
            ),
        });
    }
    Ok(cases)
}

/// A name that is one folder.
fn is_tidy(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}

fn request(args: &RecordArgs, folder: &CaseFolder) -> Result<jackfield_fixtures::Case, Box<Complaint>> {
    let unreadable = |message: String| {
        Box::new(Complaint { message, file: None, line: None, pointer: None, expected: None, found: None, hint: None })
    };
    let mut case = if folder.path.join(REQUEST).exists() || args.input.is_none() {
        folder.request().map_err(unreadable)?
    } else {
        jackfield_fixtures::Case::default()
    };
    if let Some(input) = &args.input {
        case.input =
            serde_json::from_str(input).map_err(|error| unreadable(format!("the input is no JSON: {error}")))?;
    }
    if args.live.writes && case.idempotency_key.is_none() {
        case.idempotency_key = Some(Ulid::from_datetime(SystemTime::now()).to_string());
    }
    Ok(case)
}

/// Writes a case's files, or nothing of it.
fn write(folder: &CaseFolder, recording: &Recording, scrub: &dyn Fn(&str) -> String) -> anyhow::Result<()> {
    let request = pretty(&recording.request)?;
    let upstream = if recording.upstream.is_empty() { None } else { Some(pretty(&recording.upstream)?) };
    let reply = pretty(&recording.reply)?;
    for text in [Some(&request), upstream.as_ref(), Some(&reply)].into_iter().flatten() {
        anyhow::ensure!(
            scrub(text) == *text,
            "a secret is left in the recording of {}/{}: nothing was written",
            folder.group,
            folder.name
        );
    }
    fs::create_dir_all(&folder.path).with_context(|| format!("cannot make {}", folder.path.display()))?;
    let put = |name: &str, text: &str| -> anyhow::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(&folder.path)?;
        file.write_all(text.as_bytes())?;
        let path = folder.path.join(name);
        let file = file.persist(&path).with_context(|| format!("cannot write {}", path.display()))?;
        #[cfg(unix)]
        file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
        Ok(())
    };
    put(REQUEST, &request)?;
    match &upstream {
        Some(upstream) => put(UPSTREAM, upstream)?,
        None => match fs::remove_file(folder.path.join(UPSTREAM)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        },
    }
    put(REPLY, &reply)
}

fn pretty(value: &impl Serialize) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}
