//! Encoded queries (ServiceNow, `sysparm_query`).
//!
//! Rule: conditions `field operator value` are joined by `^`; `^OR` and `^NQ` widen, `^ORDERBY` sorts; a value that begins
//! with `javascript:` is run as a script on the server; `,` divides a list and `@` a range. The documented escape of `^` is
//! to double it, but a doubled one beside a joining one (`^^^`) can be read in two ways, and a condition that the server
//! cannot read is dropped, which widens the query. So `^` is refused, or in free text becomes a space.

use super::{refusal, sane, words};
use crate::failure::Failure;

/// Conditions that must all hold, and a stable order.
///
/// ```
/// use jackfield_sdk::query::servicenow::EncodedQuery;
///
/// let query = EncodedQuery::new()
///     .and("number=", "INC0010001")?
///     .and_text("short_descriptionLIKE", "VPN ^ slow")?
///     .order_by_desc("sys_created_on");
/// assert_eq!(query.to_string(), "number=INC0010001^short_descriptionLIKEVPN slow^ORDERBYDESCsys_created_on");
/// # Ok::<(), jackfield_sdk::Failure>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "a query does nothing until it is sent"]
pub struct EncodedQuery(String);

impl EncodedQuery {
    /// No condition yet.
    pub fn new() -> Self {
        EncodedQuery::default()
    }

    /// A further condition: field and operator as a constant (`"number="`), and a value.
    ///
    /// # Errors
    /// `invalid-input` for a value that [`value`] refuses.
    pub fn and(self, field_and_operator: &'static str, text: &str) -> Result<Self, Failure> {
        let value = value(text)?.to_owned();
        Ok(self.join(&format!("{field_and_operator}{value}")))
    }

    /// A further condition on free text, cleaned by [`text`].
    ///
    /// # Errors
    /// `invalid-input` when nothing is left, or for a script.
    pub fn and_text(self, field_and_operator: &'static str, free: &str) -> Result<Self, Failure> {
        let value = text(free)?;
        Ok(self.join(&format!("{field_and_operator}{value}")))
    }

    /// A further condition that is a constant as a whole, such as `active=true`.
    pub fn and_constant(self, condition: &'static str) -> Self {
        self.join(condition)
    }

    /// Sorted by a field, upwards.
    pub fn order_by(self, field: &'static str) -> Self {
        self.join(&format!("ORDERBY{field}"))
    }

    /// Sorted by a field, downwards.
    pub fn order_by_desc(self, field: &'static str) -> Self {
        self.join(&format!("ORDERBYDESC{field}"))
    }

    fn join(mut self, condition: &str) -> Self {
        if !self.0.is_empty() {
            self.0.push('^');
        }
        self.0.push_str(condition);
        self
    }
}

impl std::fmt::Display for EncodedQuery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A value of a condition. Gives it back.
///
/// # Errors
/// `invalid-input` for an empty or over-long value, control characters, `^`, `,`, and anything with `javascript:` in it.
pub fn value(value: &str) -> Result<&str, Failure> {
    if value.contains(['^', ',']) || is_script(value) {
        return Err(refusal("`^`, `,` or a script"));
    }
    sane(value)
}

/// Free text: `^`, `,`, `@` and control characters become spaces.
///
/// # Errors
/// `invalid-input` when nothing is left, when it is too long, or for anything with `javascript:` in it.
pub fn text(value: &str) -> Result<String, Failure> {
    let text = words(value, &['^', ',', '@'])?;
    if is_script(&text) { Err(refusal("a script")) } else { Ok(text) }
}

/// A `sys_id`: 32 hexadecimal digits in lower case. Gives it back.
///
/// # Errors
/// `invalid-input` for anything else.
pub fn sys_id(value: &str) -> Result<&str, Failure> {
    let plain = value.len() == 32 && value.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if plain { Ok(value) } else { Err(refusal("no sys_id")) }
}

/// However it is spelt, and with spaces in it.
fn is_script(value: &str) -> bool {
    let letters: String = value.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect();
    letters.contains("javascript:")
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{NEVER, texts},
        *,
    };

    #[test]
    fn no_value_adds_a_condition() {
        for piece in texts("^,@=a O") {
            if let Ok(query) = EncodedQuery::new().and("number=", &piece) {
                assert!(!query.to_string().contains('^'), "{query}");
            }
            if let Ok(query) = EncodedQuery::new().and_text("textLIKE", &piece) {
                assert!(!query.to_string().contains(['^', ',', '@']), "{query}");
            }
        }
        for bad in ["x^ORactive=true", "x^NQactive=true", "x^", "a,b"] {
            assert!(value(bad).is_err(), "{bad}");
        }
        for bad in NEVER {
            assert!(value(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn no_value_is_a_script() {
        for bad in [
            "javascript:gs.getUserID()",
            " JavaScript: x",
            "java script:x",
            "x javascript:y",
            "java^script:x",
            "java\tscript:x",
        ] {
            assert!(value(bad).is_err() && text(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_sys_id_is_nothing_else() {
        assert!(sys_id("9d385017c611228701d22104cc95c371").is_ok());
        for bad in [
            "",
            "9D385017C611228701D22104CC95C371",
            "9d385017c611228701d22104cc95c37",
            "9d385017c611228701d22104cc95c371^",
        ] {
            assert!(sys_id(bad).is_err(), "{bad}");
        }
    }
}
