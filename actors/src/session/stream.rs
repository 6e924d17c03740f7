//! The way back to a client: ordered, bounded for notifications, never blocking for answers.
//!
//! Answers are bounded by the requests in flight, whose slots they keep until they are written, so
//! they always fit. Notifications take their size from the stream's budget until they are written;
//! when it is used up the sender keeps the newest (progress) or drops it (log). A client that stops
//! reading therefore costs a bounded amount of memory and holds up nobody.

mod queue;

use crate::call::Admission;
use crate::wire::Payload;
use queue::{Receiver, Sender, WeakSender, queue};
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes of notifications that may wait unwritten on the stream of one request.
const OF_REQUEST: u32 = 1024 * 1024;
/// The same for a connection, on which many calls report at the same time.
const OF_CONNECTION: u32 = 8 * 1024 * 1024;
/// What a waiting notification takes besides its text, in bytes.
const ENVELOPE: usize = 128;

/// One message for the client.
#[derive(Debug)]
pub struct Outgoing {
    /// The JSON text.
    pub payload: Payload,
    /// Whether this is the answer to a request (else a notification or a request of ours).
    pub answer: bool,
    /// Kept by the face until the message is written.
    pub held: Held,
}

/// What a message takes up as long as it is not written; dropping it gives that back.
#[derive(Debug, Default)]
pub struct Held {
    _slot: Option<Admission>,
    _budget: Option<OwnedSemaphorePermit>,
    _others: Vec<Held>,
}

impl Held {
    /// What several messages take up that are written as one.
    pub fn together(others: Vec<Self>) -> Self {
        Self { _others: others, ..Self::default() }
    }
}

/// The sending end; clones write to the same stream in the order of their calls.
#[derive(Debug, Clone)]
pub struct ClientStream {
    sender: Sender<Outgoing>,
    budget: Arc<Semaphore>,
    only_answers: bool,
}

/// The receiving end, read by the face that writes to the client.
#[derive(Debug)]
pub struct ClientStreamReader(Receiver<Outgoing>);

/// The stream's budget for notifications is used up; the payload is given back.
#[derive(Debug)]
pub struct StreamFull(pub Payload);

impl ClientStream {
    /// A new stream for what belongs to one request, or to none.
    pub fn new() -> (Self, ClientStreamReader) {
        Self::with_budget(OF_REQUEST)
    }

    /// A new stream for a whole stdio, SSE or WebSocket connection.
    pub fn of_connection() -> (Self, ClientStreamReader) {
        Self::with_budget(OF_CONNECTION)
    }

    fn with_budget(bytes: u32) -> (Self, ClientStreamReader) {
        let (sender, receiver) = queue();
        let budget = Arc::new(Semaphore::new(bytes as usize));
        (Self { sender, budget, only_answers: false }, ClientStreamReader(receiver))
    }

    /// The same stream for a client that takes nothing but answers on it: it is not asked anything there.
    #[must_use]
    pub fn for_answers_only(self) -> Self {
        Self { only_answers: true, ..self }
    }

    /// Sends the answer to a request; its slot is free once the answer is written. `false` when the
    /// client is gone.
    pub fn answer(&self, payload: Payload, slot: Option<Admission>) -> bool {
        let held = Held { _slot: slot, ..Held::default() };
        self.sender.send(Outgoing { payload, answer: true, held }).is_ok()
    }

    /// Sends a notification if the budget allows it.
    pub fn notify(&self, payload: Payload) -> Result<(), StreamFull> {
        match Arc::clone(&self.budget).try_acquire_many_owned(size(&payload)) {
            Ok(permits) => {
                self.send(payload, permits);
                Ok(())
            }
            Err(_) => Err(StreamFull(payload)),
        }
    }

    /// Sends a notification once the budget allows it.
    pub(super) async fn notify_in_time(&self, payload: Payload) {
        // the budget is never closed
        if let Ok(permits) = Arc::clone(&self.budget).acquire_many_owned(size(&payload)).await {
            self.send(payload, permits);
        }
    }

    fn send(&self, payload: Payload, permits: OwnedSemaphorePermit) {
        let held = Held { _budget: Some(permits), ..Held::default() };
        let _gone = self.sender.send(Outgoing { payload, answer: false, held });
    }

    /// Sends a notification whatever the budget: for the single one a sender held back.
    pub fn notify_held(&self, payload: Payload) {
        let outgoing = Outgoing { payload, answer: false, held: Held::default() };
        let _gone = self.sender.send(outgoing);
    }

    /// Passes on what came on another stream, with what it takes up. `false` when the client is gone.
    pub fn pass(&self, outgoing: Outgoing) -> bool {
        self.sender.send(outgoing).is_ok()
    }

    /// Whether a request of ours can come to the client on it.
    pub(super) fn can_ask(&self) -> bool {
        !self.only_answers && !self.is_closed()
    }

    /// Whether the reading end is gone.
    pub fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// The same stream for who only wants to know whether it is read.
    pub(super) fn downgrade(&self) -> WeakStream {
        WeakStream(self.sender.downgrade())
    }

    /// Returns once the reading end is gone.
    pub(super) async fn closed(&self) {
        self.sender.closed().await;
    }
}

/// A stream that ends although somebody has this.
#[derive(Debug)]
pub(super) struct WeakStream(WeakSender<Outgoing>);

impl WeakStream {
    /// Whether its reading end is there, and something may still come.
    pub(super) fn is_read(&self) -> bool {
        self.0.is_open()
    }
}

/// What a notification takes of the budget. One always fits, however big.
fn size(payload: &Payload) -> u32 {
    u32::try_from(payload.len() + ENVELOPE).unwrap_or(OF_REQUEST).min(OF_REQUEST)
}

impl ClientStreamReader {
    /// The next message; `None` once every sender is gone, i.e. nothing will be answered any more.
    pub async fn next(&mut self) -> Option<Outgoing> {
        poll_fn(|context| self.poll_next(context)).await
    }

    /// The same as a poll; the last to poll is woken.
    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Outgoing>> {
        self.0.poll_recv(context)
    }

    /// The next message if one is there already.
    pub fn try_next(&mut self) -> Option<Outgoing> {
        self.0.try_recv()
    }

    /// Takes nothing more; what came already can still be read.
    pub fn close(&mut self) {
        self.0.close();
    }

    /// Messages that wait to be written.
    pub fn backlog(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use futures_util::FutureExt;

    #[tokio::test]
    async fn a_patient_sender_waits_until_the_client_has_taken_what_fills_the_stream() {
        let (stream, mut reader) = ClientStream::new();
        let large = || Payload::from(Bytes::from(vec![b'x'; OF_REQUEST as usize]));
        stream.notify(large()).expect("the first always fits");
        let sender = stream.clone();
        let mut sending = Box::pin(async move { sender.notify_in_time(large()).await });
        assert!(sending.as_mut().now_or_never().is_none());
        assert_eq!(reader.backlog(), 1);
        drop(reader.try_next());
        assert!(sending.now_or_never().is_some());
        assert_eq!(reader.backlog(), 1);
        // who waits for the client to leave hears of it
        let mut leaving = Box::pin(stream.closed());
        assert!(leaving.as_mut().now_or_never().is_none());
        drop(reader);
        assert!(leaving.now_or_never().is_some());
    }
}
