//! A page for each connector: what its manifest asks for, and its README.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use jackfield_core::manifest::{Access, Manifest, Scheme, TokenGrant};
use serde_json::Value;

use super::page;

/// The smallest manifest there is: what it has is what all have.
const BARE: &str = "id = \"x\"\nversion = \"0\"\ntitle = \"x\"\nvendor_api = \"0\"\nintents = [\"order.status\"]\n";

pub(super) fn pages(root: &Path) -> Vec<(PathBuf, String)> {
    let mut dirs: Vec<PathBuf> = fs::read_dir(root.join("plugins"))
        .expect("plugins")
        .map(|entry| entry.expect("an entry").path())
        .filter(|dir| dir.join("connector.toml").exists())
        .collect();
    dirs.sort();
    let mut index = String::from(
        "Each page says what a connector asks an operator for, what it does, and what it does not. `jackfield inspect \
         FILE.wasm` says the first of a file at hand.\n\n| connector | system | vendor API | intents |\n|---|---|---|---|\n",
    );
    let mut pages = Vec::new();
    for dir in dirs {
        let text = fs::read_to_string(dir.join("connector.toml")).expect("a manifest");
        let manifest = Manifest::parse(&text).unwrap_or_else(|e| panic!("{}: {e}", dir.display()));
        let readme = fs::read_to_string(dir.join("README.md")).expect("a README");
        let id = &manifest.id;
        let intents: Vec<_> = manifest.intents.iter().map(|intent| format!("`{intent}`")).collect();
        let _ = writeln!(
            index,
            "| [`{id}`]({id}.md) | {} | {} | {} |",
            manifest.title,
            manifest.vendor_api,
            intents.join(", ")
        );
        pages.push(page(&format!("connectors/{id}.md"), &manifest.title, &body(&manifest, &readme)));
    }
    pages.insert(0, page("connectors/README.md", "Connectors", &index));
    pages
}

fn body(manifest: &Manifest, readme: &str) -> String {
    // Its title is this page's own.
    let text = readme.split_once('\n').map_or("", |(_, text)| text);
    format!(
        "Connector `{}` {}, vendor API {}.\n\n{}\n\n## What the manifest asks for\n\n{}",
        manifest.id,
        manifest.version,
        manifest.vendor_api,
        text.trim(),
        asks(manifest)
    )
}

fn asks(manifest: &Manifest) -> String {
    let mut out = String::new();
    for (name, endpoint) in &manifest.endpoints {
        let _ = writeln!(out, "### Endpoint `{name}`\n\n`{}`\n", endpoint.base_url);
        out.push_str("| access | request |\n|---|---|\n");
        for rule in &endpoint.rules {
            let access = if rule.access == Access::Write { "write" } else { "read" };
            let request = rule.text.trim_start_matches(access).trim();
            let _ = writeln!(out, "| {access} | `{request}` |");
        }
        out.push('\n');
        if !endpoint.auth.is_empty() {
            out.push_str("| `auth` | scheme | scopes | secrets |\n|---|---|---|---|\n");
        }
        for auth in &endpoint.auth {
            let secrets: Vec<_> = auth.scheme.secrets().iter().map(|secret| format!("`{secret}`")).collect();
            let (scheme, scopes) = scheme(&auth.scheme);
            let _ = writeln!(out, "| `{}` | {scheme} | {scopes} | {} |", auth.name, secrets.join(", "));
        }
        out.push('\n');
        for window in &endpoint.rate.window {
            let _ = writeln!(
                out,
                "- Budget `{}`: {} in {} s{}.",
                window.name,
                window.limit,
                window.length_ms as f64 / 1_000.0,
                if window.only.is_empty() { "" } else { ", for some requests only" }
            );
        }
        out.push('\n');
    }
    if !manifest.secrets.is_empty() {
        out.push_str("### Secrets to create\n\n");
    }
    for secret in &manifest.secrets {
        let optional = if secret.optional { ", optional" } else { "" };
        let _ = writeln!(out, "`{}`{optional}: {}.\n", secret.name, secret.purpose.trim().trim_end_matches('.'));
        if !secret.how.trim().is_empty() {
            let _ = writeln!(out, "```text\n{}\n```\n", secret.how.trim());
        }
    }
    if !manifest.calls.is_empty() {
        let calls: Vec<_> = manifest.calls.iter().map(|intent| format!("`{intent}`")).collect();
        let _ = writeln!(out, "### Intents of other connectors\n\n{}\n", calls.join(", "));
    }
    let _ = writeln!(out, "### Settings\n\n{}", settings(manifest, &|name| !is_standard(name)));
    out.push_str("And those that [every connector has](../reference/manifest.md#settings-that-every-connector-has).\n");
    out
}

fn scheme(scheme: &Scheme) -> (String, String) {
    match scheme {
        Scheme::Header { header, .. } => (format!("header `{header}`"), String::new()),
        Scheme::Query { parameter, .. } => (format!("query parameter `{parameter}`"), String::new()),
        Scheme::Bearer { .. } => ("bearer".to_owned(), String::new()),
        Scheme::Basic { .. } => ("basic".to_owned(), String::new()),
        Scheme::OAuth2(oauth2) => {
            let grant = match &oauth2.grant {
                TokenGrant::ClientCredentials => "client credentials",
                TokenGrant::RefreshToken { .. } => "refresh token",
                TokenGrant::JwtBearer { .. } => "JWT bearer",
                TokenGrant::Saml2Bearer { .. } => "SAML 2.0 bearer",
                TokenGrant::Password { .. } => "password",
            };
            let scopes: Vec<_> = oauth2.scopes.iter().map(|scope| format!("`{scope}`")).collect();
            (format!("OAuth 2.0, {grant}"), scopes.join(" "))
        }
        Scheme::OAuth1(_) => ("OAuth 1.0a".to_owned(), String::new()),
        Scheme::None => ("none".to_owned(), String::new()),
    }
}

/// The table of the settings that no manifest has to declare.
pub(super) fn standard_settings() -> String {
    settings(&bare(), &|_| true)
}

fn bare() -> Manifest {
    Manifest::parse(BARE).expect("the smallest manifest")
}

fn is_standard(name: &str) -> bool {
    bare().settings["properties"].get(name).is_some()
}

fn settings(manifest: &Manifest, wanted: &dyn Fn(&str) -> bool) -> String {
    let mut out = String::from("| setting | type | unless written | meaning |\n|---|---|---|---|\n");
    let required = manifest.settings["required"].as_array();
    for (name, schema) in manifest.settings["properties"].as_object().into_iter().flatten().filter(|(n, _)| wanted(n)) {
        let needed = required.is_some_and(|all| all.iter().any(|n| n == name));
        let default = match schema.get("default") {
            Some(default) => format!("`{default}`"),
            None if needed => "needed".to_owned(),
            None => String::new(),
        };
        let kind = match schema["enum"].as_array() {
            Some(words) => {
                words.iter().filter_map(Value::as_str).map(|w| format!("`{w}`")).collect::<Vec<_>>().join(", ")
            }
            None => schema["type"].as_str().unwrap_or_default().to_owned(),
        };
        let about = schema["description"].as_str().unwrap_or_default().replace('|', "\\|");
        let _ = writeln!(out, "| `{name}` | {kind} | {default} | {about} |");
    }
    out
}
