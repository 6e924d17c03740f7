//! How long to wait before the next attempt to connect. A value.

use std::time::Duration;

/// Exponential delays with jitter; the first attempt after a stable connection is immediate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// Delay before the second attempt.
    pub initial: Duration,
    /// No delay is longer.
    pub max: Duration,
    /// A connection that stood this long was stable: its loss starts the count anew.
    pub stable_after: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            initial: Duration::from_millis(500),
            max: Duration::from_secs(30),
            stable_after: Duration::from_secs(10),
        }
    }
}

impl Backoff {
    /// The delay after `failures` failures in a row; `unit` in `0.0..1.0` is the jitter, which takes
    /// up to half of the delay away.
    pub fn delay(&self, failures: u32, unit: f64) -> Duration {
        match failures {
            0 => Duration::ZERO,
            n => {
                let full = self.initial.saturating_mul(1u32 << (n - 1).min(20)).min(self.max);
                full.mul_f64(1.0 - unit.clamp(0.0, 1.0) / 2.0)
            }
        }
    }
}

/// A number in `0.0..1.0` that differs from call to call.
pub(super) fn jitter() -> f64 {
    use std::hash::{BuildHasher, RandomState};
    let bits = RandomState::new().hash_one(0u8) >> 32;
    #[expect(clippy::cast_precision_loss, reason = "32 bits fit into the mantissa")]
    let unit = bits as f64 / f64::from(u32::MAX);
    unit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_cap_and_jitter_only_shortens_them() {
        let backoff = Backoff::default();
        let full: Vec<_> = (0..9).map(|n| backoff.delay(n, 0.0).as_millis()).collect();
        assert_eq!(full, [0, 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000]);
        assert_eq!(backoff.delay(3, 1.0).as_millis(), 1000);
        assert_eq!(backoff.delay(u32::MAX, 0.0), backoff.max);
        for _ in 0..1000 {
            assert!((0.0..=1.0).contains(&jitter()));
        }
    }
}
