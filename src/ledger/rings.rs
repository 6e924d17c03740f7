//! The requests that are kept once they are over.

use super::entry::Entry;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// The last requests, whatever became of them.
const LAST: usize = 1_000;
/// The last ones that failed.
const FAILED: usize = 200;
/// The slowest ones.
const SLOW: usize = 200;
/// How long a slow one counts.
const SLOW_FOR: Duration = Duration::from_secs(60 * 60);

/// The requests that are kept; each may be in several rings.
#[derive(Debug, Default)]
pub(super) struct Rings {
    last: VecDeque<Arc<Entry>>,
    failed: VecDeque<Arc<Entry>>,
    slow: Slow,
}

impl Rings {
    /// Keeps one more.
    pub(super) fn put(&mut self, entry: &Arc<Entry>, now: SystemTime) {
        if entry.is_failed() {
            push(&mut self.failed, entry, FAILED);
        }
        if entry.is_timed() {
            self.slow.put(entry, now);
        }
        push(&mut self.last, entry, LAST);
    }

    /// All of them; some more than once.
    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.last.iter().chain(&self.failed).chain(&self.slow.entries)
    }

    /// The one with this number.
    pub(super) fn find(&self, number: u64) -> Option<&Arc<Entry>> {
        self.all().find(|entry| entry.number == number)
    }
}

fn push(ring: &mut VecDeque<Arc<Entry>>, entry: &Arc<Entry>, most: usize) {
    if ring.len() == most {
        ring.pop_front();
    }
    ring.push_back(Arc::clone(entry));
}

/// The slowest of the last hour. When one grows too old its place goes to the next that comes.
#[derive(Debug, Default)]
struct Slow {
    entries: Vec<Arc<Entry>>,
    /// The fastest of them, once all places are taken: nothing faster is worth a look.
    least: Duration,
    /// When the oldest was last looked for.
    swept: Option<SystemTime>,
}

impl Slow {
    fn put(&mut self, entry: &Arc<Entry>, now: SystemTime) {
        self.sweep(now);
        if self.entries.len() < SLOW {
            self.entries.push(Arc::clone(entry));
        } else if entry.took > self.least {
            let fastest = self.entries.iter_mut().min_by_key(|entry| entry.took);
            if let Some(fastest) = fastest {
                *fastest = Arc::clone(entry);
            }
        } else {
            return;
        }
        if self.entries.len() == SLOW {
            self.least = self.entries.iter().map(|entry| entry.took).min().unwrap_or_default();
        }
    }

    /// Once a second, those that are too old go.
    fn sweep(&mut self, now: SystemTime) {
        let age = |since: SystemTime| now.duration_since(since).unwrap_or_default();
        if self.swept.is_some_and(|at| at <= now && age(at) < Duration::from_secs(1)) {
            return;
        }
        self.swept = Some(now);
        self.entries.retain(|entry| age(entry.arrived) < SLOW_FOR);
    }
}
