//! Stages of opportunities, as the org has named them.
//!
//! Salesforce takes any text for a stage unless the org restricts the list, and one that nobody knows spoils forecasts.

use std::time::Duration;

use jackfield_sdk::prelude::*;

use crate::{
    soql::{self, Condition},
    wire::Stage,
};

/// Orgs change their stages some times a year.
const CACHE_TTL: Duration = Duration::from_secs(600);
const CACHE_KEY: &str = "opportunity-stages";
/// More than an org has.
const STAGES_MAX: usize = 200;

/// The value to write for a stage, given as its label or its API name in any case.
///
/// # Errors
/// `invalid-input` on `/stage` where the org has none of this name.
pub(crate) fn named(call: &Call, wanted: &str) -> Result<String, Failure> {
    let stages = match cache::get_or_fetch(CACHE_KEY, CACHE_TTL, || active(call)) {
        Ok(stages) => stages,
        // Then Salesforce must judge the name itself.
        Err(failure) => {
            info!("the stages could not be read, going on without"; failure);
            return Ok(wanted.to_owned());
        }
    };
    let is_it = |stage: &&Stage| {
        let names = [Some(&stage.api_name), stage.master_label.as_ref()];
        names.into_iter().flatten().any(|name| name.to_lowercase() == wanted.trim().to_lowercase())
    };
    let unknown = || Failure::invalid("/stage", "The CRM has no such stage.");
    stages.iter().find(is_it).map(|stage| stage.api_name.clone()).ok_or_else(unknown)
}

fn active(call: &Call) -> Result<Vec<Stage>, Failure> {
    let found = soql::find::<Stage>(call, &Condition::is_true("IsActive")?, STAGES_MAX)?;
    Ok(found.into_iter().map(|row| row.record).collect())
}
