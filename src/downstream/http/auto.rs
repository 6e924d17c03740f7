//! Streamable HTTP first; HTTP+SSE when the server refuses `initialize` the way old servers do.
//!
//! Source: MCP 2025-11-25 "Transports", backwards compatibility.
//!
//! A JSON-RPC error in answer to `initialize` is an answer, whatever its status: such a server
//! speaks Streamable HTTP. The question for the era, which may go before or beside it, decides
//! nothing here: HTTP+SSE is of the initialize era only.

use super::body;
use super::remote::Remote;
use crate::downstream::sse::LegacySse;
use crate::downstream::streamable_http::StreamableHttp;
use futures_util::future::BoxFuture;
use mcpvisor_actors::bridge::Era;
use mcpvisor_actors::server::{Inbound, Loss, Outbound, OutboundKind, Transport};
use mcpvisor_actors::wire::Payload;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// A connection whose protocol is found out by `initialize`.
pub(super) struct Auto {
    remote: Arc<Remote>,
    inner: Box<dyn Transport>,
    stage: Stage,
}

/// How far the finding out has come.
enum Stage {
    /// Nothing sent yet.
    New,
    /// `initialize` was sent by Streamable HTTP.
    Asked { id: u64, initialize: Payload },
    /// It was refused with this loss; HTTP+SSE is being tried.
    Refused { loss: Loss },
    /// Found.
    Settled,
}

impl Auto {
    /// A connection that opens with the first frame.
    pub(super) fn new(remote: Arc<Remote>) -> Self {
        let inner = Box::new(StreamableHttp::new(Arc::clone(&remote)));
        Self { remote, inner, stage: Stage::New }
    }

    /// What is heard, seen in the light of the stage; `None` when the protocol was changed.
    fn judge(&mut self, inbound: Inbound) -> Option<Inbound> {
        if let (Stage::Asked { id, .. }, false) = (&self.stage, matches!(inbound, Inbound::Lost(_)))
            && subject(&inbound) != Some(*id)
        {
            return Some(inbound); // about something else
        }
        match (std::mem::replace(&mut self.stage, Stage::Settled), inbound) {
            (Stage::Asked { id, initialize }, Inbound::Failed { id: failed, loss, .. })
                if failed == id && is_refusal(&loss) =>
            {
                tracing::debug!(address = self.remote.address(), cause = %loss, "trying HTTP+SSE");
                self.inner = Box::new(LegacySse::new(Arc::clone(&self.remote)));
                let kind = OutboundKind::Request { id, initialize: true };
                self.inner.send(Outbound::new(initialize, kind));
                self.stage = Stage::Refused { loss };
                None
            }
            // Neither protocol is spoken here: the first refusal says more than the second.
            (Stage::Refused { loss }, Inbound::Lost(second)) if says_less(&second) => {
                Some(Inbound::Lost(loss))
            }
            (_, inbound) => Some(inbound),
        }
    }
}

/// The request something heard is about.
fn subject(inbound: &Inbound) -> Option<u64> {
    match inbound {
        Inbound::Message { message, .. } => body::answered(message),
        Inbound::Failed { id, .. } => Some(*id),
        Inbound::Noise(noise) => noise.id,
        Inbound::Lost(_) => None,
    }
}

/// Whether an old server may refuse a POST to its event stream's address like this.
fn is_refusal(loss: &Loss) -> bool {
    matches!(loss, Loss::HttpStatus { status: 400 | 404 | 405, .. })
}

fn says_less(loss: &Loss) -> bool {
    matches!(loss, Loss::HttpStatus { .. } | Loss::Protocol { .. } | Loss::TimedOut { .. })
}

impl Transport for Auto {
    fn send(&mut self, frame: Outbound) {
        match frame.kind {
            OutboundKind::Request { id, initialize: true } => {
                self.stage = Stage::Asked { id, initialize: frame.payload.clone() };
            }
            OutboundKind::Cancel { .. } => self.stage = Stage::Settled,
            _ => {}
        }
        self.inner.send(frame);
    }

    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Inbound> {
        loop {
            let inbound = ready!(self.inner.poll_next(context));
            if let Some(inbound) = self.judge(inbound) {
                return Poll::Ready(inbound);
            }
        }
    }

    fn is_unsent(&self, id: u64) -> bool {
        self.inner.is_unsent(id)
    }

    fn established(&mut self, era: Era) {
        self.stage = Stage::Settled;
        self.inner.established(era);
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, ()> {
        self.inner.close()
    }
}
