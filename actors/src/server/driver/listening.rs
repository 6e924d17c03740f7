//! The listen of a connection to a server of 2026-07-28, kept as wide as is wanted.
//!
//! It is no call: it takes no slot, has no deadline once it is acknowledged, and its silence means
//! nothing.

use super::subscribing::Ended;
use super::{Action, Driver, Message, OutboundKind};
use crate::bridge::{Listen, subscription_of};
use crate::server::listening::Hearing;
use crate::wire::{RawId, request_raw};
use bytes::Bytes;
use tokio::time::Instant;

impl Driver {
    /// Opens a listen if there is none, or none wide enough; answers who waits for what is listened
    /// for already.
    pub(super) fn listen(&mut self) {
        let supported = self.control.supported();
        let awaited = self.subscribing.awaited();
        for uri in self.listening.heard_of(&awaited) {
            self.answer_watchers(&uri, &Ended::Honoured);
        }
        let awaited = self.subscribing.awaited();
        let mut uris = self.context.sessions.subscriptions().wanted(&self.context.spec.name);
        uris.extend(awaited.iter().cloned());
        let wanted = Listen::for_sessions(uris).honoured(supported);
        let now = Instant::now();
        if self.listening.opens(&wanted, &awaited, now) {
            let id = self.pending.next_id();
            let params = self.control.params(&wanted.member());
            let payload = request_raw(id, "subscriptions/listen", &params);
            let deadline = now + self.context.spec.limits.call_timeout;
            self.listening.asked(id, wanted, deadline);
            self.send(payload, OutboundKind::Request { id, initialize: false });
        }
    }

    /// The server says what it will tell.
    pub(super) fn acknowledged(&mut self, message: &Message, related: Option<u64>) -> Vec<Action> {
        let id = subscription_of(message).as_ref().and_then(RawId::as_number).or(related);
        let (honoured, now) = (Listen::of(message).ok(), Instant::now());
        let Some(heard) = self.listening.acknowledged(id, honoured, now) else {
            return Vec::new();
        };
        if let Some(before) = heard.replaces {
            self.cancel(before, &Bytes::from_static(b"\"replaced\""));
        }
        for (uri, hearing) in heard.uris {
            let ended = if hearing == Hearing::Nothing { Ended::Refused } else { Ended::Honoured };
            let asked_now = self.answer_watchers(&uri, &ended);
            if hearing == Hearing::Anew && (heard.missed || !asked_now) {
                self.may_have_changed(&uri);
            }
        }
        self.listen(); // more may be wanted by now
        if heard.missed { self.control.may_have_changed(now) } else { Vec::new() }
    }

    /// The listen `id`, if it is one, is over: answered, refused or lost.
    pub(super) fn listen_ended(&mut self, id: u64, ended: &Ended<'_>) -> bool {
        let Some(uris) = self.listening.ended(id, Instant::now()) else { return false };
        tracing::debug!(server = %self.context.spec.name, "the listen ended");
        for uri in uris {
            self.answer_watchers(&uri, ended);
        }
        true
    }

    /// Gives up a listen that was not acknowledged in time; opens one again after its pause.
    pub(super) fn listen_if_due(&mut self, now: Instant) {
        if let Some(id) = self.listening.late(now) {
            self.cancel(id, &Bytes::from_static(b"\"timeout\""));
            let after = self.context.spec.limits.call_timeout;
            self.listen_ended(id, &Ended::Late(after));
        }
        if self.listening.is_rested(now) {
            self.listen();
        }
    }
}
