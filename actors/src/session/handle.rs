//! What a face sees of the runtime: admit a request, open or find a session, deliver messages.

use super::ClientStream;
use crate::wire::{Message, RawId};

/// A face's way into the runtime; cheap to clone.
#[derive(Debug, Clone)]
pub struct Clients {}

/// The right to have one request in flight; given back when dropped.
#[derive(Debug)]
pub struct Admission {}

/// One client session.
#[derive(Debug, Clone)]
pub struct SessionHandle {}

/// The session has ended (or its actor was restarted): the client must initialize anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the session has ended; send `initialize` to open a new one")]
pub struct SessionGone;

impl Clients {
    /// Takes one of the gateway's slots for requests in flight; `None` when all are taken (answer
    /// `overloaded`).
    pub fn admit(&self) -> Option<Admission> {
        None
    }

    /// Opens a session; `None` when the cap on sessions is reached or the gateway shuts down.
    pub async fn open(&self) -> Option<SessionHandle> {
        None
    }

    /// The session with this id, if it is alive.
    pub fn find(&self, _id: &str) -> Option<SessionHandle> {
        None
    }
}

impl SessionHandle {
    /// The session's id (unguessable; visible ASCII).
    pub fn id(&self) -> &str {
        ""
    }

    /// Delivers one message of the client's. The answer to a request, its progress and its log
    /// messages go to `stream`; the stream is dropped by the runtime once nothing more will come.
    /// Requests need an `admission`.
    pub fn deliver(
        &self,
        _message: Message,
        _admission: Option<Admission>,
        _stream: ClientStream,
    ) -> Result<(), SessionGone> {
        Err(SessionGone)
    }

    /// The client that sent this request is gone (its connection closed): the call is cancelled and
    /// its slot freed. Harmless when the request was answered already.
    pub fn abandon(&self, _id: &RawId) {}

    /// Sets where messages go that belong to no request (GET stream, stdio, SSE). A later call
    /// replaces the earlier stream.
    pub fn attach(&self, _stream: ClientStream) -> Result<(), SessionGone> {
        Err(SessionGone)
    }

    /// Ends the session; its calls in flight are cancelled.
    pub fn close(&self) {}
}
