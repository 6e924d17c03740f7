//! The seam to the outside: how a server is reached, and what can be heard from it.
//!
//! The edges implement [`Connector`] and [`Transport`] (stdio, Streamable HTTP, HTTP+SSE,
//! WebSocket); this crate
//! only drives them. A transport moves frames and reports facts; it decides nothing.

use super::Loss;
use crate::bridge::Era;
use crate::observation::TraceContext;
use crate::wire::{Message, Payload};
use futures_util::future::BoxFuture;
use std::task::{Context, Poll};
use std::time::Duration;

/// Opens connections to one server.
pub trait Connector: Send + Sync + 'static {
    /// Opens one connection (starts the process, prepares the HTTP client). Dropping the future at any
    /// point must leave nothing behind, no process and no socket.
    fn connect(&self) -> BoxFuture<'static, Result<Box<dyn Transport>, Loss>>;

    /// The kind of transport, for people: `stdio`, `streamable-http`, `sse`, `websocket`.
    fn kind(&self) -> &'static str;

    /// How frames are carried there.
    fn carriage(&self) -> Carriage {
        Carriage::Stream
    }
}

/// How frames are carried, as far as the eras differ in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carriage {
    /// On one stream for both directions (stdio, WebSocket): when it ends, the server is gone.
    Stream,
    /// Each request by a POST of its own, with headers that repeat what it says.
    Posts,
    /// HTTP+SSE, which only the initialize era has.
    LegacyOnly,
}

/// One open connection. Used by one task only; dropping it ends the connection at once and leaves
/// nothing running (for a child process: SIGKILL to its whole group).
pub trait Transport: Send + 'static {
    /// Queues a frame for writing. Never waits: what may be queued is bounded by admission.
    fn send(&mut self, frame: Outbound);

    /// Moves queued frames on and yields the next thing heard. Not polled again after
    /// [`Inbound::Lost`].
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Inbound>;

    /// Whether the request `id` is still queued here with not one byte of it handed on, so that it
    /// certainly did not reach the server.
    fn is_unsent(&self, id: u64) -> bool;

    /// Tells the transport which era the server lives in. HTTP in the initialize era: sends
    /// `MCP-Protocol-Version` from now on and opens the standalone GET stream. HTTP in 2026-07-28:
    /// there is neither stream nor session, and a request is given up by closing its response.
    fn established(&mut self, _era: Era) {}

    /// Ends the connection politely (stdin EOF, TERM, KILL; or HTTP DELETE of the session), bounded
    /// in time by the transport's own grace periods. Returns when nothing of it is left.
    fn close(self: Box<Self>) -> BoxFuture<'static, ()>;

    /// The operating system's process id of the server, when it is our child.
    fn process_id(&self) -> Option<u32> {
        None
    }

    /// Whether what is sent at once goes out together, at less cost than one by one.
    fn gathers(&self) -> bool {
        false
    }

    /// What the server's processes do at this moment, as far as that can be seen. Not cheap.
    fn activity(&self) -> Activity {
        Activity::default()
    }
}

/// What a server that says nothing does meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Activity {
    /// Processor time used so far, with all processes it started.
    pub processor_time: Option<Duration>,
    /// What was sent lies unread in its input.
    pub unread: bool,
    /// One of its processes is stopped by a signal.
    pub stopped: bool,
}

/// A process that used this part of a time is computing.
const BUSY_PART: u32 = 5;

impl Activity {
    /// Whether it has been at work for `elapsed` since `before`, and may be again: it computes, or it
    /// does not even read because a call keeps it (`called`). One that reads and says nothing is not
    /// at work, nor is one that is stopped.
    pub fn shows_work(&self, before: &Self, elapsed: Duration, called: bool) -> bool {
        let used = self.processor_time.zip(before.processor_time);
        let used = used.map(|(after, before)| after.saturating_sub(before));
        let computes = used.is_some_and(|used| used > elapsed / BUSY_PART);
        !self.stopped && (computes || called && self.unread)
    }
}

/// A frame on its way to the server.
#[derive(Debug)]
pub struct Outbound {
    /// The JSON text.
    pub payload: Payload,
    /// What it is, as far as a transport has to know.
    pub kind: OutboundKind,
    /// The HTTP headers of a request or notification of 2026-07-28, all of them; empty for every other frame, and
    /// where [`Connector::carriage`] is not [`Carriage::Posts`].
    pub headers: Vec<(String, String)>,
    /// The trace it belongs to: two more headers of any frame, where each goes by a POST of its own.
    pub trace: Option<TraceContext>,
}

impl Outbound {
    /// A frame without headers of its own.
    pub fn new(payload: impl Into<Payload>, kind: OutboundKind) -> Self {
        Self { payload: payload.into(), kind, headers: Vec::new(), trace: None }
    }
}

/// What an outgoing frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutboundKind {
    /// A request of ours with this id; `initialize` is marked because it opens a session.
    Request {
        /// Our id, also its JSON text.
        id: u64,
        /// Whether this is the `initialize` request.
        initialize: bool,
    },
    /// A notification.
    Notification,
    /// `notifications/cancelled` for the request with this id: nobody waits for its answer any more.
    Cancel {
        /// The id given up.
        id: u64,
    },
    /// An answer to a request of the server's.
    Response,
}

/// What is heard from a connection.
#[derive(Debug)]
pub enum Inbound {
    /// A message.
    Message {
        /// The message.
        message: Message,
        /// The request of ours on whose own stream it came (HTTP), when that is known.
        related: Option<u64>,
    },
    /// One request could not be delivered or its answer not received; the connection itself stands.
    Failed {
        /// The request.
        id: u64,
        /// Whether any of it may have reached the server.
        sent: bool,
        /// Why.
        loss: Loss,
    },
    /// Something that is no message (a banner on stdout, an oversize line, a broken event).
    Noise(Noise),
    /// The connection has ended.
    Lost(Loss),
}

/// Bytes that are no message, kept short as evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noise {
    /// What was wrong.
    pub fault: crate::wire::WireError,
    /// The first characters of it.
    pub excerpt: String,
    /// The request this seems to be the answer to, when an id could be read in it.
    pub id: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_computes_or_does_not_even_read_for_a_call_is_at_work_unless_stopped() {
        let at = |seconds, unread, stopped| Activity {
            processor_time: Some(Duration::from_secs(seconds)),
            unread,
            stopped,
        };
        let (before, elapsed) = (at(7, false, false), Duration::from_secs(5));
        for (after, called, works) in [
            (at(7, false, false), true, false),
            (at(8, false, false), true, false),
            (at(9, false, false), false, true),
            (at(7, true, false), true, true),
            (at(7, true, false), false, false),
            (at(12, true, true), true, false),
            (Activity::default(), true, false),
        ] {
            assert_eq!(after.shows_work(&before, elapsed, called), works, "{after:?}");
        }
    }
}
