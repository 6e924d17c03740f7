//! The signs of life of one server: written by its connection, read by whoever watches it.
//!
//! *Invariant:* writing never waits and costs a store or an uncontended lock; what nobody collects is
//! bounded.

use super::{Admitted, Breaker, BreakerState};
use crate::health::{BreakerPolicy, Outcome, Sample, SampleKind};
use crate::mutex::lock;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;
use tokio::time::Instant;

/// Samples kept until they are collected; of more, the newest stay.
const SAMPLES: usize = 128;

/// The signs of life of one server, over all of its connections.
#[derive(Debug)]
pub struct Vitals {
    start: Instant,
    /// Milliseconds from `start` to the last frame, plus one; 0 for none yet.
    heard: AtomicU64,
    /// Calls in its queue.
    queued: AtomicUsize,
    served: AtomicU64,
    failed: AtomicU64,
    noises: AtomicU64,
    /// Probes that went unanswered in a row while the server answered other things.
    deaf_to_ping: AtomicU32,
    /// The process id of the server when it is a child of ours; 0 for none.
    process: AtomicU32,
    samples: Mutex<VecDeque<Sample>>,
    breaker: Mutex<Breaker>,
    /// Why the last call that failed for reasons of the server did.
    trouble: Mutex<Option<String>>,
}

impl Vitals {
    /// Nothing heard, nothing counted.
    pub fn new(now: Instant) -> Self {
        Self {
            start: now,
            heard: AtomicU64::new(0),
            queued: AtomicUsize::new(0),
            served: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            noises: AtomicU64::new(0),
            deaf_to_ping: AtomicU32::new(0),
            process: AtomicU32::new(0),
            samples: Mutex::default(),
            breaker: Mutex::default(),
            trouble: Mutex::default(),
        }
    }

    /// A frame came.
    pub fn hear(&self, now: Instant) {
        let millis = now.saturating_duration_since(self.start).as_millis();
        let millis = u64::try_from(millis).unwrap_or(u64::MAX - 1);
        self.heard.store(millis + 1, Ordering::Relaxed);
    }

    /// When the last frame came, to the millisecond.
    pub fn heard(&self) -> Option<Instant> {
        let millis = self.heard.load(Ordering::Relaxed).checked_sub(1)?;
        Some(self.start + Duration::from_millis(millis))
    }

    /// Notes how many calls wait for a slot.
    pub fn queue(&self, queued: usize) {
        self.queued.store(queued, Ordering::Relaxed);
    }

    /// Calls that wait for a slot.
    pub fn queued(&self) -> usize {
        self.queued.load(Ordering::Relaxed)
    }

    /// Calls that were answered, and calls that were not.
    pub fn calls(&self) -> (u64, u64) {
        (self.served.load(Ordering::Relaxed), self.failed.load(Ordering::Relaxed))
    }

    /// One more thing that is no message.
    pub fn noise(&self) {
        self.noises.fetch_add(1, Ordering::Relaxed);
    }

    /// Things heard that are no messages.
    pub fn noises(&self) -> u64 {
        self.noises.load(Ordering::Relaxed)
    }

    /// Notes that a ping went unanswered by a server that lives all the same, or was answered.
    pub fn ping_answered(&self, answered: bool) {
        if answered {
            self.deaf_to_ping.store(0, Ordering::Relaxed);
        } else {
            self.deaf_to_ping.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Whether the server is known to ignore pings, so that only a listing tells how it is.
    pub fn ignores_ping(&self) -> bool {
        self.deaf_to_ping.load(Ordering::Relaxed) > 0
    }

    /// Notes that the server runs as this process.
    pub fn runs_as(&self, process: u32) {
        self.process.store(process, Ordering::Relaxed);
    }

    /// Notes that this process is not the server's any more; a newer one stays.
    pub fn left_by(&self, process: u32) {
        let relaxed = Ordering::Relaxed;
        let _newer = self.process.compare_exchange(process, 0, relaxed, relaxed);
    }

    /// The process id of the server, when it is a child of ours.
    pub fn process(&self) -> Option<u32> {
        Some(self.process.load(Ordering::Relaxed)).filter(|&process| process != 0)
    }

    /// Notes how a call ended at the server, and after how long. The breaker's new state, if it has one.
    pub fn call(
        &self,
        outcome: Outcome,
        policy: &BreakerPolicy,
        unit: f64,
        now: Instant,
    ) -> Option<BreakerState> {
        let served = matches!(outcome, Outcome::Answered { .. });
        if served { &self.served } else { &self.failed }.fetch_add(1, Ordering::Relaxed);
        self.sample(Sample { at: now, kind: SampleKind::Call, outcome });
        self.breaker().record(served, policy, unit, now)
    }

    /// Notes how a probe ended.
    pub fn probe(&self, outcome: Outcome, now: Instant) {
        self.sample(Sample { at: now, kind: SampleKind::Probe, outcome });
    }

    fn sample(&self, sample: Sample) {
        let mut samples = lock(&self.samples);
        if samples.len() == SAMPLES {
            samples.pop_front();
        }
        samples.push_back(sample);
    }

    /// Takes what was noted since the last time.
    pub fn collect(&self) -> VecDeque<Sample> {
        std::mem::take(&mut *lock(&self.samples))
    }

    /// Notes why a call failed for reasons of the server.
    pub fn fails(&self, cause: String) {
        *lock(&self.trouble) = Some(cause);
    }

    /// Why the last one did.
    pub fn trouble(&self) -> Option<String> {
        lock(&self.trouble).clone()
    }

    /// Asks the breaker for one call.
    pub fn admit(&self, policy: &BreakerPolicy, now: Instant) -> Admitted {
        self.breaker().admit(policy, now)
    }

    /// The same for whoever does not know what time it is: a breaker that is not closed has to be asked.
    pub(crate) fn admits_at_once(&self, policy: &BreakerPolicy) -> bool {
        self.breaker().is_off(policy)
    }

    /// The breaker's state.
    pub fn breaker_state(&self, now: Instant) -> BreakerState {
        self.breaker().state(now)
    }

    /// Closes the breaker: there is a new connection. Its new state, if it has one.
    pub fn reset_breaker(&self) -> Option<BreakerState> {
        self.breaker().reset()
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        lock(&self.breaker)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_collects_is_bounded_and_the_newest_stays() {
        let start = Instant::now();
        let vitals = Vitals::new(start);
        for n in 0..1000 {
            vitals.probe(Outcome::Failed, start + Duration::from_millis(n));
        }
        let samples = vitals.collect();
        assert_eq!(samples.len(), SAMPLES);
        assert_eq!(samples.back().unwrap().at, start + Duration::from_millis(999));
        assert!(vitals.collect().is_empty());
    }

    #[test]
    fn the_last_frame_is_known_to_the_millisecond() {
        let start = Instant::now();
        let vitals = Vitals::new(start);
        assert_eq!(vitals.heard(), None);
        for millis in [0, 1, 86_400_000] {
            let now = start + Duration::from_millis(millis);
            vitals.hear(now);
            assert_eq!(vitals.heard(), Some(now));
        }
    }
}
