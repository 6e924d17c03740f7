//! What a server says, on its way up.

use super::translating::answer;
use super::{
    Action, Driver, Ended, Inbound, Kind, Loss, Message, Noise, Pending, PendingCall,
    ProgressParams, RawId,
};
use crate::bridge::Translated;
use crate::bridge::legacy_client::Answer;
use crate::health::monitor;
use crate::server::RoutedCall;
use crate::server::loss::shown;
use crate::server::sharing::Whose;
use crate::session::{Fact, LogLevel};
use crate::timeline::EventKind;
use crate::wire::CancelParams;
use tokio::time::Instant;

impl Driver {
    /// Takes in one thing heard; the loss when it was the last.
    pub(super) fn hear(&mut self, inbound: Inbound) -> Result<Vec<Action>, Loss> {
        self.hears(&inbound);
        if matches!(inbound, Inbound::Message { .. } | Inbound::Noise(_)) {
            self.sign_of_life(Instant::now());
        }
        match inbound {
            Inbound::Message { message, related } => Ok(self.message(&message, related)),
            Inbound::Failed { id, sent, loss } => {
                self.failed(id, sent, loss.masked(&self.context.spec.mask))
            }
            Inbound::Noise(noise) => Ok(self.noise(noise)),
            Inbound::Lost(loss) => Err(loss),
        }
    }

    fn message(&mut self, message: &Message, related: Option<u64>) -> Vec<Action> {
        match message.kind() {
            Kind::Response { id, ok } => {
                let (id, ok) = (id.as_ref().and_then(RawId::as_number), *ok);
                self.response(id, ok, message)
            }
            Kind::Notification { method } => match &**method {
                "notifications/progress" => {
                    self.progress(message);
                    Vec::new()
                }
                "notifications/message" => {
                    self.log(message, related);
                    Vec::new()
                }
                "notifications/cancelled" => {
                    if let Some(id) = CancelParams::of(message)
                        .and_then(|given_up| RawId::new(given_up.request_id))
                    {
                        self.server_gives_up(&id);
                    }
                    Vec::new()
                }
                "notifications/tasks/status" => {
                    self.task_status(message);
                    Vec::new()
                }
                "notifications/elicitation/complete" => {
                    self.elicited(message);
                    Vec::new()
                }
                "notifications/resources/updated" => {
                    self.updated(message);
                    Vec::new()
                }
                "notifications/subscriptions/acknowledged" => self.acknowledged(message, related),
                changed => self.control.list_changed(changed, Instant::now()),
            },
            Kind::Request { .. } => {
                self.asked(message, related);
                Vec::new()
            }
        }
    }

    fn response(&mut self, id: Option<u64>, ok: bool, message: &Message) -> Vec<Action> {
        if let Some(id) = id {
            self.given_up.answered(id);
        }
        match id.and_then(|id| self.pending.remove(id)) {
            Some(Pending::Call(pending)) => {
                self.finish(id.unwrap_or_default(), *pending, message);
                Vec::new()
            }
            Some(Pending::Parked(parked)) => {
                self.answered_parked(id.unwrap_or_default(), parked, message.clone());
                Vec::new()
            }
            Some(Pending::Probe(probe)) => {
                probe.alive();
                Vec::new()
            }
            Some(Pending::Raw(raw)) => {
                self.raw_answered(id.unwrap_or_default(), *raw, message);
                Vec::new()
            }
            Some(Pending::Own(purpose, _)) => {
                let outcome = message.outcome().unwrap_or_default();
                let outcome = if ok { Ok(outcome) } else { Err(outcome) };
                self.control.answered(purpose, outcome, Instant::now())
            }
            Some(Pending::Watch { uri, leaving, .. }) => {
                self.watch_ended(&uri, leaving, &Ended::Answered(message, ok));
                Vec::new()
            }
            // a second answer, an answer to a request given up, or a wrong id: nobody waits for it
            None => {
                let over = Ended::Lost(false, Loss::StreamEnded);
                let ended = if ok { over } else { Ended::Answered(message, false) };
                if id.is_some_and(|id| self.listen_ended(id, &ended)) {
                    return Vec::new();
                }
                tracing::debug!(server = %self.context.spec.name, ?id, "an answer nobody waits for");
                Vec::new()
            }
        }
    }

    /// A call was answered, or its server wants input first.
    pub(super) fn finish(&mut self, id: u64, pending: PendingCall, message: &Message) {
        match self.carried_up(&pending.call.ticket, message) {
            Answer::Final(translated) => {
                self.call_over(id, "the call is over");
                self.answered(&pending);
                self.eliciting.required(message, &pending.call.ticket.client.session);
                let RoutedCall { ticket, route, .. } = &pending.call;
                match self.note_task(id, ticket, route, message) {
                    Ok(()) => answer(pending.call, message, translated),
                    Err(fault) => answer(pending.call, message, Translated::Fault(fault)),
                }
            }
            Answer::InputRequired(result) => {
                self.pending.insert(id, Pending::Call(Box::new(pending)));
                self.input_required(id, &result);
            }
        }
    }

    /// Passes progress on to the call it belongs to, with the client's own token.
    fn progress(&mut self, message: &Message) {
        let Some(progress) = ProgressParams::of(message) else { return };
        let Some(pending) = self.pending.call(progress.token) else {
            return self.task_progress(message, &progress);
        };
        pending.extend(&self.context.spec.limits, Instant::now());
        let call = &mut pending.call.ticket;
        if let Some((token, _)) = &call.params.progress_token {
            let payload = message.notified(&[(progress.token_span, token)]);
            call.progress(payload);
        }
    }

    /// Passes a log message to the call it belongs to when that is known, else to every session that
    /// sees this server.
    fn log(&mut self, message: &Message, related: Option<u64>) {
        let Some(level) = message.params().and_then(LogLevel::of_params) else { return };
        let of_call = match related {
            Some(id) if self.pending.is_ours(id) => None,
            Some(id) => Some(id),
            None => self.pending.only_caller(),
        };
        let call = of_call.and_then(|id| self.pending.call(id));
        if let Some(observer) = &self.context.observer {
            let watched = call.as_ref().and_then(|pending| pending.call.ticket.watched());
            let number = watched.map(|watched| watched.observed().number);
            let server = self.context.shared_name();
            observer.said(&server, level, message.params().unwrap_or_default(), number);
        }
        match call {
            Some(pending) => {
                let call = &pending.call.ticket;
                if call.client.wants(level) {
                    call.log(message.notified(&[]));
                }
            }
            None if of_call.is_some() => {} // nobody else's, and its client hears nothing any more
            None if self.levels.borrow().is_some_and(|least| level >= least) => {
                let fact = Fact::Log(level, message.notified(&[]));
                let sessions = &self.context.sessions;
                let server = &self.context.spec.name;
                match &self.context.own {
                    None => sessions.broadcast(&fact, |view| view.has(server)),
                    Some(Whose::Session(session)) => sessions.tell(session, &fact),
                    Some(Whose::Stateless(_)) => {}
                }
            }
            None => {} // no session wants it
        }
    }

    fn failed(&mut self, id: u64, sent: bool, loss: Loss) -> Result<Vec<Action>, Loss> {
        self.call_over(id, "the call failed");
        match self.pending.remove(id) {
            Some(Pending::Call(pending)) => {
                let sent = sent || pending.rounds.is_some();
                if sent || !loss.is_of_connection() {
                    self.ended(&pending, "transport_error", loss.to_string());
                }
                if matches!(loss, Loss::NeedsLogin { .. }) {
                    // this call alone, or all of them? a probe tells
                    let check = monitor::Message::Check(self.context.spec.name.clone());
                    self.context.monitor.tell(check);
                }
                self.fail(pending.call, sent, loss);
            }
            Some(Pending::Probe(probe)) => return self.probe_failed(*probe, loss),
            Some(Pending::Raw(raw)) => raw.lost(sent, loss),
            Some(Pending::Watch { uri, leaving, .. }) => {
                self.watch_ended(&uri, leaving, &Ended::Lost(false, loss));
            }
            Some(Pending::Own(purpose, _)) => {
                return Ok(self.control.failed(purpose, loss, Instant::now()));
            }
            None => {
                self.given_up.answered(id);
                self.listen_ended(id, &Ended::Lost(false, loss));
            }
            // the answer to a parked call got lost: who takes it up again hears that it is spent
            Some(Pending::Parked(_)) => {}
        }
        Ok(Vec::new())
    }

    /// Something that is no message. If it was meant as an answer, that one request fails.
    fn noise(&mut self, noise: Noise) -> Vec<Action> {
        let Noise { fault, excerpt, id } = noise;
        self.noises += 1;
        self.context.card.vitals.noise();
        if self.noises.is_power_of_two() {
            let count = self.noises; // a flood is told at 1, 2, 4, 8 …
            let excerpt = shown(&self.context.spec.mask, &excerpt);
            tracing::warn!(server = %self.context.spec.name, %fault, %excerpt, count, "the server sent no message");
            self.context.note(EventKind::Noise { count, excerpt });
        }
        let detail = format!("its answer cannot be read: {fault}");
        if let Some(id) = id {
            self.call_over(id, "the call failed");
        }
        match id.and_then(|id| self.pending.remove(id)) {
            Some(Pending::Call(pending)) => {
                self.ended(&pending, "unreadable", detail.clone());
                self.fail(pending.call, true, Loss::Protocol { detail });
                Vec::new()
            }
            Some(Pending::Probe(probe)) => {
                probe.alive();
                Vec::new()
            }
            Some(Pending::Watch { uri, leaving, .. }) => {
                let loss = Loss::Protocol { detail };
                self.watch_ended(&uri, leaving, &Ended::Lost(true, loss));
                Vec::new()
            }
            Some(Pending::Raw(raw)) => {
                raw.lost(true, Loss::Protocol { detail });
                Vec::new()
            }
            Some(Pending::Own(purpose, _)) => {
                self.control.answered(purpose, Err(detail.into()), Instant::now())
            }
            Some(Pending::Parked(_)) | None => Vec::new(),
        }
    }
}
