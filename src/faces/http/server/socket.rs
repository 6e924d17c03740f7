//! A connection's socket that takes its leave politely.
//!
//! Closing a TCP socket while the peer still sends makes the system reset the connection, and the
//! reset destroys the answer on its way (the 413 for a body we did not read). So when we close
//! first, what the peer still sends is thrown away for a moment.
//!
//! *Invariant:* a closing socket costs one small buffer, one second at most, and keeps its place
//! in the cap on connections until it is gone.

use super::handover::Handover;
use super::standing;
use axum::body::Body;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

/// Longest time a peer may go on sending after we closed.
const LINGER: Duration = Duration::from_secs(1);

/// A client's socket and its place among the connections.
#[derive(Debug)]
pub(super) struct Socket {
    /// Taken only when the socket is dropped.
    open: Option<(TcpStream, OwnedSemaphorePermit)>,
    /// The peer has closed or broken its side.
    ended: bool,
    handover: Handover,
}

impl Socket {
    pub(super) fn new(stream: TcpStream, place: OwnedSemaphorePermit) -> Self {
        Self { open: Some((stream, place)), ended: false, handover: Handover::default() }
    }

    /// Hears when all that was written is with the system.
    pub(super) fn handover(&self) -> Handover {
        self.handover.clone()
    }

    /// Writes an event stream to its end, or until the peer leaves.
    pub(super) async fn carry(mut self, stream: Body) {
        let Some((socket, _)) = &mut self.open else { return };
        let (reader, writer) = socket.split();
        self.ended = standing::carry(reader, writer, stream).await;
    }

    /// What the peer said next, as far as there is room for it; it is still to be read.
    pub(super) async fn peek(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream()?.peek(buffer).await
    }

    pub(super) fn stream(&mut self) -> io::Result<Pin<&mut TcpStream>> {
        let (stream, _) = self.open.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        Ok(Pin::new(stream))
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        if let (Some((stream, place)), Ok(runtime)) = (self.open.take(), Handle::try_current()) {
            runtime.spawn(async move {
                linger(stream).await;
                drop(place);
            });
        }
    }
}

async fn linger(mut stream: TcpStream) {
    let farewell = async {
        stream.shutdown().await?;
        let mut thrown_away = [0; 4096];
        while stream.read(&mut thrown_away).await? > 0 {}
        io::Result::Ok(())
    };
    // whatever happens to a connection nobody uses any more is fine
    let _over = timeout(LINGER, farewell).await;
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = ready!(self.stream()?.poll_read(cx, buffer));
        self.ended |= read.is_err() || (buffer.filled().len() == before && buffer.remaining() > 0);
        Poll::Ready(read)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.stream()?.poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stream()?.poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.stream()?.poll_flush(cx))?;
        self.handover.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream()?.poll_shutdown(cx)
    }
}
