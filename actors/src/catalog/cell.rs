//! Where the snapshot and what is known of each server live: outside the actor that writes them.

use super::{Manifest, Snapshot};
use crate::server::ServerName;
use arc_swap::ArcSwap;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::watch;

/// The published snapshot. Written by the catalog alone, read by everybody without waiting.
#[derive(Debug, Clone)]
pub struct SnapshotCell {
    current: Arc<ArcSwap<Snapshot>>,
    changed: watch::Sender<()>,
}

impl SnapshotCell {
    /// A cell with nothing to show, of which `unknown` servers are still awaited.
    pub fn new(unknown: usize) -> Self {
        let mut snapshot = Snapshot::default();
        snapshot.unknown = unknown;
        let current = Arc::new(ArcSwap::from_pointee(snapshot));
        Self { current, changed: watch::Sender::new(()) }
    }

    /// The snapshot of this moment.
    pub fn load(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    /// Publishes another snapshot.
    pub(super) fn publish(&self, snapshot: Snapshot) {
        self.current.store(Arc::new(snapshot));
        self.changed.send_replace(());
    }

    /// Returns once something is known of every server that should be listed.
    pub async fn complete(&self) {
        let _nothing = self.find(|_| None::<()>).await;
    }

    /// What `find` finds in this or a later snapshot; `None` once something is known of every server
    /// and it is not there.
    pub async fn find<T>(&self, find: impl Fn(&Snapshot) -> Option<T>) -> Option<T> {
        let mut changed = self.changed.subscribe();
        loop {
            let snapshot = self.load();
            let found = find(&snapshot);
            if found.is_some() || snapshot.unknown == 0 || changed.changed().await.is_err() {
                return found;
            }
        }
    }
}

/// What is known of each server, from this run or an earlier one. Written by the catalog alone.
#[derive(Debug, Clone, Default)]
pub struct Known(Arc<ArcSwap<HashMap<ServerName, Arc<Manifest>>>>);

impl Known {
    /// What is known of one server.
    pub fn get(&self, server: &ServerName) -> Option<Arc<Manifest>> {
        self.0.load().get(server).cloned()
    }

    pub(super) fn all(&self) -> Arc<HashMap<ServerName, Arc<Manifest>>> {
        self.0.load_full()
    }

    pub(super) fn put(&self, server: ServerName, manifest: Arc<Manifest>) {
        let mut all = HashMap::clone(&self.0.load());
        all.insert(server, manifest);
        self.0.store(Arc::new(all));
    }
}
