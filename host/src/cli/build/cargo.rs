//! Runs cargo for a connector's folder and finds the component that it made. Cargo's own messages go to
//! standard error unchanged.

use std::io::BufRead as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::Context as _;
use serde::Deserialize;

use super::toolchain::Toolchain;

/// Small, quick, and the same bytes on every machine. Given through the environment, so that an author's own
/// `Cargo.toml` needs no profile for it.
const PROFILE: [(&str, &str); 6] = [
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "3"),
    ("CARGO_PROFILE_RELEASE_LTO", "fat"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "1"),
    ("CARGO_PROFILE_RELEASE_PANIC", "abort"),
    ("CARGO_PROFILE_RELEASE_STRIP", "symbols"),
    ("CARGO_PROFILE_RELEASE_DEBUG", "false"),
];

/// A guest's stack, in bytes: deep enough for generated parsers, small enough to be cheap to give afresh to each call.
const STACK_BYTES: u32 = 128 << 10;

/// Cargo's JSON messages, as far as they matter here.
#[derive(Deserialize)]
struct Message {
    reason: String,
    #[serde(default)]
    manifest_path: PathBuf,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

#[derive(Deserialize)]
struct Metadata {
    target_directory: PathBuf,
    workspace_root: PathBuf,
    packages: Vec<PackageInfo>,
}

#[derive(Deserialize)]
struct PackageInfo {
    name: String,
    /// Nothing for a folder of this machine.
    source: Option<String>,
    manifest_path: PathBuf,
}

/// Compiles the crate in a folder; comes back with the component.
pub(super) fn compile(toolchain: &Toolchain, dir: &Path) -> anyhow::Result<PathBuf> {
    let manifest = dir.join("Cargo.toml");
    let manifest = manifest.canonicalize().with_context(|| {
        format!("{} is not there; what cargo does not compile is given with `--component FILE`", manifest.display())
    })?;
    let metadata = metadata(&manifest)?;
    // No path of this machine in the component: two machines make the same bytes, and a panic tells nothing private.
    let cargo_home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".cargo")))
        .unwrap_or_default();
    let mut flags = vec![
        format!("--remap-path-prefix={}=", metadata.workspace_root.display()),
        format!("--remap-path-prefix={}=cargo", cargo_home.display()),
    ];
    // Crates that are used by path, such as the SDK of a checkout.
    let elsewhere = |package: &&PackageInfo| {
        package.source.is_none() && !package.manifest_path.starts_with(&metadata.workspace_root)
    };
    for package in metadata.packages.iter().filter(elsewhere) {
        let folder = package.manifest_path.parent().unwrap_or(Path::new("/"));
        flags.push(format!("--remap-path-prefix={}={}", folder.display(), package.name));
    }
    flags.extend(["-Clink-arg=-z".to_owned(), format!("-Clink-arg=stack-size={STACK_BYTES}")]);
    let target_dir = metadata.target_directory.with_file_name("target-guests");
    let mut child = toolchain
        .cargo_build(&flags)
        .args(["--release", "--lib", "--message-format=json-render-diagnostics"])
        .arg("--manifest-path")
        .arg(&manifest)
        .arg("--target-dir")
        .arg(&target_dir)
        .envs(PROFILE)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run cargo")?;
    let stdout = child.stdout.take().context("cargo has no output")?;
    let mut component = None;
    for line in std::io::BufReader::new(stdout).lines() {
        let Ok(message) = serde_json::from_str::<Message>(&line?) else { continue };
        if message.reason == "compiler-artifact" && message.manifest_path == manifest {
            component =
                message.filenames.into_iter().find(|f| f.extension().is_some_and(|e| e == "wasm")).or(component);
        }
    }
    anyhow::ensure!(child.wait()?.success(), "cargo could not compile {}", dir.display());
    component.with_context(|| {
        format!("{} makes no component: add `crate-type = [\"cdylib\"]` under `[lib]`", manifest.display())
    })
}

fn metadata(manifest: &Path) -> anyhow::Result<Metadata> {
    let output = std::process::Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["metadata", "--format-version=1", "--manifest-path"])
        .arg(manifest)
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run cargo")?;
    anyhow::ensure!(output.status.success(), "cargo cannot read {}", manifest.display());
    Ok(serde_json::from_slice(&output.stdout)?)
}
