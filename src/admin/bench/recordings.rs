//! All recordings of a gateway, in memory.

use super::BenchFault;
use super::recording::Recording;
use mcpvisor_actors::fleet::FrameWatch;
use mcpvisor_actors::mutex::lock;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

/// Recordings there may be.
const MOST: usize = 20;

/// The recordings, by number.
#[derive(Default)]
pub(in crate::admin) struct Recordings(Mutex<All>);

#[derive(Default)]
struct All {
    last: u64,
    recordings: BTreeMap<u64, Arc<Recording>>,
}

impl Recordings {
    /// Starts one of the frames that are watched.
    pub(super) fn start(
        &self,
        server: &str,
        watch: FrameWatch,
    ) -> Result<Arc<Recording>, BenchFault> {
        let mut all = self.lock();
        if all.recordings.len() >= MOST {
            return Err(BenchFault::Recordings(MOST));
        }
        all.last += 1;
        let recording = Arc::new(Recording::start(all.last, server, watch));
        all.recordings.insert(recording.id, Arc::clone(&recording));
        Ok(recording)
    }

    /// The one of this number.
    pub(super) fn get(&self, id: &str) -> Result<Arc<Recording>, BenchFault> {
        let found = id.parse().ok().and_then(|id: u64| self.lock().recordings.get(&id).cloned());
        found.ok_or_else(|| BenchFault::NoRecording(id.chars().take(20).collect()))
    }

    /// All of them, in the order they were started.
    pub(super) fn all(&self) -> Vec<Arc<Recording>> {
        self.lock().recordings.values().cloned().collect()
    }

    /// Forgets one, also while it goes on.
    pub(super) fn delete(&self, id: &str) -> Result<(), BenchFault> {
        let recording = self.get(id)?;
        self.lock().recordings.remove(&recording.id);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, All> {
        lock(&self.0)
    }
}
