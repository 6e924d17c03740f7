//! Where a score is heading.
//!
//! A change has to be large and agreed upon by most points before it is called a trend, and has to
//! be nearly over before it is not called one any more, so noise does not flap.

use super::fit::{Fit, Point};
use super::ring::Ring;
use serde::{Deserialize, Serialize};

/// Points kept.
const KEPT: usize = 12;
/// With fewer there is no trend.
const LEAST: usize = 6;
/// Probes nearer than this, in milliseconds, make one point.
const PROBES_APART: u64 = 100;
/// Calls and losses nearer than this, in milliseconds, make one point.
const OTHERS_APART: u64 = 5_000;
/// Points further apart, in milliseconds, belong to different stories.
const LONGEST_PAUSE: u64 = 3600 * 1000;
/// A change of the score by this much begins a trend.
const BEGINS: f64 = 12.0;
/// A change by less ends it.
const ENDS: f64 = 5.0;
/// How much the points must agree on the direction.
const AGREEMENT: f64 = 0.5;
/// What moves above this score is no trend.
const WELL: f64 = 90.0;

/// Where a score is heading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Trend {
    /// It rises.
    Improving,
    /// It stays as it is, good or bad.
    #[default]
    Stable,
    /// It falls.
    Degrading,
}

impl Trend {
    /// For people and events.
    pub fn word(self) -> &'static str {
        match self {
            Self::Improving => "improving",
            Self::Stable => "stable",
            Self::Degrading => "degrading",
        }
    }

    /// The trend after this one, by a line through the scores and the last of them.
    fn next(self, fit: Option<Fit>, last: f64) -> Self {
        let Some(fit) = fit else { return Self::Stable };
        let stays = match self {
            Self::Improving => fit.change >= ENDS,
            Self::Degrading => fit.change <= -ENDS && last < WELL,
            Self::Stable => false,
        };
        if stays {
            self
        } else if fit.change.abs() < BEGINS || fit.agreement < AGREEMENT {
            Self::Stable
        } else if fit.change < 0.0 && last < WELL {
            Self::Degrading
        } else if fit.change > 0.0 && fit.last - fit.change < WELL {
            Self::Improving
        } else {
            Self::Stable
        }
    }
}

/// The last scores, and the trend they make.
#[derive(Debug, Clone)]
pub(super) struct Course {
    points: Ring<Point, KEPT>,
    trend: Trend,
}

impl Course {
    pub(super) const fn new() -> Self {
        Self { points: Ring::new(), trend: Trend::Stable }
    }

    /// Takes the score after a probe.
    pub(super) fn probed(&mut self, point: Point) {
        self.take(point, PROBES_APART);
    }

    /// Takes the score after anything else.
    pub(super) fn moved(&mut self, point: Point) {
        self.take(point, OTHERS_APART);
    }

    fn take(&mut self, point: Point, apart: u64) {
        if let Some(last) = self.points.last_mut() {
            let pause = point.at.saturating_sub(last.at);
            if pause < apart {
                last.score = point.score;
                return;
            }
            if pause > LONGEST_PAUSE {
                self.points.clear();
            }
        }
        self.points.push(point);
        let points: Vec<Point> = self.points.iter().copied().collect();
        let fit = if points.len() < LEAST { None } else { Fit::through(&points) };
        self.trend = self.trend.next(fit, point.score);
    }

    pub(super) fn trend(&self) -> Trend {
        self.trend
    }

    /// The last so many points, in the order of time.
    pub(super) fn last(&self, count: usize) -> Vec<Point> {
        let skipped = self.points.iter().len().saturating_sub(count);
        self.points.iter().skip(skipped).copied().collect()
    }

    #[cfg(test)]
    pub(super) fn heap(&self) -> usize {
        self.points.heap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(change: f64, last: f64, agreement: f64) -> Option<Fit> {
        Some(Fit { slope: change / 60.0, last, change, span: 60.0, residual: 0.0, agreement })
    }

    #[test]
    fn a_trend_begins_late_and_ends_late() {
        use Trend::{Degrading, Improving, Stable};
        let table = [
            (Stable, fit(-11.0, 80.0, 1.0), Stable),
            (Stable, fit(-13.0, 80.0, 1.0), Degrading),
            (Stable, fit(-13.0, 80.0, 0.3), Stable),
            (Degrading, fit(-6.0, 70.0, 0.3), Degrading),
            (Degrading, fit(-4.0, 70.0, 1.0), Stable),
            (Degrading, fit(-30.0, 95.0, 1.0), Stable),
            (Degrading, fit(15.0, 60.0, 1.0), Improving),
            (Improving, fit(6.0, 99.0, 0.3), Improving),
            (Improving, fit(-14.0, 80.0, 1.0), Degrading),
            (Stable, fit(13.0, 100.0, 1.0), Improving),
            (Stable, fit(13.0, 104.0, 1.0), Stable),
            (Improving, None, Stable),
        ];
        for (before, line, after) in table {
            let last = line.map_or(0.0, |line| line.last);
            assert_eq!(before.next(line, last), after, "{before:?} {line:?}");
        }
    }

    #[test]
    fn a_burst_makes_one_point() {
        let mut course = Course::new();
        for n in 0..1_000 {
            course.moved(Point { at: n, score: 50.0 });
        }
        assert_eq!(course.last(99).len(), 1);
        course.probed(Point { at: 1_000, score: 40.0 });
        assert_eq!(course.last(99).len(), 2);
        course.probed(Point { at: 9_000_000, score: 40.0 });
        assert_eq!(course.last(99).len(), 1, "the rest is of another story");
    }
}
