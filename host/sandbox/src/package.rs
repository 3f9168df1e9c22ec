//! Reads a component without compiling or running it: what it is made of, what it asks for, what package it carries.
//! Also puts a package in. Everything here works on bytes that anyone may have written.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use jackfield_core::manifest::Manifest;
use jackfield_core::package::{Package, PackageError, SECTION, SECTION_BYTES_MAX, mismatch, offers};
use wasm_encoder::{ComponentSection as _, CustomSection};
use wasmparser::{ComponentExternalKind, ComponentTypeRef, Parser, Payload, TypeBounds};

use crate::capability::{self, cut, printable};
use crate::world::Version;

/// Size of a component's file, in bytes.
pub const COMPONENT_BYTES_MAX: usize = 32 << 20;

/// The namespace of our own contract.
const CONTRACT_PREFIX: &str = "jackfield:connector/";

/// Bounds of what is compiled: compile time grows with the number of functions and faster than the size of one.
const FUNCTIONS_MAX: u64 = 50_000;
const FUNCTION_BYTES_MAX: u64 = 1 << 20;
const MODULES_MAX: u64 = 64;
/// What passes between modules and components is compiled as well, for each function that does; a connector has some
/// sixty of them.
const CROSSINGS_MAX: u64 = 5_000;
const NESTING_MAX: u64 = 16;

/// Imports, exports and custom sections that are listed.
const NAMES_MAX: usize = 10_000;

/// Names that a message shows, and how much of each.
const SHOWN_NAMES_MAX: usize = 100;
const SHOWN_BYTES_MAX: usize = 200;

/// Why a component is not loaded, in the order in which it is checked.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be read.
    #[error("the file cannot be read: {0}")]
    Unreadable(#[from] std::io::Error),
    /// Too large.
    #[error("the component has {bytes} bytes, the bound is {limit}")]
    TooLarge {
        /// Its size, or that of the file as far as it is known.
        bytes: u64,
        /// See [`COMPONENT_BYTES_MAX`].
        limit: usize,
    },
    /// Something else altogether.
    #[error("this is no WebAssembly: it does not begin with `\\0asm`")]
    NotWasm,
    /// WebAssembly, but not a component.
    #[error(
        "this is a core module, not a component; build it with `jackfield build`, or for the target `wasm32-wasip2`"
    )]
    CoreModule,
    /// Broken.
    #[error("the component is malformed: {0}")]
    Malformed(String),
    /// It was never packaged.
    #[error("the component carries no `{SECTION}` section; package it with `jackfield build`")]
    NoPackage,
    /// More than one package: which one is true?
    #[error(
        "the component carries {count} `{SECTION}` sections, exactly one is allowed; package it again with `jackfield build`"
    )]
    Packages {
        /// How many.
        count: usize,
    },
    /// The section is too large to be read.
    #[error("the `{SECTION}` section has {bytes} bytes, the bound is {SECTION_BYTES_MAX}")]
    PackageTooLarge {
        /// Its size.
        bytes: usize,
    },
    /// What stands in the section.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// It imports another version of the contract.
    #[error("{}; it imports {}", mismatch(connector.as_deref(), version), list(wanted))]
    Contract {
        /// The connector's id, where it is packaged.
        connector: Option<String>,
        /// The version of the first of them.
        version: String,
        /// The imports of another version.
        wanted: Vec<String>,
    },
    /// It imports what no connector gets.
    #[error("the component asks for what no connector gets: {}", list(refused))]
    Imports {
        /// All of it.
        refused: Vec<String>,
    },
    /// It is no connector.
    #[error("the component does not export {}; it was not built for the world `connector`", list(missing))]
    Exports {
        /// What is missing.
        missing: Vec<String>,
    },
    /// Compiling it would take too long.
    #[error("the component has {count} {what}, the bound is {limit}")]
    TooComplex {
        /// Of what there is too much.
        what: &'static str,
        /// How much.
        count: u64,
        /// What is allowed.
        limit: u64,
    },
    /// The engine refuses it: it is not valid, or needs more than a place in the pool has.
    #[error("the component does not compile: {0}")]
    Compile(String),
    /// A function that it imports or exports has another type than the contract says.
    #[error("the component does not fit the contract: {0}")]
    Link(String),
}

/// Names for a message. The error itself has all of them, whole.
fn list(names: &[String]) -> String {
    let shown = names.iter().take(SHOWN_NAMES_MAX).map(|name| format!("`{}`", printable(cut(name, SHOWN_BYTES_MAX))));
    let mut text = shown.collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN_NAMES_MAX {
        text.push_str(&format!(" and {} more", names.len() - SHOWN_NAMES_MAX));
    }
    text
}

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// What we load.
    Component,
    /// What compilers make before it becomes a component.
    CoreModule,
    /// No WebAssembly.
    Other,
}

/// All that a component tells of itself, for `jackfield inspect`: nothing is refused, nothing compiled.
#[derive(Debug)]
pub struct Inspection {
    /// In bytes.
    pub size: usize,
    /// BLAKE3 of the file, in hex.
    pub digest: String,
    /// What it is.
    pub kind: Kind,
    /// Versions of the contract that it imports; one, normally.
    pub contract: Vec<String>,
    /// Names of imports.
    pub imports: Vec<String>,
    /// Those imports that would keep it from being loaded.
    pub refused: Vec<String>,
    /// Names of exports.
    pub exports: Vec<String>,
    /// Names and sizes of the outermost custom sections.
    pub sections: Vec<(String, usize)>,
    /// Functions in all of its modules.
    pub functions: u64,
    /// The package, or why there is none.
    pub package: Result<(Package, Manifest), LoadError>,
}

/// Looks at a file without compiling it.
///
/// # Errors
/// When it is malformed so that nothing can be told of it.
pub fn inspect(bytes: &[u8]) -> Result<Inspection, LoadError> {
    let kind = match bytes {
        _ if Parser::is_component(bytes) => Kind::Component,
        _ if Parser::is_core_wasm(bytes) => Kind::CoreModule,
        _ => Kind::Other,
    };
    let digest = blake3::hash(bytes).to_hex().to_string();
    let size = bytes.len();
    let anatomy = match kind {
        Kind::Component => Anatomy::read(bytes)?,
        Kind::CoreModule => {
            return Ok(Inspection {
                size,
                digest,
                kind,
                contract: Vec::new(),
                imports: Vec::new(),
                refused: Vec::new(),
                exports: Vec::new(),
                sections: Vec::new(),
                functions: 0,
                package: Err(LoadError::CoreModule),
            });
        }
        Kind::Other => return Err(LoadError::NotWasm),
    };
    let mut contract: Vec<String> = anatomy.contract_versions().map(|(_, version)| version.to_owned()).collect();
    contract.sort_unstable();
    contract.dedup();
    Ok(Inspection {
        size,
        digest,
        kind,
        contract,
        refused: anatomy.refused_imports(),
        package: anatomy.package(),
        imports: anatomy.imports,
        exports: anatomy.exports.into_iter().map(|(name, _)| name).collect(),
        sections: anatomy.sections.iter().map(|(name, data)| (name.clone(), data.len())).collect(),
        functions: anatomy.functions,
    })
}

/// Puts a package into a component, in place of one that may be there. The same input gives the same bytes.
///
/// # Errors
/// When it is no component, or the package is too large to be read again.
pub fn embed(component: &[u8], package_json: &[u8]) -> Result<Vec<u8>, LoadError> {
    Anatomy::read(component)?;
    if package_json.len() > SECTION_BYTES_MAX {
        return Err(LoadError::PackageTooLarge { bytes: package_json.len() });
    }
    let mut packaged = without_package(component).ok_or_else(|| LoadError::Malformed("cut short".to_owned()))?;
    CustomSection { name: SECTION.into(), data: package_json.into() }.append_to_component(&mut packaged);
    Ok(packaged)
}

/// The component without its package sections. Its outermost sections follow one another as identifier, length,
/// content; `None` when they do not.
fn without_package(component: &[u8]) -> Option<Vec<u8>> {
    const PREAMBLE: usize = 8;
    const CUSTOM: u8 = 0;
    let mut kept = component.get(..PREAMBLE)?.to_vec();
    let mut rest = &component[PREAMBLE..];
    while !rest.is_empty() {
        let (length, digits) = leb128(rest.get(1..)?)?;
        let (section, next) = rest.split_at_checked(1 + digits + length)?;
        let content = &section[1 + digits..];
        let name = (section[0] == CUSTOM).then(|| custom_name(content)).flatten();
        if name != Some(SECTION.as_bytes()) {
            kept.extend_from_slice(section);
        }
        rest = next;
    }
    Some(kept)
}

fn custom_name(content: &[u8]) -> Option<&[u8]> {
    let (length, digits) = leb128(content)?;
    content.get(digits..digits.checked_add(length)?)
}

/// An unsigned LEB128 number of 32 bits, and how many bytes it takes.
fn leb128(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut value = 0u64;
    for (i, byte) in bytes.iter().take(5).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * i);
        if byte & 0x80 == 0 {
            return Some((usize::try_from(value).ok()?, i + 1));
        }
    }
    None
}

/// Reads a file that may be a component, but no more of it than a component may have.
pub(crate) fn read_file(path: &Path) -> Result<Vec<u8>, LoadError> {
    let file = File::open(path)?;
    let expected = file.metadata()?.len();
    let limit = COMPONENT_BYTES_MAX as u64;
    let mut bytes = Vec::with_capacity(expected.min(limit) as usize);
    file.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() > COMPONENT_BYTES_MAX {
        return Err(LoadError::TooLarge { bytes: expected, limit: COMPONENT_BYTES_MAX });
    }
    Ok(bytes)
}

/// What a component is made of, as far as loading it depends on it.
pub(crate) struct Anatomy<'b> {
    /// Names of the outermost imports.
    pub(crate) imports: Vec<String>,
    /// In bytes.
    pub(crate) size: usize,
    exports: Vec<(String, ComponentExternalKind)>,
    sections: Vec<(String, &'b [u8])>,
    functions: u64,
    function_bytes: u64,
    crossings: u64,
    modules: u64,
    nesting: u64,
}

impl<'b> Anatomy<'b> {
    /// # Errors
    /// When it is too large, no component or malformed.
    pub(crate) fn read(bytes: &'b [u8]) -> Result<Anatomy<'b>, LoadError> {
        if bytes.len() > COMPONENT_BYTES_MAX {
            return Err(LoadError::TooLarge { bytes: bytes.len() as u64, limit: COMPONENT_BYTES_MAX });
        }
        if Parser::is_core_wasm(bytes) {
            return Err(LoadError::CoreModule);
        }
        if !bytes.starts_with(b"\0asm") {
            return Err(LoadError::NotWasm);
        }
        let mut anatomy = Anatomy {
            imports: Vec::new(),
            size: bytes.len(),
            exports: Vec::new(),
            sections: Vec::new(),
            functions: 0,
            function_bytes: 0,
            crossings: 0,
            modules: 0,
            nesting: 0,
        };
        anatomy.walk(bytes).map_err(|e| LoadError::Malformed(e.to_string()))?;
        Ok(anatomy)
    }

    fn walk(&mut self, bytes: &'b [u8]) -> wasmparser::Result<()> {
        let mut depth = 0u64;
        for payload in Parser::new(0).parse_all(bytes) {
            match payload? {
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => {
                    depth += 1;
                    self.modules += 1;
                    self.nesting = self.nesting.max(depth);
                }
                Payload::End(_) => depth = depth.saturating_sub(1),
                Payload::FunctionSection(functions) => self.functions += u64::from(functions.count()),
                Payload::ComponentCanonicalSection(crossings) => self.crossings += u64::from(crossings.count()),
                Payload::CodeSectionEntry(body) => {
                    self.function_bytes = self.function_bytes.max(body.as_bytes().len() as u64);
                }
                Payload::ComponentImportSection(imports) if depth == 0 => {
                    for import in imports.into_iter().take(NAMES_MAX) {
                        let import = import?;
                        // A name for a type that is defined elsewhere asks for nothing.
                        if !matches!(import.ty, ComponentTypeRef::Type(TypeBounds::Eq(_))) {
                            self.imports.push(import.name.name.to_owned());
                        }
                    }
                }
                Payload::ComponentExportSection(exports) if depth == 0 => {
                    for export in exports.into_iter().take(NAMES_MAX) {
                        let export = export?;
                        self.exports.push((export.name.name.to_owned(), export.kind));
                    }
                }
                Payload::CustomSection(section) if depth == 0 && self.sections.len() < NAMES_MAX => {
                    self.sections.push((section.name().to_owned(), section.data()));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The package in its section.
    ///
    /// # Errors
    /// When there is not exactly one, or it does not hold.
    pub(crate) fn package(&self) -> Result<(Package, Manifest), LoadError> {
        let mut packages = self.sections.iter().filter(|(name, _)| name == SECTION).map(|(_, data)| *data);
        let section = packages.next().ok_or(LoadError::NoPackage)?;
        match packages.count() {
            0 if section.len() <= SECTION_BYTES_MAX => Ok(Package::read(section)?),
            0 => Err(LoadError::PackageTooLarge { bytes: section.len() }),
            more => Err(LoadError::Packages { count: more + 1 }),
        }
    }

    /// The contract that it was built for, by its imports and by nothing that could be written beside them.
    ///
    /// # Errors
    /// When it is not served.
    pub(crate) fn version(&self, connector: Option<&str>) -> Result<Version, LoadError> {
        let mut foreign = self.contract_versions().filter(|(_, version)| !offers(version)).peekable();
        let version = foreign.peek().map(|(_, version)| (*version).to_owned());
        match (version, Version::wanted(self.contract_versions().map(|(_, version)| version))) {
            (None, Some(served)) => Ok(served),
            (version, _) => Err(LoadError::Contract {
                connector: connector.map(str::to_owned),
                version: version.unwrap_or_default(),
                wanted: foreign.map(|(import, _)| import.to_owned()).collect(),
            }),
        }
    }

    /// Imports and exports.
    ///
    /// # Errors
    /// When they are not a connector's of a contract that is served.
    pub(crate) fn check(&self, connector: Option<&str>) -> Result<(), LoadError> {
        let version = self.version(connector)?;
        let refused = self.refused_imports();
        if !refused.is_empty() {
            return Err(LoadError::Imports { refused });
        }
        let has = |name: &str| self.exports.iter().any(|(n, kind)| n == name && *kind == ComponentExternalKind::Func);
        let missing: Vec<String> =
            version.exports().iter().filter(|name| !has(name)).map(|name| (*name).to_owned()).collect();
        if !missing.is_empty() {
            return Err(LoadError::Exports { missing });
        }
        Ok(())
    }

    /// Whether compiling it is worth beginning.
    ///
    /// # Errors
    /// With the first bound that it breaks.
    pub(crate) fn check_complexity(&self) -> Result<(), LoadError> {
        let bounds = [
            ("functions", self.functions, FUNCTIONS_MAX),
            ("bytes in one function", self.function_bytes, FUNCTION_BYTES_MAX),
            ("functions between its parts", self.crossings, CROSSINGS_MAX),
            ("modules", self.modules, MODULES_MAX),
            ("levels of nesting", self.nesting, NESTING_MAX),
        ];
        match bounds.into_iter().find(|(_, count, limit)| count > limit) {
            Some((what, count, limit)) => Err(LoadError::TooComplex { what, count, limit }),
            None => Ok(()),
        }
    }

    /// Imports of our own contract with their versions.
    fn contract_versions(&self) -> impl Iterator<Item = (&str, &str)> {
        self.imports.iter().filter_map(|import| {
            let version = import.strip_prefix(CONTRACT_PREFIX)?.split_once('@')?.1;
            Some((import.as_str(), version))
        })
    }

    fn refused_imports(&self) -> Vec<String> {
        self.imports.iter().filter(|import| !is_allowed(import)).cloned().collect()
    }
}

/// Whether an import is one of the contract's, in any version, or of what WASI may give.
fn is_allowed(import: &str) -> bool {
    let Some((interface, version)) = import.split_once('@') else { return false };
    match interface.strip_prefix(CONTRACT_PREFIX) {
        Some(name) => capability::INTERFACES.contains(&name),
        None => version.starts_with("0.2.") && capability::wasi::INTERFACES.contains(&interface),
    }
}
