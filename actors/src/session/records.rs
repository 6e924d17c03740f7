//! The sessions that are remembered: what is written of those that live, and what waits of an earlier run.
//!
//! Every now and then the living sessions are looked at, and written when something changed; so no
//! message waits for that. What an earlier run left is read when it is needed first. A session that ends is
//! forgotten, except when the gateway stops: what was known before that stays.
//!
//! *Invariant:* never more than the cap on sessions, never for longer than a session may be idle.

use super::{
    ClientStreamReader, LogLevel, SessionHandle, SessionRecord, SessionStore, SessionTable,
};
use crate::wire::ProtocolVersion;
use ring::digest::{SHA256, digest};
use serde_json::Value;
use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What a client may say at `initialize` and be remembered, in bytes.
const MAX_PARAMS: usize = 64 * 1024;

/// All records of a gateway.
#[derive(Clone)]
pub(crate) struct Records(Arc<Inner>);

struct Inner {
    store: Arc<dyn SessionStore>,
    table: SessionTable,
    idle: Duration,
    max: usize,
    state: Mutex<State>,
    /// Held by whoever brings a session back.
    pub(super) restoring: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    opened: HashMap<Arc<str>, Opened>,
    /// Of an earlier run; nothing until it is read.
    waiting: Option<HashMap<String, SessionRecord>>,
    written: Vec<SessionRecord>,
    frozen: bool,
}

/// What is known of a living session that it does not know itself.
struct Opened {
    initialize: String,
    /// Subscriptions that are being made anew, and where their answers come.
    pending: Vec<(String, ClientStreamReader)>,
}

impl Records {
    /// The records of the sessions in `table`.
    pub(super) fn new(
        store: Arc<dyn SessionStore>,
        table: SessionTable,
        idle: Duration,
        max: usize,
    ) -> Self {
        let (state, restoring) = (Mutex::default(), tokio::sync::Mutex::default());
        Self(Arc::new(Inner { store, table, idle, max, state, restoring }))
    }

    /// Only one session is brought back at a time.
    pub(super) async fn restoring(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.0.restoring.lock().await
    }

    /// Remembers a session that was opened with these parameters.
    pub(super) fn remember(&self, session: &SessionHandle, params: &[u8]) {
        let (Some(revision), true) = (session.revision(), params.len() <= MAX_PARAMS) else {
            return;
        };
        if let Ok(mut initialize @ Value::Object(_)) = serde_json::from_slice::<Value>(params) {
            initialize["protocolVersion"] = revision.as_str().into();
            let opened = Opened { initialize: initialize.to_string(), pending: Vec::new() };
            self.0.state().opened.insert(session.id().into(), opened);
        }
    }

    /// Takes what an earlier run left of a session.
    pub(super) async fn claim(&self, id: &str) -> Option<SessionRecord> {
        let (records, hashed) = (self.clone(), hashed(id));
        if self.0.state().waiting.is_none() {
            let _panicked = tokio::task::spawn_blocking(move || records.0.load()).await;
        }
        let mut state = self.0.state();
        let record = state.waiting.as_mut()?.remove(&hashed)?;
        let said: Value = serde_json::from_str(&record.initialize).ok()?;
        let version = said["protocolVersion"].as_str().and_then(ProtocolVersion::parse);
        (self.0.is_current(&record) && version.is_some()).then_some(record)
    }

    /// Gives it back: it could not be used yet.
    pub(super) fn put_back(&self, record: SessionRecord) {
        if let Some(waiting) = &mut self.0.state().waiting {
            waiting.insert(record.id.clone(), record);
        }
    }

    /// Its session lives again; these subscriptions are being made.
    pub(super) fn restored(
        &self,
        id: &str,
        initialize: String,
        pending: Vec<(String, ClientStreamReader)>,
    ) {
        self.0.state().opened.insert(id.into(), Opened { initialize, pending });
    }

    /// Writes what there is, for the last time.
    pub(super) async fn freeze(&self) {
        let inner = Arc::clone(&self.0);
        let _panicked = tokio::task::spawn_blocking(move || inner.write(true)).await;
    }

    /// Writes what changed; may block.
    pub(super) fn write(&self) {
        self.0.write(false);
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn load(&self) {
        let records = self.store.load();
        let mut state = self.state();
        if state.waiting.is_none() {
            state.written.clone_from(&records);
            let current = records.into_iter().filter(|record| self.is_current(record));
            state.waiting = Some(current.map(|record| (record.id.clone(), record)).collect());
        }
    }

    fn now(&self) -> u64 {
        millis(self.store.now())
    }

    fn is_current(&self, record: &SessionRecord) -> bool {
        record.last_used.saturating_add(millis(self.idle)) > self.now()
    }

    /// Writes what changed. Nothing is read or written for a gateway that has no such session: another
    /// process may own what is stored.
    fn write(&self, last: bool) {
        let (nothing, unread) = {
            let state = self.state();
            (state.opened.is_empty() && state.waiting.is_none(), state.waiting.is_none())
        };
        if nothing {
            return;
        }
        if unread {
            self.load();
        }
        let records = {
            let mut state = self.state();
            if state.frozen {
                return;
            }
            state.frozen = last;
            let records = self.collect(&mut state);
            if records == state.written {
                return;
            }
            state.written.clone_from(&records);
            records
        };
        self.store.save(&records);
    }

    /// The living and the waiting, sorted by id; the longest unused are left out when they are too many.
    fn collect(&self, state: &mut State) -> Vec<SessionRecord> {
        // what is answered is watched before it is looked what is
        for opened in state.opened.values_mut() {
            opened.pending.retain_mut(|(_, answer)| answer.try_next().is_none());
        }
        let watched = self.table.subscriptions().by_session();
        let grain = millis(self.idle / 10).clamp(1, 30_000);
        let mut records = Vec::new();
        state.opened.retain(|id, opened| {
            let Some(session) = self.table.find(id) else { return false };
            let mut subscriptions = watched.get(id).cloned().unwrap_or_default();
            subscriptions.extend(opened.pending.iter().map(|(uri, _)| uri.clone()));
            let used = self.now().saturating_sub(millis(session.client().usage.idle()));
            records.push(SessionRecord {
                id: hashed(id),
                initialize: opened.initialize.clone(),
                selector: session.client().view.selector().path(),
                level: session.client().level().map(LogLevel::as_str).map(str::to_owned),
                subscriptions: subscriptions.into_iter().collect(),
                last_used: used - used % grain,
            });
            true
        });
        if let Some(waiting) = &mut state.waiting {
            waiting.retain(|_, record| self.is_current(record));
            records.extend(waiting.values().cloned());
        }
        records.sort_by_key(|record| std::cmp::Reverse(record.last_used));
        records.truncate(self.max);
        records.sort_by(|one, other| one.id.cmp(&other.id));
        records
    }
}

impl std::fmt::Debug for Records {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Records({})", self.0.state().opened.len())
    }
}

fn hashed(id: &str) -> String {
    digest(&SHA256, id.as_bytes()).as_ref().iter().fold(String::new(), |mut text, byte| {
        let _to_a_string = write!(text, "{byte:02x}");
        text
    })
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
