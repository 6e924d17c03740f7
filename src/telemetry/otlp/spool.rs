//! Spans that wait to be sent, as bytes.
//!
//! *Invariant:* bounded; putting one in never waits for a collector.

use super::protobuf::Message;
use mcpvisor_actors::mutex::lock;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard};
use tokio::sync::Notify;

/// Where spans wait.
#[derive(Debug)]
pub(in crate::telemetry) struct Spool {
    /// Most that wait.
    size: usize,
    /// Most that are sent together.
    batch: usize,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    waiting: usize,
    full: VecDeque<Batch>,
    open: Batch,
    closed: bool,
}

/// Spans that are sent together.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) count: usize,
    pub(super) spans: Message,
}

impl Spool {
    pub(super) fn new(size: usize, batch: usize) -> Self {
        Self { size, batch, state: Mutex::default(), changed: Notify::new() }
    }

    /// Writes a span into the batch that is open. `false`: there is no room.
    pub(in crate::telemetry) fn put(&self, write: impl FnOnce(&mut Message)) -> bool {
        let mut state = self.state();
        if state.waiting >= self.size || state.closed {
            return false;
        }
        write(&mut state.open.spans);
        state.open.count += 1;
        state.waiting += 1;
        if state.open.count >= self.batch {
            // the next one is about as large
            let spans = Message::with_capacity(state.open.spans.len());
            let full = std::mem::replace(&mut state.open, Batch { count: 0, spans });
            state.full.push_back(full);
            drop(state);
            self.changed.notify_one();
        }
        true
    }

    /// The oldest batch that is full; without one and `open`, the one that is not. Tells if it is the last.
    pub(super) fn take(&self, open: bool) -> Option<(Batch, bool)> {
        let mut state = self.state();
        let taken = match state.full.pop_front() {
            Some(batch) => (batch, false),
            None if open && state.open.count > 0 => (std::mem::take(&mut state.open), true),
            None => return None,
        };
        state.waiting -= taken.0.count;
        Some(taken)
    }

    /// A batch is full, or nothing will come any more.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// From now on there is no room.
    pub(in crate::telemetry) fn close(&self) {
        self.state().closed = true;
        self.changed.notify_one();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.state().closed
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(spool: &Spool, count: usize) -> usize {
        (0..count).filter(|_| spool.put(|it| it.number(1, 1))).count()
    }

    #[test]
    fn there_is_only_so_much_room() {
        let spool = Spool::new(5, 2);
        assert_eq!(put(&spool, 100), 5);
        let (batch, last) = spool.take(false).expect("a full one");
        assert_eq!((batch.count, batch.spans.into_bytes(), last), (2, vec![8, 1, 8, 1], false));
        assert_eq!(put(&spool, 100), 2, "what was taken makes room");
        spool.close();
        assert!(spool.take(false).is_some());
        assert_eq!(put(&spool, 1), 0, "closed");
    }

    #[test]
    fn a_batch_that_is_not_full_goes_last_and_only_when_asked_for() {
        let spool = Spool::new(10, 4);
        put(&spool, 5);
        assert_eq!(spool.take(true).map(|(it, last)| (it.count, last)), Some((4, false)));
        assert!(spool.take(false).is_none());
        assert_eq!(spool.take(true).map(|(it, last)| (it.count, last)), Some((1, true)));
        assert!(spool.take(true).is_none());
    }
}
