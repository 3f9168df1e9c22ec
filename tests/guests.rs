//! Guests as connectors: the tiny components of `tests/guests` with a package around them, so that a host loads them
//! like any other.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use jackfield_core::intent::{Effect, IntentSpec};
use jackfield_core::package::{CONTRACT, FORMAT, Package};
use serde_json::json;

use crate::root;

/// A guest component that `make guests` made.
pub fn component(name: &str) -> Vec<u8> {
    let path = root().join("dist/guests").join(format!("{name}.wasm"));
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}: run `make guests`", path.display()))
}

/// The manifest of a guest: one intent, one endpoint with a read rule and a write rule.
pub fn manifest(name: &str) -> String {
    format!(
        r#"
id = "{name}"
version = "0.1.0"
title = "Guest {name}"
vendor_api = "none"
intents = ["{name}.run"]

[endpoint.api]
base_url = "https://guest.invalid"
allow = ["read GET /orders/*", "read GET /slow", "write POST /slow"]
"#
    )
}

/// A guest, packaged. Input and output may be anything.
pub fn package(name: &str) -> Vec<u8> {
    package_with(name, manifest(name))
}

/// A guest under a manifest that asks for more.
pub fn package_with(name: &str, manifest: String) -> Vec<u8> {
    packaged(name, manifest, Effect::Read, &[])
}

/// A guest under another name, so that one component can stand in many places.
pub fn package_as(guest: &str, name: &str, manifest: String, output_schema: serde_json::Value) -> Vec<u8> {
    embedded(guest, name, manifest, Effect::Read, &[], output_schema)
}

/// A guest whose intent writes.
pub fn writing(name: &str) -> Vec<u8> {
    packaged(name, manifest(name), Effect::Create, &[])
}

/// A guest whose intent writes and can be looked for afterwards.
pub fn settling(name: &str) -> Vec<u8> {
    packaged(name, manifest(name), Effect::Create, &[name])
}

/// A guest whose intent writes, and may be sent again for as many milliseconds.
pub fn repeating(name: &str, within_ms: u64) -> Vec<u8> {
    let repeat = format!("[intent.\"{name}.run\"]\nrepeat = \"idempotency-key\"\nrepeat_within_ms = {within_ms}\n");
    packaged(name, manifest(name) + &repeat, Effect::Create, &[])
}

fn packaged(name: &str, manifest: String, effect: Effect, settles: &[&str]) -> Vec<u8> {
    embedded(name, name, manifest, effect, settles, json!({}))
}

fn embedded(
    guest: &str,
    name: &str,
    manifest: String,
    effect: Effect,
    settles: &[&str],
    output_schema: serde_json::Value,
) -> Vec<u8> {
    let package = Package {
        format: FORMAT,
        contract: CONTRACT.to_owned(),
        manifest,
        intents: vec![IntentSpec {
            name: format!("{name}.run"),
            effect,
            title: name.to_owned(),
            description: name.to_owned(),
            input_schema: json!({}),
            output_schema,
            template: Some("done".to_owned()),
        }],
        settles: settles.iter().map(|name| format!("{name}.run")).collect(),
    };
    let section = serde_json::to_vec(&package).expect("a package is JSON");
    jackfield_sandbox::embed(&component(guest), &section).expect("a guest takes a section")
}

/// A packaged connector with a change to its manifest.
pub fn plugin_with_manifest(id: &str, change: impl FnOnce(&mut toml::Table)) -> Vec<u8> {
    let bytes = std::fs::read(crate::plugin(id)).expect("a connector is a file");
    let inspected = jackfield_sandbox::inspect(&bytes).expect("a connector is a component");
    let (mut package, _) = inspected.package.expect("a connector has a package");
    let mut manifest = package.manifest.parse().expect("a manifest is TOML");
    change(&mut manifest);
    package.manifest = toml::to_string(&manifest).expect("a table is TOML");
    let section = serde_json::to_vec(&package).expect("a package is JSON");
    jackfield_sandbox::embed(&bytes, &section).expect("a connector takes a section")
}

/// A configuration that serves guests beside each other, all behind the same upstream.
pub fn config(dir: &Path, names: &[&str], upstream: &str, more: &str) -> String {
    let mut config = String::new();
    for name in names {
        let file = write(dir, name, &package(name));
        let _ = write!(
            config,
            "[connector.{name}]\nfile = {file:?}\n\n[connection.{name}]\nconnector = \"{name}\"\ntenant = \"demo\"\n\
             allow_insecure = true\nallow_addresses = [\"127.0.0.1/32\"]\n{more}\n[connection.{name}.settings]\nbase_url = {upstream:?}\n\n"
        );
    }
    config
}

/// Writes a component to a file.
pub fn write(dir: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = dir.join(format!("{name}.wasm"));
    std::fs::write(&path, bytes).expect("a directory of the test is writable");
    path
}
