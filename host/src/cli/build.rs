//! `jackfield build`: compiles a connector, asks it once what it answers, checks that against its manifest, and embeds
//! both, so that loading the result executes nothing.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use jackfield_core::budget::Limits;
use jackfield_core::package::{FORMAT, Package, offers};
use jackfield_sandbox::{Sandbox, SandboxConfig};

use super::{inspect, runtime};
use crate::config::Complaints;
use crate::exit::Exit;

mod annotations;
mod cargo;
mod description;
mod progress;
mod source;
mod toolchain;

use description::{Description, complete};
use progress::Progress;
pub(super) use source::{explain, manifest};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folders of connectors, each with `Cargo.toml` and `connector.toml`.
    #[arg(default_value = ".")]
    dirs: Vec<PathBuf>,
    /// Package this component of another language instead of compiling with cargo.
    #[arg(long, value_name = "FILE", conflicts_with = "bare")]
    component: Option<PathBuf>,
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

pub(super) fn run(args: Args) -> anyhow::Result<Exit> {
    let made = if args.bare { bare(&args) } else { packages(&args) };
    Ok(match made {
        Ok(true) => Exit::Ok,
        Ok(false) => Exit::Build,
        Err(error) => {
            complain(&error);
            Exit::Build
        }
    })
}

/// Prints why something was not built.
pub(super) fn complain(error: &anyhow::Error) {
    match error.downcast_ref::<Complaints>() {
        Some(complaints) => eprint!("{complaints}"),
        None => eprintln!("error: {error:#}"),
    }
}

/// Components without manifest and schemas, for tests.
fn bare(args: &Args) -> anyhow::Result<bool> {
    let progress = Progress::new(args.dirs.len());
    let toolchain = toolchain::Toolchain::find(&args.dirs[0])?;
    make_dir(&args.out)?;
    for dir in &args.dirs {
        progress.next("Building", &dir.display().to_string());
        let component = cargo::compile(&toolchain, dir)?;
        let name = dir.canonicalize()?.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        std::fs::copy(component, args.out.join(format!("{name}.wasm")))?;
    }
    Ok(true)
}

/// Everything that can be said without a compiler is said of all connectors before the first is compiled.
fn packages(args: &Args) -> anyhow::Result<bool> {
    let made = given(&args.dirs, args.component.as_deref())?;
    let mut failed = false;
    for dir in &args.dirs {
        if let Err(complaints) = source::check(dir) {
            eprint!("{complaints}");
            failed = true;
        }
    }
    if failed {
        return Ok(false);
    }
    let origin = Origin::of(&args.dirs[0], made)?;
    make_dir(&args.out)?;
    let sandbox = Sandbox::new(&SandboxConfig { calls_in_flight_max: 4, ..SandboxConfig::default() })?;
    let progress = Progress::new(args.dirs.len());
    for dir in &args.dirs {
        progress.next("Building", &dir.display().to_string());
        let component = origin.component(dir)?;
        progress.step("Packaging", &dir.display().to_string());
        match package(&sandbox, dir, &component, &args.out) {
            Ok(file) => inspect::print(&std::fs::read(&file)?, &file, args.json)?,
            Err(error) => {
                complain(&error);
                failed = true;
            }
        }
    }
    Ok(!failed)
}

/// The component that was given, if it can be.
fn given(dirs: &[PathBuf], component: Option<&Path>) -> anyhow::Result<Option<PathBuf>> {
    let Some(component) = component else { return Ok(None) };
    anyhow::ensure!(dirs.len() == 1, "`--component` is one connector's: give its folder and no other");
    anyhow::ensure!(component.is_file(), "{} is not there: compile the connector first", component.display());
    Ok(Some(component.to_owned()))
}

/// Where a component comes from.
enum Origin {
    /// Cargo makes it.
    Cargo(toolchain::Toolchain),
    /// Its author has made it by other means. Those are not run from here: a build command in a file would be somebody's
    /// code with the rights of whoever packages.
    Made(PathBuf),
}

impl Origin {
    fn of(dir: &Path, made: Option<PathBuf>) -> anyhow::Result<Origin> {
        Ok(match made {
            Some(made) => Origin::Made(made),
            None => Origin::Cargo(toolchain::Toolchain::find(dir)?),
        })
    }

    fn component(&self, dir: &Path) -> anyhow::Result<PathBuf> {
        match self {
            Origin::Cargo(toolchain) => cargo::compile(toolchain, dir),
            Origin::Made(component) => Ok(component.clone()),
        }
    }
}

/// Compiles and packages one connector, for verbs that go on with it. Cargo talks on standard error.
///
/// # Errors
/// When it does not compile, or does not package.
pub(super) fn make(sandbox: &Sandbox, dir: &Path, component: Option<&Path>, out: &Path) -> anyhow::Result<PathBuf> {
    let made = given(&[dir.to_owned()], component)?;
    source::check(dir)?;
    let component = Origin::of(dir, made)?.component(dir)?;
    make_dir(out)?;
    package(sandbox, dir, &component, out)
}

fn make_dir(dir: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))
}

/// Packages one component and writes it.
fn package(sandbox: &Sandbox, dir: &Path, component: &Path, out: &Path) -> anyhow::Result<PathBuf> {
    let (text, manifest) = manifest(dir)?;
    let bytes = std::fs::read(component).with_context(|| format!("cannot read {}", component.display()))?;
    let described = runtime()?
        .block_on(sandbox.describe(&bytes, &Limits::default()))
        .map_err(|error| explain(dir, "`describe` failed", error))?;
    let description: Description =
        serde_json::from_str(&described).context("`describe` did not return what the contract says")?;
    anyhow::ensure!(
        offers(&description.contract),
        "{}",
        source::stale(dir, &format!("the connector is built for contract {}", description.contract))
    );
    let settles = description.intents.iter().filter(|i| i.settles).map(|i| i.name.clone()).collect();
    let intents = complete(dir, &manifest, description.intents)?;
    let package = Package { format: FORMAT, contract: description.contract, manifest: text, intents, settles };
    let packaged = jackfield_sandbox::embed(&bytes, &serde_json::to_vec(&package)?)?;
    // What the host will do at load, now, while the author is looking.
    sandbox.load(&packaged).map_err(|error| explain(dir, "the packaged connector does not load", error))?;
    let file = out.join(format!("{}.wasm", manifest.id));
    let temporary = tempfile::NamedTempFile::new_in(out)?;
    std::fs::write(temporary.path(), &packaged)?;
    temporary.persist(&file)?;
    #[cfg(unix)]
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
    Ok(file)
}
