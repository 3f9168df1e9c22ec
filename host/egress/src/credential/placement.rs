//! Answers for secrets that a guest marks by name and the host fills in: `{{secret.NAME}}`, and that only where the
//! manifest says so and only where the mark is the whole of a header or of a JSON string. Everywhere else the mark is
//! plain text and goes out as it came. Whether the connection may use the secret is the vault's to say.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{Entry, HeaderName};
use http::{HeaderMap, HeaderValue};
use jackfield_core::manifest::{Place, Placement};
use jackfield_core::port::SendError;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::sensitive;
use crate::vault::SecretValue;

/// What every mark begins with.
pub(crate) const MARK: &str = "{{secret.";

/// Longest that a byte of a value becomes in a JSON string: `\u001f`.
const ESCAPED_BYTES_MAX: usize = 6;

/// Fills in every mark that stands in its place, and says which secrets that took. A body keeps every other byte as it
/// was, numbers and white space too; one that is no JSON is left alone. The mark has to stand in the body as it is: no
/// serialiser has a reason to escape a character of it.
///
/// # Errors
/// When a secret has no value, or one that cannot stand in a header.
pub(crate) fn fill<'p>(
    connection: &str,
    headers: &mut HeaderMap,
    body: &mut Bytes,
    placements: &'p [Placement],
    value: impl Fn(&str) -> Result<Arc<SecretValue>, SendError>,
) -> Result<Vec<&'p str>, SendError> {
    let mut filled: Vec<&str> = Vec::new();
    for placement in placements {
        if let Place::Header(header) = &placement.place
            && in_header(connection, headers, header, &placement.secret, &value)?
        {
            filled.push(&placement.secret);
        }
    }
    filled.extend(in_body(body, placements, &value)?);
    filled.sort_unstable();
    filled.dedup();
    Ok(filled)
}

/// Whether any was filled in.
fn in_header(
    connection: &str,
    headers: &mut HeaderMap,
    header: &str,
    secret: &str,
    value: &impl Fn(&str) -> Result<Arc<SecretValue>, SendError>,
) -> Result<bool, SendError> {
    // The manifest's own check has seen that it is a name.
    let Ok(name) = HeaderName::from_bytes(header.as_bytes()) else { return Ok(false) };
    let Entry::Occupied(mut entry) = headers.entry(name) else { return Ok(false) };
    // What was filled in for another place is sensitive by now, and no mark whatever it says.
    let marked = |slot: &HeaderValue| !slot.is_sensitive() && is_mark(slot.as_bytes(), secret);
    if !entry.iter().any(marked) {
        return Ok(false);
    }
    let value = sensitive(value(secret)?.expose()).ok_or_else(|| {
        SendError::ReauthRequired(format!(
            "secret `{secret}` of connection `{connection}`: it has a character that cannot stand in a header"
        ))
    })?;
    entry.iter_mut().filter(|slot| marked(slot)).for_each(|slot| *slot = value.clone());
    Ok(true)
}

/// Names of what was filled in.
fn in_body<'p>(
    body: &mut Bytes,
    placements: &'p [Placement],
    value: &impl Fn(&str) -> Result<Arc<SecretValue>, SendError>,
) -> Result<Vec<&'p str>, SendError> {
    let pointers = placements.iter().filter_map(|placement| match &placement.place {
        Place::Body(pointer) => Some((pointer.as_str(), placement.secret.as_str())),
        Place::Header(_) => None,
    });
    // One look at the bytes, and none where no body has a place, before any of it is parsed.
    let mut pointers = pointers.peekable();
    if pointers.peek().is_none() {
        return Ok(Vec::new());
    }
    let Some(json) = std::str::from_utf8(body).ok().filter(|text| text.contains(MARK)) else { return Ok(Vec::new()) };

    // All are found before any is filled in: what a value says is never taken for a mark.
    let mut marks: Vec<(Range<usize>, &str)> = pointers
        .filter_map(|(pointer, secret)| Some((locate(json, pointer)?, secret)))
        .filter(|(range, secret)| {
            serde_json::from_str::<Cow<'_, str>>(&json[range.clone()])
                .is_ok_and(|text| is_mark(text.as_bytes(), secret))
        })
        .collect();
    marks.sort_unstable_by_key(|(range, _)| range.start);
    marks.dedup();
    if marks.is_empty() {
        return Ok(Vec::new());
    }
    let values = marks.iter().map(|(_, secret)| value(secret)).collect::<Result<Vec<_>, _>>()?;

    // Room for everything from the start: a buffer that grows leaves copies of the values behind.
    let room = values.iter().map(|value| value.expose().len() * ESCAPED_BYTES_MAX + r#""""#.len()).sum::<usize>();
    let mut text = Zeroizing::new(Vec::with_capacity(json.len() + room));
    let mut done = 0;
    for ((range, secret), value) in marks.iter().zip(values) {
        text.extend_from_slice(&json.as_bytes()[done..range.start]);
        serde_json::to_writer(&mut *text, value.expose())
            .map_err(|_| SendError::Denied(format!("secret `{secret}` cannot be written in JSON")))?;
        done = range.end;
    }
    text.extend_from_slice(&json.as_bytes()[done..]);
    *body = Bytes::from_owner(Wiped(text));
    Ok(marks.into_iter().map(|(_, secret)| secret).collect())
}

/// A body with a value in it, gone when the last who sends it has dropped it.
struct Wiped(Zeroizing<Vec<u8>>);

impl AsRef<[u8]> for Wiped {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

fn is_mark(text: &[u8], secret: &str) -> bool {
    text.strip_prefix(MARK.as_bytes()).and_then(|rest| rest.strip_suffix(b"}}")) == Some(secret.as_bytes())
}

/// Where in a JSON text the value at a pointer stands (RFC 6901).
fn locate(json: &str, pointer: &str) -> Option<Range<usize>> {
    let mut value: &RawValue = serde_json::from_str(json).ok()?;
    for token in pointer.strip_prefix('/')?.split('/') {
        value = if value.get().starts_with('[') {
            // `01` and `+1` are no indices.
            let canonical = token == "0" || token.starts_with(|c: char| matches!(c, '1'..='9'));
            let index = token.parse::<usize>().ok().filter(|_| canonical)?;
            serde_json::from_str::<Vec<&RawValue>>(value.get()).ok()?.get(index)?
        } else {
            let token = token.replace("~1", "/").replace("~0", "~");
            serde_json::from_str::<HashMap<Cow<'_, str>, &RawValue>>(value.get()).ok()?.get(token.as_str())?
        };
    }
    // A slice of the text that was parsed: where it begins is how far it is from there.
    let start = value.get().as_ptr().addr() - json.as_ptr().addr();
    Some(start..start + value.get().len())
}

#[cfg(test)]
mod tests;
