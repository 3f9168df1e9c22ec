//! The contract's files as they are.

use std::fmt::Write as _;
use std::path::Path;

/// In the order in which they are read; the folder has no others.
const FILES: [&str; 7] = ["world", "types", "http", "secrets", "cache", "intents", "log"];

pub(super) fn body(root: &Path) -> String {
    let there = std::fs::read_dir(root.join("wit")).expect("wit").filter_map(|entry| {
        let path = entry.expect("an entry").path();
        let is_wit = path.extension().is_some_and(|e| e == "wit");
        is_wit.then(|| path.file_stem().unwrap_or_default().to_string_lossy().into_owned())
    });
    let mut others: Vec<_> = there.filter(|name| !FILES.contains(&name.as_str())).collect();
    others.sort();
    let readme = std::fs::read_to_string(root.join("wit/README.md")).expect("wit/README.md");
    // Its title is this page's own; its chapters stand one level lower.
    let (title, text) = readme.split_once('\n').expect("a title");
    let mut out = format!("{}.\n{}\n", title.trim_start_matches("# "), text.replace("\n## ", "\n### "));
    out.push_str("## The files\n\n");
    for name in FILES.into_iter().map(str::to_owned).chain(others) {
        let text = std::fs::read_to_string(root.join(format!("wit/{name}.wit"))).expect("a WIT file");
        let _ = writeln!(out, "### {name}.wit\n\n```wit\n{}\n```\n", text.trim());
    }
    out
}
