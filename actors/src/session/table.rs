//! All sessions, by id: shared by the faces, told of what concerns everybody.

use super::{LogLevel, SessionHandle};
use crate::wire::Payload;
use dashmap::DashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use tokio::sync::watch;

/// What concerns all sessions.
#[derive(Debug, Clone)]
pub enum Fact {
    /// A list is another one; the notification that says so.
    ListChanged(&'static str),
    /// A server logged something outside any call we know of.
    Log(LogLevel, Payload),
}

/// One client, as far as its calls must know it.
#[derive(Debug)]
pub struct Client {
    /// The session's id.
    pub session: Arc<str>,
    level: AtomicU8,
}

/// No log messages are wanted until the client says so.
const NO_LEVEL: u8 = u8::MAX;

impl Client {
    pub(super) fn new(session: Arc<str>) -> Self {
        Self { session, level: AtomicU8::new(NO_LEVEL) }
    }

    /// Whether a message of this level is sent to this client: only after it set a level (D41).
    pub fn wants(&self, level: LogLevel) -> bool {
        self.level().is_some_and(|wanted| level >= wanted)
    }

    fn level(&self) -> Option<LogLevel> {
        LogLevel::at(self.level.load(Ordering::Relaxed))
    }
}

/// The sessions that are alive.
#[derive(Debug, Clone)]
pub struct SessionTable {
    sessions: Arc<DashMap<Arc<str>, SessionHandle>>,
    levels: watch::Sender<Option<LogLevel>>,
}

impl SessionTable {
    /// No sessions.
    pub fn new() -> Self {
        Self { sessions: Arc::default(), levels: watch::Sender::new(None) }
    }

    /// The least severe level any client wants; servers are asked for that one.
    pub fn levels(&self) -> watch::Receiver<Option<LogLevel>> {
        self.levels.subscribe()
    }

    /// How many sessions there are.
    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }

    /// Tells every session.
    pub fn broadcast(&self, fact: &Fact) {
        for session in self.sessions.iter() {
            session.tell(fact);
        }
    }

    pub(super) fn find(&self, id: &str) -> Option<SessionHandle> {
        self.sessions.get(id).map(|session| session.clone())
    }

    pub(super) fn enter(&self, id: Arc<str>, session: SessionHandle) {
        self.sessions.insert(id, session);
    }

    pub(super) fn leave(&self, id: &str) {
        self.sessions.remove(id);
        self.publish_level();
    }

    pub(super) fn set_level(&self, client: &Client, level: LogLevel) {
        client.level.store(level.index(), Ordering::Relaxed);
        self.publish_level();
    }

    fn publish_level(&self) {
        // looked up under the lock of the channel, so that the last to publish saw everything before
        self.levels.send_if_modified(|level| {
            let least = self.sessions.iter().filter_map(|session| session.client().level()).min();
            std::mem::replace(level, least) != least
        });
    }
}

impl Default for SessionTable {
    fn default() -> Self {
        Self::new()
    }
}
