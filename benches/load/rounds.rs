//! Several modes by turns, in short rounds, so that whatever else the machine does hits all of them alike.
//!
//! *Invariant:* figures are compared with those of the same round, and the median of that is what is told.

use crate::measure::{median, percentile_us};
use crate::mode::Mode;
use crate::role::Listening;
use crate::subject::Subject;
use crate::work::{Batch, Load};
use std::error::Error;
use std::time::{Duration, Instant};

/// How long one round of one mode may take before that mode is given up.
const ROUND_LIMIT: Duration = Duration::from_secs(120);
const WARM_UP_CALLS: usize = 500;

/// What a round of a mode gave.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Figures {
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    pub(crate) per_second: f64,
    /// Microseconds of CPU time a call.
    pub(crate) cpu_us: f64,
    /// Calls of `write` a call.
    pub(crate) writes: f64,
    pub(crate) failed: usize,
    /// Resident memory after it, in KiB.
    pub(crate) rss_kib: f64,
    /// The most of it so far.
    pub(crate) peak_rss_kib: f64,
}

/// Everything about one mode.
pub(crate) struct Turns {
    pub(crate) mode: Mode,
    pub(crate) rounds: Vec<Figures>,
    /// Why there are no, or not all, results.
    pub(crate) failure: Option<String>,
    /// Resident memory before the first call that counts.
    pub(crate) idle_kib: f64,
    subject: Option<Subject>,
}

impl Turns {
    /// The figure in the middle.
    pub(crate) fn median(&self, of: impl Fn(&Figures) -> f64) -> f64 {
        median(self.rounds.iter().map(of))
    }

    /// Calls that failed in all rounds.
    pub(crate) fn failed(&self) -> usize {
        self.rounds.iter().map(|figures| figures.failed).sum()
    }

    async fn round(&mut self, load: &Load) -> Option<Figures> {
        let mut subject = self.subject.take()?;
        let (cpu, writes, started) = (subject.cpu(), subject.writes(), Instant::now());
        match tokio::time::timeout(ROUND_LIMIT, subject.run(load)).await {
            Ok(Ok(batch)) => {
                let (wall, cpu) = (started.elapsed(), subject.cpu().saturating_sub(cpu));
                let figures = figures(batch, wall, cpu, &subject, subject.writes() - writes);
                self.subject = Some(subject);
                return Some(figures);
            }
            Ok(Err(error)) => self.failure = Some(error.to_string()),
            Err(_) => self.failure = Some(format!("a round took longer than {ROUND_LIMIT:?}")),
        }
        None
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of calls fit into the mantissa")]
fn figures(
    mut batch: Batch,
    wall: Duration,
    cpu: Duration,
    subject: &Subject,
    writes: f64,
) -> Figures {
    let calls = batch.latencies.len().max(1) as f64;
    Figures {
        p50_us: percentile_us(&mut batch.latencies, 50),
        p99_us: percentile_us(&mut batch.latencies, 99),
        per_second: calls / wall.as_secs_f64(),
        cpu_us: cpu.as_secs_f64() * 1e6 / calls,
        writes: writes / calls,
        failed: batch.failed,
        rss_kib: subject.rss_kib(),
        peak_rss_kib: subject.peak_rss_kib(),
    }
}

/// Starts all modes, then has them take turns, forwards and backwards.
pub(crate) async fn alternate(
    modes: &[Mode],
    sessions: usize,
    load: &Load,
    rounds: usize,
) -> Result<Vec<Turns>, Box<dyn Error>> {
    let origin = Listening::start("origin", &[]).await?;
    let mut all = Vec::new();
    for mode in modes {
        let mut turns =
            Turns { mode: *mode, rounds: Vec::new(), failure: None, idle_kib: 0.0, subject: None };
        match Subject::start(*mode, sessions, &origin).await {
            Ok(subject) => {
                turns.idle_kib = subject.rss_kib();
                turns.subject = Some(subject);
                let calls = (WARM_UP_CALLS / sessions).clamp(1, load.calls);
                let _not_counted = turns.round(&Load { calls, ..*load }).await;
            }
            Err(error) => turns.failure = Some(error.to_string()),
        }
        all.push(turns);
    }
    for number in 0..rounds {
        let mut order: Vec<&mut Turns> = all.iter_mut().collect();
        if number % 2 == 1 {
            order.reverse();
        }
        for turns in order {
            let figures = turns.round(load).await;
            turns.rounds.extend(figures);
        }
    }
    for turns in &mut all {
        turns.subject = None;
    }
    Ok(all)
}

/// The median over the rounds of what is made of the figures of these modes in one round.
pub(crate) fn over_rounds<const N: usize>(
    turns: &[Turns],
    modes: [Mode; N],
    of: impl Fn([&Figures; N]) -> f64,
) -> Result<f64, String> {
    let mut found = Vec::new();
    for mode in modes {
        let turns = turns.iter().find(|turns| turns.mode == mode).ok_or("it was not measured")?;
        if let Some(failure) = &turns.failure {
            return Err(format!("{}: {failure}", mode.name()));
        }
        if turns.failed() > 0 {
            return Err(format!("{}: {} calls failed", mode.name(), turns.failed()));
        }
        found.push(turns);
    }
    let rounds = found.iter().map(|turns| turns.rounds.len()).min().unwrap_or_default();
    let figures =
        (0..rounds).map(|round| of(std::array::from_fn(|mode| &found[mode].rounds[round])));
    Ok(median(figures))
}
