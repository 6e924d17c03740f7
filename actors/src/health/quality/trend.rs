//! Where a score is heading.
//!
//! A change has to be large and agreed upon by most points before it is called a trend, and has to
//! be nearly over before it is not called one any more, so noise does not flap.

use super::fit::{Fit, Point};
use super::ring::Ring;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use utoipa::ToSchema;

/// Points kept of each track.
const KEPT: usize = 12;
/// With fewer there is no trend.
const LEAST: usize = 6;
/// Probes nearer than this, in milliseconds, make one point.
const PROBES_APART: u64 = 100;
/// Calls and losses nearer than this, in milliseconds, make one point.
const OTHERS_APART: u64 = 5_000;
/// Milliseconds of the means that show what changes slowly.
const MINUTE: u64 = 60 * 1000;
/// Points further apart, in milliseconds, belong to different stories.
const LONGEST_PAUSE: u64 = 3600 * 1000;
/// A change of the score by this much begins a trend.
const BEGINS: f64 = 12.0;
/// A change by less ends it.
const ENDS: f64 = 5.0;
/// How much the points must agree that it falls; without, the wobble of an erratic server would do.
const AGREED_FALL: f64 = 0.5;
/// How much they must agree that it rises; less, since a recovery is often a single step.
const AGREED_RISE: f64 = 0.15;
/// What stays above this score does not degrade.
const WELL: f64 = 90.0;
/// What was above this score does not improve; it merely forgets a lost probe or two.
const UNWELL: f64 = 75.0;

/// Where a score is heading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
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
        } else if fit.change <= -BEGINS && fit.agreement >= AGREED_FALL && last < WELL {
            Self::Degrading
        } else if fit.change >= BEGINS
            && fit.agreement >= AGREED_RISE
            && fit.last - fit.change < UNWELL
        {
            Self::Improving
        } else {
            Self::Stable
        }
    }
}

/// Points at one distance, and the trend they make.
#[derive(Debug, Clone)]
struct Track {
    points: Ring<Point, KEPT>,
    trend: Trend,
}

impl Track {
    const fn new() -> Self {
        Self { points: Ring::new(), trend: Trend::Stable }
    }

    fn push(&mut self, point: Point) {
        if self.points.last().is_some_and(|last| point.at.saturating_sub(last.at) > LONGEST_PAUSE) {
            self.points.clear();
        }
        self.points.push(point);
        let points: Vec<Point> = self.points.iter().copied().collect();
        let fit = if points.len() < LEAST { None } else { Fit::through(&points) };
        self.trend = self.trend.next(fit, point.score);
    }
}

/// The minute that is being gathered.
#[derive(Debug, Clone, Copy)]
struct Minute {
    began: u64,
    count: u32,
    /// Seconds after it began, on average.
    after: f64,
    score: f64,
}

impl Minute {
    fn new(at: u64) -> Self {
        Self { began: at, count: 0, after: 0.0, score: 0.0 }
    }

    fn add(&mut self, point: Point) {
        self.count = self.count.saturating_add(1);
        let share = 1.0 / f64::from(self.count);
        let after = Duration::from_millis(point.at.saturating_sub(self.began)).as_secs_f64();
        self.after += (after - self.after) * share;
        self.score += (point.score - self.score) * share;
    }

    fn point(self) -> Point {
        let after = Duration::try_from_secs_f64(self.after).unwrap_or_default();
        let after = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
        Point { at: self.began.saturating_add(after), score: self.score }
    }
}

/// The last scores, near and far, and the trend they make.
#[derive(Debug, Clone)]
pub(super) struct Course {
    /// The last few points as they came: what changes within minutes.
    near: Track,
    /// The means of the last few minutes: what changes within a quarter of an hour.
    far: Track,
    minute: Option<Minute>,
    last: f64,
}

impl Course {
    pub(super) const fn new() -> Self {
        Self { near: Track::new(), far: Track::new(), minute: None, last: 100.0 }
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
        self.last = point.score;
        match self.near.points.last_mut() {
            Some(last) if point.at.saturating_sub(last.at) < apart => {
                last.score = point.score;
                return;
            }
            _ => self.near.push(point),
        }
        let mut minute = self.minute.unwrap_or_else(|| Minute::new(point.at));
        if point.at.saturating_sub(minute.began) >= MINUTE {
            self.far.push(minute.point());
            minute = Minute::new(point.at);
        }
        minute.add(point);
        self.minute = Some(minute);
    }

    /// The track that tells: the near one when it tells anything.
    fn telling(&self) -> &Track {
        if self.near.trend == Trend::Stable && self.last < WELL { &self.far } else { &self.near }
    }

    pub(super) fn trend(&self) -> Trend {
        self.telling().trend
    }

    /// The last so many points that made the trend, in the order of time.
    pub(super) fn last(&self, count: usize) -> Vec<Point> {
        let points = &self.telling().points;
        points.iter().skip(points.iter().len().saturating_sub(count)).copied().collect()
    }

    #[cfg(test)]
    pub(super) fn heap(&self) -> usize {
        self.near.points.heap() + self.far.points.heap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(change: f64, last: f64, agreement: f64) -> Fit {
        Fit { slope: change / 60.0, last, change, span: 60.0, residual: 0.0, agreement }
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
            (Stable, fit(40.0, 100.0, 0.2), Improving),
            (Stable, fit(20.0, 100.0, 1.0), Stable),
        ];
        for (before, line, after) in table {
            assert_eq!(before.next(Some(line), line.last), after, "{before:?} {line:?}");
        }
        assert_eq!(Improving.next(None, 50.0), Stable);
    }

    #[test]
    fn a_burst_makes_one_point() {
        let mut course = Course::new();
        let points = |course: &Course| course.near.points.iter().len();
        for n in 0..1_000 {
            course.moved(Point { at: n, score: 50.0 });
        }
        assert_eq!(points(&course), 1);
        course.probed(Point { at: 1_000, score: 40.0 });
        assert_eq!(points(&course), 2);
        course.probed(Point { at: 9_000_000, score: 40.0 });
        assert_eq!(points(&course), 1, "the rest is of another story");
    }

    #[test]
    fn a_minute_is_the_mean_of_its_points_in_time_and_score() {
        let mut course = Course::new();
        for (at, score) in [(0, 50.0), (10_000, 60.0), (20_000, 70.0), (60_000, 1.0)] {
            course.probed(Point { at, score });
        }
        let minutes: Vec<_> = course.far.points.iter().map(|p| (p.at, p.score)).collect();
        assert_eq!(minutes, [(10_000, 60.0)]);
    }
}
