//! Something lent out that comes back by itself.

use ractor::{ActorRef, Message};
use std::fmt;

/// Sends one message to its lender when it is dropped, wherever that happens: at the end of a call, in
/// a task that was aborted, in an actor that was killed.
pub struct Lease<M: Message> {
    lender: ActorRef<M>,
    message: Option<M>,
}

impl<M: Message> Lease<M> {
    /// A lease that comes back as `message`.
    pub fn new(lender: ActorRef<M>, message: M) -> Self {
        Self { lender, message: Some(message) }
    }

    /// Gives it back now, with another message.
    pub fn give_back(mut self, message: M) {
        self.message = Some(message);
    }
}

impl<M: Message> Drop for Lease<M> {
    fn drop(&mut self) {
        if let Some(message) = self.message.take() {
            let _lender_gone = self.lender.send_message(message);
        }
    }
}

impl<M: Message> fmt::Debug for Lease<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lease")
    }
}
