//! The connector's own settings, as `connector.toml` declares them. Those that every connection has are the SDK's.

use std::collections::BTreeMap;

use jackfield_sdk::prelude::*;
use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub(crate) struct Settings {
    /// Whom the host's assertions name: `{user.id}`, `{user.email}` or a fixed technical user.
    pub(crate) subject_name: String,
    /// `true` where that is a user name. A text, because the host puts it into the assertion as it is.
    use_username: String,
    /// Kinds of leave as people call them, and the time type's code.
    leave_types: BTreeMap<String, String>,
    pub(crate) benefits_page: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            subject_name: "{user.id}".to_owned(),
            use_username: "false".to_owned(),
            leave_types: BTreeMap::new(),
            benefits_page: None,
        }
    }
}

impl Settings {
    pub(crate) fn of(call: &Call) -> Result<Self, Failure> {
        call.settings()
    }

    pub(crate) fn names_by_username(&self) -> bool {
        self.use_username == "true"
    }

    /// The code that the operator gave for a kind of leave.
    pub(crate) fn leave_code(&self, called: &str) -> Option<&str> {
        let found = self.leave_types.iter().find(|(name, _)| name.to_lowercase() == called.trim().to_lowercase());
        found.map(|(_, code)| code.as_str())
    }
}
