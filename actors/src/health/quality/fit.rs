//! A straight line through points that a few wild ones cannot turn (Theil–Sen).

use super::quantile::median;
use std::time::Duration;

/// A score at a moment (milliseconds since the quality was new).
#[derive(Debug, Clone, Copy)]
pub(super) struct Point {
    pub(super) at: u64,
    pub(super) score: f64,
}

/// A line, and how well it fits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Fit {
    /// Points a second.
    pub(super) slope: f64,
    /// The line's value at the last point.
    pub(super) last: f64,
    /// What the line changes from the first point to the last.
    pub(super) change: f64,
    /// Seconds from the first point to the last.
    pub(super) span: f64,
    /// The middle distance of the points from the line.
    pub(super) residual: f64,
    /// How much the pairs of points agree on the direction of the line, -1 to 1.
    pub(super) agreement: f64,
}

impl Fit {
    /// The line through points in the order of time; none when they are fewer than three or of one
    /// moment.
    pub(super) fn through(points: &[Point]) -> Option<Self> {
        let (first, last) = (points.first()?, points.last()?);
        let before = |at: u64| Duration::from_millis(last.at.saturating_sub(at)).as_secs_f64();
        let span = before(first.at);
        if points.len() < 3 || span <= 0.0 {
            return None;
        }
        let mut slopes = Vec::with_capacity(points.len() * (points.len() - 1) / 2);
        for (n, a) in points.iter().enumerate() {
            for b in &points[n + 1..] {
                let seconds = before(a.at) - before(b.at);
                if seconds > 0.0 {
                    slopes.push((b.score - a.score) / seconds);
                }
            }
        }
        let slope = median(&mut slopes)?;
        let (mut agreeing, mut pairs) = (0.0, 0.0);
        for other in &slopes {
            pairs += 1.0;
            agreeing += match other * slope {
                same if same > 0.0 => 1.0,
                opposite if opposite < 0.0 => -1.0,
                _ => 0.0,
            };
        }
        let mut ends: Vec<f64> = points.iter().map(|p| p.score + slope * before(p.at)).collect();
        let end = median(&mut ends)?;
        for value in &mut ends {
            *value = (*value - end).abs();
        }
        Some(Self {
            slope,
            last: end,
            change: slope * span,
            span,
            residual: median(&mut ends)?,
            agreement: agreeing / pairs,
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
    fn a_wild_point_does_not_turn_the_line() {
        let fit = Fit::through(&points(&[100.0, 98.0, 96.0, 5.0, 92.0, 90.0, 88.0])).unwrap();
        assert!((fit.slope + 0.2).abs() < 1e-9, "{fit:?}");
        assert!((fit.last - 88.0).abs() < 1e-9, "{fit:?}");
        assert!((fit.change + 12.0).abs() < 1e-9, "{fit:?}");
        assert!(fit.residual < 1e-9, "{fit:?}");
        assert!(fit.agreement > 0.4, "{fit:?}");
    }

    #[test]
    fn there_is_no_line_through_one_moment() {
        let point = Point { at: 5, score: 50.0 };
        assert_eq!(Fit::through(&[point; 9]), None);
        assert_eq!(Fit::through(&points(&[1.0, 2.0])), None);
        assert_eq!(Fit::through(&[]), None);
    }
}
