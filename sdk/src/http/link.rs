//! Links that a vendor gives, such as the URL of the next page: followed only into the endpoint they came from.

use percent_encoding::percent_decode_str;

use super::Path;
use crate::failure::Failure;

/// A link into an endpoint: the proof that a URL was judged.
///
/// A full URL is accepted only if scheme, host and port are those of the endpoint's base URL, which the host puts into
/// the settings as `_endpoints.NAME`; where that base has a path, the URL must be below it. A link that begins with one
/// `/` is relative to the origin and needs no base. Everything else, also a URL with a user name in it, is refused, as
/// is each full URL while the base is unknown. The fragment is dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    path: Path,
    query: Vec<(String, String)>,
}

impl Link {
    pub(super) fn parse(endpoint: &str, base: Option<&str>, url: &str) -> Result<Self, Failure> {
        let refused = |why| Failure::internal(format!("refused a link from endpoint `{endpoint}`: {why}"));
        if url.bytes().any(|byte| byte.is_ascii_control() || byte == b' ' || byte == b'\\') {
            return Err(refused("it is not a URL"));
        }
        let base = base.and_then(Url::parse);
        let target = if url.starts_with('/') && !url.starts_with("//") {
            url
        } else {
            let base = base.as_ref().ok_or_else(|| refused("the endpoint's base URL is not known"))?;
            // A URL without a scheme takes the endpoint's.
            let full = if url.starts_with("//") { format!("{}:{url}", base.scheme) } else { url.to_owned() };
            let link = Url::parse(&full).ok_or_else(|| refused("it is not a URL"))?;
            if !link.same_origin(base) {
                return Err(refused("it leads elsewhere"));
            }
            &url[url.len() - link.target.len()..]
        };
        let target = target.split('#').next().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let path = if path.is_empty() { "/" } else { path };
        let below = match &base {
            Some(base) => base.strip_path(path).ok_or_else(|| refused("it leads out of the endpoint's path"))?,
            None => path,
        };
        let path = Path::from_encoded(below).ok_or_else(|| refused("its path is not clean"))?;
        Ok(Link { path, query: pairs(query) })
    }

    /// The path, below the endpoint's base URL.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The query parameters, decoded.
    pub fn query(&self) -> &[(String, String)] {
        &self.query
    }

    /// One query parameter, such as the cursor that a vendor hides in its links.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// As much of a URL as is needed to compare origins.
struct Url {
    scheme: String,
    host: String,
    port: u16,
    /// Path, query and fragment, as they stand.
    target: String,
}

impl Url {
    fn parse(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let scheme = scheme.to_ascii_lowercase();
        let default_port = match scheme.as_str() {
            "https" => 443,
            "http" => 80,
            _ => return None,
        };
        let (authority, target) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        // A user name is only ever there to deceive.
        if authority.contains('@') {
            return None;
        }
        // The last colon is the port's, unless it belongs to an IPv6 address in brackets.
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => {
                (host, if port.is_empty() { default_port } else { port.parse().ok()? })
            }
            _ => (authority, default_port),
        };
        let host = host.to_ascii_lowercase();
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '[' | ']' | ':');
        if host.is_empty() || !host.chars().all(plain) {
            return None;
        }
        Some(Url { scheme, host, port, target: target.to_owned() })
    }

    fn same_origin(&self, other: &Url) -> bool {
        self.scheme == other.scheme && self.host == other.host && self.port == other.port
    }

    /// What of a path is below this URL's own.
    fn strip_path<'a>(&self, path: &'a str) -> Option<&'a str> {
        let own = self.target.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
        let below = path.strip_prefix(own)?;
        match below.chars().next() {
            None => Some("/"),
            Some('/') => Some(below),
            Some(_) => None,
        }
    }
}

/// Decoded names and values. `+` is a space, as in forms: what vendors' paging links mean by it.
fn pairs(query: &str) -> Vec<(String, String)> {
    let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(name), decode(value))
    });
    pairs.collect()
}

/// The URL with `rel="next"` in the value of a `Link` header (RFC 8288).
///
/// ```
/// use jackfield_sdk::http::next_in;
///
/// let header = r#"<https://shop.example/orders?page=1>; rel="previous", <https://shop.example/orders?page=3>; rel="next""#;
/// assert_eq!(next_in(header), Some("https://shop.example/orders?page=3"));
/// ```
pub fn next_in(header: &str) -> Option<&str> {
    let mut rest = header;
    while let Some((_, after)) = rest.split_once('<') {
        let (url, after) = after.split_once('>')?;
        // Parameters go up to the next comma outside quotes.
        let mut quoted = false;
        let end = after.find(|c| {
            quoted ^= c == '"';
            c == ',' && !quoted
        });
        let (parameters, after) = after.split_at(end.unwrap_or(after.len()));
        let is_next = parameters.split(';').any(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or_default();
            let mut relations = value.trim().trim_matches('"').split_ascii_whitespace();
            name.trim().eq_ignore_ascii_case("rel") && relations.any(|relation| relation.eq_ignore_ascii_case("next"))
        });
        if is_next {
            return Some(url.trim());
        }
        rest = after;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "https://shop.example";

    fn parse(base: &str, url: &str) -> Result<(String, Vec<(String, String)>), Failure> {
        Link::parse("admin", Some(base), url).map(|link| (link.path.to_string(), link.query))
    }

    #[test]
    fn links_into_the_endpoint_are_taken_apart() {
        let expected = Ok((
            "/a/b%2Fc".to_owned(),
            vec![("page_info".to_owned(), "x y=+".to_owned()), ("n".to_owned(), String::new())],
        ));
        for url in [
            "https://shop.example/a/b%2Fc?page_info=x+y%3D%2B&n",
            "HTTPS://Shop.Example:443/a/b%2fc?page_info=x%20y=%2B&n=#fragment",
            "/a/b%2Fc?page_info=x+y%3D%2B&n",
            "//shop.example/a/b%2Fc?page_info=x+y%3D%2B&n",
        ] {
            assert_eq!(parse(BASE, url), expected, "{url}");
        }
        assert_eq!(parse("https://shop.example:8443/", "https://shop.example:8443").unwrap().0, "/");
        assert_eq!(parse("http://[::1]:80/", "http://[::1]/x").unwrap().0, "/x");
    }

    #[test]
    fn links_that_lead_elsewhere_are_refused() {
        for url in [
            "http://shop.example/a",
            "https://shop.example:444/a",
            "https://shop.example.evil.example/a",
            "https://shop.example@evil.example/a",
            "https://user:pw@shop.example/a",
            "https://evil.example/https://shop.example/a",
            "https://evil.example?https://shop.example/a",
            "https://evil.example#https://shop.example/a",
            "//evil.example/a",
            "https:\\\\shop.example\\a",
            "https://shop.example\\.evil.example/a",
            "https://shop.example /a",
            "\thttps://shop.example/a",
            "https:///a",
            "https:shop.example/a",
            "javascript://shop.example/%0aalert(1)",
            "file:///etc/passwd",
            "?page=2",
            "a/b",
            "",
            "https://shop.example/a/../b",
            "https://shop.example/a/%2e%2e/b",
            "https://shop.example/%2e%2e%2f",
            "/a//b",
            "https://shop.example:0x1bb/a",
            "https://shop.example:99999/a",
            "https://shop.exаmple/a",
        ] {
            let failure = parse(BASE, url).unwrap_err();
            assert_eq!(failure.kind.code(), "internal", "{url}");
            assert!(url.is_empty() || !failure.detail.contains(url), "{url}");
        }
    }

    #[test]
    fn without_a_base_only_relative_links_are_taken() {
        assert!(Link::parse("admin", None, "/a?b=c").is_ok());
        assert!(Link::parse("admin", None, "https://shop.example/a").is_err());
        assert!(Link::parse("admin", None, "//shop.example/a").is_err());
        assert!(Link::parse("admin", Some("not a url"), "https://shop.example/a").is_err());
    }

    #[test]
    fn a_base_with_a_path_keeps_links_below_it() {
        let base = "https://api.example/stores/abc/";
        assert_eq!(parse(base, "https://api.example/stores/abc/v2/orders?x=1").unwrap().0, "/v2/orders");
        assert_eq!(parse(base, "/stores/abc").unwrap().0, "/");
        assert!(parse(base, "https://api.example/stores/abcd/v2").is_err());
        assert!(parse(base, "/stores/other").is_err());
    }

    #[test]
    fn the_next_relation_is_found_in_any_company() {
        for (header, next) in [
            ("<https://a/1>; rel=next", Some("https://a/1")),
            (
                "<https://a/1>;rel=\"prev\",<https://a/2>;title=\"a, <b>; rel=next\";rel=\"last NEXT\"",
                Some("https://a/2"),
            ),
            ("<https://a/1>; rel=\"prev\"", None),
            ("<https://a/1", None),
            ("", None),
            (";,=", None),
            ("<>; rel=next", Some("")),
        ] {
            assert_eq!(next_in(header), next, "{header}");
        }
    }

    #[test]
    fn no_text_makes_it_panic_and_none_leads_elsewhere() {
        let pieces = [
            "https:",
            "/",
            "shop.example",
            "evil",
            ":",
            "443",
            "@",
            "?",
            "#",
            "%",
            "2e",
            ".",
            "\\",
            "[",
            "]",
            "ä",
            "<",
            ">",
            ";",
            "rel=next",
            "\"",
        ];
        let mut texts = vec![String::new()];
        for _ in 0..4 {
            let longer: Vec<String> =
                texts.iter().flat_map(|text| pieces.iter().map(move |piece| format!("{text}{piece}"))).collect();
            texts.extend(longer);
            texts.sort();
            texts.dedup();
        }
        for text in texts {
            let _ = next_in(&text);
            let full = format!("https://{text}");
            if Link::parse("admin", Some(BASE), &full).is_ok() {
                let host = text.split(['/', '?', '#']).next().unwrap();
                assert!(matches!(host, "shop.example" | "shop.example:443" | "shop.example:"), "{full}");
            }
            if let Ok((path, _)) = parse(BASE, &text) {
                let clean = |segment: &str| !matches!(segment, "." | "..") && !segment.contains('\\');
                assert!(path.starts_with('/') && !path.contains("//") && path.split('/').all(clean), "{text}: {path}");
            }
        }
    }
}
