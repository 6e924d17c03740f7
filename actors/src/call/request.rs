//! A client's message in a session's mailbox.

use super::LastWord;
use crate::observation::{Outcome, Watched};
use crate::otp::{Fate, Promise};
use crate::session::{ClientStream, InFlight};
use crate::wire::{CallParams, Kind, Message, code};
use tokio::sync::OwnedSemaphorePermit;

/// The right to have one request in flight; given back when dropped.
#[derive(Debug)]
pub struct Admission {
    _slot: OwnedSemaphorePermit,
    share: Option<OwnedSemaphorePermit>,
    /// By which its session counts it.
    _counted: Option<InFlight>,
}

impl Admission {
    /// The same, counted by its session as long as it is held.
    pub(crate) fn counted(self, by: InFlight) -> Self {
        Self { _counted: Some(by), ..self }
    }

    /// The same, with a permit of the client's own share that is given back together with it.
    #[must_use]
    pub fn and(self, share: OwnedSemaphorePermit) -> Self {
        Self { share: Some(share), ..self }
    }

    /// Gives the gateway's slot back; what is left of the client's own share.
    pub(crate) fn into_share(self) -> Option<OwnedSemaphorePermit> {
        self.share
    }
}

impl From<OwnedSemaphorePermit> for Admission {
    fn from(slot: OwnedSemaphorePermit) -> Self {
        Self { _slot: slot, share: None, _counted: None }
    }
}

/// A message and the way back to its sender.
#[derive(Debug)]
pub struct Request {
    /// The message.
    pub message: Message,
    /// Where its answer goes.
    pub stream: ClientStream,
    /// Its slot, when it is a request.
    pub admission: Option<Admission>,
    /// Its owner guard, when it is a client's request and somebody looks.
    pub watched: Option<Watched>,
}

impl Request {
    /// Answers it.
    pub fn reply(self, word: LastWord) {
        if let Some(watched) = self.watched {
            watched.over(word.outcome, word.payload.len());
        }
        self.stream.answer(word.payload, self.admission);
    }

    /// It was not taken in, because its session has ended; whoever brought it answers it.
    pub(crate) fn refused(self) {
        if let Some(watched) = self.watched {
            watched.over(Outcome::Error { code: code::NOT_READY }, 0);
        }
    }

    /// It names this.
    pub(crate) fn names(&self, params: &CallParams) {
        if let Some(watched) = &self.watched {
            watched.names(params.label());
        }
    }
}

impl Promise for Request {
    fn settle(self, _fate: Fate) {
        if let Kind::Request { id, .. } = self.message.kind().clone() {
            let text = "the session ended before this request was read; nothing was sent, so \
                        initialize again and repeat it";
            self.reply(LastWord::error(&id, code::NOT_READY, text));
        }
    }
}
