//! Hostile texts in place of a user's, and whether one of them became more than a value: a segment of a path, a
//! parameter, a member, a clause of a query, a part of a document.

use jackfield_core::grant::OutboundRequest;
use jackfield_fixtures::operations;
use serde_json::Value;

use crate::stage::Left;

/// What every hostile text begins with, and holds again where it would be out of its quotes.
const MARK: &str = "jfx7";

/// What escapes quotes, paths, queries, headers, documents and pages, and what trips over characters.
pub(super) const HOSTILE: [&str; 12] = [
    "jfx7' OR jfx7 = jfx7 --",
    "jfx7\" OR jfx7:jfx7",
    "jfx7\\' OR jfx7 = jfx7 --",
    "jfx7/../../admin",
    "jfx7?jfx7=true&role=owner#top",
    "jfx7%2F..%2Fadmin%00",
    "jfx7\r\nX-Jfx7: 1",
    "jfx7\") { id } } mutation { jfx7 }",
    "jfx7{{secret.access_token}}",
    "jfx7<script>alert(1)</script>",
    "jfx7 \u{202e}\u{0}\u{feff}\u{1f98a} ĳ ß 日本",
    "jfx7') or (jfx7 eq 'jfx7",
];

/// Pointers of the texts in an input.
pub(super) fn texts(value: &Value, pointer: &str, pointers: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(name, value)| texts(value, &jackfield_fixtures::member(pointer, name), pointers));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, value)| texts(value, &format!("{pointer}/{at}"), pointers));
        }
        Value::String(_) => pointers.push(pointer.to_owned()),
        _ => {}
    }
}

/// What a hostile text changed beside values, one sentence each. `usual` is what is sent for the `original` text.
pub(super) fn intrusions(usual: &[Left], original: &str, left: &[Left]) -> Vec<String> {
    let usual: Vec<&OutboundRequest> = usual.iter().map(|left| &left.request).collect();
    left.iter().filter_map(|left| intrusion(&usual, original, &left.request)).collect()
}

fn intrusion(usual: &[&OutboundRequest], original: &str, request: &OutboundRequest) -> Option<String> {
    let told = |what: &str| Some(format!("{what}: {} {}", request.method, request.path));
    let segments = segments(&request.path);
    let is_alike = |other: &&&OutboundRequest| {
        let known = self::segments(&other.path);
        other.endpoint == request.endpoint
            && other.method == request.method
            && known.len() == segments.len()
            && known.iter().zip(&segments).all(|(known, segment)| known == segment || marked(segment))
    };
    let alike: Vec<_> = usual.iter().filter(is_alike).collect();
    if segments.iter().any(|segment| marked(segment)) && alike.is_empty() {
        return told("the input changed the path");
    }
    if request.query.iter().chain(&request.headers).any(|(name, _)| marked(name)) {
        return told("the input became the name of a parameter or a header");
    }
    if request.headers.iter().any(|(_, value)| value.contains(['\r', '\n'])) {
        return told("the input broke out of a header");
    }
    if request.query.iter().any(|(_, value)| marked(value))
        && !alike.is_empty()
        && !alike.iter().any(|other| names(&other.query) == names(&request.query))
    {
        return told("the input changed the parameters of the query");
    }
    for (name, value) in request.query.iter().filter(|(_, value)| marked(value)) {
        let known = alike.iter().flat_map(|other| &other.query).filter(|(known, _)| known == name);
        if left_its_quotes(known.map(|(_, value)| value.as_str()), original, value) {
            return Some(format!("the input left its quotes in the parameter `{name}`: {value}"));
        }
    }
    body_intrusion(&alike, original, request)
}

fn body_intrusion(alike: &[&&OutboundRequest], original: &str, request: &OutboundRequest) -> Option<String> {
    let json = |request: &OutboundRequest| serde_json::from_slice::<Value>(request.body.as_deref()?).ok();
    let Some(body) = json(request) else {
        let was_json = alike.iter().any(|other| json(other).is_some());
        return (was_json && request.body.is_some()).then(|| "the input broke the JSON of a body".to_owned());
    };
    if let Some(document) = body["query"].as_str()
        && operations(document).next().is_some()
        && marked(document)
    {
        return Some("the input became part of a GraphQL document: give it as a variable".to_owned());
    }
    let mut members = Vec::new();
    walk(&body, "", &mut members);
    for (pointer, value) in &members {
        if marked(pointer) {
            return Some("the input became the name of a member of a body".to_owned());
        }
        if !marked(value) {
            continue;
        }
        let known = alike.iter().filter_map(|other| json(other)?.pointer(pointer)?.as_str().map(str::to_owned));
        let known: Vec<String> = known.collect();
        if left_its_quotes(known.iter().map(String::as_str), original, value) {
            return Some(format!("the input left its quotes in the body's `{pointer}`: {value}"));
        }
    }
    None
}

/// Every leaf of a JSON value with its pointer: texts as they are, anything else for its pointer alone.
fn walk(value: &Value, pointer: &str, all: &mut Vec<(String, String)>) {
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(name, value)| walk(value, &jackfield_fixtures::member(pointer, name), all));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, value)| walk(value, &format!("{pointer}/{at}"), all));
        }
        Value::String(text) => all.push((pointer.to_owned(), text.clone())),
        _ => all.push((pointer.to_owned(), String::new())),
    }
}

/// Whether a text that usually stands in quotes now ends them. Only where the usual value was quoted can be told: a free
/// text has no structure to break.
fn left_its_quotes<'v>(mut usual: impl Iterator<Item = &'v str>, original: &str, found: &str) -> bool {
    let Some(usual) = usual.find(|value| !original.is_empty() && value.contains(original)) else { return false };
    let escapes = [Escape::Backslash, Escape::Double];
    let quoted = escapes.iter().all(|escape| escape.outside(usual).is_some_and(|outside| !outside.contains(original)));
    // Languages differ in how a quote is escaped: it is enough when the text keeps to one of the ways.
    let kept = |escape: &Escape| escape.outside(found).is_some_and(|outside| !marked(&outside));
    quoted && !escapes.iter().any(kept)
}

/// How a language writes a quote inside of quotes.
enum Escape {
    Backslash,
    Double,
}

impl Escape {
    /// A query with all that stands in quotes taken out; none when a quote is not closed.
    fn outside(&self, text: &str) -> Option<String> {
        let mut out = String::new();
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            out.push(c);
            if c != '\'' && c != '"' {
                continue;
            }
            loop {
                match (chars.next()?, self) {
                    ('\\', Escape::Backslash) => drop(chars.next()),
                    (inner, Escape::Double) if inner == c && chars.peek() == Some(&c) => drop(chars.next()),
                    (inner, _) if inner == c => break,
                    _ => {}
                }
            }
            out.push(c);
        }
        Some(out)
    }
}

/// Whether a text holds the mark, in whatever case a connector has brought it.
fn marked(text: &str) -> bool {
    text.to_lowercase().contains(MARK)
}

/// The decoded segments of a path.
fn segments(path: &str) -> Vec<String> {
    let decode = |segment: &str| percent_encoding::percent_decode_str(segment).decode_utf8_lossy().into_owned();
    path.split('/').map(decode).collect()
}

fn names(query: &[(String, String)]) -> Vec<&str> {
    let mut names: Vec<&str> = query.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use jackfield_core::manifest::Access;

    fn left(path: &str, query: &[(&str, &str)], body: &str) -> Left {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Left {
            request: OutboundRequest {
                endpoint: "api".to_owned(),
                method: http_method(),
                path: path.to_owned(),
                query: query.iter().map(owned).collect(),
                headers: Vec::new(),
                body: (!body.is_empty()).then(|| body.to_owned().into()),
                timeout: None,
                idempotent: false,
            },
            access: Access::Read,
            at: None,
        }
    }

    fn http_method() -> http::Method {
        http::Method::POST
    }

    fn intrudes(usual: &Left, hostile: &Left) -> bool {
        !intrusions(std::slice::from_ref(usual), "1001", std::slice::from_ref(hostile)).is_empty()
    }

    #[test]
    fn a_value_that_stays_a_value_is_no_intrusion() {
        let usual = left("/orders/1001", &[("q", "number = '1001'")], r#"{"a": "1001"}"#);
        let hostile =
            left("/orders/jfx7%2F..%2Fadmin", &[("q", r"number = 'jfx7\' OR jfx7 = jfx7 --'")], r#"{"a": "jfx7\"}"}"#);
        assert!(!intrudes(&usual, &hostile));
        let doubled = left("/orders/1001", &[("q", "number = 'jfx7'' OR jfx7 = jfx7 --'")], "");
        assert!(!intrudes(&usual, &doubled));
    }

    #[test]
    fn every_way_out_of_a_value_is_found() {
        let usual = left("/orders/1001", &[("q", "number = '1001'")], r#"{"query": "query A { a }", "v": "1001"}"#);
        for hostile in [
            left("/orders/jfx7/../../admin", &[], ""),
            left("/orders/1001", &[("jfx7", "1")], ""),
            left("/orders/1001", &[("q", "jfx7"), ("admin", "true")], ""),
            left("/orders/1001", &[("q", "number = 'jfx7' OR jfx7 = jfx7 --'")], ""),
            left("/orders/1001", &[], r#"{"a": "jfx7", "#),
            left("/orders/1001", &[], r#"{"jfx7": 1}"#),
            left("/orders/1001", &[], r#"{"query": "query A { a(n: \"jfx7\") }"}"#),
        ] {
            assert!(intrudes(&usual, &hostile), "{:?}", hostile.request);
        }
    }
}
