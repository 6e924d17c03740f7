//! All sessions, by id: shared by the faces, told of what concerns everybody.

use super::usage;
use super::{Client, LogLevel, SessionHandle, Subscriptions};
use crate::server::ServerName;
use crate::wire::Payload;
use dashmap::DashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// What concerns all sessions, or one whatever it asked last.
#[derive(Debug, Clone)]
pub enum Fact {
    /// A list is another one; the notification that says so.
    ListChanged(&'static str),
    /// A resource it watches changed: its URI as the session knows it, and the notification.
    Updated(Arc<str>, Payload),
    /// A server logged something outside any call we know of.
    Log(LogLevel, Payload),
}

/// The sessions that are alive.
#[derive(Debug, Clone)]
pub struct SessionTable {
    sessions: Arc<DashMap<Arc<str>, SessionHandle>>,
    levels: watch::Sender<Option<LogLevel>>,
    subscriptions: Subscriptions,
}

impl SessionTable {
    /// No sessions.
    pub fn new() -> Self {
        let levels = watch::Sender::new(None);
        Self { sessions: Arc::default(), levels, subscriptions: Subscriptions::default() }
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

    /// Tells one session, if it is alive.
    pub(crate) fn tell(&self, session: &str, fact: &Fact) {
        if let Some(session) = self.find(session) {
            session.tell(fact);
        }
    }

    /// Who watches which resource.
    pub(crate) fn subscriptions(&self) -> &Subscriptions {
        &self.subscriptions
    }

    /// A client watches a resource of a server from here on, which it calls `asked`.
    pub(crate) fn subscribe(&self, client: &Client, server: &ServerName, uri: &str, asked: &str) {
        self.subscriptions.enter(server, uri, &client.session, asked);
        // a session that ended meanwhile has left the subscriptions already, or finds this one there
        if !self.sessions.contains_key(&client.session) {
            self.subscriptions.leave(&client.session);
        }
    }

    /// It does not watch it any more.
    pub(crate) fn unsubscribe(&self, client: &Client, asked: &str) {
        self.subscriptions.remove(&client.session, asked);
    }

    pub(super) fn find(&self, id: &str) -> Option<SessionHandle> {
        self.sessions.get(id).map(|session| session.clone())
    }

    /// The sessions that may make room, the least recently used first.
    pub(super) fn least_recent(&self, least: Duration) -> Vec<SessionHandle> {
        let all = self.sessions.iter().map(|it| (it.client().usage.idle(), it.clone()));
        usage::least_recent(all, least)
    }

    pub(super) fn enter(&self, id: Arc<str>, session: SessionHandle) {
        self.sessions.insert(id, session);
    }

    pub(super) fn leave(&self, id: &str) {
        self.sessions.remove(id);
        self.subscriptions.leave(id);
        self.publish_level();
    }

    pub(super) fn set_level(&self, client: &Client, level: LogLevel) {
        client.set_level(level);
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
