//! All sessions, by id: shared by the faces, told of what concerns everybody.

use super::listening::Inbox;
use super::usage;
use super::{Ask, AskId, Client, LogLevel, SessionHandle, SessionSummary, Subscriptions, Tasks};
use crate::bridge::Need;
use crate::catalog::View;
use crate::server::ServerName;
use crate::wire::{Kind, Limits, Message, Payload, Strictness, Subject, Uris};
use dashmap::DashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;
use tokio::sync::watch;

/// What concerns many sessions, or one whatever it asked last.
#[derive(Debug, Clone)]
pub enum Fact {
    /// A list is another one; the notification that says so.
    ListChanged(&'static str),
    /// A resource it watches changed: its URI as the session knows it, and the notification.
    Updated(Arc<str>, Payload),
    /// A task of its stands otherwise than before or goes on, or what it did at a URL is done; the
    /// notification that says so.
    Told(Payload),
    /// A server logged something outside any call we know of.
    Log(LogLevel, Payload),
}

impl Fact {
    /// What a notification says that was not delivered, where a session can be told it once more.
    pub(super) fn of_undelivered(payload: &Payload) -> Option<Self> {
        let limits = Limits::default();
        let message = Message::parse(payload.to_bytes(), limits, Strictness::Liberal).ok()?;
        let Kind::Notification { method } = message.kind() else { return None };
        if let Some(subject) = Subject::ALL.into_iter().find(|it| it.changed() == &**method) {
            return Some(Self::ListChanged(subject.changed()));
        }
        if &**method != "notifications/resources/updated" {
            return None;
        }
        let uri = Uris::of_update(&message).iter().next().map(|(uri, _)| Arc::from(uri))?;
        Some(Self::Updated(uri, payload.clone()))
    }
}

/// How many sessions can be asked something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Able {
    None,
    One(Arc<str>),
    Several,
}

/// The sessions that are alive.
#[derive(Debug, Clone)]
pub struct SessionTable {
    sessions: Arc<DashMap<Arc<str>, SessionHandle>>,
    levels: watch::Sender<Option<LogLevel>>,
    roots: watch::Sender<()>,
    subscriptions: Subscriptions,
    tasks: Tasks,
    /// Clients of 2026-07-28 that listen, by the id of what they watch under.
    listens: Arc<DashMap<Arc<str>, Arc<Inbox>>>,
    /// The least severe level a stateless request ever wanted. It never rises again, or servers would be
    /// told of a level with each such request.
    stateless: Arc<AtomicU8>,
}

impl SessionTable {
    /// No sessions.
    pub fn new() -> Self {
        Self {
            sessions: Arc::default(),
            levels: watch::Sender::new(None),
            roots: watch::Sender::new(()),
            subscriptions: Subscriptions::default(),
            tasks: Tasks::default(),
            listens: Arc::default(),
            stateless: Arc::new(AtomicU8::new(u8::MAX)),
        }
    }

    /// The least severe level any client wants; servers are asked for that one.
    pub fn levels(&self) -> watch::Receiver<Option<LogLevel>> {
        self.levels.subscribe()
    }

    /// Fires when a client may have other roots than before, or another client may be the only one.
    pub(crate) fn roots(&self) -> watch::Receiver<()> {
        self.roots.subscribe()
    }

    pub(super) fn roots_changed(&self) {
        self.roots.send_replace(());
    }

    /// Puts a question to a session; one that is gone answers by dropping it.
    pub(crate) fn ask(&self, session: &str, ask: Ask) {
        if let Some(session) = self.find(session) {
            session.ask(ask);
        }
    }

    /// Takes a question back.
    pub(crate) fn withdraw(&self, session: &str, id: AskId, reason: &'static str) {
        if let Some(session) = self.find(session) {
            session.withdraw(id, reason);
        }
    }

    /// The sessions this server can ask this: they see it and are able to answer.
    pub(crate) fn able(&self, server: &ServerName, need: Need) -> Able {
        let able = |session: &&SessionHandle| {
            let client = session.client();
            client.view.has(server) && client.abilities().allow(need)
        };
        let all: Vec<_> = self.sessions.iter().map(|entry| entry.value().clone()).collect();
        let mut able = all.iter().filter(able);
        match (able.next(), able.next()) {
            (None, _) => Able::None,
            (Some(one), None) => Able::One(Arc::clone(&one.client().session)),
            (Some(_), Some(_)) => Able::Several,
        }
    }

    /// Whether this session is alive.
    pub(crate) fn has(&self, session: &str) -> bool {
        self.sessions.contains_key(session)
    }

    /// How many sessions there are.
    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }

    /// Tells everybody whose view is one of those that `sees` it.
    pub fn broadcast(&self, fact: &Fact, sees: impl Fn(&View) -> bool) {
        for session in self.sessions.iter() {
            if sees(&session.client().view) {
                session.tell(fact);
            }
        }
        for listen in self.listens.iter() {
            if sees(&listen.view) {
                listen.tell(fact);
            }
        }
    }

    /// Tells one session or listen, if it is alive.
    pub(crate) fn tell(&self, watcher: &str, fact: &Fact) {
        if let Some(session) = self.find(watcher) {
            session.tell(fact);
        } else if let Some(listen) = self.listens.get(watcher) {
            listen.tell(fact);
        }
    }

    pub(super) fn enter_listen(&self, id: Arc<str>, inbox: Arc<Inbox>) {
        self.listens.insert(id, inbox);
    }

    pub(super) fn leave_listen(&self, id: &str) {
        self.listens.remove(id);
        self.subscriptions.leave(id);
    }

    /// A stateless request wants log messages from this level on.
    pub(super) fn wants_level(&self, level: LogLevel) {
        if level.index() < self.stateless.fetch_min(level.index(), Ordering::Relaxed) {
            self.publish_level();
        }
    }

    /// The tasks servers run for clients.
    pub(crate) fn tasks(&self) -> &Tasks {
        &self.tasks
    }

    /// Who watches which resource.
    pub(crate) fn subscriptions(&self) -> &Subscriptions {
        &self.subscriptions
    }

    /// A client watches a resource of a server from here on, which it calls `asked`.
    pub(crate) fn subscribe(&self, client: &Client, server: &ServerName, uri: &str, asked: &str) {
        self.subscriptions.enter(server, uri, &client.session, asked);
        // a session that ended meanwhile has left the subscriptions already, or finds this one there
        let id = &client.session;
        if !self.sessions.contains_key(id) && !self.listens.contains_key(id) {
            self.subscriptions.leave(&client.session);
        }
    }

    /// It does not watch it any more.
    pub(crate) fn unsubscribe(&self, client: &Client, asked: &str) {
        self.subscriptions.remove(&client.session, asked);
    }

    pub(crate) fn find(&self, id: &str) -> Option<SessionHandle> {
        self.sessions.get(id).map(|session| session.clone())
    }

    /// All of them, as people look at them.
    pub(crate) fn summaries(&self) -> Vec<SessionSummary> {
        let all: Vec<_> = self.sessions.iter().map(|session| session.clone()).collect();
        all.iter().map(SessionSummary::of).collect()
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
        self.tasks.leave(id);
        self.publish_level();
        self.roots_changed();
    }

    pub(super) fn set_level(&self, client: &Client, level: LogLevel) {
        client.set_level(level);
        self.publish_level();
    }

    fn publish_level(&self) {
        // looked up under the lock of the channel, so that the last to publish saw everything before
        self.levels.send_if_modified(|level| {
            let of_sessions = self.sessions.iter().filter_map(|session| session.client().level());
            let stateless = LogLevel::at(self.stateless.load(Ordering::Relaxed));
            let least = of_sessions.chain(stateless).min();
            std::mem::replace(level, least) != least
        });
    }
}

impl Default for SessionTable {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{notification, notification_raw, request_raw};

    #[test]
    fn lists_and_resources_that_changed_can_be_told_again() {
        let said = |payload| Fact::of_undelivered(&payload);
        for subject in Subject::ALL {
            let fact = said(notification(subject.changed()));
            assert!(matches!(fact, Some(Fact::ListChanged(it)) if it == subject.changed()));
        }
        let updated = notification_raw("notifications/resources/updated", r#"{"uri":"a:1"}"#);
        assert!(matches!(said(updated), Some(Fact::Updated(uri, _)) if &*uri == "a:1"));
        assert!(said(notification("notifications/message")).is_none());
        assert!(said(request_raw(1, "roots/list", "{}")).is_none());
    }
}
