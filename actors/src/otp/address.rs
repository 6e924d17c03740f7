//! A name for an actor that outlives its incarnations.

use arc_swap::ArcSwapOption;
use ractor::{ActorCell, ActorRef, Message, MessagingErr};
use std::fmt;
use std::sync::Arc;

/// Where an actor is reached, whichever incarnation runs. Made by whoever composes the tree; the
/// child's specification rebinds it at every start.
pub struct Address<M>(Arc<ArcSwapOption<ActorRef<M>>>);

impl<M: Message> Address<M> {
    /// An address nobody lives at yet.
    pub fn new() -> Self {
        Self(Arc::new(ArcSwapOption::empty()))
    }

    /// Points the address at a new incarnation.
    pub fn bind(&self, incarnation: ActorRef<M>) {
        self.0.store(Some(Arc::new(incarnation)));
    }

    /// Sends without waiting. When nobody lives here, or the incarnation is dead, the message comes
    /// back: what is lost is known to be lost.
    #[must_use = "a message that comes back was not delivered"]
    pub fn cast(&self, message: M) -> Result<(), M> {
        match &*self.0.load() {
            Some(incarnation) => incarnation.send_message(message).or_else(|error| match error {
                MessagingErr::SendErr(message) => Err(message),
                // the type is right by construction and the port closes only with the message given back
                MessagingErr::ChannelClosed | MessagingErr::InvalidActorType => Ok(()),
            }),
            None => Err(message),
        }
    }

    /// Sends a fact whose loss is made good by the receiver's own reconciling.
    pub fn tell(&self, message: M) {
        let _lost = self.cast(message);
    }

    /// The current incarnation's cell.
    pub fn cell(&self) -> Option<ActorCell> {
        self.0.load().as_ref().map(|incarnation| incarnation.get_cell())
    }
}

impl<M: Message> Default for Address<M> {
    fn default() -> Self {
        Self::new()
    }
}

impl<M> Clone for Address<M> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<M> fmt::Debug for Address<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address")
    }
}
