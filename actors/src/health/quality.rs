//! How well one server does: a score, its parts, its trend, and what is to be expected.
//!
//! Pure values. Whoever owns a [`Quality`] feeds it the fate of each probe and call and the changes
//! of the link, and asks for a [`Report`]; time is an argument, and a clock that stands still or runs
//! backwards is taken for one that stands still.
//!
//! A server is judged by its own past: what it usually takes to answer is learnt from it, for probes
//! and calls apart. Without news nothing changes: a silent server keeps its score, marked stale.
//!
//! *Invariant:* its memory is bounded (below 8 KiB), whatever it is fed.

mod baseline;
mod fit;
mod forecast;
mod history;
mod millis;
mod quantile;
mod reliability;
mod report;
mod ring;
mod sample;
mod score;
mod stability;
mod trend;
mod window;
mod words;

#[cfg(test)]
mod tests;

pub use forecast::Forecast;
pub use history::{Rollup, Tally, Tier};
pub use report::Report;
pub use sample::{LinkEvent, Outcome, Sample, SampleKind};
pub use score::{CALLS_IN_LATENCY, LATENCY_WEIGHT, Parts, RELIABILITY_WEIGHT, STABILITY_WEIGHT};
pub use trend::Trend;

use baseline::{Baseline, time};
use fit::Point;
use history::History;
use reliability::Reliability;
use score::{narrow, rounded};
use stability::Stability;
use std::time::Duration;
use tokio::time::Instant;
use trend::Course;
use window::{Mark, Window};

/// After this long without news a report is stale, and the score stays as it is then.
pub const STALE_AFTER: Duration = Duration::from_secs(5 * 60);
/// Samples this much older than the newest are not in a report's figures.
const FIGURES_OF: u64 = 3600 * 1000;
/// A kind of samples that came to an end this long before the newest sample says nothing about now.
const OUTDATED: u64 = 15 * 60 * 1000;
/// Answers slower than usual by this factor are worth a word.
const WORTH_A_WORD: f64 = 2.0;

/// What one kind of samples tells about latency.
#[derive(Debug, Clone)]
struct Lane {
    window: Window,
    baseline: Baseline,
}

impl Lane {
    fn new() -> Self {
        Self { window: Window::new(), baseline: Baseline::default() }
    }

    fn take(&mut self, mark: Mark) {
        self.window.push(mark);
        if let Some(took) = mark.took {
            self.baseline.learn(&self.window, mark.at, took);
        }
    }

    /// How much slower than usual it is, a logarithm, unless that is outdated.
    fn excess(&self, last: u64) -> f64 {
        let current = self.window.last().is_some_and(|at| last.saturating_sub(at) < OUTDATED);
        let typical = self.window.typical().filter(|_| current);
        typical.map_or(0.0, |cost| self.baseline.excess(cost))
    }
}

/// The quality of one server.
#[derive(Debug, Clone)]
pub struct Quality {
    born: Instant,
    /// When the last news of any kind came, in milliseconds since it was born.
    heard: u64,
    sampled: Option<u64>,
    probes: Lane,
    calls: Lane,
    reliability: Reliability,
    stability: Stability,
    course: Course,
    history: History,
}

impl Quality {
    /// Of a server of which nothing is known: 100.
    pub fn new(now: Instant) -> Self {
        Self {
            born: now,
            heard: 0,
            sampled: None,
            probes: Lane::new(),
            calls: Lane::new(),
            reliability: Reliability::new(),
            stability: Stability::new(),
            course: Course::new(),
            history: History::new(),
        }
    }

    /// Takes the fate of one request.
    pub fn observe(&mut self, sample: Sample) {
        let at = self.hear(sample.at);
        self.sampled = Some(at);
        let mark = Mark { at, took: sample.micros() };
        match sample.kind {
            SampleKind::Probe => self.probes.take(mark),
            SampleKind::Call => self.calls.take(mark),
        }
        self.reliability.observe(mark.took.is_some());
        let score = self.parts(at).score();
        match sample.kind {
            SampleKind::Probe => self.course.probed(Point { at, score }),
            SampleKind::Call => self.course.moved(Point { at, score }),
        }
        self.history.sampled(sample.kind, mark, score);
    }

    /// Takes a change of the link. Only a loss of a link that was up counts as one; a server never
    /// heard of counts as up, so that its first failed attempt is one. What a person took down, or
    /// what sleeps until it is called, is not to be told here.
    pub fn link(&mut self, event: LinkEvent, now: Instant) {
        let at = self.hear(now);
        match event {
            LinkEvent::Up => {
                self.stability.up(at);
                self.reliability.reconnected();
            }
            LinkEvent::Down => {
                if self.stability.down(at) {
                    self.history.lost(at, self.parts(at).score());
                }
            }
        }
        let score = self.parts(at).score();
        self.course.moved(Point { at, score });
    }

    /// The score alone, cheaply.
    pub fn score(&self, now: Instant) -> u8 {
        rounded(self.parts(self.since_birth(now)).score())
    }

    /// What is known; the forecast is of falling below `threshold`.
    pub fn report(&self, now: Instant, threshold: u8) -> Report {
        let at = self.since_birth(now);
        let parts = self.parts(at);
        let silence = Duration::from_millis(at.saturating_sub(self.sampled.unwrap_or_default()));
        let stale = silence >= STALE_AFTER;
        let trend = if stale { Trend::Stable } else { self.course.trend() };
        let points = self.course.last(forecast::POINTS);
        let score = rounded(parts.score());
        let falls = trend == Trend::Degrading && score >= threshold;
        let forecast = if falls { Forecast::from(&points, threshold, at) } else { None };
        let since = self.heard.saturating_sub(FIGURES_OF);
        let (probes, calls) = (self.probes.window.figures(since), self.calls.window.figures(since));
        let (lane, figures) =
            if probes.mean.is_some() { (&self.probes, probes) } else { (&self.calls, calls) };
        let (failed, total) = (probes.failed + calls.failed, probes.total + calls.total);
        let down_for = self.stability.down_since();
        let facts = words::Facts {
            slow: self.slow(),
            forecast,
            probes,
            calls,
            streak: self.reliability.streak(),
            downs: self.history.downs_in_hour(at),
            down_for: down_for.map(|since| Duration::from_millis(at.saturating_sub(since))),
        };
        Report {
            score,
            parts,
            latency_mean: figures.mean,
            latency_p95: figures.p95,
            latency_usual: lane.baseline.usual().map(time),
            jitter: figures.jitter,
            loss: narrow(f64::from(failed) / f64::from(total.max(1))),
            trend,
            forecast,
            issues: facts.issues(),
            stale,
            last_sample: self.sampled.map(|_| silence),
        }
    }

    /// What was, oldest first; periods without news are left out.
    pub fn history(&self, tier: Tier, now: Instant) -> Vec<Rollup> {
        let at = self.since_birth(now);
        match tier {
            Tier::Minutes => self.history.minutes(at),
            Tier::Hours => self.history.hours(at),
            Tier::Recent => {
                let probes = self.probes.window.marks().map(|mark| (SampleKind::Probe, *mark));
                let calls = self.calls.window.marks().map(|mark| (SampleKind::Call, *mark));
                let mut all: Vec<_> = probes.chain(calls).collect();
                all.sort_by_key(|(_, mark)| mark.at);
                all.into_iter().map(|(kind, mark)| history::single(kind, mark, at)).collect()
            }
        }
    }

    /// Milliseconds since it was born; never before the last news.
    fn since_birth(&self, now: Instant) -> u64 {
        let passed = now.saturating_duration_since(self.born).as_millis();
        u64::try_from(passed).unwrap_or(u64::MAX).max(self.heard)
    }

    fn hear(&mut self, now: Instant) -> u64 {
        self.heard = self.since_birth(now);
        self.heard
    }

    /// The parts at a moment. Without news they stay, unless the silence is that of a link that is
    /// down.
    fn parts(&self, at: u64) -> Parts {
        let stays = self.heard.saturating_add(STALE_AFTER.as_secs() * 1000);
        let at = if self.stability.down_since().is_some() { at } else { at.min(stays) };
        let last = self.sampled.unwrap_or_default();
        let of_calls = f64::from(CALLS_IN_LATENCY) * self.calls.excess(last);
        let latency = (-self.probes.excess(last) - of_calls).exp();
        Parts::new(latency, self.reliability.part(), self.stability.part(at))
    }

    /// The time a probe's answer takes now and usually, when they differ much.
    fn slow(&self) -> Option<(Duration, Duration)> {
        if self.probes.excess(self.sampled.unwrap_or_default()) <= 0.0 {
            return None;
        }
        let now = time(self.probes.window.typical()?);
        let usual = time(self.probes.baseline.usual()?);
        (now.as_secs_f64() >= WORTH_A_WORD * usual.as_secs_f64()).then_some((now, usual))
    }

    /// Bytes it takes, with what is on the heap.
    #[cfg(test)]
    fn bytes(&self) -> usize {
        let windows = self.probes.window.heap() + self.calls.window.heap();
        size_of::<Self>() + windows + self.course.heap() + self.history.heap()
    }
}
