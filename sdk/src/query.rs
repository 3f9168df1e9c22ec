//! Values inside the query languages of business systems: quoted, escaped or refused, so that no value can become syntax.
//!
//! One module for each language, each after its vendor's rule. Names of fields cannot be escaped in any of them: they are
//! constants of the connector, or pass a check against configuration. Encoding for the URL is the host's work and comes
//! after: hand the text to [`Request::query`](crate::http::Request::query) as it is.
//!
//! Escaping is the second lock. The first is a typed input, the third a look at each hit: systems with fuzzy search, or
//! that drop conditions they do not understand, give more than was asked for.
//!
//! A refusal is `invalid-input` without a pointer: name the field with [`Failure::at`].

pub mod coql;
pub mod freshdesk;
pub mod jql;
pub mod magento;
pub mod odata;
pub mod oracle;
pub mod servicenow;
pub mod shopify;
pub mod soql;
pub mod wql;
pub mod zendesk;

use crate::failure::Failure;

/// The longest value that is let into a query, in characters.
pub const VALUE_CHARS_MAX: usize = 250;

/// A value that is an id and nothing else: letters, digits, `_` and `-`, no longer than `chars_max`. Gives it back.
///
/// ```
/// use jackfield_sdk::query;
///
/// assert_eq!(query::id("003xx-A_9", 20).unwrap(), "003xx-A_9");
/// assert!(query::id("1 or 1=1", 20).is_err());
/// ```
///
/// # Errors
/// `invalid-input` for anything else.
pub fn id(value: &str, chars_max: usize) -> Result<&str, Failure> {
    let plain = value.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    if plain && !value.is_empty() && value.len() <= chars_max { Ok(value) } else { Err(refusal("no id")) }
}

/// A value that is a whole number of at most `digits_max` digits. Gives it back.
///
/// # Errors
/// `invalid-input` for anything else.
pub fn digits(value: &str, digits_max: usize) -> Result<&str, Failure> {
    let plain = value.bytes().all(|byte| byte.is_ascii_digit());
    if plain && !value.is_empty() && value.len() <= digits_max { Ok(value) } else { Err(refusal("no number")) }
}

/// A value that is an e-mail address in the strict sense: one `@`, and nothing on either side that any query language
/// gives a meaning to. Addresses with quotes or spaces exist, and are refused. Gives it back.
///
/// # Errors
/// `invalid-input` for anything else.
pub fn email(value: &str) -> Result<&str, Failure> {
    let plain = |text: &str| {
        !text.is_empty()
            && !text.starts_with(['.', '-', '+'])
            && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+'))
    };
    match value.split_once('@') {
        Some((name, host)) if plain(name) && plain(host) && host.contains('.') && value.len() <= 254 => Ok(value),
        _ => Err(refusal("no plain e-mail address")),
    }
}

/// The name of a field that comes from configuration: a letter, then letters, digits and `_`; dots between names where
/// the language has relations. Gives it back.
///
/// # Errors
/// `internal`, since it is the operator's word and not the user's.
pub fn field_name(name: &str) -> Result<&str, Failure> {
    let plain = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic())
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    if name.split('.').all(plain) {
        Ok(name)
    } else {
        Err(Failure::internal(format!("`{name}` is no name of a field")))
    }
}

/// The one sentence for all refusals: it tells a user enough and an attacker nothing.
fn refusal(why: &str) -> Failure {
    Failure::invalid("", "This value contains characters that cannot be searched for.").detail(why)
}

/// Refuses what belongs into no query: nothing, too much, control characters.
fn sane(value: &str) -> Result<&str, Failure> {
    if value.trim().is_empty() {
        return Err(refusal("an empty value"));
    }
    if value.chars().count() > VALUE_CHARS_MAX {
        return Err(refusal("a value that is too long"));
    }
    if value.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
        return Err(refusal("a control character"));
    }
    Ok(value)
}

/// Free text for a fuzzy search: the given characters and control characters become spaces, spaces become one.
fn words(value: &str, without: &[char]) -> Result<String, Failure> {
    let cleaned: String = value.chars().map(|c| if c.is_control() || without.contains(&c) { ' ' } else { c }).collect();
    let cleaned = cleaned.split_whitespace().collect::<Vec<_>>().join(" ");
    sane(&cleaned)?;
    Ok(cleaned)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every text of up to four characters out of these: all the ways in which special characters can meet.
    pub(super) fn texts(alphabet: &str) -> Vec<String> {
        let mut all = vec![String::new()];
        let mut longest = all.clone();
        for _ in 0..4 {
            longest = longest.iter().flat_map(|text| alphabet.chars().map(move |c| format!("{text}{c}"))).collect();
            all.extend(longest.iter().cloned());
        }
        all
    }

    /// Values that are syntax somewhere, or nothing anywhere.
    pub(super) const NEVER: [&str; 6] = ["", "   ", "a\0b", "a\nb", "a\u{7f}", "\u{2028}"];

    #[test]
    fn ids_numbers_and_addresses_are_nothing_else() {
        for bad in ["", "a b", "a'b", "a%", "ä", "a.b", "123456"] {
            assert!(id(bad, 5).is_err(), "{bad}");
        }
        for bad in ["", "-1", "1.0", "１", "123456", "0x1"] {
            assert!(digits(bad, 5).is_err(), "{bad}");
        }
        for good in ["ada@acme.example", "a.b+c-d_e@x-y.example"] {
            assert_eq!(email(good), Ok(good));
        }
        for bad in [
            "",
            "@",
            "a@b",
            "a@@b.c",
            "a b@c.d",
            "\"a\"@b.c",
            "o'neil@b.c",
            "-a@b.c",
            "a@b.c d",
            "a@b.c)",
            "a*@b.c",
            "ä@b.c",
        ] {
            assert!(email(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn field_names_come_from_configuration_and_are_checked_all_the_same() {
        assert_eq!(field_name("Account.Tier__c"), Ok("Account.Tier__c"));
        for bad in ["", ".", "a.", "1a", "a b", "a,b", "a'"] {
            assert_eq!(field_name(bad).unwrap_err().kind.code(), "internal", "{bad}");
        }
    }
}
