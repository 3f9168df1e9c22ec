//! The REST API's version and its resources, and what every write says about duplicates.

use jackfield_sdk::{http::Path, prelude::*};

use crate::{settings::Settings, wire::Record};

/// Summer '22. Salesforce supports a version for at least three years, and answers 410 for one that is retired
/// (developer.salesforce.com, "API End-of-Life Policy").
const VERSION: &str = "v55.0";
/// Duplicate rules can be spoken to since this version (developer.salesforce.com, "Duplicate Rule Header").
const DUPLICATE_RULES_SINCE: u32 = 52;

fn version(call: &Call) -> &str {
    call.standard().api_version.as_deref().unwrap_or(VERSION)
}

/// The resource that runs a query.
pub(crate) fn query(call: &Call) -> Result<Path, Failure> {
    path!("services/data" / version(call) / "query")
}

/// The resource of all records of an object.
pub(crate) fn object<R: Record>(call: &Call) -> Result<Path, Failure> {
    path!("services/data" / version(call) / "sobjects" / R::OBJECT)
}

/// What is to happen when a duplicate rule finds something: of records that are alike only the ids come back, and only
/// of those that the connector's user may see. `None` where the version knows no such header.
pub(crate) fn duplicate_rule(call: &Call, settings: &Settings) -> Option<String> {
    let number = version(call).trim_start_matches('v').split('.').next()?.parse::<u32>().ok()?;
    let allow_save = settings.allow_duplicates;
    (number >= DUPLICATE_RULES_SINCE)
        .then(|| format!("allowSave={allow_save}; includeRecordDetails=false; runAsCurrentUser=true"))
}

/// The header that carries it.
pub(crate) const DUPLICATE_RULE: &str = "Sforce-Duplicate-Rule-Header";
