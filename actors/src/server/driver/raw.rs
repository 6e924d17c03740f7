//! Messages of operators, and what comes of their requests.

use super::{Driver, Link, OutboundKind, ParkedCall, Pending};
use crate::bridge::Era;
use crate::fleet::{RawAnswer, RawFault};
use crate::server::Loss;
use crate::server::pending::PendingRaw;
use crate::wire::{Edits, Kind, Members, Message, ProgressParams, RawId};
use bytes::Bytes;
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// Requests of operators that may wait for their answers.
const MOST: usize = 16;

/// Who waits for what comes of a message.
pub(in crate::server) type Reply = oneshot::Sender<Result<RawAnswer, RawFault>>;

/// A message of an operator's.
#[derive(Debug)]
pub(super) struct Raw {
    pub(super) message: Message,
    pub(super) timeout: Duration,
    pub(super) fill_meta: bool,
    pub(super) sent: RawSent,
    pub(super) reply: Reply,
}

/// Whether a message of an operator's was handed to the transport; known also when its driver died.
#[derive(Debug, Clone, Default)]
pub(crate) struct RawSent(Arc<AtomicBool>);

impl RawSent {
    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    fn set(&self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Held by an operator who waits; dropped, the driver looks whether a request is awaited no more.
#[derive(Debug)]
pub(crate) struct RawLeft(Link);

impl RawLeft {
    pub(crate) fn of(link: &Link) -> Self {
        Self(link.clone())
    }
}

impl Drop for RawLeft {
    fn drop(&mut self) {
        self.0.raw_left();
    }
}

impl Driver {
    /// Sends a message of an operator's: a request under an id of ours, all else as it is.
    pub(super) fn raw(&mut self, raw: Raw) {
        let Raw { message, timeout, fill_meta, sent, reply } = raw;
        if self.is_of_others(&message) {
            let _gone = reply.send(Err(RawFault::OfOthers));
            return;
        }
        let (since, generation) = (Instant::now(), self.context.generation);
        let kind = match message.kind() {
            Kind::Request { .. } if self.pending.raws() >= MOST => {
                let _gone = reply.send(Err(RawFault::Busy(MOST)));
                return;
            }
            Kind::Request { id, .. } => {
                let number = self.pending.next_id();
                let text = number.to_string();
                let edits = self.carried_raw(&message, fill_meta, &text);
                let payload = message.with_id(text.as_bytes(), &edits.as_slices());
                let deadline = since + timeout;
                let pending = PendingRaw { id: id.detached(), reply, since, timeout, deadline };
                self.pending.insert(number, Pending::Raw(Box::new(pending)));
                sent.set();
                let kind = OutboundKind::Request { id: number, initialize: false };
                return self.send(payload, kind);
            }
            Kind::Notification { .. } => OutboundKind::Notification,
            Kind::Response { .. } => OutboundKind::Response,
        };
        sent.set();
        self.send(message.bytes().clone().into(), kind);
        let took = since.elapsed();
        let _gone = reply.send(Ok(RawAnswer { answer: None, id: None, generation, took }));
    }

    /// Whether a message cancels what is under way and no operator's, or answers what the server asks a
    /// client.
    fn is_of_others(&self, message: &Message) -> bool {
        match message.kind() {
            Kind::Notification { method } if &**method == "notifications/cancelled" => {
                let Some(params) = message.params().and_then(Members::of) else { return false };
                match params.get("requestId") {
                    Ok(Some(id)) => number(id.get().as_bytes()).is_some_and(|id| {
                        self.pending.is_under_way(id) && !self.pending.is_raw(id)
                    }),
                    Ok(None) => false,
                    Err(_twice) => true,
                }
            }
            Kind::Response { id: Some(id), .. } => {
                let parked = self.pending.each_parked().flat_map(ParkedCall::asked);
                self.asking.of_server().chain(parked).any(|open| same(open, id))
            }
            _ => false,
        }
    }

    /// A request of an operator's was given up. What it may have made the server ask is no client's until
    /// the server shows that it has heard of that.
    pub(super) fn give_up_raw(&mut self, id: u64, reason: &'static [u8]) {
        let until = Instant::now() + self.context.spec.limits.call_timeout;
        self.given_up.enter_raw(id, self.pending.last_id(), until);
        self.cancel(id, &Bytes::from_static(reason));
    }

    /// An operator does not wait any more.
    pub(super) fn raw_left(&mut self) {
        for id in self.pending.abandoned() {
            self.pending.remove(id);
            self.give_up_raw(id, b"\"the operator left\"");
        }
    }

    /// What a request becomes besides its id: its progress token is that id, too, so that progress of it
    /// is nobody's call's; `_meta` is filled in if that is wanted.
    fn carried_raw(&self, message: &Message, fill_meta: bool, id: &str) -> Edits {
        let mut edits = if fill_meta && self.control.era() == Era::Modern {
            self.control.filled(message)
        } else {
            Edits::default()
        };
        if let Some((_, span)) = ProgressParams::requested(message) {
            edits.put(span, Bytes::copy_from_slice(id.as_bytes()));
        }
        edits
    }

    /// A request of an operator's was answered.
    pub(super) fn raw_answered(&self, id: u64, pending: PendingRaw, message: &Message) {
        let PendingRaw { id: asked, reply, since, .. } = pending;
        let _gone = reply.send(Ok(RawAnswer {
            answer: Some(message.respelled(asked.as_bytes()).to_bytes()),
            id: Some(id),
            generation: self.context.generation,
            took: since.elapsed(),
        }));
    }
}

/// An id as a number, however it is spelled.
fn number(id: &[u8]) -> Option<u64> {
    let text = match serde_json::from_slice(id).ok()? {
        Value::String(text) => text,
        value => value.to_string(),
    };
    let whole = |number: f64| format!("{number:.0}").parse().ok();
    text.parse()
        .ok()
        .or_else(|| text.parse().ok().filter(|it: &f64| it.fract() == 0.0).and_then(whole))
}

/// Whether two ids are the same to whoever does not look at their spelling.
fn same(one: &RawId, other: &RawId) -> bool {
    let read = |id: &RawId| serde_json::from_slice::<Value>(id.as_bytes()).ok();
    one == other
        || match (read(one), read(other)) {
            (Some(Value::Number(one)), Some(Value::Number(other))) => {
                one.as_f64() == other.as_f64()
            }
            (one, other) => one.is_some() && one == other,
        }
}

impl PendingRaw {
    /// There was no answer in time.
    pub(super) fn late(self) {
        let _gone = self.reply.send(Err(RawFault::Late(self.timeout)));
    }

    /// There will be no answer.
    pub(super) fn lost(self, sent: bool, cause: Loss) {
        let _gone = self.reply.send(Err(RawFault::Lost { sent, cause }));
    }
}
