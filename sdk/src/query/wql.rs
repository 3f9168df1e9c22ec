//! WQL (Workday).
//!
//! Rule: a string stands in single or double quotes; no escape is documented, and there are no parameters. So only values
//! that cannot hold syntax are let in, and a name like `O'Brien` is refused: search for it through REST.

use super::{refusal, sane};
use crate::failure::Failure;

/// A string literal with its quotes.
///
/// ```
/// use jackfield_sdk::query::wql;
///
/// assert_eq!(wql::string("ada@acme.example").unwrap(), r#""ada@acme.example""#);
/// assert!(wql::string("O'Brien").is_err());
/// ```
///
/// # Errors
/// `invalid-input` for anything but letters, digits, spaces and `@ . _ + -`.
pub fn string(value: &str) -> Result<String, Failure> {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '@' | '.' | '_' | '+' | '-');
    let value = sane(value)?;
    if value.chars().all(plain) {
        Ok(format!("\"{value}\""))
    } else {
        Err(refusal("a character that WQL cannot escape"))
    }
}

/// A Workday id: 32 hexadecimal digits in lower case. Gives it back.
///
/// # Errors
/// `invalid-input` for anything else.
pub fn wid(value: &str) -> Result<&str, Failure> {
    let plain = value.len() == 32 && value.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if plain { Ok(value) } else { Err(refusal("no Workday id")) }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::NEVER, *};

    #[test]
    fn only_values_without_any_syntax_are_let_in() {
        assert_eq!(string("Zoë Smith-Jones").unwrap(), "\"Zoë Smith-Jones\"");
        for bad in ["a\"b", "a'b", "a\\b", "a(b", "a=b", "a;b", "a,b", "a{b", "a%b", "a*"] {
            assert!(string(bad).is_err(), "{bad}");
        }
        for bad in NEVER {
            assert!(string(bad).is_err(), "{bad:?}");
        }
        assert!(wid("0123456789abcdef0123456789abcdef").is_ok() && wid("0123").is_err());
    }
}
