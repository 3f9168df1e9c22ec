//! JQL (Jira).
//!
//! Rule: a string stands in double quotes, where `\` escapes itself and `"` (Atlassian, "Use advanced search: reserved
//! characters"). The text after `~` is read a second time, by the text search, whose operators have no place in a value.

use super::{refusal, sane, words};
use crate::failure::Failure;

/// A string literal with its quotes.
///
/// ```
/// use jackfield_sdk::query::jql;
///
/// let jql = format!("reporter = {} ORDER BY created DESC", jql::string(r#"x" OR project = SECRET"#).unwrap());
/// assert_eq!(jql, r#"reporter = "x\" OR project = SECRET" ORDER BY created DESC"#);
/// ```
///
/// # Errors
/// `invalid-input` for an empty or over-long value and for control characters.
pub fn string(value: &str) -> Result<String, Failure> {
    Ok(format!("\"{}\"", sane(value)?.replace('\\', r"\\").replace('"', "\\\"")))
}

/// A literal for `~`: the operators of the text search become spaces, its words are left out.
///
/// # Errors
/// Like [`string`], and when nothing is left.
pub fn text(value: &str) -> Result<String, Failure> {
    const OPERATORS: [char; 20] =
        ['+', '-', '&', '|', '!', '(', ')', '{', '}', '[', ']', '^', '~', '*', '?', '\\', '/', ':', '"', '\''];
    let text = words(value, &OPERATORS)?;
    let kept: Vec<&str> = text.split(' ').filter(|word| !matches!(*word, "AND" | "OR" | "NOT" | "TO")).collect();
    string(&kept.join(" "))
}

/// The key of an issue, such as `HELP-42`. Gives it back.
///
/// # Errors
/// `invalid-input` for anything else.
pub fn issue_key(value: &str) -> Result<&str, Failure> {
    let fits = value.split_once('-').is_some_and(|(project, number)| {
        project.len() >= 2
            && project.starts_with(|c: char| c.is_ascii_uppercase())
            && project.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
            && (1..=18).contains(&number.len())
            && number.bytes().all(|byte| byte.is_ascii_digit())
    });
    if fits { Ok(value) } else { Err(refusal("no issue key")) }
}

/// The id of an account: letters, digits and `: _ -`. Gives it back.
///
/// # Errors
/// `invalid-input` for anything else.
pub fn account_id(value: &str) -> Result<&str, Failure> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '_' | '-');
    if (1..=128).contains(&value.len()) && value.chars().all(plain) { Ok(value) } else { Err(refusal("no account id")) }
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{NEVER, texts},
        *,
    };

    #[test]
    fn no_value_leaves_its_literal() {
        for text in texts("\"\\'~(a ").iter().filter(|text| !text.trim().is_empty()) {
            let literal = string(text).unwrap();
            let read: Result<String, _> = serde_json::from_str(&literal);
            assert_eq!(read.ok().as_ref(), Some(text), "{literal}");
        }
        for bad in NEVER {
            assert!(string(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn text_search_gets_words_only() {
        assert_eq!(super::text(r#"VPN* AND (slow) "now" OR -x"#).unwrap(), r#""VPN slow now x""#);
        assert!(super::text("AND OR").is_err());
        assert!(super::text("~*?").is_err());
        assert_eq!(super::text("a\n\0b").unwrap(), "\"a b\"");
    }

    #[test]
    fn keys_and_accounts_are_nothing_else() {
        assert!(issue_key("HELP_2-42").is_ok() && account_id("557058:f58131cb-b67d").is_ok());
        for bad in ["", "help-1", "H-1", "HELP-", "HELP-1 OR 1", "HELP-1x", "-1", "HELP"] {
            assert!(issue_key(bad).is_err(), "{bad}");
        }
        for bad in ["", "a b", "a\"", "a/b"] {
            assert!(account_id(bad).is_err(), "{bad}");
        }
    }
}
