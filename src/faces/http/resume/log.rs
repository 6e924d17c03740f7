//! The events of one stream that a client may still ask for. A value: it knows no clock and no bounds.
//!
//! *Invariant:* events are numbered from 1 without a gap; only events the present connection took, or a
//! client said it has, are shed, the oldest first. The one that ends a stream never is: it answers a call.

use mcpvisor_actors::wire::Payload;
use std::collections::VecDeque;
use tokio::time::Instant;

/// What an event takes besides its text, in bytes.
const ENVELOPE: usize = 128;

/// The kept end of a stream.
#[derive(Debug, Default)]
pub(super) struct Log {
    /// How many events before the kept ones were shed.
    shed: u64,
    kept: VecDeque<Event>,
    bytes: usize,
    /// The last event a connection took, as far as is known.
    taken: u64,
}

/// An event as it is written, and as it came.
#[derive(Debug, Clone)]
pub(super) struct Event {
    /// The text of the event.
    pub(super) text: Payload,
    /// The message in it, for when it must be sent under another id.
    pub(super) message: Payload,
    /// Whether nothing comes after it.
    pub(super) last: bool,
    /// When it came.
    pub(super) at: Instant,
}

impl Event {
    fn size(&self) -> usize {
        self.text.len() + ENVELOPE
    }
}

impl Log {
    /// The number of the newest event; 0 when there was none.
    pub(super) fn newest(&self) -> u64 {
        self.shed + self.kept.len() as u64
    }

    /// How many events are kept.
    pub(super) fn len(&self) -> usize {
        self.kept.len()
    }

    /// What they take, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Adds the next event.
    pub(super) fn push(&mut self, event: Event) {
        self.bytes += event.size();
        self.kept.push_back(event);
    }

    /// Gives a connection the first kept event after `at`, and its number.
    pub(super) fn take_after(&mut self, at: u64) -> Option<(u64, Event)> {
        let number = at.max(self.shed) + 1;
        let event = self.kept.get(usize::try_from(number - self.shed - 1).ok()?)?.clone();
        self.taken = self.taken.max(number);
        Some((number, event))
    }

    /// A client is back and says that it has everything up to `at`: what was written after it got lost.
    pub(super) fn rewind(&mut self, at: u64) {
        self.taken = at.max(self.shed);
    }

    /// How many of the events after `at` are not kept any more.
    pub(super) fn missing_after(&self, at: u64) -> u64 {
        self.shed.saturating_sub(at)
    }

    /// Drops the oldest event, if a connection took it and it is not the last of all.
    pub(super) fn shed(&mut self) -> bool {
        if self.shed >= self.taken || self.kept.front().is_some_and(|event| event.last) {
            return false;
        }
        let Some(event) = self.kept.pop_front() else { return false };
        self.bytes -= event.size();
        self.shed += 1;
        true
    }

    /// Drops what a connection took before `then`.
    pub(super) fn shed_before(&mut self, then: Instant) {
        while self.kept.front().is_some_and(|event| event.at < then) && self.shed() {}
    }

    /// The messages no connection took.
    pub(super) fn untaken(&self) -> Vec<Payload> {
        let first = usize::try_from(self.taken.saturating_sub(self.shed)).unwrap_or(usize::MAX);
        self.kept.iter().skip(first).map(|event| event.message.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use std::time::Duration;

    fn event(text: &'static str) -> Event {
        let text = Payload::from(Bytes::from_static(text.as_bytes()));
        Event { message: text.clone(), text, last: false, at: Instant::now() }
    }

    /// What a client at `at` is given, to the end.
    fn after(log: &mut Log, mut at: u64) -> Vec<(u64, String)> {
        std::iter::from_fn(|| {
            let (number, event) = log.take_after(at)?;
            at = number;
            Some((number, String::from_utf8_lossy(&event.text.to_bytes()).into_owned()))
        })
        .collect()
    }

    #[tokio::test]
    async fn everything_after_a_place_is_given_and_nothing_twice() {
        let mut log = Log::default();
        for text in ["a", "b", "c"] {
            log.push(event(text));
        }
        let own = |number: u64, text: &str| (number, text.to_owned());
        assert_eq!(after(&mut log, 0), [own(1, "a"), own(2, "b"), own(3, "c")]);
        assert_eq!(after(&mut log, 1), [own(2, "b"), own(3, "c")]);
        assert_eq!(after(&mut log, 3), []);
        assert_eq!(after(&mut log, 99), []);
    }

    #[tokio::test]
    async fn what_a_client_that_is_back_does_not_have_is_not_shed() {
        let mut log = Log::default();
        for text in ["a", "b", "c"] {
            log.push(event(text));
        }
        assert_eq!(after(&mut log, 0).len(), 3);
        log.rewind(1);
        assert!(log.shed());
        assert!(!log.shed(), "it is to be told that again");
        assert_eq!(log.untaken().len(), 2);
        log.rewind(0);
        assert_eq!((log.missing_after(0), log.untaken().len()), (1, 2), "what is gone stays gone");
        assert_eq!(after(&mut log, 1), [(2, "b".to_owned()), (3, "c".to_owned())]);
        assert!(log.shed());
    }

    #[tokio::test]
    async fn what_ends_a_stream_is_not_shed() {
        let mut log = Log::default();
        log.push(event("a"));
        log.push(Event { last: true, ..event("b") });
        assert_eq!(after(&mut log, 0).len(), 2);
        assert!(log.shed());
        assert!(!log.shed());
        log.shed_before(Instant::now() + Duration::from_secs(1));
        assert_eq!(after(&mut log, 0), [(2, "b".to_owned())]);
    }

    #[tokio::test]
    async fn only_what_was_taken_is_shed_and_what_is_missing_is_known() {
        let mut log = Log::default();
        log.push(event("a"));
        log.push(event("b"));
        assert!(!log.shed(), "nobody has seen it");
        assert_eq!(log.untaken().len(), 2);
        log.take_after(0);
        assert_eq!(log.untaken().len(), 1);
        assert!(log.shed());
        assert!(!log.shed());
        assert_eq!((log.newest(), log.len(), log.bytes()), (2, 1, 1 + ENVELOPE));
        assert_eq!((log.missing_after(0), log.missing_after(1)), (1, 0));
        assert_eq!(after(&mut log, 0), [(2, "b".to_owned())]);
        log.shed_before(Instant::now() + Duration::from_secs(1));
        assert_eq!((log.newest(), log.len(), log.bytes()), (2, 0, 0));
        log.push(event("c"));
        assert_eq!(after(&mut log, 2), [(3, "c".to_owned())]);
    }
}
