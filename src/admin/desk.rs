//! Where the fleet is found once it runs: faces are made before it, and their routes need it.

use mcpvisor_actors::fleet::Fleet;
use std::sync::{Arc, OnceLock};
use tokio::time::Instant;

/// A place for the fleet; cheap to clone, all clones are one.
#[derive(Debug, Clone, Default)]
pub struct Desk(Arc<OnceLock<(Fleet, Instant)>>);

impl Desk {
    /// A desk nobody sits at yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The gateway runs. Said again, nothing changes.
    pub fn open(&self, fleet: Fleet) {
        let _open_already = self.0.set((fleet, Instant::now()));
    }

    /// The fleet, and since when it runs; `None` while the gateway starts.
    pub(super) fn fleet(&self) -> Option<(&Fleet, Instant)> {
        self.0.get().map(|(fleet, since)| (fleet, *since))
    }
}
