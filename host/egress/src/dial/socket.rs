//! How many sockets one connection has open to one origin: a system that hangs, or a burst, takes no more of them than
//! the operator allows. Who needs one more waits in line for a while, since the next one that is free serves as well.
//!
//! A socket whose far side takes nothing more is closed after a while, whoever waits for it: what is written in vain
//! would otherwise hold the place, and the memory of the request, long after the call has ended.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper_util::client::legacy::connect::{Connected, Connection};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Sleep;

use super::DialError;

/// The places of the sockets of one connection, by origin. The manifest bounds the number of origins.
pub(crate) struct Sockets {
    max: usize,
    wait: Duration,
    places: Mutex<HashMap<Origin, Arc<Semaphore>>>,
}

/// Host and port.
type Origin = (String, u16);

impl Sockets {
    /// Places for `max` sockets to each origin, each waited for no longer than `wait`. There is one at the least, without
    /// which there is no connection.
    pub(crate) fn new(max: usize, wait: Duration) -> Sockets {
        Sockets { max: max.clamp(1, Semaphore::MAX_PERMITS), wait, places: Mutex::default() }
    }

    /// Waits for a place.
    pub(super) async fn place(&self, host: &str, port: u16) -> Result<OwnedSemaphorePermit, DialError> {
        match tokio::time::timeout(self.wait, self.of(host, port).acquire_owned()).await {
            Ok(Ok(place)) => Ok(place),
            // The other cause would be a semaphore that was closed, and nobody closes these.
            Err(_) | Ok(Err(_)) => Err(DialError::NoSocket(format!(
                "no socket to `{host}` is free within {} ms: all {} that `sockets_per_origin_max` allows are in use",
                self.wait.as_millis(),
                self.max
            ))),
        }
    }

    fn of(&self, host: &str, port: u16) -> Arc<Semaphore> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.entry((host.to_owned(), port)).or_insert_with(|| Arc::new(Semaphore::new(self.max))).clone()
    }
}

/// A socket and its place, which is free when the socket is closed.
pub(crate) struct Socket {
    stream: TcpStream,
    stall: Stall,
    _place: OwnedSemaphorePermit,
}

impl Socket {
    /// `stall` is for how long the far side may take nothing of what there is to send.
    pub(crate) fn new(stream: TcpStream, place: OwnedSemaphorePermit, stall: Duration) -> Socket {
        Socket { stream, stall: Stall { after: stall, until: None }, _place: place }
    }
}

/// The patience with writes. It costs nothing while they get on.
struct Stall {
    after: Duration,
    /// Since the first write that did not get on.
    until: Option<Pin<Box<Sleep>>>,
}

impl Stall {
    fn judge(&mut self, cx: &mut Context<'_>, write: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if write.is_ready() {
            self.until = None;
            return write;
        }
        let after = self.after;
        let until = self.until.get_or_insert_with(|| Box::pin(tokio::time::sleep(after)));
        std::task::ready!(until.as_mut().poll(cx));
        let message = format!("nothing was taken for {} ms", after.as_millis());
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, message)))
    }
}

impl Connection for Socket {
    fn connected(&self) -> Connected {
        self.stream.connected()
    }
}

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.stall.judge(cx, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.stall.judge(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
