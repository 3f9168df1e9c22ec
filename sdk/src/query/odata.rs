//! OData literals, versions 2 (SAP) and 4 (Dynamics 365, SAP).
//!
//! Rule: a string stands in single quotes and a quote inside is doubled (OData 4.01 URL conventions, 5.1.1.6.2; version 2
//! alike); first double, then percent-encode. Numbers, GUIDs in version 4 and booleans stand without quotes. In the
//! functions `contains`, `startswith` and `endswith` Dynamics takes `%`, `_`, `[`, `]` and `^` for wildcards.

use super::{refusal, sane, words};
use crate::{failure::Failure, time::Instant};

/// A string literal with its quotes, for a filter.
///
/// ```
/// use jackfield_sdk::query::odata;
///
/// assert_eq!(format!("lastname eq {}", odata::string("O'Brien").unwrap()), "lastname eq 'O''Brien'");
/// ```
///
/// # Errors
/// `invalid-input` for an empty or over-long value and for control characters.
pub fn string(value: &str) -> Result<String, Failure> {
    Ok(format!("'{}'", sane(value)?.replace('\'', "''")))
}

/// A key predicate for a path: `key("A_SalesOrder", &[("SalesOrder", "1")])` is `A_SalesOrder('1')`, and with several keys
/// `A_SalesOrderItem(SalesOrder='1',SalesOrderItem='10')`. Hand it to [`path!`](crate::path) as one segment.
///
/// Keys in a path are ids: letters, digits and `- _ .`, so that no server can read more into them.
///
/// # Errors
/// `invalid-input` for a value that is more than an id.
pub fn key(set: &'static str, keys: &[(&'static str, &str)]) -> Result<String, Failure> {
    let plain = |value: &str| {
        !value.is_empty()
            && value.chars().count() <= super::VALUE_CHARS_MAX
            && value.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    if keys.is_empty() || !keys.iter().all(|(_, value)| plain(value)) {
        return Err(refusal("no key"));
    }
    let predicate = match keys {
        [(_, value)] => format!("'{value}'"),
        keys => keys.iter().map(|(name, value)| format!("{name}='{value}'")).collect::<Vec<_>>().join(","),
    };
    Ok(format!("{set}({predicate})"))
}

/// A literal for `contains` and its like, without Dynamics' wildcards: they become spaces.
///
/// # Errors
/// Like [`string`], and when nothing else is left.
pub fn search_string(value: &str) -> Result<String, Failure> {
    string(&words(value, &['%', '_', '[', ']', '^', '*'])?)
}

/// A GUID as it stands in version 4. Gives it back.
///
/// # Errors
/// `invalid-input` for anything else.
pub fn guid(value: &str) -> Result<&str, Failure> {
    let groups: Vec<&str> = value.split('-').collect();
    let shape = groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12]);
    if shape && groups.concat().bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(value)
    } else {
        Err(refusal("no GUID"))
    }
}

/// An instant in version 2, `Edm.DateTime`, which has no zone: UTC.
pub fn v2_datetime(at: Instant) -> String {
    let text = Instant::from_seconds(at.seconds()).rfc3339();
    format!("datetime'{}'", text.trim_end_matches('Z'))
}

/// An instant in version 2, `Edm.DateTimeOffset`.
pub fn v2_datetimeoffset(at: Instant) -> String {
    format!("datetimeoffset'{}'", Instant::from_seconds(at.seconds()))
}

/// An instant as version 2 writes it in JSON: `/Date(1492041600000)/`, `/Date(1492098664000+0000)/`. The offset is only
/// for show: the number counts from 1970 in UTC.
pub fn v2_json_date(text: &str) -> Option<Instant> {
    let number = text.strip_prefix("/Date(")?.strip_suffix(")/")?;
    let end = number.char_indices().skip(1).find(|(_, c)| matches!(c, '+' | '-')).map_or(number.len(), |(at, _)| at);
    number[..end].parse().ok().map(Instant::from_ms)
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{NEVER, texts},
        *,
    };

    /// Reads a literal as OData does. `None` where it is no whole literal.
    fn read(literal: &str) -> Option<String> {
        let mut found = String::new();
        let mut rest = literal.strip_prefix('\'')?.chars().peekable();
        loop {
            match rest.next()? {
                '\'' if rest.peek() == Some(&'\'') => {
                    rest.next();
                    found.push('\'');
                }
                '\'' => return rest.next().is_none().then_some(found),
                c => found.push(c),
            }
        }
    }

    #[test]
    fn no_value_leaves_its_literal() {
        for text in texts("'\"\\%() a").iter().filter(|text| !text.trim().is_empty()) {
            assert_eq!(read(&string(text).unwrap()).as_deref(), Some(text.as_str()));
            if let Ok(literal) = search_string(text) {
                assert!(read(&literal).is_some_and(|found| !found.contains('%')), "{literal}");
            }
        }
        for value in NEVER {
            assert!(string(value).is_err());
        }
        assert_eq!(string("x' or 'a' eq 'a").unwrap(), "'x'' or ''a'' eq ''a'");
        assert!(search_string("%_[^]").is_err());
    }

    #[test]
    fn keys_are_ids_and_nothing_else() {
        assert_eq!(key("A_SalesOrder", &[("SalesOrder", "1")]).unwrap(), "A_SalesOrder('1')");
        assert_eq!(key("Items", &[("Order", "1"), ("Item", "10")]).unwrap(), "Items(Order='1',Item='10')");
        for bad in ["", "1'", "1/2", "1)", "a b", "ä"] {
            assert!(key("Items", &[("Order", bad)]).is_err(), "{bad}");
        }
        assert!(key("Items", &[]).is_err());
    }

    #[test]
    fn guids_and_dates_are_read_strictly() {
        assert!(guid("1c9e8f6a-0000-4000-8000-00000000000A").is_ok());
        for bad in [
            "",
            "1c9e8f6a-0000-4000-8000-00000000000g",
            "1c9e8f6a00004000800000000000000a",
            "1c9e8f6a-0000-4000-8000-00000000000a) or (1 eq 1",
        ] {
            assert!(guid(bad).is_err(), "{bad}");
        }
        let at = Instant::parse("2026-01-31T08:00:00.5Z").unwrap();
        assert_eq!(v2_datetime(at), "datetime'2026-01-31T08:00:00'");
        assert_eq!(v2_datetimeoffset(at), "datetimeoffset'2026-01-31T08:00:00Z'");
        for (text, ms) in [
            ("/Date(1492041600000)/", Some(1_492_041_600_000)),
            ("/Date(-1000+0000)/", Some(-1_000)),
            ("/Date(5-0100)/", Some(5)),
            ("/Date()/", None),
            ("/Date(ä)/", None),
            ("1", None),
        ] {
            assert_eq!(v2_json_date(text).map(Instant::ms), ms, "{text}");
        }
    }
}
