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

/// The version of the WIT contract that this host speaks.
pub const CONTRACT: &str = "1.0.0";

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
    #[error("built for contract {wanted}, this host offers {CONTRACT}; rebuild the connector against the matching SDK")]
    Contract {
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
        let mut package: Package = serde_json::from_slice(section)?;
        if package.format != FORMAT {
            return Err(PackageError::Format(package.format));
        }
        if !offers(&package.contract) {
            return Err(PackageError::Contract { wanted: package.contract });
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
        Ok((package, manifest))
    }
}

/// Whether this host can run a connector built for `contract`: the same major version, not a later minor one.
pub fn offers(contract: &str) -> bool {
    let parts = |v: &str| -> Option<(u32, u32)> {
        let mut it = v.split('.').map(|p| p.parse::<u32>().ok());
        Some((it.next()??, it.next()??))
    };
    match (parts(contract), parts(CONTRACT)) {
        (Some((major, minor)), Some((our_major, our_minor))) => major == our_major && minor <= our_minor,
        _ => false,
    }
}
