//! Whether what came of a fault is honest: nothing broke, nothing was invented, nothing leaked, nothing was done twice.

use jackfield_core::failure::FailureKind;
use jackfield_core::manifest::Access;
use jackfield_fixtures::Difference;
use serde_json::Value;

use super::faults::{MARK, RETRY_AFTER_SECONDS};
use super::table::{Expectation, OutputRule};
use crate::ask::{Asked, Ending, code, failure_json};
use crate::fixtures::broke;

/// What is known of a call without faults.
pub(super) struct Baseline<'b> {
    pub(super) output: &'b Value,
    pub(super) validator: Option<&'b jsonschema::Validator>,
    /// What user and system said: input and recorded answers, as JSON text.
    pub(super) said: &'b str,
}

/// What is wrong with how a call ended, one sentence each, with the reason where it is not plain.
pub(super) fn judge(
    expectation: &Expectation,
    baseline: &Baseline<'_>,
    asked: &Asked,
) -> Vec<(String, Option<String>)> {
    let mut found = Vec::new();
    let why = || Some(format!("why: {}", expectation.why));
    match &asked.ending {
        Ending::Fault(_) | Ending::NotJson(_) => {
            let broken = broke(&asked.ending);
            found.push((broken.message, broken.hint));
        }
        Ending::Failure { kind, detail } => {
            let code = code(kind);
            // After the fault it may have asked for more than is recorded, and was told that nothing is there.
            let went_on = code == "unavailable" && asked.scene().left.iter().any(|left| left.at.is_none());
            if !expectation.kinds.contains(&code.as_str()) && !went_on {
                let allowed = match expectation.kinds {
                    [] => "nothing but the usual answer".to_owned(),
                    kinds => kinds.iter().map(|kind| format!("`{kind}`")).collect::<Vec<_>>().join(", "),
                };
                let detail =
                    if detail.is_empty() { String::new() } else { format!("\nthe failure's detail: {detail}") };
                let hint = why().map(|why| why + &detail);
                found.push((format!("the failure is `{code}`; honest is {allowed}"), hint));
            }
            if let (FailureKind::RateLimited { retry_after_ms }, true) =
                (kind, expectation.fault.ends_with("Retry-After"))
                && retry_after_ms.is_none_or(|wait| wait < RETRY_AFTER_SECONDS * 1_000)
            {
                let told = retry_after_ms.map_or_else(|| "nothing".to_owned(), |wait| format!("{wait} ms"));
                found.push((format!("the system asks for {RETRY_AFTER_SECONDS} s, the failure tells {told}"), why()));
            }
            if failure_json(kind).to_string().contains(MARK) {
                found.push(("the user would read a text of the business system".to_owned(), leak_hint()));
            }
        }
        // A look that tells nothing new: "unknown" is honest where something went wrong, "not applied" only where the
        // system itself says that the object is not there.
        Ending::Reply(_) if asked.ending.settled().is_some_and(|settled| settled != APPLIED) => {
            let settled = asked.ending.settled().unwrap_or_default();
            if !may_settle(expectation.output, settled) {
                found.push((format!("the write is settled as `{settled}`, which the system did not say"), why()));
            }
        }
        Ending::Reply(_) => {
            let output = asked.ending.output().unwrap_or(&Value::Null);
            if let Some(error) = baseline.validator.and_then(|validator| validator.iter_errors(output).next()) {
                let place = error.instance_path().as_str().to_owned();
                found.push((format!("the output breaks the intent's schema at `{place}`: {error}"), None));
            }
            let lie = match expectation.output {
                OutputRule::Any => None,
                OutputRule::Same => jackfield_fixtures::differences(baseline.output, output).into_iter().next(),
                OutputRule::LessOnly | OutputRule::FewerToo => {
                    let usual = Usual { said: baseline.said, fewer: expectation.output == OutputRule::FewerToo };
                    usual.differs(baseline.output, output, "")
                }
            };
            if let Some(difference) = lie {
                found.push((format!("the answer says what the system did not: output{difference}"), why()));
            }
            if output.to_string().contains(MARK) && expectation.output != OutputRule::Any {
                found.push(("the user would read a text of the business system".to_owned(), leak_hint()));
            }
        }
    }
    found.extend(repeated_write(asked).map(|shown| (format!("a write was sent twice: {shown}"), repeat_hint())));
    found
}

/// Whether a write that is known to have happened may be settled so after a fault.
fn may_settle(rule: OutputRule, settled: &str) -> bool {
    match rule {
        OutputRule::Same => false,
        OutputRule::LessOnly => settled == UNKNOWN,
        OutputRule::FewerToo | OutputRule::Any => true,
    }
}

/// What a look can tell of a write, as fixtures write it.
const APPLIED: &str = "applied";
const UNKNOWN: &str = "unknown";

fn leak_hint() -> Option<String> {
    Some("write the sentence yourself; a vendor's words belong into the failure's detail".to_owned())
}

fn repeat_hint() -> Option<String> {
    Some("repeating is the host's affair: mark the request `idempotent` where that is true".to_owned())
}

/// The catalogue's code for something that has no code of its own.
const OTHER: &str = "other";

/// The model's words for the user, in which a connector may say what it could not see.
const STATUS_TEXT: &str = "status_text";

/// The answer that is usual, and how far another may fall behind it.
struct Usual<'b> {
    said: &'b str,
    fewer: bool,
}

impl Usual<'_> {
    /// The first place at which an answer says something that nobody said. To say less is honest; an empty list in place
    /// of a full one is not: it says that there is nothing.
    fn differs(&self, usual: &Value, found: &Value, pointer: &str) -> Option<Difference> {
        let differs = |usual: Option<&Value>, found: &Value, pointer: String| {
            Some(Difference { pointer, expected: usual.cloned(), found: Some(found.clone()) })
        };
        match (usual, found) {
            (_, Value::Null) => None,
            (Value::Object(usual), Value::Object(found)) => found.iter().find_map(|(name, found)| {
                let pointer = jackfield_fixtures::member(pointer, name);
                match usual.get(name) {
                    _ if name == STATUS_TEXT => None,
                    Some(usual) => self.differs(usual, found, &pointer),
                    None if found.is_null() => None,
                    None => differs(None, found, pointer),
                }
            }),
            (Value::Array(all), Value::Array(found)) if all.len() == found.len() => {
                let mut pairs = all.iter().zip(found).enumerate();
                pairs.find_map(|(at, (usual, found))| self.differs(usual, found, &format!("{pointer}/{at}")))
            }
            (Value::Array(all), Value::Array(found)) if self.fewer && found.len() < all.len() => {
                let unknown =
                    found.iter().find(|found| !all.iter().any(|usual| self.differs(usual, found, "").is_none()));
                unknown.and_then(|unknown| differs(None, unknown, pointer.to_owned()))
            }
            (Value::String(_), Value::String(found)) if found == OTHER || self.said.contains(found.as_str()) => None,
            (usual, found) if usual == found => None,
            (usual, found) => differs(Some(usual), found, pointer.to_owned()),
        }
    }
}

/// A write that left twice, the same in every part.
fn repeated_write(asked: &Asked) -> Option<String> {
    let scene = asked.scene();
    let writes: Vec<_> =
        scene.left.iter().filter(|left| left.access == Access::Write).map(|left| &left.request).collect();
    let same = |(at, one): (usize, &&jackfield_core::grant::OutboundRequest)| {
        writes[..at].iter().any(|other| {
            (&other.endpoint, &other.method, &other.path, &other.query, &other.body)
                == (&one.endpoint, &one.method, &one.path, &one.query, &one.body)
        })
    };
    let (_, twice) = writes.iter().enumerate().find(|pair| same(*pair))?;
    Some(format!("{} {} on `{}`", twice.method, twice.path, twice.endpoint))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const SAID: &str = r#"{"name": "Beta GmbH"}"#;

    fn differs(usual: &Value, found: &Value, fewer: bool) -> bool {
        Usual { said: SAID, fewer }.differs(usual, found, "").is_some()
    }

    #[test]
    fn to_say_less_is_honest_and_to_say_something_else_is_not() {
        let usual =
            json!({ "id": "7", "items": [{ "n": 1, "s": "a" }], "sla": { "due": "soon" }, "name": "beta gmbh" });
        for honest in [
            usual.clone(),
            json!({ "id": "7", "items": [{ "n": 1 }], "sla": null }),
            json!({ "id": "7", "name": "Beta GmbH" }),
            json!({ "items": [{ "s": "other" }] }),
        ] {
            assert!(!differs(&usual, &honest, false), "{honest}");
        }
        for lie in [
            json!({ "id": "8" }),
            json!({ "id": "7", "items": [] }),
            json!({ "id": "7", "items": [{ "n": 2 }] }),
            json!({ "id": "7", "new": false }),
        ] {
            assert!(differs(&usual, &lie, false), "{lie}");
        }
    }

    #[test]
    fn a_look_that_went_wrong_does_not_prove_that_nothing_happened() {
        for row in super::super::table::TABLE.iter() {
            let says_that_it_is_not_there = matches!(row.output, OutputRule::FewerToo | OutputRule::Any);
            assert_eq!(may_settle(row.output, "not-applied"), says_that_it_is_not_there, "{}", row.fault);
            assert_eq!(may_settle(row.output, "unknown"), row.output != OutputRule::Same, "{}", row.fault);
        }
    }

    #[test]
    fn what_is_not_there_may_be_left_out_of_a_list_but_nothing_comes_in() {
        let usual = json!({ "items": [{ "n": 1 }, { "n": 2 }] });
        assert!(!differs(&usual, &json!({ "items": [{ "n": 2 }] }), true));
        assert!(!differs(&usual, &json!({ "items": [] }), true));
        assert!(differs(&usual, &json!({ "items": [{ "n": 3 }] }), true));
    }
}
