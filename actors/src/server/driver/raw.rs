//! Messages of operators, and what comes of their requests.

use super::{Driver, OutboundKind, Pending};
use crate::bridge::Era;
use crate::fleet::{RawAnswer, RawFault};
use crate::server::Loss;
use crate::server::pending::PendingRaw;
use crate::wire::{Edits, Kind, Message, ProgressParams};
use bytes::Bytes;
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
    pub(super) reply: Reply,
}

impl Driver {
    /// Sends a message of an operator's: a request under an id of ours, all else as it is.
    pub(super) fn raw(&mut self, raw: Raw) {
        let Raw { message, timeout, fill_meta, reply } = raw;
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
                let kind = OutboundKind::Request { id: number, initialize: false };
                return self.send(payload, kind);
            }
            Kind::Notification { .. } => OutboundKind::Notification,
            Kind::Response { .. } => OutboundKind::Response,
        };
        self.send(message.bytes().clone().into(), kind);
        let took = since.elapsed();
        let _gone = reply.send(Ok(RawAnswer { answer: None, id: None, generation, took }));
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
