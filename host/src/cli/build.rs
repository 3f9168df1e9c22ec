//! `jackfield build`: compiles a connector, asks it once what it answers, checks that against its manifest, and embeds
//! both, so that loading the result executes nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use jackfield_core::budget::Limits;
use jackfield_core::intent::{Effect, IntentSpec};
use jackfield_core::manifest::Manifest;
use jackfield_core::package::{FORMAT, Package, mismatch, offers};
use jackfield_sandbox::{Sandbox, SandboxConfig};
use serde::Deserialize;
use serde_json::Value;

use super::{inspect, runtime};
use crate::exit::Exit;

mod cargo;
mod toolchain;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folders of connectors, each with `Cargo.toml` and `connector.toml`.
    #[arg(default_value = ".")]
    dirs: Vec<PathBuf>,
    /// Where the packages go, as `ID.wasm`.
    #[arg(long, default_value = "dist")]
    out: PathBuf,
    /// Stop after compiling: write the bare components, without manifest and schemas.
    #[arg(long)]
    bare: bool,
    /// Print what was made as JSON.
    #[arg(long)]
    json: bool,
}

/// What `describe` returns.
#[derive(Debug, Deserialize)]
struct Description {
    contract: String,
    intents: Vec<Described>,
}

#[derive(Debug, Deserialize)]
struct Described {
    name: String,
    #[serde(default)]
    effect: Option<Effect>,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    input_schema: Option<Value>,
    #[serde(default)]
    output_schema: Option<Value>,
    /// Whether it can be told afterwards if it happened.
    #[serde(default)]
    settles: bool,
    /// A model of the catalogue instead of a schema of its own.
    #[serde(default)]
    output_model: Option<String>,
    #[serde(default)]
    template: Option<String>,
}

pub(super) fn run(args: Args) -> anyhow::Result<Exit> {
    let compiled = match toolchain::Toolchain::find().and_then(|toolchain| cargo::compile(&toolchain, &args.dirs)) {
        Ok(compiled) => compiled,
        Err(error) => {
            eprintln!("error: {error:#}");
            return Ok(Exit::Build);
        }
    };
    std::fs::create_dir_all(&args.out).with_context(|| format!("cannot make {}", args.out.display()))?;
    if args.bare {
        for (dir, component) in &compiled {
            let name = dir.canonicalize()?.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            std::fs::copy(component, args.out.join(format!("{name}.wasm")))?;
        }
        return Ok(Exit::Ok);
    }
    let sandbox = Sandbox::new(&SandboxConfig { calls_in_flight_max: 4, ..SandboxConfig::default() })?;
    let mut failed = false;
    for (dir, component) in &compiled {
        match package(&sandbox, dir, component, &args.out) {
            Ok(file) => inspect::print(&std::fs::read(&file)?, &file, args.json)?,
            Err(error) => {
                eprintln!("error: {}: {error:#}", dir.display());
                failed = true;
            }
        }
    }
    Ok(if failed { Exit::Build } else { Exit::Ok })
}

/// Compiles and packages one connector, for verbs that go on with it. Cargo talks on standard error.
///
/// # Errors
/// When it does not compile, or does not package.
pub(super) fn make(sandbox: &Sandbox, dir: &Path, out: &Path) -> anyhow::Result<PathBuf> {
    let compiled = toolchain::Toolchain::find()
        .and_then(|toolchain| cargo::compile(&toolchain, std::slice::from_ref(&dir.to_owned())))?;
    std::fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))?;
    let (dir, component) = compiled.first().context("cargo made nothing")?;
    package(sandbox, dir, component, out).with_context(|| dir.display().to_string())
}

/// Packages one component and writes it.
fn package(sandbox: &Sandbox, dir: &Path, component: &Path, out: &Path) -> anyhow::Result<PathBuf> {
    let path = dir.join("connector.toml");
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let manifest = Manifest::parse(&text)?;
    let bytes = std::fs::read(component)?;
    let described = runtime()?.block_on(sandbox.describe(&bytes, &Limits::default())).context("`describe` failed")?;
    let description: Description =
        serde_json::from_str(&described).context("`describe` did not return what the contract says")?;
    anyhow::ensure!(offers(&description.contract), "{}", mismatch(Some(&manifest.id), &description.contract));
    let settles = description.intents.iter().filter(|i| i.settles).map(|i| i.name.clone()).collect();
    let intents = complete(&manifest, description.intents)?;
    let package = Package { format: FORMAT, contract: description.contract, manifest: text, intents, settles };
    let packaged = jackfield_sandbox::embed(&bytes, &serde_json::to_vec(&package)?)?;
    // What the host will do at load, now, while the author is looking.
    sandbox.load(&packaged).context("the packaged connector does not load")?;
    let file = out.join(format!("{}.wasm", manifest.id));
    let temporary = tempfile::NamedTempFile::new_in(out)?;
    std::fs::write(temporary.path(), &packaged)?;
    temporary.persist(&file)?;
    #[cfg(unix)]
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
    Ok(file)
}

/// An intent of the catalogue that answers with this model: its schema and its words fit a connector's own intent too.
fn modelled(intent: &str, model: &str) -> anyhow::Result<&'static jackfield_catalog::Definition> {
    jackfield_catalog::definitions().iter().find(|d| d.output_model == model).with_context(|| {
        format!("`{intent}` answers with `{model}`, which no intent of the catalogue does: give it an `output_schema`")
    })
}

/// The manifest's intents in its order, each with schemas: the catalogue's, or the connector's own.
fn complete(manifest: &Manifest, described: Vec<Described>) -> anyhow::Result<Vec<IntentSpec>> {
    let mut described: BTreeMap<String, Described> = described.into_iter().map(|d| (d.name.clone(), d)).collect();
    let mut intents = Vec::with_capacity(manifest.intents.len());
    for name in &manifest.intents {
        let own = described
            .remove(name)
            .with_context(|| format!("connector.toml lists `{name}`, but no function of the connector answers it"))?;
        if let Some(known) = jackfield_catalog::definition(name) {
            if let Some(effect) = own.effect {
                anyhow::ensure!(
                    effect == known.effect,
                    "`{name}` has effect {effect:?} in the connector and {:?} in the catalogue",
                    known.effect
                );
            }
            intents.push(IntentSpec::from(known));
            continue;
        }
        anyhow::ensure!(
            name.starts_with(&format!("{}.", manifest.id.replace('-', "_"))),
            "`{name}` is not in the catalogue; a connector's own intents begin with its id: `{}.`",
            manifest.id.replace('-', "_")
        );
        let model = own.output_model.as_deref().map(|model| modelled(name, model)).transpose()?;
        let missing = |what: &str| format!("`{name}` is the connector's own intent and has no {what}");
        intents.push(IntentSpec {
            effect: own.effect.with_context(|| missing("effect"))?,
            title: own.title.unwrap_or_else(|| name.clone()),
            description: own.description.with_context(|| missing("description"))?,
            input_schema: own.input_schema.with_context(|| missing("input_schema"))?,
            template: own.template.or_else(|| Some(model?.template.to_owned())),
            output_schema: own
                .output_schema
                .or_else(|| Some(model?.output_schema.clone()))
                .with_context(|| missing("output_schema"))?,
            name: own.name,
        });
    }
    if let Some(extra) = described.keys().next() {
        anyhow::bail!("the connector answers `{extra}`, but connector.toml does not list it: add it to `intents`");
    }
    Ok(intents)
}
