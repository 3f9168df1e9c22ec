//! `searchCriteria` (Magento, Adobe Commerce).
//!
//! Rule: `searchCriteria[filter_groups][g][filters][f][field|value|condition_type]`; filters of a group are joined by OR,
//! groups by AND; indices must be written. Values are bound by the server, so the hazards are the others: `%` and `_` in
//! `like`, a comma in lists, and a group that somebody else fills.

use super::{refusal, sane};
use crate::failure::Failure;

/// Search criteria, as query parameters.
///
/// ```
/// use jackfield_sdk::query::magento::SearchCriteria;
///
/// let pairs = SearchCriteria::new().eq("increment_id", "000000001")?.page(5, 1).into_pairs();
/// assert_eq!(pairs[0], ("searchCriteria[filter_groups][0][filters][0][field]".into(), "increment_id".into()));
/// assert_eq!(pairs[1], ("searchCriteria[filter_groups][0][filters][0][value]".into(), "000000001".into()));
/// # Ok::<(), jackfield_sdk::Failure>(())
/// ```
///
/// In a connector: `call.http("rest").get("/V1/orders")?.queries(criteria.into_pairs())`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "search criteria do nothing until they are sent"]
pub struct SearchCriteria {
    pairs: Vec<(String, String)>,
    groups: usize,
    sorts: usize,
}

impl SearchCriteria {
    /// No condition yet.
    pub fn new() -> Self {
        SearchCriteria::default()
    }

    /// And the field is this: the only condition to prove an identity with.
    ///
    /// # Errors
    /// `invalid-input` for an empty or over-long value and control characters.
    pub fn eq(self, field: &'static str, value: &str) -> Result<Self, Failure> {
        self.any(&[(field, "eq", value)])
    }

    /// And the field contains this, wildcards taken as they are.
    ///
    /// # Errors
    /// Like [`eq`](SearchCriteria::eq).
    pub fn contains(self, field: &'static str, value: &str) -> Result<Self, Failure> {
        let escaped = value.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_");
        sane(value)?;
        Ok(self.group([(field, "like", format!("%{escaped}%"))]))
    }

    /// And the field is one of these.
    ///
    /// # Errors
    /// Like [`eq`](SearchCriteria::eq), and for a comma in a value or no value at all.
    pub fn one_of(self, field: &'static str, values: &[&str]) -> Result<Self, Failure> {
        for value in values {
            if sane(value)?.contains(',') {
                return Err(refusal("a comma in a list"));
            }
        }
        if values.is_empty() {
            Err(refusal("an empty list"))
        } else {
            Ok(self.group([(field, "in", values.join(","))]))
        }
    }

    /// And one of these holds: field, condition (`eq`, `gteq`, ..), value.
    ///
    /// # Errors
    /// Like [`eq`](SearchCriteria::eq), and for the conditions that have their own methods because their values hold syntax.
    pub fn any(self, conditions: &[(&'static str, &'static str, &str)]) -> Result<Self, Failure> {
        for (_, condition, value) in conditions {
            if matches!(*condition, "like" | "nlike" | "in" | "nin" | "finset" | "nfinset") {
                return Err(Failure::internal(format!("`{condition}` needs a method of its own")));
            }
            sane(value)?;
        }
        Ok(self.group(conditions.iter().map(|(field, condition, value)| (*field, *condition, (*value).to_owned()))))
    }

    /// Sorted by a field, after those before.
    pub fn sort(mut self, field: &'static str, descending: bool) -> Self {
        let direction = if descending { "DESC" } else { "ASC" };
        for (key, value) in [("field", field), ("direction", direction)] {
            self.pairs.push((format!("searchCriteria[sortOrders][{}][{key}]", self.sorts), value.to_owned()));
        }
        self.sorts += 1;
        self
    }

    /// This many on a page, and which page, counted from 1.
    pub fn page(mut self, size: u32, number: u64) -> Self {
        self.pairs.push(("searchCriteria[pageSize]".to_owned(), size.to_string()));
        self.pairs.push(("searchCriteria[currentPage]".to_owned(), number.to_string()));
        self
    }

    /// The query parameters.
    pub fn into_pairs(self) -> Vec<(String, String)> {
        self.pairs
    }

    fn group(mut self, filters: impl IntoIterator<Item = (&'static str, &'static str, String)>) -> Self {
        for (at, (field, condition, value)) in filters.into_iter().enumerate() {
            for (key, value) in
                [("field", field.to_owned()), ("value", value), ("condition_type", condition.to_owned())]
            {
                self.pairs
                    .push((format!("searchCriteria[filter_groups][{}][filters][{at}][{key}]", self.groups), value));
            }
        }
        self.groups += 1;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::NEVER, *};

    fn shown(criteria: SearchCriteria) -> String {
        let pairs = criteria.into_pairs().into_iter().map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("\n").replace("searchCriteria", "")
    }

    #[test]
    fn groups_are_numbered_and_filters_in_them() {
        let criteria = SearchCriteria::new().eq("a", "1").unwrap();
        let criteria = criteria.any(&[("b", "eq", "2"), ("c", "gteq", "3")]).unwrap().sort("d", true).page(5, 2);
        assert_eq!(
            shown(criteria),
            "[filter_groups][0][filters][0][field]=a\n[filter_groups][0][filters][0][value]=1\n\
             [filter_groups][0][filters][0][condition_type]=eq\n[filter_groups][1][filters][0][field]=b\n\
             [filter_groups][1][filters][0][value]=2\n[filter_groups][1][filters][0][condition_type]=eq\n\
             [filter_groups][1][filters][1][field]=c\n[filter_groups][1][filters][1][value]=3\n\
             [filter_groups][1][filters][1][condition_type]=gteq\n[sortOrders][0][field]=d\n\
             [sortOrders][0][direction]=DESC\n[pageSize]=5\n[currentPage]=2"
        );
    }

    #[test]
    fn wildcards_and_commas_in_values_are_no_syntax() {
        let criteria = SearchCriteria::new().contains("sku", r"50%_\").unwrap();
        assert!(shown(criteria).contains(r"[value]=%50\%\_\\%"));
        assert!(SearchCriteria::new().one_of("sku", &["a", "b,c"]).is_err());
        assert!(SearchCriteria::new().one_of("sku", &[]).is_err());
        assert!(SearchCriteria::new().any(&[("sku", "like", "%")]).is_err());
        for bad in NEVER {
            assert!(SearchCriteria::new().eq("sku", bad).is_err(), "{bad:?}");
        }
    }
}
