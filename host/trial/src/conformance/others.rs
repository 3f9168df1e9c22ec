//! Connectors that ask others: each answer of another intent becomes each failure that it can be. What such a connector
//! makes of it is its own affair, since half a result told as half may be the best there is. It must not break, not
//! answer beside its schema, and not write a second time.

use jackfield_core::failure::FailureKind;
use jackfield_core::intent::Effect;

use crate::ask::{Asked, Ending};
use crate::fixtures::broke;

use super::faults::RETRY_AFTER_SECONDS;

/// What another connector's failure is where its system does this. Nothing for what another connector never passes on.
pub(super) fn failure(fault: &str) -> Option<FailureKind> {
    Some(match fault {
        "status 401" => FailureKind::ReauthRequired,
        "status 403" => FailureKind::Denied,
        "status 404" => FailureKind::NotFound,
        "status 409" => FailureKind::Conflict,
        "status 422" => FailureKind::Rejected { sentence: "Not like this.".to_owned() },
        "status 429" => FailureKind::RateLimited { retry_after_ms: None },
        "status 429 with Retry-After" => {
            FailureKind::RateLimited { retry_after_ms: Some(RETRY_AFTER_SECONDS.saturating_mul(1_000)) }
        }
        "status 500" => FailureKind::Internal,
        "status 503" | "reset" => FailureKind::Unavailable,
        "timeout" => FailureKind::Timeout,
        _ => return None,
    })
}

/// What is wrong with how a call ended in which another intent failed.
pub(super) fn judge(validator: Option<&jsonschema::Validator>, asked: &Asked) -> Vec<(String, Option<String>)> {
    let mut found = Vec::new();
    match &asked.ending {
        Ending::Fault(_) | Ending::NotJson(_) => {
            let broken = broke(&asked.ending);
            found.push((broken.message, broken.hint));
        }
        Ending::Reply(_) => {
            let errors = validator.zip(asked.ending.output()).and_then(|(v, output)| v.iter_errors(output).next());
            found.extend(errors.map(|error| (format!("the output breaks the intent's schema: {error}"), None)));
        }
        Ending::Failure { .. } => {}
    }
    let scene = asked.scene();
    let writes: Vec<_> = scene.asked.iter().filter(|(intent, _)| !is_read(intent)).collect();
    let twice = writes.iter().enumerate().find(|(at, one)| writes[..*at].contains(one));
    let hint =
        || Some("a second try is the caller's decision: nobody knows whether the first was carried out".to_owned());
    found.extend(twice.map(|(_, (intent, _))| (format!("`{intent}` was asked twice for the same"), hint())));
    found
}

fn is_read(intent: &str) -> bool {
    jackfield_catalog::definition(intent).is_some_and(|known| known.effect == Effect::Read)
}

#[cfg(test)]
mod tests {
    use super::super::TABLE;
    use super::*;

    #[test]
    fn every_failure_that_another_connector_passes_on_belongs_to_a_fault_of_the_table() {
        let count = TABLE.iter().filter(|row| failure(row.fault).is_some()).count();
        assert_eq!(count, 11);
        assert_eq!(failure("huge JSON"), None);
    }
}
