//! The way from a connection's deliveries to its transport: one bounded channel, order kept.
//!
//! The deliveries run in the transport's own turn, which looks into the channel after them: nobody needs to
//! be woken.

use super::body;
use super::classify::Verdict;
use super::remote::Remote;
use bytes::Bytes;
use mcpvisor_actors::server::{Inbound, Loss, Noise};
use mcpvisor_actors::wire::{Message, WireError};
use std::sync::Arc;
use tokio::sync::mpsc::{self, error::TrySendError};

/// What may wait unread before the deliveries wait too.
const CAPACITY: usize = 64;

/// The reporting end. A report that nobody reads any more is dropped: the transport is gone.
#[derive(Clone)]
pub(crate) struct Reports {
    sender: mpsc::Sender<Inbound>,
    remote: Arc<Remote>,
}

/// What came of one event's data.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// The answer to the request the stream belongs to was among it.
    pub(crate) answered: bool,
    /// Something in it was no message.
    pub(crate) fault: Option<WireError>,
}

impl Reports {
    /// A channel about `remote`: this end and the transport's.
    pub(crate) fn new(remote: Arc<Remote>) -> (Self, mpsc::Receiver<Inbound>) {
        let (sender, receiver) = mpsc::channel(CAPACITY);
        (Self { sender, remote }, receiver)
    }

    async fn report(&self, inbound: Inbound) {
        if let Err(TrySendError::Full(inbound)) = self.sender.try_send(inbound) {
            let _gone = Box::pin(self.sender.send(inbound)).await;
        }
    }

    /// A message, heard on the stream of request `related`.
    pub(crate) async fn message(&self, message: Message, related: Option<u64>) {
        self.report(Inbound::Message { message, related }).await;
    }

    /// Something that is no message. On the stream of a request the failure of that is told by
    /// whoever reads it.
    async fn noise(&self, noise: Noise, related: Option<u64>) {
        let id = noise.id.filter(|_| related.is_none());
        self.report(Inbound::Noise(self.remote.discreet(Noise { id, ..noise }))).await;
    }

    /// Data above the cap, of which `start` is left.
    pub(crate) async fn too_large(&self, start: &Bytes, related: Option<u64>) -> WireError {
        let fault = WireError::TooLarge { limit: self.remote.limits.max_bytes };
        self.noise(body::noise(fault.clone(), start), related).await;
        fault
    }

    /// The data of one event, or a whole body; the loss when it cannot be taken apart.
    pub(crate) async fn data(&self, data: &Bytes, related: Option<u64>) -> Result<Heard, Loss> {
        let mut heard = Heard::default();
        for item in body::messages(data, self.remote.limits)? {
            match item {
                Ok(message) => {
                    heard.answered |= related.is_some_and(|id| body::answers(&message, id));
                    self.message(message, related).await;
                }
                Err(noise) => {
                    heard.fault = Some(noise.fault.clone());
                    self.noise(noise, related).await;
                }
            }
        }
        Ok(heard)
    }

    /// The end of an exchange that failed: for the request, if it was one, then for the connection,
    /// if it ended with it.
    pub(crate) async fn failed(&self, request: Option<u64>, verdict: Verdict) {
        let Verdict { sent, loss, fatal } = verdict;
        if let Some(id) = request {
            self.report(Inbound::Failed { id, sent, loss: loss.clone() }).await;
        }
        if fatal {
            self.lost(loss).await;
        }
    }

    /// The end of the connection.
    pub(crate) async fn lost(&self, loss: Loss) {
        self.report(Inbound::Lost(loss)).await;
    }
}
