//! Streamable HTTP: one URL, a POST for each message, event streams for what takes longer.
//!
//! Source: MCP 2025-11-25 "Transports", Streamable HTTP; 2026-07-28 "Streamable HTTP", where there is
//! no session, no standing stream, and a request is given up by closing its response.
//!
//! Never opens a session of its own accord: a lost one is reported and ends the connection.

mod exchange;
mod standing;

use super::http::lanes::{Job, Lanes, Panicked};
use super::http::remote::Remote;
use super::http::reports::Reports;
use exchange::Exchange;
use futures_util::future::BoxFuture;
use mcpvisor_actors::bridge::Era;
use mcpvisor_actors::server::{Inbound, Loss, Outbound, OutboundKind, Transport};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::mpsc;

/// Longest time for ending the session.
pub(crate) const FAREWELL: Duration = Duration::from_secs(2);

/// One connection by Streamable HTTP.
pub(super) struct StreamableHttp {
    remote: Arc<Remote>,
    lanes: Lanes,
    reports: Reports,
    inbox: mpsc::Receiver<Inbound>,
    /// The requests sent before the era was known, and whether each is `initialize`.
    questions: Vec<(u64, bool)>,
    established: bool,
}

impl StreamableHttp {
    /// A connection that opens with the first frame.
    pub(super) fn new(remote: Arc<Remote>) -> Self {
        let (reports, inbox) = Reports::new(Arc::clone(&remote));
        let lanes = Lanes::new(remote.address());
        Self { remote, lanes, reports, inbox, questions: Vec::new(), established: false }
    }

    fn pump(&mut self) {
        let (remote, reports) = (&self.remote, &self.reports);
        self.lanes.pump(|frame| deliver(Arc::clone(remote), reports.clone(), frame));
    }
}

/// The delivery of one frame.
fn deliver(remote: Arc<Remote>, reports: Reports, frame: Outbound) -> Job {
    let OutboundKind::Request { id, initialize } = frame.kind else {
        return Box::pin(async move { exchange::tell(&remote, &reports, &frame).await });
    };
    let exchange = Exchange::new(remote, reports, id, initialize);
    Box::pin(exchange.with(frame.headers).within(frame.trace).run(frame.payload))
}

impl Transport for StreamableHttp {
    fn send(&mut self, frame: Outbound) {
        if let OutboundKind::Request { id, initialize } = frame.kind
            && !self.established
        {
            self.questions.push((id, initialize));
        }
        self.lanes.push(frame);
    }

    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Inbound> {
        loop {
            if let Ok(inbound) = self.inbox.try_recv() {
                return Poll::Ready(inbound);
            }
            self.pump();
            match self.lanes.poll_ended(context) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(Panicked)) => return Poll::Ready(Inbound::Lost(Loss::Internal)),
                Poll::Pending => return self.inbox.try_recv().map_or(Poll::Pending, Poll::Ready),
            }
        }
    }

    fn is_unsent(&self, id: u64) -> bool {
        self.lanes.is_unsent(id)
    }

    fn established(&mut self, era: Era) {
        self.established = true;
        for (id, initialize) in self.questions.drain(..) {
            if initialize == (era == Era::Modern) {
                self.lanes.abandon(id); // the other one decided, this one may hang for ever
            }
        }
        let Era::Legacy(version) = era else { return self.lanes.cancel_by_closing() };
        self.remote.keep_version(version);
        let (remote, reports) = (Arc::clone(&self.remote), self.reports.clone());
        self.lanes.spawn(Box::pin(standing::listen(remote, reports)));
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let Self { remote, lanes, .. } = *self;
            drop(lanes);
            if remote.in_session() {
                let farewell = tokio::time::timeout(FAREWELL, remote.send(remote.delete())).await;
                let polite = matches!(farewell, Ok(Ok(_)));
                tracing::debug!(address = remote.address(), polite, "session ended");
            }
        })
    }
}
