//! What calls wait for, and what those are told that do not get it.

use super::{Alarm, Message, State};
use crate::call::{CallTicket, Failure};
use crate::fleet::Admitted;
use crate::server::phase::Phase;
use ractor::ActorRef;
use std::time::Duration;
use tokio::time::Instant;

/// Has the queue looked through when the client of a call that waits gives it up, so that the call is over
/// then and not when its time is.
pub(super) fn hear_of_its_end(call: &CallTicket, me: &ActorRef<Message>) {
    let look = {
        let me = me.clone();
        move || drop(me.cast(Message::Due(Alarm::Queue)))
    };
    let waits = call.control.runs_at({
        let look = look.clone();
        move |_| look()
    });
    if !waits {
        look();
    }
}

impl State {
    /// Says of a call what it waits for from here on.
    pub(super) fn mark(&self, call: &CallTicket) {
        match (call.watched(), &self.phase) {
            (Some(watched), Phase::Ready { .. }) => watched.queues(),
            (Some(watched), _) => watched.waits(),
            (None, _) => {}
        }
    }

    /// Why no call is taken at the moment, if none is.
    pub(super) fn refusal(&self, now: Instant) -> Option<Failure> {
        let (server, vitals) = (|| self.spec.name.clone(), &self.arguments.card.vitals);
        match &self.phase {
            Phase::Stopped => Some(self.unavailable(Duration::ZERO, now)),
            Phase::Ready { .. } => match vitals.admit(&self.spec.breaker, now) {
                Admitted::Yes => None,
                Admitted::No(next) => {
                    let cause = vitals.trouble();
                    Some(Failure::BreakerOpen { server: server(), cause, next })
                }
            },
            Phase::Idle
            | Phase::Waiting { .. }
            | Phase::Starting { .. }
            | Phase::Publishing { .. } => None,
        }
    }

    /// What a call is told that waited so long in vain.
    pub(super) fn unavailable(&self, waited: Duration, now: Instant) -> Failure {
        let server = self.spec.name.clone();
        let (cause, next) = match &self.phase {
            Phase::Ready { .. } => return Failure::QueueTimeout { server, waited },
            Phase::Waiting { until, cause, .. } => (
                cause.as_ref().map(|(_, loss)| loss.clone()),
                Some(until.saturating_duration_since(now)),
            ),
            Phase::Idle | Phase::Stopped => (None, None),
            Phase::Starting { .. } | Phase::Publishing { .. } => (self.last_loss.clone(), None),
        };
        let (attempt, state) = (self.schedule.failures(), self.phase.state(now).word());
        Failure::Unavailable { server, state, cause, attempt, next }
    }
}
