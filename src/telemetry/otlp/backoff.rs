//! How often something is sent again, and after which pauses.
//!
//! Source: OTLP specification 1, "Failures" and "Throttling"; the numbers are those of the library that sends
//! metrics and logs.
//!
//! *Invariant:* pure; never more than three repetitions, never later than the deadline.

use std::time::{Duration, SystemTime};

/// Most repetitions.
const REPETITIONS: u32 = 3;
/// The first pause; each is twice the one before.
const FIRST: Duration = Duration::from_millis(100);
/// The longest pause.
const LONGEST: Duration = Duration::from_millis(1600);
/// The longest that a collector may ask for.
const LONGEST_ASKED: Duration = Duration::from_secs(30);
/// Pauses differ by up to this, so that many gateways do not come back at once.
const JITTER_MS: u32 = 100;

/// Whether to send again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    /// It would be refused again.
    Never,
    /// After a pause.
    Soon,
    /// Not before this has passed: the collector asks for it.
    After(Duration),
}

/// The pauses of one thing that is to be sent.
#[derive(Debug)]
pub(super) struct Backoff {
    left: u32,
    pause: Duration,
    longest: Duration,
}

impl Backoff {
    pub(super) const fn new() -> Self {
        Self { left: REPETITIONS, pause: FIRST, longest: LONGEST }
    }

    /// The pause before it is sent again, if it is; `time` is what is left of it.
    pub(super) fn next(
        &mut self,
        again: Again,
        time: Duration,
        jitter: Duration,
    ) -> Option<Duration> {
        let asked = match again {
            Again::Never => return None,
            Again::Soon => Duration::ZERO,
            Again::After(asked) => asked.min(LONGEST_ASKED),
        };
        self.left = self.left.checked_sub(1)?;
        if asked > self.longest {
            self.longest = LONGEST_ASKED;
        }
        self.pause = self.pause.max(asked);
        let pause = (self.pause + jitter).min(self.longest);
        self.pause = (self.pause * 2).min(self.longest);
        (pause < time).then_some(pause)
    }
}

/// A little time, another one each time.
pub(super) fn jitter() -> Duration {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Duration::from_millis((now.subsec_micros() % JITTER_MS).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn pauses(again: &[Again], time: Duration) -> Vec<Option<Duration>> {
        let mut backoff = Backoff::new();
        again.iter().map(|again| backoff.next(*again, time, ms(7))).collect()
    }

    #[test]
    fn pauses_double_and_end() {
        use Again::{After, Never, Soon};
        let long = Duration::from_secs(60);
        let usual = [Some(ms(107)), Some(ms(207)), Some(ms(407)), None];
        assert_eq!(pauses(&[Soon; 4], long), usual);
        assert_eq!(pauses(&[Never], long), [None]);
        let asked = [After(ms(1000)), Soon, Soon];
        assert_eq!(pauses(&asked, long), [Some(ms(1007)), Some(ms(1600)), Some(ms(1600))]);
        let much = [After(Duration::from_secs(5)), Soon, After(Duration::from_secs(600))];
        let slow = [Some(ms(5007)), Some(ms(10_007)), Some(ms(30_000))];
        assert_eq!(pauses(&much, long), slow);
    }

    #[test]
    fn what_would_come_too_late_is_not_sent_again() {
        assert_eq!(pauses(&[Again::Soon], ms(107)), [None]);
        assert_eq!(pauses(&[Again::Soon], ms(108)), [Some(ms(107))]);
        assert!(jitter() < ms(100));
    }
}
