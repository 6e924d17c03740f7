//! The way to a driver.

use super::raw::{Raw, RawSent, Reply};
use super::signals::Signal;
use crate::call::GoneBecause;
use crate::fleet::RawMessage;
use crate::health::{ProbeMethod, ProbeOutcome};
use crate::server::RoutedCall;
use crate::session::{AskId, Said};
use crate::wire::Message;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// What a driver is told.
#[derive(Debug)]
pub(super) enum Command {
    Call(Box<RoutedCall>),
    Cancel(u64, GoneBecause),
    Probe(ProbeMethod, Duration, oneshot::Sender<ProbeOutcome>),
    Said(AskId, Said),
    Raw(Box<Raw>),
    /// An operator does not wait any more.
    RawLeft,
    Signal(Signal),
}

/// Hands calls to a driver. Unbounded, because a server admits no more calls than it has slots.
#[derive(Debug, Clone)]
pub struct Link(pub(super) mpsc::UnboundedSender<Command>);

impl Link {
    /// The way to a driver that does nothing, and what it hears.
    #[cfg(test)]
    pub(in crate::server) fn to_nobody() -> (Self, impl Sized) {
        let (sender, commands) = mpsc::unbounded_channel();
        (Self(sender), commands)
    }

    /// Hands a call over; a driver that is gone drops its ticket, which then says "not sent".
    pub(in crate::server) fn send(&self, call: RoutedCall) {
        let _gone = self.0.send(Command::Call(Box::new(call)));
    }

    /// Whether the driver is gone.
    pub(in crate::server) fn is_over(&self) -> bool {
        self.0.is_closed()
    }

    /// A client said something to a question of the server's.
    pub(super) fn said(&self, id: AskId, said: Said) {
        let _gone = self.0.send(Command::Said(id, said));
    }

    /// Sends a message of an operator's; `reply` is dropped when the connection is gone.
    pub(crate) fn raw(&self, message: Message, raw: &RawMessage, sent: RawSent, reply: Reply) {
        let &RawMessage { timeout, fill_meta, .. } = raw;
        let raw = Raw { message, timeout, fill_meta, sent, reply };
        let _gone = self.0.send(Command::Raw(Box::new(raw)));
    }

    /// An operator does not wait any more.
    pub(super) fn raw_left(&self) {
        let _gone = self.0.send(Command::RawLeft);
    }

    /// Probes the server; the answer comes within `timeout`, or the connection is gone.
    pub(crate) fn probe(
        &self,
        method: ProbeMethod,
        timeout: Duration,
    ) -> oneshot::Receiver<ProbeOutcome> {
        let (reply, outcome) = oneshot::channel();
        let _gone = self.0.send(Command::Probe(method, timeout, reply));
        outcome
    }
}
