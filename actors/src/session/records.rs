//! The sessions that are remembered: what is written of those that live, and what waits of an earlier run.
//!
//! Every now and then the living sessions are looked at, and written when something changed; so no
//! message waits for that. What an earlier run left is read when it is needed first. A session that ends is
//! forgotten, except when the gateway stops: what was known before that stays, but for sessions whose
//! clients leave or come while calls in flight finish.
//!
//! *Invariant:* never more than the cap on sessions, never for longer than a session may be idle.

use super::{
    ClientStreamReader, LogLevel, SessionHandle, SessionRecord, SessionStore, SessionTable,
};
use crate::mutex::lock;
use crate::wire::ProtocolVersion;
use ring::digest::{SHA256, digest};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard};
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
    /// Held by whoever writes, from looking to having written.
    saving: Mutex<()>,
    /// Held by whoever brings a session back.
    pub(super) restoring: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    opened: HashMap<Arc<str>, Opened>,
    /// Of an earlier run; nothing until it is read.
    waiting: Option<HashMap<String, SessionRecord>>,
    written: Vec<SessionRecord>,
    /// Those that lived when the gateway began to stop, by the ids of their records.
    frozen: Option<BTreeMap<String, SessionRecord>>,
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
        let (state, saving, restoring) = <(_, _, tokio::sync::Mutex<()>)>::default();
        Self(Arc::new(Inner { store, table, idle, max, state, saving, restoring }))
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
            let mut state = self.0.state();
            if let Some(frozen) = &mut state.frozen {
                let record = self.0.record(session, &opened, BTreeSet::new());
                frozen.insert(record.id.clone(), record);
            }
            state.opened.insert(session.id().into(), opened);
        }
    }

    /// Its client has left.
    pub(super) fn forget(&self, id: &str) {
        let mut state = self.0.state();
        state.opened.remove(id);
        if let Some(frozen) = &mut state.frozen {
            frozen.remove(&hashed(id));
        }
    }

    /// What an earlier run left of a session; it is remembered as such until the session is restored.
    pub(super) async fn claim(&self, id: &str) -> Option<SessionRecord> {
        let (records, hashed) = (self.clone(), hashed(id));
        if self.0.state().waiting.is_none() {
            let _panicked = tokio::task::spawn_blocking(move || records.0.load()).await;
        }
        let mut state = self.0.state();
        let record = state.waiting.as_mut()?.get(&hashed)?.clone();
        let said: Value = serde_json::from_str(&record.initialize).ok()?;
        let version = said["protocolVersion"].as_str().and_then(ProtocolVersion::parse);
        (self.0.is_current(&record) && version.is_some()).then_some(record)
    }

    /// Its session lives again; these subscriptions are being made.
    pub(super) fn restored(
        &self,
        id: &str,
        record: SessionRecord,
        pending: Vec<(String, ClientStreamReader)>,
    ) {
        let mut state = self.0.state();
        if let Some(waiting) = &mut state.waiting {
            waiting.remove(&record.id);
        }
        let opened = Opened { initialize: record.initialize.clone(), pending };
        state.opened.insert(id.into(), opened);
        if let Some(frozen) = &mut state.frozen {
            frozen.insert(record.id.clone(), record);
        }
    }

    /// From here on sessions end because the gateway stops: they stay, but for those that are forgotten.
    pub(super) fn freeze(&self) {
        let mut state = self.0.state();
        if state.frozen.is_some() {
            return;
        }
        let living = self.0.living(&mut state).into_iter();
        state.frozen = Some(living.map(|record| (record.id.clone(), record)).collect());
    }

    /// Writes what changed, on a thread made for that.
    pub(super) async fn save(&self) {
        let records = self.clone();
        let _panicked = tokio::task::spawn_blocking(move || records.write()).await;
    }

    /// Writes what changed; may block.
    pub(super) fn write(&self) {
        self.0.write();
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
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
    fn write(&self) {
        let _one_at_a_time = lock(&self.saving);
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
            let records = self.collect(&mut state);
            if records == state.written {
                return;
            }
            records
        };
        if self.store.save(&records) {
            self.state().written = records;
        }
    }

    /// The living and the waiting, sorted by id; the longest unused are left out when they are too many.
    fn collect(&self, state: &mut State) -> Vec<SessionRecord> {
        let mut records = match &state.frozen {
            Some(frozen) => frozen.values().cloned().collect(),
            None => self.living(state),
        };
        if let Some(waiting) = &mut state.waiting {
            waiting.retain(|_, record| self.is_current(record));
            records.extend(waiting.values().cloned());
        }
        records.sort_by_key(|record| std::cmp::Reverse(record.last_used));
        records.truncate(self.max);
        records.sort_by(|one, other| one.id.cmp(&other.id));
        records
    }

    fn living(&self, state: &mut State) -> Vec<SessionRecord> {
        // what is answered is watched before it is looked what is
        for opened in state.opened.values_mut() {
            opened.pending.retain_mut(|(_, answer)| answer.try_next().is_none());
        }
        let watched = self.table.subscriptions().by_session();
        let mut records = Vec::new();
        state.opened.retain(|id, opened| {
            let Some(session) = self.table.find(id) else { return false };
            let watched = watched.get(id).cloned().unwrap_or_default();
            records.push(self.record(&session, opened, watched));
            true
        });
        records
    }

    /// What is to be remembered of a session that watches these resources.
    fn record(
        &self,
        session: &SessionHandle,
        opened: &Opened,
        mut watched: BTreeSet<String>,
    ) -> SessionRecord {
        watched.extend(opened.pending.iter().map(|(uri, _)| uri.clone()));
        let client = session.client();
        let grain = millis(self.idle / 10).clamp(1, 30_000);
        let used = self.now().saturating_sub(millis(client.usage.idle()));
        SessionRecord {
            id: hashed(session.id()),
            initialize: opened.initialize.clone(),
            selector: client.view.selector().path(),
            level: client.level().map(LogLevel::as_str).map(str::to_owned),
            subscriptions: watched.into_iter().collect(),
            last_used: used - used % grain,
        }
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
