//! Where the snapshot and what is known of each server live: outside the actor that writes them.

use super::{Manifest, Snapshot};
use crate::server::ServerName;
use crate::wire::Subject;
use arc_swap::ArcSwap;
use std::sync::Arc;
use tokio::sync::watch;

/// The published snapshot. Written by the catalog alone, read by everybody without waiting.
#[derive(Debug, Clone)]
pub struct SnapshotCell {
    current: Arc<ArcSwap<Snapshot>>,
    changed: watch::Sender<()>,
}

impl SnapshotCell {
    /// A cell that shows this.
    pub(super) fn new(snapshot: Snapshot) -> Self {
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
        self.wait_for(|snapshot| snapshot.unknown == 0).await;
    }

    /// Returns once there is such a thing, or something is known of every server.
    pub async fn decided(&self, subject: Subject, name: &str) {
        let there = |snapshot: &Snapshot| snapshot.route(subject, name).is_some();
        self.wait_for(|snapshot| snapshot.unknown == 0 || there(snapshot)).await;
    }

    async fn wait_for(&self, done: impl Fn(&Snapshot) -> bool) {
        let mut changed = self.changed.subscribe();
        while !done(&self.load()) {
            if changed.changed().await.is_err() {
                return;
            }
        }
    }
}

/// Manifests by server. A clone shares what is not changed after.
pub type Manifests = imbl::HashMap<ServerName, Arc<Manifest>>;

/// What is known of each server, from this run or an earlier one. Written by the catalog alone.
#[derive(Debug, Clone, Default)]
pub struct Known(Arc<ArcSwap<Manifests>>);

impl Known {
    /// What is known of one server.
    pub fn get(&self, server: &ServerName) -> Option<Arc<Manifest>> {
        self.0.load().get(server).cloned()
    }

    pub(super) fn all(&self) -> Arc<Manifests> {
        self.0.load_full()
    }

    pub(crate) fn put(&self, server: ServerName, manifest: Arc<Manifest>) {
        self.0.store(Arc::new(self.0.load().update(server, manifest)));
    }
}
