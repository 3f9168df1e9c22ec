//! By which names this host may be asked, and for pages of which origins. A browser can be made to send requests to
//! whatever its machine reaches: by a name that leads to 127.0.0.1 (DNS rebinding), or from a page of somewhere else. It
//! says so truthfully in `Host` and `Origin`, which no page can forge. Who the caller is, is admission's question.
//!
//! No header of CORS is ever sent: what another origin may ask, it still may not read.

use std::net::{IpAddr, SocketAddr};

use axum::extract::Request;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, Version, header};

use crate::config::Server;
use crate::error::{Code, Problem};

/// What `Host` and `Origin` may say.
#[derive(Debug)]
pub(super) struct Names {
    /// In lower case, without port. None where every name will do.
    hosts: Option<Vec<String>>,
    /// In lower case.
    origins: Vec<String>,
}

impl Names {
    /// As configured, for a listener at this address.
    pub(super) fn new(server: &Server, listen: SocketAddr) -> Names {
        let lower = |list: &[toml::Spanned<String>]| list.iter().map(|text| text.get_ref().to_lowercase()).collect();
        // Who listens to the whole network has a name that only the operator knows.
        let every = server.hosts.is_empty() && !listen.ip().to_canonical().is_loopback();
        Names { hosts: (!every).then(|| lower(&server.hosts)), origins: lower(&server.origins) }
    }

    /// Judges the head of a request.
    ///
    /// # Errors
    /// `malformed` where it is not said once which host is meant, `forbidden` where it is none of ours, or the page's
    /// origin is not allowed.
    pub(super) fn check(&self, request: &Request) -> Result<(), Problem> {
        let host = host(request)?;
        if !self.hosts.as_ref().is_none_or(|known| is_known(known, &host)) {
            let detail = "this host is not asked by that name; \
                          an operator allows it by `hosts = [\"NAME\"]` in `[server]`";
            return Err(Problem::told(Code::Forbidden, detail));
        }
        match one(request.headers(), &header::ORIGIN)? {
            Some(origin) if !self.origins.iter().any(|known| known.eq_ignore_ascii_case(origin)) => {
                let detail = "requests of that origin are refused; \
                              an operator allows it by `origins = [\"https://NAME\"]` in `[server]`";
                Err(Problem::told(Code::Forbidden, detail))
            }
            _ => Ok(()),
        }
    }
}

/// Whether a text may stand in `hosts`: a name or an address, without port. There are no patterns.
pub(crate) fn is_host(text: &str) -> bool {
    !text.contains('*') && name(text).is_some_and(|name| name.eq_ignore_ascii_case(text))
}

/// Whether a text may stand in `origins`: scheme, host and maybe a port, as browsers write them.
pub(crate) fn is_origin(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization().eq_ignore_ascii_case(text)
    })
}

/// The host that is meant, in lower case and without port.
fn host(request: &Request) -> Result<String, Problem> {
    let malformed = |detail: &str| Problem::told(Code::Malformed, detail);
    let header = one(request.headers(), &header::HOST)?;
    let text = match (request.uri().authority(), header) {
        (Some(target), Some(header)) if !target.as_str().eq_ignore_ascii_case(header) => {
            return Err(malformed("the request's target and its `Host` are two"));
        }
        (Some(target), _) => target.as_str(),
        (None, Some(header)) => header,
        // There was none in HTTP/1.0, and no browser speaks that any more.
        (None, None) if request.version() == Version::HTTP_10 => return Ok("localhost".to_owned()),
        (None, None) => return Err(malformed("the header `Host` is missing")),
    };
    name(text).ok_or_else(|| malformed("the header `Host` is not a host"))
}

fn name(text: &str) -> Option<String> {
    let authority: Authority = text.parse().ok()?;
    // `user@host` is a URL's business and nobody's here.
    let name = (!text.contains('@')).then(|| authority.host().to_lowercase())?;
    let name = name.strip_suffix('.').unwrap_or(&name);
    (!name.is_empty()).then(|| name.to_owned())
}

fn is_known(known: &[String], host: &str) -> bool {
    let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    // RFC 6761, section 6.3: `localhost` and all below it lead nowhere else.
    let is_local = match literal {
        Ok(ip) => ip.to_canonical().is_loopback(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    };
    is_local || known.iter().any(|known| known == host)
}

/// A header that may stand once, and is text.
fn one<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h str>, Problem> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value
            .to_str()
            .map(Some)
            .map_err(|_| Problem::told(Code::Malformed, format!("the header `{name}` is not ASCII"))),
        (Some(_), Some(_)) => Err(Problem::told(Code::Malformed, format!("the header `{name}` stands twice"))),
    }
}

#[cfg(test)]
mod tests;
