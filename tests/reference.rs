//! The reference part of the book, made from the code: what a page says cannot differ from what the program does. The
//! pages are golden files in `docs/reference` and `docs/connectors`; `tests/it/book.rs` holds them against this.

use std::path::{Path, PathBuf};

mod catalogue;
mod cli;
mod connectors;
mod http;
mod keys;
mod problems;
mod types;
mod wit;

use keys::{Keys, TOP};
use types::Types;

/// Stands under the title of every page of this kind.
const MADE: &str =
    "<!-- Made from the code by `UPDATE_GOLDEN=1 cargo nextest run -p jackfield-tests book`. Do not edit. -->";

/// Every page: its path below `docs`, and its text.
pub fn pages(root: &Path) -> Vec<(PathBuf, String)> {
    let types = Types::read();
    let mut pages = vec![
        page("reference/cli.md", "Command line", &cli::body(&types)),
        page("reference/configuration.md", "jackfield.toml", &configuration(&types)),
        page("reference/manifest.md", "connector.toml", &manifest(&types)),
        page("reference/http.md", "HTTP API", &http::body(root)),
        page("reference/problems.md", "Problem codes", &problems::body(&types)),
        page("reference/intents.md", "Intents of the catalogue", &catalogue::body()),
        page("reference/wit.md", "The WIT contract", &wit::body(root)),
    ];
    pages.extend(connectors::pages(root));
    pages
}

fn page(path: &str, title: &str, body: &str) -> (PathBuf, String) {
    // One blank line between blocks and one line end at the end, whatever the parts bring.
    let mut text = format!("# {title}\n\n{MADE}\n\n{}\n", body.trim());
    while text.contains("\n\n\n") {
        text = text.replace("\n\n\n", "\n\n");
    }
    (path.into(), text)
}

fn configuration(types: &Types) -> String {
    let mut keys = Keys::new(types);
    for section in &types.sections {
        keys.table(2, &section.written, &section.doc, &section.ty.inner().name, None);
    }
    format!(
        "The operator's file. An unknown key or section is refused with its line; `jackfield check` tells everything that is \
         wrong in one go. Paths are relative to the file. What stands in capitals is yours to choose: `[connection.shop-eu]`, \
         `[intent.\"order.*\"]`. A key with nothing under *unless written* is simply absent then.\n\n{}",
        keys.finish()
    )
}

fn manifest(types: &Types) -> String {
    let mut keys = Keys::new(types);
    keys.table(2, TOP, "", "File", None);
    keys.table(2, "[endpoint.NAME.auth]", "", "Scheme", None);
    format!(
        "What a connector is and what it asks for. A manifest asks; only the operator's connection grants. Texts may hold \
         settings in braces: `https://{{shop}}.example`. Where the tables speak of a secret's name, a `[[secret]]` of that \
         name must be there.\n\n{}## Settings that every connector has\n\n\
         Unless a manifest declares its own of the same name:\n\n{}",
        keys.finish(),
        connectors::standard_settings()
    )
}
