//! Bindings of the WIT contract, one module per version that is served: a new version stands beside the old one, and no
//! function asks which version it serves. Which one a component wants is read from its bytes, before it is compiled.
//!
//! One linker serves them all: within a major version an import of `@1.0.0` is met by the definition of `@1.1.0`, by name
//! and by type. What differs between them is which functions a component exports, and that is looked up once, at load.

use jackfield_core::package::{CONTRACT, version};
use wasmtime::component::{ComponentExportIndex, InstancePre};

use crate::instance::HostState;

pub(crate) mod v1;
pub(crate) mod v1_0;

/// A contract that is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    /// 1.0, which has no `settle`.
    V1_0,
    /// 1.1.
    V1_1,
}

/// Exports by index: a call does not look for names.
pub(crate) struct Exports {
    pub(crate) describe: ComponentExportIndex,
    pub(crate) handle: ComponentExportIndex,
    /// Since 1.1.
    pub(crate) settle: Option<ComponentExportIndex>,
    pub(crate) receive: ComponentExportIndex,
    pub(crate) poll: ComponentExportIndex,
}

impl Version {
    /// That of a component which imports these versions; the newest one where it does not say. `None` where one of them
    /// is not served.
    pub(crate) fn wanted<'v>(versions: impl Iterator<Item = &'v str>) -> Option<Version> {
        let newest = versions.map(version).max().unwrap_or_else(|| version(CONTRACT));
        match newest? {
            (1, 0) => Some(Version::V1_0),
            (1, 1) => Some(Version::V1_1),
            _ => None,
        }
    }

    /// What a component of this version must export.
    pub(crate) fn exports(self) -> &'static [&'static str] {
        match self {
            Version::V1_0 => &["describe", "handle", "receive", "poll-changes"],
            Version::V1_1 => &["describe", "handle", "settle", "receive", "poll-changes"],
        }
    }

    /// Finds the exports and checks the type of each, once and for all.
    ///
    /// # Errors
    /// When one is missing or has another type than this version says.
    pub(crate) fn find(self, pre: &InstancePre<HostState>) -> wasmtime::Result<Exports> {
        match self {
            Version::V1_0 => v1_0::ConnectorIndices::new(pre).map(drop)?,
            Version::V1_1 => v1::ConnectorIndices::new(pre).map(drop)?,
        }
        let index = |name: &str| {
            let missing = || wasmtime::Error::msg(format!("no export `{name}`"));
            pre.component().get_export_index(None, name).ok_or_else(missing)
        };
        Ok(Exports {
            describe: index("describe")?,
            handle: index("handle")?,
            settle: match self {
                Version::V1_0 => None,
                Version::V1_1 => Some(index("settle")?),
            },
            receive: index("receive")?,
            poll: index("poll-changes")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use jackfield_core::package::{SERVED, offers};

    use super::*;

    #[test]
    fn every_version_that_is_offered_has_its_module_and_no_other() {
        for served in SERVED {
            assert!(Version::wanted([served].into_iter()).is_some(), "{served}");
        }
        for other in ["0.9.0", "1.2.0", "2.0.0", "", "one"] {
            assert!(!offers(other) && Version::wanted([other].into_iter()).is_none(), "{other}");
        }
    }

    #[test]
    fn the_newest_of_what_is_imported_counts() {
        assert_eq!(Version::wanted(["1.0.0", "1.0.0"].into_iter()), Some(Version::V1_0));
        assert_eq!(Version::wanted(["1.0.0", "1.1.0"].into_iter()), Some(Version::V1_1));
        assert_eq!(Version::wanted(std::iter::empty()), Some(Version::V1_1), "it does not say");
    }
}
