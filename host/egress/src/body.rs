//! Answers for the body of a response: decompressed and cut off at its cap. Time is the caller's business: whoever
//! drops the future stops the reading.

use std::fmt;
use std::io;

use async_compression::tokio::bufread::{BrotliDecoder, DeflateDecoder, GzipDecoder, ZlibDecoder, ZstdDecoder};
use async_compression::zstd::DParameter;
use bytes::{BufMut, Bytes, BytesMut};
use futures_util::StreamExt;
use http::{HeaderMap, header};
use http_body::Body;
use http_body_util::{BodyDataStream, BodyExt};
use hyper::body::Incoming;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt};
use tokio_util::io::StreamReader;

use crate::traffic::BodyRoom;

/// What we ask for; each of them is decoded below.
pub(crate) const ACCEPT_ENCODING: &str = "gzip, br, zstd, deflate";

/// Largest window of a zstd frame, as a power of two: RFC 9659 gives HTTP 8 MiB, the format itself up to 3.75 TiB.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;

/// What is read from a decoder at once.
const CHUNK_BYTES: usize = 16 << 10;

/// How the body is wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Identity,
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

impl fmt::Display for Coding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Coding::Identity => "identity",
            Coding::Gzip => "gzip",
            Coding::Deflate => "deflate",
            Coding::Brotli => "br",
            Coding::Zstd => "zstd",
        })
    }
}

impl Coding {
    /// Reads `content-encoding`.
    ///
    /// # Errors
    /// When the upstream used what it was not asked for, or several at once.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Coding, BodyError> {
        let mut found = Coding::Identity;
        for value in headers.get_all(header::CONTENT_ENCODING) {
            let value = value.to_str().map_err(|_| BodyError::broken("a content-encoding that is not text"))?;
            for name in value.split(',').map(str::trim).filter(|n| !n.is_empty()) {
                let coding = match name.to_ascii_lowercase().as_str() {
                    "identity" => continue,
                    "gzip" | "x-gzip" => Coding::Gzip,
                    "deflate" => Coding::Deflate,
                    "br" => Coding::Brotli,
                    "zstd" => Coding::Zstd,
                    _ => return Err(BodyError::broken("a content-encoding that was not asked for")),
                };
                if found != Coding::Identity {
                    return Err(BodyError::broken("more than one content-encoding"));
                }
                found = coding;
            }
        }
        Ok(found)
    }
}

/// Why there is no body.
#[derive(Debug)]
pub(crate) enum BodyError {
    /// Over the cap, before or after decompression.
    TooLarge,
    /// The connection's answers together take all the bytes that they may.
    NoRoom,
    /// Cut, corrupt or wrongly wrapped.
    Broken(String),
}

impl BodyError {
    fn broken(why: &str) -> BodyError {
        BodyError::Broken(format!("the response has {why}"))
    }
}

/// Reads a body of at most `max` bytes, each of which takes its place in `room`.
///
/// # Errors
/// As soon as the cap is crossed or the room used up: what is left stays unread, and the connection is dropped.
pub(crate) async fn read(body: Incoming, coding: Coding, max: usize, room: BodyRoom<'_>) -> Result<Bytes, BodyError> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    if coding == Coding::Identity {
        read_plain(body, max, room).await
    } else {
        read_coded(body, coding, max, room).await
    }
}

/// The common case without a copy where the body came in one piece.
async fn read_plain(mut body: Incoming, max: usize, mut room: BodyRoom<'_>) -> Result<Bytes, BodyError> {
    let announced = body.size_hint().exact();
    if announced.is_some_and(|bytes| bytes > max as u64) {
        return Err(BodyError::TooLarge);
    }
    let mut first = Bytes::new();
    let mut joined = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|e| BodyError::Broken(broken_off(&e)))?;
        let Ok(data) = frame.into_data() else { continue };
        if first.len() + joined.len() + data.len() > max {
            return Err(BodyError::TooLarge);
        }
        if !room.grow(data.len()) {
            return Err(BodyError::NoRoom);
        }
        if joined.is_empty() && first.is_empty() {
            first = data;
            continue;
        }
        if joined.is_empty() {
            let expected = announced.map_or(first.len() * 4, |bytes| bytes as usize);
            joined.reserve(expected.clamp(first.len() + data.len(), max));
            joined.extend_from_slice(&std::mem::take(&mut first));
        }
        joined.extend_from_slice(&data);
    }
    Ok(if joined.is_empty() { first } else { joined.freeze() })
}

/// Marks the crossing of the cap on its way through the decoder.
#[derive(Debug, thiserror::Error)]
#[error("over the cap")]
struct OverCap;

/// Marks the end of the room, likewise.
#[derive(Debug, thiserror::Error)]
#[error("no room")]
struct NoRoom;

async fn read_coded(body: Incoming, coding: Coding, max: usize, mut room: BodyRoom<'_>) -> Result<Bytes, BodyError> {
    // Bytes on the wire are bounded as well: a stream can be coded so that it never ends and never yields anything.
    let mut wire_bytes = 0_usize;
    let stream = BodyDataStream::new(body).map(move |chunk| {
        let chunk = chunk.map_err(io::Error::other)?;
        wire_bytes = wire_bytes.saturating_add(chunk.len());
        if wire_bytes > max { Err(io::Error::other(OverCap)) } else { Ok(chunk) }
    });
    let mut reader = StreamReader::new(stream);
    let begin = reader.fill_buf().await.map_err(|e| fault(coding, &e))?;
    if begin.is_empty() {
        return Ok(Bytes::new());
    }
    match coding {
        Coding::Identity => drain(reader, max, &mut room).await,
        Coding::Gzip => {
            let mut decoder = GzipDecoder::new(&mut reader);
            decoder.multiple_members(true);
            drain(decoder, max, &mut room).await
        }
        Coding::Zstd => {
            let window = DParameter::window_log_max(ZSTD_WINDOW_LOG_MAX);
            let mut decoder = ZstdDecoder::with_params(&mut reader, &[window]);
            decoder.multiple_members(true);
            drain(decoder, max, &mut room).await
        }
        Coding::Brotli => finish(drain(BrotliDecoder::new(&mut reader), max, &mut room).await, &mut reader).await,
        Coding::Deflate if is_zlib(begin) => {
            finish(drain(ZlibDecoder::new(&mut reader), max, &mut room).await, &mut reader).await
        }
        Coding::Deflate => finish(drain(DeflateDecoder::new(&mut reader), max, &mut room).await, &mut reader).await,
    }
    .map_err(|e| fault(coding, &e))
}

/// Whether a `deflate` body has the zlib wrapping that RFC 9110 means. Some servers send bare deflate.
fn is_zlib(begin: &[u8]) -> bool {
    match begin {
        [method, flags, ..] => method & 0x0f == 8 && u16::from_be_bytes([*method, *flags]).is_multiple_of(31),
        _ => true,
    }
}

/// Everything a decoder yields, up to the cap.
async fn drain(mut reader: impl AsyncRead + Unpin, max: usize, taken: &mut BodyRoom<'_>) -> io::Result<Bytes> {
    let mut out = BytesMut::with_capacity(CHUNK_BYTES.min(max.saturating_add(1)));
    loop {
        // One byte over the cap is enough to know.
        let room = max.saturating_add(1) - out.len();
        out.reserve(CHUNK_BYTES.min(room));
        let read = reader.read_buf(&mut (&mut out).limit(room)).await?;
        if read == 0 {
            return Ok(out.freeze());
        }
        if out.len() > max {
            return Err(io::Error::other(OverCap));
        }
        if !taken.grow(read) {
            return Err(io::Error::other(NoRoom));
        }
    }
}

/// Sees the end of the body behind the end of the coded stream, so that the connection can be used again.
async fn finish<R: AsyncBufRead + Unpin>(decoded: io::Result<Bytes>, rest: &mut R) -> io::Result<Bytes> {
    let decoded = decoded?;
    rest.fill_buf().await?;
    Ok(decoded)
}

fn fault(coding: Coding, error: &io::Error) -> BodyError {
    match error.get_ref() {
        Some(inner) if inner.is::<OverCap>() => BodyError::TooLarge,
        Some(inner) if inner.is::<NoRoom>() => BodyError::NoRoom,
        Some(inner) => match inner.downcast_ref::<hyper::Error>() {
            Some(transport) => BodyError::Broken(broken_off(transport)),
            None => BodyError::Broken(format!("the {coding} body is broken")),
        },
        None => BodyError::Broken(format!("the {coding} body is broken")),
    }
}

fn broken_off(error: &hyper::Error) -> String {
    format!("the response broke off: {error}")
}
