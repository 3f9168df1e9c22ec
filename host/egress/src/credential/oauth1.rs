//! Answers for the signature of OAuth 1.0a on a request (RFC 5849) with HMAC-SHA256: the base string, and the header
//! that carries the signature. Nonce and time are the caller's; a request is signed when its URL and body are final.
//!
//! The RFC knows no SHA-256. `HMAC-SHA256` is what the systems that dropped SHA-1 call the same construction with the
//! other digest: NetSuite ("Token-Based Authentication: The Signature for Web Services and RESTlets") and Adobe
//! Commerce ("OAuth-based authentication").

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, percent_decode, percent_encode};
use ring::hmac;
use url::Url;
use zeroize::Zeroizing;

/// All but the unreserved characters (RFC 5849, section 3.6).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Bytes of an encoded byte at most.
const ENCODED_BYTES_MAX: usize = 3;

/// The four values of a signed request.
pub(crate) struct Keys<'a> {
    /// `oauth_consumer_key`: which application.
    pub(crate) consumer_key: &'a str,
    /// First half of the key that signs.
    pub(crate) consumer_secret: &'a str,
    /// `oauth_token` and its secret, the other half; absent with a consumer alone.
    pub(crate) token: Option<(&'a str, &'a str)>,
}

/// What is signed.
pub(crate) struct Message<'a> {
    /// The request's method.
    pub(crate) method: &'a Method,
    /// The final URL with its query.
    pub(crate) url: &'a Url,
    /// The body, only when it is `application/x-www-form-urlencoded`.
    pub(crate) form: Option<&'a [u8]>,
}

/// The value of `Authorization`, whole. `nonce` is never the same twice within a second and `timestamp_s` counts from
/// 1970. It contains the keys' public halves, which the caller may hold for secrets.
pub(crate) fn authorization(
    message: &Message<'_>,
    realm: Option<&str>,
    keys: &Keys<'_>,
    nonce: &str,
    timestamp_s: i64,
) -> Zeroizing<String> {
    let timestamp = timestamp_s.to_string();
    let mut protocol = vec![
        ("oauth_consumer_key", keys.consumer_key),
        ("oauth_nonce", nonce),
        ("oauth_signature_method", "HMAC-SHA256"),
        ("oauth_timestamp", &timestamp),
        ("oauth_version", "1.0"),
    ];
    if let Some((token, _)) = keys.token {
        protocol.push(("oauth_token", token));
    }
    let base = base_string(message, &protocol);
    let signature = signature(&base, keys.consumer_secret, keys.token.map_or("", |(_, secret)| secret));
    protocol.push(("oauth_signature", &signature));

    // Room for the worst case, so that no copy is left behind by growing.
    let worst = |(name, value): &(&str, &str)| name.len() + value.len() * ENCODED_BYTES_MAX + r#", ="""#.len();
    let room = protocol.iter().map(worst).sum::<usize>() + realm.map_or(0, |realm| realm.len() * 2) + 32;
    let mut header = Zeroizing::new(String::with_capacity(room));
    header.push_str("OAuth ");
    if let Some(realm) = realm {
        // A quoted string (RFC 9110, section 5.6.4): the one parameter that is neither encoded nor signed.
        header.push_str("realm=\"");
        for c in realm.chars() {
            if matches!(c, '"' | '\\') {
                header.push('\\');
            }
            header.push(c);
        }
        header.push_str("\", ");
    }
    for (i, (name, value)) in protocol.iter().enumerate() {
        header.push_str(if i == 0 { "" } else { ", " });
        header.push_str(name);
        header.push_str("=\"");
        header.extend(encoded(value.as_bytes()));
        header.push('"');
    }
    header
}

/// The text that is signed (RFC 5849, section 3.4.1): method, address and every parameter, in one form whatever way
/// they were written.
fn base_string(message: &Message<'_>, protocol: &[(&str, &str)]) -> Zeroizing<String> {
    let query = message.url.query().unwrap_or_default().as_bytes();
    let form = message.form.unwrap_or_default();
    let given = pairs(query).chain(pairs(form)).map(|(name, value)| (encode(&name), encode(&value)));
    let own = protocol.iter().map(|(name, value)| (encode(name.as_bytes()), encode(value.as_bytes())));
    let mut parameters: Vec<_> = given.chain(own).filter(|(name, _)| name.as_str() != "oauth_signature").collect();
    // By encoded name, then by encoded value, byte by byte.
    parameters.sort_unstable_by(|(a, x), (b, y)| (a.as_str(), x.as_str()).cmp(&(b.as_str(), y.as_str())));

    // The URL type has done the rest of section 3.4.1.2: scheme and host in lower case, no default port.
    let mut address = message.url.clone();
    address.set_query(None);
    address.set_fragment(None);
    let method = message.method.as_str().to_ascii_uppercase();

    let worst = |(name, value): &(Zeroizing<String>, Zeroizing<String>)| {
        (name.len() + value.len()) * ENCODED_BYTES_MAX + "%26".len() + "%3D".len()
    };
    let room =
        method.len() + address.as_str().len() * ENCODED_BYTES_MAX + parameters.iter().map(worst).sum::<usize>() + 2;
    let mut base = Zeroizing::new(String::with_capacity(room));
    base.extend(encoded(method.as_bytes()));
    base.push('&');
    base.extend(encoded(address.as_str().as_bytes()));
    base.push('&');
    for (i, (name, value)) in parameters.iter().enumerate() {
        base.push_str(if i == 0 { "" } else { "%26" });
        base.extend(encoded(name.as_bytes()));
        base.push_str("%3D");
        base.extend(encoded(value.as_bytes()));
    }
    base
}

/// HMAC under both secrets (RFC 5849, section 3.4.2), in base64.
fn signature(base: &str, consumer_secret: &str, token_secret: &str) -> String {
    let room = (consumer_secret.len() + token_secret.len()) * ENCODED_BYTES_MAX + 1;
    let mut key = Zeroizing::new(String::with_capacity(room));
    key.extend(encoded(consumer_secret.as_bytes()));
    key.push('&');
    key.extend(encoded(token_secret.as_bytes()));
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
    STANDARD.encode(hmac::sign(&key, base.as_bytes()))
}

/// Names and values of a query or form, decoded (RFC 5849, section 3.4.1.3.1). Decoded to bytes and not to text, since
/// what is not UTF-8 is signed as it is.
fn pairs(text: &[u8]) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
    text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = match pair.iter().position(|byte| *byte == b'=') {
            Some(at) => (&pair[..at], &pair[at + 1..]),
            None => (pair, &[][..]),
        };
        (decode(name), decode(value))
    })
}

fn decode(text: &[u8]) -> Vec<u8> {
    let spaced: Cow<'_, [u8]> = if text.contains(&b'+') {
        text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect()
    } else {
        text.into()
    };
    percent_decode(&spaced).collect()
}

fn encode(bytes: &[u8]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(bytes.len() * ENCODED_BYTES_MAX));
    text.extend(encoded(bytes));
    text
}

fn encoded(bytes: &[u8]) -> PercentEncode<'_> {
    percent_encode(bytes, RESERVED)
}

#[cfg(test)]
mod tests;
