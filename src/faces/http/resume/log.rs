//! The events of one stream that a client may still ask for. A value: it knows no clock and no bounds.
//!
//! *Invariant:* events are numbered from 1; only events the present connection took, or a client said it
//! has, are shed, never the last of them (it may still be on its way), and answers only when there is
//! nothing else.

use mcpvisor_actors::wire::Payload;
use std::collections::VecDeque;
use tokio::time::Instant;

/// What an event takes besides its text, in bytes.
const ENVELOPE: usize = 128;

/// The kept part of a stream.
#[derive(Debug, Default)]
pub(super) struct Log {
    /// In the order of their numbers.
    kept: VecDeque<(u64, Event)>,
    newest: u64,
    bytes: usize,
    /// The last event a connection took, as far as is known.
    taken: u64,
    /// The last event that was written as a whole, as far as we know.
    written: u64,
}

/// An event as it is written, and as it came.
#[derive(Debug, Clone)]
pub(super) struct Event {
    /// The text of the event.
    pub(super) text: Payload,
    /// The message in it, for when it must be sent under another id.
    pub(super) message: Payload,
    /// Whether it answers a request.
    pub(super) answer: bool,
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
        self.newest
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
        self.newest += 1;
        self.kept.push_back((self.newest, event));
    }

    /// Gives a connection that has written everything up to `at` the first kept event after it, and its
    /// number.
    pub(super) fn take_after(&mut self, at: u64) -> Option<(u64, Event)> {
        self.write(at);
        let (number, event) = self.kept.get(self.place_after(at))?.clone();
        self.taken = self.taken.max(number);
        Some((number, event))
    }

    /// A client is back and says that it has everything up to `at`: what was written after it got lost.
    pub(super) fn rewind(&mut self, at: u64) {
        (self.taken, self.written) = (at, at);
    }

    /// Notes that everything up to `at` was written.
    pub(super) fn write(&mut self, at: u64) {
        self.written = self.written.max(at);
    }

    /// Whether this event can still be given.
    pub(super) fn keeps(&self, number: u64) -> bool {
        self.kept.binary_search_by_key(&number, |(number, _)| *number).is_ok()
    }

    /// How many of the events after `at` are not kept any more.
    pub(super) fn missing_after(&self, at: u64) -> u64 {
        let kept = self.kept.len() - self.place_after(at);
        self.newest.saturating_sub(at).saturating_sub(kept as u64)
    }

    /// Whether a connection took everything.
    pub(super) fn is_taken(&self) -> bool {
        self.taken == self.newest
    }

    /// Whether everything up to this event was written as a whole.
    pub(super) fn is_written(&self, number: u64) -> bool {
        number <= self.written
    }

    /// Drops the oldest event that answers nothing, if a connection took it and a later one.
    pub(super) fn shed(&mut self) -> bool {
        self.shed_first(|event| !event.answer)
    }

    /// The same, be it an answer.
    pub(super) fn shed_answer(&mut self) -> bool {
        self.shed_first(|_| true)
    }

    /// Drops what came before `then`, as far as a connection took it; no answer.
    pub(super) fn shed_before(&mut self, then: Instant) {
        while self.shed_first(|event| !event.answer && event.at < then) {}
    }

    /// The messages no connection took.
    pub(super) fn untaken(&self) -> Vec<Payload> {
        let untaken = self.kept.iter().skip(self.place_after(self.taken));
        untaken.map(|(_, event)| event.message.clone()).collect()
    }

    fn shed_first(&mut self, may: impl Fn(&Event) -> bool) -> bool {
        let taken = self.kept.iter().take_while(|(number, _)| *number < self.taken);
        let place = taken.enumerate().find(|(_, (_, event))| may(event)).map(|(place, _)| place);
        let Some((_, event)) = place.and_then(|place| self.kept.remove(place)) else {
            return false;
        };
        self.bytes -= event.size();
        true
    }

    fn place_after(&self, at: u64) -> usize {
        self.kept.partition_point(|(number, _)| *number <= at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use std::time::Duration;

    fn event(text: &'static str) -> Event {
        let text = Payload::from(Bytes::from_static(text.as_bytes()));
        Event { message: text.clone(), text, answer: false, last: false, at: Instant::now() }
    }

    fn answer(text: &'static str) -> Event {
        Event { answer: true, ..event(text) }
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
        log.rewind(2);
        assert!(log.shed());
        assert!(!log.shed(), "the others are to be told again");
        assert_eq!(log.untaken().len(), 1);
        log.rewind(0);
        assert_eq!((log.missing_after(0), log.untaken().len()), (1, 2), "what is gone stays gone");
        assert_eq!(after(&mut log, 1), [(2, "b".to_owned()), (3, "c".to_owned())]);
        assert!(log.shed());
    }

    #[tokio::test]
    async fn only_what_was_taken_before_another_is_shed_and_what_is_missing_is_known() {
        let mut log = Log::default();
        log.push(event("a"));
        log.push(event("b"));
        assert!(!log.shed(), "nobody has seen it");
        assert_eq!(log.untaken().len(), 2);
        log.take_after(0);
        assert_eq!(log.untaken().len(), 1);
        assert!(!log.shed(), "it may still be on its way");
        log.take_after(1);
        assert!(log.is_taken() && log.is_written(1) && !log.is_written(2));
        assert!(log.shed());
        assert!(!log.shed());
        assert_eq!((log.newest(), log.len(), log.bytes()), (2, 1, 1 + ENVELOPE));
        assert_eq!((log.missing_after(0), log.missing_after(1)), (1, 0));
        assert_eq!(after(&mut log, 0), [(2, "b".to_owned())]);
        log.push(event("c"));
        assert_eq!(after(&mut log, 2), [(3, "c".to_owned())]);
        log.shed_before(Instant::now() + Duration::from_secs(1));
        assert_eq!((log.newest(), log.len(), log.bytes()), (3, 1, 1 + ENVELOPE));
    }

    #[tokio::test]
    async fn an_answer_outlives_what_is_said_around_it() {
        let mut log = Log::default();
        for event in [event("a"), answer("b"), event("c"), event("d")] {
            log.push(event);
        }
        assert_eq!(after(&mut log, 0).len(), 4);
        assert!(log.shed() && log.shed());
        assert!(!log.shed());
        assert_eq!((log.missing_after(0), log.missing_after(1), log.missing_after(3)), (2, 1, 0));
        assert_eq!((log.keeps(1), log.keeps(2), log.keeps(3)), (false, true, false));
        let own = |number: u64, text: &str| (number, text.to_owned());
        assert_eq!(after(&mut log, 0), [own(2, "b"), own(4, "d")]);
        log.shed_before(Instant::now() + Duration::from_secs(1));
        assert!(log.keeps(2));
        assert!(log.shed_answer());
        assert!(!log.keeps(2) && !log.shed_answer());
    }
}
