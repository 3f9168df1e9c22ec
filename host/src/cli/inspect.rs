//! `jackfield inspect FILE.wasm [NEWER.wasm]`: what an operator reads before granting anything, and before one version
//! is exchanged for the next. Nothing is compiled or run.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use jackfield_core::manifest::Manifest;
use jackfield_core::package::Package;
use serde_json::json;

use super::say;
use crate::exit::Exit;

mod upgrade;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A connector as `jackfield build` made it.
    file: PathBuf,
    /// A newer version of it: shows what that asks for beyond FILE and what it changes. The exit code is 7 when it asks
    /// for more or breaks something.
    newer: Option<PathBuf>,
    /// Print as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: Args) -> anyhow::Result<Exit> {
    let read =
        |file: &Path| std::fs::read(file).inspect_err(|error| eprintln!("error: {}: {error}", file.display())).ok();
    let Some(bytes) = read(&args.file) else { return Ok(Exit::Failed) };
    if let Some(newer) = &args.newer {
        let Some(other) = read(newer) else { return Ok(Exit::Failed) };
        return upgrade::run((&args.file, &bytes), (newer, &other), args.json);
    }
    print(&bytes, &args.file, args.json)?;
    let loadable = jackfield_sandbox::inspect(&bytes).is_ok_and(|i| i.package.is_ok());
    Ok(if loadable { Exit::Ok } else { Exit::Failed })
}

/// Prints what a file is.
pub(super) fn print(bytes: &[u8], file: &Path, as_json: bool) -> anyhow::Result<()> {
    let inspection = jackfield_sandbox::inspect(bytes)?;
    let package = inspection.package.as_ref().map_err(ToString::to_string);
    if as_json {
        let value = json!({
            "file": file,
            "size_bytes": bytes.len(),
            "digest": inspection.digest,
            "imports": inspection.imports,
            "exports": inspection.exports,
            "problem": package.as_ref().err(),
            "package": package.as_ref().ok().map(|(package, manifest)| describe(package, manifest)),
        });
        return say(serde_json::to_string_pretty(&value)? + "\n");
    }
    let mut out = String::new();
    writeln!(out, "{}: {} KiB, blake3 {}", file.display(), bytes.len().div_ceil(1024), inspection.digest)?;
    match package {
        Ok((package, manifest)) => out.push_str(&text(package, manifest)?),
        Err(problem) => writeln!(out, "not loadable: {problem}")?,
    }
    writeln!(out, "imports")?;
    for import in &inspection.imports {
        writeln!(out, "  {import}")?;
    }
    say(out)
}

fn text(package: &Package, manifest: &Manifest) -> Result<String, std::fmt::Error> {
    let mut out = String::new();
    writeln!(
        out,
        "connector {} {}: {} (vendor API {})",
        manifest.id, manifest.version, manifest.title, manifest.vendor_api
    )?;
    writeln!(out, "contract {}", package.contract)?;
    writeln!(out, "intents")?;
    for intent in &package.intents {
        let effect = format!("{:?}", intent.effect).to_lowercase();
        writeln!(out, "  {:<24} {effect:<7} {}", intent.name, intent.title)?;
    }
    writeln!(out, "asks for")?;
    for (name, endpoint) in &manifest.endpoints {
        writeln!(out, "  endpoint {name}: {}", endpoint.base_url)?;
        for rule in &endpoint.rules {
            writeln!(out, "    {}", rule.text)?;
        }
    }
    for secret in &manifest.secrets {
        let mut notes = Vec::new();
        if secret.optional {
            notes.push("optional");
        }
        if secret.hmac {
            notes.push("may be used for hmac");
        }
        let notes = if notes.is_empty() { String::new() } else { format!(" ({})", notes.join(", ")) };
        writeln!(out, "  secret {}{notes}: {}", secret.name, secret.purpose)?;
        if !secret.how.is_empty() {
            writeln!(out, "    {}", secret.how)?;
        }
    }
    for pattern in &manifest.calls {
        writeln!(out, "  intents of other connectors: {pattern}")?;
    }
    writeln!(out, "settings")?;
    let required = manifest.settings["required"].as_array();
    for (name, schema) in manifest.settings["properties"].as_object().into_iter().flatten() {
        let must = required.is_some_and(|r| r.iter().any(|n| n == name));
        let default = schema.get("default").map(|d| format!(", default {d}")).unwrap_or_default();
        let about = schema["description"].as_str().unwrap_or_default();
        writeln!(out, "  {name}{}{default}: {about}", if must { ", required" } else { "" })?;
    }
    Ok(out)
}

fn describe(package: &Package, manifest: &Manifest) -> serde_json::Value {
    let endpoints: serde_json::Map<_, _> = manifest
        .endpoints
        .iter()
        .map(|(name, e)| {
            let allow: Vec<_> = e.rules.iter().map(|r| r.text.as_str()).collect();
            (name.clone(), json!({ "base_url": e.base_url, "allow": allow }))
        })
        .collect();
    let secrets: Vec<_> = manifest
        .secrets
        .iter()
        .map(|s| json!({ "name": s.name, "purpose": s.purpose, "optional": s.optional, "hmac": s.hmac }))
        .collect();
    json!({
        "id": manifest.id,
        "version": manifest.version,
        "title": manifest.title,
        "vendor_api": manifest.vendor_api,
        "contract": package.contract,
        "intents": package.intents,
        "endpoints": endpoints,
        "secrets": secrets,
        "calls": manifest.calls,
        "settings": manifest.settings,
    })
}
