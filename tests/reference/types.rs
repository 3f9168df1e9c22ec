//! The types that the build script has read out of the host's source.

use serde::Deserialize;

/// All of them.
#[derive(Deserialize)]
pub(super) struct Types {
    types: Vec<Type>,
    /// Sections of `jackfield.toml`, in the order of `Config`.
    pub(super) sections: Vec<Section>,
}

/// A struct or an enum.
#[derive(Deserialize)]
pub(super) struct Type {
    pub(super) name: String,
    file: String,
    pub(super) doc: String,
    /// The key that tells the cases of an enum apart.
    pub(super) tag: Option<String>,
    /// What a value of it looks like, in words.
    pub(super) expecting: Option<String>,
    /// The type that is read in its place.
    pub(super) try_from: Option<String>,
    pub(super) keys: Vec<Key>,
    /// Of an enum; none of a struct.
    pub(super) cases: Vec<Case>,
}

/// One key of a table.
#[derive(Deserialize)]
pub(super) struct Key {
    pub(super) name: String,
    pub(super) doc: String,
    pub(super) ty: Ty,
    /// What holds where the key is not written; `None` where it must be.
    pub(super) default: Option<String>,
}

/// One case of an enum.
#[derive(Deserialize)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) doc: String,
    /// Its number, where it is given one.
    pub(super) number: Option<u64>,
    /// The one type inside it.
    pub(super) holds: Option<Ty>,
    /// Whether it has keys of its own.
    pub(super) is_table: bool,
    pub(super) keys: Vec<Key>,
}

/// A type as a field names it.
#[derive(Deserialize)]
pub(super) struct Ty {
    pub(super) name: String,
    pub(super) arguments: Vec<Ty>,
}

/// A section of the configuration.
#[derive(Deserialize)]
pub(super) struct Section {
    /// `[server]`, `[caller.NAME]`, `[[route]]`.
    pub(super) written: String,
    pub(super) doc: String,
    pub(super) ty: Ty,
}

impl Types {
    pub(super) fn read() -> Types {
        let text = include_str!(concat!(env!("OUT_DIR"), "/types.json"));
        serde_json::from_str(text).expect("what the build script writes")
    }

    /// The type of this name: the one in `near`'s own file before others.
    pub(super) fn find(&self, name: &str, near: Option<&Type>) -> Option<&Type> {
        let all: Vec<&Type> = self.types.iter().filter(|ty| ty.name == name).collect();
        let own = all.iter().find(|ty| near.is_some_and(|near| near.file == ty.file));
        assert!(own.is_some() || all.len() < 2, "`{name}` is read in {} files", all.len());
        own.or(all.first()).copied()
    }
}

impl Ty {
    /// What a field holds once, or by name.
    pub(super) fn inner(&self) -> &Ty {
        match (self.name.as_str(), self.arguments.as_slice()) {
            ("Option" | "Vec", [one]) | ("BTreeMap", [_, one]) => one.inner(),
            _ => self,
        }
    }
}
