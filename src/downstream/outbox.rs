//! Frames on their way out on the one stream a connection has (a child's stdin, a WebSocket): whole
//! ones, of which only the first may be begun.
//!
//! A server that does not read must not cost much: of the answers to its own requests only some
//! wait, and what waits altogether is measured, so that the connection can be given up.
//!
//! *Invariant:* frames leave in the order of `push`; a frame is taken back as a whole or not at all.

use mcpvisor_actors::server::{Outbound, OutboundKind};
use mcpvisor_actors::wire::Payload;
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::AsyncWrite;

/// Slices handed to the kernel at once.
const SLICES: usize = 64;
/// Most answers that wait: a server can ask for any number without reading one.
const MAX_RESPONSES: usize = 64;
/// Most bytes that wait.
const MAX_UNWRITTEN: usize = 64 * 1024 * 1024;

/// Queued frames; requests among them are bounded by what the caller admits.
#[derive(Debug)]
pub(super) struct Outbox {
    frames: VecDeque<Outbound>,
    /// Bytes of the first frame that were written; less than all of them.
    begun: usize,
    /// Bytes of all frames that were not.
    unwritten: usize,
    /// Answers among the frames.
    responses: usize,
    /// Answers that were not queued.
    dropped: u64,
    /// Who is to read them, for the log.
    reader: String,
}

impl Outbox {
    pub(super) fn new(reader: String) -> Self {
        Self { frames: VecDeque::new(), begun: 0, unwritten: 0, responses: 0, dropped: 0, reader }
    }

    /// Queues a frame. A cancellation whose request was not begun takes it out, and neither goes.
    pub(super) fn push(&mut self, mut frame: Outbound) {
        match frame.kind {
            OutboundKind::Cancel { id } => {
                if let Some(request) = self.unbegun(id).and_then(|at| self.frames.remove(at)) {
                    self.unwritten -= length(&request.payload);
                    return;
                }
            }
            OutboundKind::Response if self.responses == MAX_RESPONSES => return self.drop_one(),
            OutboundKind::Response => self.responses += 1,
            OutboundKind::Request { .. } | OutboundKind::Notification => {}
        }
        frame.payload = frame.payload.on_one_line();
        self.unwritten += length(&frame.payload);
        self.frames.push_back(frame);
    }

    fn drop_one(&mut self) {
        self.dropped += 1;
        if self.dropped.is_power_of_two() {
            let count = self.dropped; // a flood is told at 1, 2, 4, 8 …
            let reader = self.reader.as_str();
            tracing::warn!(reader, count, "answers dropped: the server does not read them");
        }
    }

    /// Whether the request `id` is still queued and was not begun.
    pub(super) fn is_unsent(&self, id: u64) -> bool {
        self.unbegun(id).is_some()
    }

    /// Where the request `id` waits, if no byte of it was written.
    fn unbegun(&self, id: u64) -> Option<usize> {
        let first = usize::from(self.begun > 0);
        let mut waiting = self.frames.iter().enumerate().skip(first);
        let is_it = |kind| matches!(kind, OutboundKind::Request { id: it, .. } if it == id);
        waiting.find(|(_, frame)| is_it(frame.kind)).map(|(at, _)| at)
    }

    /// Whether more waits than may; one frame alone is not too much, whatever its size.
    pub(super) fn is_overfull(&self) -> bool {
        self.unwritten > MAX_UNWRITTEN && self.frames.len() > 1
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Hands on the first frame as a whole: it is sent from now on. Not for use with
    /// [`Self::poll_write`].
    pub(super) fn take(&mut self) -> Option<Payload> {
        let payload = self.frames.front()?.payload.clone();
        self.advance(length(&payload));
        Some(payload)
    }

    /// Writes until nothing is left or the pipe is full; each frame is a line.
    pub(super) fn poll_write<W: AsyncWrite + Unpin>(
        &mut self,
        pipe: &mut W,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while !self.frames.is_empty() {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let mut count = 0;
            for (slot, slice) in slices.iter_mut().zip(self.slices()) {
                *slot = IoSlice::new(slice);
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

    /// What is to be written, in order.
    fn slices(&self) -> impl Iterator<Item = &[u8]> {
        let chunks = self.frames.iter().flat_map(|frame| {
            frame.payload.chunks().iter().map(|chunk| &chunk[..]).chain([&b"\n"[..]])
        });
        let mut done = self.begun;
        chunks.filter_map(move |chunk| {
            let left = chunk.get(done..).unwrap_or_default();
            done -= chunk.len() - left.len();
            (!left.is_empty()).then_some(left)
        })
    }

    fn advance(&mut self, written: usize) {
        self.unwritten -= written;
        self.begun += written;
        while let Some(frame) = self.frames.front()
            && length(&frame.payload) <= self.begun
        {
            self.begun -= length(&frame.payload);
            self.responses -= usize::from(frame.kind == OutboundKind::Response);
            self.frames.pop_front();
        }
    }
}

/// What a frame takes, with its line feed.
fn length(payload: &Payload) -> usize {
    payload.len() + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use std::task::Waker;
    use tokio::io::{AsyncReadExt, DuplexStream, duplex};

    fn frame(kind: OutboundKind, text: impl Into<Bytes>) -> Outbound {
        Outbound::new(text.into(), kind)
    }

    fn request(id: u64, text: &'static str) -> Outbound {
        frame(OutboundKind::Request { id, initialize: false }, text)
    }

    fn cancel(id: u64) -> Outbound {
        frame(OutboundKind::Cancel { id }, format!("cancel {id}"))
    }

    /// An outbox and a pipe that takes eight bytes.
    fn outbox(frames: impl IntoIterator<Item = Outbound>) -> (Outbox, DuplexStream, DuplexStream) {
        let mut outbox = Outbox::new("a child".into());
        frames.into_iter().for_each(|frame| outbox.push(frame));
        let (pipe, child) = duplex(8);
        (outbox, pipe, child)
    }

    fn fill(outbox: &mut Outbox, pipe: &mut DuplexStream) {
        let mut context = Context::from_waker(Waker::noop());
        assert!(outbox.poll_write(pipe, &mut context).is_pending());
    }

    /// Writes everything; what the child has read then.
    async fn all(mut outbox: Outbox, mut pipe: DuplexStream, mut child: DuplexStream) -> String {
        let writer = async move {
            let written = std::future::poll_fn(|context| outbox.poll_write(&mut pipe, context));
            written.await.expect("written");
            assert_eq!((outbox.unwritten, outbox.begun, outbox.responses), (0, 0, 0));
        };
        let mut text = String::new();
        let (read, ()) = tokio::join!(child.read_to_string(&mut text), writer);
        read.expect("read");
        text
    }

    #[tokio::test]
    async fn a_request_counts_as_sent_from_its_first_byte_on() {
        let frames = [request(1, "{\n1}"), request(2, "{22222}"), request(3, "{3}")];
        let (mut outbox, mut pipe, child) = outbox(frames);
        assert!((1..=3).all(|id| outbox.is_unsent(id)));
        fill(&mut outbox, &mut pipe);
        assert_eq!([1, 2, 3].map(|id| outbox.is_unsent(id)), [false, false, true]);
        assert_eq!(all(outbox, pipe, child).await, "{ 1}\n{22222}\n{3}\n");
    }

    #[tokio::test]
    async fn a_cancellation_takes_back_only_what_was_not_begun() {
        for (cancelled, expected) in [
            (1, "{1}\n{22222}\n{3}\n{4}\ncancel 1\n"), // wholly written
            (2, "{1}\n{22222}\n{3}\n{4}\ncancel 2\n"), // partly written
            (3, "{1}\n{22222}\n{4}\n"),
            (4, "{1}\n{22222}\n{3}\n"),
        ] {
            let frames =
                [request(1, "{1}"), request(2, "{22222}"), request(3, "{3}"), request(4, "{4}")];
            let (mut outbox, mut pipe, child) = outbox(frames);
            fill(&mut outbox, &mut pipe);
            outbox.push(cancel(cancelled));
            assert!(!outbox.is_unsent(cancelled));
            assert_eq!(all(outbox, pipe, child).await, expected);
        }
        let (mut outbox, pipe, child) = outbox([request(1, "{1}")]);
        outbox.push(cancel(1)); // the very first frame, not begun
        assert_eq!(all(outbox, pipe, child).await, "");
    }

    #[tokio::test]
    async fn only_so_many_answers_wait_and_the_others_are_counted() {
        let answers = (0..100).map(|n| frame(OutboundKind::Response, n.to_string()));
        let (mut outbox, pipe, child) = outbox(answers);
        assert_eq!((outbox.responses, outbox.dropped), (64, 36));
        outbox.push(request(1, "a request is none"));
        let text = all(outbox, pipe, child).await;
        assert_eq!(text.lines().count(), 65);
        assert!(text.ends_with("\n63\na request is none\n"));
    }

    #[test]
    fn more_than_the_cap_is_too_much_unless_it_is_one_frame() {
        let large = Bytes::from(vec![b'x'; MAX_UNWRITTEN - 2]);
        let note = |text: Bytes| frame(OutboundKind::Notification, text);
        let (mut outbox, mut pipe, _child) = outbox([note(large.clone()), note(Bytes::new())]);
        assert!(!outbox.is_overfull(), "exactly the cap");
        outbox.push(request(1, "{1}"));
        assert!(outbox.is_overfull());
        outbox.push(cancel(1));
        assert!(!outbox.is_overfull(), "what is taken back does not count");
        outbox.push(request(2, "{2}"));
        fill(&mut outbox, &mut pipe);
        assert!(!outbox.is_overfull(), "what is written does not count");

        let alone = note([&large[..], &large[..]].concat().into());
        assert!(!self::outbox([alone]).0.is_overfull());
    }
}
