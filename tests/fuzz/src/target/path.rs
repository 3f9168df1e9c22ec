//! What a guest or a redirect makes of a URL: it stays on the endpoint's origin and below its base, says to every reader what
//! it said to the grant, and brings no line break and no header of the host's along.

use arbitrary::{Result, Unstructured};
use http::Method;
use jackfield_core::grant::{Granted, OutboundRequest};
use jackfield_core::manifest::{Access, Manifest};
use serde_json::json;

const BASES: [&str; 3] =
    ["https://api.example.com", "https://api.example.com/base/v1", "https://api.example.com:8443/base/"];
/// Names that are the host's, in every case of letters.
const RESERVED: [&str; 8] =
    ["host", "authorization", "cookie", "content-length", "transfer-encoding", "connection", "x-forwarded-for", "te"];
/// Pieces of which attacks are made.
const PIECES: [&str; 24] = [
    "/",
    "//",
    "..",
    ".",
    "%2e",
    "%2E%2e",
    "%252e",
    "%2f",
    "%5c",
    "\\",
    "@",
    "evil.example",
    ":",
    "?",
    "#",
    "%00",
    "%0d%0a",
    "\r\n",
    "a",
    "\u{2024}\u{2024}",
    ";",
    "https:",
    "%c0%ae",
    " ",
];
const PIECES_MAX: usize = 8;

fn text(u: &mut Unstructured<'_>) -> Result<String> {
    let mut text = String::new();
    for _ in 0..u.int_in_range(0..=PIECES_MAX)? {
        text.push_str(if u.ratio(1, 4)? { u.arbitrary()? } else { u.choose(&PIECES)? });
    }
    Ok(text)
}

/// See the file.
pub fn run(data: &[u8]) {
    let _ = check(&mut Unstructured::new(data));
}

fn check(u: &mut Unstructured<'_>) -> Result<()> {
    let (base, slash): (&str, bool) = (u.choose(&BASES)?, u.arbitrary()?);
    let manifest = Manifest::parse(&format!(
        "id = \"shop\"\nversion = \"1.0.0\"\ntitle = \"Shop\"\nvendor_api = \"1\"\nintents = [\"order.status\"]\n\
         [endpoint.api]\nbase_url = \"{base}\"\nencoded_slash = {slash}\nallow = [\"read GET /**\"]\n"
    ))
    .expect("the manifest is good");
    let grant = super::grant(&manifest, &json!({}), Access::Read).expect("the base is a plain URL");
    let path = if u.ratio(1, 8)? { text(u)? } else { format!("/{}", text(u)?) };
    let mut request = super::request(Method::GET, path);
    for _ in 0..u.int_in_range(0..=2)? {
        request.query.push((text(u)?, text(u)?));
    }
    for _ in 0..u.int_in_range(0..=2)? {
        let name = if u.arbitrary()? { (*u.choose(&RESERVED)?).to_uppercase() } else { text(u)? };
        request.headers.push((name, text(u)?));
    }
    let Ok(granted) = grant.check(request) else { return Ok(()) };
    assert_safe(base, &granted);
    let pairs: Vec<(String, String)> = granted.url().query_pairs().into_owned().collect();
    assert_eq!(pairs, granted.value().query, "a query says what it said");
    for _ in 0..u.int_in_range(0..=3)? {
        if let Ok(target) = granted.redirect(&text(u)?) {
            assert_safe(base, &target);
        }
    }
    Ok(())
}

fn assert_safe(base: &str, granted: &Granted<OutboundRequest>) {
    let (base, url) = (url::Url::parse(base).expect("a URL"), granted.url());
    let shown = url.as_str();
    assert_eq!((url.scheme(), url.host(), url.port()), (base.scheme(), base.host(), base.port()), "{shown}");
    assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none(), "{shown}");
    assert!(shown.bytes().all(|b| b.is_ascii_graphic()), "{shown}");
    let below = url.path().strip_prefix(base.path().trim_end_matches('/')).expect("it is below the base");
    assert!(below.starts_with('/'), "{shown}");
    // However often it is decoded, and wherever a server sees a border, nothing climbs.
    let mut path = below.to_owned();
    for _ in 0..3 {
        let climbs = path.split(['/', '\\', ';']).any(|part| ["..", "."].contains(&part.trim()));
        assert!(!climbs, "{shown} climbs as {path}");
        path = path.replace("%2e", ".").replace("%2E", ".").replace("%2f", "/").replace("%2F", "/").replace("%5c", "/");
        path = path.replace("%5C", "/").replace("%25", "%");
    }
    assert_eq!(url::Url::parse(shown).as_ref(), Ok(url), "it reads as it is");
    for (name, value) in granted.headers() {
        assert!(!RESERVED.contains(&name.as_str()), "{name} is the host's");
        assert!(value.as_bytes().iter().all(|b| !b"\r\n\0".contains(b)), "{name} begins another line");
    }
}
