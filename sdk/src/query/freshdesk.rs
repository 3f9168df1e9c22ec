//! Filter queries of Freshdesk (`query=`).
//!
//! Rule: the whole query stands in double quotes, strings in it in single quotes, `AND` and `OR` with brackets join, and
//! 512 characters are the most (Freshdesk API, "Filter tickets"). No escape is documented, so quotes and backslashes are
//! refused.

use super::{refusal, sane};
use crate::failure::Failure;

/// The longest query, in characters.
const QUERY_CHARS_MAX: usize = 512;

/// A string literal with its quotes.
///
/// # Errors
/// `invalid-input` for an empty or over-long value, control characters, quotes and `\`.
pub fn string(value: &str) -> Result<String, Failure> {
    if value.contains(['\'', '"', '\\']) {
        return Err(refusal("a quote or backslash"));
    }
    Ok(format!("'{}'", sane(value)?))
}

/// Conditions that must all hold, in the double quotes that the parameter needs.
///
/// ```
/// use jackfield_sdk::query::freshdesk;
///
/// let tag = format!("tag:{}", freshdesk::string("vip").unwrap());
/// assert_eq!(freshdesk::all(&["status:2", &tag]).unwrap(), r#""status:2 AND tag:'vip'""#);
/// ```
///
/// # Errors
/// `invalid-input` when it becomes too long.
pub fn all(conditions: &[&str]) -> Result<String, Failure> {
    let query = conditions.join(" AND ");
    if query.is_empty() || query.chars().count() > QUERY_CHARS_MAX {
        return Err(refusal("a query that is empty or too long"));
    }
    Ok(format!("\"{query}\""))
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{NEVER, texts},
        *,
    };

    #[test]
    fn no_value_leaves_its_literal() {
        for text in texts("'\"\\:(a ") {
            if let Ok(literal) = string(&text) {
                assert!(!literal[1..literal.len() - 1].contains(['\'', '"', '\\']), "{literal}");
            }
        }
        for bad in NEVER.into_iter().chain(["x' OR priority:4 OR tag:'"]) {
            assert!(string(bad).is_err(), "{bad:?}");
        }
        assert!(all(&[]).is_err() && all(&[&"a".repeat(513)]).is_err());
    }
}
