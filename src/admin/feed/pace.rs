//! Which requests are told, when there are more than anybody can look at. A value.
//!
//! A request is told once it has run for a moment, and once it is over; one that is over by then is told
//! once. Fifty a second are told. The end of one that was told to run always is, so that nobody thinks
//! it still does.

use mcpvisor_actors::observation::{Observed, Outcome, Phase};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Told a second, in the long run.
const RATE: f64 = 50.0;
/// Told at once after a quiet time.
const BURST: f64 = 25.0;
/// Most that are collected.
const MOST: usize = 256;
/// Most that were told to run and are waited for.
const RUNNING: usize = 1_024;
/// How often it is told that some were not.
const SKIPPED_EVERY: Duration = Duration::from_secs(1);

/// The requests since the last time somebody took them.
#[derive(Debug)]
pub(super) struct Pace {
    began: Vec<Arc<Observed>>,
    over: Vec<Arc<Observed>>,
    /// Ends that have to be told.
    owed: Vec<Arc<Observed>>,
    /// The numbers of those that were told to run.
    running: HashSet<u64>,
    skipped: u64,
    /// How many may be told; less than none when ends had to be.
    budget: f64,
    last: Instant,
    told_skipped: Instant,
}

impl Default for Pace {
    fn default() -> Self {
        Self::new(Instant::now())
    }
}

impl Pace {
    /// Nothing so far.
    pub(super) fn new(now: Instant) -> Self {
        Self {
            began: Vec::new(),
            over: Vec::new(),
            owed: Vec::new(),
            running: HashSet::new(),
            skipped: 0,
            budget: BURST,
            last: now,
            told_skipped: now,
        }
    }

    /// A request came.
    pub(super) fn began(&mut self, request: &Arc<Observed>) {
        if self.began.len() < MOST {
            self.began.push(Arc::clone(request));
        } else {
            self.skipped += 1;
        }
    }

    /// These are over.
    pub(super) fn over(&mut self, requests: &[Arc<Observed>]) {
        for request in requests {
            if self.running.remove(&request.number) {
                self.owed.push(Arc::clone(request));
            } else if self.over.len() < MOST {
                self.over.push(Arc::clone(request));
            } else {
                self.skipped += 1;
            }
        }
    }

    /// Those to be told now, in the order of their numbers, and how many were not told, now and then.
    pub(super) fn take(&mut self, now: Instant) -> (Vec<Arc<Observed>>, Option<u64>) {
        let passed = now.saturating_duration_since(self.last).as_secs_f64();
        self.last = now;
        self.budget = (self.budget + passed * RATE).min(BURST);
        let mut told = std::mem::take(&mut self.owed);
        for _owed in &told {
            self.budget -= 1.0;
        }
        // what went wrong first
        let mut over = std::mem::take(&mut self.over);
        over.sort_by_key(|request| request.outcome().is_some_and(Outcome::is_ok));
        for request in over {
            self.offer(&mut told, request);
        }
        for request in std::mem::take(&mut self.began) {
            // told in a moment, as one that is over
            if request.phase() == Phase::Over {
                continue;
            }
            let number = request.number;
            if self.running.len() >= RUNNING {
                self.skipped += 1;
            } else if self.offer(&mut told, request) {
                self.running.insert(number);
            }
        }
        told.sort_by_key(|request| request.number);
        let due = now.saturating_duration_since(self.told_skipped) >= SKIPPED_EVERY;
        let skipped = (due && self.skipped > 0).then(|| std::mem::take(&mut self.skipped));
        if skipped.is_some() {
            self.told_skipped = now;
        }
        (told, skipped)
    }

    fn offer(&mut self, told: &mut Vec<Arc<Observed>>, request: Arc<Observed>) -> bool {
        let fits = self.budget >= 1.0;
        if fits {
            self.budget -= 1.0;
            told.push(request);
        } else {
            self.skipped += 1;
        }
        fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mcpvisor_actors::observation::{Observer, Origin, Unobserved, Watched};
    use mcpvisor_actors::wire::RawId;

    fn begin() -> Watched {
        let observer: Arc<dyn Observer> = Arc::new(Unobserved);
        let origin = Origin { face: "http", session: "".into(), revision: None, client: None };
        Watched::begin(&observer, origin, &RawId::from(1), "tools/call", 1, None)
    }

    fn end(watched: Watched, outcome: Outcome) -> Arc<Observed> {
        let observed = Arc::clone(watched.observed());
        watched.over(outcome, 1);
        observed
    }

    #[tokio::test]
    async fn a_request_that_runs_is_told_twice_and_a_short_one_once() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        let (long, short) = (begin(), begin());
        pace.began(long.observed());
        pace.began(short.observed());
        pace.over(&[end(short, Outcome::Ok)]);
        assert_eq!(pace.take(start).0.len(), 2);
        pace.over(&[end(long, Outcome::Ok)]);
        let (told, skipped) = pace.take(start);
        assert_eq!((told.len(), told[0].phase(), skipped), (1, Phase::Over, None));
        assert!(pace.take(start).0.is_empty());
    }

    #[tokio::test]
    async fn of_a_flood_fifty_a_second_are_told_the_failed_ones_first_and_the_rest_is_counted() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        let (mut told, mut missed, mut failed) = (0, 0, 0);
        for tenth in 1..=100u32 {
            for n in 0..100 {
                let watched = begin();
                pace.began(watched.observed());
                let outcome = if n == 99 { Outcome::Lost } else { Outcome::Ok };
                pace.over(&[end(watched, outcome)]);
            }
            let (requests, skipped) = pace.take(start + Duration::from_millis(100) * tenth);
            let is_bad = |it: &&Arc<Observed>| it.outcome() == Some(&Outcome::Lost);
            failed += requests.iter().filter(is_bad).count();
            told += requests.len() as u64;
            missed += skipped.unwrap_or_default();
        }
        assert_eq!((told, failed), (25 + 495, 100));
        assert_eq!(told + missed + pace.skipped, 10_000);
    }

    #[tokio::test]
    async fn one_that_is_not_told_because_too_many_run_is_counted() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        pace.running.extend((0..RUNNING as u64).map(|n| u64::MAX - n));
        let watched = begin();
        pace.began(watched.observed());
        let (told, skipped) = pace.take(start + SKIPPED_EVERY);
        assert_eq!((told.len(), skipped), (0, Some(1)));
    }

    #[tokio::test]
    async fn the_end_of_one_that_was_told_to_run_is_told_whatever_else_happens() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        let running: Vec<Watched> = (0..20).map(|_| begin()).collect();
        for watched in &running {
            pace.began(watched.observed());
        }
        assert_eq!(pace.take(start).0.len(), 20);
        let flood: Vec<_> = (0..1_000).map(|_| end(begin(), Outcome::Ok)).collect();
        pace.over(&flood);
        let ended: Vec<_> = running.into_iter().map(|it| end(it, Outcome::Ok)).collect();
        pace.over(&ended);
        let told = pace.take(start).0;
        assert!(ended.iter().all(|it| told.iter().any(|other| other.number == it.number)));
    }
}
