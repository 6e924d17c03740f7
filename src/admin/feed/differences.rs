//! What is different from what listeners know. A value, given what is there now.

use crate::admin::{CheckReport, ProcessReport, ServerReport};
use mcpvisor_actors::catalog::Snapshot;
use mcpvisor_actors::fleet::Fleet;
use mcpvisor_actors::session::Clients;
use mcpvisor_actors::wire::Subject;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Memory below this is no difference, in bytes.
const MEMORY: u64 = 1 << 20;
/// Processor time below this is none, in milliseconds.
const PROCESSOR: u64 = 100;

/// Where it is looked at.
#[derive(Debug, Clone)]
pub(in crate::admin) struct Source {
    pub(in crate::admin) fleet: Fleet,
    pub(in crate::admin) clients: Clients,
}

/// What listeners know.
#[derive(Debug, Default)]
pub(super) struct Differences {
    servers: BTreeMap<String, ServerReport>,
    shown: Option<Arc<Snapshot>>,
    sessions: usize,
}

/// What is different.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) changed: Vec<ServerReport>,
    pub(super) gone: Vec<String>,
    pub(super) tools: bool,
    pub(super) sessions: bool,
}

impl Differences {
    /// Listeners know what is there now.
    pub(super) fn from(reports: Vec<ServerReport>, source: &Source) -> Self {
        let mut known = Self::default();
        known.renew(reports, source, false);
        known
    }

    /// What is different now; from here on that is known. `ended` says that a session was over since.
    pub(super) fn renew(
        &mut self,
        reports: Vec<ServerReport>,
        source: &Source,
        ended: bool,
    ) -> Found {
        let mut found = self.servers(reports);
        let shown = source.clients.view().snapshot().load();
        let same = |old: &Arc<Snapshot>| {
            let tools = |it: &Snapshot| it.section(Subject::Tool).len();
            Arc::ptr_eq(old, &shown)
                || (tools(old) == tools(&shown)
                    && shown.section(Subject::Tool).shows_the_same(old.section(Subject::Tool)))
        };
        found.tools = self.shown.as_ref().is_some_and(|old| !same(old));
        self.shown = Some(shown);
        let sessions = source.clients.sessions();
        found.sessions = ended || self.sessions != sessions;
        self.sessions = sessions;
        found
    }

    fn servers(&mut self, reports: Vec<ServerReport>) -> Found {
        let mut found = Found::default();
        let mut servers = BTreeMap::new();
        for report in reports {
            let still = still(&report);
            if self.servers.remove(&report.name).as_ref() != Some(&still) {
                found.changed.push(report);
            }
            servers.insert(still.name.clone(), still);
        }
        found.gone = std::mem::replace(&mut self.servers, servers).into_keys().collect();
        found
    }
}

/// A report without what only says that time passes.
fn still(report: &ServerReport) -> ServerReport {
    let process = report.process.map(|process| ProcessReport {
        rss_bytes: process.rss_bytes / MEMORY,
        cpu_ms: process.cpu_ms / PROCESSOR,
        ..process
    });
    let checks = CheckReport {
        last_ms_ago: None,
        next_ms: report.checks.next_ms.map(|_| 0),
        ..report.checks.clone()
    };
    let next_try_ms = report.next_try_ms.map(|_| 0);
    let mut still = ServerReport { since_ms: 0, next_try_ms, checks, process, ..report.clone() };
    still.quality.last_sample = None;
    still
}
