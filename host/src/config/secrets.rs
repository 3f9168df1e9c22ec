//! `[vault]` and the sources of secrets, as the operator writes them. A mistake here may be a secret in the wrong
//! place, so that no message repeats what stands in the file.

use std::path::PathBuf;

use jackfield_egress::MasterSource;
use serde::Deserialize;

/// `[vault]`: the sealed file that keeps values.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VaultSection {
    /// The file, relative to the configuration; `secrets.vault` beside it when absent.
    #[serde(default = "beside_the_configuration")]
    pub file: PathBuf,
    /// What opens it: one source, or several that are tried in turn while one replaces the other.
    pub master_key: MasterKeySection,
}

fn beside_the_configuration() -> PathBuf {
    PathBuf::from("secrets.vault")
}

/// One source or several.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "`master_key` is a source such as `\"file:/path\"`, or a list of them")]
pub enum MasterKeySection {
    /// `"file:/path"`.
    One(String),
    /// `["env:NEW", "env:OLD"]`.
    Several(Vec<String>),
}

impl VaultSection {
    /// The sources of the master key, in the order in which they are tried.
    ///
    /// # Errors
    /// When one is no source, or there is none. The message does not repeat it.
    pub fn master_sources(&self) -> Result<Vec<MasterSource>, String> {
        let texts = match &self.master_key {
            MasterKeySection::One(text) => std::slice::from_ref(text),
            MasterKeySection::Several(texts) => texts,
        };
        if texts.is_empty() {
            return Err("`master_key` is an empty list".to_owned());
        }
        texts.iter().map(|text| MasterSource::parse(text)).collect()
    }
}

/// A secret's source, short or long.
#[derive(Clone, Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "a secret is `\"env:NAME\"`, `\"file:/path\"`, `\"vault:\"`, \
                               `\"openbao:MOUNT/PATH#FIELD\"` or `{ source = \"...\", reveal = true }`"
)]
pub enum SecretSection {
    /// `"env:NAME"`.
    Source(String),
    /// With what the operator allows beyond use.
    Full(SecretTable),
}

/// `{ source = "...", reveal = true }`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretTable {
    /// `env:NAME`, `file:/path`, `vault:` or `openbao:MOUNT/PATH#FIELD`.
    pub source: String,
    /// Whether the guest may see the value.
    #[serde(default)]
    pub reveal: bool,
}

impl SecretSection {
    /// Where the value comes from.
    pub fn source(&self) -> &str {
        match self {
            SecretSection::Source(source) => source,
            SecretSection::Full(full) => &full.source,
        }
    }

    /// Whether the guest may see the value.
    pub fn reveal(&self) -> bool {
        matches!(self, SecretSection::Full(full) if full.reveal)
    }
}
