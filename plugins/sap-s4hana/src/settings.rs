//! The connector's own settings, as `connector.toml` declares them. Those that every connection has are the SDK's.

use std::collections::BTreeMap;

use jackfield_sdk::{odata::Text, prelude::*};
use serde::Deserialize;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Settings {
    pub(crate) sap_client: Option<String>,
    pub(crate) sap_language: Option<String>,
    audience: Audience,
    /// Plant code to what people call it.
    plants: BTreeMap<String, String>,
    /// SAP's unit code to what people call it.
    unit_names: BTreeMap<String, String>,
    /// The largest quantity that still counts as a few.
    pub(crate) low_stock_at: f64,
}

/// Whom the bot serves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Audience {
    /// Customers and suppliers, who prove that a document is theirs.
    #[default]
    Partners,
    /// Employees, who see what the credential may see.
    Staff,
}

impl Settings {
    pub(crate) fn of(call: &Call) -> Result<Self, Failure> {
        call.settings()
    }

    pub(crate) fn is_for_staff(&self) -> bool {
        self.audience == Audience::Staff
    }

    /// What people call a unit: SAP's own code where the operator has no word for it.
    pub(crate) fn unit(&self, code: &Text) -> Option<String> {
        let code = code.get()?;
        Some(self.unit_names.get(code).map_or(code, String::as_str).to_owned())
    }

    /// What people call a plant.
    pub(crate) fn plant_name<'a>(&'a self, code: &'a str) -> &'a str {
        self.plants.get(code).map_or(code, String::as_str)
    }

    /// The code of a plant that somebody named: by the operator's word for it, else a code itself.
    pub(crate) fn plant_code<'a>(&'a self, named: &'a str) -> Option<&'a str> {
        /// Length of a plant's code in SAP, in characters.
        const CODE_CHARS_MAX: usize = 4;
        let named = named.trim();
        let known = self.plants.iter().find(|(_, name)| name.to_lowercase() == named.to_lowercase());
        known.map(|(code, _)| code.as_str()).or_else(|| query::id(named, CODE_CHARS_MAX).ok())
    }
}
