//! What happens, told to whoever listens as it happens: reports of servers that changed, requests that
//! came and ended, facts, and that tools or sessions are others now.
//!
//! Facts and requests come from the runtime as a [`Sink`]; what nobody tells of (reports, lists,
//! sessions) is looked at every half second by one task, which runs only while somebody listens.
//!
//! Memory: at most 64 listeners, each with at most 1,024 events and 4 MB that wait to be read.
//!
//! *Invariant:* who tells of something never waits for a listener, and a listener that does not read
//! loses events and is told how many.

mod differences;
mod mailbox;
mod pace;
mod topics;

pub(super) use topics::Topics;

use super::ServerReport;
use crate::downstream::looked;
use crate::ledger::Call;
use crate::telemetry::Sink;
use axum::body::Bytes;
use differences::Differences;
pub(super) use differences::Source;
use mailbox::Mailbox;
use mcpvisor_actors::mutex::lock;
use mcpvisor_actors::observation::{Observed, SessionOver};
use mcpvisor_actors::server::ServerName;
use mcpvisor_actors::timeline::{Event, words};
use pace::Pace;
use serde::Serialize;
use serde_json::json;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

/// Most listeners at once.
pub(super) const LISTENERS: usize = 64;
/// How long requests are collected before they are told.
const TOGETHER: Duration = Duration::from_millis(100);
/// How often what nobody tells of is looked at, in times of `TOGETHER`.
const LOOK: u32 = 5;

/// The feed of a gateway; clones are one.
#[derive(Clone, Default)]
pub struct Feed(Arc<Shared>);

#[derive(Default)]
struct Shared {
    /// What anybody listens to, as [`Topics`]: asked on the path of requests.
    wanted: AtomicU8,
    audience: Mutex<Audience>,
    pace: Mutex<Pace>,
    a_session_ended: AtomicBool,
}

/// Who listens, and what they know.
#[derive(Default)]
struct Audience {
    mailboxes: Vec<Arc<Mailbox>>,
    known: Differences,
    /// The one task, while somebody listens.
    looking: JoinSet<()>,
}

/// All places are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooMany;

impl Feed {
    /// A feed nobody listens to.
    pub fn new() -> Self {
        Self::default()
    }

    /// Listens to these topics from now on. The first events are `hello` and, when servers are listened
    /// to, all of them.
    pub(super) fn listen(&self, topics: Topics, source: Source) -> Result<Listener, TooMany> {
        let mailbox = Arc::new(Mailbox::new(topics));
        mailbox.put(&event("hello", &json!({ "version": env!("CARGO_PKG_VERSION") })));
        let mut audience = self.0.audience();
        if audience.mailboxes.len() >= LISTENERS {
            return Err(TooMany);
        }
        // taken while nobody can be told of a change, so that none is missed
        let reports = ServerReport::all(&source.fleet);
        if topics.has(Topics::SERVERS) {
            for report in &reports {
                mailbox.put(&event("server", report));
            }
        }
        if audience.mailboxes.is_empty() {
            audience.known = Differences::from(reports, &source);
            self.0.a_session_ended.store(false, Ordering::Relaxed);
            audience.looking = JoinSet::new();
            audience.looking.spawn(look(Arc::clone(&self.0), source));
        }
        audience.mailboxes.push(Arc::clone(&mailbox));
        self.0.count(&audience);
        Ok(Listener { mailbox, shared: Arc::clone(&self.0) })
    }
}

impl Shared {
    fn audience(&self) -> MutexGuard<'_, Audience> {
        lock(&self.audience)
    }

    fn wants(&self, topic: Topics) -> bool {
        Topics::from(self.wanted.load(Ordering::Relaxed)).has(topic)
    }

    fn count(&self, audience: &Audience) {
        let topics = audience.mailboxes.iter().map(|mailbox| mailbox.topics);
        let all = topics.fold(Topics::NONE, Topics::and);
        let had = self.wants(Topics::CALLS);
        self.wanted.store(all.into(), Ordering::Relaxed);
        if had != all.has(Topics::CALLS) {
            // whoever listens next is told of what begins from then on
            *lock(&self.pace) = Pace::new(Instant::now());
        }
    }

    fn tell(&self, topic: Topics, event: &Bytes) {
        let audience = self.audience();
        for mailbox in audience.mailboxes.iter().filter(|mailbox| mailbox.topics.has(topic)) {
            mailbox.put(event);
        }
    }

    /// Tells of the requests that were collected.
    fn tell_calls(&self) {
        let (requests, skipped) = lock(&self.pace).take(Instant::now());
        for request in requests {
            self.tell(Topics::CALLS, &event("call", &Call::of(&request)));
        }
        if let Some(calls) = skipped {
            self.tell(Topics::CALLS, &event("skipped", &json!({ "calls": calls })));
        }
    }

    /// Tells of what became different since the last look.
    fn tell_differences(&self, source: &Source) {
        let reports = ServerReport::all(&source.fleet);
        let ended = self.a_session_ended.swap(false, Ordering::Relaxed);
        let found = self.audience().known.renew(reports, source, ended);
        for report in &found.changed {
            self.tell(Topics::SERVERS, &event("server", report));
        }
        for name in &found.gone {
            self.tell(Topics::SERVERS, &event("gone", &json!({ "name": name })));
        }
        if found.tools {
            self.tell(Topics::TOOLS, &event("tools", &json!({})));
        }
        if found.sessions {
            self.tell(Topics::SESSIONS, &event("session", &json!({})));
        }
    }
}

/// Looks and tells for as long as anybody listens; ended by whoever leaves last.
async fn look(shared: Arc<Shared>, source: Source) {
    for turn in 1u32.. {
        sleep(TOGETHER).await;
        shared.tell_calls();
        if turn.is_multiple_of(LOOK) {
            looked().await;
            shared.tell_differences(&source);
        }
    }
}

/// One who listens, until it is dropped.
pub(super) struct Listener {
    mailbox: Arc<Mailbox>,
    shared: Arc<Shared>,
}

impl Listener {
    /// The next event, as it is written.
    pub(super) async fn next(&self) -> Bytes {
        self.mailbox.next().await
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut audience = self.shared.audience();
        audience.mailboxes.retain(|mailbox| !Arc::ptr_eq(mailbox, &self.mailbox));
        if audience.mailboxes.is_empty() {
            audience.looking.abort_all();
            audience.known = Differences::default();
        }
        self.shared.count(&audience);
    }
}

impl Sink for Feed {
    fn began(&self, request: &Arc<Observed>) {
        if self.0.wants(Topics::CALLS) {
            lock(&self.0.pace).began(request);
        }
    }

    fn over(&self, requests: &[Arc<Observed>]) {
        if self.0.wants(Topics::CALLS) {
            lock(&self.0.pace).over(requests);
        }
    }

    fn noted(&self, server: &ServerName, fact: &Event) {
        if self.0.wants(Topics::FACTS) {
            let mut shown = json!(fact);
            shown["server"] = server.as_str().into();
            shown["words"] = words(fact).into();
            self.0.tell(Topics::FACTS, &event("fact", &shown));
        }
    }

    fn session_over(&self, _: &SessionOver) {
        self.0.a_session_ended.store(true, Ordering::Relaxed);
    }
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Feed").field(&self.0.audience().mailboxes.len()).finish()
    }
}

/// An event as it is written. JSON has no line breaks of its own.
///
/// Source: HTML Living Standard, server-sent events.
pub(super) fn event(name: &str, data: &impl Serialize) -> Bytes {
    let data = serde_json::to_string(data).unwrap_or_default();
    format!("event: {name}\ndata: {data}\n\n").into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mcpvisor_actors::observation::{Observer, Origin, Unobserved, Watched};
    use mcpvisor_actors::wire::RawId;

    #[tokio::test]
    async fn requests_that_are_kept_for_nobody_are_forgotten_though_others_listen() {
        let shared = Shared::default();
        let mut audience = shared.audience();
        let (servers, calls) = (Topics::SERVERS, Topics::CALLS);
        audience.mailboxes = [servers, calls].map(|it| Arc::new(Mailbox::new(it))).into();
        shared.count(&audience);
        let observer: Arc<dyn Observer> = Arc::new(Unobserved);
        let origin = Origin { face: "http", session: "".into(), revision: None, client: None };
        let request = Watched::begin(&observer, origin, &RawId::from(1), "ping", 1, None);
        lock(&shared.pace).began(request.observed());
        audience.mailboxes.pop();
        shared.count(&audience);
        assert!(lock(&shared.pace).take(Instant::now()).0.is_empty());
    }
}
