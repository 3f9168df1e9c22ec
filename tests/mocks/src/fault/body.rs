//! Bodies no honest system would send, and the streaming body type that carries them. Answers for content only.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use serde_json::{Number, Value};

/// A body that is known whole, or made while it is sent.
pub(crate) enum Stream {
    Whole(Bytes),
    Pieces { head: Bytes, chunk: Bytes, times: u64, tail: Bytes },
}

impl Body for Stream {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = match self.get_mut() {
            Self::Whole(bytes) => std::mem::take(bytes),
            Self::Pieces { head, .. } if !head.is_empty() => std::mem::take(head),
            Self::Pieces { chunk, times, .. } if *times > 0 => {
                *times -= 1;
                chunk.clone()
            }
            Self::Pieces { tail, .. } => std::mem::take(tail),
        };
        let frame = (!piece.is_empty()).then(|| Ok(Frame::data(piece)));
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(bytes) if bytes.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Pieces { .. } => SizeHint::default(),
        }
    }
}

/// One JSON string of 64 MiB.
pub(crate) fn huge() -> Stream {
    Stream::Pieces {
        head: Bytes::from_static(b"{\"data\":\""),
        chunk: Bytes::from_static(&[b'a'; 1 << 16]),
        times: 1024,
        tail: Bytes::from_static(b"\"}"),
    }
}

/// Zero bytes of the bomb's deflate stream, each of which inflates to 4 × 258 spaces.
const BOMB_CHUNK: usize = 11_000;
const BOMB_CHUNKS: u64 = 100;
/// CRC-32 of the 1 + 1 100 001 × 1032 spaces that come out.
const BOMB_CRC: u32 = 0xa1a10c6b;
const BOMB_SIZE: u32 = 1 + 1_100_001 * 1032;

/// A valid gzip member of about 1 MB that inflates to more than 1 GiB of spaces, without a compressor.
///
/// Its one deflate block has a code of its own: length 258 is the bit 0, distance 1 is the bit 0, a space is 10 and
/// the end is 11. So after one literal space every zero byte copies it 1032 times, the most deflate can do.
pub(crate) fn bomb() -> Stream {
    let mut bits = Bits::default();
    bits.low_first(1, 1); // The last block,
    bits.low_first(0b10, 2); // with codes of its own:
    bits.low_first(286 - 257, 5); // all literal and length codes,
    bits.low_first(0, 5); // one distance code,
    bits.low_first(18 - 4, 4); // and 18 code length codes, in the order RFC 1951 gives (16, 17, 18, 0, 8, 7, ...):
    for length in [0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 2] {
        bits.low_first(length, 3);
    }
    let zeros = |bits: &mut Bits, count: u32| {
        bits.high_first(0b0, 1);
        bits.low_first(count - 11, 7);
    };
    zeros(&mut bits, 32); // Literals 0 to 31 do not occur;
    bits.high_first(0b11, 2); // a space has two bits;
    zeros(&mut bits, 138);
    zeros(&mut bits, 85); // 33 to 255 do not occur;
    bits.high_first(0b11, 2); // the end has two bits;
    zeros(&mut bits, 28); // the lengths below 258 do not occur;
    bits.high_first(0b10, 2); // 258 has one bit;
    bits.high_first(0b10, 2); // distance 1 has one bit.
    bits.high_first(0b10, 2); // The literal space.
    // The head's last byte is filled with 7 bits of copies; the tail's first bit makes the last copy whole.
    let mut head = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    head.extend(bits.bytes);

    let mut end = Bits::default();
    end.low_first(0, 1);
    end.high_first(0b11, 2);
    let mut tail = end.bytes;
    tail.extend(BOMB_CRC.to_le_bytes());
    tail.extend(BOMB_SIZE.to_le_bytes());
    Stream::Pieces {
        head: head.into(),
        chunk: Bytes::from_static(&[0; BOMB_CHUNK]),
        times: BOMB_CHUNKS,
        tail: tail.into(),
    }
}

#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    count: u32,
}

impl Bits {
    fn push(&mut self, bit: bool) {
        if self.count.is_multiple_of(8) {
            self.bytes.push(0);
        }
        if bit && let Some(last) = self.bytes.last_mut() {
            *last |= 1 << (self.count % 8);
        }
        self.count += 1;
    }

    /// Numbers go into a deflate stream lowest bit first.
    fn low_first(&mut self, value: u32, width: u32) {
        for at in 0..width {
            self.push(value >> at & 1 == 1);
        }
    }

    /// Huffman codes go into a deflate stream highest bit first.
    fn high_first(&mut self, code: u32, width: u32) {
        for at in (0..width).rev() {
            self.push(code >> at & 1 == 1);
        }
    }
}

/// Keeps the shape and changes the type of every scalar: text becomes a number, a number or truth value becomes text.
pub(crate) fn retype(value: Value) -> Value {
    match value {
        Value::String(text) => Value::Number(Number::from(text.len())),
        Value::Number(number) => Value::String(number.to_string()),
        Value::Bool(truth) => Value::String(truth.to_string()),
        Value::Null => Value::Null,
        Value::Array(items) => items.into_iter().map(retype).collect(),
        Value::Object(members) => members.into_iter().map(|(name, member)| (name, retype(member))).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retyping_keeps_the_shape_and_no_scalar_type() {
        let before = serde_json::json!({"a": "xy", "b": [1, true, null]});
        let after = serde_json::json!({"a": 2, "b": ["1", "true", null]});
        assert_eq!(retype(before), after);
    }
}
