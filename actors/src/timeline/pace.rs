//! How many lesser facts are kept one by one in a second. A value.

use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// So many in one [`WINDOW`]; the others are counted.
const KEPT: u32 = 20;
const WINDOW: Duration = Duration::from_secs(1);

/// Counts what comes too fast.
#[derive(Debug, Default)]
pub(super) struct Pace {
    began: Option<Instant>,
    kept: u32,
    skipped: Option<Skipped>,
}

/// Facts that were counted only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Skipped {
    /// How many.
    pub(super) count: u64,
    /// When the last of them was.
    pub(super) at: SystemTime,
}

impl Pace {
    /// Whether a fact of the moment `at` that comes `now` is kept; if not, it is counted.
    pub(super) fn admits(&mut self, at: SystemTime, now: Instant) -> bool {
        if self.began.is_none_or(|began| now.duration_since(began) >= WINDOW) {
            (self.began, self.kept) = (Some(now), 0);
        }
        if self.kept < KEPT {
            self.kept += 1;
            return true;
        }
        let before = self.skipped.map_or(0, |skipped| skipped.count);
        self.skipped = Some(Skipped { count: before + 1, at });
        false
    }

    /// What was counted and not yet told.
    pub(super) fn skipped(&self) -> Option<Skipped> {
        self.skipped
    }

    /// The same, and now it is told.
    pub(super) fn take_skipped(&mut self) -> Option<Skipped> {
        self.skipped.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twenty_a_second_are_kept_and_the_others_counted() {
        let (mut pace, start, at) = (Pace::default(), Instant::now(), SystemTime::UNIX_EPOCH);
        let kept = (0..100).filter(|_| pace.admits(at, start)).count();
        assert_eq!(kept, 20);
        assert_eq!(pace.skipped(), Some(Skipped { count: 80, at }));
        let later = start + Duration::from_secs(1);
        assert!(pace.admits(at, later), "another second");
        assert_eq!(pace.take_skipped().map(|skipped| skipped.count), Some(80));
        assert_eq!(pace.take_skipped(), None, "told once");
    }

    #[test]
    fn what_comes_slowly_is_never_counted() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        for n in 0..1000 {
            assert!(pace.admits(SystemTime::UNIX_EPOCH, start + Duration::from_millis(51) * n));
        }
        assert_eq!(pace.skipped(), None);
    }
}
