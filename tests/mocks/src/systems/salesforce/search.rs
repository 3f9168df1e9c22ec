//! Answers parameterized searches: whole words, in any order, in any searchable field. Answers for no SOSL.
//! Source: REST API Developer Guide, "Parameterized Search".

use serde_json::{Value, json};

use super::schema::{Kind, Object, object};
use super::soql::Path;
use super::state::Record;
use super::{Call, error};
use crate::exchange::Answer;

/// A search term is longer than this many characters.
const TERM_MIN: usize = 2;
/// Results in one answer, at most and by default.
const RESULTS_MAX: usize = 2000;

impl Call<'_> {
    pub(super) fn search(&mut self) -> Answer {
        let pairs = self.request.pairs();
        let text = |name: &str| pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let objects: Vec<&'static Object> =
            pairs.iter().filter(|(name, _)| name == "sobject").filter_map(|(_, name)| object(name)).collect();
        let mut fields = text("fields").map(str::to_owned);
        let mut limits = Vec::new();
        for (name, value) in &pairs {
            let own = name.split_once('.').map(|(owner, part)| (object(owner).map(|found| &found.name), part));
            match (name.as_str(), own) {
                ("q" | "fields", _) => {}
                ("sobject", _) if object(value).is_some() => {}
                ("in", _) if ["ALL", "NAME", "EMAIL", "PHONE", "SIDEBAR"].contains(&value.as_str()) => {}
                ("defaultLimit" | "overallLimit", _) if value.parse::<usize>().is_ok() => {}
                (_, Some((Some(owner), "fields"))) if objects.iter().any(|found| found.name == *owner) => {}
                (_, Some((Some(owner), "limit"))) if value.parse::<usize>().is_ok() => limits.push((owner, value)),
                _ => {
                    self.violations.push(format!("unknown parameter or value {name}"));
                    return error(400, "INVALID_SEARCH", &format!("invalid parameter: {name}"));
                }
            }
        }
        let Some(term) = text("q").filter(|term| term.chars().count() >= TERM_MIN) else {
            self.violations.push("q is shorter than two characters".to_owned());
            return error(400, "MALFORMED_SEARCH", "search term must be longer than one character");
        };
        if objects.is_empty() {
            self.violations.push("no sobject".to_owned());
            return error(400, "INVALID_SEARCH", "sobject is required in this simulation");
        }
        let words: Vec<String> = words(term);
        let group = text("in").unwrap_or("ALL");
        let overall = number(text("overallLimit"));
        let mut found = Vec::new();
        for object in objects {
            let own = format!("{}.fields", object.name);
            let list = text(&own).map(str::to_owned).or_else(|| fields.take()).unwrap_or_else(|| "Id".to_owned());
            let paths: Vec<Path> = list.split(',').map(|name| vec![name.trim().to_owned()]).collect();
            if let Some(name) = paths.iter().flatten().find(|name| object.field(name).is_none()) {
                let message = format!("No such column '{name}' on entity '{}'.", object.name);
                self.violations.push(message.clone());
                return error(400, "INVALID_FIELD", &message);
            }
            let own = limits.iter().find(|(owner, _)| **owner == object.name).map(|(_, value)| value.as_str());
            let most = number(own.or_else(|| text("defaultLimit")));
            let rows = self.state.live(object).filter(|record| is_hit(object, record, group, &words)).take(most);
            found.extend(rows.map(|record| self.render(object, record, &paths)));
        }
        found.truncate(overall);
        Answer::json(200, &json!({ "searchRecords": found }))
    }
}

fn number(text: Option<&str>) -> usize {
    text.and_then(|text| text.parse().ok()).unwrap_or(RESULTS_MAX)
}

/// Every word is somewhere in the fields of the group; a star at a word's end stands for its rest.
fn is_hit(object: &Object, record: &Record, group: &str, wanted: &[String]) -> bool {
    let searched = object.fields.iter().filter(|field| match &field.kind {
        Kind::Text { name, .. } => match group {
            "NAME" => field.name.ends_with("Name"),
            "EMAIL" => name == "email",
            "PHONE" => name == "phone",
            _ => true,
        },
        _ => false,
    });
    let known: Vec<String> = searched
        .filter_map(|field| record.get(&field.name).and_then(Value::as_str))
        .flat_map(|text| words(text).into_iter().chain([text.to_lowercase()]))
        .collect();
    wanted.iter().all(|wanted| match wanted.strip_suffix('*') {
        Some(start) => known.iter().any(|known| known.starts_with(start)),
        None => known.contains(wanted),
    })
}

/// Words in lower case; an address and what is written like one stay whole.
fn words(text: &str) -> Vec<String> {
    text.split(|letter: char| letter.is_whitespace() || "(),;\"".contains(letter))
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}
