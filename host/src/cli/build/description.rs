//! What a connector says about itself, completed: each intent of the manifest with effect, words and schemas, the
//! catalogue's or its own. A schema or template that no host could use is refused here, with its file and line.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use jackfield_core::intent::{Effect, IntentSpec};
use jackfield_core::manifest::Manifest;
use jackfield_render::Renderer;
use serde::Deserialize;
use serde_json::Value;

use super::annotations::wrong_annotation;
use super::source::schema_error;

/// What `describe` returns.
#[derive(Debug, Deserialize)]
pub(super) struct Description {
    /// The contract that it was built for.
    pub(super) contract: String,
    /// In the order of its functions.
    pub(super) intents: Vec<Described>,
}

/// One intent, as far as the connector tells.
#[derive(Debug, Deserialize)]
pub(super) struct Described {
    pub(super) name: String,
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
    pub(super) settles: bool,
    /// A model of the catalogue instead of a schema of its own.
    #[serde(default)]
    output_model: Option<String>,
    #[serde(default)]
    template: Option<String>,
}

/// The manifest's intents in its order, each with schemas: the catalogue's, or the connector's own.
///
/// # Errors
/// Where manifest and connector tell different stories: with the manifest's line, and what to do.
pub(super) fn complete(dir: &Path, manifest: &Manifest, described: Vec<Described>) -> anyhow::Result<Vec<IntentSpec>> {
    let mut described: BTreeMap<String, Described> = described.into_iter().map(|d| (d.name.clone(), d)).collect();
    let mut intents = Vec::with_capacity(manifest.intents.len());
    for name in &manifest.intents {
        let wrong = |message: &str, help: &str| wrong(dir, name, message, help);
        let own = described.remove(name).ok_or_else(|| {
            wrong(
                &format!("`{name}` is listed, but no function of the connector answers it"),
                "add a function with `#[intent]` for it, or take it out of `intents`",
            )
        })?;
        if let Some(known) = jackfield_catalog::definition(name) {
            if own.effect.is_some_and(|effect| effect != known.effect) {
                let message = format!("`{name}` has another effect in the connector than in the catalogue");
                return Err(wrong(&message, "leave the effect of an intent of the catalogue to the catalogue"));
            }
            intents.push(IntentSpec::from(known));
            continue;
        }
        let prefix = format!("{}.", manifest.id.replace('-', "_"));
        if !name.starts_with(&prefix) {
            let message = format!("`{name}` is not in the catalogue");
            return Err(wrong(&message, &format!("a connector's own intents begin with its id: `{prefix}`")));
        }
        intents.push(own_intent(name, own).map_err(|missing| {
            wrong(&format!("`{name}` is the connector's own intent, and {missing}"), "give it in `#[intent(..)]`")
        })?);
        if let Some(spec) = intents.last() {
            check_schemas(dir, spec)?;
            check_words(dir, spec)?;
        }
    }
    if let Some(extra) = described.keys().next() {
        let message = format!("the connector answers `{extra}`, which is not listed");
        return Err(wrong(dir, "", &message, &format!("add `\"{extra}\"` to `intents`, or take the function out")));
    }
    Ok(intents)
}

/// An intent that is not the catalogue's, with a model of the catalogue where it answers with one.
fn own_intent(name: &str, own: Described) -> Result<IntentSpec, String> {
    let missing = |what: &str| format!("has no `{what}`");
    let model = match own.output_model.as_deref() {
        None => None,
        Some(model) => {
            let known = jackfield_catalog::definitions().iter().find(|known| known.output_model == model);
            let lacks = || {
                format!("answers with `{model}`, which no intent of the catalogue does: it needs an `output_schema`")
            };
            Some(known.ok_or_else(lacks)?)
        }
    };
    let output_schema = own.output_schema.or_else(|| model.map(|model| model.output_schema.clone()));
    Ok(IntentSpec {
        effect: own.effect.ok_or_else(|| missing("effect"))?,
        title: own.title.unwrap_or_else(|| name.to_owned()),
        description: own.description.ok_or_else(|| missing("description"))?,
        input_schema: own.input_schema.ok_or_else(|| missing("input_schema"))?,
        template: own.template.or_else(|| model.map(|model| model.template.to_owned())),
        output_schema: output_schema.ok_or_else(|| missing("output_schema"))?,
        name: own.name,
    })
}

/// A schema that stands in the code instead of a file of its own was not judged before the connector was compiled.
fn check_schemas(dir: &Path, spec: &IntentSpec) -> anyhow::Result<()> {
    for (which, schema) in [("input_schema", &spec.input_schema), ("output_schema", &spec.output_schema)] {
        if let Some((pointer, error)) = schema_error(schema) {
            let at = if pointer.is_empty() { String::new() } else { format!(" at `{pointer}`") };
            let message = format!("the `{which}` of `{}` is no JSON Schema{at}: {error}", spec.name);
            let help = "keep it in a file below `schemas/`: what is wrong there is shown with its line";
            return Err(wrong(dir, &spec.name, &message, help));
        }
        if let Some((pointer, error, help)) = wrong_annotation(schema) {
            let message = format!("the `{which}` of `{}` is wrong at `{pointer}`: {error}", spec.name);
            return Err(wrong(dir, &spec.name, &message, &help));
        }
    }
    Ok(())
}

/// A template that fails in use costs the user the words, so it is found before anybody is one.
fn check_words(dir: &Path, spec: &IntentSpec) -> anyhow::Result<()> {
    let Some(text) = &spec.template else { return Ok(()) };
    let mut renderer = Renderer::new([])?;
    renderer.add_own(&spec.name, &spec.output_schema, text).map_err(|error| {
        let line = error.line.map(|line| format!(" in line {line}")).unwrap_or_default();
        let message = format!("the `template` of `{}` is wrong{line}: {}", spec.name, error.cause);
        wrong(
            dir,
            &spec.name,
            &message,
            "mend it in `#[intent(..)]`: it is minijinja, with filters such as `date`, `money`, `list` and `code`",
        )
    })
}

/// An error with the line on which the manifest lists an intent, or begins its list.
fn wrong(dir: &Path, intent: &str, message: &str, help: &str) -> anyhow::Error {
    let path = dir.join("connector.toml");
    let text = fs::read_to_string(&path).unwrap_or_default();
    let quoted = format!("\"{intent}\"");
    let line = |mark: &str| text.lines().position(|line| line.contains(mark)).map(|at| at + 1);
    let line = line(&quoted).or_else(|| line("intents")).unwrap_or(1);
    anyhow::anyhow!("{}:{line}: {message}\nhelp: {help}", path.display())
}

#[cfg(test)]
mod tests;
