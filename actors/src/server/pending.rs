//! Requests that were sent and wait for their answers. A value.

use super::RoutedCall;
use super::control::Purpose;
use super::driver::{ParkedCall, RawReply};
use super::spec::CallLimits;
use crate::bridge::Handle;
use crate::bridge::legacy_client::Rounds;
use crate::health::ProbeOutcome;
use crate::server::Activity;
use crate::session::Client;
use crate::wire::{Method, RawId};
use foldhash::fast::RandomState;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// So many calls at a server are many.
const CROWD: usize = 8;

/// One request that waits for its answer.
#[derive(Debug)]
pub(super) enum Pending {
    /// A client's call.
    Call(Box<PendingCall>),
    /// A call that waits for input of its client.
    Parked(Box<ParkedCall>),
    /// A request of ours.
    Own(Purpose, Instant),
    /// A probe of the ping manager's.
    Probe(Box<PendingProbe>),
    /// A request of an operator's.
    Raw(Box<PendingRaw>),
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

/// A request of an operator's at the server.
#[derive(Debug)]
pub(super) struct PendingRaw {
    /// The id it came with.
    pub(super) id: RawId,
    pub(super) reply: RawReply,
    pub(super) since: Instant,
    pub(super) timeout: Duration,
    pub(super) deadline: Instant,
}

/// A call at the server.
#[derive(Debug)]
pub(super) struct PendingCall {
    pub(super) call: RoutedCall,
    pub(super) since: Instant,
    deadline: Instant,
    ceiling: Instant,
    /// Only the ceiling counts.
    patient: bool,
    /// What its client is asked at the moment; meanwhile only the ceiling counts.
    questions: usize,
    /// The rounds in which a server of 2026-07-28 wants input for it.
    pub(super) rounds: Option<Box<Rounds>>,
}

impl PendingCall {
    /// A call that is about to be sent, or taken up again under an earlier `ceiling`.
    pub(super) fn new(
        call: RoutedCall,
        limits: &CallLimits,
        ceiling: Option<Instant>,
        now: Instant,
    ) -> Self {
        let ceiling = ceiling.unwrap_or(now + limits.call_ceiling);
        // the result of a task comes when it is done
        let patient = call.ticket.params.method == Method::TaskResult;
        let mut pending = Self {
            call,
            since: now,
            deadline: ceiling,
            ceiling,
            patient,
            questions: 0,
            rounds: None,
        };
        pending.extend(limits, now);
        pending
    }

    /// Its client is asked something: that may take its time.
    pub(super) fn asks(&mut self) {
        self.questions += 1;
        self.deadline = self.ceiling;
    }

    /// That was answered, or is not asked any more.
    pub(super) fn was_told(&mut self, limits: &CallLimits, now: Instant) {
        self.questions = self.questions.saturating_sub(1);
        self.extend(limits, now);
    }

    /// Its rounds.
    pub(super) fn rounds(&mut self) -> &mut Rounds {
        self.rounds.get_or_insert_default()
    }

    /// Its ceiling and the call itself.
    pub(super) fn into_parts(self) -> (Instant, RoutedCall) {
        (self.ceiling, self.call)
    }

    /// A sign of the call was heard: its silence starts anew, under the ceiling.
    pub(super) fn extend(&mut self, limits: &CallLimits, now: Instant) {
        if self.patient || self.questions > 0 {
            return;
        }
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
    /// Keys are ours alone.
    requests: HashMap<u64, Pending, RandomState>,
    calls: usize,
    raws: usize,
    /// No deadline is earlier; `None` when that is not known.
    soonest: Option<Instant>,
}

impl PendingTable {
    /// The id for the next request.
    pub(super) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// The id of the newest request.
    pub(super) fn last_id(&self) -> u64 {
        self.last_id
    }

    pub(super) fn insert(&mut self, id: u64, pending: Pending) {
        self.calls += usize::from(matches!(pending, Pending::Call(_)));
        self.raws += usize::from(matches!(pending, Pending::Raw(_)));
        if self.requests.is_empty() {
            self.soonest = Some(pending.deadline());
        }
        self.soonest = self.soonest.map(|soonest| soonest.min(pending.deadline()));
        self.requests.insert(id, pending);
    }

    pub(super) fn remove(&mut self, id: u64) -> Option<Pending> {
        let pending = self.requests.remove(&id)?;
        self.calls -= usize::from(matches!(pending, Pending::Call(_)));
        self.raws -= usize::from(matches!(pending, Pending::Raw(_)));
        Some(pending)
    }

    /// The call with this id; its deadline may be moved.
    pub(super) fn call(&mut self, id: u64) -> Option<&mut PendingCall> {
        self.soonest = None;
        match self.requests.get_mut(&id)? {
            Pending::Call(call) => Some(call),
            _ => None,
        }
    }

    /// The parked call with this id.
    pub(super) fn parked(&mut self, id: u64) -> Option<&mut ParkedCall> {
        self.soonest = None;
        match self.requests.get_mut(&id)? {
            Pending::Parked(parked) => Some(parked),
            _ => None,
        }
    }

    /// The ids of all parked calls.
    pub(super) fn all_parked(&self) -> Vec<u64> {
        let parked =
            |(id, pending): (&u64, &Pending)| matches!(pending, Pending::Parked(_)).then_some(*id);
        self.requests.iter().filter_map(parked).collect()
    }

    /// All parked calls.
    pub(super) fn each_parked(&self) -> impl Iterator<Item = &ParkedCall> {
        self.requests.values().filter_map(|pending| match pending {
            Pending::Parked(parked) => Some(&**parked),
            _ => None,
        })
    }

    /// The id of the parked call with this handle.
    pub(super) fn parked_as(&self, handle: &Handle) -> Option<u64> {
        let is_it = |pending: &Pending| matches!(pending, Pending::Parked(parked) if parked.handle() == handle);
        self.requests.iter().find(|(_, pending)| is_it(pending)).map(|(id, _)| *id)
    }

    /// Whose call this is, parked or not.
    pub(super) fn caller(&self, id: u64) -> Option<&Arc<Client>> {
        self.requests.get(&id)?.caller()
    }

    /// All calls, parked or not: whose they are, and whether they wait for an answer of their client.
    pub(super) fn callers(&self) -> impl Iterator<Item = (u64, &Arc<Client>, bool)> {
        self.requests.iter().filter_map(|(id, pending)| {
            let waits = match pending {
                Pending::Call(call) => call.questions > 0,
                _ => true,
            };
            Some((*id, pending.caller()?, waits))
        })
    }

    /// Whether any call waits for its answer.
    pub(super) fn has_calls(&self) -> bool {
        self.calls > 0
    }

    /// Whether many calls wait for their answers.
    pub(super) fn is_crowded(&self) -> bool {
        self.calls >= CROWD
    }

    /// How many requests of operators wait for their answers.
    pub(super) fn raws(&self) -> usize {
        self.raws
    }

    /// Whether this is a request of an operator's.
    pub(super) fn is_raw(&self, id: u64) -> bool {
        matches!(self.requests.get(&id), Some(Pending::Raw(_)))
    }

    /// Whether this waits for its answer.
    pub(super) fn is_under_way(&self, id: u64) -> bool {
        self.requests.contains_key(&id)
    }

    /// The requests of operators who do not wait any more.
    pub(super) fn abandoned(&self) -> Vec<u64> {
        let all = self.requests.iter().filter_map(|(id, pending)| match pending {
            Pending::Raw(raw) if raw.reply.is_closed() => Some(*id),
            _ => None,
        });
        all.collect()
    }

    /// Whether the server has anything to work at.
    pub(super) fn has_work(&self) -> bool {
        self.calls + self.raws > 0
    }

    /// The only call there is, parked or not, if there is exactly one.
    pub(super) fn only_caller(&self) -> Option<u64> {
        let mut callers = self.callers().map(|(id, _, _)| id);
        let only = callers.next()?;
        callers.next().is_none().then_some(only)
    }

    /// Whether this is a request of ours, and neither a call nor an operator's.
    pub(super) fn is_ours(&self, id: u64) -> bool {
        let operators = |pending: &Pending| matches!(pending, Pending::Raw(_));
        let pending = self.requests.get(&id);
        pending.is_some_and(|pending| pending.caller().is_none() && !operators(pending))
    }

    /// No deadline comes before; of a request that is over it may be earlier than all others.
    pub(super) fn next_deadline(&mut self) -> Option<Instant> {
        if self.requests.is_empty() {
            return None;
        }
        if self.soonest.is_none() {
            self.soonest = self.requests.values().map(Pending::deadline).min();
        }
        self.soonest
    }

    /// Takes out what is due.
    pub(super) fn expired(&mut self, now: Instant) -> Vec<(u64, Pending)> {
        if self.next_deadline().is_none_or(|soonest| soonest > now) {
            return Vec::new();
        }
        self.soonest = None;
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
        (self.calls, self.raws) = (0, 0);
        self.requests.drain().collect()
    }
}

impl Pending {
    fn caller(&self) -> Option<&Arc<Client>> {
        match self {
            Self::Call(call) => Some(&call.call.ticket.client),
            Self::Parked(parked) => Some(parked.client()),
            Self::Own(..) | Self::Probe(_) | Self::Raw(_) | Self::Watch { .. } => None,
        }
    }

    fn deadline(&self) -> Instant {
        match self {
            Self::Call(call) => call.deadline,
            Self::Parked(parked) => parked.until(),
            Self::Own(_, deadline) | Self::Watch { deadline, .. } => *deadline,
            Self::Probe(probe) => probe.deadline,
            Self::Raw(raw) => raw.deadline,
        }
    }
}
