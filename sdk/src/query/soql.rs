//! SOQL (Salesforce).
//!
//! Rule: in a literal between single quotes `\'`, `\"`, `\\`, `\n`, `\r`, `\t`, `\b` and `\f` stand for characters, in a
//! `LIKE` pattern also `\%` and `\_`; a backslash before anything else is an error (SOQL and SOSL Reference, "Quoted
//! String Escape Sequences"). Numbers, booleans, `null`, dates and times stand without quotes.

use super::{refusal, sane};
use crate::failure::Failure;

/// A string literal with its quotes.
///
/// ```
/// use jackfield_sdk::query::soql;
///
/// let email = soql::string("o'neil@x.example").unwrap();
/// assert_eq!(format!("SELECT Id FROM Contact WHERE Email = {email}"), r"SELECT Id FROM Contact WHERE Email = 'o\'neil@x.example'");
/// ```
///
/// # Errors
/// `invalid-input` for an empty or over-long value and for control characters, so also for those that have an escape.
pub fn string(value: &str) -> Result<String, Failure> {
    Ok(format!("'{}'", escaped(sane(value)?)))
}

/// A literal for `LIKE` that matches what begins with the value.
///
/// # Errors
/// Like [`string`].
pub fn like_prefix(value: &str) -> Result<String, Failure> {
    Ok(format!("'{}%'", pattern(sane(value)?)))
}

/// A literal for `LIKE` that matches what contains the value.
///
/// # Errors
/// Like [`string`].
pub fn like_contains(value: &str) -> Result<String, Failure> {
    Ok(format!("'%{}%'", pattern(sane(value)?)))
}

/// A list for `IN`: `('a','b')`.
///
/// # Errors
/// Like [`string`], and for no value at all.
pub fn list<'a>(values: impl IntoIterator<Item = &'a str>) -> Result<String, Failure> {
    let literals = values.into_iter().map(string).collect::<Result<Vec<_>, _>>()?;
    if literals.is_empty() { Err(refusal("an empty list")) } else { Ok(format!("({})", literals.join(","))) }
}

fn escaped(value: &str) -> String {
    value.replace('\\', r"\\").replace('\'', r"\'").replace('"', "\\\"")
}

fn pattern(value: &str) -> String {
    escaped(value).replace('%', r"\%").replace('_', r"\_")
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{NEVER, texts},
        *,
    };

    /// Reads a literal as Salesforce does: its characters, a wildcard as `None`. `None` where it is no whole literal.
    fn read(literal: &str, like: bool) -> Option<Vec<Option<char>>> {
        let mut found = Vec::new();
        let mut rest = literal.strip_prefix('\'')?.chars();
        loop {
            match rest.next()? {
                '\'' => return rest.next().is_none().then_some(found),
                '\\' => match rest.next()? {
                    c @ ('\'' | '"' | '\\') => found.push(Some(c)),
                    c @ ('%' | '_') if like => found.push(Some(c)),
                    _ => return None,
                },
                '%' | '_' if like => found.push(None),
                c => found.push(Some(c)),
            }
        }
    }

    #[test]
    fn no_value_leaves_its_literal() {
        for text in texts("'\"\\%_a ").iter().filter(|text| !text.trim().is_empty()) {
            let plain: Vec<_> = text.chars().map(Some).collect();
            assert_eq!(read(&string(text).unwrap(), false), Some(plain.clone()), "{text}");
            let prefix = [plain.clone(), vec![None]].concat();
            assert_eq!(read(&like_prefix(text).unwrap(), true), Some(prefix), "{text}");
            let contains = [vec![None], plain, vec![None]].concat();
            assert_eq!(read(&like_contains(text).unwrap(), true), Some(contains), "{text}");
        }
        for value in NEVER {
            assert!(string(value).is_err() && like_prefix(value).is_err() && like_contains(value).is_err());
        }
    }

    #[test]
    fn a_known_attack_stays_a_value() {
        assert_eq!(string(r"' OR Name LIKE '%").unwrap(), r"'\' OR Name LIKE \'%'");
        assert_eq!(string(r"\' OR 1=1 --").unwrap(), r"'\\\' OR 1=1 --'");
        assert_eq!(list(["a", "b') OR ('1'='1"]).unwrap(), r"('a','b\') OR (\'1\'=\'1')");
        assert!(list([]).is_err());
    }
}
