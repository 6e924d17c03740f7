//! Requests of the server to its clients, and what becomes of the answers.
//!
//! Whose they are is found out in [`owning`](super::owning).

use super::owning::{Owner, Unowned};
use super::{Driver, OutboundKind, Pending};
use crate::bridge::legacy_client::{Rounds, Step};
use crate::bridge::modern_client::Question;
use crate::bridge::{Era, Fault, Need};
use crate::call::LastWord;
use crate::server::Fact;
use crate::server::pending::PendingCall;
use crate::session::{Ask, AskId, Reply, Said};
use crate::wire::{
    Kind, Message, Payload, ProgressParams, RawId, code, error_raw, error_reply, notification,
    result_raw,
};
use bytes::Bytes;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::time::Instant;

/// The questions of this connection that are open.
#[derive(Debug, Default)]
pub(super) struct Asking {
    open: HashMap<AskId, Asked>,
    /// It wanted to know roots at least once: it is told when they change.
    wants_roots: bool,
}

impl Asking {
    /// When the next question is over.
    pub(super) fn due(&self) -> Option<Instant> {
        self.open.values().map(|asked| asked.until).min()
    }

    /// The ids of those requests of the server's.
    pub(super) fn of_server(&self) -> impl Iterator<Item = &RawId> {
        self.open.values().filter_map(|asked| match &asked.asker {
            Asker::Server { id, .. } => Some(id),
            Asker::Round(_) => None,
        })
    }
}

/// One open question.
#[derive(Debug)]
struct Asked {
    session: Arc<str>,
    /// The calls it may belong to: with the last of them it is over.
    calls: Vec<u64>,
    /// When it is over otherwise.
    until: Instant,
    asker: Asker,
}

/// Who wants the answer.
#[derive(Debug)]
enum Asker {
    /// The server, by a request with this id and progress token.
    Server { id: RawId, token: Option<Bytes> },
    /// The rounds of the call: its input of this index.
    Round(usize),
}

impl Driver {
    /// The server asks something.
    pub(super) fn asked(&mut self, message: &Message, related: Option<u64>) {
        let Kind::Request { id, method } = message.kind() else { return };
        if &**method == "ping" {
            return self.respond(result_raw(id, Bytes::from_static(b"{}")));
        }
        let Some(need) = Need::of(method, message.params()) else {
            let text = "this client has no such method";
            return self.respond(error_reply(Some(id), code::METHOD_NOT_FOUND, text, None));
        };
        self.asking.wants_roots |= need == Need::Roots;
        let of_task = || self.session_of_task(message).map(Owner::Session).ok_or(Unowned::Nobody);
        match of_task().or_else(|_| self.owner(related, need)) {
            Ok(Owner::Calls(calls)) => self.ask_caller(calls, need, id, message),
            Ok(Owner::Session(session)) => self.ask_session(session, Vec::new(), need, id, message),
            Err(why) => {
                if why == Unowned::Ambiguous {
                    tracing::warn!(server = %self.context.spec.name, method, "the server asks a client and does not say which");
                    self.tell(Fact::Ambiguous);
                }
                self.respond(error_reply(Some(id), code::METHOD_NOT_FOUND, why.text(), None));
            }
        }
    }

    fn ask_caller(&mut self, calls: Vec<u64>, need: Need, id: &RawId, message: &Message) {
        let Some(call) = calls.last().copied() else { return };
        let Some(client) = self.pending.caller(call).cloned() else { return };
        if !client.abilities().allow(need) {
            let fault = Fault::MissingCapability(need);
            self.respond(Question::refusal(id, &fault));
            if client.era() == Era::Modern
                && need != Need::Roots
                && self.pending.call(call).is_some()
            {
                self.end_without(call, &fault);
            }
            return;
        }
        match client.era() {
            Era::Modern => self.park(call, message),
            Era::Legacy(_) => {
                self.ask_session(Arc::clone(&client.session), calls, need, id, message);
            }
        }
    }

    /// A stateless call whose server needs what its client did not declare ends with that. Roots are
    /// asked for by the way, so a call does without.
    ///
    /// Source: MCP 2026-07-28 "Base protocol", error codes.
    fn end_without(&mut self, id: u64, fault: &Fault) {
        if let Some(call) = self.end_of(id) {
            self.cancel(id, &Bytes::from_static(b"\"the client lacks a capability\""));
            call.refuse(fault);
        }
    }

    fn ask_session(
        &mut self,
        session: Arc<str>,
        calls: Vec<u64>,
        need: Need,
        id: &RawId,
        message: &Message,
    ) {
        self.eliciting.asked(message, &session);
        let ask = AskId::next();
        let number = ask.number().to_string();
        let token = ProgressParams::requested(message);
        let edits: Vec<_> = token.iter().map(|(_, span)| (*span, number.as_bytes())).collect();
        let request = message.with_id(number.as_bytes(), &edits);
        let token = token.map(|(token, _)| token);
        let asker = Asker::Server { id: id.detached(), token };
        let until = Instant::now() + self.context.spec.limits.call_ceiling;
        self.put(ask, Asked { session, calls, until, asker }, need, request);
    }

    /// Puts a question to a session, on the stream of the call it belongs to.
    fn put(&mut self, id: AskId, asked: Asked, need: Need, request: Payload) {
        let link = self.link.clone();
        let reply = Reply::new(move |said| link.said(id, said));
        let mut stream = None;
        for call in &asked.calls {
            if let Some(pending) = self.pending.call(*call) {
                pending.asks();
                stream = Some(pending.call.ticket.stream().clone());
            }
        }
        let session = Arc::clone(&asked.session);
        self.asking.open.insert(id, asked);
        let server = self.context.shared_name();
        self.context.sessions.ask(&session, Ask { id, server, need, request, stream, reply });
    }

    /// A client said something to a question.
    pub(super) fn heard_answer(&mut self, id: AskId, said: Said) {
        if let Said::Progress(message) = said {
            return self.progress_of_client(id, &message);
        }
        let Some(asked) = self.asking.open.remove(&id) else { return };
        self.told(&asked);
        match asked.asker {
            Asker::Server { id, .. } => self.respond(match said {
                Said::Result(result) => result_raw(&id, result),
                Said::Error(error) => error_raw(&id, error),
                Said::Progress(_) | Said::Gone => {
                    let text = "the client left without an answer, or cannot be asked";
                    error_reply(Some(&id), code::INTERNAL_ERROR, text, None)
                }
            }),
            Asker::Round(index) => {
                let answer = match said {
                    Said::Result(result) => Ok(result),
                    Said::Error(error) => Err(error),
                    Said::Progress(_) | Said::Gone => Err(Bytes::from_static(
                        br#"{"code":-32603,"message":"the client left without an answer, or cannot be asked"}"#,
                    )),
                };
                let Some(call) = asked.calls.first().copied() else { return };
                let rounds = self.pending.call(call).and_then(PendingCall::rounds_if_any);
                if let Some(step) = rounds.map(|rounds| rounds.answered(index, answer)) {
                    self.step_round(call, step);
                }
            }
        }
    }

    /// A server of 2026-07-28 wants input of a call's client first; `result` says which.
    pub(super) fn input_required(&mut self, call: u64, result: &Bytes) {
        let Some(pending) = self.pending.call(call) else { return };
        let able = pending.call.ticket.client.abilities();
        let step = pending.rounds().input_required(result, able);
        self.step_round(call, step);
    }

    fn step_round(&mut self, call: u64, step: Step) {
        match step {
            Step::Ask(asks) => {
                let Some(client) = self.pending.caller(call).cloned() else { return };
                for ask in asks {
                    let id = AskId::next();
                    let request = ask.request(id.number());
                    let session = Arc::clone(&client.session);
                    let asker = Asker::Round(ask.index);
                    let until = Instant::now() + self.context.spec.limits.call_ceiling;
                    let asked = Asked { session, calls: vec![call], until, asker };
                    self.put(id, asked, ask.need(), request);
                }
            }
            Step::Wait => {}
            Step::Retry(retry) => self.repeat(call, &retry),
            Step::Refused(error) => {
                if let Some(call) = self.end_of(call) {
                    let word = LastWord::error_raw(call.id(), error);
                    call.reply(word);
                }
            }
            Step::Failed(fault) => {
                if let Some(call) = self.end_of(call) {
                    call.refuse(&fault);
                }
            }
        }
    }

    fn end_of(&mut self, id: u64) -> Option<Box<crate::call::Call>> {
        self.call_over(id, "the call is over");
        match self.pending.remove(id) {
            Some(Pending::Call(pending)) => pending.call.ticket.redeem(),
            _ => None,
        }
    }

    fn progress_of_client(&mut self, id: AskId, message: &Message) {
        let Some(Asked { asker: Asker::Server { token: Some(token), .. }, .. }) =
            self.asking.open.get(&id)
        else {
            return;
        };
        let Some(progress) = ProgressParams::of(message) else { return };
        let payload = message.notified(&[(progress.token_span, token)]);
        self.send(payload, OutboundKind::Notification);
    }

    /// The server does not want the answer to a request of its any more.
    pub(super) fn server_gives_up(&mut self, request: &RawId) {
        let is_it =
            |asked: &Asked| matches!(&asked.asker, Asker::Server { id, .. } if id == request);
        let id = self.asking.open.iter().find(|(_, asked)| is_it(asked)).map(|(id, _)| *id);
        if let Some(id) = id {
            self.withdraw(id, "the server does not want to know any more");
        }
    }

    /// A call is over: what it still asks of its client is of no use.
    pub(super) fn call_over(&mut self, call: u64, reason: &'static str) {
        let mut over = Vec::new();
        for (id, asked) in &mut self.asking.open {
            let before = asked.calls.len();
            asked.calls.retain(|other| *other != call);
            if asked.calls.is_empty() && before > 0 {
                over.push(*id);
            }
        }
        for id in over {
            self.refuse_answer(id, reason);
        }
    }

    /// Questions that nobody answered in time.
    pub(super) fn expire_questions(&mut self, now: Instant) {
        let late = |(id, asked): (&AskId, &Asked)| (asked.until <= now).then_some(*id);
        let late: Vec<_> = self.asking.open.iter().filter_map(late).collect();
        for id in late {
            self.refuse_answer(id, "it was not answered in time");
        }
    }

    /// A question is given up: its client and the server hear so.
    fn refuse_answer(&mut self, id: AskId, reason: &'static str) {
        if let Some(Asker::Server { id, .. }) = self.withdraw(id, reason) {
            self.respond(error_reply(Some(&id), code::INTERNAL_ERROR, reason, None));
        }
    }

    /// The connection is over.
    pub(super) fn withdraw_all(&mut self) {
        for id in self.asking.open.keys().copied().collect::<Vec<_>>() {
            self.withdraw(id, "the connection to the server ended");
        }
    }

    fn withdraw(&mut self, id: AskId, reason: &'static str) -> Option<Asker> {
        let asked = self.asking.open.remove(&id)?;
        self.told(&asked);
        self.context.sessions.withdraw(&asked.session, id, reason);
        Some(asked.asker)
    }

    /// A question is over: its calls do not wait for a person any more.
    fn told(&mut self, asked: &Asked) {
        for call in &asked.calls {
            if let Some(pending) = self.pending.call(*call) {
                pending.was_told(&self.context.spec.limits, Instant::now());
            }
        }
    }

    /// Roots may be other ones: a server that asked for them asks again.
    pub(super) fn roots_changed(&mut self) {
        let legacy = matches!(self.control.era(), Era::Legacy(_));
        if self.asking.wants_roots && legacy && self.ready_by.is_none() {
            let payload = notification("notifications/roots/list_changed");
            self.send(payload, OutboundKind::Notification);
        }
    }

    /// Answers a request of the server's.
    pub(super) fn respond(&mut self, payload: Payload) {
        self.send(payload, OutboundKind::Response);
    }
}

impl PendingCall {
    /// The rounds of a call of which a server wanted input at least once.
    fn rounds_if_any(&mut self) -> Option<&mut Rounds> {
        self.rounds.as_deref_mut()
    }
}
