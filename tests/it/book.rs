//! The book in `docs/`: its reference is what the code says, every page can be reached, every link leads somewhere, and
//! what it tells people to type was typed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use jackfield::config::{Config, Source};
use jackfield_tests::{Demo, reference, root};
use serde_json::Value;

/// Where the examples say that the host is.
const HOST: &str = "http://127.0.0.1:8080";

/// Stands in an example for what differs each time.
const ANYTHING: &str = "…";

/// Every page of the book, by its path below `docs`. The tutorial's folder holds code.
fn pages() -> BTreeMap<PathBuf, String> {
    let docs = root().join("docs");
    let mut found = BTreeMap::new();
    let mut folders = vec![docs.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "md") {
                let text = fs::read_to_string(&path).unwrap();
                found.insert(path.strip_prefix(&docs).unwrap().to_owned(), text);
            }
        }
    }
    found
}

/// A fenced block: the line before it, what stands behind the fence's ticks, and its text.
struct Block {
    before: String,
    info: String,
    text: String,
}

fn blocks(page: &str) -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    let (mut before, mut open) = ("", false);
    for line in page.lines() {
        if let Some(info) = line.strip_prefix("```") {
            if !open {
                found.push(Block { before: before.to_owned(), info: info.to_owned(), text: String::new() });
            }
            open = !open;
        } else if open {
            let text = &mut found.last_mut().unwrap().text;
            text.push_str(line);
            text.push('\n');
        } else if !line.trim().is_empty() {
            before = line;
        }
    }
    found
}

/// The page without code: no fenced block, no code span.
fn prose(page: &str) -> String {
    let mut out = String::new();
    let mut fenced = false;
    for line in page.lines() {
        if line.starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            out.extend(line.split('`').step_by(2));
            out.push('\n');
        }
    }
    out
}

fn links(page: &str) -> Vec<String> {
    let prose = prose(page);
    prose.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0.to_owned())).collect()
}

/// What a heading is called in a link to it.
fn anchors(page: &str) -> BTreeSet<String> {
    let mut fenced = false;
    let headings = page.lines().filter(|line| {
        fenced ^= line.starts_with("```");
        !fenced && line.starts_with('#')
    });
    let slug = |heading: &str| -> String {
        let text = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
        text.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect()
    };
    headings.map(slug).collect()
}

#[test]
fn the_reference_is_what_the_code_says() {
    let docs = root().join("docs");
    let made = reference::pages(&root());
    for (path, text) in &made {
        let file = docs.join(path);
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, text).unwrap();
        }
        let found = fs::read_to_string(&file).unwrap_or_default();
        assert!(found == *text, "docs/{} is not what the code says: run with UPDATE_GOLDEN=1", path.display());
    }
    let made: BTreeSet<_> = made.into_iter().map(|(path, _)| path).collect();
    for path in pages().into_keys().filter(|path| path.starts_with("reference") || path.starts_with("connectors")) {
        assert!(made.contains(&path), "docs/{} is made by nothing any more", path.display());
    }
}

#[test]
fn every_page_stands_in_the_summary_once() {
    let pages = pages();
    let listed = links(&pages[Path::new("SUMMARY.md")]);
    for path in pages.keys().filter(|path| *path != Path::new("SUMMARY.md")) {
        let count = listed.iter().filter(|link| Path::new(link) == path).count();
        assert_eq!(count, 1, "docs/{} in docs/SUMMARY.md", path.display());
    }
}

#[test]
fn every_link_leads_somewhere() {
    let root = root();
    let book = pages().into_iter().map(|(path, text)| (Path::new("docs").join(path), text));
    let others = ["README.md", "ARCHITECTURE.md", "plugins/README.md", "sdk/README.md", "wit/README.md"]
        .map(|file| (PathBuf::from(file), fs::read_to_string(root.join(file)).unwrap()));
    let mut seen = 0;
    for (path, text) in book.chain(others) {
        for link in links(&text).iter().filter(|link| !link.starts_with("http")) {
            seen += 1;
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => root.join(&path),
                file => root.join(path.parent().unwrap()).join(file),
            };
            let of = format!("{}: {link}", path.display());
            let target = target.canonicalize().unwrap_or_else(|e| panic!("{of}: {e}"));
            // What is not in the book cannot be reached where only the book is read.
            let inside = target.starts_with(root.join("docs").canonicalize().unwrap());
            assert!(inside || !path.starts_with("docs"), "{of} leaves the book");
            if !anchor.is_empty() {
                let there = anchors(&fs::read_to_string(&target).unwrap());
                assert!(there.contains(anchor), "{of}: there is {there:?}");
            }
        }
    }
    assert!(seen > 50, "the links are gone");
}

/// Whoever types what the tutorial shows has the very files that `make template` compiles and tests.
#[test]
fn the_tutorial_shows_every_line_of_its_files() {
    let text = fs::read_to_string(root().join("docs/tutorial.md")).unwrap();
    let mut shown: BTreeMap<String, String> = BTreeMap::new();
    for block in blocks(&text) {
        let Some(name) = block.before.strip_prefix("<!-- ").and_then(|rest| rest.strip_suffix(" -->")) else {
            continue;
        };
        let file = shown.entry(name.to_owned()).or_default();
        // Parts of one file are shown in their order, and there is a blank line between them.
        if !file.is_empty() {
            file.push('\n');
        }
        file.push_str(&block.text);
    }
    let folder = root().join("docs/tutorial");
    let mut folders = vec![folder.clone()];
    let mut seen = 0;
    while let Some(dir) = folders.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            seen += 1;
            let name = path.strip_prefix(&folder).unwrap().to_string_lossy().into_owned();
            let file = fs::read_to_string(&path).unwrap();
            let shown = shown.remove(&name).unwrap_or_else(|| panic!("docs/tutorial.md does not show {name}"));
            assert!(shown == file, "docs/tutorial.md shows another {name}:\n{shown}");
        }
    }
    assert!(seen > 5 && shown.is_empty(), "shown, but not there: {:?}", shown.keys());
}

#[test]
fn the_operators_chapters_name_every_metric() {
    let page = |name: &str| fs::read_to_string(root().join("docs").join(name)).unwrap();
    let chapters = page("operators.md") + &page("resilience.md") + &page("keeping.md");
    let code = ["metrics.rs", "metrics/upstream.rs", "metrics/answers.rs"]
        .map(|file| fs::read_to_string(root().join("host/src").join(file)).unwrap());
    let mut seen = 0;
    for registered in code.iter().flat_map(|code| code.split("registry.register").skip(1)) {
        let name = registered.split('"').nth(1).unwrap();
        seen += 1;
        assert!(chapters.contains(&format!("`jackfield_{name}")), "no chapter for operators has `jackfield_{name}`");
    }
    assert!(seen >= 20, "the metrics are gone");
}

/// A configuration in the book is one that the host reads.
#[test]
fn every_configuration_in_the_book_is_read() {
    let mut seen = 0;
    let readme = (PathBuf::from("../README.md"), fs::read_to_string(root().join("README.md")).unwrap());
    for (path, text) in pages().into_iter().chain([readme]) {
        for block in blocks(&text).into_iter().filter(|b| b.info == "toml" && b.text.starts_with("# jackfield.toml")) {
            seen += 1;
            // The digest of a key is for who runs `jackfield key` to fill in.
            let text = block.text.replace(&format!("\"{ANYTHING}\""), &format!("\"{}\"", "0".repeat(64)));
            let read = Config::draft(Source { path: "jackfield.toml".into(), text }).and_then(|draft| draft.finish());
            assert!(read.is_ok(), "docs/{}: {}", path.display(), read.err().unwrap());
        }
    }
    assert!(seen >= 2, "the configurations are gone");
}

/// Each `curl` of the pages for bot developers is run as it stands, against the demo, and the answer that is printed below it
/// is the answer.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_book_sends_is_answered_as_it_says() {
    let demo = Demo::start().await.unwrap();
    let host = demo.host.client.base().to_owned();
    let mut seen = 0;
    for page in ["README.md", "docs/bots.md"] {
        let text = fs::read_to_string(root().join(page)).unwrap();
        let all = blocks(&text);
        for (at, block) in all.iter().enumerate().filter(|(_, b)| b.info == "sh" && b.text.starts_with("curl ")) {
            seen += 1;
            let command = block.text.replace(HOST, &host);
            let output = tokio::task::spawn_blocking(move || Command::new("bash").args(["-c", &command]).output());
            let output = output.await.unwrap().unwrap();
            let answer = String::from_utf8(output.stdout).unwrap();
            assert!(output.status.success(), "{page}: {}\n{answer}", block.text);
            let Some(expected) = all.get(at + 1).filter(|next| next.info == "json") else { continue };
            let found: Value = serde_json::from_str(&answer).unwrap_or_else(|e| panic!("{page}: {e}: {answer}"));
            let expected: Value =
                serde_json::from_str(&expected.text).unwrap_or_else(|e| panic!("{page}: {e}: {}", expected.text));
            let mut missing = Vec::new();
            holds(&expected, &found, String::new(), &mut missing);
            assert!(missing.is_empty(), "{page}: {}\nis not answered so at {missing:?}:\n{found:#}", block.text);
        }
    }
    assert!(seen >= 5, "the examples are gone");
    demo.host.drain().await.unwrap();
}

/// Whether an answer holds what an example shows of it.
fn holds(shown: &Value, found: &Value, at: String, missing: &mut Vec<String>) {
    match (shown, found) {
        (Value::String(any), _) if any == ANYTHING => {}
        (Value::Object(shown), Value::Object(found)) => {
            for (name, value) in shown {
                holds(value, found.get(name).unwrap_or(&Value::Null), format!("{at}/{name}"), missing);
            }
        }
        (Value::Array(shown), Value::Array(found)) if shown.len() == found.len() => {
            for (n, (shown, found)) in shown.iter().zip(found).enumerate() {
                holds(shown, found, format!("{at}/{n}"), missing);
            }
        }
        (shown, found) if shown == found => {}
        _ => missing.push(at),
    }
}
