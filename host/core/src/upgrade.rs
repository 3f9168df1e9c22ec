//! An older and a newer version of one connector: what the newer one asks for beyond the older one, and what it changes
//! for those who call it. What an operator reads before the file is exchanged.
//!
//! It errs on the side of asking: a rule that looks like none of the old ones is new, and an authentication or a vendor
//! budget that is another counts as more, since nobody can tell from here that it is less.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use crate::intent::{Effect, IntentSpec, covers};
use crate::manifest::{Endpoint, Manifest, SecretSpec};
use crate::package::Package;

mod schema;

pub use schema::{Change, Side, changes};

/// One version, as read from its file.
#[derive(Clone, Copy, Debug)]
pub struct Release<'r> {
    /// What the file carries.
    pub package: &'r Package,
    /// The manifest in it.
    pub manifest: &'r Manifest,
    /// Names of the component's imports.
    pub imports: &'r [String],
}

/// What differs between two versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Upgrade {
    /// The older one.
    pub from: Version,
    /// The newer one.
    pub to: Version,
    /// What the newer one asks for beyond the older one.
    pub asks: Vec<Ask>,
    /// What it does not ask for any more.
    pub drops: Vec<Ask>,
    /// Intents that are there on one side only, or others.
    pub intents: Vec<IntentChange>,
    /// Settings, as the operator writes them.
    pub settings: Vec<Change>,
}

/// Which version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Version {
    /// The connector's id.
    pub id: String,
    /// The connector's version.
    pub version: String,
    /// The contract that it was built for.
    pub contract: String,
}

/// Something that an operator grants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ask {
    /// What kind of thing it is.
    pub kind: AskKind,
    /// Where in `connector.toml`, such as `endpoint.api`.
    pub place: String,
    /// What, as a sentence without subject.
    pub text: String,
}

/// The kinds of things that are granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AskKind {
    /// A whole endpoint.
    Endpoint,
    /// Another host behind an endpoint.
    BaseUrl,
    /// Method and path.
    Rule,
    /// How the host authenticates, scopes included.
    Auth,
    /// A place for a secret in a guest's own request, or other parts of an endpoint.
    EndpointPart,
    /// A secret.
    Secret,
    /// Intents of other connectors.
    Calls,
    /// The vendor's budget.
    Limits,
    /// An intent that changes more than it did.
    Effect,
    /// An interface of the contract.
    Import,
}

/// An intent that is not the same on both sides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IntentChange {
    /// Its name.
    pub intent: String,
    /// What became of it.
    pub what: What,
    /// Its effect in the newer version, in the older one where it is gone.
    pub effect: Effect,
    /// What is another in its schemas.
    pub changes: Vec<Change>,
    /// Whether those who call it are let down.
    pub breaks: bool,
}

/// What became of an intent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// Another effect, other schemas, other words.
    Changed,
}

impl Upgrade {
    /// Compares two versions.
    pub fn between(old: Release<'_>, new: Release<'_>) -> Upgrade {
        let asks = asked(old, new);
        // What is merely another was told as asked for.
        let is_gone = |ask: &Ask| match ask.kind {
            AskKind::Endpoint | AskKind::Rule | AskKind::Calls | AskKind::Import => true,
            AskKind::Secret => !new.manifest.secrets.iter().any(|known| ask.place == format!("secret.{}", known.name)),
            _ => false,
        };
        let drops = asked(new, old).into_iter().filter(is_gone).collect();
        Upgrade {
            from: Version::of(old),
            to: Version::of(new),
            asks,
            drops,
            intents: intents(&old.package.intents, &new.package.intents),
            settings: changes(Side::Input, &old.manifest.settings, &new.manifest.settings),
        }
    }

    /// Whether an operator has to grant something.
    pub fn asks_for_more(&self) -> bool {
        !self.asks.is_empty()
    }

    /// Whether a caller or a configuration that fits the older version may not fit the newer one.
    pub fn breaks(&self) -> bool {
        self.from.id != self.to.id
            || self.intents.iter().any(|intent| intent.breaks)
            || self.settings.iter().any(|change| change.breaks)
    }
}

impl Version {
    fn of(release: Release<'_>) -> Version {
        Version {
            id: release.manifest.id.clone(),
            version: release.manifest.version.clone(),
            contract: release.package.contract.clone(),
        }
    }
}

/// What `new` asks for beyond `old`.
fn asked(old: Release<'_>, new: Release<'_>) -> Vec<Ask> {
    let mut asks = Vec::new();
    let mut ask = |kind, place: &str, text: String| asks.push(Ask { kind, place: place.to_owned(), text });
    let (was, now) = (written(old.package), written(new.package));
    for (name, endpoint) in &new.manifest.endpoints {
        let place = format!("endpoint.{name}");
        let pointer = format!("/endpoint/{name}");
        match old.manifest.endpoints.get(name) {
            None => {
                ask(AskKind::Endpoint, &place, format!("reaches {}", endpoint.base_url));
                for rule in &endpoint.rules {
                    ask(AskKind::Rule, &place, format!("sends `{}`", rule.text));
                }
            }
            Some(before) => {
                rules(&place, before, endpoint, &mut ask);
                parts(&place, was.pointer(&pointer), now.pointer(&pointer), &mut ask);
            }
        }
    }
    for secret in &new.manifest.secrets {
        let place = format!("secret.{}", secret.name);
        let before = old.manifest.secrets.iter().find(|known| known.name == secret.name);
        for text in secret_asks(before, secret) {
            ask(AskKind::Secret, &place, text);
        }
    }
    // A pattern that an older one covers asks for nothing new.
    let covered = |pattern: &str| {
        old.manifest.calls.iter().any(|known| known == pattern || covers(known, pattern.trim_end_matches('*')))
    };
    for pattern in new.manifest.calls.iter().filter(|pattern| !covered(pattern)) {
        ask(AskKind::Calls, "calls", format!("asks other connectors for `{pattern}`"));
    }
    for intent in &new.package.intents {
        let before = old.package.intents.iter().find(|known| known.name == intent.name);
        if before.is_some_and(|before| before.effect.is_read()) && !intent.effect.is_read() {
            let text = format!("`{}` changes the system now ({})", intent.name, effect(intent.effect));
            ask(AskKind::Effect, "intents", text);
        }
    }
    // A later contract has the same interfaces under later names.
    let bare = |import: &str| import.split('@').next().unwrap_or_default().to_owned();
    let known: BTreeSet<String> = old.imports.iter().map(|import| bare(import)).collect();
    for import in new.imports.iter().filter(|import| !known.contains(&bare(import))) {
        ask(AskKind::Import, "imports", format!("uses `{import}`"));
    }
    asks
}

/// Methods and paths that no older rule covers.
fn rules(place: &str, old: &Endpoint, new: &Endpoint, ask: &mut impl FnMut(AskKind, &str, String)) {
    for rule in &new.rules {
        if !old.rules.iter().any(|known| known.covers(rule)) {
            ask(AskKind::Rule, place, format!("sends `{}`", rule.text));
        }
    }
}

/// Whatever else an endpoint has, as it is written.
fn parts(place: &str, old: Option<&Value>, new: Option<&Value>, ask: &mut impl FnMut(AskKind, &str, String)) {
    let names = |side: Option<&Value>| side.and_then(Value::as_object).map(|map| map.keys().cloned().collect());
    let all: BTreeSet<String> =
        [names(old), names(new)].into_iter().flatten().flat_map(|names: Vec<_>| names).collect();
    for name in all.iter().filter(|name| *name != "allow") {
        let kind = match name.as_str() {
            "base_url" => AskKind::BaseUrl,
            "auth" => AskKind::Auth,
            "rate" => AskKind::Limits,
            _ => AskKind::EndpointPart,
        };
        let side = |side: Option<&Value>| side.and_then(|side| side.get(name)).cloned().unwrap_or_default();
        let mut found = Vec::new();
        differences(name, &side(old), &side(new), &mut found);
        for text in found {
            ask(kind, place, text);
        }
    }
}

fn secret_asks(old: Option<&SecretSpec>, new: &SecretSpec) -> Vec<String> {
    let Some(old) = old else {
        let optional = if new.optional { ", optional" } else { "" };
        return vec![format!("needs the secret `{}`{optional}: {}", new.name, new.purpose)];
    };
    let mut asks = Vec::new();
    if old.optional && !new.optional {
        asks.push(format!("needs the secret `{}`, which was optional", new.name));
    }
    if !old.hmac && new.hmac {
        asks.push(format!("signs with the secret `{}` (`hmac`)", new.name));
    }
    asks
}

/// The manifest as it is written, for what is compared without knowing its meaning. It was parsed before.
fn written(package: &Package) -> Value {
    let table: Option<toml::Table> = toml::from_str(&package.manifest).ok();
    table.and_then(|table| serde_json::to_value(table).ok()).unwrap_or_default()
}

/// Bound of the differences that are told of one part of an endpoint.
const DIFFERENCES_MAX: usize = 20;

/// Where two written values differ, one line for each place.
fn differences(place: &str, old: &Value, new: &Value, found: &mut Vec<String>) {
    if old == new || found.len() >= DIFFERENCES_MAX {
        return;
    }
    match (old, new) {
        (Value::Object(was), Value::Object(now)) => {
            let names: BTreeSet<&String> = was.keys().chain(now.keys()).collect();
            for name in names {
                let side = |map: &serde_json::Map<String, Value>| map.get(name).cloned().unwrap_or_default();
                differences(&format!("{place}.{name}"), &side(was), &side(now), found);
            }
        }
        // Lists of words, such as scopes: their order says nothing.
        (Value::Array(was), Value::Array(now)) if was.iter().chain(now).all(|one| !one.is_object()) => {
            let lacking = |all: &[Value], one: &Value| !all.contains(one);
            found.extend(now.iter().filter(|one| lacking(was, one)).map(|one| format!("`{place}` adds {one}")));
            found.extend(was.iter().filter(|one| lacking(now, one)).map(|one| format!("`{place}` drops {one}")));
        }
        (Value::Array(was), Value::Array(now)) => {
            for at in 0..was.len().max(now.len()) {
                let side = |all: &[Value]| all.get(at).cloned().unwrap_or_default();
                differences(&format!("{place}[{at}]"), &side(was), &side(now), found);
            }
        }
        (Value::Null, now) => found.push(format!("`{place}` is {now}")),
        (was, Value::Null) => found.push(format!("`{place}` is gone, it was {was}")),
        (was, now) => found.push(format!("`{place}` is {now} instead of {was}")),
    }
}

fn intents(old: &[IntentSpec], new: &[IntentSpec]) -> Vec<IntentChange> {
    let mut all = Vec::new();
    for intent in new {
        let Some(before) = old.iter().find(|known| known.name == intent.name) else {
            all.push(intent_change(intent, What::Added, Vec::new(), false));
            continue;
        };
        let mut found = changes(Side::Input, &before.input_schema, &intent.input_schema);
        found.extend(changes(Side::Output, &before.output_schema, &intent.output_schema));
        let breaks = before.effect != intent.effect || found.iter().any(|change| change.breaks);
        let words = |spec: &IntentSpec| (spec.title.clone(), spec.description.clone(), spec.template.clone());
        if breaks || !found.is_empty() || words(before) != words(intent) {
            all.push(intent_change(intent, What::Changed, found, breaks));
        }
    }
    for gone in old.iter().filter(|known| !new.iter().any(|intent| intent.name == known.name)) {
        all.push(intent_change(gone, What::Removed, Vec::new(), true));
    }
    all
}

fn intent_change(intent: &IntentSpec, what: What, changes: Vec<Change>, breaks: bool) -> IntentChange {
    IntentChange { intent: intent.name.clone(), what, effect: intent.effect, changes, breaks }
}

fn effect(effect: Effect) -> String {
    format!("{effect:?}").to_lowercase()
}

#[cfg(test)]
mod tests;
