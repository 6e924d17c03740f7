//! A client's outgoing messages, shared between the side that writes them and the side that has
//! to know how many wait.
//!
//! *Invariant:* the lock is held for one poll or one look, never across an await.

use mcpvisor_actors::mutex::lock;
use mcpvisor_actors::session::{ClientStream, ClientStreamReader, Outgoing};
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, ready};
use tokio::sync::Notify;

/// Messages one client may leave unread before nothing more is taken from it.
pub(crate) const MAX_BACKLOG: usize = 1024;

/// The reading end of a client's stream; clones look at the same stream, one of them reads it.
#[derive(Debug, Clone)]
pub(crate) struct Outbox(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    reader: Mutex<ClientStreamReader>,
    taken: Notify,
}

impl Outbox {
    /// A new stream for one request, or for what belongs to none, and its outbox.
    pub(crate) fn new() -> (ClientStream, Self) {
        Self::of(ClientStream::new())
    }

    /// The same for a whole connection.
    pub(crate) fn of_connection() -> (ClientStream, Self) {
        Self::of(ClientStream::of_connection())
    }

    fn of((stream, reader): (ClientStream, ClientStreamReader)) -> (ClientStream, Self) {
        let shared = Shared { reader: Mutex::new(reader), taken: Notify::new() };
        (stream, Self(Arc::new(shared)))
    }

    /// The next message; `None` once nothing will be sent any more. Cancel-safe.
    pub(crate) async fn next(&self) -> Option<Outgoing> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// The same as a poll; the last to poll is woken.
    pub(crate) fn poll_next(&self, cx: &mut Context<'_>) -> Poll<Option<Outgoing>> {
        let next = ready!(self.lock().poll_next(cx));
        self.0.taken.notify_one();
        Poll::Ready(next)
    }

    /// Everything that is there; nothing more comes.
    pub(crate) fn drain(&self) -> Vec<Outgoing> {
        let mut reader = self.lock();
        reader.close();
        std::iter::from_fn(|| reader.try_next()).collect()
    }

    /// Whether the client leaves more unread than we are willing to keep for it.
    pub(crate) fn is_stuck(&self) -> bool {
        self.lock().backlog() > MAX_BACKLOG
    }

    /// Whether nothing waits at the moment.
    pub(crate) fn is_drained(&self) -> bool {
        self.lock().backlog() == 0
    }

    /// Waits until the client is not stuck; for one waiter at a time.
    pub(crate) async fn flowing(&self) {
        while self.is_stuck() {
            self.0.taken.notified().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, ClientStreamReader> {
        lock(&self.0.reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use mcpvisor_actors::wire::Payload;
    use std::time::Duration;
    use tokio::time::timeout;

    fn payload() -> Payload {
        Bytes::from_static(b"{}").into()
    }

    #[tokio::test]
    async fn a_message_sent_while_waiting_wakes_the_reader() {
        let (stream, outbox) = Outbox::new();
        let reading = tokio::spawn({
            let outbox = outbox.clone();
            async move { outbox.next().await.map(|outgoing| outgoing.answer) }
        });
        tokio::task::yield_now().await;
        assert!(stream.answer(payload(), None));
        assert_eq!(timeout(Duration::from_secs(5), reading).await.unwrap().unwrap(), Some(true));
        drop(stream);
        assert!(outbox.next().await.is_none());
    }

    #[tokio::test]
    async fn a_client_that_reads_again_lets_its_sender_go_on() {
        let (stream, outbox) = Outbox::new();
        for _ in 0..=MAX_BACKLOG {
            stream.answer(payload(), None);
        }
        assert!(outbox.is_stuck());
        let waiting = tokio::spawn({
            let outbox = outbox.clone();
            async move { outbox.flowing().await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        assert!(outbox.next().await.is_some());
        timeout(Duration::from_secs(5), waiting).await.unwrap().unwrap();
        assert!(!outbox.is_drained());
    }
}
