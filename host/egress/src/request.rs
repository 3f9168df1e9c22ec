//! Answers for what goes over the wire: a granted request and its credential as an HTTP request. Every check is
//! behind us; nothing here decides.

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_LENGTH, USER_AGENT};
use http::{HeaderValue, Method, Request, Uri};
use http_body_util::Full;
use jackfield_core::grant::{Granted, OutboundRequest};
use jackfield_core::port::SendError;
use url::Url;
use zeroize::Zeroizing;

use crate::body;
use crate::credential::Credential;

/// Puts the request together.
///
/// # Errors
/// When the URL cannot be sent as it is; the message does not repeat it.
pub(crate) fn build(
    granted: &Granted<OutboundRequest>,
    credential: &Credential,
    user_agent: &HeaderValue,
) -> Result<Request<Full<Bytes>>, SendError> {
    let asked = granted.value();
    let body = asked.body.clone().unwrap_or_default();
    let has_body = !body.is_empty();
    let mut request = Request::new(Full::new(body));
    *request.method_mut() = asked.method.clone();
    *request.uri_mut() = uri(granted.url(), credential)?;

    let headers = request.headers_mut();
    headers.reserve(granted.headers().len() + 4);
    for (name, value) in granted.headers() {
        headers.append(name.clone(), value.clone());
    }
    headers.entry(USER_AGENT).or_insert_with(|| user_agent.clone());
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(body::ACCEPT_ENCODING));
    // The length of a body is set from the body itself. An empty one gets none unless the method leads servers to
    // expect it: some answer 411 to a POST without it.
    if !has_body && matches!(asked.method, Method::POST | Method::PUT | Method::PATCH) {
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    if let Credential::Header(name, value) = credential {
        headers.insert(name.clone(), value.clone());
    }
    Ok(request)
}

/// A read of the host's own at another path of the same endpoint, with the same credential.
///
/// # Errors
/// As [`build`].
pub(crate) fn beside(
    granted: &Granted<OutboundRequest>,
    path: &str,
    credential: &Credential,
    user_agent: &HeaderValue,
) -> Result<Request<Full<Bytes>>, SendError> {
    let base = &granted.endpoint().base;
    let mut url = base.clone();
    let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
    url.set_path(&format!("{}{path}", base.path().trim_end_matches('/')));
    url.set_query(query);
    let mut request = Request::new(Full::new(Bytes::new()));
    *request.uri_mut() = uri(&url, credential)?;
    let headers = request.headers_mut();
    headers.insert(USER_AGENT, user_agent.clone());
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(body::ACCEPT_ENCODING));
    if let Credential::Header(name, value) = credential {
        headers.insert(name.clone(), value.clone());
    }
    Ok(request)
}

fn uri(url: &Url, credential: &Credential) -> Result<Uri, SendError> {
    let parsed = match credential {
        Credential::Query(pair) => {
            let joint = if url.query().is_some() { "&" } else { "?" };
            let text = Zeroizing::new([url.as_str(), joint, pair.as_str()].concat());
            text.parse::<Uri>()
        }
        Credential::None | Credential::Header(..) => url.as_str().parse::<Uri>(),
    };
    parsed.map_err(|_| SendError::Denied("the URL cannot be sent as HTTP".to_owned()))
}
