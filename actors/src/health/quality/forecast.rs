//! When a falling score will be too low, said only when the points support it.

use super::fit::{Fit, Point};
use super::score::narrow;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The points looked at: the last few, since a server that begins to fail bends the line.
pub(super) const POINTS: usize = 8;
/// With fewer nothing is foretold.
const LEAST: usize = 6;
/// A line that changes less over its points tells nothing.
const LEAST_CHANGE: f64 = 8.0;
/// Points further from the line than this share of its change tell nothing.
const MOST_RESIDUAL: f64 = 0.2;
/// How much the points must agree on the direction.
const AGREEMENT: f64 = 0.6;
/// Nothing is foretold for longer than this many times what was seen.
const REACH: f64 = 4.0;

/// When a score will be too low.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Forecast {
    /// The score it will be below.
    pub below: u8,
    /// In how long; written in milliseconds.
    #[serde(rename = "withinMs", with = "super::millis::whole")]
    pub within: Duration,
    /// How well the past supports it, 0 to 1.
    pub confidence: f32,
}

impl Forecast {
    /// What the last points say, at a moment after them; none when that is not clear, or when it is
    /// below already.
    pub(super) fn from(points: &[Point], below: u8, now: u64) -> Option<Self> {
        let last = points.last()?;
        let threshold = f64::from(below);
        if points.len() < LEAST || last.score < threshold {
            return None;
        }
        let fit = Fit::through(points)?;
        let unclear = fit.residual / -fit.change;
        if fit.change > -LEAST_CHANGE || unclear > MOST_RESIDUAL || fit.agreement < AGREEMENT {
            return None;
        }
        let seconds = ((fit.last - threshold) / -fit.slope).max(0.0);
        if seconds > fit.span * REACH {
            return None;
        }
        let from_last = Duration::try_from_secs_f64(seconds).ok()?;
        let passed = Duration::from_millis(now.saturating_sub(last.at));
        let clear = 1.0 - unclear / MOST_RESIDUAL / 2.0;
        let near = 1.0 - seconds / (fit.span * REACH) / 2.0;
        Some(Self {
            below,
            within: from_last.saturating_sub(passed),
            confidence: narrow(clear * near * fit.agreement).clamp(0.0, 1.0),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(scores: &[f64]) -> Vec<Point> {
        (0..).zip(scores).map(|(n, score)| Point { at: n * 10_000, score: *score }).collect()
    }

    #[test]
    fn a_straight_fall_is_carried_on() {
        let falling = points(&[95.0, 93.0, 91.0, 89.0, 87.0, 85.0, 83.0, 80.0]);
        let forecast = Forecast::from(&falling, 60, 80_000).unwrap();
        assert_eq!(forecast.below, 60);
        assert!((85..100).contains(&forecast.within.as_secs()), "{forecast:?}");
        assert!(forecast.confidence > 0.5, "{forecast:?}");
        let overdue = Forecast::from(&falling, 60, 10_000_000).unwrap();
        assert_eq!(overdue.within, Duration::ZERO);
    }

    #[test]
    fn nothing_is_foretold_that_the_points_do_not_support() {
        let cases: [&[f64]; 6] = [
            &[95.0, 90.0, 85.0],
            &[95.0, 94.9, 94.8, 94.7, 94.6, 94.5, 94.4],
            &[95.0, 70.0, 93.0, 72.0, 90.0, 65.0, 88.0, 70.0],
            &[70.0, 75.0, 80.0, 85.0, 90.0, 92.0],
            &[80.0, 75.0, 70.0, 65.0, 60.0, 55.0],
            &[90.0; 8],
        ];
        for scores in cases {
            assert_eq!(Forecast::from(&points(scores), 60, 80_000), None, "{scores:?}");
        }
    }
}
