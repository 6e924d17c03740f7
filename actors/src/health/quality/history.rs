//! What was, in three tiers: single samples, minutes, hours.
//!
//! *Invariant:* a sample is counted in exactly one minute and one hour; what does not fit is
//! forgotten, oldest first.

use super::ring::Ring;
use super::sample::SampleKind;
use super::score::rounded;
use super::window::Mark;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use utoipa::ToSchema;

/// Minutes kept.
const MINUTES: usize = 60;
/// Hours kept.
const HOURS: usize = 48;
/// Milliseconds of a minute.
const MINUTE: u64 = 60 * 1000;
/// Milliseconds of an hour.
const HOUR: u64 = 60 * MINUTE;

/// How coarse a history is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// The last samples, each by itself.
    Recent,
    /// The last 60 minutes.
    Minutes,
    /// The last 48 hours.
    Hours,
}

/// The samples of one kind in one period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tally {
    /// Requests that were answered.
    pub answered: u32,
    /// Requests that were not.
    pub failed: u32,
    /// Mean time of an answer; written in milliseconds.
    #[serde(rename = "meanMs", with = "super::millis::fine")]
    #[schema(value_type = Option<f64>)]
    pub mean: Option<Duration>,
    /// The fastest answer; written in milliseconds.
    #[serde(rename = "minMs", with = "super::millis::fine")]
    #[schema(value_type = Option<f64>)]
    pub min: Option<Duration>,
    /// The slowest answer; written in milliseconds.
    #[serde(rename = "maxMs", with = "super::millis::fine")]
    #[schema(value_type = Option<f64>)]
    pub max: Option<Duration>,
}

/// One period in which something happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rollup {
    /// How long ago it began; written in milliseconds.
    #[serde(rename = "agoMs", with = "super::millis::whole")]
    #[schema(value_type = u64)]
    pub ago: Duration,
    /// Its probes.
    pub probes: Tally,
    /// Its calls.
    pub calls: Tally,
    /// How often the link was lost.
    pub downs: u16,
    /// The lowest score; none in [`Tier::Recent`].
    pub lowest: Option<u8>,
}

/// A tally, packed.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    sum: u64,
    min: u32,
    max: u32,
    answered: u32,
    failed: u32,
}

impl Counts {
    fn add(&mut self, took: Option<u32>) {
        let Some(took) = took else {
            self.failed = self.failed.saturating_add(1);
            return;
        };
        self.min = if self.answered == 0 { took } else { self.min.min(took) };
        self.max = self.max.max(took);
        self.sum = self.sum.saturating_add(took.into());
        self.answered = self.answered.saturating_add(1);
    }

    fn tally(self) -> Tally {
        let micros = |micros| (self.answered > 0).then(|| Duration::from_micros(micros));
        Tally {
            answered: self.answered,
            failed: self.failed,
            mean: Duration::from_micros(self.sum).checked_div(self.answered),
            min: micros(self.min.into()),
            max: micros(self.max.into()),
        }
    }
}

/// A period, packed.
#[derive(Debug, Clone, Copy)]
struct Cell {
    period: u32,
    downs: u16,
    lowest: u8,
    probes: Counts,
    calls: Counts,
}

/// The minutes and hours that are kept.
#[derive(Debug, Clone)]
pub(super) struct History {
    minutes: Ring<Cell, MINUTES>,
    hours: Ring<Cell, HOURS>,
}

impl History {
    pub(super) const fn new() -> Self {
        Self { minutes: Ring::new(), hours: Ring::new() }
    }

    /// Counts a sample, and the score after it.
    pub(super) fn sampled(&mut self, kind: SampleKind, mark: Mark, score: f64) {
        self.write(mark.at, score, |cell| match kind {
            SampleKind::Probe => cell.probes.add(mark.took),
            SampleKind::Call => cell.calls.add(mark.took),
        });
    }

    /// Counts a loss of the link, and the score after it.
    pub(super) fn lost(&mut self, at: u64, score: f64) {
        self.write(at, score, |cell| cell.downs = cell.downs.saturating_add(1));
    }

    fn write(&mut self, at: u64, score: f64, change: impl Fn(&mut Cell)) {
        let score = rounded(score);
        for cell in [current(&mut self.minutes, at / MINUTE), current(&mut self.hours, at / HOUR)] {
            let Some(cell) = cell else { continue };
            cell.lowest = cell.lowest.min(score);
            change(cell);
        }
    }

    /// How often the link was lost in the hour before a moment, to the minute.
    pub(super) fn downs_in_hour(&self, now: u64) -> u32 {
        recent(&self.minutes, now, MINUTE).map(|(_, cell)| u32::from(cell.downs)).sum()
    }

    /// The minutes of the last hour in which something happened, oldest first.
    pub(super) fn minutes(&self, now: u64) -> Vec<Rollup> {
        recent(&self.minutes, now, MINUTE).map(rollup).collect()
    }

    /// The hours of the last two days in which something happened, oldest first.
    pub(super) fn hours(&self, now: u64) -> Vec<Rollup> {
        recent(&self.hours, now, HOUR).map(rollup).collect()
    }

    #[cfg(test)]
    pub(super) fn heap(&self) -> usize {
        self.minutes.heap() + self.hours.heap()
    }
}

/// The cell of a period, new if the last one is of an earlier period.
fn current<const N: usize>(cells: &mut Ring<Cell, N>, period: u64) -> Option<&mut Cell> {
    let period = u32::try_from(period).unwrap_or(u32::MAX);
    if cells.last().is_none_or(|cell| cell.period < period) {
        let (probes, calls) = Default::default();
        cells.push(Cell { period, downs: 0, lowest: 100, probes, calls });
    }
    cells.last_mut()
}

/// The cells that are not older than the tier reaches, each with its age.
fn recent<const N: usize>(
    cells: &Ring<Cell, N>,
    now: u64,
    length: u64,
) -> impl Iterator<Item = (u64, &Cell)> {
    let reach = length.saturating_mul(u64::try_from(N).unwrap_or(u64::MAX));
    cells
        .iter()
        .map(move |cell| (now.saturating_sub(u64::from(cell.period) * length), cell))
        .filter(move |(ago, _)| *ago < reach)
}

fn rollup((ago, cell): (u64, &Cell)) -> Rollup {
    Rollup {
        ago: Duration::from_millis(ago),
        probes: cell.probes.tally(),
        calls: cell.calls.tally(),
        downs: cell.downs,
        lowest: Some(cell.lowest),
    }
}

/// A single sample as a period of its own.
pub(super) fn single(kind: SampleKind, mark: Mark, now: u64) -> Rollup {
    let mut counts = Counts::default();
    counts.add(mark.took);
    let (this, other) = (counts.tally(), Tally::default());
    let (probes, calls) = match kind {
        SampleKind::Probe => (this, other),
        SampleKind::Call => (other, this),
    };
    let ago = Duration::from_millis(now.saturating_sub(mark.at));
    Rollup { ago, probes, calls, downs: 0, lowest: None }
}
