//! What one client sees: a part of everything, at each moment.
//!
//! A view decides what is listed and what can be called: whoever routes a call looks it up in the
//! snapshot of the caller's view, where nothing else is known.
//!
//! *Invariant:* all who look through the same selector at the same time share one view.

use super::{Group, Selector, SnapshotCell};
use crate::server::ServerName;
use std::sync::Arc;

/// A way to look at the catalog; cheap to clone. It is kept up to date while somebody holds it.
#[derive(Debug, Clone)]
pub struct View(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    selector: Selector,
    /// The group it shows, if it shows one.
    group: Option<Arc<Group>>,
    snapshot: SnapshotCell,
}

impl View {
    pub(super) fn new(
        selector: Selector,
        group: Option<Arc<Group>>,
        snapshot: SnapshotCell,
    ) -> Self {
        Self(Arc::new(Inner { selector, group, snapshot }))
    }

    /// What was asked for.
    pub fn selector(&self) -> &Selector {
        &self.0.selector
    }

    /// What it shows.
    pub fn snapshot(&self) -> &SnapshotCell {
        &self.0.snapshot
    }

    /// The group it shows, if it shows one.
    pub fn group(&self) -> Option<&Group> {
        self.0.group.as_deref()
    }

    /// Whether things of this server may be seen through it.
    pub fn has(&self, server: &ServerName) -> bool {
        match &self.0.selector {
            Selector::All => true,
            Selector::Server(name) => name == server,
            Selector::Group(_) => self.group().is_some_and(|group| group.servers.contains(server)),
        }
    }

    /// Whether the gateway's own tools are shown: not where there is one server and nothing else.
    pub fn has_own_tools(&self) -> bool {
        !matches!(self.0.selector, Selector::Server(_))
    }

    /// Whether anybody holds it besides the one who asks.
    pub(super) fn is_held(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }
}
