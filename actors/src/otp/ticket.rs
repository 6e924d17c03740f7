//! A promise that is kept even when whoever holds it dies.

use std::ops::{Deref, DerefMut};

/// What is known about work whose holder died.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It was certainly not handed on: doing it again is safe.
    NotSent,
    /// It was handed on and nobody knows how it ended: it must not be done again blindly.
    OutcomeUnknown,
}

/// Work somebody waits for.
pub trait Promise: Send + 'static {
    /// Answers whoever waits, because the holder died.
    fn settle(self, fate: Fate);
}

/// Carries a [`Promise`] through mailboxes and tasks. Whoever finishes the work redeems the ticket;
/// a ticket that is dropped instead settles its promise. So the one who waits hears exactly once.
#[derive(Debug)]
pub struct Ticket<P: Promise> {
    promise: Option<P>,
    sent: bool,
}

impl<P: Promise> Ticket<P> {
    /// A ticket for work nobody has handed on yet.
    pub fn new(promise: P) -> Self {
        Self { promise: Some(promise), sent: false }
    }

    /// Notes that the work is being handed on: from here its outcome may be unknown.
    pub fn mark_sent(&mut self) {
        self.sent = true;
    }

    /// Notes proof that it did not arrive after all.
    pub fn mark_unsent(&mut self) {
        self.sent = false;
    }

    /// What would be told if the ticket were dropped now.
    pub fn fate(&self) -> Fate {
        if self.sent { Fate::OutcomeUnknown } else { Fate::NotSent }
    }

    /// Takes the promise out to be answered by the caller of this function.
    pub fn redeem(mut self) -> Option<P> {
        self.promise.take()
    }
}

impl<P: Promise> Deref for Ticket<P> {
    type Target = P;
    #[expect(
        clippy::expect_used,
        reason = "only `redeem` and `drop` take it, and both end the ticket"
    )]
    fn deref(&self) -> &P {
        self.promise.as_ref().expect("a live ticket has its promise")
    }
}

impl<P: Promise> DerefMut for Ticket<P> {
    #[expect(
        clippy::expect_used,
        reason = "only `redeem` and `drop` take it, and both end the ticket"
    )]
    fn deref_mut(&mut self) -> &mut P {
        self.promise.as_mut().expect("a live ticket has its promise")
    }
}

impl<P: Promise> Drop for Ticket<P> {
    fn drop(&mut self) {
        let fate = self.fate();
        if let Some(promise) = self.promise.take() {
            promise.settle(fate);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    struct Asked(mpsc::Sender<Fate>);
    impl Promise for Asked {
        fn settle(self, fate: Fate) {
            self.0.send(fate).expect("somebody listens");
        }
    }

    #[test]
    fn a_dropped_ticket_says_whether_it_was_sent_and_a_redeemed_one_says_nothing() {
        let (sender, heard) = mpsc::channel();
        drop(Ticket::new(Asked(sender.clone())));
        assert_eq!(heard.try_recv(), Ok(Fate::NotSent));
        let mut ticket = Ticket::new(Asked(sender.clone()));
        ticket.mark_sent();
        drop(ticket);
        assert_eq!(heard.try_recv(), Ok(Fate::OutcomeUnknown));
        assert!(Ticket::new(Asked(sender)).redeem().is_some());
        assert!(heard.try_recv().is_err());
    }
}
