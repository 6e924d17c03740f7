//! The store as others hold it: put in, ask, listen.

use super::bounds::Bounds;
use super::database::Database;
use super::entry::{Entry, Log, Source};
use super::intake::{Draft, Dropped, Intake};
use super::query::{Page, Query};
use super::relay;
use super::server_log::{Floods, ServerLog};
use super::writer::Writer;
use crate::redaction::Redaction;
use mcpvisor_actors::clock::unix_millis;
use mcpvisor_actors::server::ServerName;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, SystemTime};
use tokio::sync::broadcast;

/// New entries that wait for a listener; who is slower loses the oldest of them and is told how many.
const TAIL: usize = 4_096;
/// How long the end of the store may take.
const FAREWELL: Duration = Duration::from_secs(1);
/// How long a question waits for what was said just before it.
const SETTLE: Duration = Duration::from_millis(500);

/// Runs of one process, of which tests start several.
static RUNS: AtomicU64 = AtomicU64::new(0);

/// The log store of a running gateway; cheap to clone, all clones are one. Once the last one is dropped,
/// what was said until then is written.
#[derive(Debug, Clone, Default)]
pub struct LogStore {
    open: Option<Arc<Open>>,
    pub(super) floods: Arc<Floods>,
}

/// A store that keeps something.
#[derive(Debug)]
pub(super) struct Open {
    intake: Intake,
    database: Arc<OnceLock<Database>>,
    tail: broadcast::Sender<Arc<Log>>,
}

/// Why the store does not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// The configuration says so.
    #[error("no log is kept here")]
    Off,
    /// It is being opened.
    #[error("the log store is being opened")]
    Starting,
    /// The disk, or what is on it.
    #[error("the log store cannot be read: {0}")]
    Broken(String),
}

impl LogStore {
    /// One that keeps nothing.
    pub fn off() -> Self {
        Self::default()
    }

    /// Opens `logs/logs.db` in this folder, or memory without one, and keeps the log of this process there,
    /// too. Never waits for the disk.
    pub fn open(state_dir: Option<&Path>, bounds: Bounds, redaction: Redaction) -> Self {
        let (intake, inbox) = Intake::new();
        let (tail, _) = broadcast::channel(TAIL);
        let database = Arc::new(OnceLock::new());
        let floods = Arc::new(Floods::default());
        let writer = Writer {
            file: state_dir.map(|folder| folder.join("logs").join("logs.db")),
            bounds,
            run: run(),
            inbox,
            gauge: Arc::clone(&intake.gauge),
            floods: Arc::clone(&floods),
            redaction,
            database: Arc::clone(&database),
            tail: tail.clone(),
        };
        let started = thread::Builder::new().name("logs".into()).spawn(move || writer.run());
        if let Err(error) = started {
            tracing::error!(%error, "no log is kept: there is no thread to write it");
            return Self::off();
        }
        let open = Arc::new(Open { intake, database, tail });
        relay::attach(&open);
        Self { open: Some(open), floods }
    }

    /// Whether anything is kept.
    pub fn is_on(&self) -> bool {
        self.open.is_some()
    }

    /// Keeps an entry. Never waits.
    pub fn keep(&self, entry: Entry) {
        self.put(Draft::Entry(entry));
    }

    pub(super) fn put(&self, draft: Draft) {
        if let Some(open) = &self.open {
            open.intake.put(draft);
        }
    }

    /// Whether one more log message of a server is kept.
    pub(super) fn admits(&self, server: &ServerName, bytes: usize) -> bool {
        let admitted = self.is_on() && self.floods.admits(Source::Mcp, server);
        if !admitted && self.is_on() {
            self.floods.left_out(Source::Mcp, server, 1, bytes as u64);
        }
        admitted
    }

    /// Where the processes of a server say what they write to stderr.
    pub fn of_server(&self, server: &ServerName) -> ServerLog {
        ServerLog::new(self.clone(), server.clone())
    }

    /// New entries, from now on, once they are kept; bounded: a slow listener gets
    /// [`Lagged`](broadcast::error::RecvError::Lagged) with the count of what it lost.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Log>> {
        match &self.open {
            Some(open) => open.tail.subscribe(),
            None => broadcast::channel(1).1,
        }
    }

    /// Entries that were not kept, by source, since the start.
    pub fn dropped(&self) -> Dropped {
        self.open.as_ref().map(|open| open.intake.gauge.dropped()).unwrap_or_default()
    }

    /// The entries that are asked for, with what was said just before if the disk is not slow.
    pub async fn query(&self, query: Query) -> Result<Page, Unreadable> {
        let open = Arc::clone(self.open.as_ref().ok_or(Unreadable::Off)?);
        let answer = tokio::task::spawn_blocking(move || open.query(&query)).await;
        answer.unwrap_or_else(|error| Err(Unreadable::Broken(error.to_string())))
    }

    /// Waits until all that was said so far is kept, but no longer than `within`. Blocks.
    pub fn flush(&self, within: Duration) -> bool {
        self.open.as_ref().is_none_or(|open| open.flush(within))
    }
}

impl Open {
    pub(super) fn put(&self, draft: Draft) {
        self.intake.put(draft);
    }

    pub(super) fn flush(&self, within: Duration) -> bool {
        let (told, flushed) = sync_channel(1);
        self.intake.flush(told) && flushed.recv_timeout(within).is_ok()
    }

    fn query(&self, query: &Query) -> Result<Page, Unreadable> {
        self.flush(SETTLE);
        let database = self.database.get().ok_or(Unreadable::Starting)?;
        database.select(query).map_err(|fault| {
            // the writing thread begins anew
            Unreadable::Broken(fault.to_string())
        })
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.intake.gauge.close();
        self.flush(FAREWELL);
    }
}

/// A number no other run has, on this machine.
fn run() -> i64 {
    let started = unix_millis(SystemTime::now());
    let of_process = RUNS.fetch_add(1, Ordering::Relaxed);
    let salt = u64::from(std::process::id()).wrapping_mul(1_000).wrapping_add(of_process);
    let run = started.wrapping_mul(1 << 20).wrapping_add(salt) & (u64::MAX >> 1);
    i64::try_from(run).unwrap_or_default()
}
