//! The grant: what is allowed is allowed by a rule, and a plain path that a rule allows is allowed. Which rule fits is told a
//! second time here, letter by letter and without any of the grant's code.

use arbitrary::{Arbitrary, Result, Unstructured};
use http::Method;
use jackfield_core::manifest::{Access, Manifest};
use serde_json::json;

const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
const PATTERNS: [&str; 12] =
    ["a", "b", "orders", "*", "a*", "*.json", "a*b", "Order('*')", "%41", "a;b", "a=b", "admin"];
const SEGMENTS: [&str; 22] = [
    "a",
    "b",
    "orders",
    "ab",
    "aab",
    "x.json",
    ".json",
    "Order('1')",
    "Order('')",
    "%61",
    "%2541",
    "A",
    "a;b",
    "a%3Bb",
    "a=b",
    "admin",
    "ADMIN",
    "",
    "..",
    "%2e%2E",
    "a%2Fb",
    "**",
];

const RULES_MAX: usize = 4;
const SEGMENTS_MAX: usize = 4;

/// A rule as it stands in a manifest.
struct Line {
    write: bool,
    method: &'static str,
    segments: Vec<&'static str>,
    rest: bool,
}

impl Line {
    fn text(&self) -> String {
        let mut segments = self.segments.clone();
        segments.extend(self.rest.then_some("**"));
        format!("{} {} /{}", if self.write { "write" } else { "read" }, self.method, segments.join("/"))
    }

    /// The second opinion.
    fn fits(&self, method: &str, path: &[String]) -> bool {
        let long_enough = if self.rest { path.len() > self.segments.len() } else { path.len() == self.segments.len() };
        method == self.method
            && long_enough
            && self.segments.iter().zip(path).all(|(pattern, segment)| fits(pattern.as_bytes(), segment.as_bytes()))
            && path[self.segments.len().min(path.len())..].iter().all(|segment| !segment.is_empty())
    }
}

/// Whether a segment fits its pattern: `*` is one or more letters.
fn fits(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((b'*', after)), Some((_, rest))) => fits(after, rest) || fits(pattern, rest),
        (Some((letter, after)), Some((first, rest))) => letter == first && fits(after, rest),
        _ => false,
    }
}

/// Undoes `%xx`, once.
fn decoded(segment: &str) -> String {
    let bytes = segment.as_bytes();
    let (mut out, mut at) = (Vec::new(), 0);
    while let Some(byte) = bytes.get(at) {
        let code = segment.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (byte, code) {
            (b'%', Some(code)) => {
                out.push(code);
                at += 3;
            }
            _ => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn line(u: &mut Unstructured<'_>) -> Result<Line> {
    let segments = (0..u.int_in_range(1..=SEGMENTS_MAX)?).map(|_| u.choose(&PATTERNS).copied());
    let segments = segments.collect::<Result<_>>()?;
    Ok(Line { write: u.arbitrary()?, method: u.choose(&METHODS)?, segments, rest: u.arbitrary()? })
}

fn segment(u: &mut Unstructured<'_>) -> Result<String> {
    Ok(if u.ratio(1, 8)? { <&str>::arbitrary(u)?.to_owned() } else { (*u.choose(&SEGMENTS)?).to_owned() })
}

/// See the file.
pub fn run(data: &[u8]) {
    let _ = check(&mut Unstructured::new(data));
}

fn check(u: &mut Unstructured<'_>) -> Result<()> {
    let lines = (0..u.int_in_range(1..=RULES_MAX)?).map(|_| line(u)).collect::<Result<Vec<_>>>()?;
    let allow: Vec<String> = lines.iter().map(|line| format!("{:?}", line.text())).collect();
    let text = format!(
        "id = \"shop\"\nversion = \"1.0.0\"\ntitle = \"Shop\"\nvendor_api = \"1\"\nintents = [\"order.status\"]\n\
         [endpoint.api]\nbase_url = \"https://api.example.com\"\nallow = [{}]\n",
        allow.join(", ")
    );
    let manifest = Manifest::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let access = if u.arbitrary()? { Access::Write } else { Access::Read };
    let grant = super::grant(&manifest, &json!({}), access).expect("the base is a plain origin");
    let method = *u.choose(&METHODS)?;
    let segments = (0..u.int_in_range(1..=SEGMENTS_MAX)?).map(|_| segment(u)).collect::<Result<Vec<_>>>()?;
    let path = format!("/{}", segments.join("/"));

    let request = super::request(Method::from_bytes(method.as_bytes()).expect("a method"), path.clone());
    let plain: Vec<String> = path[1..].split('/').map(decoded).collect();
    let fitting: Vec<&Line> = lines.iter().filter(|line| line.fits(method, &plain)).collect();
    let by_access = |write: bool| fitting.iter().any(|line| line.write == write);
    let may = by_access(false) || (access == Access::Write && by_access(true));
    match grant.check(request.clone()) {
        Ok(granted) => {
            assert!(may, "{method} {path} is allowed by none of {allow:?}");
            let first = fitting.iter().find(|line| !line.write || access == Access::Write).expect("one fits");
            assert_eq!(granted.access() == Access::Write, first.write, "{method} {path} by {allow:?}");
        }
        Err(refusal) => {
            let is_plain = |segment: &String| segment.bytes().all(|b| b.is_ascii_alphanumeric()) && !segment.is_empty();
            assert!(!(may && segments.iter().all(is_plain)), "{method} {path} of {allow:?}: {refusal}");
        }
    }
    if let Ok(granted) = grant.looking_back().check(request) {
        assert!(granted.access() == Access::Read && by_access(false), "a look back writes: {method} {path}");
    }
    Ok(())
}
