//! Answers for redirects: only a read is followed, only so often, and only after the grant has checked the new URL
//! like the first one. The client itself follows nothing.

use http::{HeaderMap, Method, StatusCode, header};
use jackfield_core::grant::{Granted, OutboundRequest};
use jackfield_core::manifest::{Access, Scheme};
use jackfield_core::port::SendError;
use url::Url;

/// Redirects followed for one request.
pub(crate) const HOPS_MAX: usize = 3;

/// The request that a redirect asks for; nothing when the response is the answer. For a write it always is: whether
/// to send it elsewhere is not ours to say.
///
/// # Errors
/// `Denied` when the redirect leaves the endpoint's origin or what the grant allows on it, or is one too many.
pub(crate) fn next(
    from: &Granted<OutboundRequest>,
    status: StatusCode,
    headers: &HeaderMap,
    hops: usize,
) -> Result<Option<Granted<OutboundRequest>>, SendError> {
    let is_redirect = matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308);
    let is_read = from.access() == Access::Read && matches!(from.value().method, Method::GET | Method::HEAD);
    let Some(location) = headers.get(header::LOCATION).filter(|_| is_redirect && is_read) else {
        return Ok(None);
    };
    if hops >= HOPS_MAX {
        return Err(SendError::Denied(format!("more than {HOPS_MAX} redirects in a row")));
    }
    let location =
        location.to_str().map_err(|_| SendError::Denied("a redirect to a location that is not text".to_owned()))?;
    // A server that keeps the query repeats the credential, which the check would refuse as the guest's.
    let location = match &from.endpoint().scheme {
        Scheme::Query { parameter, .. } => without_parameter(from.url(), location, parameter)?,
        _ => location.to_owned(),
    };
    from.redirect(&location).map(Some).map_err(|refusal| SendError::Denied(refusal.to_string()))
}

fn without_parameter(base: &Url, location: &str, parameter: &str) -> Result<String, SendError> {
    let mut target = base.join(location).map_err(|_| SendError::Denied("a redirect to no URL".to_owned()))?;
    if target.query_pairs().any(|(name, _)| name == parameter) {
        let kept: Vec<(String, String)> =
            target.query_pairs().filter(|(name, _)| name != parameter).map(|(n, v)| (n.into(), v.into())).collect();
        target.set_query(None);
        if !kept.is_empty() {
            target.query_pairs_mut().extend_pairs(kept);
        }
    }
    Ok(target.into())
}
