//! Requests that were sent and wait for their answers. A value.

use super::RoutedCall;
use super::control::Purpose;
use super::spec::CallLimits;
use crate::health::ProbeOutcome;
use crate::server::Activity;
use std::collections::HashMap;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// One request that waits for its answer.
#[derive(Debug)]
pub(super) enum Pending {
    /// A client's call.
    Call(Box<PendingCall>),
    /// A request of ours.
    Own(Purpose, Instant),
    /// A probe of the ping manager's.
    Probe(Box<PendingProbe>),
    /// A request to watch a resource, or to watch it no longer.
    Watch { uri: Box<str>, leaving: bool, deadline: Instant },
}

/// A probe at the server.
#[derive(Debug)]
pub(super) struct PendingProbe {
    pub(super) reply: oneshot::Sender<ProbeOutcome>,
    pub(super) since: Instant,
    pub(super) deadline: Instant,
    /// What the server did when it was sent.
    pub(super) before: Option<Activity>,
}

impl PendingProbe {
    /// It was answered, with whatever.
    pub(super) fn alive(self) {
        let rtt = self.since.elapsed();
        self.ended(ProbeOutcome::Alive { rtt });
    }

    /// It is over.
    pub(super) fn ended(self, outcome: ProbeOutcome) {
        let _nobody_waits = self.reply.send(outcome);
    }
}

/// A call at the server.
#[derive(Debug)]
pub(super) struct PendingCall {
    pub(super) call: RoutedCall,
    pub(super) since: Instant,
    deadline: Instant,
    ceiling: Instant,
}

impl PendingCall {
    pub(super) fn new(call: RoutedCall, limits: &CallLimits, now: Instant) -> Self {
        let ceiling = now + limits.call_ceiling;
        let deadline = (now + limits.call_timeout).min(ceiling);
        Self { call, since: now, deadline, ceiling }
    }

    /// A sign of the call was heard: its silence starts anew, under the ceiling.
    pub(super) fn extend(&mut self, limits: &CallLimits, now: Instant) {
        self.deadline = (now + limits.call_timeout).min(self.ceiling);
    }

    /// Whether the ceiling, not silence, ended it.
    pub(super) fn hit_ceiling(&self) -> bool {
        self.deadline == self.ceiling
    }
}

/// The table of requests by the ids we gave them.
#[derive(Debug, Default)]
pub(super) struct PendingTable {
    last_id: u64,
    requests: HashMap<u64, Pending>,
    calls: usize,
}

impl PendingTable {
    /// The id for the next request.
    pub(super) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    pub(super) fn insert(&mut self, id: u64, pending: Pending) {
        self.calls += usize::from(matches!(pending, Pending::Call(_)));
        self.requests.insert(id, pending);
    }

    pub(super) fn remove(&mut self, id: u64) -> Option<Pending> {
        let pending = self.requests.remove(&id)?;
        self.calls -= usize::from(matches!(pending, Pending::Call(_)));
        Some(pending)
    }

    /// The call with this id.
    pub(super) fn call(&mut self, id: u64) -> Option<&mut PendingCall> {
        match self.requests.get_mut(&id)? {
            Pending::Call(call) => Some(call),
            Pending::Own(..) | Pending::Probe(_) | Pending::Watch { .. } => None,
        }
    }

    /// Whether any call waits for its answer.
    pub(super) fn has_calls(&self) -> bool {
        self.calls > 0
    }

    /// The only call there is, if there is exactly one.
    pub(super) fn only_call(&mut self) -> Option<&mut PendingCall> {
        if self.calls != 1 {
            return None;
        }
        self.requests.values_mut().find_map(|pending| match pending {
            Pending::Call(call) => Some(&mut **call),
            Pending::Own(..) | Pending::Probe(_) | Pending::Watch { .. } => None,
        })
    }

    /// When the next deadline comes.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.requests.values().map(Pending::deadline).min()
    }

    /// Takes out what is due.
    pub(super) fn expired(&mut self, now: Instant) -> Vec<(u64, Pending)> {
        let due: Vec<u64> = self
            .requests
            .iter()
            .filter(|(_, pending)| pending.deadline() <= now)
            .map(|(id, _)| *id)
            .collect();
        due.into_iter().filter_map(|id| Some((id, self.remove(id)?))).collect()
    }

    /// Takes out everything.
    pub(super) fn drain(&mut self) -> Vec<(u64, Pending)> {
        self.calls = 0;
        self.requests.drain().collect()
    }
}

impl Pending {
    fn deadline(&self) -> Instant {
        match self {
            Self::Call(call) => call.deadline,
            Self::Own(_, deadline) | Self::Watch { deadline, .. } => *deadline,
            Self::Probe(probe) => probe.deadline,
        }
    }
}
