//! `$filter` of version 2: conditions joined by `and`, every value a literal.
//!
//! Names of properties are constants of the connector. There is no `in`: several values are an `or` chain.

use std::fmt;

use crate::{
    failure::Failure,
    query::odata::{string, v2_datetime},
    time::Day,
};

/// The most values in one `or` chain. A longer URL is refused by gateways on the way.
pub const VALUES_MAX: usize = 20;

/// Conditions that all hold. Its text form is the value of `$filter`.
///
/// ```
/// use jackfield_sdk::odata::Filter;
///
/// let filter = Filter::new().eq("Material", "O'Ring")?.any("Plant", ["1710", "1720"])?;
/// assert_eq!(filter.to_string(), "Material eq 'O''Ring' and (Plant eq '1710' or Plant eq '1720')");
/// # Ok::<(), jackfield_sdk::Failure>(())
/// ```
///
/// # Errors
/// Of all methods that give a `Result`: `invalid-input` without a pointer for a value that cannot be searched for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter(Vec<String>);

#[allow(missing_docs, clippy::missing_errors_doc, reason = "said once, at the type")]
impl Filter {
    pub fn new() -> Self {
        Filter::default()
    }

    fn and(mut self, condition: String) -> Self {
        self.0.push(condition);
        self
    }

    /// A text property has this value.
    pub fn eq(self, property: &'static str, value: &str) -> Result<Self, Failure> {
        let literal = string(value)?;
        Ok(self.and(format!("{property} eq {literal}")))
    }

    /// The same where there is a value.
    pub fn eq_if(self, property: &'static str, value: Option<&str>) -> Result<Self, Failure> {
        match value {
            Some(value) => self.eq(property, value),
            None => Ok(self),
        }
    }

    /// A text property has one of these values: [`VALUES_MAX`] of them at most, and at least one.
    pub fn any<V: AsRef<str>>(
        self,
        property: &'static str,
        values: impl IntoIterator<Item = V>,
    ) -> Result<Self, Failure> {
        self.any_of(values.into_iter().map(|value| (property, value)))
    }

    /// One of several properties has its value: property and value, [`VALUES_MAX`] pairs at most, and at least one.
    pub fn any_of<V: AsRef<str>>(self, pairs: impl IntoIterator<Item = (&'static str, V)>) -> Result<Self, Failure> {
        let choices = pairs.into_iter().take(VALUES_MAX + 1);
        let choices = choices.map(|(property, value)| Ok(format!("{property} eq {}", string(value.as_ref())?)));
        let choices = choices.collect::<Result<Vec<_>, Failure>>()?;
        match choices.as_slice() {
            [] => Err(Failure::internal("a filter on none of no values")),
            [one] => Ok(self.and(one.clone())),
            many if many.len() > VALUES_MAX => Err(Failure::internal("a filter on too many values")),
            many => Ok(self.and(format!("({})", many.join(" or ")))),
        }
    }

    /// One of these filters holds: at least one of them, and none empty.
    pub fn either(self, filters: impl IntoIterator<Item = Filter>) -> Result<Self, Failure> {
        let choices: Vec<Filter> = filters.into_iter().collect();
        if choices.is_empty() || choices.iter().any(|filter| filter.0.is_empty()) {
            return Err(Failure::internal("a filter on one of no conditions"));
        }
        // `and` binds closer than `or`: only the whole needs brackets.
        let choices: Vec<String> = choices.iter().map(Filter::to_string).collect();
        Ok(self.and(format!("({})", choices.join(" or "))))
    }

    /// A text property holds this text somewhere, in lower case on both sides.
    pub fn holds(self, property: &'static str, value: &str) -> Result<Self, Failure> {
        let literal = string(&value.to_lowercase())?;
        Ok(self.and(format!("substringof({literal},tolower({property}))")))
    }

    /// A text property has this value, in lower case on both sides.
    pub fn eq_folded(self, property: &'static str, value: &str) -> Result<Self, Failure> {
        let literal = string(&value.to_lowercase())?;
        Ok(self.and(format!("tolower({property}) eq {literal}")))
    }

    /// A date is this day or before.
    #[must_use]
    pub fn until(self, property: &'static str, day: Day) -> Self {
        self.and(format!("{property} le {}", v2_datetime(day.midnight())))
    }

    /// A date is this day or after.
    #[must_use]
    pub fn from(self, property: &'static str, day: Day) -> Self {
        self.and(format!("{property} ge {}", v2_datetime(day.midnight())))
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" and "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_joined_and_values_stay_in_their_literals() {
        let filter = Filter::new().eq("A", "x' or 'a' eq 'a").unwrap().eq_if("B", None).unwrap();
        let day = Day::parse("2026-01-31").unwrap();
        let filter = filter.until("C", day).from("D", day).holds("E", "Ann'").unwrap().eq_folded("F", "X").unwrap();
        assert_eq!(
            filter.to_string(),
            "A eq 'x'' or ''a'' eq ''a' and C le datetime'2026-01-31T00:00:00' \
             and D ge datetime'2026-01-31T00:00:00' and substringof('ann''',tolower(E)) and tolower(F) eq 'x'"
        );
    }

    #[test]
    fn a_choice_is_bounded_and_never_empty() {
        let many = vec!["x"; VALUES_MAX + 1];
        for values in [vec![], many] {
            assert_eq!(Filter::new().any("A", values).unwrap_err().kind.code(), "internal");
        }
        assert_eq!(Filter::new().any("A", ["x"]).unwrap().to_string(), "A eq 'x'");
        let either = Filter::new().any_of([("A", "x"), ("B", "y")]).unwrap();
        assert_eq!(either.to_string(), "(A eq 'x' or B eq 'y')");
        let filters = [Filter::new().eq("A", "x").unwrap(), Filter::new().eq_folded("B", "Y").unwrap()];
        let either = Filter::new().eq("C", "z").unwrap().either(filters).unwrap();
        assert_eq!(either.to_string(), "C eq 'z' and (A eq 'x' or tolower(B) eq 'y')");
        assert_eq!(Filter::new().either([Filter::new()]).unwrap_err().kind.code(), "internal");
        assert_eq!(Filter::new().any("A", ["a\0"]).unwrap_err().kind.code(), "invalid-input");
    }
}
