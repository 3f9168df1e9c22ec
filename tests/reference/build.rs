//! Reads the types that are deserialised from TOML out of their source: names, doc comments, defaults. What a page says
//! of a key is what stands above its field. Writes them as JSON for `types.rs`; how they are laid out is `keys.rs`'s affair.
//!
//! A build script, because syn as a dependency of the tests themselves would have every macro crate compiled anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use quote::ToTokens as _;
use syn::{Attribute, Expr, Fields, GenericArgument, Item, Lit, Meta, PathArguments, Type};

/// The crates whose types are written in TOML, and the enums whose cases are told without being read from a file.
const FOLDERS: [&str; 3] = ["host/src", "host/core/src", "host/egress/src"];
const TOLD: [&str; 2] = ["Exit", "Code"];

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a repository").to_owned();
    for folder in FOLDERS {
        println!("cargo:rerun-if-changed={}", root.join(folder).display());
    }
    let sources = Sources::read(&root);
    let types: Vec<String> = sources.all().map(|found| sources.type_json(found)).collect();
    let sections = sources.sections(&root);
    let text = format!("{{\"types\":{},\"sections\":{}}}", list(types), list(sections));
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("a build script has a place")).join("types.json");
    fs::write(out, text).expect("the place can be written");
}

/// The structs and enums of some folders, by name.
struct Sources {
    files: BTreeMap<PathBuf, syn::File>,
}

/// A type and the file that it stands in: its defaults stand there too.
#[derive(Clone, Copy)]
struct Found<'s> {
    item: &'s Item,
    file: &'s Path,
}

/// A JSON string.
fn string(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\t', "\\t");
    format!("\"{escaped}\"")
}

fn optional(text: Option<String>) -> String {
    text.map_or_else(|| "null".to_owned(), |text| string(&text))
}

fn list(items: impl IntoIterator<Item = String>) -> String {
    format!("[{}]", items.into_iter().collect::<Vec<_>>().join(","))
}

/// A type's name and its arguments.
fn type_tree(ty: &Type) -> String {
    let (name, arguments) = named(ty);
    format!("{{\"name\":{},\"arguments\":{}}}", string(&name), list(arguments.into_iter().map(type_tree)))
}

impl Sources {
    /// Reads every file of [`FOLDERS`].
    fn read(root: &Path) -> Sources {
        let mut files = BTreeMap::new();
        let mut folders: Vec<PathBuf> = FOLDERS.map(|folder| root.join(folder)).into();
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).expect("a folder of the host") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|e| e == "rs") {
                    let text = fs::read_to_string(&path).expect("a file of the host");
                    files.insert(path.clone(), syn::parse_file(&text).unwrap_or_else(|e| panic!("{path:?}: {e}")));
                }
            }
        }
        Sources { files }
    }

    /// Every type that is read from a file, and those of [`TOLD`].
    fn all(&self) -> impl Iterator<Item = Found<'_>> {
        let items =
            self.files.iter().flat_map(|(file, parsed)| parsed.items.iter().map(move |item| Found { item, file }));
        items.filter(|found| {
            is_read(found.attributes()) || found.ident().is_some_and(|ident| TOLD.contains(&ident.as_str()))
        })
    }

    /// The type of this name: the one in `near`'s own file before others.
    fn find(&self, name: &str, near: Found<'_>) -> Option<Found<'_>> {
        let mut all = self.all().filter(|found| found.ident().as_deref() == Some(name));
        let first = all.next()?;
        Some(if first.file == near.file { first } else { all.find(|other| other.file == near.file).unwrap_or(first) })
    }

    fn type_json(&self, of: Found<'_>) -> String {
        let attributes = of.attributes();
        let (keys, cases) = match of.item {
            Item::Struct(item) => (self.keys(&item.fields, of), Vec::new()),
            Item::Enum(item) => (Vec::new(), item.variants.iter().map(|variant| self.case(variant, of)).collect()),
            _ => unreachable!("only structs and enums have a name here"),
        };
        format!(
            "{{\"name\":{},\"file\":{},\"doc\":{},\"tag\":{},\"expecting\":{},\"try_from\":{},\"keys\":{},\"cases\":{}}}",
            string(&of.ident().unwrap_or_default()),
            string(&of.file.to_string_lossy()),
            string(&doc(attributes)),
            optional(serde(attributes, "tag").flatten()),
            optional(serde(attributes, "expecting").flatten()),
            optional(serde(attributes, "try_from").flatten()),
            list(keys),
            list(cases)
        )
    }

    fn case(&self, variant: &syn::Variant, of: Found<'_>) -> String {
        let wide = serde(of.attributes(), "rename_all").flatten();
        let name = serde(&variant.attrs, "rename").flatten();
        let name = name.unwrap_or_else(|| cased(&variant.ident.to_string(), wide));
        let holds = match &variant.fields {
            Fields::Unnamed(fields) => type_tree(&fields.unnamed[0].ty),
            _ => "null".to_owned(),
        };
        let is_table = matches!(variant.fields, Fields::Named(_));
        let keys = if is_table { self.keys(&variant.fields, of) } else { Vec::new() };
        let number = match &variant.discriminant {
            Some((_, value)) => self.number(value, of).map_or_else(|| "null".to_owned(), |number| number.to_string()),
            None => "null".to_owned(),
        };
        format!(
            "{{\"name\":{},\"doc\":{},\"number\":{number},\"holds\":{holds},\"is_table\":{is_table},\"keys\":{}}}",
            string(&name),
            string(&doc(&variant.attrs)),
            list(keys)
        )
    }

    /// The sections of `jackfield.toml` in the order in which `Config` has them: how each is written, and its type.
    fn sections(&self, root: &Path) -> Vec<String> {
        let file = &self.files[&root.join("host/src/config.rs")];
        let literal = calls_of_sections(file);
        let config = file.items.iter().find_map(|item| match item {
            Item::Struct(s) if s.ident == "Config" => Some(s),
            _ => None,
        });
        let fields = config.expect("`Config`").fields.iter();
        fields
            .filter_map(|field| {
                let name = field.ident.as_ref()?.to_string();
                let (how, key) = literal.iter().find(|(field, ..)| *field == name).map(|(_, how, key)| (how, key))?;
                let about = doc(&field.attrs);
                let named = match about.split_once("by ").map(|(_, by)| by) {
                    Some(by) if by.starts_with("id") => "ID",
                    Some(by) if by.starts_with("pattern") => "PATTERN",
                    Some(by) if by.starts_with("locale") => "LOCALE",
                    _ => "NAME",
                };
                let written = match how.as_str() {
                    "named" => format!("[{key}.{named}]"),
                    "list" => format!("[[{key}]]"),
                    _ => format!("[{key}]"),
                };
                let (written, doc) = (string(&written), string(&about));
                Some(format!("{{\"written\":{written},\"doc\":{doc},\"ty\":{}}}", type_tree(&field.ty)))
            })
            .collect()
    }

    /// The keys of a struct, or of a struct-like case of an enum.
    fn keys(&self, fields: &Fields, of: Found<'_>) -> Vec<String> {
        let is_struct = matches!(of.item, Item::Struct(_));
        let whole = is_struct && serde(of.attributes(), "default").is_some();
        let wide = serde(of.attributes(), "rename_all").flatten().filter(|_| is_struct);
        let mut keys = Vec::new();
        for field in fields {
            // A type around another one has no keys.
            let Some(ident) = field.ident.as_ref().map(ToString::to_string) else { continue };
            if serde(&field.attrs, "flatten").is_some() {
                if let Some(inner @ Found { item: Item::Struct(item), .. }) = self.find(&named(&field.ty).0, of) {
                    keys.extend(self.keys(&item.fields, inner));
                }
                continue;
            }
            let default = match serde(&field.attrs, "default") {
                Some(Some(function)) => Some(self.value_of_function(&function, of)),
                Some(None) => Some(self.default_of(&field.ty, of)),
                None if whole => Some(self.value_in_default(&ident, &field.ty, of)),
                None => (named(&field.ty).0 == "Option").then(String::new),
            };
            let name = serde(&field.attrs, "rename").flatten().unwrap_or_else(|| cased(&ident, wide.clone()));
            keys.push(format!(
                "{{\"name\":{},\"doc\":{},\"ty\":{},\"default\":{}}}",
                string(&name),
                string(&doc(&field.attrs)),
                type_tree(&field.ty),
                optional(default)
            ));
        }
        keys
    }

    fn value_of_function(&self, name: &str, of: Found<'_>) -> String {
        let body = self.files[of.file].items.iter().find_map(|item| match item {
            Item::Fn(f) if f.sig.ident == name => match f.block.stmts.as_slice() {
                [syn::Stmt::Expr(value, None)] => Some(value),
                _ => None,
            },
            _ => None,
        });
        // A path to something of another crate is shown as it is.
        body.map_or_else(|| format!("`{name}()`"), |body| self.value(body, of))
    }

    /// What a field is in its struct's `impl Default`.
    fn value_in_default(&self, field: &str, ty: &Type, of: Found<'_>) -> String {
        let ident = of.ident().expect("a name");
        let made = self.files[of.file].items.iter().find_map(|item| match item {
            Item::Impl(i) if is_default_of(i, &ident) => literal_in(i),
            _ => None,
        });
        match made {
            Some(literal) => literal
                .fields
                .iter()
                .find(|value| matches!(&value.member, syn::Member::Named(name) if name == field))
                .map_or_else(String::new, |found| self.value(&found.expr, of)),
            None => self.default_of(ty, of),
        }
    }

    /// A value as it would be written in TOML, in backticks; nothing where it is empty. What this cannot read is shown as
    /// the code has it.
    fn value(&self, expr: &Expr, of: Found<'_>) -> String {
        let quoted = |text: String| if text.is_empty() { String::new() } else { format!("`\"{text}\"`") };
        let as_it_is = || format!("`{}`", expr.to_token_stream());
        if let Some(number) = self.number(expr, of) {
            return format!("`{number}`");
        }
        match expr {
            Expr::Lit(lit) => match &lit.lit {
                Lit::Bool(truth) => format!("`{}`", truth.value),
                Lit::Str(text) => quoted(text.value()),
                _ => as_it_is(),
            },
            Expr::MethodCall(call) => self.value(&call.receiver, of),
            Expr::Path(path) => match path.path.segments.last().map(|s| s.ident.to_string()) {
                Some(none) if none == "None" => String::new(),
                Some(case) => quoted(cased(&case, Some("snake_case".to_owned()))),
                None => as_it_is(),
            },
            Expr::Macro(list) => {
                let tokens = list.mac.tokens.to_string();
                let texts: Vec<&str> = tokens.split('"').skip(1).step_by(2).collect();
                if texts.is_empty() { String::new() } else { format!("`[\"{}\"]`", texts.join("\", \"")) }
            }
            // `SocketAddr::from(([127, 0, 0, 1], 8080))`, `PathBuf::from("x")`, and what makes something empty.
            Expr::Call(call) => match call.args.first() {
                None => String::new(),
                Some(Expr::Tuple(pair)) => match (&pair.elems[0], self.number(&pair.elems[1], of)) {
                    (Expr::Array(octets), Some(port)) => {
                        let octets = octets.elems.iter().filter_map(|octet| self.number(octet, of));
                        let octets: Vec<_> = octets.map(|octet| octet.to_string()).collect();
                        quoted(format!("{}:{port}", octets.join(".")))
                    }
                    _ => as_it_is(),
                },
                Some(argument) => self.value(argument, of),
            },
            _ => as_it_is(),
        }
    }

    fn number(&self, expr: &Expr, of: Found<'_>) -> Option<u64> {
        match expr {
            Expr::Lit(lit) => match &lit.lit {
                Lit::Int(number) => number.base10_parse().ok(),
                _ => None,
            },
            Expr::Binary(binary) => {
                let (left, right) = (self.number(&binary.left, of)?, self.number(&binary.right, of)?);
                match binary.op {
                    syn::BinOp::Shl(_) => Some(left << right),
                    syn::BinOp::Mul(_) => Some(left * right),
                    _ => None,
                }
            }
            Expr::Path(path) => self.files[of.file].items.iter().find_map(|item| match item {
                Item::Const(constant) if path.path.is_ident(&constant.ident) => self.number(&constant.expr, of),
                _ => None,
            }),
            _ => None,
        }
    }

    /// The default of a type: what is written for it, or nothing where it is empty.
    fn default_of(&self, ty: &Type, of: Found<'_>) -> String {
        let (name, _) = named(ty);
        match name.as_str() {
            "bool" => return "`false`".to_owned(),
            "u16" | "u32" | "u64" | "usize" => return "`0`".to_owned(),
            _ => {}
        }
        let Some(Found { item: Item::Enum(item), .. }) = self.find(&name, of) else { return String::new() };
        let wide = serde(&item.attrs, "rename_all").flatten();
        let chosen = item.variants.iter().find(|v| v.attrs.iter().any(|a| a.path().is_ident("default")));
        chosen.map_or_else(String::new, |variant| format!("`\"{}\"`", cased(&variant.ident.to_string(), wide)))
    }
}

impl Found<'_> {
    fn ident(&self) -> Option<String> {
        match self.item {
            Item::Struct(s) => Some(s.ident.to_string()),
            Item::Enum(e) => Some(e.ident.to_string()),
            _ => None,
        }
    }

    fn attributes(&self) -> &[Attribute] {
        match self.item {
            Item::Struct(s) => &s.attrs,
            Item::Enum(e) => &e.attrs,
            _ => &[],
        }
    }
}

/// `let config = Config { server: sections.one("server"), .. }`: field, method and key of each.
fn calls_of_sections(file: &syn::File) -> Vec<(String, String, String)> {
    let functions = file.items.iter().filter_map(|item| match item {
        Item::Impl(i) => Some(&i.items),
        _ => None,
    });
    let statements = functions.flatten().filter_map(|item| match item {
        syn::ImplItem::Fn(function) => Some(&function.block.stmts),
        _ => None,
    });
    let literals = statements.flatten().filter_map(|statement| match statement {
        syn::Stmt::Local(local) => match &*local.init.as_ref()?.expr {
            Expr::Struct(literal) if literal.path.is_ident("Config") => Some(literal),
            _ => None,
        },
        _ => None,
    });
    let mut found = Vec::new();
    for field in literals.flat_map(|literal| &literal.fields) {
        let syn::Member::Named(member) = &field.member else { continue };
        // `sections.named("caller").into_iter()..`: the call that names a key is somewhere in the chain.
        let mut expr = &field.expr;
        while let Expr::MethodCall(call) = expr {
            let method = call.method.to_string();
            if let Some(key) = call.args.first().and_then(text)
                && ["one", "optional", "named", "list"].contains(&method.as_str())
            {
                found.push((member.to_string(), method, key));
            }
            expr = &call.receiver;
        }
    }
    found
}

fn is_read(attributes: &[Attribute]) -> bool {
    attributes.iter().filter(|a| a.path().is_ident("derive")).any(|a| match &a.meta {
        Meta::List(list) => list.tokens.to_string().contains("Deserialize"),
        _ => false,
    })
}

fn is_default_of(item: &syn::ItemImpl, ident: &str) -> bool {
    let of_default = item.trait_.as_ref().is_some_and(|(_, path, _)| path.is_ident("Default"));
    of_default && named(&item.self_ty).0 == ident
}

fn literal_in(item: &syn::ItemImpl) -> Option<&syn::ExprStruct> {
    let syn::ImplItem::Fn(function) = item.items.first()? else { return None };
    match function.block.stmts.last()? {
        syn::Stmt::Expr(Expr::Struct(literal), None) => Some(literal),
        _ => None,
    }
}

/// The sentences above an item, as one line of Markdown.
fn doc(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter(|a| a.path().is_ident("doc")).filter_map(|a| match &a.meta {
        Meta::NameValue(pair) => text(&pair.value),
        _ => None,
    });
    lines.map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// An argument of `#[serde(..)]`: whether it is there, and its text where it has one.
fn serde(attributes: &[Attribute], name: &str) -> Option<Option<String>> {
    let mut found = None;
    for attribute in attributes.iter().filter(|a| a.path().is_ident("serde")) {
        let _ = attribute.parse_nested_meta(|meta| {
            let value = match meta.value() {
                Ok(value) => Some(value.parse::<syn::LitStr>()?.value()),
                Err(_) => None,
            };
            if meta.path.is_ident(name) {
                found = Some(value);
            }
            Ok(())
        });
    }
    found
}

/// The name of a type without what is around it, and its argument where it is a container.
fn named(ty: &Type) -> (String, Vec<&Type>) {
    let Type::Path(path) = ty else { return (ty.to_token_stream().to_string(), Vec::new()) };
    let last = path.path.segments.last().expect("a segment");
    let arguments = match &last.arguments {
        PathArguments::AngleBracketed(list) => list
            .args
            .iter()
            .filter_map(|argument| match argument {
                GenericArgument::Type(ty) => Some(ty),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    };
    let name = last.ident.to_string();
    // `toml::Value` and `serde_json::Value` are the same to who writes them.
    match (name.as_str(), arguments.as_slice()) {
        ("Spanned" | "Box", [inner]) => named(inner),
        _ => (name, arguments),
    }
}

fn text(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Lit(lit) => match &lit.lit {
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

/// A name in the case that serde gives it.
fn cased(name: &str, case: Option<String>) -> String {
    let separator = match case.as_deref() {
        Some("snake_case") => "_",
        Some("kebab-case") => "-",
        Some("lowercase") => "",
        _ => return name.to_owned(),
    };
    let mut out = String::new();
    for (at, letter) in name.chars().enumerate() {
        if letter.is_uppercase() && at > 0 {
            out.push_str(separator);
        }
        out.extend(letter.to_lowercase());
    }
    out
}
