//! The circuit breaker: refuses calls to a server that is up and does not serve them. A value.
//!
//! Separate from liveness: probes neither pass through it nor feed it, and a lost connection does not
//! open it. It looks at calls alone.

use crate::health::BreakerPolicy;
use serde::Serialize;
use std::time::Duration;
use tokio::time::Instant;

/// Whether calls are let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BreakerState {
    /// All are.
    Closed,
    /// None is.
    Open,
    /// One is, to see.
    HalfOpen,
}

impl BreakerState {
    /// For programs.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }
}

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admitted {
    /// It may go.
    Yes,
    /// It may not; the next is tried after this time.
    No(Duration),
}

/// One server's breaker.
#[derive(Debug, Clone, Copy, Default)]
pub struct Breaker {
    failures: u32,
    /// Set while it is not closed: when the next call is tried.
    next: Option<Instant>,
    /// A call is being tried since then.
    trying: Option<Instant>,
}

impl Breaker {
    /// Asks for one call. `policy` may change from call to call.
    pub fn admit(&mut self, policy: &BreakerPolicy, now: Instant) -> Admitted {
        let Some(next) = self.next.filter(|_| !self.is_off(policy)) else { return Admitted::Yes };
        if now < next {
            return Admitted::No(next.duration_since(now));
        }
        // a trial whose end nobody reported is forgotten after the same time
        if let Some(since) = self.trying
            && now < since + policy.open_for
        {
            return Admitted::No((since + policy.open_for).duration_since(now));
        }
        self.trying = Some(now);
        Admitted::Yes
    }

    /// Whether every call is let through, at any time.
    pub fn is_off(&self, policy: &BreakerPolicy) -> bool {
        self.next.is_none() || policy.failures == 0
    }

    /// Notes how a call ended. `unit` in `0.0..1.0` spreads the time it stays open. Says the new state
    /// when it is another one.
    pub fn record(
        &mut self,
        served: bool,
        policy: &BreakerPolicy,
        unit: f64,
        now: Instant,
    ) -> Option<BreakerState> {
        if served {
            let was_open = self.next.is_some();
            *self = Self::default();
            return was_open.then_some(BreakerState::Closed);
        }
        self.failures = self.failures.saturating_add(1);
        let tried = self.trying.take().is_some();
        let opens = policy.failures > 0 && self.failures >= policy.failures;
        if !opens || (self.next.is_some() && !tried) {
            return None;
        }
        let first = self.next.is_none();
        self.next = Some(now + policy.open_for.mul_f64(0.75 + unit.clamp(0.0, 1.0) / 2.0));
        first.then_some(BreakerState::Open)
    }

    /// A new connection is a new chance.
    pub fn reset(&mut self) -> Option<BreakerState> {
        let was_open = self.next.is_some();
        *self = Self::default();
        was_open.then_some(BreakerState::Closed)
    }

    /// Its state.
    pub fn state(&self, now: Instant) -> BreakerState {
        match self.next {
            None => BreakerState::Closed,
            Some(next) if now < next => BreakerState::Open,
            Some(_) => BreakerState::HalfOpen,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: BreakerPolicy = BreakerPolicy { failures: 3, open_for: Duration::from_secs(10) };

    fn fail(breaker: &mut Breaker, now: Instant) -> Option<BreakerState> {
        breaker.record(false, &POLICY, 0.5, now)
    }

    #[test]
    fn it_opens_after_its_failures_in_a_row_tries_one_call_and_closes_when_that_is_served() {
        let (mut breaker, start) = (Breaker::default(), Instant::now());
        assert_eq!([fail(&mut breaker, start), fail(&mut breaker, start)], [None, None]);
        breaker.record(true, &POLICY, 0.5, start);
        assert_eq!([fail(&mut breaker, start), fail(&mut breaker, start)], [None, None]);
        assert_eq!(breaker.admit(&POLICY, start), Admitted::Yes);
        assert_eq!(fail(&mut breaker, start), Some(BreakerState::Open));
        assert_eq!(breaker.admit(&POLICY, start), Admitted::No(POLICY.open_for));
        // the answers of calls that were under way change nothing
        assert_eq!(fail(&mut breaker, start + Duration::from_secs(5)), None);

        let later = start + POLICY.open_for;
        assert_eq!(breaker.state(later), BreakerState::HalfOpen);
        assert_eq!(breaker.admit(&POLICY, later), Admitted::Yes);
        assert!(matches!(breaker.admit(&POLICY, later), Admitted::No(_)), "one at a time");
        assert_eq!(fail(&mut breaker, later), None);
        assert_eq!(breaker.state(later), BreakerState::Open);

        let later = later + POLICY.open_for;
        assert_eq!(breaker.admit(&POLICY, later), Admitted::Yes);
        assert_eq!(breaker.record(true, &POLICY, 0.5, later), Some(BreakerState::Closed));
        assert_eq!(breaker.admit(&POLICY, later), Admitted::Yes);
    }

    #[test]
    fn a_trial_nobody_ends_does_not_keep_it_open_for_ever() {
        let (mut breaker, start) = (Breaker::default(), Instant::now());
        for _ in 0..3 {
            fail(&mut breaker, start);
        }
        let later = start + POLICY.open_for;
        assert_eq!(breaker.admit(&POLICY, later), Admitted::Yes);
        assert!(matches!(breaker.admit(&POLICY, later), Admitted::No(_)));
        assert_eq!(breaker.admit(&POLICY, later + POLICY.open_for), Admitted::Yes);
    }

    #[test]
    fn without_failures_allowed_it_never_opens() {
        let policy = BreakerPolicy { failures: 0, ..POLICY };
        let (mut breaker, now) = (Breaker::default(), Instant::now());
        for _ in 0..100 {
            assert_eq!(breaker.record(false, &policy, 0.5, now), None);
        }
        assert_eq!(breaker.admit(&policy, now), Admitted::Yes);
    }
}
