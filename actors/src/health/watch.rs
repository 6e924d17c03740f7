//! When one server is probed and what is concluded from it. A value: facts and time in, steps out.
//!
//! *Invariant:* a server is condemned only after a second, longer probe by another method went
//! unanswered with not one frame heard meanwhile.

use super::{Checks, PingPolicy, ProbeMethod, ProbeNumber, ProbeOutcome};
use crate::server::Generation;
use std::time::Duration;
use tokio::time::Instant;

/// How much of the timeout the first probe on suspicion waits: somebody waits already.
const SUSPICION_PART: f64 = 0.3;
/// A probe whose outcome does not come this long after its time is asked anew. Long, because it may
/// wait for its turn behind those of many servers that are silent too, and asked anew it would wait
/// from the beginning.
const LOST_AFTER: Duration = Duration::from_secs(600);

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing.
    Nothing,
    /// Probe it.
    Probe {
        /// What to ask.
        method: ProbeMethod,
        /// How long to wait.
        timeout: Duration,
        /// Whether a call's silence is the reason.
        suspicion: bool,
    },
    /// End its connection.
    Condemn {
        /// How long nothing was heard.
        silent: Duration,
        /// Probes that went unanswered.
        probes: u32,
    },
}

/// What a watch goes by at this moment.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// The probing policy.
    pub ping: PingPolicy,
    /// Time between two checks.
    pub interval: Duration,
    /// The same after a failed one.
    pub recheck: Duration,
    /// A server that computes and says nothing is left alone this long.
    pub busy_limit: Duration,
    /// Whether it is known to ignore pings.
    pub ignores_ping: bool,
    /// Whether its silence proves nothing at the moment: it is at work, and known not to speak then.
    pub at_work: bool,
}

/// The watch over one server.
#[derive(Debug, Clone, Default)]
pub struct Watch {
    generation: Option<Generation>,
    since: Option<Instant>,
    probing: Option<Probing>,
    /// Since when it computes, or is at work, and says nothing.
    busy_since: Option<Instant>,
    checks: Checks,
}

#[derive(Debug, Clone, Copy)]
struct Probing {
    number: ProbeNumber,
    since: Instant,
    until: Instant,
    confirming: bool,
    suspicion: bool,
}

impl Watch {
    /// A connection is ready: the first check comes after `first`.
    pub fn up(&mut self, generation: Generation, first: Duration, now: Instant) {
        let checks = Checks { next: Some(now + first), interval: first, ..Checks::default() };
        let (generation, since) = (Some(generation), Some(now));
        *self = Self { generation, since, checks, ..Self::default() };
    }

    /// There is no connection: checks are paused.
    pub fn down(&mut self) {
        self.generation = None;
        self.probing = None;
        self.checks.next = None;
    }

    /// The connection watched.
    pub fn generation(&self) -> Option<Generation> {
        self.generation
    }

    /// The probe whose outcome counts; that of an earlier one, given up for it, does not.
    pub fn awaits(&self) -> Option<ProbeNumber> {
        self.probing.map(|probing| probing.number)
    }

    /// What the checks showed.
    pub fn checks(&self) -> Checks {
        self.checks
    }

    /// When [`Self::due`] is worth calling.
    pub fn next(&self) -> Option<Instant> {
        self.generation?;
        match self.probing {
            Some(probing) => Some(probing.until + LOST_AFTER),
            None => self.checks.next,
        }
    }

    /// Looks whether a check is due; `heard` is when the last frame came.
    pub fn due(&mut self, heard: Option<Instant>, rules: &Rules, now: Instant) -> Step {
        if self.generation.is_none() || self.next().is_none_or(|next| now < next) {
            return Step::Nothing;
        }
        if let Some(lost) = self.probing.take() {
            return self.probe(lost.confirming, lost.suspicion, rules, now);
        }
        // the answer to the last probe is no traffic
        let probed = self.checks.last.filter(|_| self.checks.outcome.is_some());
        let traffic = heard.filter(|at| probed.is_none_or(|probed| *at > probed));
        let recent = rules.ping.interval.min(rules.interval);
        match traffic.filter(|at| now.saturating_duration_since(*at) < recent) {
            Some(at) => {
                self.passed(None, rules, now);
                self.checks.next = Some(at + rules.interval);
                Step::Nothing
            }
            None if rules.ping.enabled => self.probe(false, false, rules, now),
            None => {
                self.passed(None, rules, now);
                Step::Nothing
            }
        }
    }

    /// A call has waited for long with not one frame: probe at once. A routine probe under way takes
    /// too long and is given up for a quicker one.
    pub fn suspect(&mut self, rules: &Rules, now: Instant) -> Step {
        if self.busy_since.is_some() && self.checks.next.is_some_and(|next| now < next) {
            return Step::Nothing; // it was found busy a moment ago
        }
        match self.probing {
            _ if self.generation.is_none() || !rules.ping.enabled => Step::Nothing,
            Some(probing) if probing.suspicion => Step::Nothing,
            Some(probing) => self.probe(probing.confirming, true, rules, now),
            None => self.probe(false, true, rules, now),
        }
    }

    /// A person asks: probe now.
    pub fn ask(&mut self, rules: &Rules, now: Instant) -> Step {
        if self.generation.is_none() || self.probing.is_some() {
            return Step::Nothing;
        }
        self.probe(false, false, rules, now)
    }

    /// A probe ended.
    pub fn probed(
        &mut self,
        outcome: ProbeOutcome,
        heard: Option<Instant>,
        rules: &Rules,
        now: Instant,
    ) -> Step {
        let Some(probing) = self.probing.take() else { return Step::Nothing };
        let heard_meanwhile = heard.is_some_and(|at| at >= probing.since);
        let silent = now.saturating_duration_since(heard.or(self.since).unwrap_or(now));
        match outcome {
            ProbeOutcome::Gone => {
                self.checks.next = Some(now + rules.recheck); // its end is about to be told
                Step::Nothing
            }
            ProbeOutcome::Silent | ProbeOutcome::Busy
                if !heard_meanwhile && self.may_be_busy(outcome, probing.since, rules, now) =>
            {
                self.failed(outcome, now, rules, now);
                self.checks.failures = 0;
                Step::Nothing
            }
            ProbeOutcome::Silent | ProbeOutcome::Busy if !heard_meanwhile => {
                self.failed(outcome, probing.since, rules, now);
                let last = self.checks.failures >= rules.ping.max_failures;
                if probing.confirming {
                    return Step::Condemn { silent, probes: self.checks.failures };
                }
                if probing.suspicion || last {
                    return self.probe(true, probing.suspicion, rules, now);
                }
                Step::Nothing
            }
            ProbeOutcome::Alive { .. } | ProbeOutcome::Ailing => {
                self.passed(Some(outcome), rules, now);
                Step::Nothing
            }
            // something else was heard while the probe waited: the interval counts from there
            ProbeOutcome::Silent | ProbeOutcome::Busy => {
                self.passed(Some(outcome), rules, now);
                let heard = heard.unwrap_or(now);
                self.checks.next = Some(now.max(heard + rules.interval));
                Step::Nothing
            }
        }
    }

    /// Whether its silence is excused by what it does, for a while.
    fn may_be_busy(
        &mut self,
        outcome: ProbeOutcome,
        probed: Instant,
        rules: &Rules,
        now: Instant,
    ) -> bool {
        if outcome != ProbeOutcome::Busy && !rules.at_work {
            return false;
        }
        let since = *self.busy_since.get_or_insert(probed);
        now.saturating_duration_since(since) < rules.busy_limit
    }

    fn probe(&mut self, confirming: bool, suspicion: bool, rules: &Rules, now: Instant) -> Step {
        let timeout = match (confirming, suspicion) {
            (false, true) => rules.ping.timeout.mul_f64(SUSPICION_PART),
            (false, false) | (true, true) => rules.ping.timeout,
            (true, false) => rules.ping.timeout * 2,
        };
        let by_list = confirming || rules.ignores_ping;
        let method = if by_list { ProbeMethod::List } else { ProbeMethod::Ping };
        let (number, until) = (ProbeNumber::next(), now + timeout);
        self.probing = Some(Probing { number, since: now, until, confirming, suspicion });
        Step::Probe { method, timeout, suspicion }
    }

    fn passed(&mut self, outcome: Option<ProbeOutcome>, rules: &Rules, now: Instant) {
        self.busy_since = None;
        self.checks = Checks {
            last: Some(now),
            outcome,
            failures: 0,
            next: Some(now + rules.interval),
            interval: rules.interval,
        };
    }

    /// The next check comes `rules.recheck` after `from`.
    fn failed(&mut self, outcome: ProbeOutcome, from: Instant, rules: &Rules, now: Instant) {
        self.checks = Checks {
            last: Some(now),
            outcome: Some(outcome),
            failures: self.checks.failures + 1,
            next: Some(now.max(from + rules.recheck)),
            interval: rules.recheck,
        };
    }
}

#[cfg(test)]
#[path = "watch/tests.rs"]
mod tests;
