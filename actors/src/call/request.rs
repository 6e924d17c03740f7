//! A client's message in a session's mailbox.

use crate::otp::{Fate, Promise};
use crate::session::ClientStream;
use crate::wire::{Kind, Message, Payload, code, error_reply};
use tokio::sync::OwnedSemaphorePermit;

/// The right to have one request in flight; given back when dropped.
#[derive(Debug)]
pub struct Admission {
    _permit: OwnedSemaphorePermit,
}

impl From<OwnedSemaphorePermit> for Admission {
    fn from(permit: OwnedSemaphorePermit) -> Self {
        Self { _permit: permit }
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
