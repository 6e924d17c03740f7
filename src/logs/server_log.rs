//! What one server says, line by line, and how much of it is kept.

use super::LogStore;
use super::entry::{Entry, Level, Source};
use super::flood::{Flood, LeftOut};
use mcpvisor_actors::mutex::lock;
use mcpvisor_actors::server::ServerName;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Instant;

/// Who floods: one server, in one way.
type Flooder = (Source, ServerName);

/// The floods of all servers.
#[derive(Debug, Default)]
pub(super) struct Floods(Mutex<HashMap<Flooder, Flood>>);

impl Floods {
    fn lock(&self) -> MutexGuard<'_, HashMap<Flooder, Flood>> {
        lock(&self.0)
    }

    /// Whether a line is kept.
    pub(super) fn admits(&self, source: Source, server: &ServerName) -> bool {
        self.lock().entry((source, server.clone())).or_default().admits(Instant::now())
    }

    /// These lines were not kept.
    pub(super) fn left_out(&self, source: Source, server: &ServerName, lines: u64, bytes: u64) {
        self.lock().entry((source, server.clone())).or_default().left_out(lines, bytes);
    }

    /// Whether there is something to be told.
    pub(super) fn is_pending(&self) -> bool {
        self.lock().values().any(Flood::is_pending)
    }

    /// Entries about what was left out.
    pub(super) fn due(&self, now: Instant) -> Vec<Entry> {
        let mut floods = self.lock();
        let told = floods.iter_mut().filter_map(|((source, server), flood)| {
            let LeftOut { lines, bytes } = flood.told(now)?;
            let text =
                format!("{lines} lines ({bytes} bytes) were left out: the server says too much");
            let mut entry = Entry::new(*source, Level::Warn, text);
            entry.server = Some(server.to_string());
            entry.logger = Some("mcpvisor::logs".to_owned());
            entry.fields.insert("leftOut".to_owned(), lines.into());
            Some(entry)
        });
        told.collect()
    }
}

/// Where the lines of one server's processes go: to the store, and to the log at debug.
#[derive(Debug, Clone)]
pub struct ServerLog {
    store: LogStore,
    server: ServerName,
}

impl ServerLog {
    /// Lines of this server.
    pub fn new(store: LogStore, server: ServerName) -> Self {
        Self { store, server }
    }

    /// Whether anybody wants lines at all.
    pub(crate) fn is_wanted(&self) -> bool {
        self.store.is_on() || tracing::enabled!(tracing::Level::DEBUG)
    }

    /// Whether one more line is kept this second.
    pub(crate) fn admits(&self) -> bool {
        self.store.floods.admits(Source::Stderr, &self.server)
    }

    /// These lines were not kept.
    pub(crate) fn left_out(&self, lines: u64, bytes: u64) {
        self.store.floods.left_out(Source::Stderr, &self.server, lines, bytes);
    }

    /// A line that was written to stderr.
    pub(crate) fn line(&self, pid: u32, line: String) {
        let mut entry = Entry::new(Source::Stderr, Level::Info, line);
        entry.server = Some(self.server.to_string());
        entry.fields.insert("pid".to_owned(), pid.into());
        self.store.keep(entry);
    }
}
