//! Duplicate rules: who counts as the same person, and the refusal that names them. Answers for contacts and leads.
//! Source: REST API Developer Guide, "Duplicate Rule Header"; the body of the refusal as quoted by client tests.

use serde_json::{Value, json};

use super::schema::Object;
use super::state::{Record, State};
use crate::exchange::Request;

/// What the org's active rule does with a possible duplicate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    Off,
    /// Refuses, unless the request says `allowSave=true`.
    Alert,
    /// Refuses, whatever the request says.
    Block,
}

/// The parts of `Sforce-Duplicate-Rule-Header`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Wish {
    pub(super) allow_save: bool,
    pub(super) include_record_details: bool,
    pub(super) run_as_current_user: bool,
}

/// The first version that knows the header.
const HEADER_VERSION: u32 = 52;

impl Wish {
    /// Reads the header; what is unknown in it is a violation and has no effect.
    pub(super) fn read(request: &Request, version: u32, violations: &mut Vec<String>) -> Self {
        let mut wish = Self::default();
        let Some(header) = request.header("sforce-duplicate-rule-header") else {
            return wish;
        };
        if version < HEADER_VERSION {
            violations.push(format!("Sforce-Duplicate-Rule-Header needs v{HEADER_VERSION}.0"));
            return wish;
        }
        for part in header.split([';', ',']).map(str::trim).filter(|part| !part.is_empty()) {
            let value = |text: &str| match text {
                "true" => Some(true),
                "false" => Some(false),
                _ => None,
            };
            let known = part.split_once('=').and_then(|(name, text)| {
                let place = match name {
                    "allowSave" => &mut wish.allow_save,
                    "includeRecordDetails" => &mut wish.include_record_details,
                    "runAsCurrentUser" => &mut wish.run_as_current_user,
                    _ => return None,
                };
                *place = value(text)?;
                Some(())
            });
            if known.is_none() {
                violations.push(format!("Sforce-Duplicate-Rule-Header has the unknown part {part}"));
            }
        }
        wish
    }
}

/// The refusal of a record that is possibly there already. Records match by e-mail address here.
pub(super) fn refusal(
    state: &State,
    object: &Object,
    candidate: &Record,
    own_id: Option<&str>,
    wish: &Wish,
    data_path: &str,
) -> Option<Value> {
    let rule = state.duplicate_rule;
    let asked = matches!(object.name.as_str(), "Contact" | "Lead");
    if !asked || rule == Rule::Off || rule == Rule::Alert && wish.allow_save {
        return None;
    }
    let email = candidate.get("Email").and_then(Value::as_str)?;
    let matches: Vec<&Record> = state
        .live(object)
        .filter(|record| record.get("Id").and_then(Value::as_str) != own_id)
        .filter(|record| {
            record.get("Email").and_then(Value::as_str).is_some_and(|known| known.eq_ignore_ascii_case(email))
        })
        .collect();
    if matches.is_empty() {
        return None;
    }
    let name = &object.name;
    let found: Vec<Value> = matches
        .iter()
        .map(|record| {
            let id = record.get("Id").and_then(Value::as_str).unwrap_or_default();
            let url = format!("{data_path}/sobjects/{name}/{id}");
            let mut shown = json!({ "attributes": { "type": name, "url": url }, "Id": id });
            if wish.include_record_details {
                for field in ["Name", "Email", "Phone"] {
                    shown[field] = record.get(field).cloned().unwrap_or_default();
                }
            }
            json!({ "additionalInformation": [], "fieldDiffs": [], "matchConfidence": 100.0, "record": shown })
        })
        .collect();
    let message = "Use one of these records?";
    Some(json!({
        "duplicateResult": {
            "allowSave": rule == Rule::Alert,
            "duplicateRule": format!("Standard_{name}_Duplicate_Rule"),
            "duplicateRuleEntityType": name,
            "errorMessage": message,
            "matchResults": [{
                "entityType": name,
                "errors": [],
                "matchEngine": "FuzzyMatchEngine",
                "size": found.len(),
                "matchRecords": found,
                "rule": format!("Standard_{name}_Match_Rule_v1_1"),
                "success": true,
            }],
        },
        "errorCode": "DUPLICATES_DETECTED",
        "message": message,
    }))
}
