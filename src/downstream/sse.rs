//! HTTP+SSE of revision 2024-11-05: one event stream for everything the server says, and an address
//! it names there to post to.
//!
//! Source: MCP 2024-11-05 "Transports", HTTP with SSE.
//!
//! The stream is the connection: when it ends the connection is lost. Frames go out only once the
//! address is known, and never to another origin than the configured one. A POST whose answer came
//! on the stream does not outlive it for long.

mod stream;

use super::http::body;
use super::http::classify::Verdict;
use super::http::lanes::{Job, Lanes, Panicked};
use super::http::remote::{Remote, is_event_stream};
use super::http::reports::Reports;
use super::http::response::Response;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use mcpvisor_actors::bridge::Era;
use mcpvisor_actors::server::{Inbound, Loss, Outbound, OutboundKind, Transport};
use reqwest::Url;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::mpsc;

/// How long the POST of a request may stay open after its answer came on the stream.
const AFTER_ANSWER: Duration = Duration::from_secs(1);

/// One connection by HTTP+SSE.
pub(super) struct LegacySse {
    remote: Arc<Remote>,
    lanes: Lanes,
    reports: Reports,
    inbox: mpsc::Receiver<Inbound>,
    /// Addresses the server names, and the last of them.
    endpoints: mpsc::Receiver<Url>,
    endpoint: Option<Url>,
}

impl LegacySse {
    /// Opens the stream in the background.
    pub(super) fn new(remote: Arc<Remote>) -> Self {
        let (reports, inbox) = Reports::new(Arc::clone(&remote));
        let (named, endpoints) = mpsc::channel(1);
        let mut lanes = Lanes::new(remote.address());
        lanes.spawn(Box::pin(stream::listen(Arc::clone(&remote), reports.clone(), named)));
        Self { remote, lanes, reports, inbox, endpoints, endpoint: None }
    }

    fn pump(&mut self) {
        if let Some(endpoint) = &self.endpoint {
            let (remote, reports) = (&self.remote, &self.reports);
            self.lanes.pump(|frame| {
                deliver(Arc::clone(remote), reports.clone(), endpoint.clone(), frame)
            });
        }
    }

    /// What a delivery or the stream reported.
    fn heard(&mut self) -> Option<Inbound> {
        let inbound = self.inbox.try_recv().ok()?;
        if let Inbound::Message { message, related: None } = &inbound
            && let Some(id) = body::answered(message)
        {
            self.lanes.answered(id, AFTER_ANSWER);
        }
        Some(inbound)
    }
}

/// The delivery of one frame. What is no request is bounded in time, because what comes after may
/// be waiting for it.
fn deliver(remote: Arc<Remote>, reports: Reports, endpoint: Url, frame: Outbound) -> Job {
    Box::pin(async move {
        let request = match frame.kind {
            OutboundKind::Request { id, .. } => Some(id),
            _ => None,
        };
        let posting = post(&remote, &reports, &endpoint, &frame, request);
        let outcome = if request.is_some() {
            posting.await
        } else {
            tokio::time::timeout(remote.connect_timeout, posting).await.unwrap_or(Ok(()))
        };
        if let Err(verdict) = outcome {
            reports.failed(request, verdict).await;
        }
    })
}

/// Posts a frame; the answer to a request comes on the stream, or from some servers right here.
async fn post(
    remote: &Remote,
    reports: &Reports,
    endpoint: &Url,
    frame: &Outbound,
    request: Option<u64>,
) -> Result<(), Verdict> {
    let response =
        remote.send(remote.post(endpoint, &frame.payload, &[], frame.trace.as_ref())).await?;
    let accepted = response.status().is_success();
    let body = if accepted {
        reply(remote, response, request).await
    } else {
        Some(remote.refusal(response, request.is_some(), true).await?)
    };
    let Some((id, body)) = request.zip(body) else { return Ok(()) };
    let messages = body::messages(&body, remote.limits).map_err(Verdict::sent)?;
    let mut answered = false;
    for message in messages.into_iter().flatten().filter(body::is_answer) {
        answered |= body::answers(&message, id);
        reports.message(message, Some(id)).await;
    }
    if accepted || answered { Ok(()) } else { Err(Verdict::missing()) }
}

/// The body of a response to a request, should there be one.
async fn reply(remote: &Remote, mut response: Response, request: Option<u64>) -> Option<Bytes> {
    request.filter(|_| !is_event_stream(&response))?;
    body::read(&mut response, remote.limits.max_bytes).await.ok()
}

impl Transport for LegacySse {
    fn send(&mut self, frame: Outbound) {
        self.lanes.push(frame);
    }

    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Inbound> {
        loop {
            while let Poll::Ready(Some(endpoint)) = self.endpoints.poll_recv(context) {
                self.endpoint = Some(endpoint);
            }
            if let Some(inbound) = self.heard() {
                return Poll::Ready(inbound);
            }
            self.pump();
            match self.lanes.poll_ended(context) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(Panicked)) => return Poll::Ready(Inbound::Lost(Loss::Internal)),
                Poll::Pending => return self.heard().map_or(Poll::Pending, Poll::Ready),
            }
        }
    }

    fn is_unsent(&self, id: u64) -> bool {
        self.lanes.is_unsent(id)
    }

    fn established(&mut self, era: Era) {
        if let Era::Legacy(version) = era {
            self.remote.keep_version(version);
        }
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async move { drop(self) })
    }
}
