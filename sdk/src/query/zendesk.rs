//! Search syntax of Zendesk Support.
//!
//! Rule: words, `keyword:value` with `:`, `<`, `>`, a leading `-` negates, `*` is a wildcard, a phrase stands in double
//! quotes. No escape is documented: quotes and backslashes become spaces, and the rest stands in quotes. Free text outside
//! quotes could be a keyword (`type:user role:admin`). A constant `type:ticket` belongs beside every value.

use super::{sane, words};
use crate::failure::Failure;

/// The longest phrase, in characters.
const PHRASE_CHARS_MAX: usize = 100;

/// A phrase in its quotes; what is longer than 100 characters is cut.
///
/// ```
/// use jackfield_sdk::query::zendesk;
///
/// assert_eq!(zendesk::phrase(r#"printer" type:user role:admin"#).unwrap(), r#""printer type:user role:admin""#);
/// ```
///
/// # Errors
/// `invalid-input` when nothing is left.
pub fn phrase(value: &str) -> Result<String, Failure> {
    let cut: String = value.chars().take(PHRASE_CHARS_MAX).collect();
    let words = words(&cut, &['"', '\\', '*', '\u{201c}', '\u{201d}'])?;
    Ok(format!("\"{words}\""))
}

/// A term with a value that needs no quotes because it cannot hold syntax: an e-mail address, an id, a tag. The keyword
/// is a constant with its operator: `requester:`.
///
/// # Errors
/// `invalid-input` for a value with anything but letters, digits and `@ . _ + -`, or with one of these in front.
pub fn term(keyword_and_operator: &'static str, value: &str) -> Result<String, Failure> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '@' | '.' | '_' | '+' | '-');
    let value = sane(value)?;
    if value.chars().all(plain) && value.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return Ok(format!("{keyword_and_operator}{value}"));
    }
    Err(super::refusal("a value that needs quotes"))
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{NEVER, texts},
        *,
    };

    #[test]
    fn no_value_leaves_its_quotes() {
        for text in texts("\"\\:*-a ") {
            let Ok(phrase) = phrase(&text) else { continue };
            let inner = phrase.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap();
            assert!(!inner.contains(['"', '\\', '*']), "{phrase}");
        }
        for bad in ["", "  ", "\"\"", "\\", "\n", "***"] {
            assert!(phrase(bad).is_err(), "{bad:?}");
        }
        assert_eq!(phrase(&"ä".repeat(500)).unwrap().chars().count(), 102);
    }

    #[test]
    fn a_term_takes_no_syntax() {
        assert_eq!(term("requester:", "ana+x@example.com").unwrap(), "requester:ana+x@example.com");
        for bad in ["a b", "a:b", "-a", "a*", "a\"", "a>b", "@a", "ä"] {
            assert!(term("requester:", bad).is_err(), "{bad}");
        }
        for bad in NEVER {
            assert!(term("requester:", bad).is_err(), "{bad:?}");
        }
    }
}
