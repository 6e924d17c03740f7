//! What became of the requests of clients: those that run, those that are over, and how each tool does.
//!
//! Kept are the last thousand requests and, so that no flood of good ones pushes them out, the last two
//! hundred that failed and the two hundred slowest of the last hour. Payloads never are: of a request
//! there is its [`Call`], with names of at most 200 characters.
//!
//! Memory: a request that is over takes about 600 bytes and never more than 3 KB, so all of them take
//! less than 5 MB; a tool takes 6 KB as a rule and 28 KB when it was called at every speed from a
//! microsecond to an hour, so 2,000 of them take 56 MB at the very worst. Of requests that run only a
//! reference is kept.
//!
//! *Invariant:* what is kept does not grow with the number of requests, nor with their size; who tells of
//! a request never waits for a reader.

mod call;
mod entry;
mod query;
mod rings;
mod tally;

pub use call::{Call, CallOutcome, ClientName};
pub use query::Query;
pub use tally::{OTHER, Percentiles, ToolFigures};

use crate::telemetry::Sink;
use dashmap::DashMap;
use entry::Entry;
use mcpvisor_actors::mutex::lock;
use mcpvisor_actors::observation::{Observed, Phase};
use rings::Rings;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;
use tally::Tally;

/// Requests that run and are known to; more are not shown until they are over.
const RUNNING: usize = 16_384;

/// Keeps what became of requests.
#[derive(Debug, Default)]
pub struct Ledger {
    running: DashMap<u64, Arc<Observed>>,
    /// How many of them; counted apart, because counting the map locks all of it.
    count: AtomicUsize,
    rings: Mutex<Rings>,
    tally: Mutex<Tally>,
}

impl Ledger {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// The requests that were asked for, newest first.
    pub fn calls(&self, query: &Query) -> Vec<Call> {
        let mut found: BTreeMap<u64, Arc<Entry>> = BTreeMap::new();
        if query.live != Some(false) {
            let running = self.running.iter().filter(|it| it.phase() != Phase::Over);
            let running = running.map(|it| Arc::new(Entry::of(it.value())));
            found.extend(running.map(|entry| (entry.number, entry)));
        }
        if query.live != Some(true) {
            let rings = lock(&self.rings);
            found.extend(rings.all().map(|entry| (entry.number, Arc::clone(entry))));
        }
        let wanted = found.into_values().rev().filter(|entry| query.wants(entry));
        wanted.take(query.limit).map(|entry| Call::from(&*entry)).collect()
    }

    /// One request by its number, if it runs or is still kept.
    pub fn call(&self, number: u64) -> Option<Call> {
        if let Some(entry) = lock(&self.rings).find(number) {
            return Some(Call::from(&**entry));
        }
        let running = self.running.get(&number)?;
        Some(Call::from(&Entry::of(&running)))
    }

    /// How many requests run.
    pub fn running(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// How a tool does: a tool of this server by its own name there. `None` when it was never called.
    pub fn tool(&self, server: &str, own: &str) -> Option<ToolFigures> {
        lock(&self.tally).get(server, own)
    }

    /// How many tools have figures.
    pub fn tools(&self) -> usize {
        lock(&self.tally).len()
    }

    fn forget(&self, number: u64) {
        if self.running.remove(&number).is_some() {
            self.count.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Forgets those of whose end nobody was told.
    fn sweep(&self) {
        self.running.retain(|_, request| {
            let runs = request.phase() != Phase::Over;
            if !runs {
                self.count.fetch_sub(1, Ordering::Relaxed);
            }
            runs
        });
    }
}

impl Sink for Ledger {
    fn began(&self, request: &Arc<Observed>) {
        if self.running() >= RUNNING {
            self.sweep();
            if self.running() >= RUNNING {
                return;
            }
        }
        self.running.insert(request.number, Arc::clone(request));
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    fn over(&self, requests: &[Arc<Observed>]) {
        let entries: Vec<_> = requests.iter().map(|it| Arc::new(Entry::of(it))).collect();
        let now = SystemTime::now();
        {
            let mut tally = lock(&self.tally);
            for entry in &entries {
                tally.count(entry);
            }
        }
        {
            let mut rings = lock(&self.rings);
            for entry in &entries {
                rings.put(entry, now);
            }
        }
        for request in requests {
            self.forget(request.number);
        }
    }
}

#[cfg(test)]
mod tests;
