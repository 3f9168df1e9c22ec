//! Kinds of leave: SuccessFactors' time types and time account types by what people call them.

use jackfield_sdk::{odata::Filter, prelude::*};

use crate::{names, service, settings::Settings, wire::TimeType};

const FIELDS: &str = "externalCode,externalName_defaultValue,externalName_localized,unit";
/// Hits of one name that are looked at.
const HITS_MAX: usize = 10;

impl TimeType {
    /// What people call it, in their language where there is a word for it.
    pub(crate) fn shown_name(&self) -> Option<&str> {
        self.name_localized.get().or(self.name.get())
    }

    /// Whether it is what somebody calls by this word: its code, one of its names, or the kind of leave it is for.
    pub(crate) fn is_called(&self, call: &Call, word: &str) -> bool {
        let word = word.trim().to_lowercase();
        let names = [&self.external_code, &self.name, &self.name_localized];
        let kind = names::leave_kind(call.status_names(), self.external_code.code());
        names.iter().filter_map(|name| name.get()).any(|name| name.to_lowercase() == word)
            || (kind != LeaveKind::Other && (kind.code() == word || kind.text() == word))
    }
}

/// The account types of these codes. It can be told without: a code is a name, too.
pub(crate) fn of_accounts(call: &Call, codes: &[&str]) -> Vec<TimeType> {
    let read = || {
        let filter = Filter::new().any("externalCode", codes)?;
        service::rows(service::get(call, "TimeAccountType")?.query("$filter", filter).query("$select", FIELDS))
    };
    if codes.is_empty() {
        return Vec::new();
    }
    read().unwrap_or_else(|failure: Failure| {
        info!("the names of the time accounts could not be read, going on without"; failure);
        Vec::new()
    })
}

/// The time type to ask for: what was said, else the company's usual one, under `defaults.leave_type`. The operator's
/// `leave_types` come first, then codes, then names.
///
/// # Errors
/// `invalid-input` on `/leave_type` where it is none, or not exactly one.
pub(crate) fn wanted(call: &Call, settings: &Settings, said: Option<&str>) -> Result<TimeType, Failure> {
    let invalid = |sentence: &str| Failure::invalid("/leave_type", sentence);
    let usual = call.standard().default_text("leave_type");
    let word = said.or(usual.as_deref()).ok_or_else(|| invalid("Which kind of leave should it be?"))?.trim();
    let filter = match settings.leave_code(word) {
        Some(code) => Filter::new().eq("externalCode", code)?,
        None => {
            let by_code = Filter::new().any("externalCode", [word, &word.to_uppercase().replace(' ', "_")]);
            let by_name = Filter::new().eq_folded("externalName_defaultValue", word);
            let at = |failure: Failure| failure.at("/leave_type");
            Filter::new().either([by_code.map_err(at)?, by_name.map_err(at)?])?
        }
    };
    let request = service::get(call, "TimeType")?.query("$filter", filter);
    let request = request.query("$select", format!("{FIELDS},category")).query("$top", HITS_MAX);
    let mut found: Vec<TimeType> = service::rows(request)?;
    found.retain(|kind| kind.external_code.get().is_some() && kind.category.get() != Some("ATTENDANCE"));
    // Whose very code it is comes before those that are merely called so.
    if let Some(at) = found.iter().position(|kind| kind.external_code.code().eq_ignore_ascii_case(word)) {
        return Ok(found.swap_remove(at));
    }
    match (found.pop(), found.is_empty()) {
        (Some(kind), true) => Ok(kind),
        (Some(_), false) => Err(invalid("There are several kinds of leave with this name. Please give its code.")),
        (None, _) => Err(invalid("There is no kind of leave with this name.")),
    }
}
