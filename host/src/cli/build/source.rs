//! What stands in a connector's folder, as far as it can be judged before anything is compiled; and later errors in terms
//! of its files: which one, which line, what to do.

use std::fs;
use std::ops::Range;
use std::path::Path;

use jackfield_core::manifest::Manifest;
use jackfield_core::package::{CONTRACT, PackageError};
use jackfield_fixtures::line_of;
use jackfield_sandbox::LoadError;
use serde_json::Value;

use crate::config::{Complaints, Source};

/// What a connector is and asks for.
const MANIFEST: &str = "connector.toml";
/// Where a connector keeps the schemas of its own intents.
const SCHEMAS: &str = "schemas";

/// The manifest of a folder, and its text.
///
/// # Errors
/// What is wrong with it, with the line.
pub(in crate::cli) fn manifest(dir: &Path) -> Result<(String, Manifest), Complaints> {
    let path = dir.join(MANIFEST);
    let text = fs::read_to_string(&path).map_err(|error| {
        let hint = "give the folder of a connector; `jackfield new NAME` begins one";
        Complaints::file(&path, format!("the manifest cannot be read: {error}"), hint)
    })?;
    match Manifest::parse(&text) {
        Ok(manifest) => Ok((text, manifest)),
        Err(error) => {
            let mut complaints = Complaints::new(Source { path, text });
            complaints.push(error.span, error.message, error.hint.unwrap_or_default());
            Err(complaints)
        }
    }
}

/// Everything that is wrong with a folder and that no compiler is needed for.
///
/// # Errors
/// The first file that is wrong.
pub(super) fn check(dir: &Path) -> Result<(), Complaints> {
    manifest(dir)?;
    let Ok(entries) = fs::read_dir(dir.join(SCHEMAS)) else { return Ok(()) };
    let mut files: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    for path in files.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "json")) {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        if let Err((span, message, hint)) = check_schema(&text) {
            let mut complaints = Complaints::new(Source { path, text });
            complaints.push(Some(span), message, hint);
            return Err(complaints);
        }
    }
    Ok(())
}

fn check_schema(text: &str) -> Result<(), (Range<usize>, String, &'static str)> {
    let schema: Value = serde_json::from_str(text).map_err(|error| {
        // The line is shown beside it.
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or_default();
        (line(text, error.line()), format!("this is no JSON: {message}"), "a schema is a JSON Schema 2020-12")
    })?;
    schema_error(&schema).map_or(Ok(()), |(pointer, message)| {
        let at = line(text, line_of(text, &pointer));
        let hint = if pointer.ends_with("/type") {
            "a type is `null`, `boolean`, `object`, `array`, `number`, `string` or `integer`, or a list of them"
        } else {
            "see https://json-schema.org/understanding-json-schema"
        };
        Err((at, format!("this is no JSON Schema: {message}"), hint))
    })
}

/// What keeps a host from using a schema: a JSON Pointer into it, and a sentence.
pub(super) fn schema_error(schema: &Value) -> Option<(String, String)> {
    let error = |error: jsonschema::ValidationError<'_>| (error.instance_path().as_str().to_owned(), error.to_string());
    match jsonschema::draft202012::meta::validate(schema) {
        Err(found) => Some(error(found)),
        // What the meta-schema cannot say: references that lead nowhere, patterns that do not compile.
        Ok(()) => jsonschema::draft202012::options().should_validate_formats(true).build(schema).err().map(error),
    }
}

/// The text of a 1-based line, without its indent.
fn line(text: &str, number: usize) -> Range<usize> {
    let begin = text.split_inclusive('\n').take(number.saturating_sub(1)).map(str::len).sum::<usize>();
    let line = text[begin..].lines().next().unwrap_or_default();
    begin + (line.len() - line.trim_start().len())..begin + line.len()
}

/// An error of the sandbox about a connector of this folder. `what` is the file, or what was being done.
pub(in crate::cli) fn explain(dir: &Path, what: &str, error: impl Into<Refused>) -> anyhow::Error {
    let Refused { text, is_stale } = error.into();
    if is_stale {
        anyhow::Error::msg(stale(dir, &format!("{what}: {text}")))
    } else {
        anyhow::anyhow!("{what}: {text}")
    }
}

/// Why the sandbox did not take a connector.
pub(in crate::cli) struct Refused {
    text: String,
    is_stale: bool,
}

impl From<LoadError> for Refused {
    fn from(error: LoadError) -> Refused {
        let is_stale = matches!(error, LoadError::Contract { .. } | LoadError::Package(PackageError::Contract { .. }));
        Refused { text: error.to_string(), is_stale }
    }
}

impl From<jackfield_sandbox::DescribeError> for Refused {
    fn from(error: jackfield_sandbox::DescribeError) -> Refused {
        match error {
            jackfield_sandbox::DescribeError::Load(error) => error.into(),
            other => Refused { text: other.to_string(), is_stale: false },
        }
    }
}

/// A connector of another contract: where its version stands, and what to write there.
pub(super) fn stale(dir: &Path, what: &str) -> String {
    const SDK: &str = "jackfield-sdk";
    let path = dir.join("Cargo.toml");
    let text = fs::read_to_string(&path).unwrap_or_default();
    let number = text.lines().position(|line| line.trim_start().starts_with(SDK)).map(|at| at + 1);
    let version = env!("CARGO_PKG_VERSION");
    let remedy = match number {
        Some(number) => format!(
            "{}:{number}: take `{SDK}` {version}, which speaks contract {CONTRACT}, and run `jackfield build`",
            path.display()
        ),
        None => format!("build it against the WIT package of contract {CONTRACT}, or take a newer `jackfield`"),
    };
    format!("{what}\nhelp: {remedy}")
}
