//! A kept answer as it lies in the store: when it may go stands in front, readable without a key, and the rest is sealed
//! where the host has a vault. What the schema marks as sensitive never comes here without one.

use bytes::Bytes;
use jackfield_core::digest::Digest;
use jackfield_core::freshness::Tags;
use jackfield_egress::Sealer;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::shelf::Kept;

/// The first byte: what follows the time is an answer as it is, or a sealed one.
const PLAIN: u8 = 0;
const SEALED: u8 = 1;

/// The form of the body. Another one is not read: a kept answer can be had anew.
const VERSION: u8 = 1;

#[derive(Serialize, Deserialize)]
struct Body<'b> {
    version: u8,
    connection: String,
    made_ms: u64,
    tags: Tags,
    #[serde(borrow)]
    output: &'b RawValue,
}

/// What was read back.
pub(super) struct Record {
    /// Whose place it was in.
    pub(super) connection: String,
    pub(super) kept: Kept,
    pub(super) tags: Tags,
}

/// Writes an answer. `None` where it cannot be: its text is no JSON.
pub(super) fn write(
    key: &Digest,
    connection: &str,
    kept: &Kept,
    tags: &Tags,
    sealer: Option<&Sealer>,
) -> Option<Bytes> {
    let output: &RawValue = serde_json::from_str(&kept.text).ok()?;
    let (connection, tags) = (connection.to_owned(), tags.clone());
    let body = serde_json::to_vec(&Body { version: VERSION, connection, made_ms: kept.made_ms, tags, output }).ok()?;
    let expires = kept.expires_ms.to_be_bytes();
    let (form, body) = match sealer {
        Some(sealer) => (SEALED, sealer.seal(&place(&key.to_string(), &kept.expires_ms.to_string()), &body)),
        None => (PLAIN, body),
    };
    Some([&[form], expires.as_slice(), &body].concat().into())
}

/// Reads an answer. `None` where it is of no use to this host: sealed by another vault, of another form, damaged.
pub(super) fn read(key: &str, bytes: &[u8], sealer: Option<&Sealer>) -> Option<Record> {
    let expires_ms = expires_ms(bytes)?;
    let (form, body) = (bytes.first()?, bytes.get(HEAD_BYTES..)?);
    let opened = match (*form, sealer) {
        (PLAIN, _) => None,
        (SEALED, Some(sealer)) => Some(sealer.open(&place(key, &expires_ms.to_string()), body).ok()?),
        _ => return None,
    };
    let body: Body<'_> = serde_json::from_slice(opened.as_ref().map_or(body, |opened| opened.as_slice())).ok()?;
    if body.version != VERSION {
        return None;
    }
    let kept = Kept { text: body.output.get().into(), made_ms: body.made_ms, expires_ms, is_restored: true };
    Some(Record { connection: body.connection, kept, tags: body.tags })
}

/// When an answer may go, in milliseconds since the epoch; `None` for what is no record.
pub(crate) fn expires_ms(bytes: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(bytes.get(1..HEAD_BYTES)?.try_into().ok()?))
}

/// Form and time.
const HEAD_BYTES: usize = 9;

/// What a sealed answer is bound to: under another key, or with another end, it does not open.
fn place<'p>(key: &'p str, end: &'p str) -> [&'p str; 3] {
    ["answers", key, end]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn kept() -> Kept {
        Kept { text: r#"{"id":"45"}"#.into(), made_ms: 1_000, expires_ms: 61_000, is_restored: false }
    }

    fn key() -> Digest {
        Digest::of_json(&json!("a question"))
    }

    #[test]
    fn an_answer_is_read_as_it_was_written_but_for_being_restored() {
        let tags = Tags::of_object("order", "45");
        let bytes = write(&key(), "shop", &kept(), &tags, None).unwrap();
        assert_eq!(expires_ms(&bytes), Some(61_000));
        let read = read(&key().to_string(), &bytes, None).unwrap();
        assert_eq!((read.connection.as_str(), read.tags), ("shop", tags));
        assert!(read.kept == Kept { is_restored: true, ..kept() });
    }

    #[test]
    fn what_is_no_record_is_none() {
        let good = write(&key(), "shop", &kept(), &Tags::default(), None).unwrap();
        let mut sealed = good.to_vec();
        sealed[0] = SEALED;
        let newer = String::from_utf8_lossy(&good).replace("\"version\":1", "\"version\":2").into_bytes();
        let cases: [&[u8]; 5] = [b"", b"\x00", &good[..good.len() - 1], &sealed, &newer];
        for bytes in cases {
            assert!(read(&key().to_string(), bytes, None).is_none(), "{bytes:?}");
        }
    }
}
