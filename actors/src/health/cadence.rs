//! How long until the next check of a server. A pure function.

use super::{MonitorPolicy, QualityReport, Trend};
use std::time::Duration;

/// A score from which on a server does as well as it can.
const EXCELLENT: u8 = 90;

/// The time between two checks: `stable_interval` for a server that does excellently,
/// `unstable_interval` for one below the threshold or degrading, in between in proportion.
pub fn interval(policy: &MonitorPolicy, quality: &QualityReport) -> Duration {
    if !policy.adaptive_interval {
        return policy.check_interval;
    }
    let slow = policy.stable_interval;
    let fast = policy.unstable_interval.min(slow);
    if quality.trend == Trend::Degrading || quality.score <= policy.quality_threshold {
        return fast;
    }
    let span = EXCELLENT.saturating_sub(policy.quality_threshold).max(1);
    let above = quality.score.saturating_sub(policy.quality_threshold).min(span);
    fast + slow.saturating_sub(fast).mul_f64(f64::from(above) / f64::from(span))
}

/// Up to a tenth less, so that servers checked together drift apart; `unit` is in `0.0..1.0`.
pub fn spread(interval: Duration, unit: f64) -> Duration {
    interval.mul_f64(1.0 - unit.clamp(0.0, 1.0) / 10.0)
}
