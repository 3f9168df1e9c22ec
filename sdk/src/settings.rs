//! The settings that every connection has, whatever the system: configuration over code.
//!
//! A connector's own settings are read with [`Call::settings`](crate::Call::settings); these are there without asking.

use std::collections::BTreeMap;

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::{codes::StatusNames, decode, failure::Failure, fields::FieldMap};

/// The settings common to all connectors: `call.standard()`.
///
/// | key | form | meaning |
/// |---|---|---|
/// | `api_version` | text | the vendor's API version to speak, where paths carry one |
/// | `base_url` | URL | override of the system's address (the host applies it; shown here for links) |
/// | `field_map` | object | canonical name to vendor field, see [`FieldMap`] |
/// | `status_names` | object | vendor code to canonical code, see [`StatusNames`] |
/// | `defaults` | object | values for fields of new objects that a bot does not give |
/// | `_endpoints` | object | put there by the host: endpoint name to base URL, see [`Link`](crate::http::Link) |
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Standard {
    /// The vendor's API version to speak.
    pub api_version: Option<String>,
    /// Override of the system's address.
    pub base_url: Option<String>,
    /// Canonical names and the vendor's custom fields.
    pub field_map: FieldMap,
    /// The operator's word on what a vendor code means.
    pub status_names: StatusNames,
    /// Values for fields of new objects that a bot does not give.
    pub defaults: Map<String, Value>,
    /// Base URL of each endpoint, as the host has resolved it.
    #[serde(rename = "_endpoints")]
    pub(crate) endpoints: BTreeMap<String, String>,
}

impl Standard {
    /// A default value as text, a number or truth value written out. `None` where there is none.
    pub fn default_text(&self, name: &str) -> Option<String> {
        match self.defaults.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(truth) => Some(truth.to_string()),
            _ => None,
        }
    }
}

/// A connection's settings: the text from the host and what is common to all, read once.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    text: String,
    pub(crate) standard: Standard,
}

impl Settings {
    pub(crate) fn new(text: String) -> Result<Self, Failure> {
        let standard = read(&text)?;
        Ok(Settings { text, standard })
    }

    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        read(&self.text)
    }
}

/// The host has validated settings against the manifest's schema: a mismatch is a fault of the connector, whose type
/// and manifest disagree.
fn read<T: DeserializeOwned>(text: &str) -> Result<T, Failure> {
    decode::read(text).map_err(|mismatch| Failure::internal(format!("failed to read the settings: {mismatch}")))
}

/// What a call, a delivery and a poll know of their connection, each from its field `settings`.
macro_rules! connection_access {
    ($($type:ident),+) => {$(
        impl $type {
            /// The connection's settings as the connector's own type.
            ///
            /// # Errors
            /// `internal` when type and manifest disagree; the host has validated the settings against the manifest.
            pub fn settings<T: serde::de::DeserializeOwned>(&self) -> Result<T, $crate::Failure> {
                self.settings.read()
            }

            /// The settings that every connection has.
            pub fn standard(&self) -> &$crate::settings::Standard {
                &self.settings.standard
            }

            /// The operator's word on vendor codes, for the functions that [`codes!`](macro@crate::codes) makes.
            pub fn status_names(&self) -> &$crate::codes::StatusNames {
                &self.settings.standard.status_names
            }

            /// The map between canonical names and the vendor's custom fields.
            pub fn field_map(&self) -> &$crate::fields::FieldMap {
                &self.settings.standard.field_map
            }

            /// The client for an `[endpoint.NAME]` of the manifest.
            pub fn http(&self, endpoint: &str) -> $crate::http::Endpoint {
                $crate::http::Endpoint::new(endpoint, &self.settings.standard)
            }
        }
    )+};
}
pub(crate) use connection_access;
