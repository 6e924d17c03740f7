//! The checks of `monitor`, `ping`, `reconnection` and `breaker`, of the gateway and of servers.
//!
//! The gateway's block is judged like the part a server gives: as a change of a policy that is
//! known. What two keys say together is told at the one that was written.
//!
//! *Invariant:* every span that comes out is at most [`LONGEST`], so that sums and multiples of a
//! few of them never overflow.

use super::file::{Breaker, OwnMonitor, OwnPing, OwnReconnection, Span};
use super::validate::Judge;
use mcpvisor_actors::health::{BreakerPolicy, MonitorPatch, MonitorPolicy, PingPatch, PingPolicy};
use mcpvisor_actors::reconnection::ReconnectionPolicy;
use std::time::Duration;

/// No wait is longer.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// No count of failures is larger.
const MOST_FAILURES: usize = 1000;
/// No delay grows faster.
const STEEPEST: f64 = 100.0;

/// Judges a change of when a server is checked.
pub(super) fn monitor(
    own: &OwnMonitor,
    base: MonitorPolicy,
    path: &[&str],
    judge: &mut Judge<'_>,
) -> MonitorPatch {
    let mut keys = Keys { path, judge };
    let patch = MonitorPatch {
        enabled: own.enabled,
        check_interval: keys.some(own.check_interval, "check_interval"),
        adaptive_interval: own.adaptive_interval,
        stable_interval: keys.some(own.stable_interval, "stable_interval"),
        unstable_interval: keys.some(own.unstable_interval, "unstable_interval"),
        quality_threshold: own.quality_threshold.map(|score| keys.percent(score)),
    };
    let whole = base.with(&patch);
    keys.ordered(
        ("unstable_interval", whole.unstable_interval),
        ("stable_interval", whole.stable_interval),
    );
    patch
}

/// Judges a change of how a server is asked whether it lives.
pub(super) fn ping(own: &OwnPing, path: &[&str], judge: &mut Judge<'_>) -> PingPatch {
    let mut keys = Keys { path, judge };
    if let Some(count) = own.max_failures {
        keys.judge.positive(&keys.at("max_failures"), count, "write 1 or more");
    }
    PingPatch {
        enabled: own.enabled,
        interval: keys.some(own.interval, "interval"),
        timeout: keys.some(own.timeout, "timeout"),
        max_failures: own.max_failures.map(|count| keys.failures(count, "max_failures")),
        suspect_after: own.suspect_after.map(|span| keys.bounded(span, "suspect_after")),
    }
}

/// Judges a change of how a server is connected again.
pub(super) fn reconnection(
    own: &OwnReconnection,
    base: ReconnectionPolicy,
    path: &[&str],
    judge: &mut Judge<'_>,
) -> ReconnectionPolicy {
    let mut keys = Keys { path, judge };
    let factor = own.factor.unwrap_or(base.factor);
    if own.factor.is_some() && !(1.0..=STEEPEST).contains(&factor) {
        let message = "is not between 1 and 100";
        keys.judge.fault(&keys.at("factor"), message, "write a number such as `2.0`");
    }
    let policy = ReconnectionPolicy {
        initial_delay: keys.some(own.initial_delay, "initial_delay").unwrap_or(base.initial_delay),
        factor,
        max_delay: keys.some(own.max_delay, "max_delay").unwrap_or(base.max_delay),
        jitter: own.jitter.unwrap_or(base.jitter),
        park_after: keys.some(own.park_after, "park_after").unwrap_or(base.park_after),
        stable_after: keys.some(own.stable_after, "stable_after").unwrap_or(base.stable_after),
    };
    keys.ordered(("initial_delay", policy.initial_delay), ("max_delay", policy.max_delay));
    policy
}

/// Judges when calls are refused at once.
pub(super) fn breaker(breaker: &Breaker, path: &[&str], judge: &mut Judge<'_>) -> BreakerPolicy {
    let mut keys = Keys { path, judge };
    BreakerPolicy {
        failures: keys.failures(breaker.failures, "failures"),
        open_for: keys.span(breaker.open_for, "open_for"),
    }
}

/// Says so when calls of a server are over before they could be suspected, though that was asked
/// for.
pub(super) fn suspicion(
    name: &str,
    policy: &PingPolicy,
    call_timeout: Duration,
    judge: &mut Judge<'_>,
) {
    let own = ["servers", name, "ping", "suspect_after"];
    let Some(path) = [&own[..], &own[2..]].into_iter().find(|path| judge.written(path)) else {
        return;
    };
    if policy.enabled && !policy.suspect_after.is_zero() && policy.suspect_after >= call_timeout {
        let message = format!(
            "has no effect for `{name}`: its calls end after {} of silence (`call_timeout`)",
            Span(call_timeout)
        );
        judge.note(path, message, "lower it or raise `call_timeout`");
    }
}

/// The keys of one block.
struct Keys<'k, 'j> {
    path: &'k [&'k str],
    judge: &'k mut Judge<'j>,
}

impl<'k> Keys<'k, '_> {
    fn at(&self, key: &'k str) -> Vec<&'k str> {
        [self.path, &[key]].concat()
    }

    /// A span that is given: more than nothing.
    fn some(&mut self, span: Option<Span>, key: &'k str) -> Option<Duration> {
        span.map(|span| self.span(span, key))
    }

    /// More than nothing.
    fn span(&mut self, span: Span, key: &'k str) -> Duration {
        self.judge.positive(&self.at(key), span.0, "write a duration such as `10s`");
        self.bounded(span, key)
    }

    /// Nothing too, but not for ever.
    fn bounded(&mut self, span: Span, key: &'k str) -> Duration {
        if span.0 > LONGEST {
            self.judge.fault(&self.at(key), "is more than 365 days", "write a shorter duration");
        }
        span.0
    }

    fn percent(&mut self, score: usize) -> u8 {
        self.judge.percent(&self.at("quality_threshold"), score)
    }

    fn failures(&mut self, count: usize, key: &'k str) -> u32 {
        if count > MOST_FAILURES {
            self.judge.fault(&self.at(key), "is more than 1000", "write a smaller number");
        }
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// The first is at most the second. Zero has its own fault; what is inherited has been judged.
    fn ordered(&mut self, (low, least): (&'k str, Duration), (high, most): (&'k str, Duration)) {
        if least <= most || most.is_zero() {
            return;
        }
        let (least, most) = (Span(least), Span(most));
        if self.judge.written(&self.at(low)) {
            let message = format!("{least} is more than `{high}` ({most})");
            self.judge.fault(&self.at(low), message, format!("lower it or raise `{high}`"));
        } else if self.judge.written(&self.at(high)) {
            let message = format!("{most} is less than `{low}` ({least})");
            self.judge.fault(&self.at(high), message, format!("raise it or lower `{low}`"));
        }
    }
}
