//! The connector's own settings, as `connector.toml` declares them. Those that every connection has are the SDK's.

use jackfield_sdk::prelude::*;
use serde::Deserialize;

use crate::id::RecordId;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Settings {
    /// The first part of the org's own host; absent only in tests.
    pub(crate) my_domain: Option<String>,
    /// Custom fields that keep the key of a write, by object.
    pub(crate) external_ids: ExternalIds,
    /// Whether a record is saved although a duplicate rule gives an alert.
    pub(crate) allow_duplicates: bool,
    /// The currency of an org that has only one.
    pub(crate) currency: Option<String>,
    /// Whether each record has a currency of its own.
    pub(crate) multi_currency: bool,
    /// Whether countries are kept as ISO codes beside their names.
    pub(crate) country_codes: bool,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ExternalIds {
    lead: Option<String>,
    opportunity: Option<String>,
    task: Option<String>,
}

impl ExternalIds {
    /// The field that makes a write to this object repeatable, where the operator named one.
    pub(crate) fn of(&self, object: &str) -> Option<&str> {
        match object {
            "lead" => self.lead.as_deref(),
            "opportunity" => self.opportunity.as_deref(),
            "task" => self.task.as_deref(),
            _ => None,
        }
    }
}

impl Settings {
    pub(crate) fn of(call: &Call) -> Result<Self, Failure> {
        call.settings()
    }

    /// The record's page. The short address leads to the one in Lightning, whose own form depends on the object.
    pub(crate) fn page(&self, id: &RecordId) -> Option<String> {
        Some(format!("https://{}.my.salesforce.com/{}", self.my_domain.as_ref()?, id.as_str()))
    }
}
