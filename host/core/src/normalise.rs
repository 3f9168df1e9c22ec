//! Brings a caller's input into one form before it is validated: what a person typed in a chat, made comparable.
//! A value that does not yield stays as it is, and the schema refuses it.

use std::str::FromStr;

use jiff::tz::TimeZone;
use serde_json::Value;

use crate::schema::Plan;

/// One step of `x-normalize`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// White space at both ends.
    Trim,
    /// Lower case.
    Lower,
    /// Upper case.
    Upper,
    /// Trimmed, lower case.
    Email,
    /// E.164, with the connection's region where no country code is given.
    Phone,
    /// `YYYY-MM-DD` in the user's time zone.
    Date,
    /// Trimmed, without one leading `#`.
    OrderNumber,
}

/// What normalising depends on.
#[derive(Clone, Debug)]
pub struct Locality<'a> {
    /// ISO 3166 region for phone numbers without a country code, such as `US`.
    pub region: Option<&'a str>,
    /// The user's time zone.
    pub time_zone: &'a TimeZone,
}

/// The steps of one input schema.
#[derive(Clone, Debug, PartialEq)]
pub struct Normaliser(Plan<Vec<Step>>);

impl Normaliser {
    /// Reads `x-normalize`: a word or a list of words.
    pub fn new(schema: &Value) -> Normaliser {
        Normaliser(Plan::new(schema, &|schema| {
            let words = match schema.get("x-normalize")? {
                Value::Array(words) => words.iter().filter_map(Value::as_str).collect(),
                word => vec![word.as_str()?],
            };
            Some(words.into_iter().filter_map(step).collect())
        }))
    }

    /// Normalises in place.
    pub fn apply(&self, input: &mut Value, locality: &Locality<'_>) {
        self.0.apply(input, &mut |steps, value| {
            if let Value::String(text) = value {
                for step in steps {
                    if let Some(changed) = step.apply(text, locality) {
                        *text = changed;
                    }
                }
            }
        });
    }
}

fn step(word: &str) -> Option<Step> {
    Some(match word {
        "trim" => Step::Trim,
        "lower" => Step::Lower,
        "upper" => Step::Upper,
        "email" => Step::Email,
        "phone" => Step::Phone,
        "date" => Step::Date,
        "order_number" => Step::OrderNumber,
        _ => return None,
    })
}

impl Step {
    fn apply(self, text: &str, locality: &Locality<'_>) -> Option<String> {
        let trimmed = text.trim();
        match self {
            Step::Trim => Some(trimmed.to_owned()),
            Step::Lower => Some(text.to_lowercase()),
            Step::Upper => Some(text.to_uppercase()),
            Step::Email => Some(trimmed.to_lowercase()),
            Step::OrderNumber => Some(trimmed.strip_prefix('#').unwrap_or(trimmed).trim_start().to_owned()),
            Step::Phone => phone(trimmed, locality.region),
            Step::Date => date(trimmed, locality.time_zone),
        }
    }
}

fn phone(text: &str, region: Option<&str>) -> Option<String> {
    let region = region.and_then(|r| phonenumber::country::Id::from_str(r).ok());
    let number = phonenumber::parse(region, text).ok()?;
    Some(number.format().mode(phonenumber::Mode::E164).to_string())
}

fn date(text: &str, time_zone: &TimeZone) -> Option<String> {
    if let Ok(instant) = text.parse::<jiff::Timestamp>() {
        return Some(instant.to_zoned(time_zone.clone()).date().to_string());
    }
    text.parse::<jiff::civil::Date>().ok().map(|d| d.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn normalised(word: &str, text: &str, region: Option<&str>) -> String {
        let time_zone = TimeZone::get("America/New_York").unwrap();
        let schema = json!({ "properties": { "x": { "type": "string", "x-normalize": word } } });
        let mut input = json!({ "x": text });
        Normaliser::new(&schema).apply(&mut input, &Locality { region, time_zone: &time_zone });
        input["x"].as_str().unwrap().to_owned()
    }

    #[test]
    fn what_people_type_becomes_comparable() {
        let cases = [
            ("trim", "  a b ", None, "a b"),
            ("email", " Jane@Example.COM ", None, "jane@example.com"),
            ("order_number", " #1001 ", None, "1001"),
            ("order_number", "##1001", None, "#1001"),
            ("phone", "(202) 555-0143", Some("US"), "+12025550143"),
            ("phone", "+43 1 58058 0", None, "+431580580"),
            ("date", "2026-01-25", None, "2026-01-25"),
            ("date", "2026-01-26T03:00:00Z", None, "2026-01-25"),
        ];
        for (word, text, region, expected) in cases {
            assert_eq!(normalised(word, text, region), expected, "{word} {text}");
        }
    }

    #[test]
    fn what_does_not_yield_stays_for_the_schema_to_refuse() {
        for (word, text) in [("phone", "call me"), ("date", "tomorrow"), ("phone", "555-0143"), ("unknown", " x ")] {
            assert_eq!(normalised(word, text, None), text, "{word} {text}");
        }
    }
}
