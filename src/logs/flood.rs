//! How much of what one server says is kept: so many lines a second, the rest is counted.
//!
//! *Invariant:* pure; `now` is an argument.

use std::time::{Duration, Instant};

/// Lines kept of one server in a second.
const LINES: u32 = 200;
/// The length of that second.
const SECOND: Duration = Duration::from_secs(1);

/// What one server may still say this second.
#[derive(Debug, Default)]
pub(super) struct Flood {
    since: Option<Instant>,
    admitted: u32,
    left_out: LeftOut,
}

/// What was not kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct LeftOut {
    /// Whole lines or messages.
    pub(super) lines: u64,
    /// Their bytes.
    pub(super) bytes: u64,
}

impl Flood {
    /// Whether a further line is kept.
    pub(super) fn admits(&mut self, now: Instant) -> bool {
        if self.since.is_none_or(|since| now.duration_since(since) >= SECOND) {
            (self.since, self.admitted) = (Some(now), 0);
        }
        self.admitted += u32::from(self.admitted <= LINES);
        self.admitted <= LINES
    }

    /// These were not kept.
    pub(super) fn left_out(&mut self, lines: u64, bytes: u64) {
        self.left_out.lines += lines;
        self.left_out.bytes += bytes;
    }

    /// Whether something was left out and not told.
    pub(super) fn is_pending(&self) -> bool {
        self.left_out != LeftOut::default()
    }

    /// What was left out, once that second is over, and only once.
    pub(super) fn told(&mut self, now: Instant) -> Option<LeftOut> {
        let over = self.since.is_none_or(|since| now.duration_since(since) >= SECOND);
        (over && self.is_pending()).then(|| std::mem::take(&mut self.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_has_room_for_so_many_lines_and_the_rest_is_told_once() {
        let start = Instant::now();
        let mut flood = Flood::default();
        let kept = (0..1_000).filter(|_| flood.admits(start)).count();
        assert_eq!(kept, 200);
        flood.left_out(800, 8_000);
        assert_eq!(flood.told(start + SECOND / 2), None);
        let told = LeftOut { lines: 800, bytes: 8_000 };
        assert_eq!(flood.told(start + SECOND), Some(told));
        assert_eq!(flood.told(start + SECOND), None);
        assert!(flood.admits(start + SECOND));
    }
}
