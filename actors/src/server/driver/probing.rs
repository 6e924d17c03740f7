//! Signs of life: what the connection notes for those who watch it, and the probes it sends for them.

use super::{Action, Driver, Loss, Pending, PendingCall, PendingProbe, PingPolicy};
use crate::catalog::Capability;
use crate::health::{Outcome, ProbeMethod, ProbeOutcome, monitor};
use crate::otp::chance;
use crate::timeline::EventKind;
use crate::wire::{Subject, request_raw};
use bytes::Bytes;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::OutboundKind;

/// One of so many answered calls is noted in the timeline.
const CALL_SAMPLE: u64 = 256;

impl Driver {
    /// Something came from the server.
    pub(super) fn sign_of_life(&mut self, now: Instant) {
        self.context.card.vitals.hear(now);
        self.silent_since = now;
    }

    /// When the silence of a call becomes suspicious, once more.
    pub(super) fn suspicious_at(&self) -> Option<Instant> {
        if !self.pending.has_calls() || self.ready_by.is_some() {
            return None;
        }
        let after = self.ping_policy().suspect_after;
        let since = self.suspected_at.map_or(self.silent_since, |at| at.max(self.silent_since));
        (!after.is_zero()).then(|| since + after)
    }

    /// Tells the monitor when a call has waited for long with not one frame; again and again as long as
    /// that lasts, because a word may be lost with a monitor.
    pub(super) fn suspect_if_due(&mut self, now: Instant) {
        if self.suspicious_at().is_some_and(|at| at <= now) {
            self.suspected_at = Some(now);
            let server = self.context.spec.name.clone();
            let suspicion = monitor::Message::Suspect(server, self.context.generation);
            self.context.monitor.tell(suspicion);
        }
    }

    fn ping_policy(&self) -> PingPolicy {
        self.context.policies.load().ping.with(&self.context.spec.ping)
    }

    /// Sends a probe. It passes neither the queue nor the breaker.
    pub(super) fn probe(
        &mut self,
        method: ProbeMethod,
        timeout: Duration,
        reply: oneshot::Sender<ProbeOutcome>,
    ) {
        let (id, now) = (self.pending.next_id(), Instant::now());
        // looking is not cheap, so only where it can matter
        let looks = method == ProbeMethod::List || self.pending.has_work();
        let before = looks.then(|| self.transport.activity());
        let probe = PendingProbe { reply, since: now, deadline: now + timeout, before };
        self.pending.insert(id, Pending::Probe(Box::new(probe)));
        let method = match method {
            ProbeMethod::List if self.control.capabilities().has(Capability::Tools) => {
                Subject::Tool.list()
            }
            // cheap, and every server of that era has it
            _ if !self.control.era().pings() => "server/discover",
            ProbeMethod::List | ProbeMethod::Ping => "ping",
        };
        let payload = request_raw(id, method, &self.control.params(""));
        self.send(payload, OutboundKind::Request { id, initialize: false });
    }

    /// A probe was not answered in time.
    pub(super) fn unanswered(&mut self, id: u64, probe: PendingProbe) {
        self.cancel(id, &Bytes::from_static(b"\"timeout\""));
        let busy = probe.before.is_some_and(|before| {
            let called = self.pending.has_work();
            self.transport.activity().shows_work(&before, probe.since.elapsed(), called)
        });
        let outcome = if busy { ProbeOutcome::Busy } else { ProbeOutcome::Silent };
        probe.ended(outcome);
    }

    /// A probe could not be delivered, or was answered by a status. The loss, when it says that the
    /// connection is of no use any more.
    pub(super) fn probe_failed(
        &mut self,
        probe: PendingProbe,
        loss: Loss,
    ) -> Result<Vec<Action>, Loss> {
        match loss {
            Loss::NeedsLogin { .. } => return Err(loss),
            Loss::HttpStatus { status: 500.., .. } => probe.ended(ProbeOutcome::Ailing),
            loss if loss.is_of_server() => {
                self.sign_of_life(Instant::now());
                probe.alive();
            }
            // if the connection ended with it, that is about to be told and this counts for nothing
            _ => probe.ended(ProbeOutcome::Silent),
        }
        Ok(Vec::new())
    }

    /// A call was answered.
    pub(super) fn answered(&mut self, call: &PendingCall) {
        let (took, now) = (call.since.elapsed(), Instant::now());
        self.record(Outcome::Answered { took }, now);
        self.calls += 1;
        if self.calls % CALL_SAMPLE == 1 {
            self.note_call(call, "ok", took);
        }
    }

    /// A call ended without an answer, for a reason of the server's.
    pub(super) fn ended(&self, call: &PendingCall, outcome: &str, cause: String) {
        self.context.card.vitals.fails(cause);
        self.record(Outcome::Failed, Instant::now());
        self.note_call(call, outcome, call.since.elapsed());
    }

    fn record(&self, outcome: Outcome, now: Instant) {
        let context = &self.context;
        let changed = context.card.vitals.call(outcome, &context.spec.breaker, chance(), now);
        if let Some(state) = changed {
            let state = state.word();
            tracing::warn!(server = %context.spec.name, state, "circuit breaker");
            context.note(EventKind::Breaker { state: state.to_owned() });
        }
    }

    fn note_call(&self, call: &PendingCall, outcome: &str, took: Duration) {
        self.context.note(EventKind::Call {
            tool: (self.context.spec.mask)(&call.call.ticket.params.label()),
            outcome: outcome.to_owned(),
            took_us: u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        });
    }
}
