//! The attempts to connect one server: how many failed, and when the next may begin. A value.
//!
//! It never waits and never gives up; whoever holds it tells it what happened and asks when.
//!
//! *Invariant:* two attempts never begin closer together than [`SPACING`], and only a connection that
//! stood for `stable_after` makes the count begin anew.

use super::{CauseClass, ReconnectionPolicy, Treatment};
use std::time::Duration;
use tokio::time::Instant;

/// Two attempts of one server never begin closer together than this, however urgent.
pub const SPACING: Duration = Duration::from_secs(1);
/// How often a parked server is tried, and one that wants a login.
pub const PARKED_EVERY: Duration = Duration::from_secs(5 * 60);
/// A `Retry-After` is honoured up to this: a server must not talk itself out of service.
pub const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(60 * 60);
/// No policy makes a delay longer, so that no sum of times overflows.
const LONGEST_DELAY: Duration = Duration::from_secs(24 * 60 * 60);
/// The first delay of faults that rarely heal by themselves.
const SLOW_START: Duration = Duration::from_secs(5);

/// What follows from a loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// The next attempt does not begin earlier.
    pub not_before: Instant,
    /// It has been down for so long that it is tried now and then only.
    pub parked: bool,
    /// It wants a login, so it is tried now and then only.
    pub login: bool,
}

/// The attempts of one server.
#[derive(Debug, Clone, Default)]
pub struct Schedule {
    failures: u32,
    last: Option<Instant>,
    ready_since: Option<Instant>,
    down_since: Option<Instant>,
    /// What the server asked for.
    floor: Option<Instant>,
}

impl Schedule {
    /// Notes that an attempt begins.
    pub fn begin(&mut self, now: Instant) {
        self.last = Some(now);
        self.ready_since = None;
        self.floor = None;
        self.down_since.get_or_insert(now);
    }

    /// Forgets the failures: a person asks for a new beginning. The spacing of attempts stays.
    pub fn forgive(&mut self) {
        self.failures = 0;
        self.down_since = None;
    }

    /// Notes that the connection is ready.
    pub fn ready(&mut self, now: Instant) {
        self.ready_since = Some(now);
    }

    /// Notes that the connection ended or never began, and says when to try again. `unit` in
    /// `0.0..=1.0` is the jitter: with it a delay is drawn between nothing and its full length.
    pub fn lost(
        &mut self,
        class: CauseClass,
        retry_after: Option<Duration>,
        policy: &ReconnectionPolicy,
        unit: f64,
        now: Instant,
    ) -> Verdict {
        let up = self.ready_since.take().map(|since| now.saturating_duration_since(since));
        let stable = up.is_some_and(|up| up >= policy.stable_after);
        if stable {
            self.failures = 0;
            self.down_since = Some(now);
        } else if class != CauseClass::Stopped {
            self.failures = self.failures.saturating_add(1);
        }
        let down_since = *self.down_since.get_or_insert(now);
        let parked = now.saturating_duration_since(down_since) >= policy.park_after;
        let treatment = class.treatment();
        let login = treatment == Treatment::Login;

        let unit = if policy.jitter { unit.clamp(0.0, 1.0) } else { 1.0 };
        let delay = if parked || login {
            let share = if policy.jitter { 0.8 + 0.4 * unit } else { 1.0 };
            PARKED_EVERY.mul_f64(share)
        } else {
            self.full(treatment, stable, policy).mul_f64(unit)
        };
        self.floor = retry_after.map(|asked| now + asked.min(LONGEST_RETRY_AFTER));
        let mut not_before = now + delay;
        if let Some(earliest) = self.earliest() {
            not_before = not_before.max(earliest);
        }
        Verdict { not_before, parked, login }
    }

    /// The full delay, before jitter and floors.
    fn full(&self, treatment: Treatment, stable: bool, policy: &ReconnectionPolicy) -> Duration {
        let (start, step) = match treatment {
            Treatment::Patient => (policy.initial_delay, self.failures.max(1)),
            Treatment::AtOnce => (policy.initial_delay, self.failures.saturating_sub(1)),
            Treatment::Slow => (policy.initial_delay.max(SLOW_START), self.failures),
            Treatment::Backoff | Treatment::Login => (policy.initial_delay, self.failures),
        };
        if step == 0 || (stable && treatment != Treatment::Patient) {
            return Duration::ZERO;
        }
        let exponent = i32::try_from(step - 1).unwrap_or(i32::MAX).min(64);
        let seconds = start.as_secs_f64() * policy.factor.max(1.0).powi(exponent);
        let longest = policy.max_delay.min(LONGEST_DELAY);
        Duration::try_from_secs_f64(seconds).map_or(longest, |delay| delay.min(longest))
    }

    /// Attempts that failed since the connection was last stable, as of the last loss.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// The number of the attempt to come, counted from 1.
    pub fn attempt(&self) -> u32 {
        self.failures.saturating_add(1)
    }

    /// When somebody who waits may have the next attempt; `None` is now. What the server asked for
    /// holds for them too.
    pub fn earliest(&self) -> Option<Instant> {
        self.last.map(|last| last + SPACING).max(self.floor)
    }
}

#[cfg(test)]
#[path = "schedule/tests.rs"]
mod tests;
