//! Credentials that are one secret as it is: a header of its own, a bearer token, a query parameter.

use http::header::{AUTHORIZATION, HeaderName};
use jackfield_core::port::SendError;
use url::form_urlencoded::byte_serialize;
use zeroize::Zeroizing;

use super::{Credential, missing, sensitive};
use crate::vault::Vault;

pub(super) fn header(
    vault: &Vault,
    connection: &str,
    header: &str,
    prefix: &str,
    secret: &str,
) -> Result<Credential, SendError> {
    let name = HeaderName::from_bytes(header.as_bytes())
        .map_err(|_| SendError::Denied(format!("`{header}` in the connector's auth scheme is not a header name")))?;
    let value = vault.read(connection, secret).map_err(missing)?;
    if prefix.is_empty() {
        return Ok(Credential::Header(name, sensitive(connection, secret, value.expose())?));
    }
    let text = Zeroizing::new([prefix, value.expose()].concat());
    Ok(Credential::Header(name, sensitive(connection, secret, &text)?))
}

pub(super) fn bearer(vault: &Vault, connection: &str, secret: &str) -> Result<Credential, SendError> {
    let value = vault.read(connection, secret).map_err(missing)?;
    let text = Zeroizing::new(["Bearer ", value.expose()].concat());
    Ok(Credential::Header(AUTHORIZATION, sensitive(connection, secret, &text)?))
}

pub(super) fn query(vault: &Vault, connection: &str, parameter: &str, secret: &str) -> Result<Credential, SendError> {
    let value = vault.read(connection, secret).map_err(missing)?;
    // Room for the worst case, so that no copy of the value is left behind by growing.
    let mut pair = Zeroizing::new(String::with_capacity(parameter.len() * 3 + 1 + value.expose().len() * 3));
    pair.extend(byte_serialize(parameter.as_bytes()));
    pair.push('=');
    pair.extend(byte_serialize(value.expose().as_bytes()));
    Ok(Credential::Query(pair))
}
