//! Requests of the server to its clients: whose they are, and what becomes of the answers.
//!
//! Over HTTP such a request comes on the stream of its call. Elsewhere it names none: it belongs to the
//! client that has calls in flight if that is one, else to the only session that can be asked such a
//! thing. A call that waits for an answer already asks nothing else meanwhile. When it is not clear whose
//! the request is, it is refused.

use super::{Driver, OutboundKind, Pending};
use crate::bridge::legacy_client::{Rounds, Step};
use crate::bridge::modern_client::Question;
use crate::bridge::{Era, Fault, Need};
use crate::server::Fact;
use crate::server::pending::PendingCall;
use crate::server::sharing::Whose;
use crate::session::{Ask, AskId, Client, Reply, Said};
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

/// One open question.
#[derive(Debug)]
struct Asked {
    session: Arc<str>,
    /// The call it belongs to.
    call: Option<u64>,
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

/// Whom a request of the server's concerns.
#[derive(Debug, PartialEq, Eq)]
enum Owner {
    /// The client of this call.
    Call(u64),
    /// This session, outside any call.
    Session(Arc<str>),
}

/// Why it cannot be said whom it concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unowned {
    Nobody,
    Ambiguous,
}

impl Unowned {
    const fn text(self) -> &'static str {
        match self {
            Self::Nobody => "no client is there that could be asked this",
            Self::Ambiguous => {
                "several clients use this connection and the request does not say whom it concerns; \
                 it was not passed on"
            }
        }
    }
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
            Ok(Owner::Call(call)) => self.ask_caller(call, need, id, message),
            Ok(Owner::Session(session)) => self.ask_session(session, None, need, id, message),
            Err(why) => {
                if why == Unowned::Ambiguous {
                    tracing::warn!(server = %self.context.spec.name, method, "the server asks a client and does not say which");
                    self.tell(Fact::Ambiguous);
                }
                self.respond(error_reply(Some(id), code::METHOD_NOT_FOUND, why.text(), None));
            }
        }
    }

    fn owner(&self, related: Option<u64>, need: Need) -> Result<Owner, Unowned> {
        if let Some(call) = related.filter(|id| self.pending.caller(*id).is_some()) {
            return Ok(Owner::Call(call));
        }
        let at_work = self.pending.callers().filter(|(_, _, waits)| !waits);
        let owner = only_client(at_work).or_else(|| only_client(self.pending.callers()));
        if let Some(owner) = owner {
            return owner.map(Owner::Call);
        }
        if let Some(Whose::Session(session)) = &self.context.own {
            return Ok(Owner::Session(Arc::clone(session)));
        }
        let only = self.context.sessions.only_one_with(&self.context.spec.name, need);
        only.map(Owner::Session).ok_or(Unowned::Nobody)
    }

    fn ask_caller(&mut self, call: u64, need: Need, id: &RawId, message: &Message) {
        let Some(client) = self.pending.caller(call).cloned() else { return };
        if !client.abilities().allow(need) {
            let fault = Fault::MissingCapability(need);
            self.respond(Question::refusal(id, &fault));
            if client.era() == Era::Modern && need != Need::Roots {
                self.end_without(call, &fault);
            }
            return;
        }
        match client.era() {
            Era::Modern => self.park(call, message),
            Era::Legacy(_) => {
                self.ask_session(Arc::clone(&client.session), Some(call), need, id, message);
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
        call: Option<u64>,
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
        self.put(ask, Asked { session, call, asker }, need, request);
    }

    /// Puts a question to a session, on the stream of the call it belongs to.
    fn put(&mut self, id: AskId, asked: Asked, need: Need, request: Payload) {
        let link = self.link.clone();
        let reply = Reply::new(move |said| link.said(id, said));
        let mut stream = None;
        if let Some(pending) = asked.call.and_then(|call| self.pending.call(call)) {
            pending.asks();
            stream = Some(pending.call.ticket.stream().clone());
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
        if let Some(pending) = asked.call.and_then(|call| self.pending.call(call)) {
            pending.was_told(&self.context.spec.limits, Instant::now());
        }
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
                let Some(call) = asked.call else { return };
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
                    let asked = Asked { session, call: Some(call), asker };
                    self.put(id, asked, ask.need(), request);
                }
            }
            Step::Wait => {}
            Step::Retry(retry) => self.repeat(call, &retry),
            Step::Refused(error) => {
                if let Some(call) = self.end_of(call) {
                    let payload = error_raw(call.id(), error);
                    call.reply(payload);
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
        let Some(Asked { call, asker: Asker::Server { token: Some(token), .. }, .. }) =
            self.asking.open.get(&id)
        else {
            return;
        };
        let Some(progress) = ProgressParams::of(message) else { return };
        let (payload, call) = (message.notified(&[(progress.token_span, token)]), *call);
        if let Some(pending) = call.and_then(|call| self.pending.call(call)) {
            pending.extend(&self.context.spec.limits, Instant::now());
        }
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
        if self.asking.open.is_empty() {
            return;
        }
        let of_call = |(id, asked): (&AskId, &Asked)| (asked.call == Some(call)).then_some(*id);
        let ids: Vec<_> = self.asking.open.iter().filter_map(of_call).collect();
        for id in ids {
            self.withdraw(id, reason);
        }
    }

    /// The connection is over.
    pub(super) fn withdraw_all(&mut self) {
        for id in self.asking.open.keys().copied().collect::<Vec<_>>() {
            self.withdraw(id, "the connection to the server ended");
        }
    }

    fn withdraw(&mut self, id: AskId, reason: &'static str) {
        let Some(asked) = self.asking.open.remove(&id) else { return };
        if let Some(pending) = asked.call.and_then(|call| self.pending.call(call)) {
            pending.was_told(&self.context.spec.limits, Instant::now());
        }
        self.context.sessions.withdraw(&asked.session, id, reason);
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

/// The newest call of the only client that has some; `None` when there are none.
fn only_client<'a>(
    mut callers: impl Iterator<Item = (u64, &'a Arc<Client>, bool)>,
) -> Option<Result<u64, Unowned>> {
    let (mut newest, client, _) = callers.next()?;
    for (id, other, _) in callers {
        let same = Arc::ptr_eq(client, other)
            || (!client.session.is_empty() && client.session == other.session);
        if !same {
            return Some(Err(Unowned::Ambiguous));
        }
        newest = newest.max(id);
    }
    Some(Ok(newest))
}

impl PendingCall {
    /// The rounds of a call of which a server wanted input at least once.
    fn rounds_if_any(&mut self) -> Option<&mut Rounds> {
        self.rounds.as_deref_mut()
    }
}
