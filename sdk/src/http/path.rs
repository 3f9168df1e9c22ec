//! Paths made of segments, each percent-encoded, so that no value can leave its segment.
//!
//! Whether a path may be called at all is the grant's question, which the host answers.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::failure::Failure;

/// Unreserved characters and those delimiters that OData key predicates (`A_SalesOrder('1')`), `$value` and `:action`
/// suffixes need. `/ ? # %` can never pass; neither do `;` (matrix parameters, `..;/` tricks), `+` (read as a space by
/// some), `&` and `\`.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'$')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b',')
    .remove(b'=')
    .remove(b':')
    .remove(b'@');

/// The path of a request, below an endpoint's base URL. Made with [`path!`](crate::path).
///
/// ```
/// use jackfield_sdk::{http::Path, path};
///
/// let number = "../admin?x=1";
/// assert!(path!("orders" / number).is_err());
///
/// let number = "A/1 ü";
/// assert_eq!(path!("orders" / number / "lines").unwrap().as_str(), "/orders/A%2F1%20%C3%BC/lines");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Path(String);

impl Path {
    /// The root; grows by [`segment`](Path::segment).
    pub const fn root() -> Self {
        Path(String::new())
    }

    /// This path with one more segment, percent-encoded.
    ///
    /// # Errors
    /// `invalid-input` (without a pointer, see [`Failure::at`]) for an empty segment, one with control characters, and one
    /// that is or holds a dot segment, encoded or not.
    pub fn segment(mut self, value: impl fmt::Display) -> Result<Self, Failure> {
        let value = value.to_string();
        if value.is_empty() || value.chars().any(char::is_control) || holds_dot_segment(&value) {
            return Err(Failure::invalid("", "This value is not valid here.").detail("not usable as a path segment"));
        }
        self.0.push('/');
        self.0.extend(utf8_percent_encode(&value, SEGMENT));
        Ok(self)
    }

    /// A path that arrives encoded: taken apart, judged and encoded anew. One slash at the end is kept.
    pub(crate) fn from_encoded(path: &str) -> Option<Self> {
        let rest = path.strip_prefix('/').filter(|rest| !rest.contains(['?', '#']))?;
        let (rest, slash) = match rest.strip_suffix('/') {
            Some(rest) if !rest.is_empty() => (rest, "/"),
            _ => (rest, ""),
        };
        let mut path = Path::root();
        if !rest.is_empty() {
            for segment in rest.split('/') {
                path = path.segment(percent_decode_str(segment).decode_utf8().ok()?).ok()?;
            }
        }
        path.0.push_str(slash);
        Some(path)
    }

    /// The encoded path; begins with `/`.
    pub fn as_str(&self) -> &str {
        if self.0.is_empty() { "/" } else { &self.0 }
    }

    #[cfg_attr(not(target_family = "wasm"), allow(dead_code, reason = "the import takes it by value"))]
    pub(crate) fn into_string(self) -> String {
        if self.0.is_empty() { "/".to_owned() } else { self.0 }
    }
}

/// A path literal may end in a slash, where a vendor insists.
#[doc(hidden)]
pub fn with_slash(mut path: Path) -> Path {
    path.0.push('/');
    path
}

/// Whether a server that decodes once too often, or takes `\` or `;` for more than they are, could read `..` in it.
fn holds_dot_segment(value: &str) -> bool {
    fn plain(value: &str) -> bool {
        value.split(['/', '\\']).any(|part| {
            let part = part.split(';').next().unwrap_or_default();
            part == "." || part == ".."
        })
    }
    plain(value) || (value.contains('%') && plain(&percent_decode_str(value).decode_utf8_lossy()))
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What can be the path of a request: a [`Path`], what [`path!`](crate::path) gives, or a constant such as
/// `"/api/v2/tickets.json"`, already encoded. Not a `String`: that might hold a user's value.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no path",
    note = "write `path!(\"orders\" / id)`, where each expression is one encoded segment, or a constant"
)]
pub trait IntoPath {
    /// The path, or why it is none.
    ///
    /// # Errors
    /// `invalid-input` where a value cannot be a segment.
    fn into_path(self) -> Result<Path, Failure>;
}

impl IntoPath for Path {
    fn into_path(self) -> Result<Path, Failure> {
        Ok(self)
    }
}

impl IntoPath for &Path {
    fn into_path(self) -> Result<Path, Failure> {
        Ok(self.clone())
    }
}

impl IntoPath for Result<Path, Failure> {
    fn into_path(self) -> Result<Path, Failure> {
        self
    }
}

impl IntoPath for &'static str {
    fn into_path(self) -> Result<Path, Failure> {
        Path::from_encoded(self).ok_or_else(|| Failure::internal(format!("not a path: `{self}`")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path;

    #[test]
    fn a_segment_cannot_become_two_or_reach_the_query() {
        for (value, encoded) in [
            ("1001", "/o/1001"),
            ("#1001", "/o/%231001"),
            ("a/b", "/o/a%2Fb"),
            ("a?b=c&d", "/o/a%3Fb=c%26d"),
            ("a%2Fb", "/o/a%252Fb"),
            ("a;b+c", "/o/a%3Bb%2Bc"),
            ("o'neil@x.example", "/o/o'neil@x.example"),
            ("(A='1',B='2')", "/o/(A='1',B='2')"),
            ("…", "/o/%E2%80%A6"),
            ("...", "/o/..."),
            ("v1.2", "/o/v1.2"),
        ] {
            assert_eq!(path!("o" / value).unwrap().as_str(), encoded);
        }
    }

    #[test]
    fn dot_segments_empty_segments_and_control_characters_are_refused() {
        for value in [
            "",
            ".",
            "..",
            "../x?y",
            "x/..",
            "x/../y",
            "..\\x",
            "%2e%2e",
            "%2E.",
            "x%2F..%2Fy",
            "..;",
            "..;a/x",
            "a\nb",
            "a\0",
            "\u{7f}",
            "\u{85}",
        ] {
            let failure = path!("orders" / value / "lines").unwrap_err();
            assert_eq!(failure.kind, Failure::invalid("", "This value is not valid here.").kind, "{value:?}");
        }
    }

    #[test]
    fn constants_are_taken_apart_and_judged_too() {
        assert_eq!("/api/v2/tickets.json".into_path().unwrap().as_str(), "/api/v2/tickets.json");
        assert_eq!("/".into_path().unwrap().as_str(), "/");
        assert_eq!("/a/".into_path().unwrap().as_str(), "/a/");
        for bad in ["", "api", "//x", "/a//b", "/a/../b", "/a/%2e%2e/b", "/a/%ff", "/a?b", "/a#b"] {
            assert!(bad.into_path().is_err(), "{bad}");
        }
    }

    #[test]
    fn any_expression_can_be_a_segment() {
        struct Input {
            id: u64,
        }
        let input = Input { id: 7 };
        let path = path!("api/v2" / "tickets" / format!("{}.json", input.id)).unwrap();
        assert_eq!(path.as_str(), "/api/v2/tickets/7.json");
        assert_eq!(path!(input.id / "x").unwrap().as_str(), "/7/x");
        assert_eq!(path!("/x/").unwrap().as_str(), "/x/");
    }
}
