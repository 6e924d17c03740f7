//! Event streams: what a session sends, written as server-sent events while the client reads.
//!
//! Source: MCP 2025-11-25 "Transports"; HTML Living Standard, server-sent events.
//!
//! *Invariant:* a stream that answers a request ends after the answer; one that is dropped before
//! it has the call cancelled.

use crate::faces::outbox::Outbox;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use mcpvisor_actors::session::{Held, Outgoing};
use mcpvisor_actors::wire::Payload;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::sleep;

pub(super) const COMMENT: Bytes = Bytes::from_static(b": keep-alive\n\n");

/// Runs an action when dropped, unless disarmed: what must happen when a client goes away.
pub(super) struct OnDrop(Option<Box<dyn FnOnce() + Send>>);

impl OnDrop {
    /// Arms the action.
    pub(super) fn new(action: impl FnOnce() + Send + 'static) -> Self {
        Self(Some(Box::new(action)))
    }

    /// Runs the action now.
    fn run(&mut self) {
        if let Some(action) = self.0.take() {
            action();
        }
    }

    fn is_armed(&self) -> bool {
        self.0.is_some()
    }

    /// The action is no longer needed.
    pub(super) fn disarm(&mut self) {
        self.0 = None;
    }
}

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.run();
    }
}

impl fmt::Debug for OnDrop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OnDrop(armed: {})", self.0.is_some())
    }
}

/// What a stream is for.
#[derive(Debug)]
pub(super) enum Purpose {
    /// So many answers to the requests of one POST; cancelled when dropped early, finished even while we stop.
    Answer(OnDrop, usize),
    /// Everything that belongs to no request; ends at once when we stop.
    Listen(watch::Receiver<bool>),
    /// All of a session; once we stop the action runs (so that nothing new comes), and the stream
    /// ends when all is answered.
    Everything(watch::Receiver<bool>, OnDrop),
}

/// One open event stream.
pub(super) struct EventStream {
    outbox: Outbox,
    purpose: Purpose,
    keep_alive: Duration,
    /// Asked at each keep-alive; `false` ends the stream.
    wanted: Box<dyn Fn() -> bool + Send>,
    /// Runs when the stream is gone, for whichever reason.
    farewell: Option<OnDrop>,
    ready: VecDeque<Bytes>,
    /// Of the message that is being written.
    held: Held,
    /// Whether nothing but signs of life are written.
    silent: bool,
    ended: bool,
}

impl EventStream {
    /// A stream over an outbox.
    pub(super) fn new(outbox: Outbox, purpose: Purpose, keep_alive: Duration) -> Self {
        let wanted = Box::new(|| true);
        let (ready, held) = (VecDeque::new(), Held::default());
        let (silent, ended) = (false, false);
        Self { outbox, purpose, keep_alive, wanted, farewell: None, ready, held, silent, ended }
    }

    /// A stream that carries one answer already known.
    pub(super) fn of_one(answer: Payload) -> Response {
        let mut response = Response::new(Body::from(event(answer, None).to_bytes()));
        mark(response.headers_mut());
        response
    }

    /// Begins with what was taken from the outbox already.
    pub(super) fn starting_with(mut self, first: impl IntoIterator<Item = Outgoing>) -> Self {
        for outgoing in first {
            self.take(outgoing);
        }
        self
    }

    /// Begins with an event of another kind.
    pub(super) fn announcing(mut self, event: &str, data: &str) -> Self {
        self.ready.push_back(format!("event: {event}\ndata: {data}\n\n").into());
        self
    }

    /// Ends at a keep-alive when nobody answers for it any more.
    pub(super) fn while_wanted(mut self, wanted: impl Fn() -> bool + Send + 'static) -> Self {
        self.wanted = Box::new(wanted);
        self
    }

    /// What to do when the stream is gone.
    pub(super) fn finally(mut self, farewell: OnDrop) -> Self {
        self.farewell = Some(farewell);
        self
    }

    /// The response that carries the stream.
    pub(super) fn into_response(self) -> Response {
        let chunks = stream::unfold(self, |mut events| async move {
            events.next().await.map(|chunk| (Ok::<_, Infallible>(chunk), events))
        });
        let mut response = Response::new(Body::from_stream(chunks));
        mark(response.headers_mut());
        response
    }

    /// The next bytes to write; polled only while the client reads.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(chunk) = self.ready.pop_front() {
                return Some(chunk);
            }
            // the client has taken all of the last message
            self.held = Held::default();
            if self.ended {
                return None;
            }
            tokio::select! {
                biased;
                () = stopping(&mut self.purpose) => {
                    self.ended = matches!(self.purpose, Purpose::Listen(_));
                }
                outgoing = self.outbox.next(), if !self.silent => match outgoing {
                    Some(outgoing) => self.take(outgoing),
                    // another took its place; a client that sees it end would come back, and do so too
                    None if matches!(self.purpose, Purpose::Listen(_)) && (self.wanted)() => {
                        self.silent = true;
                    }
                    None => self.end(),
                },
                () = sleep(self.keep_alive) => {
                    self.ended = !(self.wanted)();
                    self.ready.push_back(COMMENT);
                }
            }
        }
    }

    /// Queues one message for writing.
    fn take(&mut self, outgoing: Outgoing) {
        let Outgoing { payload, answer, held } = outgoing;
        self.held = held;
        self.ready.extend(event(payload, None).chunks().iter().cloned());
        if answer && let Purpose::Answer(_, awaited) = &mut self.purpose {
            *awaited = awaited.saturating_sub(1);
            if *awaited == 0 {
                self.end();
            }
        }
    }

    /// Nothing more will come for the request: answered, or cancelled by the session.
    fn end(&mut self) {
        self.ended = true;
        if let Purpose::Answer(abandon, _) = &mut self.purpose {
            abandon.disarm();
        }
    }
}

impl fmt::Debug for EventStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventStream")
            .field("purpose", &self.purpose)
            .field("farewell", &self.farewell)
            .finish_non_exhaustive()
    }
}

/// The headers of an event stream that no proxy shall buffer.
pub(super) fn mark(headers: &mut HeaderMap) {
    for (name, value) in [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-cache"),
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// Resolves when the gateway stops and the stream is one that ends then.
async fn stopping(purpose: &mut Purpose) {
    match purpose {
        Purpose::Listen(closing) => told(closing).await,
        Purpose::Everything(closing, last) if last.is_armed() => {
            told(closing).await;
            last.run();
        }
        Purpose::Answer(..) | Purpose::Everything(..) => std::future::pending().await,
    }
}

/// Resolves when the gateway stops.
pub(super) async fn told(closing: &mut watch::Receiver<bool>) {
    let _sender_gone = closing.wait_for(|closing| *closing).await.is_err();
}

/// One message as a server-sent event, with an id when it can be asked for again.
pub(super) fn event(payload: Payload, id: Option<&str>) -> Payload {
    let payload = payload.on_one_line();
    let prefix = id.map_or(Bytes::from_static(b"event: message\ndata: "), |id| {
        format!("event: message\nid: {id}\ndata: ").into()
    });
    let parts = payload.chunks().iter().cloned();
    Payload::concat([prefix].into_iter().chain(parts).chain([Bytes::from_static(b"\n\n")]))
}

#[cfg(test)]
#[path = "events/tests.rs"]
mod tests;
