//! Calls of stateless clients that a server of the initialize era asks something: they wait here while
//! their clients gather the input and call again.
//!
//! Source: MCP 2026-07-28 "Multi Round-Trip Requests".

use super::calling::mark_sent;
use super::{Driver, Pending, RoutedCall};
use crate::bridge::modern_client::{Question, input_required, request_state, responses};
use crate::bridge::{BadState, Fault, Handle, RequestDigest};
use crate::call::LastWord;
use crate::server::parking::Place;
use crate::server::pending::PendingCall;
use crate::server::sharing::Whose;
use crate::session::{Client, identity};
use crate::wire::{Kind, Message, RawId, code, error_reply};
use bytes::Bytes;
use std::sync::Arc;
use tokio::time::Instant;

/// Questions one call may have open.
const MOST: usize = 64;
/// Calls of one connection that may wait.
const OF_CONNECTION: usize = 64;
/// As many times the calls it may have in flight.
const OF_FLIGHT: usize = 4;
/// Bytes of answers to calls that wait, for one connection.
const HELD: usize = 16 * 1024 * 1024;

/// A call whose client was asked for input.
#[derive(Debug)]
pub(in crate::server) struct ParkedCall {
    client: Arc<Client>,
    questions: Vec<Question>,
    place: Place,
    ceiling: Instant,
    /// The server answered without waiting.
    answer: Option<Message>,
}

impl ParkedCall {
    /// Until when it waits.
    pub(in crate::server) fn until(&self) -> Instant {
        self.ceiling
    }

    /// Whose it is.
    pub(in crate::server) fn client(&self) -> &Arc<Client> {
        &self.client
    }

    /// What its server asks, and waits for.
    pub(super) fn asked(&self) -> impl Iterator<Item = &RawId> {
        self.questions.iter().filter_map(Question::id)
    }

    /// What names it.
    pub(in crate::server) fn handle(&self) -> &Handle {
        self.place.handle()
    }
}

impl Driver {
    /// A stateless client is asked: its call is answered with the question and waits.
    pub(super) fn park(&mut self, id: u64, request: &Message) {
        let Some(able) = self.pending.caller(id).map(|client| client.abilities()) else { return };
        let question = match Question::of(request, able) {
            Ok(question) => question,
            Err(fault) => {
                let Kind::Request { id, .. } = request.kind() else { return };
                let refusal = Question::refusal(id, &fault);
                return self.respond(refusal);
            }
        };
        if let Some(parked) = self.pending.parked(id) {
            if parked.questions.len() < MOST {
                return parked.questions.push(question); // asked in the next round
            }
            let Kind::Request { id, .. } = request.kind() else { return };
            let text = "too many questions of this call wait for its client";
            return self.respond(error_reply(Some(id), code::OVERLOADED, text, None));
        }
        if let Some(Pending::Call(pending)) = self.pending.remove(id) {
            self.park_with(id, *pending, vec![question]);
        }
    }

    fn park_with(&mut self, id: u64, pending: PendingCall, questions: Vec<Question>) {
        let (ceiling, RoutedCall { ticket, .. }) = pending.into_parts();
        let Some(call) = ticket.redeem() else { return };
        if call.control.is_given_up() {
            self.cancel(id, &Bytes::from_static(b"\"client disconnected\""));
            return call.forget();
        }
        let digest = RequestDigest::of(&call.message);
        let lasts = ceiling.saturating_duration_since(Instant::now());
        let most =
            OF_CONNECTION.min(self.context.spec.limits.max_in_flight.saturating_mul(OF_FLIGHT));
        let room = self.pending.all_parked().len() < most;
        let parking = Some(&self.context.parking).filter(|_| room);
        let place = parking.and_then(|it| it.park(&self.context.server, digest, lasts));
        let Some((place, state)) = place else {
            self.cancel(id, &Bytes::from_static(b"\"too many calls wait for input\""));
            return call.refuse(&Fault::TooManyParked);
        };
        let face = identity::face(self.context.spec.cache);
        let result = input_required(&questions, Some(&state), &face);
        let client = Arc::clone(&call.client);
        let word = LastWord::result(call.id(), result);
        call.reply(word);
        let parked = ParkedCall { client, questions, place, ceiling, answer: None };
        self.pending.insert(id, Pending::Parked(Box::new(parked)));
    }

    /// Where stateless requests come one at a time, a call whose client has not come back makes room for
    /// the next.
    pub(super) fn clear_parked(&mut self) {
        if !matches!(self.context.own, Some(Whose::Stateless(_))) {
            return;
        }
        for id in self.pending.all_parked() {
            self.pending.remove(id);
            self.cancel(id, &Bytes::from_static(b"\"the client did not come back\""));
        }
    }

    /// The server answered a call that waits: kept until its client calls again, unless too much is kept.
    pub(super) fn answered_parked(
        &mut self,
        id: u64,
        mut parked: Box<ParkedCall>,
        answer: Message,
    ) {
        let held = self.pending.each_parked().filter_map(|parked| parked.answer.as_ref());
        let held: usize = held.map(|answer| answer.bytes().len()).sum();
        if held + answer.bytes().len() > HELD {
            tracing::warn!(server = %self.context.spec.name, held, "an answer nobody has asked for again was dropped");
            return;
        }
        parked.answer = Some(answer);
        self.pending.insert(id, Pending::Parked(parked));
    }

    /// The state a stateless client brings back with this call, if it does.
    pub(super) fn state_of(call: &RoutedCall) -> Result<Option<String>, Fault> {
        request_state(&call.ticket.message)
    }

    /// A stateless client calls again, with the input it was asked for.
    pub(super) fn take_up(&mut self, call: RoutedCall, state: &str) {
        let digest = RequestDigest::of(&call.ticket.message);
        let found = self.context.parking.open(state, &digest);
        let found = found.and_then(|handle| self.pending.parked_as(&handle).ok_or(BadState::Spent));
        let given = found.map_err(Fault::State).and_then(|id| {
            let parked = self.pending.parked(id).ok_or(Fault::State(BadState::Spent))?;
            Ok((id, responses(&call.ticket.message, &parked.questions)?))
        });
        let (id, given) = match given {
            Ok(given) => given,
            Err(fault) => {
                if let Some(call) = call.ticket.redeem() {
                    call.refuse(&fault);
                }
                return;
            }
        };
        let Some(Pending::Parked(parked)) = self.pending.remove(id) else { return };
        let ParkedCall { mut questions, ceiling, answer, .. } = *parked;
        for response in given {
            if let Some(payload) = response.payload() {
                questions.retain(|question| question.id() != Some(&response.id));
                self.respond(payload);
            }
        }
        let Some(mut pending) = self.take_on(id, call, Some(ceiling)) else {
            return self.cancel(id, &Bytes::from_static(b"\"client disconnected\""));
        };
        mark_sent(&mut pending.call.ticket); // executed in part
        if let Some(answer) = answer {
            self.finish(id, pending, &answer);
        } else if questions.is_empty() {
            self.pending.insert(id, Pending::Call(Box::new(pending)));
        } else {
            self.park_with(id, pending, questions);
        }
    }
}
