//! How well a link stands: how often it was lost lately, and how much of the time it was up.

use std::time::Duration;

/// How long a loss is felt sharply, seconds.
const SHARP: f64 = 5.0 * 60.0;
/// How long a loss and downtime are remembered, seconds.
const LONG: f64 = 3600.0;
/// What each loss, fresh, weighs on either scale.
const LOSS: f64 = 0.15;

/// How well a link stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stability {
    down_since: Option<u64>,
    uptime: f64,
    sharp: f64,
    long: f64,
    at: u64,
}

impl Stability {
    pub(super) const fn new() -> Self {
        Self { down_since: None, uptime: 1.0, sharp: 0.0, long: 0.0, at: 0 }
    }

    /// It as it is at a later moment.
    fn at(mut self, at: u64) -> Self {
        let seconds = Duration::from_millis(at.saturating_sub(self.at)).as_secs_f64();
        let long = (-seconds / LONG).exp();
        let now = if self.down_since.is_some() { 0.0 } else { 1.0 };
        self.uptime = now + (self.uptime - now) * long;
        self.long *= long;
        self.sharp *= (-seconds / SHARP).exp();
        self.at = self.at.max(at);
        self
    }

    /// The link came up.
    pub(super) fn up(&mut self, at: u64) {
        *self = self.at(at);
        self.down_since = None;
    }

    /// The link went down; whether it was up.
    pub(super) fn down(&mut self, at: u64) -> bool {
        if self.down_since.is_some() {
            return false;
        }
        *self = self.at(at);
        self.down_since = Some(at);
        self.sharp += 1.0;
        self.long += 1.0;
        true
    }

    /// When it went down, if it is.
    pub(super) fn down_since(self) -> Option<u64> {
        self.down_since
    }

    /// The part, 0 to 1.
    pub(super) fn part(self, at: u64) -> f64 {
        let now = self.at(at);
        now.uptime * (-LOSS * (now.sharp + now.long)).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = 60_000;

    #[test]
    fn a_loss_is_forgiven_with_time() {
        let mut link = Stability::new();
        assert!(link.down(MINUTE));
        assert!(!link.down(MINUTE), "it is down already");
        link.up(MINUTE + 1_000);
        let parts = [2, 10, 60, 300].map(|minute| link.part(minute * MINUTE));
        assert!(parts.is_sorted() && parts[0] < 0.8 && parts[3] > 0.97, "{parts:?}");
    }

    #[test]
    fn losing_it_often_and_being_down_long_both_cost() {
        let mut often = Stability::new();
        for n in 0..6 {
            often.down(n * MINUTE);
            often.up(n * MINUTE + 1_000);
        }
        assert!(often.part(6 * MINUTE) < 0.35, "{}", often.part(6 * MINUTE));
        let mut long = Stability::new();
        long.down(0);
        assert!(long.part(120 * MINUTE) < 0.15);
        assert!(long.part(u64::MAX) >= 0.0);
    }
}
