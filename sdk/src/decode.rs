//! Reading JSON into types, with errors that say where and what was expected, and never what stood there.
//!
//! A serde error quotes the offending value, and a value may be a customer's: it is cut out here, for good.

use serde::Deserialize;

/// Why a text is not what its type asks for. Holds no value of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mismatch {
    /// JSON Pointer to the place.
    pub(crate) pointer: String,
    /// Such as ``missing field `id` `` or `invalid type: string, expected u64`.
    pub(crate) reason: String,
}

impl Mismatch {
    /// The same as seen from a text that holds this one.
    pub(crate) fn below(self, place: &str) -> Self {
        Mismatch { pointer: place.to_owned() + &self.pointer, reason: self.reason }
    }
}

impl std::fmt::Display for Mismatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let pointer = if self.pointer.is_empty() { "the top" } else { &self.pointer };
        write!(f, "at `{pointer}`: {}", self.reason)
    }
}

/// Reads a JSON text into a type.
///
/// Everything in this crate reads through here or through `serde_json::from_str`, never from bytes: serde_json stands in a
/// component once for each kind of source.
pub(crate) fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Mismatch> {
    serde_json::from_str(text).map_err(|error| mismatch(text.as_bytes(), &error))
}

/// The same from bytes that ought to be UTF-8.
pub(crate) fn read_bytes<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Mismatch> {
    match std::str::from_utf8(bytes) {
        Ok(text) => read(text),
        Err(_) => Err(Mismatch { pointer: String::new(), reason: "not UTF-8".to_owned() }),
    }
}

/// Not generic, so that it stands in a component once.
fn mismatch(text: &[u8], error: &serde_json::Error) -> Mismatch {
    let reason = reason(error);
    let mut pointer = pointer_at(text, offset(text, error));
    // The key is itself what was not known.
    if reason.starts_with("unknown ") {
        pointer.truncate(pointer.rfind('/').unwrap_or_default());
    }
    Mismatch { pointer, reason }
}

/// The byte that serde_json's line and column (in bytes) name.
fn offset(text: &[u8], error: &serde_json::Error) -> usize {
    let line_start = text
        .split_inclusive(|byte| *byte == b'\n')
        .take(error.line().saturating_sub(1))
        .map(<[u8]>::len)
        .sum::<usize>();
    (line_start + error.column()).min(text.len())
}

/// serde's sentence without the value it quotes. Only the forms that serde itself makes are let through: a
/// custom message may hold anything.
fn reason(error: &serde_json::Error) -> String {
    if error.is_syntax() || error.is_eof() {
        return format!("not JSON (line {} column {})", error.line(), error.column());
    }
    let message = error.to_string();
    let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(head, _)| head);
    // These name only what the type declares.
    if message.starts_with("missing field `") || message.starts_with("duplicate field `") {
        return message.to_owned();
    }
    // These name what was found, a value in quotes or backticks, and then what was expected.
    for kind in ["invalid type", "invalid value", "invalid length", "unknown variant", "unknown field"] {
        let Some(rest) = message.strip_prefix(kind) else { continue };
        let found = rest.split(['"', '`', '\'']).next().unwrap_or_default();
        let found: String = if kind == "invalid type" || kind == "invalid value" {
            found.split(", expected").next().unwrap_or_default().trim_end().to_owned()
        } else {
            String::new()
        };
        return match message.rsplit_once(", expected ") {
            Some((_, expected)) => format!("{kind}{found}, expected {expected}"),
            None => format!("{kind}{found}"),
        };
    }
    "not in the expected form".to_owned()
}

/// The JSON Pointer of the value that stands at, or ended just before, this byte.
///
/// A scanner and not a second deserialiser that counts along: it runs only when something is wrong already, it is
/// small, and it stands in a component once instead of once per type. The text has been read up to here without a
/// syntax error, so it need not be strict; on nonsense it stops.
fn pointer_at(text: &[u8], offset: usize) -> String {
    let mut open: Vec<Open> = Vec::new();
    let mut done = String::new();
    let mut at = 0;
    while at < offset && at < text.len() {
        let byte = text[at];
        match byte {
            b'{' | b'[' => {
                open.push(if byte == b'{' { Open::Object(None) } else { Open::Array(0) });
                done = enclosing(&open);
                at += 1;
            }
            b'}' | b']' => {
                open.pop();
                done = render(&open);
                at += 1;
            }
            b',' => {
                match open.last_mut() {
                    Some(Open::Object(key)) => *key = None,
                    Some(Open::Array(index)) => *index += 1,
                    None => {}
                }
                done = enclosing(&open);
                at += 1;
            }
            b'"' => {
                let end = string_end(text, at);
                match open.last_mut() {
                    Some(Open::Object(key @ None)) => {
                        let name = std::str::from_utf8(&text[at..end])
                            .ok()
                            .and_then(|key| serde_json::from_str::<String>(key).ok())
                            .unwrap_or_default();
                        *key = Some(name);
                        done = render(&open);
                    }
                    _ => done = render(&open),
                }
                at = end;
            }
            b':' | b' ' | b'\t' | b'\n' | b'\r' => at += 1,
            _ => {
                done = render(&open);
                at += 1;
            }
        }
    }
    // A pointer is for a person to read; a hostile key must not fill the log.
    done.chars().take(200).collect()
}

enum Open {
    Object(Option<String>),
    Array(usize),
}

/// The pointer to the container itself: what is inside has not been reached yet.
fn enclosing(open: &[Open]) -> String {
    render(&open[..open.len().saturating_sub(1)])
}

/// The pointer to the member that the innermost container is at.
fn render(open: &[Open]) -> String {
    let mut pointer = String::new();
    for container in open {
        match container {
            Open::Object(Some(key)) => {
                pointer.push('/');
                // What is no name of a field is a key made of data, such as an e-mail address.
                let name = key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '$' | '@'));
                pointer.push_str(if name && !key.trim_start_matches('@').contains('@') { key } else { "*" });
            }
            Open::Object(None) => {}
            Open::Array(index) => {
                pointer.push('/');
                pointer.push_str(&index.to_string());
            }
        }
    }
    pointer
}

/// Just behind the closing quote of the string that begins here.
fn string_end(text: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < text.len() {
        match text[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[allow(dead_code, reason = "read only by serde")]
    struct Order {
        id: u64,
        lines: Vec<Line>,
        #[serde(default)]
        note: Option<Note>,
    }

    #[derive(Debug, Deserialize)]
    #[allow(dead_code, reason = "read only by serde")]
    struct Line {
        sku: String,
        quantity: u32,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Note {
        Gift,
    }

    fn check(text: &str, pointer: &str, reason: &str) {
        let mismatch = read::<Order>(text).unwrap_err();
        assert_eq!((mismatch.pointer.as_str(), mismatch.reason.as_str()), (pointer, reason), "{text}");
    }

    #[test]
    fn an_error_names_the_place_and_the_expectation() {
        check(r#"{"id":"secret","lines":[]}"#, "/id", "invalid type: string, expected u64");
        check(r#"{"id":-1,"lines":[]}"#, "/id", "invalid value: integer, expected u64");
        check(
            r#"{"id":1,"lines":[{"sku":"a","quantity":1},{"sku":"b","quantity":null}]}"#,
            "/lines/1/quantity",
            "invalid type: null, expected u32",
        );
        check(r#"{"id":1,"lines":[{"sku":"a"}]}"#, "/lines/0", "missing field `quantity`");
        check(r#"{"id":1}"#, "", "missing field `lines`");
        check(r#"{"id":1,"lines":{}}"#, "/lines", "invalid type: map, expected a sequence");
        check(r#"{"id":[1],"lines":{}}"#, "/id", "invalid type: sequence, expected u64");
        check(
            r#"{"a/b":1,"id":1, "lines" : [ {"sku":"}\"]","quantity":true} ]}"#,
            "/lines/0/quantity",
            "invalid type: boolean, expected u32",
        );
        check(
            "{\n \"id\": 1,\n \"lines\": [\n  {\"sku\": 5, \"quantity\": 1}]}",
            "/lines/0/sku",
            "invalid type: integer, expected a string",
        );
    }

    #[test]
    fn no_value_of_the_text_is_in_an_error() {
        for text in [
            r#"{"id":"SECRET","lines":[]}"#,
            r#"{"id":"SECRET, expected SECRET","lines":[]}"#,
            r#"{"id":1,"lines":[],"note":"SECRET"}"#,
            r#"{"id":1,"lines":[],"note":{"SECRET":1}}"#,
            r#"["SECRET"]"#,
            r#""SECRET""#,
            r#"{"id":1,"lines":"SECRET at line 1"#,
            r#"SECRET"#,
        ] {
            let mismatch = read::<Order>(text).unwrap_err();
            assert!(!mismatch.to_string().contains("SECRET"), "{mismatch}");
        }
    }

    #[test]
    fn no_text_however_broken_makes_it_panic() {
        let text = r#"{"id":1,"li\"nes":[{"sku":"a\\","quantity":1.5e3},[[{}]],{"x":"\u00e4"}]}"#.as_bytes();
        for end in 0..text.len() {
            for offset in 0..text.len() + 2 {
                pointer_at(&text[..end], offset);
            }
            let _ = read_bytes::<Order>(&text[..end]);
        }
    }
}
