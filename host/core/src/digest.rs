//! One digest for everything that must be recognised again: cached answers, writes that were sent twice, confirmed
//! inputs. A digest is made of named parts with their lengths, so that no two lists of parts read alike, whatever is in
//! them; JSON goes in by what it means and not by how it was written.
//!
//! SHA-256, because a caller chooses some of the parts: whoever could make two of them collide would read another
//! user's cached answer.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// Thirty-two bytes that stand for what they were made of. Written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The digest of a JSON value: the same for the same members in any order, and for `1` and `1.0`.
    pub fn of_json(value: &Value) -> Digest {
        DigestBuilder::new("json").json(value).finish()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

/// A text that is not a digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a digest is 64 hexadecimal digits")]
pub struct NotADigest;

impl FromStr for Digest {
    type Err = NotADigest;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return Err(NotADigest);
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
        }
        Ok(Digest(bytes))
    }
}

fn nibble(digit: u8) -> Result<u8, NotADigest> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        _ => Err(NotADigest),
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// Takes the parts of a digest, each with its kind and length.
pub struct DigestBuilder(Sha256);

// Each kind of part begins with a byte of its own, so that a text cannot pass for a number or an absent part.
const ABSENT: u8 = 0;
const TEXT: u8 = 1;
const TRUTH: u8 = 2;
const NUMBER: u8 = 3;
const ARRAY: u8 = 4;
const OBJECT: u8 = 5;
const DIGEST: u8 = 6;

/// Whole numbers up to here are the same number as a float: 2^53.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

impl DigestBuilder {
    /// Begins. The purpose keeps digests apart that are made of the same parts for different ends.
    pub fn new(purpose: &str) -> DigestBuilder {
        DigestBuilder(Sha256::new()).text("jackfield digest 1").text(purpose)
    }

    /// A text.
    pub fn text(mut self, text: &str) -> DigestBuilder {
        self.put(TEXT, text.as_bytes());
        self
    }

    /// A text that may be absent, which is not the same as empty.
    pub fn maybe(mut self, text: Option<&str>) -> DigestBuilder {
        match text {
            Some(text) => self.put(TEXT, text.as_bytes()),
            None => self.put(ABSENT, &[]),
        }
        self
    }

    /// A digest made before.
    pub fn digest(mut self, digest: &Digest) -> DigestBuilder {
        self.put(DIGEST, digest.as_bytes());
        self
    }

    /// A JSON value by its meaning.
    pub fn json(mut self, value: &Value) -> DigestBuilder {
        self.put_json(value);
        self
    }

    /// The digest.
    pub fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }

    fn put(&mut self, kind: u8, bytes: &[u8]) {
        self.begin(kind, bytes.len());
        self.0.update(bytes);
    }

    fn begin(&mut self, kind: u8, length: usize) {
        self.0.update([kind]);
        self.0.update((length as u64).to_be_bytes());
    }

    // The depth is bounded by the parser that made the value: serde_json refuses more than 128 levels.
    fn put_json(&mut self, value: &Value) {
        match value {
            Value::Null => self.put(ABSENT, &[]),
            Value::Bool(truth) => self.put(TRUTH, &[u8::from(*truth)]),
            Value::Number(number) => match number.as_f64() {
                // `2` and `2.0` are one number of JSON, and clients write either.
                Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() <= EXACT_MAX => {
                    self.put(NUMBER, (float as i64).to_string().as_bytes());
                }
                _ => self.put(NUMBER, number.to_string().as_bytes()),
            },
            Value::String(text) => self.put(TEXT, text.as_bytes()),
            Value::Array(items) => {
                self.begin(ARRAY, items.len());
                items.iter().for_each(|item| self.put_json(item));
            }
            Value::Object(members) => {
                let mut sorted: Vec<_> = members.iter().collect();
                sorted.sort_unstable_by_key(|(name, _)| *name);
                self.begin(OBJECT, sorted.len());
                for (name, member) in sorted {
                    self.put(TEXT, name.as_bytes());
                    self.put_json(member);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn json_is_taken_by_its_meaning() {
        let same = [
            (json!({ "a": 1, "b": [true, null] }), json!({ "b": [true, null], "a": 1 })),
            (json!({ "n": 2 }), json!({ "n": 2.0 })),
            (json!(-0.0), json!(0)),
        ];
        for (one, other) in same {
            assert_eq!(Digest::of_json(&one), Digest::of_json(&other), "{one} {other}");
        }
        let different = [
            (json!({ "a": "1" }), json!({ "a": 1 })),
            (json!(["a", "b"]), json!(["b", "a"])),
            (json!(["ab"]), json!(["a", "b"])),
            (json!([["a"], "b"]), json!([["a", "b"]])),
            (json!({ "a": null }), json!({})),
            (json!(""), json!(null)),
            (json!(0.1), json!(0.2)),
            (json!(u64::MAX), json!(u64::MAX - 1)),
            (json!(1e300), json!(2e300)),
        ];
        for (one, other) in different {
            assert_ne!(Digest::of_json(&one), Digest::of_json(&other), "{one} {other}");
        }
    }

    #[test]
    fn a_digest_is_read_as_it_is_written() {
        let digest = DigestBuilder::new("test").text("x").finish();
        let text = serde_json::to_string(&digest).unwrap();
        assert_eq!(text.len(), 66);
        assert_eq!(serde_json::from_str::<Digest>(&text).unwrap(), digest);
        for bad in ["", "zz", &"g".repeat(64), &"A".repeat(64), &"é".repeat(32)] {
            assert_eq!(bad.parse::<Digest>(), Err(NotADigest), "{bad}");
        }
    }

    #[test]
    fn the_digest_of_yesterday_is_the_digest_of_today() {
        // Computed by hand with another implementation of SHA-256. Kept records outlive a version of the host: whoever
        // changes how a digest is made must mean it.
        let digest = DigestBuilder::new("test").text("a").maybe(None).json(&json!({ "n": 1.5 })).finish();
        assert_eq!(digest.to_string(), "044508a77b0bb9ab871e69d21ac19218df7b77a47450d2b483d44793bb1034cb");
    }

    proptest! {
        #[test]
        fn parts_never_run_into_each_other(
            one in prop::collection::vec(prop::option::of("[ab]{0,2}"), 0..5),
            other in prop::collection::vec(prop::option::of("[ab]{0,2}"), 0..5),
        ) {
            let digest = |parts: &[Option<String>]| {
                parts.iter().fold(DigestBuilder::new("test"), |d, part| d.maybe(part.as_deref())).finish()
            };
            prop_assert_eq!(digest(&one) == digest(&other), one == other);
        }
    }
}
