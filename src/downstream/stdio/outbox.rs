//! Frames on their way into the child's stdin.
//!
//! *Invariant:* bytes leave in the order of `push`, and `is_unsent` turns false with the first byte.

use bytes::Bytes;
use mcpvisor_actors::server::{Outbound, OutboundKind};
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::AsyncWrite;

/// Slices handed to the kernel at once.
const SLICES: usize = 64;

/// Queued frames; bounded by what the caller admits.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    chunks: VecDeque<Bytes>,
    /// Requests of which no byte was written: id and position of the first byte.
    unsent: VecDeque<(u64, u64)>,
    queued: u64,
    written: u64,
}

impl Outbox {
    pub(super) fn push(&mut self, frame: Outbound) {
        if let OutboundKind::Request { id, .. } = frame.kind {
            self.unsent.push_back((id, self.queued));
        }
        let payload = frame.payload.on_one_line();
        self.queued += payload.len() as u64 + 1;
        self.chunks.extend(payload.chunks().iter().cloned());
        self.chunks.push_back(Bytes::from_static(b"\n"));
    }

    pub(super) fn is_unsent(&self, id: u64) -> bool {
        self.unsent.iter().any(|(request, _)| *request == id)
    }

    /// Writes until nothing is left or the pipe is full.
    pub(super) fn poll_write<W: AsyncWrite + Unpin>(
        &mut self,
        pipe: &mut W,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while !self.chunks.is_empty() {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let mut count = 0;
            for (slot, chunk) in slices.iter_mut().zip(&self.chunks) {
                *slot = IoSlice::new(chunk);
                count += 1;
            }
            let slices = &slices[..count];
            match ready!(Pin::new(&mut *pipe).poll_write_vectored(context, slices))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => self.advance(written),
            }
        }
        Poll::Ready(Ok(()))
    }

    fn advance(&mut self, mut written: usize) {
        self.written += written as u64;
        while self.unsent.front().is_some_and(|(_, start)| *start < self.written) {
            self.unsent.pop_front();
        }
        while let Some(chunk) = self.chunks.front_mut() {
            if written < chunk.len() {
                bytes::Buf::advance(chunk, written);
                return;
            }
            written -= chunk.len();
            self.chunks.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mcpvisor_actors::wire::Payload;
    use std::task::Waker;
    use tokio::io::AsyncReadExt;

    fn request(id: u64, text: &str) -> Outbound {
        let kind = OutboundKind::Request { id, initialize: false };
        Outbound { payload: Payload::from(Bytes::from(text.to_owned())), kind }
    }

    #[tokio::test]
    async fn a_request_counts_as_sent_from_its_first_byte_on() {
        let mut context = Context::from_waker(Waker::noop());
        let (mut pipe, mut child) = tokio::io::duplex(8);
        let mut outbox = Outbox::default();
        outbox.push(request(1, "{\n1}"));
        outbox.push(request(2, "{22222}"));
        outbox.push(request(3, "{3}"));
        assert!((1..=3).all(|id| outbox.is_unsent(id)));

        assert!(outbox.poll_write(&mut pipe, &mut context).is_pending());
        assert_eq!([1, 2, 3].map(|id| outbox.is_unsent(id)), [false, false, true]);

        let mut text = vec![0; 17];
        let writer = std::future::poll_fn(|context| outbox.poll_write(&mut pipe, context));
        let (wrote, read) = tokio::join!(writer, child.read_exact(&mut text));
        wrote.expect("written");
        read.expect("read");
        assert_eq!(text, b"{ 1}\n{22222}\n{3}\n");
        assert!(!outbox.is_unsent(3));
    }
}
