//! What waits for one listener.

use super::{Topics, event, lock};
use axum::body::Bytes;
use serde_json::json;
use std::collections::VecDeque;
use std::sync::Mutex;
use tokio::sync::Notify;

/// Most events that wait.
const EVENTS: usize = 1_024;
/// Most bytes of them.
const BYTES: usize = 4 << 20;

/// The events that wait for a listener; of too many the newest stay.
#[derive(Debug)]
pub(super) struct Mailbox {
    pub(super) topics: Topics,
    waiting: Mutex<Waiting>,
    more: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    events: VecDeque<Bytes>,
    bytes: usize,
    lost: u64,
}

impl Mailbox {
    pub(super) fn new(topics: Topics) -> Self {
        Self { topics, waiting: Mutex::default(), more: Notify::new() }
    }

    /// One more. Never waits.
    pub(super) fn put(&self, event: &Bytes) {
        let mut waiting = lock(&self.waiting);
        waiting.bytes += event.len();
        waiting.events.push_back(event.clone());
        while waiting.events.len() > EVENTS || waiting.bytes > BYTES {
            let Some(oldest) = waiting.events.pop_front() else { break };
            waiting.bytes -= oldest.len();
            waiting.lost += 1;
        }
        drop(waiting);
        self.more.notify_one();
    }

    /// The next one; `lagged` comes where events are missing. For one reader.
    pub(super) async fn next(&self) -> Bytes {
        loop {
            if let Some(event) = self.take() {
                return event;
            }
            self.more.notified().await;
        }
    }

    fn take(&self) -> Option<Bytes> {
        let mut waiting = lock(&self.waiting);
        let lost = std::mem::take(&mut waiting.lost);
        if lost > 0 {
            return Some(event("lagged", &json!({ "lost": lost })));
        }
        let event = waiting.events.pop_front()?;
        waiting.bytes -= event.len();
        Some(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_does_not_read_keeps_the_newest_and_is_told_how_many_are_lost() {
        let mailbox = Mailbox::new(Topics::USUAL);
        for n in 0..EVENTS + 10 {
            mailbox.put(&Bytes::from(n.to_string()));
        }
        assert_eq!(mailbox.next().await, "event: lagged\ndata: {\"lost\":10}\n\n");
        for n in 10..EVENTS + 10 {
            assert_eq!(mailbox.next().await, n.to_string());
        }
        assert!(mailbox.take().is_none());
        let large = Bytes::from(vec![b'x'; BYTES / 2]);
        (0..5).for_each(|_| mailbox.put(&large));
        assert_eq!(mailbox.next().await, "event: lagged\ndata: {\"lost\":3}\n\n");
        assert_eq!(
            (mailbox.next().await.len(), mailbox.next().await.len()),
            (BYTES / 2, BYTES / 2)
        );
        assert!(mailbox.take().is_none() && lock(&mailbox.waiting).bytes == 0);
    }
}
