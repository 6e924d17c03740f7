//! Calls on their way down, and how they end without an answer.

use super::{Command, Driver, Pending, PendingCall, RoutedCall};
use crate::bridge::legacy_client::Retry;
use crate::bridge::{Era, Fault};
use crate::call::{CallTicket, Failure, GoneBecause};
use crate::catalog::Capability;
use crate::server::{Loss, OutboundKind};
use crate::wire::{Method, string};
use bytes::Bytes;
use tokio::time::Instant;

impl Driver {
    /// A call for this server.
    pub(super) fn call(&mut self, call: RoutedCall) {
        let method = call.ticket.params.method;
        if !self.control.capabilities().has(Capability::of_method(method)) {
            return self.not_declared(call, method);
        }
        if method == Method::Subscribe {
            return self.subscribe(call);
        }
        if call.ticket.client.era() == Era::Modern && self.control.era() != Era::Modern {
            match Self::state_of(&call) {
                Ok(None) => {}
                Ok(Some(state)) => return self.take_up(call, &state),
                Err(fault) => return refuse(call, &fault),
            }
        }
        self.clear_parked();
        let id = self.pending.next_id();
        if let Some(pending) = self.take_on(id, call, None) {
            self.dispatch(id, pending, None);
        }
    }

    /// Makes itself the runner of a call; one that was given up before goes no further.
    pub(super) fn take_on(
        &self,
        id: u64,
        call: RoutedCall,
        ceiling: Option<Instant>,
    ) -> Option<PendingCall> {
        let commands = self.link.0.clone();
        let awaited = call.ticket.control.runs_at(move |because| {
            let _gone = commands.send(Command::Cancel(id, because));
        });
        let limits = &self.context.spec.limits;
        awaited.then(|| PendingCall::new(call, limits, ceiling, Instant::now()))
    }

    /// Sends a call, or sends it again with the input its server wanted.
    fn dispatch(&mut self, id: u64, mut pending: PendingCall, retry: Option<&Retry>) {
        self.catch_up_with_levels();
        let trace = self.told_down(&pending.call.ticket);
        let translated = match self.carried_down(&pending.call.ticket, retry, trace.as_ref()) {
            Ok(edits) => edits,
            Err(fault) => return refuse(pending.call, &fault),
        };
        let call = &mut pending.call;
        let id_text = id.to_string();
        let params = &call.ticket.params;
        let own = string(&call.route.own);
        let mut edits = translated.as_slices();
        edits.push((params.name_span, own.as_bytes()));
        if let Some((_, span)) = &params.progress_token {
            edits.push((*span, id_text.as_bytes()));
        }
        let payload = call.ticket.message.with_id(id_text.as_bytes(), &edits);
        mark_sent(&mut call.ticket);
        if !self.pending.has_calls() {
            self.silent_since = Instant::now(); // nobody waited before
        }
        self.pending.insert(id, Pending::Call(Box::new(pending)));
        self.send_within(trace, payload, OutboundKind::Request { id, initialize: false });
    }

    /// Sends a call again, with the input its server wanted.
    pub(super) fn repeat(&mut self, id: u64, retry: &Retry) {
        let Some(Pending::Call(pending)) = self.pending.remove(id) else { return };
        let id = self.pending.next_id();
        let commands = self.link.0.clone();
        let awaited = pending.call.ticket.control.runs_at(move |because| {
            let _gone = commands.send(Command::Cancel(id, because));
        });
        if awaited {
            self.dispatch(id, *pending, Some(retry));
        }
    }

    /// The server of this connection did not declare what one before it had.
    fn not_declared(&self, call: RoutedCall, method: Method) {
        let (server, method) = (self.context.spec.name.clone(), method.as_str());
        if let Some(call) = call.ticket.redeem() {
            call.fail(&Failure::NotDeclared { server, method });
        }
    }

    /// Nobody waits for a call any more.
    pub(super) fn give_up(&mut self, id: u64, because: GoneBecause) {
        self.call_over(id, "the call was given up");
        let pending = match self.pending.remove(id) {
            Some(Pending::Call(pending)) => Some(pending),
            Some(Pending::Parked(_)) => None, // asked at the same moment
            _ => return,
        };
        let reason = match because {
            GoneBecause::Cancelled(Some(raw)) => raw,
            GoneBecause::Cancelled(None) => Bytes::from_static(b"\"cancelled\""),
            GoneBecause::Disconnected => Bytes::from_static(b"\"client disconnected\""),
        };
        self.cancel(id, &reason);
        let Some(pending) = pending else { return };
        self.remember_given_up(id, &pending);
        if let Some(call) = pending.call.ticket.redeem() {
            call.forget();
        }
    }

    /// Its server may not have heard yet that a call was given up.
    fn remember_given_up(&mut self, id: u64, pending: &PendingCall) {
        let until = Instant::now() + self.context.spec.limits.call_timeout;
        let last = self.pending.last_id();
        self.given_up.enter(id, &pending.call.ticket.client, last, until);
    }

    /// A call gave no sign for too long.
    pub(super) fn time_out(&mut self, id: u64, pending: PendingCall) -> Result<(), Loss> {
        self.call_over(id, "the call took too long");
        let unsent = self.transport.is_unsent(id) && pending.rounds.is_none();
        self.remember_given_up(id, &pending);
        self.cancel(id, &Bytes::from_static(b"\"timeout\"")); // unsent, it is withdrawn
        let limits = self.context.spec.limits;
        let after = if pending.hit_ceiling() { limits.call_ceiling } else { limits.call_timeout };
        let server = self.context.spec.name.clone();
        let cause = format!("no sign of it for {} s", after.as_secs_f32());
        self.ended(&pending, "timeout", cause);
        if let Some(call) = pending.call.ticket.redeem() {
            if unsent && let Some(watched) = call.watched() {
                watched.unsent();
            }
            call.fail(&if unsent {
                let detail = format!("it has not read its input for {} s", after.as_secs_f32());
                Failure::Refused { server, cause: Loss::Protocol { detail } }
            } else {
                Failure::Timeout { server, after }
            });
        }
        // nobody watches a connection of one's own, so this is the verdict
        if self.context.own.is_some() && self.silent_since.elapsed() >= limits.call_timeout {
            return Err(Loss::TimedOut { stage: "tools/call", after });
        }
        Ok(())
    }

    /// Answers a call that cannot be answered by its server. What was not sent because the server is
    /// gone is not answered but routed again once, by dropping its ticket.
    pub(super) fn fail(&self, mut call: RoutedCall, sent: bool, cause: Loss) {
        let server = self.context.spec.name.clone();
        if !sent {
            call.ticket.mark_unsent();
            if let Some(watched) = call.ticket.watched() {
                watched.unsent();
            }
            if cause.is_of_connection() && call.ticket.goes_again() {
                return;
            }
        }
        if let Some(call) = call.ticket.redeem() {
            call.fail(&if sent {
                Failure::OutcomeUnknown { server, cause }
            } else {
                Failure::Refused { server, cause }
            });
        }
    }
}

/// A call is with its server from here on.
pub(super) fn mark_sent(ticket: &mut CallTicket) {
    ticket.mark_sent();
    if let Some(watched) = ticket.watched() {
        watched.sent();
    }
}

/// Answers a call that cannot be carried over between the eras.
fn refuse(call: RoutedCall, fault: &Fault) {
    if let Some(call) = call.ticket.redeem() {
        call.refuse(fault);
    }
}
