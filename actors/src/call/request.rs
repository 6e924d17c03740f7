//! A client's message in a session's mailbox.

use crate::otp::{Fate, Promise};
use crate::session::ClientStream;
use crate::wire::{Kind, Message, Payload, code, error_reply};
use tokio::sync::OwnedSemaphorePermit;

/// The right to have one request in flight; given back when dropped.
#[derive(Debug)]
pub struct Admission {
    _slot: OwnedSemaphorePermit,
    share: Option<OwnedSemaphorePermit>,
}

impl Admission {
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
        Self { _slot: slot, share: None }
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
}

impl Request {
    /// Answers it.
    pub fn reply(self, payload: Payload) {
        self.stream.answer(payload, self.admission);
    }
}

impl Promise for Request {
    fn settle(self, _fate: Fate) {
        if let Kind::Request { id, .. } = self.message.kind().clone() {
            let text = "the session ended before this request was read; nothing was sent, so \
                        initialize again and repeat it";
            self.reply(error_reply(Some(&id), code::NOT_READY, text, None));
        }
    }
}
