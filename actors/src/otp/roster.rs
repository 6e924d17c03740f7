//! Who runs in the tree, by path.

use dashmap::DashMap;
use ractor::ActorCell;
use std::sync::Arc;

/// The running actors by their path in the tree (`servers/files`), kept by the supervisors.
#[derive(Debug, Clone, Default)]
pub struct Roster(Arc<DashMap<String, Entry>>);

#[derive(Debug)]
struct Entry {
    cell: ActorCell,
    starts: u64,
}

impl Roster {
    /// Notes that an incarnation runs at `path`.
    pub fn started(&self, path: &str, cell: ActorCell) {
        let mut entry = self
            .0
            .entry(path.to_owned())
            .or_insert_with(|| Entry { cell: cell.clone(), starts: 0 });
        entry.cell = cell;
        entry.starts += 1;
    }

    /// Notes that nobody lives at `path` any more.
    pub fn left(&self, path: &str) {
        self.0.remove(path);
    }

    /// Notes that nobody lives at `path` or below it any more: a supervisor that died could not tell
    /// of its children, which died with it.
    pub fn lost(&self, path: &str) {
        self.left(path);
        let below = format!("{path}/");
        self.0.retain(|path, _| !path.starts_with(&below));
    }

    /// The actor at `path`.
    pub fn find(&self, path: &str) -> Option<ActorCell> {
        self.0.get(path).map(|entry| entry.cell.clone())
    }

    /// All paths and how often each was started, sorted.
    pub fn list(&self) -> Vec<(String, u64)> {
        let mut all: Vec<_> =
            self.0.iter().map(|entry| (entry.key().clone(), entry.value().starts)).collect();
        all.sort();
        all
    }
}
