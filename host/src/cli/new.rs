//! `jackfield new NAME`: writes the folder of a new connector, which builds, tests and answers at once. The files are
//! those of `sdk/template`; only names are put in.

use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::Context as _;
use clap::ValueEnum;
use include_dir::{Dir, DirEntry, include_dir};
use jackfield_core::manifest::is_dashed_name;

use super::say;
use crate::exit::Exit;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The connector's id: lower-case words joined by `-`, such as `acme-desk`.
    name: String,
    /// What the first intent is about.
    #[arg(long, value_enum, default_value_t = Domain::Commerce)]
    domain: Domain,
    /// The SDK's folder, where it is not to come from crates.io.
    #[arg(long, value_name = "PATH")]
    sdk: Option<PathBuf>,
    /// The folder to make; the name by default.
    #[arg(long)]
    dir: Option<PathBuf>,
}

/// A part of the catalogue, with the intent that stands for it in the template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Domain {
    Commerce,
    Crm,
    Helpdesk,
    Hr,
    It,
    Finance,
    Erp,
}

impl Domain {
    fn folder(self) -> &'static str {
        match self {
            Domain::Commerce => "commerce",
            Domain::Crm => "crm",
            Domain::Helpdesk => "helpdesk",
            Domain::Hr => "hr",
            Domain::It => "it",
            Domain::Finance => "finance",
            Domain::Erp => "erp",
        }
    }

    fn intent(self) -> &'static str {
        match self {
            Domain::Commerce => "order.status",
            Domain::Crm => "customer.lookup",
            Domain::Helpdesk => "ticket.status",
            Domain::Hr => "pto.balance",
            Domain::It => "it_request.status",
            Domain::Finance => "invoice.status",
            Domain::Erp => "stock.check",
        }
    }
}

/// `base` for every domain, and one folder for each.
static TEMPLATE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../sdk/template");

/// Words that no crate can be called, or whose type would hide one of Rust's or the SDK's.
const RESERVED: [&str; 24] = [
    "alloc",
    "as",
    "async",
    "await",
    "call",
    "connector",
    "const",
    "core",
    "crate",
    "dyn",
    "failure",
    "fn",
    "intent",
    "mod",
    "option",
    "order-owner",
    "result",
    "self",
    "static",
    "std",
    "string",
    "test",
    "type",
    "use",
];

pub(super) fn run(args: Args) -> anyhow::Result<Exit> {
    if let Err(why) = check_name(&args.name) {
        eprintln!("error: {why}");
        return Ok(Exit::Usage);
    }
    let sdk = match sdk_dependency(args.sdk.as_deref()) {
        Ok(sdk) => sdk,
        Err(error) => {
            eprintln!("error: {error:#}");
            return Ok(Exit::Usage);
        }
    };
    let dir = args.dir.unwrap_or_else(|| PathBuf::from(&args.name));
    if let Some(parent) = dir.parent() {
        fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
    }
    // Fails where something is already: nothing is ever overwritten.
    if let Err(error) = fs::create_dir(&dir) {
        eprintln!("error: cannot make {}: {error}\nhelp: choose another `--dir`", dir.display());
        return Ok(Exit::Failed);
    }
    let words = Words { name: &args.name, intent: args.domain.intent(), sdk };
    for folder in ["base", args.domain.folder()] {
        let folder = TEMPLATE.get_dir(folder).context("the template lacks a folder")?;
        write(folder, folder.path(), &dir, &words)?;
    }
    let workspace = outer_workspace(&dir)?;
    if let Some(Workspace { manifest, member: None }) = &workspace {
        // Cargo refuses a package below a workspace that does not know it.
        let own = dir.join("Cargo.toml");
        let text = fs::read_to_string(&own)?;
        fs::write(
            &own,
            format!("{text}\n# A workspace of its own, inside of that of {}.\n[workspace]\n", shown(manifest)),
        )?;
    }
    report(&args.name, &dir, args.domain, workspace.as_ref())
}

fn report(name: &str, dir: &Path, domain: Domain, workspace: Option<&Workspace>) -> anyhow::Result<Exit> {
    eprintln!("made {} with the intent `{}`", dir.display(), domain.intent());
    match workspace {
        Some(Workspace { manifest, member: Some(member) }) => {
            eprintln!("it is a member of the workspace {}, by `{member}`", shown(manifest));
        }
        Some(Workspace { manifest, member: None }) => eprintln!(
            "it is a workspace of its own: to join that of {}, add its folder to `members` there and drop `[workspace]` from its Cargo.toml",
            shown(manifest)
        ),
        None => {}
    }
    say(format!("cd {}\ncargo test\njackfield test\n", dir.display()))?;
    eprintln!("then put the system of `{name}` into connector.toml and src/wire.rs: README.md says how");
    Ok(Exit::Ok)
}

/// What is put into the template's files.
struct Words<'a> {
    name: &'a str,
    intent: &'a str,
    sdk: String,
}

impl Words<'_> {
    /// The template is a connector called `acme-desk`: its files are real, and a name is all that differs.
    fn fill(&self, text: &str) -> String {
        let capital = |word: &str| {
            let mut chars = word.chars();
            chars.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(chars).collect::<String>()
        };
        let words: Vec<String> = self.name.split('-').map(capital).collect();
        text.replace("acme-desk", self.name)
            .replace("acme_desk", &self.name.replace('-', "_"))
            .replace("AcmeDesk", &words.concat())
            .replace("Acme Desk", &words.join(" "))
            .replace("`INTENT`", &format!("`{}`", self.intent))
            .replace("jackfield-sdk = \"SDK\"", &format!("jackfield-sdk = {}", self.sdk))
    }
}

fn write(folder: &Dir<'_>, root: &Path, dir: &Path, words: &Words<'_>) -> anyhow::Result<()> {
    for entry in folder.entries() {
        match entry {
            DirEntry::Dir(folder) => write(folder, root, dir, words)?,
            DirEntry::File(file) => {
                let path = dir.join(file.path().strip_prefix(root)?);
                let text = file.contents_utf8().with_context(|| format!("{} is no text", file.path().display()))?;
                if let Some(parent) = path.parent() {
                    fs::create_dir_all(parent)?;
                }
                fs::write(&path, words.fill(text)).with_context(|| format!("cannot write {}", path.display()))?;
            }
        }
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), String> {
    let tidy = !name.ends_with('-') && !name.contains("--");
    let model = |known: &str| known.to_lowercase() == name.replace('-', "");
    let taken = RESERVED.contains(&name) || jackfield_catalog::definitions().iter().any(|d| model(d.output_model));
    if !is_dashed_name(name) || !tidy {
        Err(format!("`{name}` is not a connector id: lower-case words joined by `-`, such as `acme-desk`"))
    } else if taken {
        Err(format!("`{name}` means something else in a connector's code: choose a name such as `{name}-desk`"))
    } else {
        Ok(())
    }
}

/// The value behind `jackfield-sdk =`.
fn sdk_dependency(path: Option<&Path>) -> anyhow::Result<String> {
    let Some(path) = path else { return Ok(format!("\"{}\"", env!("CARGO_PKG_VERSION"))) };
    let path = path.canonicalize().with_context(|| format!("`--sdk {}`", path.display()))?;
    let manifest = path.join("Cargo.toml");
    let text = fs::read_to_string(&manifest).with_context(|| format!("cannot read {}", manifest.display()))?;
    let table: toml::Table = toml::from_str(&text)?;
    let name = table.get("package").and_then(|package| package.get("name")).and_then(toml::Value::as_str);
    anyhow::ensure!(name == Some("jackfield-sdk"), "{} is not the crate `jackfield-sdk`", path.display());
    // As TOML writes it: a path may hold a quote.
    let path = toml::Value::String(path.to_str().context("the path of the SDK is not UTF-8")?.to_owned());
    Ok(format!("{{ path = {path} }}"))
}

/// A cargo workspace around a new folder.
struct Workspace {
    manifest: PathBuf,
    /// The pattern in `members` that takes the folder in.
    member: Option<String>,
}

/// The nearest workspace above a folder.
fn outer_workspace(dir: &Path) -> anyhow::Result<Option<Workspace>> {
    let dir = dir.canonicalize()?;
    for above in dir.ancestors().skip(1) {
        let manifest = above.join("Cargo.toml");
        let Ok(text) = fs::read_to_string(&manifest) else { continue };
        let Ok(table) = toml::from_str::<toml::Table>(&text) else { continue };
        let Some(workspace) = table.get("workspace") else { continue };
        let relative = dir.strip_prefix(above)?;
        let covers = |key: &str| {
            let patterns = workspace.get(key).and_then(toml::Value::as_array).into_iter().flatten();
            patterns.filter_map(toml::Value::as_str).find(|pattern| is_covered(pattern, relative)).map(str::to_owned)
        };
        let member = covers("members").filter(|_| covers("exclude").is_none());
        return Ok(Some(Workspace { manifest, member }));
    }
    Ok(None)
}

/// Whether a pattern of `members` is this path: segment by segment, `*` for any text within one.
fn is_covered(pattern: &str, path: &Path) -> bool {
    let names = |path: &Path| -> Vec<String> {
        let normal = path.components().filter(|part| matches!(part, Component::Normal(_)));
        normal.map(|part| part.as_os_str().to_string_lossy().into_owned()).collect()
    };
    let (pattern, path) = (names(Path::new(pattern)), names(path));
    pattern.len() == path.len() && pattern.iter().zip(&path).all(|(pattern, name)| matches(pattern, name))
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((before, after)) => name.strip_prefix(before).is_some_and(|rest| {
            let mut ends = (0..=rest.len()).filter(|at| rest.is_char_boundary(*at));
            ends.any(|at| matches(after, &rest[at..]))
        }),
    }
}

fn shown(manifest: &Path) -> std::path::Display<'_> {
    manifest.display()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_that_a_crate_a_type_and_a_connector_can_have() {
        for good in ["acme-desk", "s4-hana", "shop24"] {
            assert_eq!(check_name(good), Ok(()), "{good}");
        }
        for bad in
            ["Acme", "acme_desk", "acme--desk", "acme-", "-acme", "4u", "", "../acme", "type", "order", "contact"]
        {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn members_are_matched_as_cargo_does() {
        assert!(is_covered("plugins/*", Path::new("plugins/acme")));
        assert!(is_covered("./plugins/acme", Path::new("plugins/acme")));
        assert!(!is_covered("plugins/*", Path::new("plugins/acme/deeper")));
        assert!(is_covered("plugins/a*m*", Path::new("plugins/acme")));
        assert!(!is_covered("plugins/shop*", Path::new("plugins/acme")));
    }
}
