//! What `jackfield build` embeds in a connector and the host reads instead of running it: manifest and intents.
//!
//! Reading the section out of the binary is the sandbox's affair; here is only what stands in it.

use serde::{Deserialize, Serialize};

use crate::intent::{IntentSpec, is_intent_name};
use crate::manifest::{Manifest, ManifestError};

/// Name of the component's custom section.
pub const SECTION: &str = "jackfield:package";

/// Layout of the section itself. A host refuses a layout that it does not know.
pub const FORMAT: u32 = 1;

/// The newest version of the WIT contract that this host speaks.
pub const CONTRACT: &str = "1.1.0";

/// Every version that it serves, the newest first: N and N-1, side by side.
pub const SERVED: [&str; 2] = [CONTRACT, "1.0.0"];

/// The version of the SDK that goes with [`CONTRACT`]: the two are released together.
pub const SDK: &str = env!("CARGO_PKG_VERSION");

/// Bound of the section, in bytes: schemas of a hundred intents are far below.
pub const SECTION_BYTES_MAX: usize = 4 << 20;

/// The section's content, as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// See [`FORMAT`].
    pub format: u32,
    /// The WIT contract that the connector was built for.
    pub contract: String,
    /// `connector.toml`, word for word, so that a refusal can name its line.
    pub manifest: String,
    /// Every intent of the manifest, in its order, complete with schemas.
    pub intents: Vec<IntentSpec>,
    /// Those intents of which the connector can tell afterwards whether they happened.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settles: Vec<String>,
}

/// Why a package is refused.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// Not JSON, or not of this shape.
    #[error("the package section is not readable: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// A newer or older layout.
    #[error(
        "the package section has format {0}, this host reads format {FORMAT}; rebuild the connector with `jackfield build`"
    )]
    Format(u32),
    /// Built for another contract.
    #[error("{}", mismatch(connector.as_deref(), wanted))]
    Contract {
        /// The connector's id, where it can be read.
        connector: Option<String>,
        /// The contract in the package.
        wanted: String,
    },
    /// The manifest inside is bad.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// Manifest and intents tell different stories.
    #[error("the package section lies: {0}")]
    Inconsistent(String),
}

impl Package {
    /// Reads and checks a section.
    ///
    /// # Errors
    /// When any part is malformed or the parts contradict each other: a lying package must not load.
    pub fn read(section: &[u8]) -> Result<(Package, Manifest), PackageError> {
        let mut package: Package = match serde_json::from_slice(section) {
            Ok(package) => package,
            // A later contract's package may have members that nobody here knows: say that before complaining of them.
            Err(error) => return Err(foreign(section).unwrap_or(PackageError::Unreadable(error))),
        };
        if package.format != FORMAT {
            return Err(PackageError::Format(package.format));
        }
        if !offers(&package.contract) {
            return Err(
                foreign(section).unwrap_or(PackageError::Contract { connector: None, wanted: package.contract })
            );
        }
        let manifest = Manifest::parse(&package.manifest)?;
        let described: Vec<&str> = package.intents.iter().map(|i| i.name.as_str()).collect();
        let declared: Vec<&str> = manifest.intents.iter().map(String::as_str).collect();
        if described != declared {
            return Err(PackageError::Inconsistent(format!(
                "the manifest lists [{}], the section describes [{}]",
                declared.join(", "),
                described.join(", ")
            )));
        }
        for intent in &mut package.intents {
            if !is_intent_name(&intent.name) {
                return Err(PackageError::Inconsistent(format!("`{}` is not an intent name", intent.name)));
            }
            let Some(known) = jackfield_catalog::definition(&intent.name) else { continue };
            if known.effect != intent.effect {
                return Err(PackageError::Inconsistent(format!(
                    "`{}` has effect {:?} in the catalogue and {:?} here",
                    intent.name, known.effect, intent.effect
                )));
            }
            // The host's own words win: a connector cannot drop a mask or loosen a bound of the catalogue.
            *intent = IntentSpec::from(known);
        }
        let writes = |name: &String| package.intents.iter().any(|i| i.name == *name && !i.effect.is_read());
        if let Some(name) = package.settles.iter().chain(manifest.repeats.keys()).find(|name| !writes(name)) {
            return Err(PackageError::Inconsistent(format!(
                "`{name}` writes nothing that could be settled or repeated"
            )));
        }
        Ok((package, manifest))
    }
}

/// What a section of another contract says of itself, as far as it can be read.
fn foreign(section: &[u8]) -> Option<PackageError> {
    #[derive(Deserialize)]
    struct Said {
        contract: String,
        #[serde(default)]
        manifest: String,
    }
    #[derive(Deserialize)]
    struct Named {
        id: String,
    }
    let said: Said = serde_json::from_slice(section).ok()?;
    let connector = toml::from_str::<Named>(&said.manifest).ok().map(|named| named.id);
    (!offers(&said.contract)).then_some(PackageError::Contract { connector, wanted: said.contract })
}

/// The sentence about a contract that is not served: who wants which, which there are, and what to do.
pub fn mismatch(connector: Option<&str>, wanted: &str) -> String {
    const SHOWN_CHARS_MAX: usize = 64;
    let printable = |text: &str| -> String {
        text.chars().take(SHOWN_CHARS_MAX).map(|c| if c.is_control() { '?' } else { c }).collect()
    };
    let who = connector.map_or_else(|| "the connector".to_owned(), |id| format!("connector `{}`", printable(id)));
    let served = SERVED.join(" and ");
    let rebuild = format!("build it with jackfield-sdk {SDK}, which speaks {CONTRACT}");
    let remedy = if version(wanted) > version(CONTRACT) {
        format!("run a host that serves contract {}, or {rebuild}", printable(wanted))
    } else {
        rebuild
    };
    format!("{who} was built for contract {}, and this host serves {served}; {remedy}", printable(wanted))
}

/// Whether this host can run a connector built for `contract`: major and minor version are those of one that is served.
/// A patch changes comments only.
pub fn offers(contract: &str) -> bool {
    version(contract).is_some_and(|wanted| SERVED.iter().any(|served| version(served) == Some(wanted)))
}

/// Major and minor version.
pub fn version(contract: &str) -> Option<(u32, u32)> {
    let mut parts = contract.split('.').map(|part| part.parse::<u32>().ok());
    Some((parts.next()??, parts.next()??))
}

#[cfg(test)]
mod tests;
