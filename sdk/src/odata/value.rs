//! Values of version 2 in JSON: texts in which empty and null both mean nothing, and dates as `/Date(1492041600000)/`.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::{
    query::odata::v2_json_date,
    time::{Day, Instant},
};

/// `Edm.String` and the like. SAP says "no value" with an empty text as often as with null.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text(Option<String>);

impl Text {
    /// The text, if there is one.
    pub fn get(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// The text, or the empty one: for codes whose tables have a word for "empty".
    pub fn code(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }

    /// The text of its own, if there is one.
    pub fn owned(&self) -> Option<String> {
        self.0.clone()
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        let text = text.trim();
        Text((!text.is_empty()).then(|| text.to_owned()))
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        Ok(Text::from(text.as_deref().unwrap_or_default()))
    }
}

/// `Edm.DateTime` and `Edm.DateTimeOffset`. What has no such form counts as absent: a strange date is no reason to
/// withhold an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct DateTime(Option<Instant>);

impl DateTime {
    /// The point in time.
    pub fn instant(self) -> Option<Instant> {
        self.0
    }

    /// The day, where a day is meant: version 2 writes one as midnight UTC, so that it is never shifted to a zone.
    pub fn day(self) -> Option<Day> {
        self.0.map(Instant::date)
    }
}

impl<'de> Deserialize<'de> for DateTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        Ok(DateTime(text.as_deref().and_then(v2_json_date)))
    }
}

/// A day as version 2 takes it in a JSON body.
///
/// ```
/// use jackfield_sdk::{odata, time::Day};
///
/// assert_eq!(odata::json_date(Day::parse("2026-06-15").unwrap()), "/Date(1781481600000)/");
/// ```
pub fn json_date(day: Day) -> String {
    format!("/Date({})/", day.midnight().ms())
}

/// A value as a model's `vendor` bag shows it: a date as RFC 3339 (only the day where it is midnight), anything else as it
/// is. Nothing for an empty text and for what is no single value.
pub fn plain(value: &Value) -> Option<Value> {
    match value {
        Value::String(text) => {
            let text = Text::from(text.as_str()).owned()?;
            let at = v2_json_date(&text);
            let date = at.map(|at| if at == at.date().midnight() { at.date().to_string() } else { at.to_string() });
            Some(Value::String(date.unwrap_or(text)))
        }
        Value::Number(_) | Value::Bool(_) => Some(value.clone()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn empty_blank_and_null_all_mean_nothing() {
        for nothing in [json!(null), json!(""), json!("  ")] {
            assert_eq!(serde_json::from_value::<Text>(nothing).unwrap().get(), None);
        }
        assert_eq!(serde_json::from_value::<Text>(json!("EUR  ")).unwrap().get(), Some("EUR"));
    }

    #[test]
    fn a_day_is_the_day_in_utc_and_a_strange_one_is_none() {
        let day = |value| serde_json::from_value::<DateTime>(value).unwrap().day().map(|day| day.to_string());
        assert_eq!(day(json!("/Date(1772409600000)/")).as_deref(), Some("2026-03-02"));
        assert_eq!(day(json!("/Date(-86400000)/")).as_deref(), Some("1969-12-31"));
        assert_eq!(day(json!("/Date(1772446500000+0000)/")).as_deref(), Some("2026-03-02"));
        for strange in [json!(null), json!(""), json!("00000000"), json!("2026-03-02")] {
            assert_eq!(day(strange), None);
        }
    }

    #[test]
    fn a_bag_shows_dates_as_dates_and_no_structures() {
        assert_eq!(plain(&json!("/Date(1772409600000)/")), Some(json!("2026-03-02")));
        assert_eq!(plain(&json!("/Date(1772446500000+0000)/")), Some(json!("2026-03-02T10:15:00Z")));
        assert_eq!(plain(&json!("A")), Some(json!("A")));
        assert_eq!(plain(&json!(true)), Some(json!(true)));
        for nothing in [json!(""), json!(null), json!({"__deferred": {}}), json!([1])] {
            assert_eq!(plain(&nothing), None);
        }
    }
}
