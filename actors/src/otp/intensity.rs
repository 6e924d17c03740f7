//! How many restarts are too many.

use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// At most `max` restarts within `period`. OTP: `intensity` and `period`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Restarts allowed.
    pub max: usize,
    /// Within this time.
    pub period: Duration,
}

impl Budget {
    /// `max` restarts in `period`.
    pub const fn new(max: usize, period: Duration) -> Self {
        Self { max, period }
    }
}

/// The restarts that still count against a [`Budget`].
#[derive(Debug, Clone)]
pub struct Intensity {
    budget: Budget,
    at: VecDeque<Instant>,
}

impl Intensity {
    /// Nothing restarted yet.
    pub fn new(budget: Budget) -> Self {
        Self { budget, at: VecDeque::with_capacity(budget.max + 1) }
    }

    /// Records one restart; `false` once more than `max` fell inside `period`.
    pub fn admit(&mut self, now: Instant) -> bool {
        while self.at.front().is_some_and(|&at| now.duration_since(at) > self.budget.period) {
            self.at.pop_front();
        }
        self.at.push_back(now);
        self.at.len() <= self.budget.max
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_restarts_inside_the_period_count() {
        let start = Instant::now();
        let mut intensity = Intensity::new(Budget::new(2, Duration::from_secs(10)));
        for (second, admitted) in [(0, true), (1, true), (12, true), (13, true), (14, false)] {
            assert_eq!(intensity.admit(start + Duration::from_secs(second)), admitted, "{second}");
        }
    }
}
