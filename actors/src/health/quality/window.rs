//! The last samples of one kind, as they were.
//!
//! Probes and calls have a window each, so that a burst of calls cannot sweep the probes out.

use super::baseline::cost;
use super::quantile::{median, p95};
use super::ring::Ring;
use std::time::Duration;

/// Samples kept of each kind.
pub(super) const KEPT: usize = 32;
/// The answers whose median is the time an answer takes now: two slow ones of five do not matter.
pub(super) const TYPICAL_OF: usize = 5;

/// One sample, packed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    /// Milliseconds since the quality was new.
    pub(super) at: u64,
    /// Microseconds, when it was answered.
    pub(super) took: Option<u32>,
}

/// The last samples of one kind.
#[derive(Debug, Clone)]
pub(super) struct Window {
    marks: Ring<Mark, KEPT>,
}

/// What a window says in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Figures {
    /// Samples.
    pub(super) total: u32,
    /// Of them without an answer.
    pub(super) failed: u32,
    /// Mean time of the answers.
    pub(super) mean: Option<Duration>,
    /// The time 95 of 100 answers do not exceed.
    pub(super) p95: Option<Duration>,
    /// Mean difference between an answer's time and the one before it.
    pub(super) jitter: Option<Duration>,
}

impl Window {
    pub(super) const fn new() -> Self {
        Self { marks: Ring::new() }
    }

    pub(super) fn push(&mut self, mark: Mark) {
        self.marks.push(mark);
    }

    pub(super) fn marks(&self) -> impl Iterator<Item = &Mark> {
        self.marks.iter()
    }

    /// When the last one was.
    pub(super) fn last(&self) -> Option<u64> {
        self.marks.last().map(|mark| mark.at)
    }

    /// The costs of all answers kept, oldest first.
    pub(super) fn costs(&self) -> Vec<f64> {
        self.marks.iter().filter_map(|mark| mark.took).map(cost).collect()
    }

    /// The cost of an answer now; none before there are enough.
    pub(super) fn typical(&self) -> Option<f64> {
        let mut last = [0.0; TYPICAL_OF];
        let mut answers = self.marks.iter().rev().filter_map(|mark| mark.took);
        for slot in &mut last {
            *slot = cost(answers.next()?);
        }
        median(&mut last)
    }

    /// The numbers of the samples at or after a moment.
    pub(super) fn figures(&self, since: u64) -> Figures {
        let mut figures = Figures::default();
        let mut answers = Vec::with_capacity(KEPT);
        for mark in self.marks.iter().filter(|mark| mark.at >= since) {
            figures.total += 1;
            match mark.took {
                Some(took) => answers.push(took),
                None => figures.failed += 1,
            }
        }
        let sum = |numbers: &mut dyn Iterator<Item = u32>| numbers.map(u64::from).sum::<u64>();
        let steps = answers.windows(2).map(|pair| pair[0].abs_diff(pair[1]));
        figures.jitter = mean(sum(&mut steps.clone()), steps.len());
        figures.mean = mean(sum(&mut answers.iter().copied()), answers.len());
        figures.p95 = p95(&mut answers).map(|took| Duration::from_micros(took.into()));
        figures
    }

    #[cfg(test)]
    pub(super) fn heap(&self) -> usize {
        self.marks.heap()
    }
}

fn mean(sum: u64, count: usize) -> Option<Duration> {
    Duration::from_micros(sum).checked_div(u32::try_from(count).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(tooks: &[Option<u32>]) -> Window {
        let mut window = Window::new();
        for (at, took) in (0..).zip(tooks) {
            window.push(Mark { at, took: *took });
        }
        window
    }

    #[test]
    fn figures_are_of_the_samples_since_a_moment() {
        let window = window(&[Some(9_999), Some(10), None, Some(30), Some(20)]);
        let micros = |n| Some(Duration::from_micros(n));
        let expected =
            Figures { total: 4, failed: 1, mean: micros(20), p95: micros(30), jitter: micros(15) };
        assert_eq!(window.figures(1), expected);
        assert_eq!(window.figures(5), Figures::default());
    }

    #[test]
    fn two_slow_answers_of_five_do_not_change_what_is_typical() {
        assert_eq!(window(&[Some(1); 4]).typical(), None);
        let slow = [Some(1), Some(9_000_000), None, Some(1), Some(9_000_000), Some(1)];
        assert_eq!(window(&slow).typical(), Some(cost(1)));
    }
}
