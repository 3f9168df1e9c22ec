//! Tables of keys as Markdown: one heading for each table that can be written in TOML, one row for each key.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::types::{Case, Key, Ty, Type, Types};

/// A page in the making.
pub(super) struct Keys<'s> {
    types: &'s Types,
    out: String,
    /// Types that have their table already, with its heading.
    done: BTreeMap<String, String>,
}

/// What stands under a key, in words, and the types that need a table of their own for it, with the rest of the path to
/// it: `.NAME` of a map, `[]` of a list.
struct Shape {
    words: String,
    tables: Vec<(String, String)>,
}

impl Shape {
    fn plain(words: &str) -> Shape {
        Shape { words: words.to_owned(), tables: Vec::new() }
    }

    fn below(self, step: &str, words: String) -> Shape {
        Shape { words, tables: self.tables.into_iter().map(|(path, ty)| (format!("{step}{path}"), ty)).collect() }
    }
}

/// Keys that hold what no type says.
const WORDS: [(&str, &str, &str); 1] =
    [("EndpointFile", "auth", "table, or list of tables: [see below](#endpointnameauth)")];

impl<'s> Keys<'s> {
    pub(super) fn new(types: &'s Types) -> Keys<'s> {
        Keys { types, out: String::new(), done: BTreeMap::new() }
    }

    pub(super) fn finish(self) -> String {
        self.out
    }

    /// A table called `written`, of a type by name, and below it every table that its keys may hold.
    pub(super) fn table(&mut self, level: usize, written: &str, about: &str, name: &str, near: Option<&Type>) {
        let Some(ty) = self.types.find(name, near) else { panic!("`{name}` is not read from a file") };
        let about = if about.is_empty() { after_colon(&ty.doc) } else { about.to_owned() };
        let _ = writeln!(self.out, "{} `{written}`\n\n{about}\n", "#".repeat(level.min(HEADING_LEVEL_MAX)));
        if let Some(before) = self.done.get(name) {
            let _ = writeln!(self.out, "The keys are those of `{before}`.\n");
            return;
        }
        self.done.insert(name.to_owned(), written.to_owned());
        if ty.cases.is_empty() {
            self.rows(level, written, &ty.keys, ty);
        } else {
            self.cases(level, written, ty);
        }
    }

    fn rows(&mut self, level: usize, written: &str, keys: &[Key], of: &Type) {
        let mut below = Vec::new();
        let _ = writeln!(self.out, "| key | value | unless written | meaning |\n|---|---|---|---|");
        for key in keys {
            let known = WORDS.iter().find(|(ty, name, _)| *ty == of.name && *name == key.name);
            let shape = known.map_or_else(|| self.shape(&key.ty, of), |(.., words)| Shape::plain(words));
            let default = key.default.as_deref().unwrap_or("needed");
            let size = if key.name.contains("bytes") { size(default) } else { String::new() };
            let _ =
                writeln!(self.out, "| `{}` | {} | {default}{size} | {} |", key.name, shape.words, in_cell(&key.doc));
            below.extend(shape.tables.into_iter().map(|(path, ty)| (format!("{}{path}", key.name), ty)));
        }
        self.out.push('\n');
        for (path, ty) in below {
            self.table(level + 1, &under(written, &path), "", &ty, Some(of));
        }
    }

    /// An enum whose cases are tables, each told from the others by one key or by its own name.
    fn cases(&mut self, level: usize, written: &str, of: &Type) {
        for Case { name, doc, holds, is_table, keys, .. } in &of.cases {
            let name = match &of.tag {
                Some(tag) => format!("{tag} = \"{name}\""),
                None => format!("{written}: {name}"),
            };
            let _ = writeln!(self.out, "{} `{name}`\n\n{doc}\n", "#".repeat((level + 1).min(HEADING_LEVEL_MAX)));
            if *is_table {
                self.rows(level + 1, written, keys, of);
            }
            if let Some(inner) = holds.as_ref().and_then(|holds| self.types.find(&holds.name, Some(of))) {
                self.rows(level + 1, written, &inner.keys, inner);
            }
        }
    }

    fn shape(&self, ty: &Ty, of: &Type) -> Shape {
        match (ty.name.as_str(), ty.arguments.as_slice()) {
            ("Option", [inner]) => self.shape(inner, of),
            ("Vec", [inner]) => {
                let inner = self.shape(inner, of);
                let words = format!("list of {}", many(&inner.words));
                inner.below("[]", words)
            }
            ("BTreeMap", [_, inner]) => {
                let inner = self.shape(inner, of);
                let words = format!("name = {}", inner.words);
                inner.below(".NAME", words)
            }
            ("String", _) => Shape::plain("text"),
            ("bool", _) => Shape::plain("`true`, `false`"),
            ("u16" | "u32" | "u64" | "usize" | "f32" | "f64", _) => Shape::plain("number"),
            ("PathBuf", _) => Shape::plain("path"),
            ("SocketAddr", _) => Shape::plain("address and port"),
            ("IpNet", _) => Shape::plain("addresses, such as `10.0.0.0/8`"),
            ("Table", _) => Shape::plain("table"),
            ("Value", _) => Shape::plain("anything"),
            (name, _) => self.shape_of(name, of),
        }
    }

    fn shape_of(&self, name: &str, of: &Type) -> Shape {
        let Some(ty) = self.types.find(name, Some(of)) else { panic!("keys.rs has no words for `{name}`") };
        // Read from something else first: that is what is written.
        match ty.try_from.as_deref() {
            Some("String") => return Shape::plain("text"),
            Some(file) => {
                return Shape { words: "table".to_owned(), tables: vec![(String::new(), file.to_owned())] };
            }
            None => {}
        }
        if let Some(expecting) = &ty.expecting {
            return Shape::plain(&in_cell(expecting.split_once(" is ").map_or(expecting, |(_, words)| words)));
        }
        if ty.cases.is_empty() || ty.tag.is_some() {
            return Shape { words: "table".to_owned(), tables: vec![(String::new(), name.to_owned())] };
        }
        let (mut words, mut tables) = (Vec::new(), Vec::new());
        for case in &ty.cases {
            words.push(match &case.holds {
                Some(inner) => {
                    let inner = self.shape(inner, ty);
                    let words = format!("`{{ {} = .. }}` with a {}", case.name, inner.words);
                    let inner = inner.below(&format!(".{}", case.name), words);
                    tables.extend(inner.tables);
                    inner.words
                }
                None if case.is_table => format!("`{{ {} = .. }}`", case.name),
                None => format!("`\"{}\"`", case.name),
            });
        }
        Shape { words: words.join(", "), tables }
    }
}

fn many(words: &str) -> String {
    match words {
        "text" | "path" | "table" | "number" => format!("{words}s"),
        other => other.to_owned(),
    }
}

/// The name of a table below another: `[connection.NAME]` and `limits` are `[connection.NAME.limits]`, and `window[]` below
/// `[x.rate]` is `[[x.rate.window]]`.
fn under(written: &str, path: &str) -> String {
    let above = written.trim_matches(['[', ']']);
    let dot = if above.is_empty() || above == TOP { "" } else { "." };
    let above = if above == TOP { "" } else { above };
    match path.strip_suffix("[]") {
        Some(list) => format!("[[{above}{dot}{list}]]"),
        None => format!("[{above}{dot}{path}]"),
    }
}

/// What the table of a whole file is called.
pub(super) const TOP: &str = "connector.toml";

/// HTML has no more.
const HEADING_LEVEL_MAX: usize = 6;

/// A number of bytes as people say it.
fn size(default: &str) -> String {
    match default.trim_matches('`').parse::<u64>() {
        Ok(bytes) if bytes >= 1 << 20 && bytes.is_multiple_of(1 << 20) => format!(" ({} MiB)", bytes >> 20),
        Ok(bytes) if bytes >= 1 << 10 && bytes.is_multiple_of(1 << 10) => format!(" ({} KiB)", bytes >> 10),
        _ => String::new(),
    }
}

/// `[server]: what it is` without what the heading says already.
fn after_colon(doc: &str) -> String {
    let text = match doc.split_once(": ") {
        Some((head, rest)) if head.starts_with('`') => rest,
        _ => doc,
    };
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A cell of a table cannot hold a bar.
fn in_cell(text: &str) -> String {
    text.replace('|', "\\|")
}
