//! Credentials that are one secret as it is: a header of its own, a bearer token, a query parameter.

use http::header::AUTHORIZATION;
use jackfield_core::port::SendError;
use url::form_urlencoded::byte_serialize;
use zeroize::Zeroizing;

use super::{Credential, Values, header_name};

pub(super) fn header(values: &Values, header: &str, prefix: &str, secret: &str) -> Result<Credential, SendError> {
    let name = header_name(header)?;
    let value = values.get(secret)?;
    if prefix.is_empty() {
        return Ok(Credential::Header(name, values.header(secret, value)?));
    }
    let text = Zeroizing::new([prefix, value].concat());
    Ok(Credential::Header(name, values.header(secret, &text)?))
}

pub(super) fn bearer(values: &Values, secret: &str) -> Result<Credential, SendError> {
    let text = Zeroizing::new(["Bearer ", values.get(secret)?].concat());
    Ok(Credential::Header(AUTHORIZATION, values.header(secret, &text)?))
}

pub(super) fn query(values: &Values, parameter: &str, secret: &str) -> Result<Credential, SendError> {
    let value = values.get(secret)?;
    // Room for the worst case, so that no copy of the value is left behind by growing.
    let mut pair = Zeroizing::new(String::with_capacity((parameter.len() + value.len()) * 3 + 1));
    pair.extend(byte_serialize(parameter.as_bytes()));
    pair.push('=');
    pair.extend(byte_serialize(value.as_bytes()));
    Ok(Credential::Query(pair))
}
