//! What Salesforce sends when it refuses: a list of errors, of which the first one decides.
//!
//! Source: developer.salesforce.com, REST API Developer Guide, "Status Codes and Error Responses"; the body of
//! `DUPLICATES_DETECTED` by answers that API clients have recorded.

use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Fault {
    pub(crate) error_code: String,
    /// Quotes what was sent, and the org's own words: read for two names, shown to nobody.
    pub(crate) message: String,
    /// Names of fields.
    pub(crate) fields: Vec<String>,
    /// May be missing also where duplicates were found.
    pub(crate) duplicate_result: Option<DuplicateResult>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct DuplicateResult {
    pub(crate) match_results: Vec<MatchResult>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct MatchResult {
    pub(crate) match_records: Vec<MatchRecord>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct MatchRecord {
    pub(crate) record: Match,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Match {
    #[serde(rename = "Id")]
    pub(crate) id: Option<String>,
}
