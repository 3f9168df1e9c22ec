//! COQL and search criteria (Zoho CRM).
//!
//! Rule: in COQL a string stands in single quotes and a quote inside is doubled (Zoho, "COQL: FAQ"). How a backslash is
//! read is not documented; if it escaped, `\'` would break out after doubling, so a backslash is refused. In `criteria=`
//! brackets, comma and backslash take a backslash. For e-mail and phone use the parameters `email=` and `phone=`.

use super::{refusal, sane};
use crate::failure::Failure;

/// A COQL string literal with its quotes.
///
/// ```
/// use jackfield_sdk::query::coql;
///
/// assert_eq!(coql::string("O'Brien").unwrap(), "'O''Brien'");
/// assert!(coql::string(r"x\' or '1'='1").is_err());
/// ```
///
/// # Errors
/// `invalid-input` for an empty or over-long value, control characters and `\`.
pub fn string(value: &str) -> Result<String, Failure> {
    if value.contains('\\') {
        return Err(refusal("a backslash"));
    }
    Ok(format!("'{}'", sane(value)?.replace('\'', "''")))
}

/// A COQL literal for `like` that matches what begins with the value. `%` is refused: it has no escape.
///
/// # Errors
/// Like [`string`].
pub fn like_prefix(value: &str) -> Result<String, Failure> {
    if value.contains('%') {
        return Err(refusal("a wildcard"));
    }
    let literal = string(value)?;
    Ok(format!("{}%'", &literal[..literal.len() - 1]))
}

/// One condition of `criteria=`: `(Last_Name:equals:Rossi)`; field and operator are a constant.
///
/// # Errors
/// `invalid-input` for an empty or over-long value and control characters.
pub fn criterion(field_and_operator: &'static str, value: &str) -> Result<String, Failure> {
    let mut escaped = String::new();
    for c in sane(value)?.chars() {
        if matches!(c, '(' | ')' | ',' | '\\') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    Ok(format!("({field_and_operator}:{escaped})"))
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{NEVER, texts},
        *,
    };

    #[test]
    fn no_value_leaves_its_literal() {
        for text in texts("'\\%_(a ").iter().filter(|text| !text.trim().is_empty()) {
            let Ok(literal) = string(text) else {
                assert!(text.contains('\\'));
                continue;
            };
            let inner = &literal[1..literal.len() - 1];
            assert!(!inner.replace("''", "").contains('\''), "{literal}");
            assert_eq!(inner.replace("''", "'"), *text);
        }
        for bad in NEVER {
            assert!(string(bad).is_err() && criterion("a:equals", bad).is_err(), "{bad:?}");
        }
        assert_eq!(like_prefix("O'B").unwrap(), "'O''B%'");
        assert!(like_prefix("%").is_err());
    }

    #[test]
    fn no_value_leaves_its_criterion() {
        assert_eq!(criterion("Name:equals", "Patricia(Boyle), x").unwrap(), r"(Name:equals:Patricia\(Boyle\)\, x)");
        assert_eq!(criterion("Name:equals", r"a\)or(b").unwrap(), r"(Name:equals:a\\\)or\(b)");
    }
}
