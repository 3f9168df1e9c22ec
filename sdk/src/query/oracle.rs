//! Resource queries of Oracle Fusion (`q=` and `finder=`).
//!
//! Rule: a string stands in single quotes and a quote inside is doubled; `*` and `%` are wildcards of `LIKE`; in `finder=`
//! `,` and `;` divide and have no escape (Oracle, "REST API: resource queries", framework versions 2 and later).

use super::{refusal, sane};
use crate::failure::Failure;

/// A string literal with its quotes, for `q=`.
///
/// ```
/// use jackfield_sdk::query::oracle;
///
/// assert_eq!(format!("Supplier = {}", oracle::string("O'Brien").unwrap()), "Supplier = 'O''Brien'");
/// ```
///
/// # Errors
/// `invalid-input` for an empty or over-long value, control characters, wildcards and `;`, which divides conditions in
/// framework version 1.
pub fn string(value: &str) -> Result<String, Failure> {
    if value.contains(['*', '%', ';', '\\']) {
        return Err(refusal("a wildcard or divider"));
    }
    Ok(format!("'{}'", sane(value)?.replace('\'', "''")))
}

/// A value for `finder=`. Gives it back.
///
/// # Errors
/// Like [`string`], and for `,`, `=` and quotes.
pub fn finder_value(value: &str) -> Result<&str, Failure> {
    if value.contains([',', ';', '=', '\'', '"', '\\', '*', '%']) {
        return Err(refusal("a divider"));
    }
    sane(value)
}

/// The number of a document, such as an invoice: letters, digits and `. _ / -`, at most 60. Gives it back.
///
/// # Errors
/// `invalid-input` for anything else.
pub fn document_number(value: &str) -> Result<&str, Failure> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '/' | '-');
    if (1..=60).contains(&value.len()) && value.chars().all(plain) {
        Ok(value)
    } else {
        Err(refusal("no document number"))
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{NEVER, texts},
        *,
    };

    #[test]
    fn no_value_leaves_its_literal() {
        for text in texts("';*,=a ") {
            if let Ok(literal) = string(&text) {
                let inner = &literal[1..literal.len() - 1];
                assert!(!inner.replace("''", "").contains('\'') && !inner.contains([';', '*']), "{literal}");
                assert_eq!(inner.replace("''", "'"), text);
            }
            if let Ok(value) = finder_value(&text) {
                assert!(!value.contains(['\'', ';', ',', '=']), "{value}");
            }
        }
        for bad in NEVER {
            assert!(string(bad).is_err() && finder_value(bad).is_err() && document_number(bad).is_err(), "{bad:?}");
        }
        assert!(document_number("INV-2026/01.7").is_ok() && document_number("1 or 1").is_err());
    }
}
