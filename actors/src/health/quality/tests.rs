//! Promises of the whole, on scripted series.

use super::*;

mod noise;
mod ramp;
mod robustness;

/// A quality with a clock of its own.
pub(super) struct Script {
    pub(super) quality: Quality,
    pub(super) now: Instant,
}

impl Script {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        Self { quality: Quality::new(now), now }
    }

    pub(super) fn wait(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }

    pub(super) fn take(&mut self, kind: SampleKind, outcome: Outcome) {
        self.quality.observe(Sample { at: self.now, kind, outcome });
    }

    /// A probe ten seconds later, answered after so many microseconds.
    pub(super) fn probe(&mut self, micros: u64) {
        self.wait(10);
        self.take(SampleKind::Probe, Outcome::Answered { took: Duration::from_micros(micros) });
    }

    pub(super) fn probes(&mut self, count: usize, micros: u64) {
        for _ in 0..count {
            self.probe(micros);
        }
    }

    /// A probe ten seconds later, not answered.
    pub(super) fn silence(&mut self) {
        self.wait(10);
        self.take(SampleKind::Probe, Outcome::Failed);
    }

    pub(super) fn report(&self) -> Report {
        self.quality.report(self.now, 60)
    }
}
