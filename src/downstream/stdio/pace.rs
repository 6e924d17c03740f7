//! How fast a process is heard that says what nobody asked for.
//!
//! There are as many answers as there were requests; of everything else a process says as much as it likes, and
//! all of it takes time that the calls of other servers wait for. So it may say much at once, and then so much in a
//! while; what is beyond that stays in the pipe, where it holds up nobody but the process.
//!
//! *Invariant:* pure; `now` is an argument. Answers count for nothing, and no rest is longer than [`LONGEST`].

use mcpvisor_actors::server::Inbound;
use mcpvisor_actors::wire::Kind;
use std::time::Duration;
use tokio::time::Instant;

/// What is heard between two rests: messages, each with a further one for every [`SIZE`] bytes. It is a small
/// one, because a call of another server may have to wait for all of it.
const PORTION: u32 = 8;
/// How long a portion lasts, which makes 8,000 a second: more than anybody reads.
const LASTS: Duration = Duration::from_millis(1);
/// Portions that may be heard at once by a process that was quiet for as long as they last: 16,000 messages.
const SAVED: u32 = 2000;
/// A message of this many bytes counts for one more.
const SIZE: usize = 4096;
/// Longest rest, in portions: a tenth of a second, and with that the most a single message counts for.
const LONGEST: u32 = 100;

/// What a process may still say before it has to wait.
#[derive(Debug)]
pub(super) struct Pace {
    left: u32,
    /// Up to when what it may say is used up, without what is left.
    until: Instant,
}

impl Pace {
    /// Of a process that has said nothing.
    pub(super) fn new(now: Instant) -> Self {
        Self { left: 0, until: longest_ago(now) }
    }

    /// Takes note of what was heard; until when nothing more is read, if it was too much. The clock is asked
    /// once a portion.
    pub(super) fn heard(
        &mut self,
        heard: &Inbound,
        now: impl FnOnce() -> Instant,
    ) -> Option<Instant> {
        let mut weight = weight(heard);
        if weight < self.left {
            self.left -= weight;
            return None;
        }
        weight -= self.left;
        let now = now();
        let due = 1 + weight / PORTION;
        self.left = PORTION - weight % PORTION;
        self.until = self.until.max(longest_ago(now)) + LASTS * due;
        (self.until > now).then(|| self.until.min(now + LASTS * LONGEST))
    }
}

/// Since when what was not said may be said now.
fn longest_ago(now: Instant) -> Instant {
    now.checked_sub(LASTS * SAVED).unwrap_or(now)
}

/// What something heard counts for.
fn weight(heard: &Inbound) -> u32 {
    let bytes = match heard {
        Inbound::Message { message, .. } if matches!(message.kind(), Kind::Response { .. }) => {
            return 0;
        }
        Inbound::Message { message, .. } => message.bytes().len(),
        Inbound::Noise(noise) => noise.excerpt.len(),
        Inbound::Failed { .. } | Inbound::Lost(_) => return 0,
    };
    u32::try_from(1 + bytes / SIZE).unwrap_or(u32::MAX).min(LONGEST * PORTION)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use mcpvisor_actors::wire::{Limits, Message, Strictness};

    fn said(text: String) -> Inbound {
        let message = Message::parse(Bytes::from(text), Limits::default(), Strictness::Liberal);
        Inbound::Message { message: message.expect("a message"), related: None }
    }

    fn note(size: usize) -> Inbound {
        said(format!(r#"{{"jsonrpc":"2.0","method":"n","params":{{"x":"{}"}}}}"#, "x".repeat(size)))
    }

    /// How long a process takes to say something so often.
    fn takes(pace: &mut Pace, start: Instant, times: u32, what: &Inbound) -> Duration {
        let mut now = start;
        for _ in 0..times {
            if let Some(until) = pace.heard(what, || now) {
                assert!(until - now <= LASTS * LONGEST);
                now = until;
            }
        }
        now - start
    }

    #[test]
    fn much_is_heard_at_once_and_then_so_much_in_each_second() {
        let start = Instant::now() + Duration::from_secs(60);
        let mut pace = Pace::new(start);
        let first = takes(&mut pace, start, 16_000, &note(0));
        assert!(first <= LASTS, "{first:?}");
        let later = takes(&mut pace, start + first, 80_000, &note(0));
        assert!(later.abs_diff(Duration::from_secs(10)) <= LASTS, "{later:?}");
        // and once more after some quiet, but no more than that
        let quiet = start + first + later + Duration::from_secs(60);
        assert!(takes(&mut pace, quiet, 16_000, &note(0)) <= LASTS);
        let later = takes(&mut pace, quiet, 40_000, &note(0));
        assert!(later.abs_diff(Duration::from_secs(5)) <= LASTS * 2, "{later:?}");
    }

    #[test]
    fn large_messages_count_for_more() {
        let start = Instant::now() + Duration::from_secs(60);
        let mut pace = Pace::new(start);
        takes(&mut pace, start, 16_000, &note(0));
        let large = takes(&mut pace, start, 100, &note(64 * 1024));
        assert!(large.abs_diff(Duration::from_millis(212)) <= LASTS * 2, "{large:?}");
        let huge = takes(&mut pace, start + large, 10, &note(4 << 20));
        assert!(huge.abs_diff(Duration::from_secs(1)) <= LASTS * 2, "{huge:?}");
    }

    #[test]
    fn answers_never_wait() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        let answer = said(r#"{"jsonrpc":"2.0","id":1,"result":{}}"#.to_owned());
        assert_eq!(takes(&mut pace, start, 100_000, &answer), Duration::ZERO);
    }
}
