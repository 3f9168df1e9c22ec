//! Search syntax of the Shopify Admin API.
//!
//! Rule: terms are joined by spaces, `AND` and `OR`, negated by `-` and `NOT`, grouped by brackets; a phrase stands in
//! double quotes, where `\` escapes itself and `"` (shopify.dev, "API search syntax"). Outside quotes an e-mail address is
//! split into words, so a value is always quoted, the text travels as a GraphQL variable, and each hit is compared.

use super::refusal;
use crate::failure::Failure;

/// A term: `field:"value"`. Control characters are dropped.
///
/// ```
/// use jackfield_sdk::query::shopify;
///
/// assert_eq!(shopify::term("name", "#1001").unwrap(), r##"name:"#1001""##);
/// assert_eq!(shopify::term("name", r#"1001" OR status:open"#).unwrap(), r#"name:"1001\" OR status:open""#);
/// ```
///
/// # Errors
/// `invalid-input` when nothing is left or the value is too long.
pub fn term(field: &'static str, value: &str) -> Result<String, Failure> {
    Ok(format!("{field}:{}", phrase(value)?))
}

/// A phrase: the value in its quotes. Control characters are dropped.
///
/// # Errors
/// Like [`term`].
pub fn phrase(value: &str) -> Result<String, Failure> {
    let value: String = value.chars().filter(|c| !c.is_control()).collect();
    if value.trim().is_empty() || value.chars().count() > super::VALUE_CHARS_MAX {
        return Err(refusal("nothing, or too much, to search for"));
    }
    Ok(format!("\"{}\"", value.trim().replace('\\', r"\\").replace('"', "\\\"")))
}

#[cfg(test)]
mod tests {
    use super::{super::tests::texts, *};

    #[test]
    fn no_value_leaves_its_quotes() {
        for text in texts("\"\\':(a ").iter().filter(|text| !text.trim().is_empty()) {
            let phrase = phrase(text).unwrap();
            let mut rest = phrase.strip_prefix('"').unwrap().chars();
            let mut found = String::new();
            let closed = loop {
                match rest.next() {
                    None => break false,
                    Some('"') => break rest.next().is_none(),
                    Some('\\') => found.extend(rest.next()),
                    Some(c) => found.push(c),
                }
            };
            assert!(closed && found == text.trim(), "{text}: {phrase}");
        }
        assert_eq!(phrase("a\n\0b").unwrap(), "\"ab\"");
        assert!(phrase("\n").is_err() && phrase(&"a".repeat(251)).is_err());
    }
}
