//! The org's records, cursors and knobs. Answers for storing and finding them; `write` and `query` answer for the
//! rules.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::duplicates::Rule;
use super::oauth::{Consent, Policy};
use super::schema::{Kind, Object, objects};
use super::tokens::Tokens;
use crate::clock::Clock;

pub(super) type Record = Map<String, Value>;

/// The integration user, who owns what nobody else does.
pub(super) const USER_ID: &str = "0055g00000000O1AAI";
/// Rows in a page of query results, at most and by default.
pub(super) const PAGE_MAX: usize = 2000;

/// The rest of a query's answer.
pub(super) struct Cursor {
    pub(super) records: Vec<Value>,
    pub(super) page: usize,
}

pub(super) struct State {
    pub(super) records: HashMap<&'static str, Vec<Record>>,
    pub(super) cursors: HashMap<String, Cursor>,
    pub(super) tokens: Tokens,
    pub(super) policy: Policy,
    pub(super) clock: Clock,
    /// API calls of the last 24 hours.
    pub(super) used: u64,
    pub(super) limit_reached: bool,
    /// How many of the next writes find their row locked.
    pub(super) locks: u64,
    pub(super) page: usize,
    pub(super) duplicate_rule: Rule,
    made: u64,
}

impl State {
    pub(super) fn empty() -> Self {
        Self {
            records: objects().iter().map(|object| (object.name.as_str(), Vec::new())).collect(),
            cursors: HashMap::new(),
            tokens: Tokens::seed(Timestamp::now()),
            policy: Policy::seed(),
            clock: Clock::default(),
            used: 17,
            limit_reached: false,
            locks: 0,
            page: PAGE_MAX,
            duplicate_rule: Rule::Alert,
            made: 0,
        }
    }

    pub(super) fn turn(&mut self, knob: &str, value: &Value) -> Result<(), String> {
        let flag = || value.as_bool().ok_or_else(|| format!("{knob} is true or false"));
        let count = || value.as_u64().ok_or_else(|| format!("{knob} is a number from 0"));
        match knob {
            "access-token-seconds" => {
                self.tokens.life_seconds = value
                    .as_i64()
                    .filter(|seconds| (0..=super::tokens::LIFE_SECONDS * 12).contains(seconds))
                    .ok_or("access-token-seconds is a number of seconds up to a day")?;
            }
            "expire-access-tokens" => {
                if flag()? {
                    self.tokens.expire();
                }
            }
            "revoke-consent" => match value {
                Value::Bool(true) => {
                    self.policy.revoke(None);
                    self.tokens.revoke_app(None);
                }
                Value::Bool(false) => self.policy.approve(),
                Value::String(app) => {
                    self.policy.revoke(Some(app));
                    self.tokens.revoke_app(Some(app));
                }
                _ => return Err("revoke-consent is true, false or a client id".to_owned()),
            },
            "granted-scope" => {
                self.policy.scope = match value {
                    Value::Null => None,
                    Value::String(scope) => Some(scope.clone()),
                    _ => return Err("granted-scope is text or null".to_owned()),
                };
            }
            "authorize" => {
                self.policy.consent = match value.as_str() {
                    Some("grant") => Consent::Granted,
                    Some("deny") => Consent::Denied,
                    Some("wrong-iss") => Consent::WrongIssuer,
                    Some("no-iss") => Consent::NoIssuer,
                    Some("wrong-state") => Consent::WrongState,
                    _ => return Err("authorize is grant, deny, wrong-iss, no-iss or wrong-state".to_owned()),
                };
            }
            "clock-skew-seconds" => self.clock.turn(value)?,
            "lock-rows" => self.locks = count()?,
            "api-limit-reached" => self.limit_reached = flag()?,
            "page-size" => {
                self.page = value
                    .as_u64()
                    .and_then(|size| usize::try_from(size).ok())
                    .filter(|size| (1..=PAGE_MAX).contains(size))
                    .ok_or("page-size is a number from 1 to 2000")?;
            }
            "duplicate-rule" => {
                self.duplicate_rule = match value.as_str() {
                    Some("off") => Rule::Off,
                    Some("alert") => Rule::Alert,
                    Some("block") => Rule::Block,
                    _ => return Err("duplicate-rule is off, alert or block".to_owned()),
                };
            }
            _ => return Err(format!("salesforce has no knob {knob:?}")),
        }
        Ok(())
    }

    /// The records of an object that are not deleted, in the order of their creation.
    pub(super) fn live(&self, object: &Object) -> impl Iterator<Item = &Record> {
        let all = self.records.get(object.name.as_str());
        all.into_iter().flatten().filter(|record| record.get("IsDeleted") != Some(&Value::Bool(true)))
    }

    /// The record of an id in either form, deleted or not.
    pub(super) fn find(&self, object: &Object, id: &str) -> Option<&Record> {
        self.records.get(object.name.as_str())?.iter().find(|record| same_id(record, id))
    }

    pub(super) fn find_mut(&mut self, object: &Object, id: &str) -> Option<&mut Record> {
        self.records.get_mut(object.name.as_str())?.iter_mut().find(|record| same_id(record, id))
    }

    /// Stores a record with everything the platform adds, and answers its id.
    pub(super) fn insert(&mut self, object: &'static Object, fields: Record) -> String {
        self.made += 1;
        let id = match fields.get("Id").and_then(Value::as_str) {
            Some(id) => id.to_owned(),
            None => make_id(&object.prefix, self.made),
        };
        let mut record = Record::new();
        for field in &object.fields {
            let value = match field.name.as_str() {
                "Id" => json!(id),
                "OwnerId" | "CreatedById" | "LastModifiedById" => json!(USER_ID),
                "CreatedDate" | "LastModifiedDate" | "SystemModstamp" => json!(stamp(self.clock.now())),
                _ => field.default.clone().unwrap_or_default(),
            };
            let value = fields.get(&field.name).filter(|given| !given.is_null()).cloned().unwrap_or(value);
            // A boolean is never null.
            let value = if field.kind == Kind::Boolean && value.is_null() { json!(false) } else { value };
            record.insert(field.name.clone(), value);
        }
        derive(object, &fields, &mut record);
        self.records.entry(object.name.as_str()).or_default().push(record);
        id
    }

    /// Changes a record that exists, and what follows from the change.
    pub(super) fn update(&mut self, object: &'static Object, id: &str, fields: &Record) {
        let now = stamp(self.clock.now());
        if let Some(record) = self.find_mut(object, id) {
            for (name, value) in fields {
                record.insert(name.clone(), value.clone());
            }
            record.insert("LastModifiedDate".to_owned(), json!(now));
            record.insert("SystemModstamp".to_owned(), json!(now));
            record.insert("LastModifiedById".to_owned(), json!(USER_ID));
            derive(object, fields, record);
        }
    }
}

/// Fills the fields that follow from others.
fn derive(object: &Object, given: &Record, record: &mut Record) {
    let text = |record: &Record, name: &str| record.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    match object.name.as_str() {
        "Contact" | "Lead" | "User" => {
            let name = format!("{} {}", text(record, "FirstName"), text(record, "LastName"));
            record.insert("Name".to_owned(), json!(name.trim()));
        }
        "Opportunity" => {
            let stage = stage(&text(record, "StageName"));
            record.insert("IsClosed".to_owned(), json!(stage.closed));
            record.insert("IsWon".to_owned(), json!(stage.won));
            record.insert("ForecastCategory".to_owned(), json!(stage.forecast));
            // A stage brings its probability, unless the same request says another.
            if given.contains_key("StageName") && !given.contains_key("Probability") {
                record.insert("Probability".to_owned(), json!(stage.probability));
            }
        }
        "Task" => {
            let closed = text(record, "Status") == "Completed";
            record.insert("IsClosed".to_owned(), json!(closed));
            let high = text(record, "Priority") == "High";
            record.insert("IsHighPriority".to_owned(), json!(high));
        }
        _ => {}
    }
}

pub(super) struct Stage {
    pub(super) name: &'static str,
    pub(super) probability: u8,
    pub(super) closed: bool,
    pub(super) won: bool,
    forecast: &'static str,
}

const fn open_stage(name: &'static str, probability: u8) -> Stage {
    Stage { name, probability, closed: false, won: false, forecast: "Pipeline" }
}

/// The stages of a new org with the probabilities they bring (Object Reference, OpportunityStage).
pub(super) const STAGES: &[Stage] = &[
    open_stage("Prospecting", 10),
    open_stage("Qualification", 10),
    open_stage("Needs Analysis", 20),
    open_stage("Value Proposition", 50),
    open_stage("Id. Decision Makers", 60),
    open_stage("Perception Analysis", 70),
    open_stage("Proposal/Price Quote", 75),
    open_stage("Negotiation/Review", 90),
    Stage { name: "Closed Won", probability: 100, closed: true, won: true, forecast: "Closed" },
    Stage { name: "Closed Lost", probability: 0, closed: true, won: false, forecast: "Omitted" },
];

/// A stage that is not in the list behaves like the first: the picklist is not restricted.
fn stage(name: &str) -> &'static Stage {
    const FIRST: &Stage = &open_stage("Prospecting", 10);
    STAGES.iter().find(|stage| stage.name == name).unwrap_or(FIRST)
}

/// Ids are equal in their first 15 characters, which are case-sensitive.
fn same_id(record: &Record, id: &str) -> bool {
    let own = record.get("Id").and_then(Value::as_str).unwrap_or_default();
    match (own.get(..15), id.get(..15)) {
        (Some(own), Some(wanted)) => own == wanted && (id.len() == 15 || id.len() == 18),
        _ => false,
    }
}

pub(super) fn is_id(text: &str) -> bool {
    matches!(text.len(), 15 | 18) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The nth id of a prefix, with the three characters that make it safe to compare without case.
pub(super) fn make_id(prefix: &str, number: u64) -> String {
    let short = format!("{prefix}5g00000{number:05}");
    let suffix: String = short
        .as_bytes()
        .chunks(5)
        .map(|chunk| {
            let bits = chunk
                .iter()
                .enumerate()
                .fold(0, |bits, (index, byte)| bits | usize::from(byte.is_ascii_uppercase()) << index);
            char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[bits])
        })
        .collect();
    short + &suffix
}

/// A datetime as every answer shows it: milliseconds, and an offset without a colon.
pub(super) fn stamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3f+0000").to_string()
}

/// Reads a datetime in the form of answers or of requests.
pub(super) fn read_stamp(text: &str) -> Option<Timestamp> {
    let zoned = text.strip_suffix("+0000").map(|civil| format!("{civil}Z"));
    zoned.as_deref().unwrap_or(text).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_suffix_that_encodes_their_case() {
        assert_eq!(make_id("00Q", 1), "00Q5g0000000001EAA");
        assert!(is_id(&make_id("003", 7)) && is_id("0035g0000000007") && !is_id("0035g00000000"));
    }

    #[test]
    fn a_stamp_reads_back() {
        let at = Timestamp::from_millisecond(1_767_225_600_123).unwrap();
        assert_eq!(stamp(at), "2026-01-01T00:00:00.123+0000");
        assert_eq!(read_stamp(&stamp(at)), Some(at));
        assert_eq!(read_stamp("2026-01-01T00:00:00.123Z"), Some(at));
    }
}
