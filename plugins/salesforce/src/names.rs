//! Salesforce's picklist values and the catalogue's words.
//!
//! Picklists are the org's own: these are the values an org begins with (help.salesforce.com, "Lead Fields" and
//! "Opportunity Stages"). Where an org means something else, `status_names` says so.

use jackfield_sdk::{codes::StatusNames, prelude::*};

codes! {
    /// `Status` of a lead.
    fn lead_status_by_name: LeadStatus {
        "Open - Not Contacted" | "New" => New,
        "Working - Contacted" | "Working" | "Contacted" | "Nurturing" => Working,
        "Qualified" => Qualified,
        "Closed - Not Converted" | "Unqualified" => Unqualified,
        "Closed - Converted" => Converted,
        _ => Other,
    }
}

/// Where a lead stands. Whether it was converted is known for sure; the rest is in a word.
pub(crate) fn lead_status(names: &StatusNames, code: &str, is_converted: Option<bool>) -> LeadStatus {
    match (names.canonical("lead_status", code), is_converted) {
        (Some(meant), _) => meant,
        (None, Some(true)) => LeadStatus::Converted,
        (None, _) => lead_status_by_name(names, code),
    }
}

/// How a sale goes: by the stage where the operator gave it a meaning, else by what Salesforce knows of each stage.
pub(crate) fn opportunity_status(
    names: &StatusNames,
    stage: &str,
    is_closed: Option<bool>,
    is_won: Option<bool>,
) -> OpportunityStatus {
    match (names.canonical("opportunity_status", stage), is_closed, is_won) {
        (Some(meant), _, _) => meant,
        (None, _, Some(true)) => OpportunityStatus::Won,
        (None, Some(true), _) => OpportunityStatus::Lost,
        (None, Some(false), _) => OpportunityStatus::Open,
        (None, None, _) => OpportunityStatus::Other,
    }
}

/// A country as the model has it: a code, which an org without country picklists may have written out.
pub(crate) fn country(code: Option<&String>, text: Option<&String>) -> Option<String> {
    let is_code = |text: &&String| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic());
    code.or(text).filter(is_code).map(|code| code.to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operators_word_comes_first_then_what_is_sure_then_the_name() {
        let plain = StatusNames::default();
        assert_eq!(lead_status(&plain, "Open - Not Contacted", Some(false)), LeadStatus::New);
        assert_eq!(lead_status(&plain, "Open - Not Contacted", Some(true)), LeadStatus::Converted);
        assert_eq!(lead_status(&plain, "Parked", None), LeadStatus::Other);
        let named: StatusNames = serde_json::from_value(json!({
            "lead_status": {"Parked": "unqualified"},
            "opportunity_status": {"Verbally agreed": "won"},
        }))
        .unwrap();
        assert_eq!(lead_status(&named, "Parked", Some(false)), LeadStatus::Unqualified);
        assert_eq!(opportunity_status(&named, "Verbally agreed", Some(false), Some(false)), OpportunityStatus::Won);
    }

    #[test]
    fn a_stage_is_known_by_what_salesforce_says_of_it() {
        let status = |closed, won| opportunity_status(&StatusNames::default(), "Any", closed, won);
        assert_eq!(status(Some(true), Some(true)), OpportunityStatus::Won);
        assert_eq!(status(Some(true), Some(false)), OpportunityStatus::Lost);
        assert_eq!(status(Some(false), Some(false)), OpportunityStatus::Open);
        assert_eq!(status(None, None), OpportunityStatus::Other);
    }

    #[test]
    fn only_a_code_is_a_country() {
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(country(text("at").as_ref(), text("Austria").as_ref()), text("AT"));
        assert_eq!(country(None, text("DE").as_ref()), text("DE"));
        assert_eq!(country(None, text("Germany").as_ref()), None);
    }
}
