//! Reads what a system says in `WWW-Authenticate` about scopes that are missing (RFC 6750, section 3.1).

use http::HeaderValue;

/// The scopes that the system misses: `error="insufficient_scope"` with the names beside it, none where it names none.
/// Nothing when that is not what it says.
pub(super) fn insufficient_scope<'h>(headers: impl IntoIterator<Item = &'h HeaderValue>) -> Option<String> {
    headers.into_iter().filter_map(|value| value.to_str().ok()).find_map(|text| {
        let error = parameter(text, "error")?;
        (error == "insufficient_scope").then(|| parameter(text, "scope").unwrap_or_default())
    })
}

/// The value of a parameter, in quotes or not; letters of the name in either case.
fn parameter(text: &str, name: &str) -> Option<String> {
    let mut rest = text;
    loop {
        let at = rest.find('=')?;
        let (before, after) = (&rest[..at], &rest[at + 1..]);
        let found = before.rsplit([' ', ',', '\t']).find(|word| !word.is_empty()).unwrap_or_default();
        let after = after.trim_start();
        let (value, tail) = match after.strip_prefix('"') {
            Some(quoted) => unquote(quoted),
            None => {
                let end = after.find([',', ' ', '\t']).unwrap_or(after.len());
                (after[..end].to_owned(), &after[end..])
            }
        };
        if found.eq_ignore_ascii_case(name) {
            return Some(value);
        }
        rest = tail;
    }
}

/// What stands up to the closing quote, and what comes behind it.
fn unquote(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => {
                value.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => return (value, &text[at + 1..]),
            _ => value.push(c),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scopes(header: &'static str) -> Option<String> {
        insufficient_scope([&HeaderValue::from_static(header)])
    }

    #[test]
    fn the_names_of_missing_scopes_are_read() {
        let cases = [
            (
                r#"Bearer realm="x", error="insufficient_scope", scope="orders.read orders.write""#,
                Some("orders.read orders.write"),
            ),
            (r#"Bearer error=insufficient_scope,scope=a"#, Some("a")),
            (r#"Bearer scope="a, b" , ERROR="insufficient_scope""#, Some("a, b")),
            (r#"Bearer error="insufficient_scope""#, Some("")),
            (r#"Bearer error="invalid_token", scope="a""#, None),
            (r#"Bearer error_description="error=insufficient_scope \" error=\"insufficient_scope\"""#, None),
            ("Basic", None),
            ("", None),
        ];
        for (header, expected) in cases {
            assert_eq!(scopes(header).as_deref(), expected, "{header}");
        }
    }

    #[test]
    fn no_header_makes_it_stumble() {
        for header in ["=", "=\"", "a=\"\\", "a=\"b\\\"", "====", "error=", ", ,=,"] {
            assert_eq!(scopes(header), None, "{header}");
        }
    }
}
