//! When a falling score will be too low, said only when the points support it.

use super::fit::{Fit, Point};
use super::score::{LATENCY_WEIGHT, narrow};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use utoipa::ToSchema;

/// The points looked at: the last few, since a server that begins to fail bends the line.
pub(super) const POINTS: usize = 8;
/// With fewer nothing is foretold.
const LEAST: usize = 6;
/// A line that changes less over its points tells nothing.
const LEAST_CHANGE: f64 = 4.0;
/// Points further from the line than this share of its change tell nothing.
const MOST_RESIDUAL: f64 = 0.12;
/// How much the points must agree on the direction.
const AGREEMENT: f64 = 0.6;
/// Nothing is foretold for longer than this many times what was seen.
const REACH: f64 = 4.0;

/// What weighs on a server, by its score: the lower the score, the more.
type Burden = fn(f64) -> f64;

/// The burdens that may grow evenly; the one that fits best is carried on.
const SHAPES: [Burden; 3] = [
    // the score itself falls evenly
    |score| 100.0 - score,
    // it falls by the same share each time
    |score| -(score / 100.0).ln(),
    // times grow by the same amount, which costs less the longer they are
    |score| (score / 100.0).powf(-1.0 / f64::from(LATENCY_WEIGHT)),
];

/// When a score will be too low.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Forecast {
    /// The score it will be below.
    pub below: u8,
    /// In how long; written in milliseconds.
    #[serde(rename = "withinMs", with = "super::millis::whole")]
    #[schema(value_type = u64)]
    pub within: Duration,
    /// How well the past supports it, 0 to 1.
    pub confidence: f32,
}

impl Forecast {
    /// What the last points say, at a moment after them; none when that is not clear, or when it is
    /// below already.
    pub(super) fn from(points: &[Point], below: u8, now: u64) -> Option<Self> {
        let last = points.last()?;
        if points.len() < LEAST || last.score < f64::from(below) {
            return None;
        }
        let fall = Fit::through(points)?;
        if fall.change > -LEAST_CHANGE || fall.agreement < AGREEMENT {
            return None;
        }
        let (unclear, seconds) = SHAPES
            .iter()
            .filter_map(|burden| carried_on(points, f64::from(below), *burden))
            .min_by(|(one, _), (other, _)| one.total_cmp(other))?;
        if unclear > MOST_RESIDUAL || seconds > fall.span * REACH {
            return None;
        }
        let from_last = Duration::try_from_secs_f64(seconds).ok()?;
        // nothing is told more finely than half the distance of the points
        let gaps = u32::try_from(points.len()).unwrap_or(u32::MAX).saturating_sub(1).max(1);
        let finest = Duration::try_from_secs_f64(fall.span / f64::from(gaps) / 2.0).ok()?;
        let passed = Duration::from_millis(now.saturating_sub(last.at));
        let clear = 1.0 - unclear / MOST_RESIDUAL / 2.0;
        let near = 1.0 - seconds / (fall.span * REACH) / 2.0;
        Some(Self {
            below,
            within: from_last.saturating_sub(passed).max(finest),
            confidence: narrow(clear * near * fall.agreement).clamp(0.0, 1.0),
        })
    }
}

/// How far the points are from a line under one burden, as a share of its change, and in how many
/// seconds from the last point that line reaches a score.
fn carried_on(points: &[Point], below: f64, burden: Burden) -> Option<(f64, f64)> {
    let heavier = |point: &Point| Point { at: point.at, score: burden(point.score) };
    let fit = Fit::through(&points.iter().map(heavier).collect::<Vec<_>>())?;
    (fit.slope > 0.0)
        .then(|| (fit.residual / fit.change, ((burden(below) - fit.last) / fit.slope).max(0.0)))
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
        assert_eq!(overdue.within, Duration::from_secs(5));
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
