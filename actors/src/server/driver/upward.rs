//! What a server says, on its way up.

use super::translating::answer;
use super::{
    Action, Driver, Ended, Inbound, Kind, Loss, Message, Noise, OutboundKind, Pending,
    ProgressParams, RawId, code, error_reply, result_raw,
};
use crate::bridge::legacy_client::Answer;
use crate::bridge::{Fault, Translated};
use crate::health::monitor;
use crate::server::loss::shown;
use crate::session::{Fact, LogLevel};
use crate::timeline::EventKind;
use bytes::Bytes;
use tokio::time::Instant;

impl Driver {
    /// Takes in one thing heard; the loss when it was the last.
    pub(super) fn hear(&mut self, inbound: Inbound) -> Result<Vec<Action>, Loss> {
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
                "notifications/resources/updated" => {
                    self.updated(message);
                    Vec::new()
                }
                "notifications/subscriptions/acknowledged" => self.acknowledged(message, related),
                changed => self.control.list_changed(changed, Instant::now()),
            },
            Kind::Request { id, method } => {
                let answer = if &**method == "ping" {
                    result_raw(id, Bytes::from_static(b"{}"))
                } else {
                    let text = "this client declared no such capability";
                    error_reply(Some(id), code::METHOD_NOT_FOUND, text, None)
                };
                self.send(answer, OutboundKind::Response);
                Vec::new()
            }
        }
    }

    fn response(&mut self, id: Option<u64>, ok: bool, message: &Message) -> Vec<Action> {
        match id.and_then(|id| self.pending.remove(id)) {
            Some(Pending::Call(pending)) => {
                self.answered(&pending);
                match self.carried_up(&pending.call.ticket, message) {
                    Answer::Final(translated) => answer(pending.call, message, translated),
                    Answer::InputRequired(_) => {
                        let fault = Fault::BadAnswer("it asks for input");
                        answer(pending.call, message, Translated::Fault(fault));
                    }
                }
                Vec::new()
            }
            Some(Pending::Probe(probe)) => {
                probe.alive();
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

    /// Passes progress on to the call it belongs to, with the client's own token.
    fn progress(&mut self, message: &Message) {
        let Some(progress) = ProgressParams::of(message) else { return };
        let Some(pending) = self.pending.call(progress.token) else { return };
        pending.extend(&self.context.spec.limits, Instant::now());
        let call = &mut pending.call.ticket;
        if let Some((token, _)) = &call.params.progress_token {
            let payload = message.notified(&[(progress.token_span, token)]);
            call.progress(payload);
        }
    }

    /// Passes a log message to the call it belongs to when that is known, else to every session.
    fn log(&mut self, message: &Message, related: Option<u64>) {
        let Some(level) = message.params().and_then(LogLevel::of_params) else { return };
        let payload = message.notified(&[]);
        let call = match related {
            Some(id) => self.pending.call(id),
            None => self.pending.only_call(),
        };
        match call {
            Some(pending) => {
                let call = &pending.call.ticket;
                if call.client.wants(level) {
                    call.log(payload);
                }
            }
            None if self.levels.borrow().is_some_and(|least| level >= least) => {
                self.context.sessions.broadcast(&Fact::Log(level, payload));
            }
            None => {} // no session wants it
        }
    }

    fn failed(&mut self, id: u64, sent: bool, loss: Loss) -> Result<Vec<Action>, Loss> {
        match self.pending.remove(id) {
            Some(Pending::Call(pending)) => {
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
            Some(Pending::Watch { uri, leaving, .. }) => {
                self.watch_ended(&uri, leaving, &Ended::Lost(false, loss));
            }
            Some(Pending::Own(purpose, _)) => {
                return Ok(self.control.failed(purpose, loss, Instant::now()));
            }
            None => {
                self.listen_ended(id, &Ended::Lost(false, loss));
            }
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
            Some(Pending::Own(purpose, _)) => {
                self.control.answered(purpose, Err(detail.into()), Instant::now())
            }
            None => Vec::new(),
        }
    }
}
