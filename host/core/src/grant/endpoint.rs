//! The check of one request against one endpoint: method and path, document, URL, headers. The only place where a
//! [`Granted`] is made.

use std::sync::Arc;

use http::{HeaderName, HeaderValue, Method};
use url::Url;

use super::{Denial, EndpointGrant, Granted, OutboundRequest, Refusal, Segments, graphql, printable};
use crate::manifest::{Rule, Scheme};

/// Headers that belong to the connection, to hops or to the host. A guest never sets them.
const RESERVED: [&str; 20] = [
    "host",
    "authorization",
    "cookie",
    "content-length",
    "transfer-encoding",
    "connection",
    "keep-alive",
    "te",
    "trailer",
    "upgrade",
    "expect",
    "forwarded",
    "via",
    "x-real-ip",
    "proxy-authorization",
    "proxy-connection",
    "proxy-authenticate",
    "accept-encoding",
    "http2-settings",
    "x-http-method-override",
];

/// Bounds of what one request may carry beside its body.
const HEADERS_MAX: usize = 64;
const HEADER_BYTES_MAX: usize = 16 << 10;
const QUERY_PAIRS_MAX: usize = 128;
const URL_BYTES_MAX: usize = 16 << 10;

impl EndpointGrant {
    pub(super) fn check(endpoint: &Arc<Self>, request: OutboundRequest) -> Result<Granted<OutboundRequest>, Refusal> {
        let segments = endpoint.segments(&request.path).map_err(|e| Refusal::Invalid(e.to_string()))?;
        let access = endpoint.matching_rule(&request, &segments)?.access;
        let url = full_url(endpoint, &request)?;
        let headers = endpoint.headers(&request.headers)?;
        Ok(Granted { value: request, url, headers, access, endpoint: endpoint.clone() })
    }

    /// The first rule that allows the request.
    fn matching_rule(&self, request: &OutboundRequest, segments: &Segments<'_>) -> Result<&Rule, Refusal> {
        let decoded = segments.decoded();
        let at = |rule: &&Rule| rule.method == request.method && rule.path.matches(&decoded);
        let mut graphql_refusal = None;
        for rule in self.rules.iter().filter(at) {
            let Some(kind) = rule.graphql else { return Ok(rule) };
            match graphql::check(kind, request.body.as_deref().unwrap_or_default()) {
                Ok(()) => return Ok(rule),
                Err(refusal) => graphql_refusal = Some(refusal),
            }
        }
        let line = format!("{} {}", request.method, printable(&request.path));
        if let Some(rule) = self.withheld.iter().find(at) {
            if self.looks_back {
                return Err(Refusal::Denied(Denial {
                    reason: format!("`settle` may only read; {line} needs `{}`", rule.text),
                    place: None,
                    remedy: "no line allows this; where sending again is harmless, say `repeat` in `[intent.NAME]`"
                        .to_owned(),
                }));
            }
            return Err(Refusal::Denied(Denial {
                reason: format!("connection `{}` may only read; {line} needs `{}`", self.owner.connection, rule.text),
                place: Some(self.owner.place.clone()),
                remedy: format!("set `access = \"write\"` in `[connection.{}]`", self.owner.connection),
            }));
        }
        match graphql_refusal {
            Some(graphql::Mismatch::Malformed(why)) => Err(Refusal::Invalid(why)),
            Some(graphql::Mismatch::Kind(why)) => Err(Refusal::Denied(Denial {
                reason: format!("{line}: {why}"),
                place: None,
                remedy: format!(
                    "connector.toml of `{}`: add `\"write POST {} graphql=mutation\"` to `allow` of `[endpoint.{}]`",
                    self.owner.connector,
                    printable(&request.path),
                    self.name
                ),
            })),
            None => Err(Refusal::Denied(Denial {
                reason: format!("no rule of endpoint `{}` allows {line}", self.name),
                place: None,
                remedy: format!(
                    "connector.toml{} of `{}`: add `\"{} {line}\"` to `allow` of `[endpoint.{}]`",
                    self.rules.first().map(|rule| format!(":{}", rule.line)).unwrap_or_default(),
                    self.owner.connector,
                    if request.method == Method::GET { "read" } else { "write" },
                    self.name
                ),
            })),
        }
    }

    fn headers(&self, headers: &[(String, String)]) -> Result<Vec<(HeaderName, HeaderValue)>, Refusal> {
        let bytes: usize = headers.iter().map(|(n, v)| n.len() + v.len()).sum();
        if headers.len() > HEADERS_MAX || bytes > HEADER_BYTES_MAX {
            return Err(Refusal::Invalid(format!(
                "{} headers of {bytes} bytes are over the bound of {HEADERS_MAX} headers or {HEADER_BYTES_MAX} bytes",
                headers.len()
            )));
        }
        headers
            .iter()
            .map(|(name, value)| {
                let shown = printable(name);
                let name = HeaderName::from_bytes(name.as_bytes())
                    .map_err(|_| Refusal::Invalid(format!("`{shown}` is not a header name")))?;
                let value = HeaderValue::from_str(value)
                    .map_err(|_| Refusal::Invalid(format!("the value of header `{shown}` is not allowed in a header")))?;
                let own = self.scheme.own_header().into_iter().chain(self.csrf.as_ref().map(|c| c.header.as_str()));
                let credential = own.into_iter().any(|header| name.as_str().eq_ignore_ascii_case(header));
                if credential || is_reserved(name.as_str()) {
                    return Err(Refusal::Denied(Denial {
                        reason: format!("header `{name}` is reserved for the host"),
                        place: None,
                        remedy: format!(
                            "no line allows this; credentials are set by `[endpoint.{}.auth]` in connector.toml of `{}`",
                            self.name, self.owner.connector
                        ),
                    }));
                }
                Ok((name, value))
            })
            .collect()
    }
}

fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name) || name.starts_with("x-forwarded-") || name.starts_with("proxy-")
}

/// The endpoint's base, the checked path and the encoded query.
fn full_url(endpoint: &EndpointGrant, request: &OutboundRequest) -> Result<Url, Refusal> {
    if request.query.len() > QUERY_PAIRS_MAX {
        return Err(Refusal::Invalid(format!("more than {QUERY_PAIRS_MAX} query pairs")));
    }
    let mut url = endpoint.base.clone();
    let path = format!("{}{}", endpoint.base.path().trim_end_matches('/'), request.path);
    url.set_path(&path);
    // The parser must not have seen anything in the path that the checks above did not: same bytes or nothing.
    if url.path() != path || url.origin() != endpoint.base.origin() {
        return Err(Refusal::Invalid("the path changes its meaning in a URL".to_owned()));
    }
    if !request.query.is_empty() {
        if let Scheme::Query { parameter, .. } = &endpoint.scheme
            && request.query.iter().any(|(name, _)| name == parameter)
        {
            return Err(Refusal::Denied(Denial {
                reason: format!("query parameter `{parameter}` is reserved for the host"),
                place: None,
                remedy: format!("no line allows this; it is set by `[endpoint.{}.auth]`", endpoint.name),
            }));
        }
        url.query_pairs_mut().extend_pairs(&request.query);
        // A `+` is a space to who reads forms and a plus to who reads URLs (OData services); `%20` is a space to both.
        // A plus of the guest's own is `%2B` already.
        let query = url.query().unwrap_or_default().replace('+', "%20");
        url.set_query(Some(&query));
    }
    if url.as_str().len() > URL_BYTES_MAX {
        return Err(Refusal::Invalid(format!("the URL is over {URL_BYTES_MAX} bytes")));
    }
    Ok(url)
}
