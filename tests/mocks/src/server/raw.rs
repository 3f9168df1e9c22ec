//! What no HTTP server would do to its own connection: resets, cut bodies, bytes that drip. Owns the bare socket.

use std::io;
use std::time::Duration;

use hyper::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::exchange::Answer;

pub(crate) enum Raw {
    /// A TCP reset instead of an orderly end.
    Reset,
    /// An orderly end without an answer.
    Close,
    /// Half of the head, then the end.
    CutHead(Answer),
    /// The whole answer as if the connection were kept, what stands behind it, then the end.
    Whole { answer: Answer, behind: &'static [u8] },
    /// The whole head, half of the body, then the end.
    Cut(Answer),
    /// One byte at a time: the head, or the body after a whole head.
    Slow { answer: Answer, pause: Duration, head: bool },
}

impl Raw {
    pub(crate) async fn perform(self, mut stream: TcpStream) {
        // The other side may leave at any time; then there is nothing left to spoil.
        let _ = self.try_perform(&mut stream).await;
    }

    async fn try_perform(self, stream: &mut TcpStream) -> io::Result<()> {
        match self {
            // Dropping a socket that does not linger sends RST.
            Self::Reset => stream.set_zero_linger(),
            Self::Close => stream.shutdown().await,
            Self::CutHead(answer) => {
                let head = head(&answer, "close");
                stream.write_all(&head[..head.len() / 2]).await?;
                stream.shutdown().await
            }
            Self::Whole { answer, behind } => {
                let mut all = head(&answer, "keep-alive");
                all.extend_from_slice(&answer.body);
                all.extend_from_slice(behind);
                stream.write_all(&all).await?;
                stream.shutdown().await
            }
            Self::Cut(answer) => {
                stream.write_all(&head(&answer, "close")).await?;
                stream.write_all(&answer.body[..answer.body.len() / 2]).await?;
                stream.shutdown().await
            }
            Self::Slow { answer, pause, head: slow_head } => {
                let head = head(&answer, "close");
                if slow_head {
                    drip(stream, &head, pause).await?;
                    stream.write_all(&answer.body).await?;
                } else {
                    stream.write_all(&head).await?;
                    drip(stream, &answer.body, pause).await?;
                }
                stream.shutdown().await
            }
        }
    }
}

async fn drip(stream: &mut TcpStream, bytes: &[u8], pause: Duration) -> io::Result<()> {
    let mut ignored = [0; 64];
    for byte in bytes {
        stream.write_all(&[*byte]).await?;
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            // The client closing is the only thing worth noticing in between.
            read = stream.read(&mut ignored) => {
                if read? == 0 {
                    return Err(io::ErrorKind::ConnectionAborted.into());
                }
            }
        }
    }
    Ok(())
}

fn head(answer: &Answer, connection: &str) -> Vec<u8> {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let reason = status.canonical_reason().unwrap_or_default();
    let mut head = format!("HTTP/1.1 {} {reason}\r\n", status.as_u16());
    for (name, value) in &answer.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("content-length: {}\r\nconnection: {connection}\r\n\r\n", answer.body.len()));
    head.into_bytes()
}
